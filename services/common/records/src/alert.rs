//! Alerts.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// The rules an alert can name, those that nothing judges yet among them.
pub const RULES: &[&str] = &[
    "UNKNOWN_SERIAL",
    "DUPLICATE_SCAN",
    "IMPOSSIBLE_TRAVEL",
    "CLONE_LIKELY",
    "OUT_OF_TERRITORY",
    "CUSTODY_BREAK",
    "AGGREGATION_MISMATCH",
    "DATA_MISMATCH",
    "STATUS_VIOLATION",
    "MISSING_IN_TRANSIT",
    "SCAN_VELOCITY",
    "SERIAL_GUESSING",
    "HOTSPOT",
];

/// The severities an alert can have, the least first.
pub const SEVERITIES: &[&str] = &["low", "medium", "high", "critical"];

/// Topic alerts, key subject. One revision of one alert. Identity alert_id; the highest revision wins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alert {
    /// Hash of (rule, subject, anchor), hex.
    pub alert_id: String,
    /// UNKNOWN_SERIAL, DUPLICATE_SCAN, ...
    pub rule: String,
    /// Finer reason, for example unauthorised_issuer or recalled.
    pub sub_reason: Option<String>,
    /// Unit key, or the key of a site, device, lane, lot.
    pub subject: String,
    /// unit, site, device, lane, lot, custodian or cell.
    pub subject_kind: String,
    /// Canonical GS1 Digital Link of the subject.
    pub epc: String,
    /// Rising per alert.
    pub revision: i64,
    /// asserted or retracted.
    pub state: String,
    /// superseded, withdrawn_event, became_known, ...
    pub retract_reason: Option<String>,
    /// Alert that took its place.
    pub superseded_by: Option<String>,
    /// low, medium, high or critical.
    pub severity: String,
    /// Event-time-earliest decisive event.
    pub anchor_event: String,
    /// Events that show it, in event-time order.
    pub event_ids: Vec<String>,
    /// Event time of the anchor.
    pub event_time: Micros,
    /// Record time of the anchor.
    pub record_time: Micros,
    /// Gateway wall clock of the record that led to this revision; 0 when a timer did. Latency only.
    pub trigger_captured_at: Micros,
    /// Wall clock of the detector.
    pub detected_at: Micros,
    /// Country of the anchor's site.
    pub country: Option<String>,
    /// GLN of the anchor's site.
    pub site: Option<String>,
    /// Party operating it.
    pub party: Option<String>,
    /// Product.
    pub gtin: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Unit key of the outermost container the anchor's read was inherited from; null when the subject was read itself.
    pub container: Option<String>,
    /// Policy profile.
    pub profile: Option<String>,
    /// What shows it, as canonical JSON (sorted keys).
    pub evidence: String,
    /// likely_operator_error, likely_time_zone_error or null.
    pub likely_cause: Option<String>,
    /// Version of the policy that judged.
    pub policy_version: String,
    /// Publisher of the anchor.
    pub source_party: String,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
    /// Capture job of the anchor.
    pub capture_id: String,
    /// Source document of the anchor.
    pub document_id: Option<String>,
}

avro_record!(Alert, "Alert");
