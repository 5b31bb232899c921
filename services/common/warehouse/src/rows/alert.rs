//! Table `alerts` and its history.

use super::{Origin, revision, text};
use crate::native::Times;
use crate::table_row;
use clickhouse::Row;
use serde::Serialize;
use serialtrail_records::{Alert, Micros};

table_row! {
    /// A row of `alerts` and of `alerts_history`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct AlertRow {
        pub alert_id: String,
        pub rule: String,
        pub sub_reason: String,
        pub subject: String,
        pub subject_kind: String,
        pub epc: String,
        pub revision: u64,
        pub state: String,
        pub retract_reason: String,
        pub superseded_by: String,
        pub severity: String,
        pub anchor_event: String,
        pub event_ids: Vec<String>,
        pub event_time: Micros as Times,
        pub record_time: Micros as Times,
        pub trigger_captured_at: Micros as Times,
        pub detected_at: Micros as Times,
        pub country: String,
        pub site: String,
        pub party: String,
        pub gtin: String,
        pub lot: String,
        pub profile: String,
        pub evidence: String,
        pub likely_cause: String,
        pub policy_version: String,
        pub source_party: String,
        pub visible_to: Vec<String>,
        pub capture_id: String,
        pub document_id: String,
        pub container: String,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: i64,
        pub kafka_index: u32,
    }
}

impl AlertRow {
    /// The row of a record.
    #[must_use]
    pub fn new(alert: Alert, origin: &Origin) -> Self {
        Self {
            alert_id: alert.alert_id,
            rule: alert.rule,
            sub_reason: text(alert.sub_reason),
            subject: alert.subject,
            subject_kind: alert.subject_kind,
            epc: alert.epc,
            revision: revision(alert.revision),
            state: alert.state,
            retract_reason: text(alert.retract_reason),
            superseded_by: text(alert.superseded_by),
            severity: alert.severity,
            anchor_event: alert.anchor_event,
            event_ids: alert.event_ids,
            event_time: alert.event_time,
            record_time: alert.record_time,
            trigger_captured_at: alert.trigger_captured_at,
            detected_at: alert.detected_at,
            country: text(alert.country),
            site: text(alert.site),
            party: text(alert.party),
            gtin: text(alert.gtin),
            lot: text(alert.lot),
            profile: text(alert.profile),
            evidence: alert.evidence,
            likely_cause: text(alert.likely_cause),
            policy_version: alert.policy_version,
            source_party: alert.source_party,
            visible_to: alert.visible_to,
            capture_id: alert.capture_id,
            document_id: text(alert.document_id),
            container: text(alert.container),
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: origin.offset,
            kafka_index: origin.index,
        }
    }
}
