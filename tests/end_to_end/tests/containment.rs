//! A pallet of 100 cases of 50 packs, shipped by one event: what each pack's journey says.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::documents::{aggregation, commissioning, document, object};
use serialtrail_end_to_end::master::{self, CENTRE, FACTORY, link, sgln, sgtins, sscc};

struct Pallet {
    pallet: String,
    cases: Vec<(String, Vec<String>)>,
}

impl Pallet {
    fn new(item: usize, number: u64, cases: u64, packs: usize) -> Self {
        let cases = (0..cases)
            .map(|c| {
                (
                    sscc(number * 1000 + 1 + c),
                    sgtins(item, &format!("P{number}C{c:03}"), packs),
                )
            })
            .collect();
        Self {
            pallet: sscc(number * 1000),
            cases,
        }
    }

    fn packs(&self) -> Vec<String> {
        self.cases.iter().flat_map(|c| c.1.clone()).collect()
    }

    fn commissioned(&self) -> Value {
        let events = self
            .packs()
            .chunks(1000)
            .enumerate()
            .map(|(n, part)| {
                let time = format!("2026-02-01T08:{n:02}:00Z");
                commissioning(&time, &sgln(FACTORY), "PAL", "2028-02-01", part)
            })
            .collect();
        document(events)
    }

    fn packed(&self) -> Value {
        let mut events: Vec<Value> = self
            .cases
            .iter()
            .map(|(case, packs)| {
                aggregation(
                    "ADD",
                    "2026-02-01T10:00:00Z",
                    "packing",
                    &sgln(FACTORY),
                    case,
                    packs,
                )
            })
            .collect();
        let cases: Vec<String> = self.cases.iter().map(|c| c.0.clone()).collect();
        events.push(aggregation(
            "ADD",
            "2026-02-01T11:00:00Z",
            "packing",
            &sgln(FACTORY),
            &self.pallet,
            &cases,
        ));
        document(events)
    }

    fn moved(&self) -> Value {
        let one = [self.pallet.clone()];
        document(vec![
            object(
                "OBSERVE",
                "2026-02-01T14:00:00Z",
                "shipping",
                &sgln(FACTORY),
                &one,
            ),
            object(
                "OBSERVE",
                "2026-02-02T14:00:00Z",
                "receiving",
                &sgln(CENTRE),
                &one,
            ),
        ])
    }
}

/// Steps of a journey, `*` behind the inherited ones, in order of event time.
fn journey(d: &Deployment, unit: &str) -> Vec<String> {
    d.trace(unit).unwrap()["journey"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            let inherited = r["inherited"].as_bool().unwrap();
            let step = r["biz_step"].as_str().unwrap_or("-");
            format!("{step}{}", if inherited { "*" } else { "" })
        })
        .collect()
}

fn reads_like(d: &Deployment, serials: &str, step: &str) -> usize {
    d.sql(&format!(
        "SELECT count() FROM observations FINAL WHERE state = 'asserted' \
         AND unit LIKE '%/21/{serials}%' AND biz_step = '{step}'"
    ))
    .unwrap()
    .parse()
    .unwrap()
}

const WHOLE: [&str; 5] = [
    "commissioning",
    "packing",
    "packing*",
    "shipping*",
    "receiving*",
];

#[test]
fn five_thousand_packs_travel_by_one_shipping_event() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let p = Pallet::new(1, 11, 100, 50);
    for part in [p.commissioned(), p.packed(), p.moved()] {
        d.capture(&part).unwrap();
    }
    d.settle().unwrap();
    assert_eq!(reads_like(&d, "P11C", "shipping"), 5000);
    assert_eq!(reads_like(&d, "P11C", "receiving"), 5000);
    let packs = p.packs();
    for pack in [&packs[0], &packs[2_499], &packs[4_999]] {
        assert_eq!(journey(&d, pack), WHOLE, "{pack}");
    }
    let trace = d.trace(&packs[77]).unwrap();
    let last = trace["journey"].as_array().unwrap().last().unwrap();
    assert_eq!(last["path"].as_array().unwrap().len(), 2, "{last}");
    assert_eq!(
        journey(&d, &p.cases[3].0),
        ["packing", "packing", "shipping*", "receiving*"]
    );
}

#[test]
fn the_packing_event_may_come_last() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let p = Pallet::new(2, 12, 100, 50);
    d.capture(&p.moved()).unwrap();
    d.capture(&p.commissioned()).unwrap();
    d.settle().unwrap();
    assert_eq!(reads_like(&d, "P12C", "shipping"), 0);
    d.capture(&p.packed()).unwrap();
    d.settle().unwrap();
    assert_eq!(reads_like(&d, "P12C", "shipping"), 5000);
    assert_eq!(journey(&d, &p.packs()[1234]), WHOLE);
}

#[test]
fn a_pack_unpacked_late_loses_what_came_after() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let p = Pallet::new(3, 13, 3, 5);
    for part in [p.commissioned(), p.packed(), p.moved()] {
        d.capture(&part).unwrap();
    }
    d.settle().unwrap();
    let (case, packs) = &p.cases[1];
    assert_eq!(journey(&d, &packs[0]), WHOLE);
    // It was taken out between shipping and receiving; the report comes after both.
    let late = aggregation(
        "DELETE",
        "2026-02-01T18:00:00Z",
        "unpacking",
        &sgln(FACTORY),
        case,
        &packs[..1],
    );
    d.capture(&document(vec![late])).unwrap();
    d.settle().unwrap();
    assert_eq!(
        journey(&d, &packs[0]),
        [
            "commissioning",
            "packing",
            "packing*",
            "shipping*",
            "unpacking"
        ]
    );
    // Its neighbour was inside when the case was opened, and stays inside.
    assert_eq!(
        journey(&d, &packs[1]),
        [
            "commissioning",
            "packing",
            "packing*",
            "shipping*",
            "unpacking*",
            "receiving*"
        ]
    );
    let trace = d.trace(&packs[0]).unwrap();
    let then = &trace["containment"]["then"].as_array().unwrap()[0];
    assert_eq!(then["parent"], link(case).unwrap(), "{trace}");
    assert!(
        then["to"]
            .as_str()
            .unwrap()
            .starts_with("2026-02-01T18:00:00"),
        "{then}"
    );
}
