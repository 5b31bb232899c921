//! A migration that changes a table while a writer runs.
#![allow(clippy::unwrap_used)]

mod common;

use clickhouse::Row;
use common::Database;
use serde::Serialize;
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::migrations::{Migration, migrate_with};

#[derive(Row, Serialize)]
struct Line {
    word: String,
}

const FIRST: Migration = Migration {
    version: 1,
    name: "first",
    text: "CREATE TABLE IF NOT EXISTS lines {on_cluster}\n\
           (n UInt8 DEFAULT 0, word LowCardinality(String))\n\
           ENGINE = {replacing()} ORDER BY n SETTINGS {deduplication};",
};
const SECOND: Migration = Migration {
    version: 2,
    name: "second",
    text: "ALTER TABLE lines {on_cluster} MODIFY COLUMN word String;",
};

#[tokio::test]
async fn a_writer_that_repeats_its_batch_survives_a_changed_column() {
    let Some(database) = Database::new("changed_column") else {
        return;
    };
    migrate_with(&database.settings, &[FIRST]).await.unwrap();
    let client = database.client();
    let rows = |word: &str| {
        [Line {
            word: word.to_owned(),
        }]
    };
    insert_batch(&client, "lines", "t/1", &rows("before"))
        .await
        .unwrap();

    migrate_with(&database.settings, &[FIRST, SECOND])
        .await
        .unwrap();
    let mut attempts = 0;
    while insert_batch(&client, "lines", "t/2", &rows("after"))
        .await
        .is_err()
    {
        attempts += 1;
        assert!(attempts < 3, "the writer never sees the new columns");
    }
    let word = "SELECT count() FROM lines FINAL WHERE word = 'after'";
    assert_eq!(database.count(word).await, 1);
    database.drop().await;
}
