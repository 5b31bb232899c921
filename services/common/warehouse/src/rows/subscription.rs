//! Tables `subscriptions` and `subscription_progress`.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use serialtrail_records::Micros;

/// A row of `subscriptions`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SubscriptionRow {
    pub id: String,
    pub query_name: String,
    pub query_created_at: Micros,
    pub revision: u64,
    pub deleted: bool,
    pub definition: String,
    pub created_at: Micros,
}

/// A row of `subscription_progress`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SubscriptionProgressRow {
    pub id: String,
    pub revision: u64,
    pub position: String,
    pub executed_at: Micros,
    pub notified_at: Micros,
}
