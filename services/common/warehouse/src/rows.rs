//! One struct a table, field for field and in the order of `schemas/clickhouse`, whose comments say
//! what a column means. Rows are plain data made from one record and where it stood.
//!
//! ClickHouse has no null for text here: an absent text is empty. Times are microseconds UTC.

mod alert;
mod containment;
mod demand;
mod event;
mod landing;
pub mod lent;
mod named_query;
mod observation;
mod reference;
mod registry;
mod rejected;
mod subscription;

pub use alert::AlertRow;
pub use containment::ContainmentRow;
pub use demand::{
    DailyDemandRow, DemandProgressRow, ForecastRow, ForecastSeriesRow, ForecastVersionRow,
};
pub use event::EventRow;
pub use landing::LandingRow;
pub use named_query::NamedQueryRow;
pub use observation::ObservationRow;
pub use reference::{LaneRow, LocationRow, MasterDataRow, PartyRow, ProductRow};
pub use registry::{LotRow, SerialRow};
pub use rejected::RejectedRow;
pub use subscription::{SubscriptionProgressRow, SubscriptionRow};

use serialtrail_records::TypedId;
use std::collections::BTreeMap;

/// Where the record of a row stood in Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Topic.
    pub topic: &'static str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Which of the record's rows, from 0.
    pub index: u32,
}

/// The two states of a statement that can be taken back.
fn state(asserted: bool) -> &'static str {
    if asserted { "asserted" } else { "retracted" }
}

/// Revisions rise from 0; a negative one is none.
fn revision(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn text<S: Default>(value: Option<S>) -> S {
    value.unwrap_or_default()
}

fn typed(ids: Vec<TypedId>) -> Vec<(String, String)> {
    ids.into_iter().map(|id| (text(id.r#type), id.id)).collect()
}

fn map(attributes: BTreeMap<String, String>) -> Vec<(String, String)> {
    attributes.into_iter().collect()
}
