use super::*;

fn said(source: &str, version: i64, status: &str) -> LotStatus {
    LotStatus {
        source: source.into(),
        version,
        asserted: true,
        authorised: true,
        status: status.into(),
        status_since: Some(version * 10),
        ..LotStatus::default()
    }
}

fn seen(said: &[LotStatus]) -> LotView {
    let mut forwards = Vec::new();
    for s in said {
        state(&mut forwards, s.clone());
    }
    let mut backwards = Vec::new();
    for s in said.iter().rev() {
        state(&mut backwards, s.clone());
        state(&mut backwards, s.clone());
    }
    assert_eq!(view(&forwards), view(&backwards), "order must not matter");
    view(&forwards)
}

fn measures(view: &LotView) -> Vec<(&str, Option<Micros>)> {
    view.measures
        .iter()
        .map(|m| (m.status.as_str(), m.since))
        .collect()
}

#[test]
fn a_recall_is_not_taken_back_by_a_later_load() {
    let view = seen(&[said("load", 1, "recalled"), said("load", 2, "active")]);
    assert_eq!(measures(&view), [("recalled", Some(10))]);
}

#[test]
fn a_later_load_may_correct_since_when_a_recall_holds() {
    let view = seen(&[said("load", 1, "recalled"), said("load", 2, "recalled")]);
    assert_eq!(measures(&view), [("recalled", Some(20))]);
}

#[test]
fn a_recall_event_that_is_withdrawn_no_longer_holds() {
    let mut withdrawn = said("event-1", 2, "recalled");
    withdrawn.asserted = false;
    assert_eq!(
        measures(&seen(&[said("event-1", 1, "recalled"), withdrawn.clone()])),
        []
    );
    let again = seen(&[
        said("event-1", 1, "recalled"),
        withdrawn,
        said("event-1", 3, "recalled"),
    ]);
    assert_eq!(measures(&again), [("recalled", Some(30))]);
}

#[test]
fn an_event_that_was_replaced_by_another_content_counts_only_as_it_stands() {
    let view = seen(&[
        said("event-1", 1, "recalled"),
        said("event-1", 2, "withdrawn"),
    ]);
    assert_eq!(measures(&view), [("withdrawn", Some(20))]);
}

#[test]
fn who_may_not_recall_a_product_changes_nothing() {
    let mut outsider = said("event-1", 1, "recalled");
    outsider.authorised = false;
    assert_eq!(measures(&seen(&[outsider])), []);
}

#[test]
fn several_sources_add_up_and_the_load_speaks_for_expiry_and_markets() {
    let mut load = said("load", 1, "active");
    load.expiry = Some("2027-01-31".into());
    load.markets = vec!["DE".into()];
    let mut event = said("a-recall", 5, "recalled");
    event.expiry = Some("2026-01-31".into());
    let view = seen(&[load, event, said("b-recall", 3, "withdrawn")]);
    assert_eq!(
        measures(&view),
        [("withdrawn", Some(30)), ("recalled", Some(50))]
    );
    assert_eq!(view.expiry.as_deref(), Some("2027-01-31"));
    assert_eq!(view.markets, ["DE"]);
}

#[test]
fn a_statement_without_a_time_holds_since_before_the_first_event() {
    let mut load = said("load", 1, "recalled");
    load.status_since = None;
    assert_eq!(measures(&seen(&[load])), [("recalled", None)]);
}

#[test]
fn the_place_of_a_recall_event_is_its_gln() {
    let mut event = said("event-1", 1, "recalled");
    event.site = Some("urn:epc:id:sgln:4000001.00000.dock-3".into());
    assert_eq!(
        seen(&[event]).measures[0].place.as_deref(),
        Some("4000001000005")
    );
}
