//! A second client: Python's `clickhouse-connect`, in an environment of its own.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::PathBuf;
use std::process::Command;

/// A Python that has the client: made once, under the ignored `.local` folder. `None`
/// (said on stderr) where there is no Python or no package index.
fn python() -> Option<PathBuf> {
    let home = common::workspace().join(".local/venv/clickhouse-connect");
    let python = home.join("bin/python");
    let has_client = || {
        let test = ["-c", "import clickhouse_connect, pyarrow"];
        Command::new(&python)
            .args(test)
            .output()
            .is_ok_and(|o| o.status.success())
    };
    if has_client() {
        return Some(python);
    }
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(&home)
        .output()
        .is_ok_and(|o| o.status.success());
    let install = [
        "-m",
        "pip",
        "install",
        "-q",
        "clickhouse-connect==1.12.0",
        "pyarrow==26.0.1",
    ];
    if made
        && Command::new(&python)
            .args(install)
            .output()
            .is_ok_and(|o| o.status.success())
        && has_client()
    {
        return Some(python);
    }
    eprintln!("SKIPPED: no Python with clickhouse-connect, and it could not be installed");
    None
}

#[test]
fn pythons_client_writes_and_reads_with_every_compression() {
    let Some(python) = python() else { return };
    let (server, _data) = server_or_skip!();
    let address = server.url.strip_prefix("http://").unwrap();
    let (host, port) = address.rsplit_once(':').unwrap();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/python_client.py");
    let output = Command::new(python)
        .arg(script)
        .args([host, port])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ok");
}
