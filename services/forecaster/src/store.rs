//! ClickHouse: reads in, days and versions out.
//!
//! Text of statements is static; what comes from outside only ever travels as a bound parameter.
//!
//! Reads are taken from `observations_history` and alerts from `alerts_history`, highest revision first:
//! the same rows as in `observations` and `alerts`. The sink fills a table and its history at the same
//! time but not in one step; taking values and cursor from one table leaves no gap between them.

mod days;
mod reads;
mod versions;

pub use days::{Change, Recorded};
pub use reads::{Position, Touched};

use clickhouse::query::Query;
use clickhouse::{Client, Row};
use serde::Serialize;
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_runtime::metrics;
use serialtrail_warehouse::insert::insert_batch;
use sha2::{Digest, Sha256};
use std::time::Instant;

/// What a statement of ours can fail with.
pub type Result<T> = std::result::Result<T, clickhouse::error::Error>;

/// Rows of one insert.
const BATCH: usize = 50_000;

/// Limits of every statement: a pass over a long history may take its time, but sorts on disk.
const LIMITS: &[(&str, &str)] = &[
    ("max_execution_time", "600"),
    ("max_bytes_before_external_sort", "200000000"),
    ("max_bytes_before_external_group_by", "200000000"),
    ("optimize_aggregation_in_order", "1"),
];

/// The tables of demand.
#[derive(Clone)]
pub struct Store {
    client: Client,
}

impl Store {
    /// Over the deployment's database. Nothing is sent yet.
    #[must_use]
    pub fn new(settings: &ClickHouseSettings) -> Self {
        Self {
            client: serialtrail_warehouse::client(settings),
        }
    }

    fn query(&self, sql: &str) -> Query {
        let query = self.client.query_raw(sql);
        LIMITS.iter().fold(query, |query, (name, value)| {
            query.with_setting(*name, *value)
        })
    }

    /// Inserts rows in batches. A batch repeated with the same rows is stored once.
    async fn insert<T>(&self, table: &'static str, rows: &[T]) -> Result<()>
    where
        T: Row + Serialize + std::fmt::Debug + for<'a> clickhouse::RowWrite<Value<'a> = T>,
    {
        for batch in rows.chunks(BATCH) {
            let begun = Instant::now();
            insert_batch(&self.client, table, &token(table, batch), batch).await?;
            metrics::histogram(&metrics::INSERT_SECONDS)
                .with_label_values(&[table])
                .observe(begun.elapsed().as_secs_f64());
            metrics::counter(&metrics::ROWS)
                .with_label_values(&[table])
                .inc_by(batch.len() as u64);
        }
        Ok(())
    }
}

/// A token that is the rows themselves.
fn token<T: std::fmt::Debug>(table: &str, rows: &[T]) -> String {
    let mut hash = Sha256::new();
    for row in rows {
        hash.update(format!("{row:?}\n"));
    }
    format!("forecaster/{table}/{}", hex::encode(hash.finalize()))
}
