//! Records lent and written again.

use super::*;
use serialtrail_records::Codec;

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
        assert_eq!(
            owned(&codec, &lend::<$lent<'_>>(&codec, &arena, &record)),
            record
        );
    }};
    // The same once parts of it have lost the bytes they were read from.
    ($lent:ident, $record:expr, $forget:expr) => {{
        let (codec, arena) = (Codec::offline().unwrap(), Arena::new());
        let record = $record;
        let mut lent = lend::<$lent<'_>>(&codec, &arena, &record);
        let forget: fn(&mut $lent<'_>) = $forget;
        forget(&mut lent);
        assert_eq!(owned(&codec, &lent), record);
        comes_back!($lent, record);
    }};
}

fn anew<'a, T: Clone>(value: &Encoded<'a, T>) -> Encoded<'a, T> {
    Encoded::new(value.value().clone())
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
    comes_back!(UnitRead, unit_read, |read| {
        for support in &mut read.supports {
            support.body = Rc::new(anew(&support.body));
        }
    });
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
    comes_back!(UnitState, unit, |unit| {
        unit.registry = unit.registry.as_ref().map(anew);
        unit.facts = anew(&unit.facts);
    });
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
            revision: 3,
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
