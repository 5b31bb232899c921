//! Large containers and long lists.

use crate::harness::Pipeline;
use crate::world::{GTIN, sscc};
use serialtrail_records::EpcisEvent;

fn pack(number: usize) -> String {
    format!("01/{GTIN}/21/P{number}")
}

fn packing(id: &str, parent: &str, children: Vec<String>, time: i64) -> EpcisEvent {
    EpcisEvent {
        event_id: id.into(),
        content_hash: id.into(),
        event_type: "AggregationEvent".into(),
        action: Some("ADD".into()),
        biz_step: Some("packing".into()),
        parent_id: Some(parent.into()),
        child_epcs: children,
        event_time: time,
        ..EpcisEvent::default()
    }
}

fn reading(id: &str, units: Vec<String>, time: i64) -> EpcisEvent {
    EpcisEvent {
        event_id: id.into(),
        content_hash: id.into(),
        event_type: "ObjectEvent".into(),
        action: Some("OBSERVE".into()),
        biz_step: Some("shipping".into()),
        epc_list: units,
        event_time: time,
        ..EpcisEvent::default()
    }
}

/// A pallet of 100 cases of 50 packs.
fn pallet() -> Vec<EpcisEvent> {
    let mut events: Vec<EpcisEvent> = (0..100)
        .map(|case| {
            let packs = (0..50).map(|p| pack(case * 50 + p)).collect();
            packing(&format!("case{case}"), &sscc(100 + case), packs, 10)
        })
        .collect();
    let cases = (0..100).map(|case| sscc(100 + case)).collect();
    events.push(packing("pallet", &sscc(1), cases, 20));
    events.push(reading("ship", vec![sscc(1)], 30));
    events
}

fn inherited(pipeline: &Pipeline) -> usize {
    let reads = pipeline.settled.reads.values();
    reads
        .filter(|r| r.asserted && r.event_id == "ship" && !r.direct)
        .count()
}

fn pipeline() -> Pipeline {
    Pipeline::sized(11, 5_000, 2_000, 256)
}

#[test]
fn one_shipping_event_is_a_read_of_5_000_packs_and_100_cases() {
    let mut pipeline = pipeline();
    for event in pallet() {
        pipeline.event(&event);
    }
    pipeline.settle();
    assert_eq!(inherited(&pipeline), 5_100);
}

#[test]
fn the_same_holds_when_the_packings_come_last_and_one_pack_was_taken_out() {
    let mut pipeline = pipeline();
    for event in pallet().into_iter().rev() {
        pipeline.event(&event);
        pipeline.settle();
    }
    assert_eq!(inherited(&pipeline), 5_100);
    let mut unpacking = packing("out", &sscc(100), vec![pack(7)], 25);
    unpacking.action = Some("DELETE".into());
    pipeline.event(&unpacking);
    pipeline.settle();
    assert_eq!(inherited(&pipeline), 5_099);
    assert!(!pipeline.settled.holds("ship", &pack(7)));
}

#[test]
fn a_container_of_10_000_is_told_over_several_windows() {
    let mut pipeline = pipeline();
    let packs: Vec<String> = (0..10_000).map(pack).collect();
    pipeline.event(&packing("pack", &sscc(1), packs, 10));
    pipeline.event(&reading("ship", vec![sscc(1)], 30));
    pipeline.settle();
    assert_eq!(inherited(&pipeline), 10_000);
    assert_eq!(pipeline.settled.stays().len(), 10_000);
    assert!(
        pipeline.settled.largest_window < 12_000,
        "{}",
        pipeline.settled.largest_window
    );
    let mut emptying = packing("empty", &sscc(1), Vec::new(), 20);
    emptying.action = Some("DELETE".into());
    pipeline.event(&emptying);
    pipeline.settle();
    assert_eq!(inherited(&pipeline), 0);
    assert_eq!(
        pipeline
            .settled
            .reads
            .values()
            .filter(|r| r.event_id == "empty")
            .count(),
        10_001
    );
}

#[test]
fn an_event_of_12_000_units_goes_out_in_pieces_and_can_be_taken_back() {
    let mut pipeline = pipeline();
    let event = reading("ship", (0..12_000).map(pack).collect(), 30);
    pipeline.event(&event);
    pipeline.event(&packing("case", &sscc(1), vec![pack(3)], 10));
    pipeline.settle();
    let standing = |p: &Pipeline| {
        p.settled
            .reads
            .values()
            .filter(|r| r.asserted && r.event_id == "ship")
            .count()
    };
    assert_eq!(standing(&pipeline), 12_000);
    assert!(
        pipeline.settled.largest_window < 12_000,
        "{}",
        pipeline.settled.largest_window
    );
    let smaller = EpcisEvent {
        record_time: -1,
        content_hash: "other".into(),
        epc_list: vec![pack(0), pack(200_000)],
        ..event
    };
    pipeline.event(&smaller);
    pipeline.settle();
    assert_eq!(standing(&pipeline), 2);
    assert_eq!(pipeline.settled.rejected[0].reason, "event_id_conflict");
}
