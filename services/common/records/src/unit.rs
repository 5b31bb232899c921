//! Messages to one unit: what stands on `unit-inbox`.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;
use crate::event::TypedId;

/// What an event says about any unit it touches: shared by direct and inherited reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadBody {
    /// EPCIS event type.
    pub event_type: String,
    /// ADD, OBSERVE, DELETE or null.
    pub action: Option<String>,
    /// When it happened.
    pub event_time: Micros,
    /// Zone offset of the event, minutes east of UTC.
    pub zone_offset_minutes: i32,
    /// When it was captured (stream time).
    pub record_time: Micros,
    /// Gateway wall clock at capture; latency only.
    pub captured_at: Micros,
    /// Bare CBV word or custom URI.
    pub biz_step: Option<String>,
    /// Bare CBV word or custom URI.
    pub disposition: Option<String>,
    /// Dispositions set.
    pub persistent_set: Vec<String>,
    /// Dispositions taken back.
    pub persistent_unset: Vec<String>,
    /// Read point as given.
    pub read_point: Option<String>,
    /// Business location as given.
    pub biz_location: Option<String>,
    /// Business transactions.
    pub biz_transactions: Vec<TypedId>,
    /// Sources.
    pub sources: Vec<TypedId>,
    /// Destinations.
    pub destinations: Vec<TypedId>,
    /// Lot the event names for its units.
    pub lot: Option<String>,
    /// Expiry the event names, ISO date.
    pub expiry: Option<String>,
    /// GLN of the party in possession after the event, where the event says so (possessing_party).
    pub custodian: Option<String>,
    /// GLN of the owner after the event, where the event says so (owning_party).
    pub owner: Option<String>,
    /// GLNs of all parties the event names.
    pub parties_named: Vec<String>,
    /// Degrees north, when the read itself carries a position.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Accuracy of that position, metres.
    pub accuracy_m: Option<f64>,
    /// consumer or professional for a verification scan.
    pub scan_kind: Option<String>,
    /// Keyed hash of the device id.
    pub device: Option<String>,
    /// Keyed hash of the session id.
    pub session: Option<String>,
    /// Authenticated publisher.
    pub source_party: String,
    /// Parties that may see it; empty means its publisher only.
    pub visible_to: Vec<String>,
    /// Capture job.
    pub capture_id: String,
    /// Source document.
    pub document_id: Option<String>,
    /// Reference-data offset (exclusive) needed to enrich it.
    pub reference_offset: i64,
}

/// Topic unit-inbox, key unit. One event as it concerns one unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitEvent {
    /// Unit key.
    pub unit: String,
    /// Event id.
    pub event_id: String,
    /// Issued by the dispatcher for this event id, rising; the highest wins.
    pub revision: i64,
    /// False withdraws the event (error declaration, lost conflict).
    pub asserted: bool,
    /// epc, parent, child, input, output or class; place for an event that touches no unit, keyed by its read point.
    pub role: String,
    /// For role child: key of the parent; null when the event names none.
    pub parent: Option<String>,
    /// For role parent: keys of the children named, at most 500 a message.
    pub children: Vec<String>,
    /// Number of this message among `parts`, from 0.
    pub part: i32,
    /// Messages this unit gets of this event.
    pub parts: i32,
    /// For role parent: a DELETE without child list, everything in it is unpacked.
    pub all_children: bool,
    /// For role class: amount.
    pub quantity: Option<f64>,
    /// For role class: unit of measure.
    pub uom: Option<String>,
    /// What the event says.
    pub body: ReadBody,
}

avro_record!(UnitEvent, "UnitEvent");

/// Topic unit-inbox, key unit. A support: the immediate parent says that its read is a read of this child.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InheritedRead {
    /// Key of the child.
    pub unit: String,
    /// Event id of the container's read.
    pub event_id: String,
    /// Immediate parent that issued the support.
    pub parent: String,
    /// Containers from the one read directly down to the immediate parent.
    pub path: Vec<String>,
    /// Length of path; at most 8.
    pub hop: i32,
    /// Issued by the parent's partition for (parent, child), rising; the highest wins.
    pub revision: i64,
    /// False withdraws the support.
    pub asserted: bool,
    /// What the event says.
    pub body: ReadBody,
}

avro_record!(InheritedRead, "InheritedRead");

/// Topic unit-inbox, key parent. The child's own history shows that it left this parent without an unpacking event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MembershipEnd {
    /// Container left.
    pub parent: String,
    /// Unit that left it.
    pub child: String,
    /// Time of the packing that is ended.
    pub packed_at: Micros,
    /// Event id of that packing.
    pub packed_by: String,
    /// When it left.
    pub at: Micros,
    /// Event that shows it.
    pub by_event: String,
    /// packed_elsewhere or terminal_read.
    pub cause: String,
    /// Issued by the child's partition, rising; the highest wins per packing.
    pub revision: i64,
    /// False takes the statement back.
    pub asserted: bool,
}

avro_record!(MembershipEnd, "MembershipEnd");
