//! One batch into one table, exactly once.
//!
//! The batch is one statement and one block, under a deduplication token its caller can make again from
//! the batch's place in Kafka. Repeating it with the same token changes nothing, whether the first
//! attempt was acknowledged, lost on the way back, or never arrived. The rows stay the caller's: a
//! failed attempt loses none.

use clickhouse::{Client, Row};
use serde::Serialize;
use std::time::Duration;

/// Rows and bytes a block may have before the server would cut the batch: far above any batch.
const BLOCK_ROWS: &str = "10000000";
const BLOCK_BYTES: &str = "10000000000";

/// Longest wait for one piece of the batch to be taken, and for the acknowledgement.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const END_TIMEOUT: Duration = Duration::from_secs(180);

/// Settings every exactly-once insert carries. `async_insert` answers before the rows are stored;
/// smaller block limits would cut the batch into parts that succeed or fail each on its own; a batch
/// may span as many yearly partitions as its events do.
const SETTINGS: &[(&str, &str)] = &[
    ("async_insert", "0"),
    ("insert_deduplicate", "1"),
    ("max_insert_block_size", BLOCK_ROWS),
    ("min_insert_block_size_rows", BLOCK_ROWS),
    ("min_insert_block_size_bytes", BLOCK_BYTES),
    ("max_partitions_per_insert_block", "0"),
];

/// Inserts exactly `rows` into `table` in one statement. An empty batch sends nothing. After a failure
/// the next attempt asks for the table's columns anew: a migration may have changed their types.
///
/// # Errors
/// ClickHouse could not be reached or refused; the rows may or may not be stored: repeat with the same
/// rows and token.
pub async fn insert_batch<T>(
    client: &Client,
    table: &str,
    token: &str,
    rows: &[T],
) -> Result<(), clickhouse::error::Error>
where
    T: Row + Serialize + for<'a> clickhouse::RowWrite<Value<'a> = T>,
{
    if rows.is_empty() {
        return Ok(());
    }
    let inserted = insert_once(client, table, token, rows).await;
    if inserted.is_err() {
        client.clear_cached_metadata().await;
    }
    inserted
}

async fn insert_once<T>(
    client: &Client,
    table: &str,
    token: &str,
    rows: &[T],
) -> Result<(), clickhouse::error::Error>
where
    T: Row + Serialize + for<'a> clickhouse::RowWrite<Value<'a> = T>,
{
    let mut insert = client
        .insert::<T>(table)
        .await?
        .with_timeouts(Some(SEND_TIMEOUT), Some(END_TIMEOUT))
        .with_setting("insert_deduplication_token", token);
    for (name, value) in SETTINGS {
        insert = insert.with_setting(*name, *value);
    }
    for row in rows {
        insert.write(row).await?;
    }
    insert.end().await
}
