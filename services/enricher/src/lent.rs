//! The records the enricher reads and writes as one step sees them: their texts are lent by the message,
//! by state values in the step's [`Arena`], or by reference data. Nothing of them outlives the step.
//!
//! Each has the fields of its record in `serialtrail_records`, in the schema's order, which is where
//! they are explained; what is only written borrows its lists too. The body of a read, which goes from
//! the message into state and out again, is shared.

use serde::{Deserialize, Serialize};
use serialtrail_records as records;
use serialtrail_records::{AvroRecord, Codec, DecodeError, Micros};
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
#[serde(default)]
pub(crate) struct TypedId<'a> {
    pub(crate) r#type: Option<&'a str>,
    pub(crate) id: &'a str,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
#[serde(default)]
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
    pub(crate) body: Rc<ReadBody<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct InheritedRead<'a> {
    pub(crate) unit: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) parent: &'a str,
    pub(crate) path: Vec<&'a str>,
    pub(crate) hop: i32,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
    #[serde(with = "shared")]
    pub(crate) body: Rc<ReadBody<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
#[serde(default)]
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
#[serde(default)]
pub(crate) struct ReadEntry<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) time: Micros,
    pub(crate) revision: i64,
    pub(crate) flags: i32,
    pub(crate) parent: Option<&'a str>,
    pub(crate) holds: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ReadPage<'a> {
    #[serde(borrow)]
    pub(crate) reads: Vec<ReadEntry<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    pub(crate) body: Rc<ReadBody<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UnitRead<'a> {
    pub(crate) supports: Vec<Support<'a>>,
    pub(crate) page: i32,
    pub(crate) emitted: bool,
    #[serde(with = "serde_bytes")]
    pub(crate) digest: &'a [u8],
    pub(crate) revision: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
#[serde(default)]
pub(crate) struct ReadTask<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) everyone: bool,
    pub(crate) cursor: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Container<'a> {
    pub(crate) revision: i64,
    pub(crate) pages: Vec<i64>,
    pub(crate) dirty: Vec<i64>,
    #[serde(borrow)]
    pub(crate) tasks: Vec<ReadTask<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UnitState<'a> {
    pub(crate) registry: Option<RegistryEntry<'a>>,
    pub(crate) reads: Vec<ReadEntry<'a>>,
    pub(crate) read_pages: i32,
    pub(crate) facts: BaseFacts<'a>,
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
#[serde(default)]
pub(crate) struct ChildOp<'a> {
    pub(crate) kind: &'a str,
    pub(crate) time: Micros,
    pub(crate) event_id: &'a str,
    pub(crate) packed_by: &'a str,
    pub(crate) revision: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChildInterval<'a> {
    pub(crate) from: Micros,
    pub(crate) from_event: &'a str,
    pub(crate) to: Option<Micros>,
    pub(crate) to_event: Option<&'a str>,
    pub(crate) cause: Option<&'a str>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Child<'a> {
    pub(crate) key: &'a str,
    pub(crate) ops: Vec<ChildOp<'a>>,
    pub(crate) sent: Vec<ChildInterval<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    pub(crate) body: &'a ReadBody<'a>,
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

/// What may stand on `unit-inbox`; what is rare is owned.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Message<'a> {
    UnitEvent(UnitEvent<'a>),
    InheritedRead(InheritedRead<'a>),
    MembershipEnd(MembershipEnd<'a>),
    RegistryEntry(RegistryEntry<'a>),
    LotStatus(records::LotStatus),
    Mark(records::Mark),
}

impl<'a> Message<'a> {
    pub(crate) fn decode(codec: &'a Codec, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (writer, datum) = codec.writer(bytes)?;
        macro_rules! read {
            ($($kind:ident),+) => {
                $(if writer.is::<records::$kind>() {
                    return writer.read::<records::$kind, _>(datum).map(Self::$kind);
                })+
            };
        }
        read!(
            UnitEvent,
            InheritedRead,
            MembershipEnd,
            RegistryEntry,
            LotStatus,
            Mark
        );
        Err(DecodeError::UnexpectedRecord {
            found: writer.name().to_owned(),
        })
    }

    /// The key it must stand under; `None` for what is addressed to a partition.
    pub(crate) fn key(&self) -> Option<&'a str> {
        match self {
            Self::UnitEvent(m) => Some(m.unit),
            Self::InheritedRead(m) => Some(m.unit),
            Self::MembershipEnd(m) => Some(m.parent),
            Self::RegistryEntry(m) => Some(m.unit),
            Self::LotStatus(_) | Self::Mark(_) => None,
        }
    }
}

/// The reference-data offset a message was stamped with; 0 for one that carries none. Nothing else of
/// it is read, or known to be right.
pub(crate) fn reference_offset(codec: &Codec, bytes: &[u8]) -> Result<i64, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Stamp {
        reference_offset: i64,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Read {
        body: Stamp,
    }
    let (writer, datum) = codec.writer(bytes)?;
    if writer.is::<records::UnitEvent>() {
        return writer
            .read::<records::UnitEvent, Read>(datum)
            .map(|read| read.body.reference_offset);
    }
    if writer.is::<records::InheritedRead>() {
        return writer
            .read::<records::InheritedRead, Read>(datum)
            .map(|read| read.body.reference_offset);
    }
    if writer.is::<records::LotStatus>() {
        return writer
            .read::<records::LotStatus, Stamp>(datum)
            .map(|status| status.reference_offset);
    }
    Ok(0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record as a step sees it.
    pub(crate) fn lend<'a, L: Lent + Deserialize<'a>>(
        codec: &'a Codec,
        arena: &'a Arena,
        record: &L::Record,
    ) -> L {
        let bytes = arena.alloc_slice_copy(&codec.encode(record).unwrap());
        codec.decode_borrowed::<L::Record, L>(bytes).unwrap()
    }

    /// A struct as it stands on a topic or in state.
    pub(crate) fn owned<L: Lent + Serialize>(codec: &Codec, lent: &L) -> L::Record {
        let mut bytes = Vec::new();
        codec
            .encode_borrowed::<L::Record, L>(lent, &mut bytes)
            .unwrap();
        codec.decode(&bytes).unwrap()
    }

    fn body() -> records::ReadBody {
        let typed = |id: &str| {
            vec![records::TypedId {
                r#type: Some("t".into()),
                id: id.into(),
            }]
        };
        records::ReadBody {
            event_type: "ObjectEvent".into(),
            action: Some("ADD".into()),
            event_time: 1,
            zone_offset_minutes: 2,
            record_time: 3,
            captured_at: 4,
            biz_step: Some("s".into()),
            disposition: Some("d".into()),
            persistent_set: vec!["ps".into()],
            persistent_unset: vec!["pu".into()],
            read_point: Some("rp".into()),
            biz_location: Some("bl".into()),
            biz_transactions: typed("bt"),
            sources: typed("so"),
            destinations: typed("de"),
            lot: Some("l".into()),
            expiry: Some("e".into()),
            custodian: Some("c".into()),
            owner: Some("o".into()),
            parties_named: vec!["pn".into()],
            latitude: Some(1.5),
            longitude: Some(2.5),
            accuracy_m: Some(3.5),
            scan_kind: Some("sk".into()),
            device: Some("dv".into()),
            session: Some("se".into()),
            source_party: "sp".into(),
            visible_to: vec!["v".into()],
            capture_id: "ci".into(),
            document_id: Some("di".into()),
            reference_offset: 77,
        }
    }

    fn event() -> records::UnitEvent {
        records::UnitEvent {
            unit: "u".into(),
            event_id: "e".into(),
            revision: 1,
            asserted: true,
            role: "child".into(),
            parent: Some("p".into()),
            children: vec!["a".into(), "b".into()],
            part: 2,
            parts: 3,
            all_children: true,
            quantity: Some(4.0),
            uom: Some("KGM".into()),
            body: body(),
        }
    }

    /// A record with every field filled is the same after it was lent and written again.
    macro_rules! comes_back {
        ($lent:ident, $record:expr) => {{
            let (codec, arena) = (Codec::offline().unwrap(), Arena::new());
            let record = $record;
            assert_eq!(owned(&codec, &lend::<$lent<'_>>(&codec, &arena, &record)), record);
        }};
    }

    #[test]
    fn what_is_lent_is_written_as_it_was_read() {
        use records::state_enricher as state;
        comes_back!(UnitEvent, event());
        let inherited = records::InheritedRead {
            unit: "u".into(),
            event_id: "e".into(),
            parent: "p".into(),
            path: vec!["q".into(), "p".into()],
            hop: 2,
            revision: 3,
            asserted: true,
            body: body(),
        };
        comes_back!(InheritedRead, inherited);
        let end = records::MembershipEnd {
            parent: "p".into(),
            child: "c".into(),
            packed_at: 1,
            packed_by: "b".into(),
            at: 2,
            by_event: "e".into(),
            cause: "terminal_read".into(),
            revision: 3,
            asserted: true,
        };
        comes_back!(MembershipEnd, end);
        let entry = records::RegistryEntry {
            unit: "u".into(),
            lot: Some("l".into()),
            expiry: Some("x".into()),
            status: "active".into(),
            status_since: Some(1),
            markets: vec!["DE".into()],
            attributes: [("k".to_owned(), "v".to_owned())].into(),
            issued_by: Some("i".into()),
            source_event: Some("e".into()),
            source_party: "s".into(),
            visible_to: vec!["v".into()],
            version: 4,
        };
        comes_back!(RegistryEntry, entry.clone());
        let read = state::ReadEntry {
            event_id: "e".into(),
            time: 1,
            revision: 2,
            flags: 3,
            parent: Some("p".into()),
            holds: true,
        };
        comes_back!(
            ReadPage,
            state::ReadPage {
                reads: vec![read.clone()]
            }
        );
        let support = state::Support {
            issuer: "i".into(),
            revision: 1,
            asserted: true,
            role: "epc".into(),
            parent: Some("p".into()),
            all_children: true,
            path: vec!["a".into()],
            quantity: Some(1.0),
            uom: Some("KGM".into()),
            body: body(),
        };
        let unit_read = state::UnitRead {
            supports: vec![support],
            page: 1,
            emitted: true,
            digest: vec![1, 2, 3],
            revision: 5,
        };
        comes_back!(UnitRead, unit_read);
        let unit = state::UnitState {
            registry: Some(entry),
            reads: vec![read],
            read_pages: 1,
            facts: state::BaseFacts {
                known: true,
                known_by: Some("registry".into()),
                unauthorised_issuer: Some("x".into()),
                commissioned_at: Some(1),
                commissioned_by: Some("y".into()),
                source_event: Some("e".into()),
                lot: Some("l".into()),
                expiry: Some("z".into()),
                source_party: "s".into(),
                visible_to: vec!["v".into()],
            },
            end_revision: 2,
            serial_digest: vec![7; 16],
            serial_revision: 3,
            container: Some(state::Container {
                revision: 4,
                pages: vec![0],
                dirty: vec![0],
                tasks: vec![state::ReadTask {
                    event_id: "e".into(),
                    everyone: true,
                    cursor: 5,
                }],
            }),
            refresh: Some(1),
            queued: true,
            facts_revision: 6,
        };
        comes_back!(UnitState, unit);
        let child = state::Child {
            key: "c".into(),
            ops: vec![state::ChildOp {
                kind: "pack".into(),
                time: 1,
                event_id: "e".into(),
                packed_by: "b".into(),
                revision: 2,
            }],
            sent: vec![state::ChildInterval {
                from: 1,
                from_event: "e".into(),
                to: Some(2),
                to_event: Some("f".into()),
                cause: Some("unpacked".into()),
            }],
        };
        comes_back!(
            ChildPage,
            state::ChildPage {
                children: vec![child]
            }
        );
    }

    #[test]
    fn the_offset_a_message_was_stamped_with_is_read_alone() {
        let codec = Codec::offline().unwrap();
        let of = |bytes: Vec<u8>| reference_offset(&codec, &bytes).unwrap();
        assert_eq!(of(codec.encode(&event()).unwrap()), 77);
        let inherited = records::InheritedRead {
            body: body(),
            ..records::InheritedRead::default()
        };
        assert_eq!(of(codec.encode(&inherited).unwrap()), 77);
        let status = records::LotStatus {
            reference_offset: 8,
            ..records::LotStatus::default()
        };
        assert_eq!(of(codec.encode(&status).unwrap()), 8);
        assert_eq!(of(codec.encode(&records::Mark::default()).unwrap()), 0);
    }
}
