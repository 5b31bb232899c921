//! Things fixed to others.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::documents::{document, object};
use serialtrail_end_to_end::master::{self, CENTRE, WHOLESALER, link, sgln};

use crate::answers::{answer, each_finds, found, journey, stored};
use crate::scenario::{Association, BINDINGS, capture};

#[test]
fn what_is_fixed_to_a_thing_does_not_travel_with_it() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    for binding in BINDINGS {
        let a = Association::of(binding);
        for other in BINDINGS {
            capture(
                &d,
                other,
                a.written(other, "ADD", "2026-03-01T08:00:00Z", "assembling"),
            );
        }
        let moved = |place: usize, step: &str, time: &str| {
            object(
                "OBSERVE",
                time,
                step,
                &sgln(place),
                std::slice::from_ref(&a.asset),
            )
        };
        d.capture(&document(vec![
            moved(CENTRE, "receiving", "2026-03-02T08:00:00Z"),
            moved(WHOLESALER, "receiving", "2026-03-03T08:00:00Z"),
        ]))
        .unwrap();
        d.settle().unwrap();
        let whole = [
            "assembling parent",
            "receiving epc",
            "receiving epc",
            "disassembling parent",
        ];
        assert_eq!(journey(&d, &a.asset)[..3], whole[..3]);
        assert_eq!(journey(&d, &a.sensor)[0], "assembling child");
        let sensor = d.trace(&a.sensor).unwrap();
        assert_eq!(
            sensor["journey"][0]["parent"],
            link(&a.asset).unwrap(),
            "{sensor}"
        );
        assert_eq!(sensor["containment"]["now"], Value::Null, "{sensor}");
        let asset = d.trace(&a.asset).unwrap();
        let inside = asset["contents"]["units"].as_array().map_or(0, Vec::len);
        assert_eq!(inside, 0, "{asset}");
        assert_eq!(
            (&asset["alerts"], &sensor["alerts"]),
            (&json!([]), &json!([]))
        );

        let removed = a.written(binding, "DELETE", "2026-03-04T08:00:00Z", "disassembling");
        capture(&d, binding, removed);
        d.settle().unwrap();
        assert_eq!(
            journey(&d, &a.sensor),
            ["assembling child", "disassembling child"]
        );
        assert_eq!(journey(&d, &a.asset), whole);
    }
}

#[test]
fn an_association_is_found_by_both_its_ends() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    for binding in BINDINGS {
        let a = Association::of(binding);
        capture(
            &d,
            binding,
            a.written(binding, "ADD", "2026-03-01T08:00:00Z", "assembling"),
        );
        d.settle().unwrap();
        let event = stored(&d, "AssociationEvent", &a.sensor);
        let (only, added) = (("eventType", "AssociationEvent"), ("EQ_action", "ADD"));
        let linked = link(&a.sensor).unwrap();
        each_finds(
            &d,
            &event,
            &[
                vec![("MATCH_parentID", &a.asset), added],
                vec![("MATCH_epc", &a.sensor), added],
                vec![("MATCH_epc", &linked), added],
                vec![("MATCH_anyEPC", &a.sensor), only, added],
                vec![("MATCH_anyEPC", &a.asset), only, added],
                vec![
                    ("MATCH_epc", &a.sensor),
                    added,
                    ("EQ_type", "Temperature"),
                    ("GE_value_CEL", "4"),
                ],
            ],
        );
        for nothing in [
            ("MATCH_parentID", a.sensor.as_str()),
            ("MATCH_epc", &a.asset),
        ] {
            let found = found(&d, &[nothing, only], "application/json", None);
            assert_eq!(found, BTreeSet::new(), "{nothing:?}");
        }
        // There is no parameter of the children alone (EPCIS 2.0 §8.2.7.1).
        let (status, text) = answer(
            &d,
            "events",
            &[("MATCH_childEPC", &a.sensor)],
            "application/json",
        );
        assert_eq!(status, 400, "{text}");
    }
}
