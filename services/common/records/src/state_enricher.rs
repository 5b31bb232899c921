//! State of the enricher: reads, facts and containment of each unit.

use serde::{Deserialize, Serialize};

use crate::registry::RegistryEntry;
use crate::unit::ReadBody;
use crate::{Micros, avro_record};

/// One read in the index of a unit: what decides containment and facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadEntry {
    /// Event.
    pub event_id: String,
    /// Event time.
    pub time: Micros,
    /// Revision of the direct support; 0 when there is none.
    pub revision: i64,
    /// What the event does to the unit: bits of the enricher.
    pub flags: i32,
    /// Direct child: the parent named.
    pub parent: Option<String>,
    /// At least one support holds.
    pub holds: bool,
}

/// State of the enricher, key x/<n> <unit>. Further pages of the index of a unit with many reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadPage {
    /// Reads, in the order they came.
    pub reads: Vec<ReadEntry>,
}

avro_record!(ReadPage, "state/ReadPage");

/// One reason why a read holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Support {
    /// Immediate parent that issued it; empty for the event itself.
    pub issuer: String,
    /// Highest revision heard.
    pub revision: i64,
    /// It holds.
    pub asserted: bool,
    /// Role, for the event itself.
    pub role: String,
    /// Parent named, for role child.
    pub parent: Option<String>,
    /// For role parent: the event unpacks everything.
    pub all_children: bool,
    /// Containers, for an inherited read.
    pub path: Vec<String>,
    /// For classes.
    pub quantity: Option<f64>,
    /// For classes.
    pub uom: Option<String>,
    /// What the event says.
    pub body: ReadBody,
}

/// State of the enricher, key r/<unit> <event id>. One read of one unit with its supports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitRead {
    /// All supports heard.
    pub supports: Vec<Support>,
    /// Page of the index; 0 = within the unit.
    pub page: i32,
    /// Asserted in `enriched`.
    pub emitted: bool,
    /// Hash of what was emitted last.
    #[serde(with = "serde_bytes")]
    pub digest: Vec<u8>,
    /// Revision emitted last.
    pub revision: i64,
}

avro_record!(UnitRead, "state/UnitRead");

/// What the registry and commissionings say of a unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaseFacts {
    /// In the registry or commissioned by someone entitled to.
    pub known: bool,
    /// registry, commissioning or transformation.
    pub known_by: Option<String>,
    /// Party that commissioned it without being entitled to.
    pub unauthorised_issuer: Option<String>,
    /// Event time of its first commissioning.
    pub commissioned_at: Option<Micros>,
    /// Party.
    pub commissioned_by: Option<String>,
    /// Event.
    pub source_event: Option<String>,
    /// Lot: the registry's, else the first commissioning's.
    pub lot: Option<String>,
    /// Expiry, likewise.
    pub expiry: Option<String>,
    /// Whose statement it rests on.
    pub source_party: String,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
}

/// A read of a container on its way to the children.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadTask {
    /// Read; empty for all reads at once.
    pub event_id: String,
    /// Retract where the read does not hold, not only assert where it does.
    pub everyone: bool,
    /// Hash of children from which to go on.
    pub cursor: i64,
}

/// What a unit is as a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Revision sent last.
    pub revision: i64,
    /// Pages of children: first hash * 64 + depth, ascending.
    pub pages: Vec<i64>,
    /// Pages whose children were not all told of changes.
    pub dirty: Vec<i64>,
    /// Reads on their way.
    pub tasks: Vec<ReadTask>,
}

/// State of the enricher, key u/<unit>. What is known of one unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitState {
    /// Registry entry.
    pub registry: Option<RegistryEntry>,
    /// Index of reads, first page.
    pub reads: Vec<ReadEntry>,
    /// Further pages.
    pub read_pages: i32,
    /// Facts as used for what was emitted last.
    pub facts: BaseFacts,
    /// Revision of the last MembershipEnd sent.
    pub end_revision: i64,
    /// Hash of the serial state emitted last.
    #[serde(with = "serde_bytes")]
    pub serial_digest: Vec<u8>,
    /// Its revision.
    pub serial_revision: i64,
    /// As a container.
    pub container: Option<Container>,
    /// Reads are to be emitted again from this page of the index on.
    pub refresh: Option<i32>,
    /// Stands in the work queue.
    pub queued: bool,
    /// Revision of the unit's facts, rising.
    pub facts_revision: i64,
}

avro_record!(UnitState, "state/UnitState");

/// What happened to a child in a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildOp {
    /// pack, unpack, or the cause of a MembershipEnd.
    pub kind: String,
    /// When.
    pub time: Micros,
    /// Event.
    pub event_id: String,
    /// For a MembershipEnd: packing that it ends; else empty.
    pub packed_by: String,
    /// Revision of the event, or of the MembershipEnd.
    pub revision: i64,
}

/// A stay of a child in a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildInterval {
    /// Packed at.
    pub from: Micros,
    /// Packing event.
    pub from_event: String,
    /// Left at; null while inside.
    pub to: Option<Micros>,
    /// Event that ended it.
    pub to_event: Option<String>,
    /// Why it ended.
    pub cause: Option<String>,
    /// Revision of the packing event it was told from.
    pub revision: i64,
}

/// A child of a container, now or ever.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Child {
    /// Unit key.
    pub key: String,
    /// What happened to it.
    pub ops: Vec<ChildOp>,
    /// Stays the child and `enriched` were told of.
    pub sent: Vec<ChildInterval>,
}

/// State of the enricher, key c/<page> <unit>. Children of a container whose hashes fall into one range.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildPage {
    /// Children, by key.
    pub children: Vec<Child>,
}

avro_record!(ChildPage, "state/ChildPage");
