//! The process: ready when its tables are there, and gone with exit code 0 after SIGTERM.
#![allow(clippy::unwrap_used)]

mod common;

use common::Deployment;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

struct Process(std::process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// (status, body) of a GET over a plain connection.
fn get(address: &str, path: &str) -> Option<(String, String)> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.lines().next()?.to_owned(), body.to_owned()))
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_migrated_counts_requests_and_ends_on_sigterm() {
    let Some(d) = Deployment::new("process").await else {
        return;
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let child = Command::new(env!("CARGO_BIN_EXE_serialtrail-query"))
        .args(["--listen", &address])
        .env("SERIALTRAIL__CLICKHOUSE__URL", &d.settings.url)
        .env("SERIALTRAIL__CLICKHOUSE__DATABASE", &d.settings.database)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut process = Process(child);
    let ready = || get(&address, "/readyz").is_some_and(|(status, _)| status.contains("200"));
    wait_for("ready", ready);

    d.client()
        .query("TRUNCATE TABLE schema_migrations")
        .execute()
        .await
        .unwrap();
    wait_for("not ready without migrations", || !ready());
    let (_, body) = get(&address, "/readyz").unwrap();
    assert!(body.contains("serialtrail migrate"), "{body}");

    assert!(get(&address, "/v1/alerts").unwrap().0.contains("200"));
    let (_, metrics) = get(&address, "/metrics").unwrap();
    let counted = r#"serialtrail_http_request_seconds_count{route="/v1/alerts",service="query"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");

    let kill = Command::new("kill")
        .args(["-TERM", &process.0.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    wait_for("ended", || process.0.try_wait().unwrap().is_some());
    assert!(process.0.wait().unwrap().success());
    d.drop().await;
}
