//! Which version of an event id stands, seen from its units: the same for every order of arrival.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serialtrail_dispatcher::DispatcherStage;
use serialtrail_records::{
    Codec, EpcisEvent, ErrorDeclaration, Mark, Quantity, RejectedEvent, UnitEvent, UnitMessage,
};
use serialtrail_stream::Stage;
use serialtrail_stream::testing::{TestContext, record};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const BUDGET: usize = 5_000;

struct Bench {
    codec: Arc<Codec>,
    stage: DispatcherStage,
    ctx: TestContext,
    offset: i64,
    /// Highest revision each unit has heard.
    units: BTreeMap<String, UnitEvent>,
    /// Messages in the order they went out.
    sent: Vec<UnitEvent>,
    rejected: Vec<RejectedEvent>,
    marks: usize,
    largest_window: usize,
}

impl Bench {
    fn new() -> Self {
        let codec = Arc::new(Codec::offline().unwrap());
        Self {
            stage: DispatcherStage::new(Arc::clone(&codec)),
            codec,
            ctx: TestContext::new(0),
            offset: 0,
            units: BTreeMap::new(),
            sent: Vec::new(),
            rejected: Vec::new(),
            marks: 0,
            largest_window: 0,
        }
    }

    fn step(&mut self, event: &EpcisEvent) {
        self.offset += 1;
        let value = self.codec.encode(event).unwrap();
        let key = event.event_id.as_bytes();
        let record = record("epcis-events", 0, self.offset, Some(key), &value);
        self.stage.step(&record, &mut self.ctx).unwrap();
    }

    fn mark(&mut self, time: i64) {
        let mark = Mark {
            source: "epcis-events/0".into(),
            sources: 16,
            time,
        };
        let value = self.codec.encode(&mark).unwrap();
        self.stage
            .step(&record("epcis-events", 0, 0, None, &value), &mut self.ctx)
            .unwrap();
    }

    /// Ends one window; true when work is left.
    fn end(&mut self, budget: usize) -> bool {
        self.stage.end_of_window(budget, &mut self.ctx).unwrap();
        let outputs = self.ctx.take_outputs();
        self.largest_window = self.largest_window.max(outputs.len());
        for output in outputs {
            let value = output.value.unwrap();
            assert!(value.len() <= 256 * 1024);
            if output.topic == "rejected-events" {
                self.rejected.push(self.codec.decode(&value).unwrap());
                continue;
            }
            match UnitMessage::decode(&self.codec, &value).unwrap() {
                UnitMessage::UnitEvent(unit) => {
                    let had = self.units.get(&unit.unit).map_or(0, |u| u.revision);
                    assert!(unit.revision >= had, "revisions rise");
                    self.units.insert(unit.unit.clone(), unit.clone());
                    self.sent.push(unit);
                }
                UnitMessage::Mark(_) => self.marks += 1,
                other => panic!("{other:?}"),
            }
        }
        self.stage.has_pending(&mut self.ctx).unwrap()
    }

    fn settle(&mut self) {
        while self.end(BUDGET) {}
    }

    fn capture(&mut self, events: &[EpcisEvent]) {
        for event in events {
            self.step(event);
            self.settle();
        }
    }

    /// Units that believe the event, with the body they were given.
    fn believing(&self) -> BTreeMap<String, (i64, String)> {
        let holding = self.units.values().filter(|u| u.asserted);
        holding
            .map(|u| {
                (
                    u.unit.clone(),
                    (u.body.record_time, u.body.source_party.clone()),
                )
            })
            .collect()
    }

    fn refused(&self, version: &EpcisEvent) -> bool {
        let conflicts = self
            .rejected
            .iter()
            .filter(|r| r.reason == "event_id_conflict");
        conflicts
            .map(|r| &r.original)
            .any(|bytes| *bytes == version.original)
    }
}

fn pack(number: usize) -> String {
    format!("urn:epc:id:sgtin:4012345.011111.{number}")
}

fn key(number: usize) -> String {
    format!("01/04012345111118/21/{number}")
}

fn event(record_time: i64, units: std::ops::Range<usize>) -> EpcisEvent {
    EpcisEvent {
        event_id: "urn:uuid:1".into(),
        content_hash: format!("{units:?}"),
        event_type: "ObjectEvent".into(),
        action: Some("OBSERVE".into()),
        epc_list: units.clone().map(pack).collect(),
        record_time,
        source_party: "a".into(),
        capture_id: "job".into(),
        original: format!("the event as it came: {units:?}").into_bytes(),
        ..EpcisEvent::default()
    }
}

fn declared(event: EpcisEvent) -> EpcisEvent {
    EpcisEvent {
        error_declaration: Some(ErrorDeclaration::default()),
        ..event
    }
}

#[test]
fn a_repeat_tells_nobody_anything() {
    let mut bench = Bench::new();
    bench.capture(&[event(5, 0..3), event(5, 0..3), event(9, 0..3)]);
    assert_eq!(bench.sent.len(), 3);
    assert!(bench.rejected.is_empty());
}

fn class(lot: &str) -> Quantity {
    Quantity {
        epc_class: format!("urn:epc:class:lgtin:4012345.011111.{lot}"),
        quantity: Some(1.0),
        ..Quantity::default()
    }
}

#[test]
fn lot_and_expiry_of_a_transformation_are_its_outputs_alone() {
    let mut bench = Bench::new();
    let transformation = EpcisEvent {
        event_type: "TransformationEvent".into(),
        action: None,
        epc_list: Vec::new(),
        input_epc_list: vec![pack(1)],
        output_epc_list: vec![pack(2)],
        input_quantity_list: vec![class("RAW"), class("BOTH")],
        output_quantity_list: vec![class("BOTH"), class("MADE")],
        lot: Some("NEW".into()),
        expiry: Some("2029-01-31".into()),
        ..event(5, 0..0)
    };
    bench.capture(&[transformation]);
    let new = ("NEW", "2029-01-31");
    let lot = |lot| format!("01/04012345111118/10/{lot}");
    for (unit, role, expected) in [
        (key(1), "input", None),
        (key(2), "output", Some(new)),
        (lot("RAW"), "class", None),
        (lot("BOTH"), "class", Some(new)),
        (lot("MADE"), "class", Some(new)),
    ] {
        let told = &bench.units[&unit];
        let said = told.body.lot.as_deref().zip(told.body.expiry.as_deref());
        assert_eq!((told.role.as_str(), said), (role, expected), "{unit}");
    }
}

#[test]
fn of_two_contents_the_earlier_stands_and_the_other_is_refused_with_its_bytes() {
    for order in [[0, 1], [1, 0]] {
        let versions = [event(5, 0..3), event(6, 2..5)];
        let mut bench = Bench::new();
        bench.capture(&order.map(|at| versions[at].clone()));
        let units: Vec<String> = bench.believing().into_keys().collect();
        assert_eq!(units, (0..3).map(key).collect::<Vec<_>>());
        assert_eq!(bench.rejected.len(), 1);
        let refused = &bench.rejected[0];
        assert_eq!(refused.reason, "event_id_conflict");
        assert_eq!(refused.original, versions[1].original);
        assert_eq!(refused.record_time, 6);
    }
}

#[test]
fn an_error_declaration_withdraws_whichever_comes_first() {
    for first in [true, false] {
        let mut bench = Bench::new();
        let mut events = vec![event(5, 0..3), declared(event(9, 0..3))];
        if !first {
            events.reverse();
        }
        bench.capture(&events);
        assert!(bench.believing().is_empty());
        assert_eq!(bench.sent.len(), if first { 6 } else { 0 });
        assert!(bench.rejected.is_empty());
    }
}

#[test]
fn someone_elses_declaration_is_refused_whichever_comes_first() {
    for first in [true, false] {
        let mut bench = Bench::new();
        let other = EpcisEvent {
            source_party: "b".into(),
            ..declared(event(9, 0..3))
        };
        let mut events = vec![event(5, 0..3), other.clone()];
        if !first {
            events.reverse();
        }
        bench.capture(&events);
        assert_eq!(bench.believing().len(), 3);
        assert_eq!(bench.rejected[0].reason, "declaration_not_by_publisher");
        assert_eq!(bench.rejected[0].original, other.original);
        assert_eq!(bench.rejected[0].source_party, "b");
    }
}

#[test]
fn an_identifier_that_is_none_refuses_the_event_and_names_the_place() {
    let mut bench = Bench::new();
    let mut bad = event(5, 0..3);
    bad.epc_list[1] = "urn:epc:id:sgtin:4012345.99".into();
    bench.capture(&[bad]);
    assert_eq!(bench.rejected[0].place.as_deref(), Some("epcList[1]"));
    assert!(bench.sent.is_empty());
}

#[test]
fn more_transactions_than_a_message_can_carry_refuse_the_event() {
    let mut bench = Bench::new();
    let mut bad = event(5, 0..3);
    bad.biz_transactions = (0..5_000)
        .map(|i| serialtrail_records::TypedId {
            r#type: None,
            id: format!("urn:bt:{i}"),
        })
        .collect();
    bench.capture(&[bad]);
    assert_eq!(bench.rejected[0].reason, "event_body_too_large");
}

#[test]
fn a_hundred_thousand_units_are_told_over_many_windows_and_marks_wait_for_them() {
    let mut bench = Bench::new();
    bench.step(&event(5, 0..100_000));
    bench.mark(77);
    let mut windows = 0;
    while bench.end(BUDGET) {
        windows += 1;
        assert_eq!(bench.marks, 0);
    }
    assert!(windows >= 19, "{windows}");
    assert!(
        bench.largest_window <= BUDGET + 8,
        "{}",
        bench.largest_window
    );
    assert_eq!(bench.believing().len(), 100_000);
    assert_eq!(bench.marks, 8);
    assert!(bench.ctx.state().values().all(|v| v.len() <= 256 * 1024));
}

#[test]
fn a_small_version_that_displaces_a_large_one_does_not_overtake_it() {
    let mut bench = Bench::new();
    bench.step(&event(5, 0..20_000));
    bench.end(BUDGET);
    bench.step(&event(4, 10..20));
    bench.settle();
    let units: Vec<String> = bench.believing().into_keys().collect();
    assert_eq!(units, (10..20).map(key).collect::<Vec<_>>());
    let pages = bench
        .ctx
        .state()
        .keys()
        .filter(|k| k.starts_with(b"p/"))
        .count();
    assert_eq!(pages, 0, "no page of a version that is gone stays");
}

#[test]
fn marks_of_one_window_become_one_to_every_partition() {
    let mut bench = Bench::new();
    bench.mark(10);
    bench.mark(30);
    bench.mark(20);
    bench.end(BUDGET);
    assert_eq!(bench.marks, 8);
    bench.end(BUDGET);
    assert_eq!(bench.marks, 8);
}

/// Bytes that do not compress, so that they take their room in state; another text per seed.
fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let mut at = seed.wrapping_mul(2_654_435_761) | 1;
    std::iter::repeat_with(|| {
        at = at.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (at >> 24) as u8
    })
    .take(bytes)
    .collect()
}

/// Declarations by `count` parties, each as large as it may be.
fn foreign_declarations(count: u32) -> Vec<EpcisEvent> {
    (0..count)
        .map(|party| EpcisEvent {
            source_party: format!("party {party}"),
            visible_to: vec!["9521321000018".into(); 1_800],
            original: noise(party, 16_000),
            ..declared(event(9, 0..3))
        })
        .collect()
}

impl Bench {
    fn largest_state(&self) -> usize {
        self.ctx
            .state()
            .values()
            .map(|v| v.len())
            .max()
            .unwrap_or(0)
    }

    /// Captures one by one; no state value exceeds what a changelog record may hold.
    fn capture_within_state(&mut self, events: &[EpcisEvent]) {
        for event in events {
            self.capture(std::slice::from_ref(event));
            let largest = self.largest_state();
            assert!(largest <= 256 * 1024, "{largest}");
        }
    }
}

#[test]
fn forty_parties_declare_one_event_and_each_is_refused_once_with_its_bytes() {
    for event_first in [true, false] {
        let mut bench = Bench::new();
        let declarations = foreign_declarations(40);
        let standing = event(5, 0..3);
        let mut events = declarations.clone();
        events.insert(if event_first { 0 } else { 40 }, standing);
        bench.capture_within_state(&events);
        bench.capture_within_state(&declarations);
        assert_eq!(bench.believing().len(), 3);
        let refused: BTreeSet<_> = bench.rejected.iter().map(|r| r.original.clone()).collect();
        let sent: BTreeSet<_> = declarations.iter().map(|d| d.original.clone()).collect();
        assert_eq!(bench.rejected.len(), 40);
        assert_eq!(refused, sent);
        let waited = if event_first { 40 } else { 4 };
        let foreign = bench
            .rejected
            .iter()
            .filter(|r| r.reason == "declaration_not_by_publisher");
        assert_eq!(foreign.count(), waited);
        assert!(
            bench.largest_state() < 8 * 1024,
            "little stays of what was refused: {}",
            bench.largest_state()
        );
    }
}

#[test]
fn the_publishers_declaration_withdraws_even_after_forty_others() {
    let mut bench = Bench::new();
    let mut events = foreign_declarations(40);
    events.push(declared(event(9, 0..3)));
    events.push(event(5, 0..3));
    bench.capture_within_state(&events);
    assert!(bench.believing().is_empty());
    assert!(bench.sent.is_empty());
}

#[test]
fn a_declaration_that_names_too_many_parties_is_refused_like_an_event() {
    let mut bench = Bench::new();
    let mut bad = declared(event(9, 0..3));
    bad.visible_to = vec!["9521321000018".into(); 5_000];
    bench.capture(&[bad.clone(), event(5, 0..3)]);
    assert_eq!(bench.rejected.len(), 1);
    assert_eq!(bench.rejected[0].reason, "event_body_too_large");
    assert_eq!(bench.rejected[0].original, bad.original);
    assert_eq!(bench.believing().len(), 3);
}

#[test]
fn many_large_versions_queued_before_the_first_is_told_fit_into_state() {
    let mut bench = Bench::new();
    for record_time in (10..20).rev() {
        let mut version = event(record_time, 0..1_100);
        version.content_hash = format!("version {record_time}");
        version.visible_to = vec!["9".repeat(30_000)];
        version.original = noise(record_time as u32, 16_000);
        bench.step(&version);
        let largest = bench.largest_state();
        assert!(largest <= 256 * 1024, "{largest}");
    }
    bench.settle();
    let believing = bench.believing();
    assert_eq!(believing.len(), 1_100);
    assert!(believing.values().all(|(time, _)| *time == 10));
    let mut told = bench.units.values();
    assert!(told.all(|u| u.body.visible_to[0].len() == 30_000));
    let pages = bench.ctx.state().keys().filter(|k| k.starts_with(b"p/"));
    let stay: BTreeSet<&[u8]> = pages
        .map(|k| k.split(|b| *b == b'/').nth(1).unwrap())
        .collect();
    assert_eq!(stay.len(), 1, "only the pages of the version that stands");
}

fn any_capture() -> impl Strategy<Value = EpcisEvent> {
    (0usize..3, 0i64..4, 0usize..2, 0u8..4).prop_map(|(content, record_time, party, declares)| {
        let units = [0..3, 2..5, 0..1][content].clone();
        let event = EpcisEvent {
            source_party: ["a", "b"][party].into(),
            ..event(record_time, units)
        };
        if declares == 0 {
            declared(event)
        } else {
            event
        }
    })
}

proptest! {
    #[test]
    fn what_stands_does_not_depend_on_the_order(
        captures in proptest::collection::vec(any_capture(), 1..7),
        seed in any::<u64>(),
    ) {
        let mut one = Bench::new();
        one.capture(&captures);
        let mut shuffled = captures.clone();
        shuffled.sort_by_key(|e| (seed ^ e.record_time as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ e.content_hash.len() as u64);
        let mut other = Bench::new();
        other.capture(&shuffled);
        prop_assert_eq!(one.believing(), other.believing());
        let versions: Vec<_> = captures.iter().filter(|e| e.error_declaration.is_none()).collect();
        let first = versions
            .iter()
            .min_by_key(|e| (e.record_time, e.content_hash.clone(), e.source_party.clone()));
        // A content that stands in the end may have been refused before its earliest capture came.
        for loser in versions.iter().filter(|v| first.is_some_and(|f| f.content_hash != v.content_hash)) {
            prop_assert!(one.refused(loser), "{:?}", loser);
            prop_assert!(other.refused(loser), "{:?}", loser);
        }
        let expected: BTreeSet<String> = first
            .filter(|first| !captures.iter().any(|e| {
                e.error_declaration.is_some() && e.source_party == first.source_party
            }))
            .map(|first| first.epc_list.len())
            .map(|count| match count {
                1 => (0..1).map(key).collect(),
                _ if first.unwrap().epc_list[0] == pack(0) => (0..3).map(key).collect(),
                _ => (2..5).map(key).collect(),
            })
            .unwrap_or_default();
        prop_assert_eq!(one.believing().into_keys().collect::<BTreeSet<_>>(), expected);
    }
}
