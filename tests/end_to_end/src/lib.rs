//! What the end-to-end tests share: a running deployment, driven as a user drives it, by the command
//! line and HTTP.
//!
//! Tests that only add units of their own run against the one deployment `make test` has started
//! ([`Deployment::shared`]); tests that compare whole results start their own ([`Deployment::fresh`]).

pub mod documents;
pub mod master;
pub mod partner;
pub mod vectors;
pub mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use serialtrail_runtime::{Clock, Settings};
use serialtrail_stack::{Stack, Wish};

/// Development key of the local stack that may set record times.
pub const IMPORT_KEY: &str = "local-import-key";

/// A running deployment.
#[derive(Debug)]
pub struct Deployment {
    /// Its stack: processes, ports, settings.
    pub stack: Stack,
    folder: PathBuf,
    /// Files a test writes.
    scratch: tempfile::TempDir,
    owned: bool,
}

/// What a command printed and returned.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Deployment {
    /// The deployment `make test` started; `None` (said on standard error) outside of it.
    ///
    /// # Errors
    /// The variable is set and no stack is there.
    pub fn shared() -> anyhow::Result<Option<Self>> {
        let Ok(folder) = std::env::var("SERIALTRAIL_TEST_DIR") else {
            eprintln!("SKIPPED: SERIALTRAIL_TEST_DIR is not set: run `make test`");
            return Ok(None);
        };
        let folder = PathBuf::from(folder);
        let stack = Stack::open(&folder)?;
        Ok(Some(Self {
            stack,
            folder,
            scratch: tempfile::tempdir()?,
            owned: false,
        }))
    }

    /// A new deployment of its own in replay clock, removed when dropped. `None` outside of `make test`.
    ///
    /// # Errors
    /// It does not start.
    pub fn fresh(name: &str, port_base: u16, instances: u32) -> anyhow::Result<Option<Self>> {
        if std::env::var("SERIALTRAIL_TEST_DIR").is_err() {
            eprintln!("SKIPPED: SERIALTRAIL_TEST_DIR is not set: run `make test`");
            return Ok(None);
        }
        let root = serialtrail_stack::Project::find()?.root;
        let folder = root.join(".local").join(format!("test-{name}"));
        if folder.exists() {
            if let Ok(old) = Stack::open(&folder) {
                old.down(&|_| {})?;
            }
            std::fs::remove_dir_all(&folder)?;
        }
        let wish = Wish {
            clock: Some(Clock::Replay),
            port_base: Some(port_base),
            instances: Some(instances),
            only: Vec::new(),
        };
        let (stack, _) = Stack::up(&folder, &wish, &|_| {})
            .with_context(|| format!("start a deployment for {name}"))?;
        Ok(Some(Self {
            stack,
            folder,
            scratch: tempfile::tempdir()?,
            owned: true,
        }))
    }

    /// Settings of the deployment.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.stack.settings()
    }

    /// Folder for files of the test.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Runs `serialtrail <args>` against this deployment.
    ///
    /// # Errors
    /// It cannot be started; what it returns is in the result.
    pub fn cli<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> anyhow::Result<Ran> {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(serialtrail_stack::program("serialtrail")?)
            .arg("--dir")
            .arg(&self.folder)
            .args(args)
            .env("SERIALTRAIL_KEY", IMPORT_KEY)
            .output()?;
        Ok(Ran {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            err: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    /// Runs a command that must end with exit code 0; returns its standard output.
    ///
    /// # Errors
    /// It ends otherwise; the message holds what it printed.
    pub fn ok<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> anyhow::Result<String> {
        let args: Vec<S> = args.into_iter().collect();
        let words: Vec<String> = args
            .iter()
            .map(|a| a.as_ref().to_string_lossy().into_owned())
            .collect();
        let ran = self.cli(args)?;
        if ran.code != 0 {
            bail!(
                "serialtrail {} ended with {}:\n{}\n{}",
                words.join(" "),
                ran.code,
                ran.out,
                ran.err
            );
        }
        Ok(ran.out)
    }

    /// Loads a file given as text; its name decides what it is.
    ///
    /// # Errors
    /// A row is refused.
    pub fn load(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, text)?;
        self.ok(["load".as_ref(), path.as_os_str()])?;
        Ok(())
    }

    /// Posts a document with a key and further headers; returns (status, body).
    ///
    /// # Errors
    /// The gateway does not answer.
    pub fn post(
        &self,
        path: &str,
        body: impl Into<reqwest::blocking::Body>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<(u16, Value)> {
        let mut request = reqwest::blocking::Client::builder()
            .timeout(std::time::Duration::from_secs(120))
            .build()?
            .post(format!("http://{}{path}", self.settings().http.gateway))
            .body(body);
        let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !has("x-api-key") {
            request = request.header("x-api-key", IMPORT_KEY);
        }
        if !has("content-type") {
            request = request.header("content-type", "application/ld+json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send()?;
        let status = answer.status().as_u16();
        let text = answer.text()?;
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    }

    /// Captures a document that must be accepted; returns the job.
    ///
    /// # Errors
    /// It is refused.
    pub fn capture(&self, document: &Value) -> anyhow::Result<Value> {
        let (status, body) = self.post("/epcis/v2/capture", document.to_string(), &[])?;
        ensure!(status == 202, "{status}: {body}");
        Ok(body)
    }

    /// Captures a document with a record time (ISO 8601).
    ///
    /// # Errors
    /// It is refused.
    pub fn capture_at(&self, document: &Value, record_time: &str) -> anyhow::Result<Value> {
        let (status, body) = self.post(
            "/epcis/v2/capture",
            document.to_string(),
            &[("serialtrail-record-time", record_time)],
        )?;
        ensure!(status == 202, "{status}: {body}");
        Ok(body)
    }

    /// A capture job, as the gateway tells it now.
    ///
    /// # Errors
    /// It is unknown, or the gateway does not answer.
    pub fn job(&self, id: &str) -> anyhow::Result<Value> {
        let answer = reqwest::blocking::Client::new()
            .get(format!(
                "http://{}/epcis/v2/capture/{id}",
                self.settings().http.gateway
            ))
            .header("x-api-key", IMPORT_KEY)
            .send()?;
        let status = answer.status();
        let text = answer.text()?;
        ensure!(status.is_success(), "job {id}: {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// GET of the query service; returns (status, JSON).
    ///
    /// # Errors
    /// It does not answer.
    pub fn query(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        let answer =
            reqwest::blocking::get(format!("http://{}{path}", self.settings().http.query))?;
        let status = answer.status().as_u16();
        let text = answer.text()?;
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    }

    /// Trace of an identifier in any spelling.
    ///
    /// # Errors
    /// It is unknown or malformed.
    pub fn trace(&self, id: &str) -> anyhow::Result<Value> {
        let url = reqwest::Url::parse_with_params(
            &format!("http://{}/v1/trace", self.settings().http.query),
            [("id", id), ("limit", "1000")],
        )?;
        let answer = reqwest::blocking::get(url)?;
        let status = answer.status();
        let text = answer.text()?;
        ensure!(status.is_success(), "trace {id}: {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Alerts matching a query string, all pages.
    ///
    /// # Errors
    /// The query service refuses.
    pub fn alerts(&self, filter: &str) -> anyhow::Result<Vec<Value>> {
        let answer = reqwest::blocking::Client::new()
            .get(format!(
                "http://{}/v1/alerts?{filter}",
                self.settings().http.query
            ))
            .header("accept", "application/x-ndjson")
            .send()?;
        let status = answer.status();
        let text = answer.text()?;
        ensure!(status.is_success(), "alerts {filter}: {status}: {text}");
        text.lines().map(|l| Ok(serde_json::from_str(l)?)).collect()
    }

    /// Waits until everything captured has gone through.
    ///
    /// # Errors
    /// It does not settle in time.
    pub fn settle(&self) -> anyhow::Result<()> {
        self.ok(["settle", "--timeout", "300"])?;
        Ok(())
    }

    /// Settles and asks, once a second, until the answer is yes.
    ///
    /// # Errors
    /// The answer stays no for `seconds`; the last error is in the message.
    pub fn wait_for(
        &self,
        seconds: u64,
        mut answer: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
        loop {
            self.settle()?;
            let said = answer();
            if matches!(said, Ok(true)) {
                return Ok(());
            }
            if std::time::Instant::now() > end {
                bail!("still not so after {seconds} s: {said:?}");
            }
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    /// SHA-256 of the settled result.
    ///
    /// # Errors
    /// ClickHouse does not answer.
    pub fn digest(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.ok(["--json", "digest"])?)?)
    }

    /// One figure from ClickHouse.
    ///
    /// # Errors
    /// ClickHouse refuses.
    pub fn sql(&self, sql: &str) -> anyhow::Result<String> {
        let settings = self.settings();
        let answer = reqwest::blocking::Client::new()
            .post(format!(
                "{}/?database={}",
                settings.clickhouse.url, settings.clickhouse.database
            ))
            .body(sql.to_owned())
            .send()?;
        let status = answer.status();
        let text = answer.text()?;
        ensure!(status.is_success(), "{sql}: {text}");
        Ok(text.trim().to_owned())
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if self.owned {
            let kept = std::thread::panicking();
            if let Err(e) = self.stack.down(&|_| {}) {
                eprintln!("stopping {}: {e:#}", self.folder.display());
            }
            if kept {
                eprintln!("kept for a look: {}", self.folder.display());
            } else if let Err(e) = std::fs::remove_dir_all(&self.folder) {
                eprintln!("removing {}: {e}", self.folder.display());
            }
        }
    }
}
