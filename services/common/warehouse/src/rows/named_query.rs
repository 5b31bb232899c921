//! Table `named_queries`.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use serialtrail_records::Micros;

/// A row of `named_queries`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct NamedQueryRow {
    pub name: String,
    pub revision: u64,
    pub deleted: bool,
    pub query: String,
    pub created_at: Micros,
}
