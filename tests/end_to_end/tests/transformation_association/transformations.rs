//! Units made of others.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::documents::{aggregation, commissioning, document, object};
use serialtrail_end_to_end::master::{self, FACTORY, link, sgln, sscc};

use crate::answers::{each_finds, found, journey, stored};
use crate::scenario::{BINDINGS, Transformation, capture};

#[test]
fn what_is_made_begins_with_its_transformation_and_what_it_is_made_of_goes_on() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    for (number, binding) in (0..).zip(BINDINGS) {
        let t = Transformation::of(binding);
        let case = sscc(78_000 + number);
        // The first input has a lot of its own and lies in a case; of the second nothing is known.
        let first = &t.inputs[..1];
        let made = commissioning(
            "2026-03-01T08:00:00Z",
            &sgln(FACTORY),
            "OLD",
            "2027-01-01",
            first,
        );
        let packed = aggregation(
            "ADD",
            "2026-03-02T08:00:00Z",
            "packing",
            &sgln(FACTORY),
            &case,
            first,
        );
        d.capture(&document(vec![made, packed])).unwrap();
        // In the other binding it is a repeat.
        capture(&d, binding, t.written(binding));
        for other in BINDINGS {
            capture(&d, other, t.written(other));
        }
        let shipped = |units: &[String], time: &str| {
            object("OBSERVE", time, "shipping", &sgln(FACTORY), units)
        };
        d.capture(&document(vec![
            shipped(std::slice::from_ref(&case), "2026-03-04T08:00:00Z"),
            shipped(&t.outputs[..1], "2026-03-04T09:00:00Z"),
        ]))
        .unwrap();
        d.settle().unwrap();

        // It is used up in part only: it stays where it is, and travels on.
        assert_eq!(
            journey(&d, &t.inputs[0]),
            [
                "commissioning epc",
                "packing child",
                "commissioning input",
                "shipping inherited"
            ]
        );
        assert_eq!(journey(&d, &t.inputs[1]), ["commissioning input"]);
        assert_eq!(journey(&d, &t.raw), ["commissioning class"]);
        assert_eq!(
            journey(&d, &t.outputs[0]),
            ["commissioning output", "shipping epc"]
        );
        assert_eq!(journey(&d, &t.outputs[1]), ["commissioning output"]);

        // What is made is known by its transformation, and has the lot and expiry it was given.
        let trace = d.trace(&t.outputs[0]).unwrap();
        let registry = &trace["registry"];
        assert_eq!(
            (&registry["known_by"], &registry["lot"], &registry["expiry"]),
            (
                &json!("transformation"),
                &json!(t.lot),
                &json!("2028-03-03")
            ),
            "{trace}"
        );
        assert_eq!(trace["alerts"], json!([]), "{trace}");
        // What it is made of is not.
        let trace = d.trace(&t.inputs[0]).unwrap();
        assert_eq!(trace["registry"]["lot"], "OLD", "{trace}");
        assert_eq!(
            trace["containment"]["now"]["parent"],
            link(&case).unwrap(),
            "{trace}"
        );
        for input in &t.inputs {
            let trace = d.trace(input).unwrap();
            let reads = trace["journey"].as_array().unwrap();
            let read = reads.iter().find(|read| read["role"] == "input").unwrap();
            assert_eq!(
                (&read["event_lot"], &read["event_expiry"]),
                (&Value::Null, &Value::Null),
                "{read}"
            );
            assert_eq!(trace["alerts"], json!([]), "{trace}");
        }
        let raw = d.trace(&t.raw).unwrap()["journey"][0].clone();
        assert_eq!(
            (&raw["event_lot"], &raw["event_expiry"]),
            (&Value::Null, &Value::Null),
            "{raw}"
        );

        // From an output to what it was made of: by the event its journey names.
        let trace = d.trace(&t.outputs[1]).unwrap();
        let id = trace["journey"][0]["event_id"].as_str().unwrap();
        let url = format!("http://{}/epcis/v2/events/", d.settings().http.query);
        let mut url = reqwest::Url::parse(&url).unwrap();
        url.path_segments_mut().unwrap().pop_if_empty().push(id);
        let text = reqwest::blocking::get(url).unwrap().text().unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        let event = &body["epcisBody"]["queryResults"]["resultsBody"]["eventList"][0];
        let links = |list: &Value| -> Vec<String> {
            let list = list.as_array().unwrap().iter();
            list.map(|unit| link(unit.as_str().unwrap()).unwrap())
                .collect()
        };
        assert_eq!(
            links(&event["inputEPCList"]),
            t.inputs.each_ref().map(|unit| link(unit).unwrap()),
            "{text}"
        );
        assert_eq!(event["inputQuantityList"][0]["quantity"], 2.5, "{text}");
    }
}

#[test]
fn a_transformation_is_found_by_what_went_in_what_came_out_and_its_id() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    for binding in BINDINGS {
        let t = Transformation::of(binding);
        capture(&d, binding, t.written(binding));
        d.settle().unwrap();
        let event = stored(&d, "TransformationEvent", &t.outputs[0]);
        let only = ("eventType", "TransformationEvent");
        let linked = link(&t.inputs[0]).unwrap();
        let pattern = "urn:epc:idpat:sgtin:9529000.000012.*";
        each_finds(
            &d,
            &event,
            &[
                vec![("MATCH_inputEPC", &t.inputs[1])],
                vec![("MATCH_inputEPC", &linked)],
                vec![("MATCH_outputEPC", &t.outputs[0])],
                vec![("MATCH_outputEPC", pattern), ("EQ_transformationID", &t.id)],
                vec![("MATCH_anyEPC", &t.inputs[1]), only],
                vec![("MATCH_anyEPC", &t.outputs[1]), only],
                vec![("MATCH_inputEPCClass", &t.raw)],
                vec![("MATCH_outputEPCClass", &t.made)],
                vec![("MATCH_anyEPCClass", &t.raw)],
                vec![("EQ_transformationID", &t.id)],
                vec![
                    ("EQ_transformationID", &t.id),
                    ("EXISTS_inputQuantityList", ""),
                    ("EQ_bizStep", "commissioning"),
                ],
            ],
        );
        for nothing in [
            ("MATCH_outputEPC", t.inputs[0].as_str()),
            ("MATCH_inputEPC", &t.outputs[0]),
            ("MATCH_inputEPCClass", &t.made),
            ("MATCH_epcClass", &t.raw),
        ] {
            let found = found(&d, &[nothing, only], "application/json", None);
            assert_eq!(found, BTreeSet::new(), "{nothing:?}");
        }
        let found = found(
            &d,
            &[("MATCH_epc", t.outputs[0].as_str()), only],
            "application/json",
            None,
        );
        assert_eq!(
            found,
            BTreeSet::new(),
            "epcList and childEPCs alone are meant"
        );
    }
}
