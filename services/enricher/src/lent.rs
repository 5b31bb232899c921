//! The records the enricher reads and writes as one step sees them: their texts are lent by the message,
//! by state values in the step's [`Arena`], or by reference data. Nothing of them outlives the step.
//!
//! Each has the fields of its record in `serialtrail_records`, in the schema's order, which is where
//! they are explained; what is only written borrows its lists too. The body of a read, which goes from
//! the message into state and out again, is shared, and written as the bytes it was read from.

mod message;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use message::{Message, reference_offset};

use serde::{Deserialize, Serialize};
use serialtrail_records as records;
use serialtrail_records::avro::Encoded;
use serialtrail_records::{AvroRecord, Micros};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Memory of one step: state values as read, texts as made. Given back as a whole at its end.
pub(crate) type Arena = bumpalo::Bump;

/// A struct that is written as, or read from, a record of the contract.
pub(crate) trait Lent {
    /// The record.
    type Record: AvroRecord;
}

macro_rules! lent {
    ($($name:ident: $record:ty),+ $(,)?) => {
        $(impl Lent for $name<'_> { type Record = $record; })+
    };
}

lent! {
    UnitEvent: records::UnitEvent,
    InheritedRead: records::InheritedRead,
    MembershipEnd: records::MembershipEnd,
    RegistryEntry: records::RegistryEntry,
    UnitState: records::state_enricher::UnitState,
    ReadPage: records::state_enricher::ReadPage,
    UnitRead: records::state_enricher::UnitRead,
    ChildPage: records::state_enricher::ChildPage,
    EnrichedObservation: records::EnrichedObservation,
    Membership: records::Membership,
    SerialState: records::SerialState,
}

/// A value that is shared in memory and stands for itself in bytes.
mod shared {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::rc::Rc;

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Rc<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        T::serialize(value, to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Rc<T>, D::Error> {
        T::deserialize(from).map(Rc::new)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TypedId<'a> {
    pub(crate) r#type: Option<&'a str>,
    pub(crate) id: &'a str,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadBody<'a> {
    pub(crate) event_type: &'a str,
    pub(crate) action: Option<&'a str>,
    pub(crate) event_time: Micros,
    pub(crate) zone_offset_minutes: i32,
    pub(crate) record_time: Micros,
    pub(crate) captured_at: Micros,
    pub(crate) biz_step: Option<&'a str>,
    pub(crate) disposition: Option<&'a str>,
    pub(crate) persistent_set: Vec<&'a str>,
    pub(crate) persistent_unset: Vec<&'a str>,
    pub(crate) read_point: Option<&'a str>,
    pub(crate) biz_location: Option<&'a str>,
    pub(crate) biz_transactions: Vec<TypedId<'a>>,
    pub(crate) sources: Vec<TypedId<'a>>,
    pub(crate) destinations: Vec<TypedId<'a>>,
    pub(crate) lot: Option<&'a str>,
    pub(crate) expiry: Option<&'a str>,
    pub(crate) custodian: Option<&'a str>,
    pub(crate) owner: Option<&'a str>,
    pub(crate) parties_named: Vec<&'a str>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) accuracy_m: Option<f64>,
    pub(crate) scan_kind: Option<&'a str>,
    pub(crate) device: Option<&'a str>,
    pub(crate) session: Option<&'a str>,
    pub(crate) source_party: &'a str,
    pub(crate) visible_to: Vec<&'a str>,
    pub(crate) capture_id: &'a str,
    pub(crate) document_id: Option<&'a str>,
    pub(crate) reference_offset: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitEvent<'a> {
    pub(crate) unit: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
    pub(crate) role: &'a str,
    pub(crate) parent: Option<&'a str>,
    pub(crate) children: Vec<&'a str>,
    pub(crate) part: i32,
    pub(crate) parts: i32,
    pub(crate) all_children: bool,
    pub(crate) quantity: Option<f64>,
    pub(crate) uom: Option<&'a str>,
    #[serde(with = "shared")]
    pub(crate) body: Rc<Encoded<'a, ReadBody<'a>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct InheritedRead<'a> {
    pub(crate) unit: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) parent: &'a str,
    pub(crate) path: Vec<&'a str>,
    pub(crate) hop: i32,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
    #[serde(with = "shared")]
    pub(crate) body: Rc<Encoded<'a, ReadBody<'a>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MembershipEnd<'a> {
    pub(crate) parent: &'a str,
    pub(crate) child: &'a str,
    pub(crate) packed_at: Micros,
    pub(crate) packed_by: &'a str,
    pub(crate) at: Micros,
    pub(crate) by_event: &'a str,
    pub(crate) cause: &'a str,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RegistryEntry<'a> {
    pub(crate) unit: &'a str,
    pub(crate) lot: Option<&'a str>,
    pub(crate) expiry: Option<&'a str>,
    pub(crate) status: &'a str,
    pub(crate) status_since: Option<Micros>,
    pub(crate) markets: Vec<&'a str>,
    pub(crate) attributes: BTreeMap<&'a str, &'a str>,
    pub(crate) issued_by: Option<&'a str>,
    pub(crate) source_event: Option<&'a str>,
    pub(crate) source_party: &'a str,
    pub(crate) visible_to: Vec<&'a str>,
    pub(crate) version: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadEntry<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) time: Micros,
    pub(crate) revision: i64,
    pub(crate) flags: i32,
    pub(crate) parent: Option<&'a str>,
    pub(crate) holds: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadPage<'a> {
    #[serde(borrow)]
    pub(crate) reads: Vec<ReadEntry<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Support<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
    pub(crate) role: &'a str,
    pub(crate) parent: Option<&'a str>,
    pub(crate) all_children: bool,
    pub(crate) path: Vec<&'a str>,
    pub(crate) quantity: Option<f64>,
    pub(crate) uom: Option<&'a str>,
    #[serde(with = "shared")]
    pub(crate) body: Rc<Encoded<'a, ReadBody<'a>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitRead<'a> {
    pub(crate) supports: Vec<Support<'a>>,
    pub(crate) page: i32,
    pub(crate) emitted: bool,
    #[serde(with = "serde_bytes")]
    pub(crate) digest: &'a [u8],
    pub(crate) revision: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BaseFacts<'a> {
    pub(crate) known: bool,
    pub(crate) known_by: Option<&'a str>,
    pub(crate) unauthorised_issuer: Option<&'a str>,
    pub(crate) commissioned_at: Option<Micros>,
    pub(crate) commissioned_by: Option<&'a str>,
    pub(crate) source_event: Option<&'a str>,
    pub(crate) lot: Option<&'a str>,
    pub(crate) expiry: Option<&'a str>,
    pub(crate) source_party: &'a str,
    pub(crate) visible_to: Vec<&'a str>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadTask<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) everyone: bool,
    pub(crate) cursor: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Container<'a> {
    pub(crate) revision: i64,
    pub(crate) pages: Vec<i64>,
    pub(crate) dirty: Vec<i64>,
    #[serde(borrow)]
    pub(crate) tasks: Vec<ReadTask<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitState<'a> {
    pub(crate) registry: Option<Encoded<'a, RegistryEntry<'a>>>,
    pub(crate) reads: Vec<ReadEntry<'a>>,
    pub(crate) read_pages: i32,
    pub(crate) facts: Encoded<'a, BaseFacts<'a>>,
    pub(crate) end_revision: i64,
    #[serde(with = "serde_bytes")]
    pub(crate) serial_digest: &'a [u8],
    pub(crate) serial_revision: i64,
    pub(crate) container: Option<Container<'a>>,
    pub(crate) refresh: Option<i32>,
    pub(crate) queued: bool,
    pub(crate) facts_revision: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChildOp<'a> {
    pub(crate) kind: &'a str,
    pub(crate) time: Micros,
    pub(crate) event_id: &'a str,
    pub(crate) packed_by: &'a str,
    pub(crate) revision: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChildInterval<'a> {
    pub(crate) from: Micros,
    pub(crate) from_event: &'a str,
    pub(crate) to: Option<Micros>,
    pub(crate) to_event: Option<&'a str>,
    pub(crate) cause: Option<&'a str>,
    pub(crate) revision: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Child<'a> {
    pub(crate) key: &'a str,
    pub(crate) ops: Vec<ChildOp<'a>>,
    pub(crate) sent: Vec<ChildInterval<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChildPage<'a> {
    #[serde(borrow)]
    pub(crate) children: Vec<Child<'a>>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Site<'a> {
    pub(crate) gln: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) country: Option<&'a str>,
    pub(crate) party: Option<&'a str>,
    pub(crate) party_role: Option<&'a str>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) radius_km: Option<f64>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct UnitFacts<'a> {
    pub(crate) known: bool,
    pub(crate) known_by: Option<&'a str>,
    pub(crate) unauthorised_issuer: Option<&'a str>,
    pub(crate) commissioned_at: Option<Micros>,
    pub(crate) commissioned_by: Option<&'a str>,
    pub(crate) source_event: Option<&'a str>,
    pub(crate) gtin: Option<&'a str>,
    pub(crate) foreign_gtin: bool,
    pub(crate) lot: Option<&'a str>,
    pub(crate) expiry: Option<&'a str>,
    pub(crate) markets: &'a [&'a str],
    pub(crate) product_markets: &'a [String],
    pub(crate) status: Option<&'a str>,
    pub(crate) status_since: Option<Micros>,
    pub(crate) profile: Option<&'a str>,
    pub(crate) product_name: Option<&'a str>,
    pub(crate) brand: Option<&'a str>,
    pub(crate) revision: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct EnrichedObservation<'a> {
    pub(crate) unit: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
    pub(crate) direct: bool,
    pub(crate) role: &'a str,
    pub(crate) parent: Option<&'a str>,
    pub(crate) path: &'a [&'a str],
    pub(crate) quantity: Option<f64>,
    pub(crate) uom: Option<&'a str>,
    pub(crate) clock_suspect: bool,
    pub(crate) beyond_horizon: bool,
    pub(crate) site: Site<'a>,
    pub(crate) destination_kinds: Vec<&'a str>,
    pub(crate) facts: UnitFacts<'a>,
    pub(crate) body: &'a Encoded<'a, ReadBody<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Membership<'a> {
    pub(crate) child: &'a str,
    pub(crate) parent: &'a str,
    pub(crate) from: Micros,
    pub(crate) from_event: &'a str,
    pub(crate) to: Option<Micros>,
    pub(crate) to_event: Option<&'a str>,
    pub(crate) end_cause: Option<&'a str>,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
    pub(crate) source_party: &'a str,
    pub(crate) visible_to: &'a [&'a str],
}

#[derive(Debug, Serialize)]
pub(crate) struct SerialState<'a> {
    pub(crate) unit: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) gtin: Option<&'a str>,
    pub(crate) serial: Option<&'a str>,
    pub(crate) lot: Option<&'a str>,
    pub(crate) expiry: Option<&'a str>,
    pub(crate) markets: &'a [&'a str],
    pub(crate) status: Option<&'a str>,
    pub(crate) status_since: Option<Micros>,
    pub(crate) known: bool,
    pub(crate) known_by: Option<&'a str>,
    pub(crate) commissioned_at: Option<Micros>,
    pub(crate) issued_by: Option<&'a str>,
    pub(crate) source_event: Option<&'a str>,
    pub(crate) parent: Option<&'a str>,
    pub(crate) attributes: BTreeMap<&'a str, &'a str>,
    pub(crate) revision: i64,
    pub(crate) source_party: &'a str,
    pub(crate) visible_to: &'a [&'a str],
}
