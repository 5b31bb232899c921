//! Statements and data in requests, byte by byte, as clients in any language send them.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use common::Server;
use common::http::{count, create, header, rows, run, truncate};
use reqwest::blocking::{Client, Response};
use serialtrail_clickhouse_local::frames;

const ROWS: u64 = 200_000;

fn lz4(plain: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 1).unwrap()
}

fn insert_encoded(server: &Server, encoding: &str, query: &str, body: Vec<u8>) -> Response {
    Client::new()
        .post(format!("{}/?{query}", server.url))
        .header("content-encoding", encoding)
        .body(body)
        .send()
        .unwrap()
}

#[test]
fn every_row_of_a_compressed_insert_arrives_whatever_the_encoding() {
    let (server, _data) = server_or_skip!();
    create(&server);
    type Encode = fn(&[u8]) -> Vec<u8>;
    let plain: Encode = |bytes| bytes.to_vec();
    // Encoding, native frames as well, encoder, members in one body.
    let cases: [(&str, bool, Encode, u64); 8] = [
        ("identity", false, plain, 1),
        ("identity", true, plain, 40),
        ("gzip", false, gzip, 20),
        ("deflate", false, zlib, 1),
        ("zstd", false, zstd, 20),
        ("lz4", false, lz4, 1),
        ("lz4", false, lz4, 200),
        ("lz4", true, lz4, 200),
    ];
    for (encoding, framed, encode, members) in cases {
        let step = ROWS / members;
        // Native frames stand inside the encoding, as on a real server.
        let body: Vec<u8> = (0..members)
            .flat_map(|m| {
                let part = rows(m * step..(m + 1) * step);
                encode(&if framed { frames::encode(&part) } else { part })
            })
            .collect();
        let query = format!(
            "query=INSERT+INTO+t+FORMAT+TSV&decompress={}",
            u8::from(framed)
        );
        let response = insert_encoded(&server, encoding, &query, body);
        let case = format!("{encoding}, native frames {framed}, {members} members");
        assert_eq!(response.status(), 200, "{case}: {:?}", response.text());
        assert!(
            header(&response, "x-clickhouse-summary").contains("\"written_rows\":\"200000\""),
            "{case}"
        );
        assert_eq!(count(&server), "200000\t200000\t200000\n", "{case}");
        truncate(&server);
    }
}

#[test]
fn a_body_that_ends_early_is_never_acknowledged() {
    let (server, _data) = server_or_skip!();
    create(&server);
    let encoded = lz4(&rows(0..1_000));
    let framed = frames::encode(&rows(0..1_000));
    let cases = [
        ("lz4", "0", encoded[..encoded.len() - 9].to_vec()),
        ("identity", "1", framed[..framed.len() - 1].to_vec()),
        ("identity", "1", rows(0..1_000)),
        ("gzip", "0", rows(0..1_000)),
    ];
    for (encoding, framed, body) in cases {
        let query = format!("query=INSERT+INTO+t+FORMAT+TSV&decompress={framed}");
        let response = insert_encoded(&server, encoding, &query, body);
        assert_eq!(
            header(&response, "x-clickhouse-exception-code"),
            "271",
            "{encoding} {framed}"
        );
    }
    // A connection that is cut while the body is on its way.
    let address = server.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let head = "POST /?query=INSERT+INTO+t+FORMAT+TSV HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&rows(0..100)).unwrap();
    drop(socket);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(count(&server), "0\t0\t0\n");
}

#[test]
fn the_statement_may_stand_in_the_url_the_body_or_both() {
    let (server, _data) = server_or_skip!();
    create(&server);
    let url = &server.url;
    let cases = [
        ("", "INSERT INTO t VALUES (1, 's1'), (2, 's2');"),
        ("", "INSERT INTO t FORMAT TSV\n1\ts1\n2\ts2\n"),
        ("query=INSERT+INTO+t+FORMAT+TSV", "1\ts1\n2\ts2\n"),
        ("query=INSERT+INTO+t+FORMAT+TSV%0A", "1\ts1\n2\ts2\n"),
        ("query=INSERT+INTO+t+FORMAT+TSV%0A1%09s1", "2\ts2\n"),
        ("query=INSERT+INTO+t", "VALUES (1, 's1'), (2, 's2')"),
        (
            "query=INSERT+INTO+t+(n,s)+VALUES",
            "(1, 's1'), (2, concat('s', '2'))",
        ),
        (
            "query=INSERT+INTO",
            "t SELECT number + 1, concat('s', toString(number + 1)) FROM numbers(2)",
        ),
        (
            "query=INSERT+INTO+t+FORMAT+JSONEachRow",
            "{\"n\":1,\"s\":\"s1\"}\n\n{\"n\":2,\"s\":\"s2\"}\n",
        ),
    ];
    for (query, body) in cases {
        run(&format!("{url}/?{query}"), body);
        assert_eq!(count(&server), "2\t2\t2\n", "{query} | {body}");
        truncate(&server);
    }
    assert_eq!(run(&format!("{url}/?query=SELECT+1"), "+ 1"), "2\n");
    let get = reqwest::blocking::get(format!("{url}/?query=SELECT+%27a%2Bb%27")).unwrap();
    assert_eq!(get.text().unwrap(), "a+b\n");
    for health in ["/ping", "/", "/replicas_status"] {
        let answer = reqwest::blocking::get(format!("{url}{health}")).unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.text().unwrap().as_str()),
            (200, "Ok.\n"),
            "{health}"
        );
    }
    assert_eq!(
        reqwest::blocking::get(format!("{url}/nothing"))
            .unwrap()
            .status(),
        404
    );
}
