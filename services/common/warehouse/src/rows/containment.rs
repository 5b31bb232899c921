//! Tables `containment` (by child) and `contents` (by container).

use super::{Origin, lent, revision, state, text};
use crate::native::{Nullables, Times};
use crate::table_row;
use clickhouse::Row;
use serde::Serialize;
use serialtrail_records::{Membership, Micros};

macro_rules! of_record {
    ($membership:ident, $origin:ident) => {
        Self {
            child: $membership.child,
            parent: $membership.parent,
            from_event: $membership.from_event,
            from_time: $membership.from,
            to_time: $membership.to,
            to_event: text($membership.to_event),
            end_cause: text($membership.end_cause),
            revision: revision($membership.revision),
            state: state($membership.asserted),
            source_party: $membership.source_party,
            visible_to: $membership.visible_to,
            kafka_topic: $origin.topic,
            kafka_partition: $origin.partition,
            kafka_offset: $origin.offset,
            kafka_index: $origin.index,
        }
    };
}

table_row! {
    /// A row of `containment` and of `contents`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct ContainmentRow<S = String> {
        pub child: S,
        pub parent: S,
        pub from_event: S,
        pub from_time: Micros as Times,
        pub to_time: Option<Micros> as Nullables<Times>,
        pub to_event: S,
        pub end_cause: S,
        pub revision: u64,
        pub state: &'static str,
        pub source_party: S,
        pub visible_to: Vec<S>,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: i64,
        pub kafka_index: u32,
    }
}

impl ContainmentRow {
    /// The row of a record.
    #[must_use]
    pub fn new(membership: Membership, origin: &Origin) -> Self {
        of_record!(membership, origin)
    }
}

impl<'a> ContainmentRow<&'a str> {
    /// The row of a record's bytes.
    #[must_use]
    pub fn lent(membership: lent::Membership<'a>, origin: &Origin) -> Self {
        of_record!(membership, origin)
    }
}
