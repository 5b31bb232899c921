//! Answers, byte by byte, as clients in any language read them; refusals and rights.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Read;
use std::time::Duration;

use common::Server;
use common::http::{count, create, header, run, send};
use reqwest::blocking::Client;
use serialtrail_clickhouse_local::frames;

#[test]
fn parameters_settings_and_database_come_from_url_headers_or_form() {
    let (server, _data) = server_or_skip!();
    let url = &server.url;
    run(url, "CREATE DATABASE other");
    let sql = "SELECT {s:String}, currentDatabase(), getSetting('max_threads')";
    assert_eq!(
        run(
            &format!("{url}/?param_s=a%5Ctb%27&database=other&max_threads=3"),
            sql
        ),
        "a\\tb\\'\tother\t3\n"
    );
    let form = "--B\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT {s:String}, {n:UInt8}\r\n\
                --B\r\nContent-Disposition: form-data; name=\"param_s\"\r\n\r\nx'y\r\n\
                --B\r\nContent-Disposition: form-data; name=\"param_n\"\r\n\r\n7\r\n--B--\r\n";
    let response = Client::new()
        .post(url)
        .header("content-type", "multipart/form-data; boundary=B")
        .body(form)
        .send()
        .unwrap();
    assert_eq!(response.text().unwrap(), "x\\'y\t7\n");
    let response = Client::new()
        .post(url)
        .header("x-clickhouse-database", "other")
        .header("x-clickhouse-format", "JSONEachRow")
        .header("x-clickhouse-user", "anyone")
        .header("x-clickhouse-key", "secret")
        .body("SELECT currentDatabase() AS d")
        .send()
        .unwrap();
    assert_eq!(response.text().unwrap(), "{\"d\":\"other\"}\n");
    let basic = Client::new()
        .post(url)
        .basic_auth("u", Some("p"))
        .body("SELECT 1")
        .send()
        .unwrap();
    assert_eq!(basic.text().unwrap(), "1\n");
}

#[test]
fn answers_carry_the_headers_clients_read() {
    let (server, _data) = server_or_skip!();
    let url = format!("{}/?query_id=my-id&session_id=s", server.url);
    let read = send(&url, "SELECT 1 FORMAT JSONEachRow");
    assert_eq!(header(&read, "x-clickhouse-query-id"), "my-id");
    assert_eq!(header(&read, "x-clickhouse-format"), "JSONEachRow");
    assert!(!header(&read, "x-clickhouse-timezone").is_empty());
    assert!(header(&read, "x-clickhouse-summary").contains("\"read_rows\":\"1\""));
    assert!(header(&read, "content-type").starts_with("application/x-ndjson"));
    let waited = send(
        &format!("{url}&wait_end_of_query=1"),
        "SELECT number FROM numbers(300000)",
    );
    assert!(header(&waited, "x-clickhouse-summary").contains("\"read_rows\":\"300000\""));
    let write = send(&url, "CREATE TABLE h (n UInt8) ENGINE = Memory");
    assert_eq!(
        header(&write, "x-clickhouse-format"),
        "",
        "only reads have a format"
    );
    let failed = send(&url, "SELECT * FROM nowhere");
    assert_eq!(failed.status(), 404);
    assert_eq!(header(&failed, "x-clickhouse-exception-code"), "60");
    assert!(
        failed
            .text()
            .unwrap()
            .starts_with("Code: 60. DB::Exception: ")
    );
    let long = send(&url, "SELECT number FROM system.numbers LIMIT 1000000");
    assert_eq!(header(&long, "x-clickhouse-exception-tag").len(), 16);
}

#[test]
fn a_streamed_result_is_one_output_in_every_format() {
    let (server, _data) = server_or_skip!();
    let sql = |format: &str| {
        format!("SELECT number AS n, 'a\nb' AS `x\ny` FROM numbers(300000) FORMAT {format}")
    };
    let text = |format: &str| run(&server.url, sql(format));
    let headers = |format: &str, header: &str| text(format).matches(header).count();
    assert_eq!(headers("TSVWithNames", "n\tx\\ny\n"), 1);
    assert_eq!(headers("TSVWithNamesAndTypes", "UInt64\tString\n"), 1);
    assert_eq!(headers("CSVWithNames", "\"n\",\"x\ny\"\n"), 1);
    assert_eq!(
        headers(
            "JSONCompactEachRowWithNamesAndTypes",
            "[\"UInt64\", \"String\"]"
        ),
        1
    );
    assert_eq!(text("TSV").lines().count(), 300_000);
    assert_eq!(text("JSONEachRow").lines().count(), 300_000);
    let json: serde_json::Value = serde_json::from_str(&text("JSON")).unwrap();
    assert_eq!(json["data"].as_array().unwrap().len(), 300_000);
    let binary = send(&server.url, sql("RowBinaryWithNames"))
        .bytes()
        .unwrap();
    let header = b"\x02\x01n\x03x\ny";
    assert_eq!(binary.len(), header.len() + 300_000 * (8 + 1 + 3));
    // What the engine wrote, it reads: counted after a round trip.
    for format in [
        "Native",
        "ArrowStream",
        "Parquet",
        "Avro",
        "RowBinaryWithNamesAndTypes",
    ] {
        let sql = format!(
            "SELECT number AS n, concat('s', toString(number)) AS s FROM numbers(200000) FORMAT {format}"
        );
        let body = send(&server.url, sql).bytes().unwrap();
        run(
            &server.url,
            "CREATE OR REPLACE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n",
        );
        run(
            &format!("{}/?query=INSERT+INTO+t+FORMAT+{format}", server.url),
            body,
        );
        assert_eq!(count(&server), "200000\t200000\t200000\n", "{format}");
    }
}

#[test]
fn compress_1_is_answered_in_native_frames() {
    let (server, _data) = server_or_skip!();
    for sql in ["SELECT 1", "SELECT number FROM numbers(300000)"] {
        let expected = run(&server.url, sql);
        let framed = send(&format!("{}/?compress=1", server.url), sql)
            .bytes()
            .unwrap();
        let mut plain = String::new();
        frames::FrameReader::new(&framed[..])
            .read_to_string(&mut plain)
            .unwrap();
        assert_eq!(plain, expected);
    }
}

#[test]
fn a_failure_amid_the_output_ends_with_its_tag_and_a_cut_connection() {
    let (server, _data) = server_or_skip!();
    let sql = "SELECT throwIf(number = 700000) FROM numbers(1000000) SETTINGS max_threads = 1";
    let mut response = send(&server.url, sql);
    assert_eq!(response.status(), 200);
    let tag = header(&response, "x-clickhouse-exception-tag");
    let mut body = Vec::new();
    response
        .read_to_end(&mut body)
        .expect_err("the chunked body must not end well");
    let text = String::from_utf8_lossy(&body);
    let (_, trailer) = text
        .split_once(&format!("\r\n__exception__\r\n{tag}\r\n"))
        .unwrap();
    let (message, rest) = trailer.split_at(
        trailer
            .rfind(&format!(" {tag}\r\n__exception__\r\n"))
            .unwrap(),
    );
    let (message, length) = message.rsplit_once('\n').unwrap();
    assert!(message.starts_with("Code: 395. "), "{message}");
    assert_eq!(
        length.parse::<usize>().unwrap(),
        message.len() + 1,
        "{rest}"
    );
    let waited = send(&format!("{}/?wait_end_of_query=1", server.url), sql);
    assert_eq!(header(&waited, "x-clickhouse-exception-code"), "395");
    assert_ne!(waited.status(), 200);
}

#[test]
fn what_a_restricted_client_must_not_do_is_refused() {
    let (server, _data) = server_or_skip!();
    create(&server);
    let cases = [
        ("SELECT 1; SELECT 2", "62"),
        ("INSERT INTO t SELECT 1, 's1'; DROP TABLE t", "62"),
        ("DROP TABLE t; nonsense", "62"),
        ("SET ROLE admin", "48"),
        ("/* hidden */ sEt max_threads = 1", "48"),
        ("USE system", "48"),
        ("SYSTEM SHUTDOWN", "48"),
        ("SELECT 1 INTO OUTFILE '/tmp/never-written'", "48"),
        (
            "INSERT INTO FUNCTION file('/tmp/never-written', 'CSV') VALUES (1)",
            "48",
        ),
    ];
    for (sql, code) in cases {
        let response = send(&server.url, sql);
        assert_eq!(
            header(&response, "x-clickhouse-exception-code"),
            code,
            "{sql}: {:?}",
            response.text()
        );
    }
    let by_get = reqwest::blocking::get(format!("{}/?query=DROP+TABLE+t", server.url)).unwrap();
    assert_eq!(header(&by_get, "x-clickhouse-exception-code"), "164");
    let smuggled = send(&format!("{}/?a%3D1,b=2", server.url), "SELECT 1");
    assert_eq!(header(&smuggled, "x-clickhouse-exception-code"), "36");
    assert_eq!(count(&server), "0\t0\t0\n", "the table is still there");
    assert_eq!(
        run(&server.url, "SELECT 1;"),
        "1\n",
        "a closing semicolon is no second statement"
    );
    assert_eq!(run(&server.url, "SYSTEM FLUSH LOGS"), "");
    assert_eq!(
        run(
            &server.url,
            "INSERT INTO FUNCTION null('a UInt8') VALUES (1)"
        ),
        ""
    );
}

#[test]
fn a_users_file_gives_each_user_its_rows_and_rights() {
    let users = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/users.xml");
    let data = tempfile::tempdir().unwrap();
    let Some(server) = Server::start_with(data.path(), &["--users-config", users]) else {
        return;
    };
    create(&server);
    run(
        &server.url,
        "INSERT INTO t VALUES (1, 'partner_a'), (2, 'partner_b'), (3, 'partner_b')",
    );
    let as_user = |user: &str, sql: &'static str| {
        send(&format!("{}/?user={user}&role=operator", server.url), sql)
    };
    let cases = [
        ("default", "SELECT n FROM t ORDER BY n", 200, "1\n2\n3\n"),
        ("partner_a", "SELECT n FROM t ORDER BY n", 200, "1\n"),
        ("partner_b", "SELECT n FROM t ORDER BY n", 200, "2\n3\n"),
        ("partner_b", "DROP TABLE t", 403, "ACCESS_DENIED"),
        ("partner_b", "SET ROLE operator", 501, "Code: 48."),
        ("nobody", "SELECT 1", 404, "UNKNOWN_ROLE"),
    ];
    for (user, sql, status, expected) in cases {
        let response = as_user(user, sql);
        assert_eq!(response.status(), status, "{user}: {sql}");
        let text = response.text().unwrap();
        assert!(
            text == expected || (status != 200 && text.contains(expected)),
            "{user}: {sql}: {text}"
        );
    }
}

#[test]
fn a_refused_row_names_its_place_and_a_statement_can_be_killed_by_its_id() {
    let (server, _data) = server_or_skip!();
    create(&server);
    let refused = send(&server.url, "INSERT INTO t FORMAT TSV\n1\ts1\nx\ts2\n");
    assert_eq!(refused.status(), 400);
    let text = refused.text().unwrap();
    assert!(
        text.contains("at row 2") || text.contains("Row 2"),
        "{text}"
    );

    let url = format!(
        "{}/?query_id=slow-one&function_sleep_max_microseconds_per_block=0",
        server.url
    );
    let slow = std::thread::spawn(move || {
        send(
            &url,
            "SELECT sum(sleepEachRow(0.1)) FROM numbers(600) SETTINGS max_block_size = 10",
        )
    });
    std::thread::sleep(Duration::from_millis(500));
    run(
        &server.url,
        "KILL QUERY WHERE Settings['log_comment'] = 'slow-one' SYNC",
    );
    let killed = slow.join().unwrap();
    assert_eq!(
        header(&killed, "x-clickhouse-exception-code"),
        "394",
        "{:?}",
        killed.text()
    );
}
