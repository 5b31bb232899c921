//! State of the dispatcher: the accepted version of each event id and where it was sent.

use serde::{Deserialize, Serialize};

use crate::unit::ReadBody;
use crate::{Micros, avro_record};

/// One message an event gives: to a unit, or about a lot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlannedMessage {
    /// Unit key; for role lot_status the LGTIN key.
    pub unit: String,
    /// Role of UnitEvent, input_class for a class that is only used up, or lot_status for a statement about a lot.
    pub role: String,
    /// For role child: the parent named.
    pub parent: Option<String>,
    /// For role parent: children named, at most 500.
    pub children: Vec<String>,
    /// Number among parts, from 0.
    pub part: i32,
    /// Messages this unit gets of the event.
    pub parts: i32,
    /// A DELETE without child list.
    pub all_children: bool,
    /// For role class: amount.
    pub quantity: Option<f64>,
    /// For role class: unit of measure.
    pub uom: Option<String>,
}

/// State of the dispatcher, key p/<generation>/<page> <event id>. A page of the messages of a large event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanPage {
    /// What the event says to every unit.
    pub body: ReadBody,
    /// Messages, in the order they are sent.
    pub messages: Vec<PlannedMessage>,
}

avro_record!(PlanPage, "state/PlanPage");

/// State of the dispatcher, key o/<generation>/<page> <event id>. A page of the original bytes of a large event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OriginalPage {
    /// Part of the original bytes, compressed.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

avro_record!(OriginalPage, "state/OriginalPage");

/// Original bytes, zstd-compressed: here, or in pages where they are many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Original {
    /// When they fit here.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// Pages that hold them otherwise.
    pub pages: i32,
    /// Names those pages.
    pub generation: i64,
}

/// The version of an event that stands: the smallest (record time, content hash, publisher).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcceptedVersion {
    /// CBV hash of its content.
    pub content_hash: String,
    /// Its publisher.
    pub source_party: String,
    /// Its record time.
    pub record_time: Micros,
    /// Names its pages.
    pub generation: i64,
    /// Its units believe it; false when it is withdrawn.
    pub sent: bool,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
    /// Its capture job.
    pub capture_id: String,
    /// Its document.
    pub document_id: Option<String>,
    /// What it says to every unit.
    pub body: ReadBody,
    /// Its messages, when they fit here.
    pub plan: Vec<PlannedMessage>,
    /// Pages that hold them otherwise.
    pub plan_pages: i32,
    /// How many messages in all.
    pub messages: i32,
    /// Its original bytes.
    pub original: Original,
}

/// An error declaration heard for an event id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Declaration {
    /// Who declared it.
    pub source_party: String,
    /// Its record time.
    pub record_time: Micros,
    /// Its capture job; once refused, this and its document, parties and bytes are emptied.
    pub capture_id: String,
    /// Its document.
    pub document_id: Option<String>,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
    /// Its original bytes.
    pub original: Original,
    /// Refused: it is not the publisher of the version that stands, or too many waited already.
    pub rejected: bool,
}

/// A sending or withdrawal of a version not finished within its window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DispatchWork {
    /// Pages of the version.
    pub generation: i64,
    /// How many.
    pub pages: i32,
    /// Sending or withdrawal.
    pub asserted: bool,
    /// Revision of the messages.
    pub revision: i64,
    /// Next page.
    pub page: i32,
    /// Next message in it.
    pub index: i32,
    /// The pages are removed when done.
    pub last: bool,
}

/// State of the dispatcher, key e/<event id>. What is known of one event id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DispatchedEvent {
    /// Revision sent last.
    pub revision: i64,
    /// Generation used last.
    pub generation: i64,
    /// The version that stands.
    pub accepted: Option<AcceptedVersion>,
    /// Error declarations heard, one a publisher.
    pub declared: Vec<Declaration>,
    /// Unfinished work, in order.
    pub work: Vec<DispatchWork>,
    /// Stands in the work queue.
    pub queued: bool,
}

avro_record!(DispatchedEvent, "state/DispatchedEvent");
