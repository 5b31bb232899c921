//! Cases with names.

use crate::harness::{PARTITIONS, Pipeline};
use crate::world::{Event, GTIN, MAKER, What, sscc, unit};
use serialtrail_records::{EpcisEvent, LotStatus, Quantity, RegistryEntry};

fn event(id: usize, time: i64, what: What) -> Event {
    Event {
        id,
        time,
        record_time: time,
        party: 0,
        declaration: false,
        what,
    }
}

fn settled(events: &[Event]) -> Pipeline {
    let mut pipeline = Pipeline::new(5);
    for event in events {
        pipeline.event(&event.record());
        pipeline.settle();
    }
    pipeline
}

const CASE: usize = 6;
const PALLET: usize = 7;

#[test]
fn a_packing_that_arrives_after_the_shipping_still_gives_the_read_to_its_content() {
    let mut pipeline = settled(&[event(2, 20, What::Read(vec![CASE], "shipping"))]);
    assert!(!pipeline.settled.holds("urn:e:002", &unit(0)));
    pipeline.event(&event(1, 10, What::Pack(CASE, vec![0, 1])).record());
    pipeline.settle();
    assert!(pipeline.settled.holds("urn:e:002", &unit(0)));
    assert!(pipeline.settled.holds("urn:e:002", &unit(1)));
}

#[test]
fn an_unpacking_that_arrives_late_withdraws_the_reads_after_it() {
    let mut pipeline = settled(&[
        event(1, 10, What::Pack(CASE, vec![0, 1])),
        event(3, 30, What::Read(vec![CASE], "shipping")),
    ]);
    assert!(pipeline.settled.holds("urn:e:003", &unit(0)));
    pipeline.event(&event(2, 20, What::Unpack(CASE, vec![0])).record());
    pipeline.settle();
    assert!(!pipeline.settled.holds("urn:e:003", &unit(0)));
    assert!(pipeline.settled.holds("urn:e:003", &unit(1)));
    let stay = &pipeline.settled.stays()[0];
    assert_eq!(
        (stay.from, stay.to, stay.end_cause.as_deref()),
        (10, Some(20), Some("unpacked"))
    );
}

/// Two parties publish different contents under one event's id; both say that the pack went in.
#[test]
fn a_stay_is_told_by_the_version_of_the_packing_that_stands() {
    let one = event(1, 10, What::Pack(CASE, vec![0]));
    let other = Event {
        party: 2,
        what: What::Pack(CASE, vec![0, 1]),
        ..one.clone()
    };
    let [stays, reversed] = [[&one, &other], [&other, &one]]
        .map(|order| settled(&order.map(Clone::clone)).settled.stays());
    assert_eq!(stays, reversed);
    assert_eq!(stays[0].child, unit(0));
    assert!(
        stays
            .iter()
            .all(|s| s.source_party == stays[0].source_party)
    );
}

#[test]
fn a_read_goes_down_through_every_container() {
    let pipeline = settled(&[
        event(1, 10, What::Pack(CASE, vec![0])),
        event(2, 11, What::Pack(PALLET, vec![CASE])),
        event(3, 30, What::Read(vec![PALLET], "shipping")),
    ]);
    let read = &pipeline.settled.reads[&("urn:e:003".to_owned(), unit(0))];
    assert_eq!(read.path, [unit(PALLET), unit(CASE)]);
    assert_eq!(read.parent.as_deref(), Some(unit(CASE).as_str()));
    assert_eq!((read.direct, read.role.as_str()), (false, "inherited"));
    assert_eq!(read.site.country.as_deref(), Some("FR"));
}

#[test]
fn a_withdrawn_event_leaves_no_read_of_anything_in_the_container() {
    let read = event(3, 30, What::Read(vec![PALLET], "shipping"));
    let mut pipeline = settled(&[
        event(1, 10, What::Pack(CASE, vec![0])),
        event(2, 11, What::Pack(PALLET, vec![CASE])),
        read.clone(),
    ]);
    assert!(pipeline.settled.holds("urn:e:003", &unit(0)));
    pipeline.event(
        &Event {
            declaration: true,
            ..read
        }
        .record(),
    );
    pipeline.settle();
    for unit in [unit(0), unit(CASE), unit(PALLET)] {
        assert!(!pipeline.settled.holds("urn:e:003", &unit), "{unit}");
    }
}

#[test]
fn an_emptying_stays_one_when_an_inherited_version_of_its_event_is_withdrawn() {
    // The version that is displaced empties the pallet around the case, the one that stands the case.
    let other = Event {
        record_time: 9,
        ..event(3, 20, What::UnpackAll(PALLET))
    };
    let stands = Event {
        record_time: 1,
        ..event(3, 20, What::UnpackAll(CASE))
    };
    let pipeline = settled(&[
        event(1, 10, What::Pack(CASE, vec![0])),
        event(2, 11, What::Pack(PALLET, vec![CASE])),
        other,
        stands,
    ]);
    let stays = pipeline.settled.stays();
    let ends: Vec<_> = stays
        .iter()
        .map(|s| (&s.child, s.end_cause.as_deref()))
        .collect();
    assert_eq!(
        ends,
        [(&unit(CASE), None), (&unit(0), Some("unpacked_all"))]
    );
}

#[test]
fn what_is_sold_leaves_its_case_without_an_unpacking() {
    let pipeline = settled(&[
        event(1, 10, What::Pack(CASE, vec![0, 1])),
        event(2, 20, What::Read(vec![0], "retail_selling")),
        event(3, 30, What::Read(vec![CASE], "shipping")),
    ]);
    assert!(!pipeline.settled.holds("urn:e:003", &unit(0)));
    assert!(pipeline.settled.holds("urn:e:003", &unit(1)));
}

#[test]
fn containers_packed_into_each_other_are_refused_and_the_loop_ends() {
    for order in [[1, 2], [2, 1]] {
        let packings = [
            event(1, 10, What::Pack(CASE, vec![PALLET, 0])),
            event(2, 11, What::Pack(PALLET, vec![CASE, 1])),
        ];
        let mut pipeline = Pipeline::new(9);
        for at in order {
            pipeline.event(&packings[at - 1].record());
        }
        pipeline.event(&event(3, 30, What::Read(vec![CASE], "shipping")).record());
        pipeline.settle();
        for u in [0, 1, CASE, PALLET] {
            assert!(pipeline.settled.holds("urn:e:003", &unit(u)), "{u}");
        }
        let refused = pipeline
            .settled
            .rejected
            .iter()
            .find(|r| r.reason == "container_loop" && r.event_id.as_deref() == Some("urn:e:003"))
            .unwrap();
        assert_eq!(refused.path, [unit(CASE), unit(PALLET)]);
        assert!(!refused.original.is_empty());
    }
}

#[test]
fn a_unit_packed_into_itself_is_refused() {
    let pipeline = settled(&[event(1, 10, What::Pack(CASE, vec![CASE, 0]))]);
    assert_eq!(pipeline.settled.rejected[0].reason, "container_loop");
    assert_eq!(pipeline.settled.stays().len(), 1);
}

#[test]
fn a_read_is_inherited_through_eight_containers_and_no_further() {
    let mut pipeline = Pipeline::new(3);
    for depth in 0..10 {
        let packing = EpcisEvent {
            event_id: format!("pack{depth}"),
            content_hash: format!("pack{depth}"),
            event_type: "AggregationEvent".into(),
            action: Some("ADD".into()),
            parent_id: Some(sscc(depth)),
            child_epcs: vec![sscc(depth + 1)],
            event_time: 10,
            ..EpcisEvent::default()
        };
        pipeline.event(&packing);
    }
    let read = EpcisEvent {
        event_id: "read".into(),
        content_hash: "read".into(),
        event_type: "ObjectEvent".into(),
        action: Some("OBSERVE".into()),
        epc_list: vec![sscc(0)],
        event_time: 20,
        ..EpcisEvent::default()
    };
    pipeline.event(&read);
    pipeline.settle();
    for depth in 0..=10 {
        assert_eq!(
            pipeline.settled.holds("read", &sscc(depth)),
            depth <= 8,
            "{depth}"
        );
    }
    let refused: Vec<_> = pipeline
        .settled
        .rejected
        .iter()
        .filter(|r| r.reason == "hop_limit" && r.event_id.as_deref() == Some("read"))
        .collect();
    assert!(
        refused.iter().all(|r| r.reject_id == refused[0].reject_id),
        "one refusal"
    );
    assert_eq!(refused[0].path.len(), 9);
}

#[test]
fn a_commissioning_makes_earlier_and_later_reads_of_the_pack_known() {
    let commissioning = event(2, 5, What::Commission(vec![0]));
    let mut pipeline = settled(&[event(1, 10, What::Read(vec![0], "shipping"))]);
    let key = ("urn:e:001".to_owned(), unit(0));
    assert!(!pipeline.settled.reads[&key].facts.known);
    pipeline.event(&commissioning.record());
    pipeline.settle();
    let facts = &pipeline.settled.reads[&key].facts;
    assert_eq!((facts.known, facts.lot.as_deref()), (true, Some("L2")));
    assert_eq!(facts.commissioned_by.as_deref(), Some(MAKER));
    assert!(pipeline.settled.serials[&unit(0)].known);
    pipeline.event(
        &Event {
            declaration: true,
            ..commissioning
        }
        .record(),
    );
    pipeline.settle();
    assert!(!pipeline.settled.reads[&key].facts.known, "withdrawn again");
    let forged = Event {
        party: 2,
        ..event(3, 4, What::Commission(vec![0]))
    };
    pipeline.event(&forged.record());
    pipeline.settle();
    let facts = &pipeline.settled.reads[&key].facts;
    assert!(!facts.known);
    assert_eq!(facts.unauthorised_issuer.as_deref(), Some("6666666000008"));
}

#[test]
fn a_changed_registry_entry_is_in_every_read() {
    let mut pipeline = settled(&[event(1, 10, What::Read(vec![0], "shipping"))]);
    let key = ("urn:e:001".to_owned(), unit(0));
    for (version, status) in [(2, "stolen"), (1, "active")] {
        let entry = RegistryEntry {
            unit: unit(0),
            status: status.into(),
            version,
            ..RegistryEntry::default()
        };
        pipeline.entry(&entry);
        pipeline.settle();
        let facts = &pipeline.settled.reads[&key].facts;
        assert!(facts.known);
        assert_eq!(
            facts.status.as_deref(),
            Some("stolen"),
            "the highest version counts"
        );
    }
}

fn recall(id: &str, party: &str) -> EpcisEvent {
    EpcisEvent {
        event_id: id.into(),
        content_hash: id.into(),
        event_type: "ObjectEvent".into(),
        action: Some("OBSERVE".into()),
        disposition: Some("recalled".into()),
        event_time: 50,
        record_time: 50,
        source_party: party.into(),
        quantity_list: vec![Quantity {
            epc_class: format!("01/{GTIN}/10/L7"),
            key: format!("01/{GTIN}/10/L7"),
            ..Quantity::default()
        }],
        ..EpcisEvent::default()
    }
}

#[test]
fn a_recall_reaches_every_partition_and_so_does_its_withdrawal() {
    let mut pipeline = Pipeline::new(4);
    pipeline.event(&recall("r", MAKER));
    pipeline.event(&recall("x", "6666666000008"));
    pipeline.settle();
    let count = |pipeline: &Pipeline, source: &str, wanted: &dyn Fn(&LotStatus) -> bool| {
        pipeline
            .settled
            .lots
            .iter()
            .filter(|l| l.source == source && wanted(l))
            .count()
    };
    let all = PARTITIONS as usize;
    assert_eq!(
        count(&pipeline, "r", &|l| l.authorised
            && l.asserted
            && l.lot == "L7"),
        all
    );
    assert_eq!(count(&pipeline, "x", &|l| !l.authorised && l.asserted), all);
    let mut declaration = recall("r", MAKER);
    declaration.error_declaration = Some(serialtrail_records::ErrorDeclaration::default());
    pipeline.event(&declaration);
    pipeline.settle();
    assert_eq!(
        count(&pipeline, "r", &|l| !l.asserted && l.version == 2),
        all
    );
}

#[test]
fn a_loaded_lot_status_is_the_operators_word() {
    let mut pipeline = Pipeline::new(4);
    pipeline.lot(&LotStatus {
        gtin: GTIN.into(),
        lot: "L1".into(),
        source: "load".into(),
        version: 1,
        asserted: true,
        status: "recalled".into(),
        source_party: "someone".into(),
        ..LotStatus::default()
    });
    pipeline.settle();
    assert_eq!(pipeline.settled.lots.len(), PARTITIONS as usize);
    assert!(pipeline.settled.lots.iter().all(|l| l.authorised));
}

#[test]
fn stream_time_reaches_every_partition_once_all_sources_have_been_heard() {
    let mut pipeline = Pipeline::new(4);
    pipeline.event(&event(1, 10, What::Read(vec![0], "shipping")).record());
    pipeline.mark(100);
    pipeline.mark(200);
    pipeline.settle();
    assert_eq!(pipeline.settled.marks.len(), PARTITIONS as usize);
    assert!(pipeline.settled.marks.values().all(|t| *t == 200));
}

#[test]
fn what_is_no_record_of_ours_is_refused_with_its_bytes() {
    let mut pipeline = Pipeline::new(4);
    let garbage = vec![7u8; 300_000];
    pipeline.raw("epcis-events", 0, None, &garbage);
    pipeline.raw("epcis-events", 1, None, &[0, 0, 1, 0, 0, 9]);
    pipeline.raw("registry-loads", 2, None, b"");
    pipeline.raw("unit-inbox", 3, None, b"{}");
    let read = event(1, 10, What::Read(vec![0], "shipping")).record();
    let bytes = pipeline.codec.encode(&read).unwrap();
    let home = serialtrail_gs1::partition(read.event_id.as_bytes(), PARTITIONS);
    let other = (home + 1) % PARTITIONS;
    pipeline.raw(
        "epcis-events",
        other,
        Some(read.event_id.as_bytes()),
        &bytes,
    );
    let key = (0..)
        .map(|i| format!("k{i}"))
        .find(|k| serialtrail_gs1::partition(k.as_bytes(), PARTITIONS) == home);
    pipeline.raw(
        "epcis-events",
        home,
        key.as_deref().map(str::as_bytes),
        &bytes,
    );
    pipeline.settle();
    let rejected = &pipeline.settled.rejected;
    let reasons: std::collections::BTreeSet<&str> =
        rejected.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(
        reasons.into_iter().collect::<Vec<_>>(),
        [
            "key_mismatch",
            "not_avro_framed",
            "unknown_schema_id",
            "wrong_partition"
        ]
    );
    let mut parts: Vec<_> = rejected.iter().filter(|r| r.parts == 3).collect();
    parts.sort_by_key(|r| r.part);
    let bytes: Vec<u8> = parts.iter().flat_map(|r| r.original.clone()).collect();
    assert_eq!(bytes, garbage);
    assert!(pipeline.settled.reads.is_empty());
}
