//! The official `clickhouse` crate, which the services use, against a real server.
#![allow(clippy::unwrap_used)]

mod common;

use clickhouse::{Client, Compression, Row, error::Error};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
struct Reading {
    id: u64,
    unit: String,
    lot: Option<String>,
    #[serde(with = "clickhouse::serde::chrono::datetime64::millis")]
    at: chrono::DateTime<chrono::Utc>,
}

fn reading(id: u64) -> Reading {
    Reading {
        id,
        unit: format!("urn:epc:id:sgtin:0614141.107346.{id}"),
        lot: id.is_multiple_of(3).then(|| format!("LOT{}", id % 100)),
        at: chrono::DateTime::from_timestamp_millis(1_700_000_000_000 + id as i64).unwrap(),
    }
}

async fn create(client: &Client, table: &str) {
    client
        .query(&format!(
            "CREATE TABLE {table} (id UInt64, unit String, lot Nullable(String), at DateTime64(3, 'UTC'))
             ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
        ))
        .execute()
        .await
        .unwrap();
}

async fn insert(client: &Client, table: &str, ids: std::ops::Range<u64>) -> Result<(), Error> {
    let mut insert = client.insert::<Reading>(table).await?;
    for id in ids {
        insert.write(&reading(id)).await?;
    }
    insert.end().await
}

async fn count(client: &Client, table: &str) -> (u64, u64) {
    client
        .query(&format!("SELECT count(), uniqExact(id) FROM {table}"))
        .fetch_one()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_inserted_is_counted_and_read_back_with_and_without_compression() {
    let (server, _data) = server_or_skip!();
    for (table, compression) in [("plain", Compression::None), ("lz4", Compression::Lz4)] {
        let client = server.client().with_compression(compression);
        create(&client, table).await;
        insert(&client, table, 0..60_000).await.unwrap();
        assert_eq!(count(&client, table).await, (60_000, 60_000), "{table}");
        let some: Vec<Reading> = client
            .query(&format!(
                "SELECT ?fields FROM {table} WHERE id % 10000 = 7 ORDER BY id"
            ))
            .fetch_all()
            .await
            .unwrap();
        let expected: Vec<Reading> = (0..6).map(|n| reading(n * 10_000 + 7)).collect();
        assert_eq!(some, expected, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inserter_writes_every_row_over_many_statements() {
    let (server, _data) = server_or_skip!();
    let client = server.client();
    create(&client, "t").await;
    let mut inserter = client.inserter::<Reading>("t").with_max_rows(1_000);
    for id in 0..10_500 {
        inserter.write(&reading(id)).await.unwrap();
        inserter.commit().await.unwrap();
    }
    inserter.end().await.unwrap();
    assert_eq!(count(&client, "t").await, (10_500, 10_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_bound_by_the_server_whatever_they_hold() {
    let (server, _data) = server_or_skip!();
    let client = server.client();
    for value in [
        "plain",
        "it's",
        "'; DROP TABLE t; --",
        "line\nend\ttab",
        r"back\slash",
        "日本",
        "",
    ] {
        let (back, length): (String, u64) = client
            .query("SELECT {v:String}, length({v:String})")
            .param("v", value)
            .fetch_one()
            .await
            .unwrap();
        assert_eq!((back.as_str(), length), (value, value.len() as u64));
    }
    let sum: u64 = client
        .query("SELECT arraySum({list:Array(UInt64)}) + {n:UInt64} + ?")
        .bind(1)
        .param("list", vec![1, 2, 3])
        .param("n", 10)
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(sum, 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_rows_stream_out_complete() {
    let (server, _data) = server_or_skip!();
    for compression in [Compression::None, Compression::Lz4] {
        let mut cursor = server
            .client()
            .with_compression(compression)
            .query("SELECT number, toString(number) FROM numbers(1000000)")
            .fetch::<(u64, String)>()
            .unwrap();
        let mut expected = 0;
        while let Some((number, text)) = cursor.next().await.unwrap() {
            assert_eq!(number, expected);
            assert!(number % 1000 != 0 || text == number.to_string());
            expected += 1;
        }
        assert_eq!(expected, 1_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_reach_the_client_in_clickhouses_words() {
    let (server, _data) = server_or_skip!();
    let client = server.client();
    let cases = [
        ("SELECT * FROM nowhere", "UNKNOWN_TABLE"),
        ("SELEC 1", "SYNTAX_ERROR"),
        ("SELECT nothing", "UNKNOWN_IDENTIFIER"),
        ("SELECT 1 SETTINGS no_such_setting = 1", "UNKNOWN_SETTING"),
        ("SELECT throwIf(1)", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ];
    for (sql, name) in cases {
        match client.query(sql).execute().await {
            Err(Error::BadResponse(text)) => assert!(text.contains(name), "{sql}: {text}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
    let missing = client
        .clone()
        .with_database("nowhere")
        .query("SELECT 1")
        .execute()
        .await;
    assert!(
        missing
            .unwrap_err()
            .to_string()
            .contains("UNKNOWN_DATABASE")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_amid_a_result_is_an_error_after_the_rows_and_never_a_short_result() {
    let (server, _data) = server_or_skip!();
    let client = server.client();
    let sql =
        "SELECT number + throwIf(number = 700000) FROM numbers(1000000) SETTINGS max_threads = 1";
    let mut cursor = client.query(sql).fetch::<u64>().unwrap();
    let mut rows = 0u64;
    let error = loop {
        match cursor.next().await {
            Ok(Some(_)) => rows += 1,
            Ok(None) => panic!("the result ended after {rows} rows as if complete"),
            Err(error) => break error,
        }
    };
    assert!(rows > 0 && rows <= 700_000, "{rows}");
    assert!(error.to_string().contains("FUNCTION_THROW_IF"), "{error}");
    // Rows the engine gave out before the failure arrive, the last of them too.
    let slow = "SELECT number + throwIf(number = 3) + sleepEachRow(0.1) FROM system.numbers
                SETTINGS max_block_size = 1, max_threads = 1";
    let mut cursor = client.query(slow).fetch::<u64>().unwrap();
    for expected in 0..3 {
        assert_eq!(cursor.next().await.unwrap(), Some(expected));
    }
    assert!(cursor.next().await.is_err());
    // With wait_end_of_query no row precedes the error.
    let waited = client.query(sql).with_setting("wait_end_of_query", "1");
    let first = waited.fetch::<u64>().unwrap().next().await;
    assert!(first.unwrap_err().to_string().contains("FUNCTION_THROW_IF"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_clients_read_and_write_at_the_same_time() {
    let (server, _data) = server_or_skip!();
    let client = server.client();
    create(&client, "t").await;
    let tasks: Vec<_> = (0..16u64)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                for round in 0..5 {
                    let from = (n * 5 + round) * 500;
                    insert(&client, "t", from..from + 500).await.unwrap();
                    let own: u64 = client
                        .query("SELECT count() FROM t WHERE id >= {a:UInt64} AND id < {a:UInt64} + 500")
                        .param("a", from)
                        .fetch_one()
                        .await
                        .unwrap();
                    assert_eq!(own, 500, "a client reads what it wrote");
                    let lots: Vec<(Option<String>, u64)> = client
                        .query("SELECT lot, count() FROM t GROUP BY lot ORDER BY lot LIMIT 5")
                        .fetch_all()
                        .await
                        .unwrap();
                    assert!(!lots.is_empty());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&client, "t").await, (40_000, 40_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_repeated_with_its_token_is_written_once_in_its_views_too() {
    let (server, _data) = server_or_skip!();
    let client = server.client();
    create(&client, "t").await;
    for sql in [
        "CREATE TABLE lots (lot String, n UInt64) ENGINE = MergeTree ORDER BY lot SETTINGS non_replicated_deduplication_window = 100",
        "CREATE MATERIALIZED VIEW to_lots TO lots AS SELECT ifNull(lot, '') AS lot, count() AS n FROM t GROUP BY lot",
    ] {
        client.query(sql).execute().await.unwrap();
    }
    for token in ["a", "b", "a", "b", "b"] {
        let client = client
            .clone()
            .with_setting("insert_deduplication_token", token);
        insert(&client, "t", 0..100).await.unwrap();
    }
    // Twice: the same rows under two tokens are two inserts.
    assert_eq!(count(&client, "t").await, (200, 100));
    let in_view: u64 = client
        .query("SELECT sum(n) FROM lots")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(in_view, 200);
}
