//! The detector as a stage: revisions, timers, lots, horizon, refusals.

use crate::support::*;
use crate::world::{NOW, World, seen};
use serialtrail_detector::alerts::{alert_id, standing};
use serialtrail_detector::history::History;
use serialtrail_records::avro::Encoded;
use serialtrail_records::state_detector::{DetectorReads, DetectorUnit};
use serialtrail_records::{EnrichedObservation, Membership};
use serialtrail_stream::Stage;

pub(crate) fn unknown() -> Story {
    known("pharma").facts(|f| {
        f.known = false;
        f.commissioned_at = None;
        f.status = None;
    })
}

pub(crate) fn sale(id: &str, revision: i64, place: Place, after: i64) -> EnrichedObservation {
    seen(
        &known("pharma"),
        &read(id, "dispensing", place, after).but(|r| r.revision = revision),
    )
}

fn withdrawn(o: EnrichedObservation, revision: i64) -> EnrichedObservation {
    EnrichedObservation {
        asserted: false,
        revision,
        ..o
    }
}

#[test]
fn an_alert_says_who_where_when_and_why() {
    let mut w = World::new();
    assert!(w.see(&[sale("a", 1, PHARMACY, 0)]).is_empty());
    let alerts = w.see(&[sale("b", 2, RIVAL, days(2))]);
    let [a] = alerts.as_slice() else {
        panic!("{alerts:?}")
    };
    assert_eq!(a.alert_id, alert_id("DUPLICATE_SCAN", PACK, "b"));
    assert_eq!(a.alert_id.len(), 32);
    assert_eq!(a.epc, "https://id.gs1.org/01/09521234543213/21/ABC123");
    assert_eq!(
        (a.subject.as_str(), a.subject_kind.as_str()),
        (PACK, "unit")
    );
    assert_eq!(
        (a.state.as_str(), a.severity.as_str(), a.revision),
        ("asserted", "high", 1)
    );
    assert_eq!(
        (a.anchor_event.as_str(), a.event_time),
        ("b", START + days(2))
    );
    assert_eq!(a.event_ids, ["a", "b"]);
    assert_eq!(a.site.as_deref(), Some(RIVAL.gln));
    assert_eq!(
        (a.country.as_deref(), a.party.as_deref()),
        (Some("DE"), Some("rival"))
    );
    assert_eq!(
        (a.gtin.as_deref(), a.lot.as_deref()),
        (Some("09521234543213"), Some("L1"))
    );
    assert_eq!(
        (a.profile.as_deref(), a.policy_version.as_str()),
        (Some("pharma"), "2026-11")
    );
    assert_eq!((a.trigger_captured_at, a.detected_at), (77, NOW));
    let keys: Vec<_> = a.evidence.match_indices("\":").map(|(at, _)| at).collect();
    assert!(
        !keys.is_empty() && a.evidence.starts_with("{\"events_total\":2,"),
        "{}",
        a.evidence
    );
}

#[test]
fn later_evidence_updates_the_alert_and_a_repeat_does_not() {
    let mut w = World::new();
    w.see(&[sale("a", 1, PHARMACY, 0), sale("b", 2, RIVAL, days(2))]);
    let update = w.see(&[sale("c", 3, BRANCH, days(4))]);
    assert_eq!(update.len(), 1);
    assert_eq!(
        (update[0].anchor_event.as_str(), update[0].revision),
        ("b", 2)
    );
    assert_eq!(update[0].event_ids, ["a", "b", "c"]);
    assert!(
        w.see(&[sale("c", 3, BRANCH, days(4)), sale("b", 2, RIVAL, days(2))])
            .is_empty()
    );
    let read = seen(
        &known("pharma"),
        &read("d", "storing", PHARMACY, days(5)).but(|r| r.revision = 4),
    );
    assert!(w.see(&[read]).is_empty(), "a read that adds nothing");
}

#[test]
fn a_late_event_that_moves_the_anchor_supersedes_the_alert() {
    let mut w = World::new();
    w.see(&[sale("a", 1, PHARMACY, 0), sale("c", 2, RIVAL, days(4))]);
    let alerts = w.see(&[sale("b", 3, BRANCH, days(2))]);
    let [old, new] = alerts.as_slice() else {
        panic!("{alerts:?}")
    };
    assert_eq!(
        (old.anchor_event.as_str(), old.state.as_str()),
        ("c", "retracted")
    );
    assert_eq!(old.retract_reason.as_deref(), Some("superseded"));
    assert_eq!(old.superseded_by.as_ref(), Some(&new.alert_id));
    assert_eq!(
        (new.anchor_event.as_str(), new.state.as_str()),
        ("b", "asserted")
    );
    assert_eq!(w.raised(), [("DUPLICATE_SCAN".into(), "b".into())]);
}

#[test]
fn a_withdrawn_event_retracts_and_a_late_lower_revision_does_not_bring_it_back() {
    let mut w = World::new();
    let b = sale("b", 2, RIVAL, days(2));
    w.see(&[sale("a", 1, PHARMACY, 0), b.clone()]);
    let gone = w.see(&[withdrawn(b.clone(), 5)]);
    assert_eq!(gone[0].retract_reason.as_deref(), Some("withdrawn_event"));
    assert_eq!(
        gone[0].event_ids,
        ["a", "b"],
        "a retraction keeps what the alert said"
    );
    assert!(
        w.see(&[EnrichedObservation {
            revision: 4,
            ..b.clone()
        }])
        .is_empty()
    );
    assert_eq!(w.raised(), []);
    let again = w.see(&[EnrichedObservation { revision: 6, ..b }]);
    assert_eq!(
        (again[0].state.as_str(), again[0].revision),
        ("asserted", 3)
    );
    assert_eq!(
        (
            again[0].retract_reason.as_ref(),
            again[0].superseded_by.as_ref()
        ),
        (None, None)
    );
}

#[test]
fn withdrawing_the_first_sale_retracts_the_duplicate() {
    let mut w = World::new();
    let a = sale("a", 1, PHARMACY, 0);
    w.see(&[a.clone(), sale("b", 2, RIVAL, days(2))]);
    let gone = w.see(&[withdrawn(a, 3)]);
    assert_eq!(gone[0].retract_reason.as_deref(), Some("no_longer_holds"));
}

#[test]
fn each_read_is_judged_by_the_product_as_of_its_time_and_the_unit_by_the_latest() {
    let product = |profile: &str, market: &str| {
        known(profile).facts(|f| f.product_markets = vec![market.into()])
    };
    let (then, now) = (product("pharma", "DE"), product("fashion", "FR"));
    let reads = [
        seen(
            &then,
            &read("a", "receiving", PHARMACY, 0).but(|r| r.revision = 1),
        ),
        seen(
            &now,
            &read("c", "receiving", PHARMACY, days(9)).but(|r| r.revision = 2),
        ),
        seen(
            &then,
            &read("b", "receiving", PHARMACY_FR, days(1)).but(|r| r.revision = 3),
        ),
    ];
    let (mut w, mut other) = (World::new(), World::new());
    w.see(&reads);
    for read in reads.iter().rev() {
        other.see(std::slice::from_ref(read));
    }
    assert_eq!(w.standing(), other.standing());
    let standing = w.standing();
    assert_eq!(standing[0].3, ["b", "c"], "abroad then, abroad now");
    let sale = [
        sale("d", 4, PHARMACY, days(2)),
        sale("e", 5, RIVAL, days(3)),
    ];
    let raised = w.see(&sale);
    let duplicate = raised.iter().find(|a| a.rule == "DUPLICATE_SCAN").unwrap();
    assert_eq!(duplicate.profile.as_deref(), Some("fashion"));
}

#[test]
fn an_event_beyond_the_horizon_raises_nothing_and_is_no_evidence() {
    let mut w = World::new();
    let old = EnrichedObservation {
        beyond_horizon: true,
        ..sale("a", 1, PHARMACY, 0)
    };
    assert!(w.see(&[old, sale("b", 2, RIVAL, days(2))]).is_empty());
}

#[test]
fn an_alert_beyond_the_horizon_is_left_as_it_is_and_reads_age_out() {
    let mut w = World::new();
    let b = sale("b", 2, RIVAL, days(2));
    let ordinary = seen(
        &known("pharma"),
        &read("x", "storing", PHARMACY, days(3)).but(|r| r.revision = 3),
    );
    w.see(&[sale("a", 1, PHARMACY, 0), b.clone(), ordinary]);
    w.mark(START + days(403) + minutes(1));
    assert!(w.see(&[withdrawn(b, 4)]).is_empty(), "frozen");
    let now = seen(
        &known("pharma"),
        &read("y", "storing", PHARMACY, days(403)).but(|r| r.revision = 5),
    );
    w.see(&[now]);
    let head = &w.ctx.state()[format!("u/{PACK}").as_bytes()];
    let head: DetectorUnit = w.codec.decode(head).unwrap();
    let mut kept: Vec<_> = head.reads.iter().map(|r| r.event_id.as_str()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["a", "y"], "the first sale never ages out");
    let new = w.see(&[sale("c", 6, BRANCH, days(403))]);
    assert_eq!(
        new[0].event_ids,
        ["a", "c"],
        "a new incident is raised anew"
    );
}

#[test]
fn a_much_read_unit_keeps_every_read_in_values_of_bounded_size() {
    let mut w = World::new();
    let many: Vec<_> = (0..100).map(|n| format!("40000000{n:05}")).collect();
    let reads: Vec<_> = (0..200)
        .map(|n| {
            let told = read(&format!("event-{n:03}"), "storing", PHARMACY, minutes(n));
            let mut o = seen(&unknown(), &told.but(|r| r.revision = n + 1));
            o.body.visible_to.clone_from(&many);
            o
        })
        .collect();
    w.see(&reads);
    let raised = w.mark(START + days(30));
    assert_eq!(raised[0].event_ids.len(), 200);
    let head: DetectorUnit = w
        .codec
        .decode(&w.ctx.state()[format!("u/{PACK}").as_bytes()])
        .unwrap();
    assert!(head.pages > 3, "{}", head.pages);
    let page: DetectorReads = w
        .codec
        .decode(&w.ctx.state()[format!("r/0/{PACK}").as_bytes()])
        .unwrap();
    let gone = withdrawn(reads[0].clone(), 9998);
    assert!(page.reads.iter().any(|r| r.event_id == gone.event_id));
    let moved = w.see(&[gone]);
    assert_eq!(
        moved[1].anchor_event, "event-001",
        "a read on a page can be withdrawn"
    );
    let back = w.see(&[EnrichedObservation {
        revision: 9999,
        ..reads[0].clone()
    }]);
    assert_eq!(
        (back[1].anchor_event.as_str(), back[1].event_ids.len()),
        ("event-000", 200)
    );
}

#[test]
fn an_alert_cites_a_thousand_events_and_says_how_many_there_are() {
    let story = unknown();
    let reads: Vec<_> = (0..1500)
        .map(|n| read(&format!("e{n:04}"), "storing", PHARMACY, minutes(n)))
        .collect();
    let state = story.state(&reads);
    let head = lent(&state);
    let kept = head.reads.iter().map(Encoded::value);
    let history = History::new(story.unit, kept, &head.products, i64::MIN);
    let all = standing(
        &history,
        &head.facts,
        &story.lot,
        &policy(),
        story.stream_time,
    );
    let alert = &all[0].as_ref().unwrap().alert;
    assert_eq!(
        (alert.event_ids.len(), alert.event_ids[999].as_str()),
        (1000, "e0999")
    );
    assert!(
        alert.evidence.contains("\"events_total\":1500"),
        "{}",
        alert.evidence
    );
}

#[test]
fn classes_and_places_raise_nothing_and_keep_nothing() {
    let mut w = World::new();
    for (unit, kind) in [
        ("01/09521234543213/10/L1", "class"),
        ("01/09521234543213", "class"),
        ("414/4000001000005", "sgln"),
        ("8003/09521234543213", "class"),
    ] {
        let o = EnrichedObservation {
            unit: unit.into(),
            kind: kind.into(),
            ..sale("a", 1, PHARMACY, 0)
        };
        let again = EnrichedObservation {
            event_id: "b".into(),
            ..o.clone()
        };
        w.see(&[o, again]);
    }
    let membership = w.codec.encode(&Membership::default()).unwrap();
    let record = w.record(Some("parent"), &membership);
    w.window(&[record]);
    assert!(w.ctx.state().is_empty() && w.rejected.is_empty());
}

#[test]
fn what_cannot_be_read_is_rejected_with_its_bytes_and_the_rest_goes_on() {
    let mut w = World::new();
    let value = w.codec.encode(&sale("a", 1, PHARMACY, 0)).unwrap();
    let unknown_schema = [&[0, 0, 0, 9, 9][..], b"datum"].concat();
    let alert = w
        .codec
        .encode(&serialtrail_records::Alert::default())
        .unwrap();
    let large = vec![7; 300 * 1024];
    let cases: [(&str, &[u8], &str); 6] = [
        (PACK, b"{\"json\":1}", "not_avro_framed"),
        (PACK, &unknown_schema, "unknown_schema_id"),
        (PACK, &alert, "unexpected_record"),
        (PACK, &value[..30], "bad_avro"),
        ("01/09521234543213/21/OTHER", &value, "key_mismatch"),
        (PACK, &large, "not_avro_framed"),
    ];
    for (key, bytes, reason) in cases {
        let record = w.record(Some(key), bytes);
        w.window(&[record]);
        let parts = std::mem::take(&mut w.rejected);
        let original: Vec<u8> = parts.iter().flat_map(|r| r.original.clone()).collect();
        assert_eq!(
            (parts[0].reason.as_str(), original.as_slice()),
            (reason, bytes)
        );
        assert_eq!(parts.len(), usize::try_from(parts[0].parts).unwrap());
        assert_eq!(parts[0].source_topic.as_deref(), Some("enriched"));
    }
    let record = w.record(Some(PACK), &value);
    w.detector.wrong_partition(&record, &mut w.ctx).unwrap();
    w.window(&[]);
    assert_eq!(w.rejected[0].reason, "wrong_partition");
    w.see(&[sale("a", 1, PHARMACY, 0), sale("b", 2, RIVAL, days(2))]);
    assert_eq!(w.raised().len(), 1);
}
