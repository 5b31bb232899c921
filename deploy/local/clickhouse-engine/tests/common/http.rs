//! Raw HTTP, and the table the HTTP tests share.

use std::time::Duration;

use reqwest::blocking::{Client, Response};

use super::Server;

pub(crate) fn send(url: &str, body: impl Into<reqwest::blocking::Body>) -> Response {
    Client::builder()
        .no_gzip()
        .build()
        .unwrap()
        .post(url)
        .body(body)
        .timeout(Duration::from_secs(60))
        .send()
        .unwrap()
}

/// The answer's text; panics with it unless the status is 200.
pub(crate) fn run(url: &str, body: impl Into<reqwest::blocking::Body>) -> String {
    let response = send(url, body);
    let status = response.status();
    let text = response.text().unwrap();
    assert_eq!(status, 200, "{text}");
    text
}

pub(crate) fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or("", |v| v.to_str().unwrap()).to_owned()
}

pub(crate) fn create(server: &Server) {
    run(
        &server.url,
        "CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n",
    );
}

pub(crate) fn truncate(server: &Server) {
    run(&server.url, "TRUNCATE TABLE t");
}

pub(crate) fn count(server: &Server) -> String {
    run(
        &server.url,
        "SELECT count(), uniqExact(n), countIf(s = concat('s', toString(n))) FROM t",
    )
}

pub(crate) fn rows(range: std::ops::Range<u64>) -> Vec<u8> {
    range
        .flat_map(|n| format!("{n}\ts{n}\n").into_bytes())
        .collect()
}
