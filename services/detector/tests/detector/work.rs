//! What happens without a read: timers at marks, statements about lots.

use crate::stage::{sale, unknown};
use crate::support::*;
use crate::world::{World, lot_l1, seen};
use serialtrail_records::EnrichedObservation;
use serialtrail_stream::Stage;

#[test]
fn an_unknown_serial_is_raised_by_the_mark_that_ends_its_grace() {
    let mut w = World::new();
    w.mark(START);
    let first = seen(&unknown(), &read("e1", "receiving", PHARMACY, minutes(1)));
    assert!(w.see(&[first]).is_empty());
    assert!(w.mark(START + hours(72)).is_empty());
    w.restart();
    let raised = w.mark(START + hours(72) + minutes(1));
    assert_eq!(
        (raised[0].rule.as_str(), raised[0].trigger_captured_at),
        ("UNKNOWN_SERIAL", 0)
    );
    assert!(w.mark(START + days(30)).is_empty());
    let story = known("pharma").facts(|f| f.commissioned_at = Some(START));
    let known = seen(
        &story,
        &read("e0", "commissioning", FACTORY, 0).but(|r| r.revision = 2),
    );
    let cured = w.see(&[known]);
    assert_eq!(cured[0].retract_reason.as_deref(), Some("became_known"));
    assert_eq!(w.raised(), []);
}

#[test]
fn a_serial_that_becomes_known_in_time_is_never_raised() {
    let mut w = World::new();
    w.mark(START);
    w.see(&[seen(&unknown(), &read("e1", "receiving", PHARMACY, 0))]);
    w.see(&[seen(
        &known("pharma"),
        &read("e1", "receiving", PHARMACY, 0).but(|r| r.revision = 2),
    )]);
    assert!(w.mark(START + days(30)).is_empty());
    let timers: Vec<_> = w
        .ctx
        .state()
        .keys()
        .filter(|k| k.starts_with(b"t/"))
        .collect();
    assert!(timers.is_empty(), "its timer is gone: {timers:?}");
}

#[test]
fn a_read_recorded_when_its_grace_is_over_is_raised_at_once() {
    let mut w = World::new();
    w.mark(START + days(30));
    let raised = w.see(&[seen(&unknown(), &read("e1", "receiving", PHARMACY, 0))]);
    assert_eq!(raised.len(), 1);
}

#[test]
fn stream_time_never_goes_back() {
    let mut w = World::new();
    w.mark(START + days(30));
    w.mark(START);
    assert_eq!(
        w.see(&[seen(&unknown(), &read("e1", "receiving", PHARMACY, 0))])
            .len(),
        1
    );
}

#[test]
fn thousands_of_timers_fire_a_budget_at_a_time_and_none_is_lost() {
    let mut w = World::new();
    w.budget = 150;
    w.mark(START);
    let reads: Vec<_> = (0..2500)
        .map(|n| {
            let o = seen(
                &unknown(),
                &read("e1", "receiving", PHARMACY, minutes(n % 300)),
            );
            EnrichedObservation {
                unit: format!("01/09521234543213/21/X{n}"),
                ..o
            }
        })
        .collect();
    assert!(w.see(&reads).is_empty());
    let pages = w.ctx.state().iter().filter(|(k, _)| k.starts_with(b"t/"));
    assert!(pages.clone().count() > 6 && pages.clone().all(|(_, v)| v.len() < 20_000));
    assert_eq!(
        w.mark(START + hours(72) + minutes(149)).len(),
        8 * 150 + 100
    );
    assert_eq!(w.mark(START + hours(80)).len(), 2500 - 1300);
    assert_eq!(
        w.ctx
            .state()
            .keys()
            .filter(|k| k.starts_with(b"t/"))
            .count(),
        0
    );
}

#[test]
fn a_lot_recalled_before_or_after_its_reads_gives_the_same_alerts() {
    let reads = [
        sale("before", 1, PHARMACY, -days(1)),
        seen(
            &known("pharma"),
            &read("after", "shipping", PHARMACY, days(1)).but(|r| r.revision = 2),
        ),
    ];
    let recall = lot_l1("recall-1", 1, "recalled", Some(START));
    let (mut early, mut late) = (World::new(), World::new());
    early.hear_lot(&recall);
    early.see(&reads);
    late.see(&reads);
    let raised = late.hear_lot(&recall);
    assert_eq!(
        (
            raised[0].sub_reason.as_deref(),
            raised[0].trigger_captured_at
        ),
        (Some("recalled"), 0)
    );
    assert_eq!(early.standing(), late.standing());
    assert_eq!(late.raised(), [("STATUS_VIOLATION".into(), "after".into())]);
    let mut withdrawal = lot_l1("recall-1", 2, "recalled", Some(START));
    withdrawal.asserted = false;
    assert_eq!(
        late.hear_lot(&withdrawal)[0].retract_reason.as_deref(),
        Some("no_longer_holds")
    );
    assert!(
        late.hear_lot(&recall).is_empty(),
        "a late lower version changes nothing"
    );
}

#[test]
fn a_recall_reaches_every_unit_of_the_lot_and_writes_only_those_it_concerns() {
    let mut w = World::new();
    w.budget = 120;
    let unit = |n: i64| format!("01/09521234543213/21/U{n}");
    let reads: Vec<_> = (0..730)
        .map(|n| {
            let after = if n % 3 == 0 { days(1) } else { -days(1) };
            EnrichedObservation {
                unit: unit(n),
                ..sale("e", 1, PHARMACY, after)
            }
        })
        .collect();
    w.see(&reads);
    let before = w.ctx.state().clone();
    assert_eq!(
        w.hear_lot(&lot_l1("load", 1, "recalled", Some(START)))
            .len(),
        244
    );
    for n in 0..730 {
        let key = format!("u/{}", unit(n)).into_bytes();
        assert_eq!(before[&key] == w.ctx.state()[&key], n % 3 != 0, "unit {n}");
    }
    assert!(
        w.hear_lot(&lot_l1("load", 2, "active", None)).is_empty(),
        "irreversible"
    );
}

#[test]
fn work_on_a_lot_goes_on_after_a_restart() {
    let mut w = World::new();
    let reads: Vec<_> = (0..450)
        .map(|n| {
            let unit = format!("01/09521234543213/21/U{n}");
            EnrichedObservation {
                unit,
                ..sale("e", 1, PHARMACY, days(1))
            }
        })
        .collect();
    w.see(&reads);
    let value = w
        .codec
        .encode(&lot_l1("load", 1, "recalled", Some(START)))
        .unwrap();
    let record = w.record(None, &value);
    w.detector.step(&record, &mut w.ctx).unwrap();
    w.detector.end_of_window(0, &mut w.ctx).unwrap();
    assert!(w.detector.has_pending(&mut w.ctx).unwrap());
    let first = w.ctx.take_outputs().len();
    assert!((100..450).contains(&first), "{first}");
    w.detector.forget(3);
    assert!(w.detector.has_pending(&mut w.ctx).unwrap());
    assert_eq!(w.window(&[]).len() + first, 450);
}

#[test]
fn the_lots_expiry_and_markets_hold_for_units_read_before_they_were_known() {
    let mut w = World::new();
    let story = known("pharma").facts(|f| f.expiry = None);
    w.see(&[seen(&story, &read("e", "dispensing", PHARMACY, 0))]);
    let mut lot = lot_l1("load", 1, "active", None);
    lot.expiry = Some("2026-05-31".into());
    lot.markets = vec!["FR".into()];
    w.hear_lot(&lot);
    let rules: Vec<_> = w.raised().into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["OUT_OF_TERRITORY", "STATUS_VIOLATION"]);
}
