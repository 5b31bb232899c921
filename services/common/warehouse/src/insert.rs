//! One batch into one table, exactly once.
//!
//! The batch is one statement and one block, under a deduplication token its caller can make again from
//! the batch's place in Kafka. Repeating it with the same token changes nothing, whether the first
//! attempt was acknowledged, lost on the way back, or never arrived. The rows stay the caller's: a
//! failed attempt loses none.

use crate::native::Encoded;
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
/// may span as many yearly partitions as its events do. Rows of one key within a batch are left to the
/// merges, as those of different batches are: replacing them at once costs as much as the rest of the
/// insert.
const SETTINGS: &[(&str, &str)] = &[
    ("async_insert", "0"),
    ("insert_deduplicate", "1"),
    ("max_insert_block_size", BLOCK_ROWS),
    ("min_insert_block_size_rows", BLOCK_ROWS),
    ("min_insert_block_size_bytes", BLOCK_BYTES),
    ("max_partitions_per_insert_block", "0"),
    ("optimize_on_insert", "0"),
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

/// Bytes of a block handed over at once, so that each piece has the whole of [`SEND_TIMEOUT`].
const PIECE: usize = 1 << 20;

/// Inserts exactly the rows of `block` into `table` in one statement. A block without rows sends nothing.
/// The server compares the block's columns with the table's: one the table has not, or whose values do
/// not fit its type, is refused.
///
/// # Errors
/// As [`insert_batch`].
pub async fn insert_block(
    client: &Client,
    table: &str,
    token: &str,
    block: &Encoded,
) -> Result<(), clickhouse::error::Error> {
    if block.rows == 0 {
        return Ok(());
    }
    let columns = block.columns.join(", ");
    let mut insert = client
        .insert_formatted_with(format!("INSERT INTO {table} ({columns}) FORMAT Native"))
        .with_timeouts(Some(SEND_TIMEOUT), Some(END_TIMEOUT))
        .with_setting("insert_deduplication_token", token);
    for (name, value) in SETTINGS {
        insert = insert.with_setting(*name, *value);
    }
    for piece in &block.pieces {
        let mut left = piece.clone();
        while !left.is_empty() {
            let next = left.split_to(left.len().min(PIECE));
            insert.send(next).await?;
        }
    }
    insert.end().await
}
