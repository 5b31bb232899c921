//! Table `landings`.

use super::Origin;
use clickhouse::Row;
use serde::{Deserialize, Serialize};

/// A row of `landings`: an insert of several years, begun or whole.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LandingRow {
    pub table_name: String,
    pub kafka_topic: String,
    pub kafka_partition: i32,
    pub revision: u64,
    pub first_offset: i64,
    pub last_offset: i64,
    pub whole: bool,
}

impl LandingRow {
    /// That the rows of offsets `first.offset ..= last_offset` begin to land in a table, or are there.
    /// What is said again of a range that is whole changes nothing.
    #[must_use]
    pub fn new(table: &str, first: &Origin, last_offset: i64, whole: bool) -> Self {
        let twice = u64::try_from(first.offset).unwrap_or(0).saturating_mul(2);
        Self {
            table_name: table.to_owned(),
            kafka_topic: first.topic.to_owned(),
            kafka_partition: first.partition,
            revision: twice.saturating_add(u64::from(whole)),
            first_offset: first.offset,
            last_offset,
            whole,
        }
    }
}
