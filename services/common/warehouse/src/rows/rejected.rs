//! Table `rejected`.

use super::{Origin, text};
use crate::native::{Texts, Times};
use crate::table_row;
use clickhouse::Row;
use serde::Serialize;
use serialtrail_records::{Micros, RejectedEvent};

table_row! {
    /// A row of `rejected`: one part of one refusal.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct RejectedRow {
        pub reject_id: String,
        pub part: u32,
        pub parts: u32,
        pub stage: String,
        pub reason: String,
        pub message: String,
        pub place: String,
        pub event_id: String,
        pub unit: String,
        pub path: Vec<String>,
        pub capture_id: String,
        pub event_index: Option<i32>,
        pub document_id: String,
        pub record_time: Micros as Times,
        pub source_topic: String,
        pub source_partition: Option<i32>,
        pub source_offset: Option<i64>,
        #[serde(with = "serde_bytes")]
        pub original: Vec<u8> as Texts,
        pub source_party: String,
        pub visible_to: Vec<String>,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: i64,
        pub kafka_index: u32,
    }
}

impl RejectedRow {
    /// The row of a record.
    #[must_use]
    pub fn new(rejected: RejectedEvent, origin: &Origin) -> Self {
        Self {
            reject_id: rejected.reject_id,
            part: u32::try_from(rejected.part).unwrap_or(0),
            parts: u32::try_from(rejected.parts).unwrap_or(1).max(1),
            stage: rejected.stage,
            reason: rejected.reason,
            message: rejected.message,
            place: text(rejected.place),
            event_id: text(rejected.event_id),
            unit: text(rejected.unit),
            path: rejected.path,
            capture_id: text(rejected.capture_id),
            event_index: rejected.event_index,
            document_id: text(rejected.document_id),
            record_time: rejected.record_time,
            source_topic: text(rejected.source_topic),
            source_partition: rejected.source_partition,
            source_offset: rejected.source_offset,
            original: rejected.original,
            source_party: rejected.source_party,
            visible_to: rejected.visible_to,
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: origin.offset,
            kafka_index: origin.index,
        }
    }
}
