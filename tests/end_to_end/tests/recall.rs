//! A lot recalled while its packs move: every sale or shipment after it alerts, whichever came first.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::documents::{commissioning, document, identified, lot_event, object};
use serialtrail_end_to_end::master::{
    self, FACTORY, PHARMACY, PHARMACY_MUNICH, WHOLESALER, lgtin, link, sgln, sgtins,
};

#[test]
fn every_read_after_the_recall_alerts_whichever_arrived_first() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let packs = sgtins(5, "RECALL", 6);
    let event = |n: usize, time: &str, step: &str, place: usize, units: &[String]| {
        identified(
            object("OBSERVE", time, step, &sgln(place), units),
            &format!("urn:uuid:5f3c2e6a-0000-4000-8000-00000000c{n:03}"),
        )
    };
    d.capture(&document(vec![commissioning(
        "2026-03-01T08:00:00Z",
        &sgln(FACTORY),
        "RECALLED-LOT",
        "2028-03-01",
        &packs,
    )]))
    .unwrap();
    // Before the recall in event time, uploaded before it: fine. After it in event time, uploaded
    // before it: found when the recall arrives.
    d.capture(&document(vec![
        event(1, "2026-03-03T08:00:00Z", "shipping", WHOLESALER, &packs),
        event(
            2,
            "2026-03-04T08:00:00Z",
            "receiving",
            PHARMACY,
            &packs[..3],
        ),
        event(
            3,
            "2026-03-04T09:00:00Z",
            "dispensing",
            PHARMACY,
            &packs[..1],
        ),
        event(
            4,
            "2026-03-07T08:00:00Z",
            "dispensing",
            PHARMACY,
            &packs[1..2],
        ),
    ]))
    .unwrap();
    d.settle().unwrap();
    let raised = || -> BTreeSet<(String, Vec<String>)> {
        d.alerts("status=open&rule=STATUS_VIOLATION&lot=RECALLED-LOT")
            .unwrap()
            .iter()
            .map(|a| {
                let ids = a["event_ids"].as_array().unwrap();
                let ids = ids.iter().map(|i| {
                    let id = i.as_str().unwrap();
                    id[id.len() - 4..].to_owned()
                });
                (a["epc"].as_str().unwrap().to_owned(), ids.collect())
            })
            .collect()
    };
    assert_eq!(raised(), BTreeSet::new());
    d.capture(&document(vec![lot_event(
        "2026-03-06T00:00:00Z",
        &sgln(FACTORY),
        &lgtin(5, "RECALLED-LOT"),
        "recalled",
    )]))
    .unwrap();
    d.settle().unwrap();
    let alert = |n: usize, ids: &[&str]| {
        (
            link(&packs[n]).unwrap(),
            ids.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(raised(), BTreeSet::from([alert(1, &["c004"])]));
    // After the recall in both: sold, shipped on; and on its way back, which is no violation.
    d.capture(&document(vec![
        event(
            5,
            "2026-03-08T08:00:00Z",
            "dispensing",
            PHARMACY,
            &packs[2..3],
        ),
        event(
            6,
            "2026-03-08T08:00:00Z",
            "shipping",
            PHARMACY_MUNICH,
            &packs[3..4],
        ),
        event(
            7,
            "2026-03-09T08:00:00Z",
            "shipping",
            PHARMACY_MUNICH,
            &packs[3..4],
        ),
        serialtrail_end_to_end::documents::disposed(
            event(
                8,
                "2026-03-09T08:00:00Z",
                "shipping",
                PHARMACY_MUNICH,
                &packs[4..5],
            ),
            "recalled",
        ),
    ]))
    .unwrap();
    // And one more sale that happened before the recall, reported last.
    d.capture(&document(vec![event(
        9,
        "2026-03-05T08:00:00Z",
        "dispensing",
        PHARMACY,
        &packs[5..],
    )]))
    .unwrap();
    d.settle().unwrap();
    assert_eq!(
        raised(),
        BTreeSet::from([
            alert(1, &["c004"]),
            alert(2, &["c005"]),
            alert(3, &["c006", "c007"])
        ])
    );
}

#[test]
fn a_lot_loaded_as_recalled_counts_from_its_date_and_only_in_its_markets() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let packs = sgtins(6, "LOADED", 2);
    d.capture(&document(vec![
        commissioning(
            "2026-03-01T08:00:00Z",
            &sgln(FACTORY),
            "LOADED-LOT",
            "2028-03-01",
            &packs,
        ),
        object(
            "OBSERVE",
            "2026-03-04T08:00:00Z",
            "dispensing",
            &sgln(PHARMACY),
            &packs[..1],
        ),
        object(
            "OBSERVE",
            "2026-03-08T08:00:00Z",
            "dispensing",
            &sgln(PHARMACY),
            &packs[1..],
        ),
    ]))
    .unwrap();
    let lots = |markets: &str| {
        format!(
            "gtin,lot,expiry,status,status_since,status_markets\n{},LOADED-LOT,2028-03-01,recalled,2026-03-06T00:00:00Z,{markets}\n",
            master::gtin(6)
        )
    };
    d.load("lots.csv", &lots("FR")).unwrap();
    d.settle().unwrap();
    let open = || {
        d.alerts("status=open&rule=STATUS_VIOLATION&lot=LOADED-LOT")
            .unwrap()
    };
    assert_eq!(open().len(), 0, "recalled in France only");
    d.load("lots.csv", &lots("")).unwrap();
    d.settle().unwrap();
    let found = open();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["epc"], link(&packs[1]).unwrap());
}
