//! Starting, refusing to start, stopping, and being killed.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Server, library, program};

fn post(url: &str, sql: &str) -> reqwest::Result<String> {
    let response = reqwest::blocking::Client::new()
        .post(url)
        .body(sql.to_owned())
        .timeout(Duration::from_secs(30))
        .send()?;
    response.error_for_status()?.text()
}

#[test]
fn what_keeps_it_from_starting_is_said_in_words() {
    let Some(library) = library() else { return };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("a-file");
    std::fs::write(&file, "not a library").unwrap();
    let (library, data, other) = (
        library.to_str().unwrap(),
        data.path().to_str().unwrap(),
        other.path().to_str().unwrap(),
    );
    let file = file.to_str().unwrap();
    let cases = [
        (
            library,
            data,
            "127.0.0.1:0",
            "is in use by another serialtrail-clickhouse-local",
        ),
        ("/nowhere/libchdb.so", other, "127.0.0.1:0", "no such file"),
        (file, other, "127.0.0.1:0", "cannot load"),
        (library, file, "127.0.0.1:0", "a-file"),
        (library, "/dev/full/data", "127.0.0.1:0", "/dev/full/data"),
        (library, other, "0.0.0.0:0", "--allow-remote"),
        (library, other, taken.as_str(), "cannot listen on"),
    ];
    for (library, data, listen, expected) in cases {
        let output = program()
            .args(["--library", library, "--data", data, "--listen", listen])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{expected}: {said}");
        assert!(
            said.contains("error: ") && said.contains(expected),
            "{expected}: {said}"
        );
    }
    assert_eq!(
        post(&server.url, "SELECT 1").unwrap(),
        "1\n",
        "the first server is unharmed"
    );
}

#[test]
fn sigterm_lets_running_statements_finish_and_keeps_the_tables() {
    let data = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(data.path()) else {
        return;
    };
    post(
        &server.url,
        "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n",
    )
    .unwrap();
    let url = server.url.clone();
    let running = std::thread::spawn(move || {
        post(
            &url,
            "INSERT INTO t SELECT number + sleepEachRow(0.2) FROM numbers(10) SETTINGS max_block_size = 1, max_threads = 1",
        )
    });
    std::thread::sleep(Duration::from_millis(500));
    let url = server.url.clone();
    server.terminate();
    let (status, said) = server.wait(Duration::from_secs(20));
    assert_eq!(status.code(), Some(0), "{said}");
    running
        .join()
        .unwrap()
        .expect("the running statement was answered");
    assert!(post(&url, "SELECT 1").is_err(), "nothing listens any more");

    let server = Server::start(data.path()).unwrap();
    assert_eq!(post(&server.url, "SELECT count() FROM t").unwrap(), "10\n");
}

#[test]
fn a_statement_that_outlasts_the_grace_period_does_not_hold_up_the_end() {
    let data = tempfile::tempdir().unwrap();
    let Some(server) = Server::start_with(data.path(), &["--grace", "1"]) else {
        return;
    };
    let url = server.url.clone();
    let endless = std::thread::spawn(move || {
        post(
            &url,
            "SELECT sum(sleepEachRow(0.1)) FROM numbers(10000) SETTINGS max_block_size = 10, function_sleep_max_microseconds_per_block = 0",
        )
    });
    std::thread::sleep(Duration::from_millis(500));
    let since = Instant::now();
    server.terminate();
    let (status, said) = server.wait(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(
        since.elapsed() >= Duration::from_secs(1),
        "it had its grace"
    );
    assert!(said.contains("they are killed"), "{said}");
    assert!(endless.join().unwrap().is_err(), "its client is told");
}

/// Four writers insert numbered batches, each under its own token, and repeat a batch
/// until it is acknowledged; the server is killed under them, twice.
#[test]
fn after_kill_9_every_acknowledged_row_is_there_and_none_twice() {
    const BATCH: u64 = 1_000;
    let data = tempfile::tempdir().unwrap();
    let Some(mut server) = Server::start(data.path()) else {
        return;
    };
    post(&server.url, "CREATE TABLE t (n UInt64, text String) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 10000").unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let mut unanswered: Vec<u64> = Vec::new();
    let mut acknowledged: Vec<u64> = Vec::new();
    for round in 0..3 {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let (url, next) = (server.url.clone(), Arc::clone(&next));
                let retried = unanswered.pop();
                std::thread::spawn(move || {
                    let mut done = Vec::new();
                    let mut batch = retried;
                    let until = Instant::now() + Duration::from_secs(4);
                    while Instant::now() < until {
                        let n = batch
                            .take()
                            .unwrap_or_else(|| next.fetch_add(1, Ordering::Relaxed));
                        let rows: String = (n * BATCH..(n + 1) * BATCH)
                            .map(|i| format!("{i}\ttext {i}\n"))
                            .collect();
                        let sql = format!("INSERT INTO t FORMAT TSV\n{rows}");
                        match post(
                            &format!("{url}/?insert_deduplication_token=batch-{n}"),
                            &sql,
                        ) {
                            Ok(_) => done.push(n),
                            Err(_) => return (done, Some(n)),
                        }
                    }
                    (done, None)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(1_500));
        if round < 2 {
            server.kill();
        }
        for writer in writers {
            let (done, open) = writer.join().unwrap();
            acknowledged.extend(done);
            unanswered.extend(open);
        }
        if round < 2 {
            assert!(!unanswered.is_empty(), "the kill met running inserts");
            server = Server::start(data.path()).unwrap();
        } else {
            break;
        }
    }
    assert!(
        unanswered.is_empty(),
        "every open batch was repeated: {unanswered:?}"
    );
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    let rows = acknowledged.len() as u64 * BATCH;
    let sum: u64 = acknowledged
        .iter()
        .flat_map(|n| n * BATCH..(n + 1) * BATCH)
        .sum();
    let found = post(&server.url, "SELECT count(), uniqExact(n), sum(n), countIf(text != concat('text ', toString(n))) FROM t").unwrap();
    assert_eq!(found, format!("{rows}\t{rows}\t{sum}\t0\n"));
}
