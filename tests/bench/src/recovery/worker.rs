//! The worker process that is killed and started again, and what its log says of a start.

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use serde_json::Value;
use serialtrail_stack::Stack;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The program, beside this one.
const PROGRAM: &str = "serialtrail-bench-engine";
/// Consumer group; the changelog is `<NAME>-changelog`.
pub(super) const NAME: &str = "recovery";
/// Worker threads.
pub(super) const THREADS: u32 = 2;
/// Index and cache, MiB.
pub(super) const MEMORY_MIB: u32 = 1_024;

/// How a worker commits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    pub(super) ms: u32,
    pub(super) records: u32,
}

/// A worker process. Killed when dropped.
pub(super) struct Worker {
    child: Child,
    log: PathBuf,
    began: DateTime<Utc>,
    /// When it was started.
    pub(super) start: Instant,
}

fn command(stack: &Stack, windows: Windows, input: &str, log: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name(PROGRAM));
    command
        .args(["--brokers", &stack.settings().kafka.brokers])
        .args(["--name", NAME, "--input", input])
        .arg("--state-dir")
        .arg(folder(stack))
        .args(["--threads", &THREADS.to_string()])
        .args(["--window-ms", &windows.ms.to_string()])
        .args(["--window-records", &windows.records.to_string()])
        .args(["--memory-mib", &MEMORY_MIB.to_string()])
        .env("SERIALTRAIL_LOG_FORMAT", "json")
        .stdout(Stdio::null())
        .stderr(File::create(log)?);
    Ok(command)
}

/// Its stores.
pub(super) fn folder(stack: &Stack) -> PathBuf {
    stack.layout().state().join(NAME)
}

fn log(stack: &Stack, what: &str) -> PathBuf {
    stack
        .layout()
        .root()
        .join(format!("logs/{NAME}-{what}.log"))
}

/// Lets a worker read all of `input` into its state.
pub(super) fn drain(stack: &Stack, windows: Windows, input: &str) -> anyhow::Result<()> {
    let status = command(stack, windows, input, &log(stack, "fill"))?
        .arg("--drain")
        .status()
        .with_context(|| format!("run {PROGRAM}"))?;
    ensure!(status.success(), "{PROGRAM} ended with {status}");
    Ok(())
}

impl Worker {
    /// Starts one that reads `input`; `what` names its log.
    pub(super) fn start(
        stack: &Stack,
        windows: Windows,
        input: &str,
        what: &str,
    ) -> anyhow::Result<Self> {
        let log = log(stack, what);
        let mut command = command(stack, windows, input, &log)?;
        let (start, began) = (Instant::now(), Utc::now());
        let child = command
            .spawn()
            .with_context(|| format!("start {PROGRAM}"))?;
        Ok(Self {
            child,
            log,
            began,
            start,
        })
    }

    /// When it was started, milliseconds since the Unix epoch, rounded up: what it writes is no older.
    pub(super) fn began_ms(&self) -> i64 {
        let since = SystemTime::from(self.began).duration_since(UNIX_EPOCH);
        let micros = since.unwrap_or_default().as_micros();
        i64::try_from(micros.div_ceil(1_000)).unwrap_or(i64::MAX)
    }

    pub(super) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(-1)
    }

    pub(super) fn ensure_runs(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                anyhow::bail!("the worker ended with {status}: {}", self.log.display())
            }
        }
    }

    /// SIGKILL, in the middle of whatever it does.
    pub(super) fn kill(mut self) -> anyhow::Result<()> {
        self.ensure_runs()?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// What its log says so far of its start.
    pub(super) fn start_up(&self) -> anyhow::Result<StartUp> {
        let text = std::fs::read_to_string(&self.log)?;
        StartUp::read(&text, self.began).with_context(|| format!("{}", self.log.display()))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone, or to be gone: a failed measurement leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The moments of a start, seconds since the process began; of each the last thread's or partition's.
#[derive(Debug, Default, PartialEq)]
pub(super) struct StartUp {
    /// The producer is initialised, which fences the predecessor and ends its transaction; topics and
    /// folders are known.
    pub(super) connected_s: f64,
    /// The group has given every partition.
    pub(super) assigned_s: f64,
    /// The stores are open.
    pub(super) opened_s: f64,
    /// The changelog is read to its end.
    pub(super) restored_s: f64,
    /// Keys in the local stores as they were opened.
    pub(super) keys: u64,
    /// Bytes of local log read behind the checkpoints.
    pub(super) replayed: u64,
    /// Changelog offsets read.
    pub(super) changelog: u64,
    /// Partitions restored.
    pub(super) partitions: usize,
}

impl StartUp {
    fn read(log: &str, began: DateTime<Utc>) -> anyhow::Result<Self> {
        let mut found = Self::default();
        for line in log.lines().filter(|line| line.starts_with('{')) {
            let line: Value = serde_json::from_str(line)?;
            let Some(message) = line["message"].as_str() else {
                continue;
            };
            let number = |field: &str| line[field].as_u64().unwrap_or(0);
            let moment = match message {
                "worker started" => &mut found.connected_s,
                "assigned" => &mut found.assigned_s,
                "local state opened" => {
                    found.keys += number("keys");
                    found.replayed += number("replayed");
                    continue;
                }
                "restoring" => {
                    found.changelog += number("end").saturating_sub(number("from"));
                    &mut found.opened_s
                }
                "restored" => {
                    found.partitions += 1;
                    &mut found.restored_s
                }
                _ => continue,
            };
            let time = line["timestamp"].as_str().unwrap_or_default();
            let time = DateTime::parse_from_rfc3339(time)?.with_timezone(&Utc);
            let seconds = (time - began).as_seconds_f64();
            *moment = moment.max(seconds);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_moment_is_that_of_the_last_partition() {
        let began = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap();
        let log = r#"%3|not ours
{"timestamp":"2026-01-01T00:00:00.250Z","message":"worker started"}
{"timestamp":"2026-01-01T00:00:00.500Z","message":"assigned","partition":0}
{"timestamp":"2026-01-01T00:00:00.400Z","message":"assigned","partition":1}
{"timestamp":"2026-01-01T00:00:00.600Z","message":"local state opened","keys":5,"replayed":100}
{"timestamp":"2026-01-01T00:00:00.700Z","message":"local state opened","keys":6,"replayed":11}
{"timestamp":"2026-01-01T00:00:00.800Z","message":"restoring","from":7,"end":10}
{"timestamp":"2026-01-01T00:00:01.500Z","message":"restored"}
"#;
        let found = StartUp::read(log, began.with_timezone(&Utc)).unwrap();
        let expected = StartUp {
            connected_s: 0.25,
            assigned_s: 0.5,
            opened_s: 0.8,
            restored_s: 1.5,
            keys: 11,
            replayed: 111,
            changelog: 3,
            partitions: 1,
        };
        assert_eq!(found, expected);
    }
}
