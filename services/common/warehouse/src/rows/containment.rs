//! Tables `containment` (by child) and `contents` (by container).

use super::{Origin, revision, state, text};
use clickhouse::Row;
use serde::Serialize;
use serialtrail_records::{Membership, Micros};

/// A row of `containment` and of `contents`.
#[derive(Debug, Clone, PartialEq, Row, Serialize)]
#[allow(missing_docs)]
pub struct ContainmentRow {
    pub child: String,
    pub parent: String,
    pub from_event: String,
    pub from_time: Micros,
    pub to_time: Option<Micros>,
    pub to_event: String,
    pub end_cause: String,
    pub revision: u64,
    pub state: &'static str,
    pub source_party: String,
    pub visible_to: Vec<String>,
    pub kafka_topic: &'static str,
    pub kafka_partition: i32,
    pub kafka_offset: i64,
    pub kafka_index: u32,
}

impl ContainmentRow {
    /// The row of a record.
    #[must_use]
    pub fn new(membership: Membership, origin: &Origin) -> Self {
        Self {
            child: membership.child,
            parent: membership.parent,
            from_event: membership.from_event,
            from_time: membership.from,
            to_time: membership.to,
            to_event: text(membership.to_event),
            end_cause: text(membership.end_cause),
            revision: revision(membership.revision),
            state: state(membership.asserted),
            source_party: membership.source_party,
            visible_to: membership.visible_to,
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: origin.offset,
            kafka_index: origin.index,
        }
    }
}
