//! `serialtrail up`, `status`, `down` and `clean` on the real parts, in a folder and on ports of their own.
//!
//! Runs where the parts are installed and the ClickHouse server is built beside the command, as
//! `make test` leaves them; elsewhere it says that it was skipped.
#![allow(clippy::unwrap_used)]

use serialtrail_stack::{Member, Project, Stack, member};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One test runs at a time on each range of ports.
const PORTS: u16 = 9500;
const PORTS_OF_REFUSAL: u16 = 9550;
/// Names of the parts this machine has; Prometheus and Alertmanager may be missing.
fn parts() -> Vec<String> {
    let project = Project::find().unwrap();
    let there = |part: &Member| !part.is_optional() || project.monitor(&part.name()).is_some();
    let parts = member::PARTS.into_iter().filter(there);
    parts.map(Member::name).collect()
}

struct Cli {
    folder: tempfile::TempDir,
}

impl Cli {
    /// `None`, said on standard error, where the parts are missing.
    fn new(test: &str) -> Option<Self> {
        let project = Project::find().unwrap();
        let engine = Path::new(env!("CARGO_BIN_EXE_serialtrail"))
            .with_file_name("serialtrail-clickhouse-local");
        for needed in [project.kafka_jars(), project.chdb_library(), engine] {
            if !needed.exists() {
                eprintln!(
                    "SKIPPED: {test}: {} is missing: run `make test`",
                    needed.display()
                );
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        Some(Self { folder })
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("stack")
    }

    /// Exit code and everything printed.
    fn run(&self, args: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_serialtrail"))
            .arg("--dir")
            .arg(self.dir())
            .args(args)
            .env_remove("SERIALTRAIL_CONFIG")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap_or(-1), text)
    }

    fn up(&self, ports: u16) -> (i32, String) {
        let ports = ports.to_string();
        let mut args = vec!["up", "--clock", "replay", "--port-base", &ports];
        let parts = parts();
        args.extend(parts.iter().flat_map(|part| ["--only", part]));
        self.run(&args)
    }
}

impl Drop for Cli {
    fn drop(&mut self) {
        self.run(&["clean"]);
    }
}

fn pids(stack: &Stack) -> Vec<i32> {
    let running = stack.running();
    running
        .into_iter()
        .filter_map(|member| stack.identity(member))
        .map(|found| found.pid)
        .collect()
}

#[test]
fn a_stack_comes_up_survives_kill_9_and_goes_down() {
    let Some(cli) = Cli::new("a_stack_comes_up_survives_kill_9_and_goes_down") else {
        return;
    };
    let (code, text) = cli.up(PORTS);
    assert_eq!(code, 0, "{text}");
    let stack = Stack::open(&cli.dir()).unwrap();
    let first = pids(&stack);
    assert_eq!(first.len(), parts().len());

    let (code, text) = cli.run(&["topics", "--check"]);
    assert_eq!(code, 0, "{text}");
    // The services were not asked for, so the status finds them stopped and says so.
    let (code, text) = cli.run(&["--json", "status"]);
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, 3);
    let ready = parts().into_iter().map(|part| (part, "ready"));
    for (member, expected) in ready.chain([("gateway".to_owned(), "stopped")]) {
        let members = status["members"].as_array().unwrap();
        let found = members.iter().find(|found| found["name"] == member);
        assert_eq!(found.unwrap()["health"], expected, "{text}");
    }

    let (code, text) = cli.up(PORTS);
    assert_eq!((code, text.contains("already up")), (0, true), "{text}");
    assert_eq!(pids(&stack), first, "what ran was left alone");
    let (code, text) = cli.run(&["up", "--clock", "live"]);
    assert_eq!((code, text.contains("replay clock")), (1, true), "{text}");

    for member in stack.running() {
        let identity = stack.identity(member).unwrap();
        identity.kill().unwrap();
        assert!(
            stack.layout().pid(member).exists(),
            "the pid file is stale, not gone"
        );
    }
    let (code, text) = cli.up(PORTS);
    assert_eq!(code, 0, "{text}");
    assert!(pids(&stack).iter().all(|pid| !first.contains(pid)));
    let (code, text) = cli.run(&["topics", "--check"]);
    assert_eq!(code, 0, "topics survived: {text}");

    let ended: Vec<_> = stack
        .running()
        .into_iter()
        .filter_map(|member| stack.identity(member))
        .collect();
    let (code, text) = cli.run(&["down"]);
    assert_eq!((code, text.contains("kafka")), (0, true), "{text}");
    assert!(stack.running().is_empty());
    assert!(ended.len() == parts().len() && ended.iter().all(|process| !process.is_alive()));
    let (code, text) = cli.run(&["down"]);
    assert_eq!((code, text.trim()), (0, "nothing was running"));

    let (code, text) = cli.run(&["clean"]);
    assert_eq!((code, cli.dir().exists()), (0, false), "{text}");
}

#[test]
fn a_taken_port_is_named_with_its_holder_and_nothing_is_left_running() {
    let Some(cli) = Cli::new("a_taken_port_is_named_with_its_holder_and_nothing_is_left_running")
    else {
        return;
    };
    let port = PORTS_OF_REFUSAL + 3;
    let held = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (code, text) = cli.up(PORTS_OF_REFUSAL);
    assert_eq!(code, 1);
    for part in [
        &port.to_string(),
        "clickhouse",
        &format!("pid {}", std::process::id()),
    ] {
        assert!(text.contains(part), "{text} lacks {part}");
    }
    drop(held);
    let (_, text) = cli.run(&["down"]);
    assert_eq!(text.trim(), "nothing was running");
}

#[test]
fn a_member_that_does_not_exist_is_refused_with_the_names_of_those_that_do() {
    let output = Command::new(env!("CARGO_BIN_EXE_serialtrail"))
        .args(["up", "--only", "zookeeper"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains(&Member::Kafka.name()), "{text}");
}
