//! A real server for a test: own data folder, own port, stopped with the test.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod http;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The engine's library, or `None` (said on stderr) where it is not to be had.
pub(crate) fn library() -> Option<PathBuf> {
    let path = std::env::var_os("SERIALTRAIL_CHDB_LIB").map_or_else(
        || workspace().join(".local/parts/chdb/libchdb.so"),
        PathBuf::from,
    );
    if path.is_file() {
        return Some(path);
    }
    eprintln!(
        "SKIPPED: no engine library at {} (set SERIALTRAIL_CHDB_LIB)",
        path.display()
    );
    None
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The program, with a library if there is one.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_serialtrail-clickhouse-local"))
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    stderr: Option<BufReader<ChildStderr>>,
    pub(crate) url: String,
}

impl Server {
    /// Starts one on `data`; ready when this returns. `None` without a library.
    pub(crate) fn start(data: &Path) -> Option<Self> {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, arguments: &[&str]) -> Option<Self> {
        let mut child = program()
            .arg("--library")
            .arg(library()?)
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let url = loop {
            let mut line = String::new();
            assert!(
                stderr.read_line(&mut line).unwrap() > 0,
                "the server ended: {said}"
            );
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
            said.push_str(&line);
        };
        Some(Self {
            child,
            stderr: Some(stderr),
            url,
        })
    }

    pub(crate) fn client(&self) -> clickhouse::Client {
        clickhouse::Client::default().with_url(&self.url)
    }

    /// kill -9, and wait until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(&self) {
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end; gives its status and what it said since it was ready.
    pub(crate) fn wait(mut self, at_most: Duration) -> (ExitStatus, String) {
        let until = Instant::now() + at_most;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "still running after {at_most:?}");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut said = String::new();
        for line in self.stderr.take().unwrap().lines() {
            said.push_str(&line.unwrap());
            said.push('\n');
        }
        (status, said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `kill` and `wait`: then these do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server and its folder, or return from the test as skipped.
#[macro_export]
macro_rules! server_or_skip {
    () => {{
        let data = tempfile::tempdir().unwrap();
        match $crate::common::Server::start(data.path()) {
            Some(server) => (server, data),
            None => return,
        }
    }};
}
