//! What is unusual is said, and nothing is refused for it.
#![allow(clippy::unwrap_used)]

#[path = "support/samples.rs"]
mod samples;
mod support;

use samples::{context, object_event, with};
use serde_json::{Value, json};
use serialtrail_epcis::{Limits, Tree, read_tree, warnings};

fn found(event: &Value) -> Vec<(String, &'static str)> {
    let tree = Tree::new(event.clone(), &context()).unwrap();
    let event = read_tree(&tree, 0, &Limits::default()).unwrap();
    warnings(&tree, &event)
        .into_iter()
        .map(|w| {
            assert!(w.message.contains(&w.field), "{w:?}");
            (w.field, w.code)
        })
        .collect()
}

#[test]
fn what_is_unusual_has_a_warning() {
    let step = |step: &str, disposition: &str| {
        with(
            with(object_event(), "/bizStep", json!(step)),
            "/disposition",
            json!(disposition),
        )
    };
    let sensed = |kind: &str| {
        with(
            object_event(),
            "/sensorElementList",
            json!([{"sensorReport": [{"type": "Temperature"}, {"type": kind}]}]),
        )
    };
    for (event, expected) in [
        (object_event(), vec![]),
        (step("shipping", "in_transit"), vec![]),
        (
            step("cbv:BizStep-shipping", "urn:epcglobal:cbv:disp:in_transit"),
            vec![],
        ),
        (
            step("shipping", "sellable_accessible"),
            vec![("disposition", "unusual_disposition")],
        ),
        (step("shipping", "unknown"), vec![]),
        (
            step("https://example.com/own", "active"),
            vec![("disposition", "unusual_disposition")],
        ),
        (
            with(object_event(), "/bizStep", json!("commissioning")),
            vec![("action", "unusual_action")],
        ),
        (
            with(object_event(), "/bizStep", json!("decommissioning")),
            vec![("action", "unusual_action")],
        ),
        (
            with(
                object_event(),
                "/recordTime",
                json!("2026-03-04T11:00:30.4+01:00"),
            ),
            vec![("recordTime", "recorded_before_it_happened")],
        ),
        (
            with(object_event(), "/recordTime", json!("2026-03-04T10:00:31Z")),
            vec![],
        ),
        (
            with(
                object_event(),
                "/errorDeclaration",
                json!({"declarationTime": "2026-03-01T00:00:00Z"}),
            ),
            vec![(
                "errorDeclaration.declarationTime",
                "declared_before_it_happened",
            )],
        ),
        (
            with(
                object_event(),
                "/eventTime",
                json!("2026-03-04T11:00:30.1234567+01:00"),
            ),
            vec![("eventTime", "time_cut_to_microseconds")],
        ),
        (
            with(
                object_event(),
                "/eventTime",
                json!("2026-03-04T11:00:30.123456000+01:00"),
            ),
            vec![],
        ),
        (sensed("gs1:Angle"), vec![]),
        (sensed("https://example.com/own"), vec![]),
        (
            sensed("Molar_concentration"),
            vec![(
                "sensorElementList[0].sensorReport[1].type",
                "unknown_measurement_type",
            )],
        ),
    ] {
        let warnings = found(&event);
        let warnings: Vec<(&str, &str)> = warnings.iter().map(|(f, c)| (f.as_str(), *c)).collect();
        assert_eq!(warnings, expected, "{event}");
    }
}

/// The table is that of the published vocabulary, which names the steps with each disposition.
#[test]
fn the_usual_steps_are_those_of_the_vocabulary() {
    let Some(folder) = support::vectors("gs1-epcis/Ontology") else {
        return;
    };
    let path = support::files(&folder, &["jsonld"])
        .into_iter()
        .find(|path| path.ends_with("CBV.jsonld"));
    let text = std::fs::read(path.unwrap()).unwrap();
    let ontology: Value = serde_json::from_slice(&text).unwrap();
    let mut compared = 0;
    for term in ontology["@graph"].as_array().unwrap() {
        let Some(word) = term["@id"]
            .as_str()
            .and_then(|id| id.strip_prefix("cbv:Disp-"))
        else {
            continue;
        };
        let example = term["skos:example"]["@value"].as_str().unwrap_or_default();
        let Some((_, steps)) = example.split_once("Business step") else {
            continue;
        };
        let steps = steps.split("Note").next().unwrap();
        if steps.contains("example") {
            continue;
        }
        let named: Vec<&str> = steps.split('`').skip(1).step_by(2).collect();
        for step in [
            "commissioning",
            "shipping",
            "storing",
            "holding",
            "receiving",
            "destroying",
        ] {
            let event = with(
                with(object_event(), "/bizStep", json!(step)),
                "/disposition",
                json!(word),
            );
            let unusual = found(&event)
                .iter()
                .any(|(_, code)| *code == "unusual_disposition");
            assert_eq!(unusual, !named.contains(&step), "{step} {word}");
            compared += 1;
        }
    }
    assert!(compared >= 80, "{compared}");
}
