//! What is made of other things, and what is fixed to a thing: captured in both bindings, traced, and
//! answered again by the query interface.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use serialtrail_end_to_end::documents::{aggregation, commissioning, document, object};
use serialtrail_end_to_end::master::{
    self, CENTRE, FACTORY, WHOLESALER, lgtin, link, sgln, sgtin, sscc,
};
use serialtrail_end_to_end::{Deployment, IMPORT_KEY};
use serialtrail_epcis::{BodyKind, Limits, parse_body};

/// How a scenario is written. Each has units of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binding {
    Json,
    Xml,
}

const BINDINGS: [Binding; 2] = [Binding::Json, Binding::Xml];

impl Binding {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "J",
            Self::Xml => "X",
        }
    }

    fn media(self) -> &'static str {
        match self {
            Self::Json => "application/ld+json",
            Self::Xml => "application/xml",
        }
    }
}

/// Two units and a weight of a class become two units of a new lot.
struct Transformation {
    inputs: [String; 2],
    raw: String,
    outputs: [String; 2],
    made: String,
    id: String,
    lot: String,
}

impl Transformation {
    fn of(binding: Binding) -> Self {
        let name = binding.name();
        Self {
            inputs: ["1", "2"].map(|n| sgtin(11, &format!("TRANSFORM-{name}{n}"))),
            raw: lgtin(13, &format!("RAW-{name}")),
            outputs: ["1", "2"].map(|n| sgtin(12, &format!("TRANSFORMED-{name}{n}"))),
            made: lgtin(12, &format!("NEW-{name}")),
            id: format!("https://example.com/transformations/{name}"),
            lot: format!("NEW-{name}"),
        }
    }

    /// The event in a binding, whichever its units are named after.
    fn written(&self, binding: Binding) -> String {
        match binding {
            Binding::Json => document(vec![json!({
                "type": "TransformationEvent",
                "eventTime": "2026-03-03T08:00:00Z", "eventTimeZoneOffset": "+01:00",
                "inputEPCList": self.inputs,
                "inputQuantityList": [{"epcClass": self.raw, "quantity": 2.5, "uom": "KGM"}],
                "outputEPCList": self.outputs,
                "outputQuantityList": [{"epcClass": self.made, "quantity": 2}],
                "transformationID": self.id,
                "bizStep": "commissioning", "disposition": "active",
                "readPoint": {"id": sgln(FACTORY)}, "bizLocation": {"id": sgln(FACTORY)},
                "ilmd": {"cbvmda:lotNumber": self.lot, "cbvmda:itemExpirationDate": "2028-03-03"},
            })])
            .to_string(),
            Binding::Xml => in_xml(&format!(
                "<TransformationEvent><eventTime>2026-03-03T08:00:00.000Z</eventTime>\
                 <eventTimeZoneOffset>+01:00</eventTimeZoneOffset>\
                 <inputEPCList>{}</inputEPCList>\
                 <inputQuantityList><quantityElement><epcClass>{}</epcClass><quantity>2.5</quantity>\
                 <uom>KGM</uom></quantityElement></inputQuantityList>\
                 <outputEPCList>{}</outputEPCList>\
                 <outputQuantityList><quantityElement><epcClass>{}</epcClass><quantity>2</quantity>\
                 </quantityElement></outputQuantityList>\
                 <transformationID>{}</transformationID>\
                 <bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>\
                 <disposition>https://ref.gs1.org/cbv/Disp-active</disposition>\
                 <readPoint><id>{place}</id></readPoint><bizLocation><id>{place}</id></bizLocation>\
                 <ilmd><cbvmda:lotNumber>{}</cbvmda:lotNumber>\
                 <cbvmda:itemExpirationDate>2028-03-03</cbvmda:itemExpirationDate></ilmd>\
                 </TransformationEvent>",
                epcs(&self.inputs),
                self.raw,
                epcs(&self.outputs),
                self.made,
                self.id,
                self.lot,
                place = sgln(FACTORY),
            )),
        }
    }
}

/// A sensor is fixed to a box, and taken off again.
struct Association {
    asset: String,
    sensor: String,
}

impl Association {
    fn of(binding: Binding) -> Self {
        let name = binding.name();
        Self {
            asset: format!("urn:epc:id:grai:9529000.00001.BOX-{name}"),
            sensor: format!("urn:epc:id:giai:9529000.SENSOR-{name}"),
        }
    }

    fn written(&self, binding: Binding, action: &str, time: &str, step: &str) -> String {
        let place = sgln(FACTORY);
        match binding {
            Binding::Json => document(vec![json!({
                "type": "AssociationEvent",
                "eventTime": time, "eventTimeZoneOffset": "+01:00",
                "parentID": self.asset, "childEPCs": [self.sensor], "action": action,
                "bizStep": step,
                "readPoint": {"id": place}, "bizLocation": {"id": place},
                "sensorElementList": [{"sensorReport": [
                    {"type": "Temperature", "value": 4.5, "uom": "CEL"}
                ]}],
            })])
            .to_string(),
            Binding::Xml => in_xml(&format!(
                "<AssociationEvent><eventTime>{time}</eventTime>\
                 <eventTimeZoneOffset>+01:00</eventTimeZoneOffset>\
                 <parentID>{}</parentID><childEPCs><epc>{}</epc></childEPCs><action>{action}</action>\
                 <bizStep>https://ref.gs1.org/cbv/BizStep-{step}</bizStep>\
                 <readPoint><id>{place}</id></readPoint><bizLocation><id>{place}</id></bizLocation>\
                 <sensorElementList><sensorElement>\
                 <sensorReport type=\"gs1:Temperature\" value=\"4.5\" uom=\"CEL\"/>\
                 </sensorElement></sensorElementList></AssociationEvent>",
                self.asset, self.sensor,
            )),
        }
    }
}

fn in_xml(event: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" xmlns:gs1=\"https://gs1.org/voc/\" \
         xmlns:cbvmda=\"urn:epcglobal:cbv:mda\" schemaVersion=\"2.0\" \
         creationDate=\"2026-03-04T00:00:00Z\"><EPCISBody><EventList>{event}</EventList></EPCISBody>\
         </epcis:EPCISDocument>"
    )
}

fn epcs(units: &[String]) -> String {
    units
        .iter()
        .map(|unit| format!("<epc>{unit}</epc>"))
        .collect()
}

fn capture(d: &Deployment, binding: Binding, body: String) {
    let headers = [("content-type", binding.media())];
    let (status, job) = d.post("/epcis/v2/capture", body, &headers).unwrap();
    assert_eq!(status, 202, "{job}");
    assert_eq!(job["errors"], json!([]), "{job}");
}

/// Steps of a journey with the role of the unit in each.
fn journey(d: &Deployment, unit: &str) -> Vec<String> {
    let trace = d.trace(unit).unwrap();
    let reads = trace["journey"].as_array().unwrap().iter();
    reads
        .map(|read| {
            let text = |name: &str| read[name].as_str().unwrap().to_owned();
            format!("{} {}", text("biz_step"), text("role"))
        })
        .collect()
}

/// The text the query interface answers to parameters, in a media type.
fn answer(d: &Deployment, path: &str, parameters: &[(&str, &str)], media: &str) -> (u16, String) {
    let url = reqwest::Url::parse_with_params(
        &format!("http://{}/epcis/v2/{path}", d.settings().http.query),
        parameters,
    )
    .unwrap();
    let answer = reqwest::blocking::Client::new()
        .get(url)
        .header("x-api-key", IMPORT_KEY)
        .header("accept", media)
        .send()
        .unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

/// Event ids and hashes of what is answered.
fn found(
    d: &Deployment,
    parameters: &[(&str, &str)],
    media: &str,
    schema: Option<&jsonschema::Validator>,
) -> BTreeSet<(String, String)> {
    let (status, text) = answer(d, "events", parameters, media);
    assert_eq!(status, 200, "{parameters:?}: {text}");
    if let (Some(schema), true) = (schema, media.ends_with("json")) {
        let body: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&body)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{parameters:?}: {text}");
    }
    let read = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    let events = read.events.into_iter().map(|event| event.outcome.unwrap());
    events
        .map(|event| (event.id().to_owned(), event.content_hash))
        .collect()
}

/// The official JSON schema, where the published vectors are.
fn schema() -> Option<jsonschema::Validator> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let root = std::env::var_os("VECTORS_DIR").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read(root.join("gs1-epcis/EPCIS-JSON-Schema.json")) else {
        eprintln!(
            "SKIPPED: validity by the official schema: no published vectors at {} (VECTORS_DIR)",
            root.display()
        );
        return None;
    };
    let schema = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(true)
        .build(&serde_json::from_slice(&text).unwrap());
    Some(schema.unwrap())
}

/// Each list of parameters finds this event and no other, in both media types.
fn each_finds(d: &Deployment, event: &(String, String), lists: &[Vec<(&str, &str)>]) {
    let schema = schema();
    for parameters in lists {
        for binding in BINDINGS {
            let found = found(d, parameters, binding.media(), schema.as_ref());
            assert_eq!(found, BTreeSet::from([event.clone()]), "{parameters:?}");
        }
    }
}

/// The earliest event of a type about a unit: id and hash.
fn stored(d: &Deployment, event_type: &str, unit: &str) -> (String, String) {
    let key = serialtrail_gs1::parse_identifier(unit).unwrap().to_string();
    let row = d
        .sql(&format!(
            "SELECT event_id, content_hash FROM events FINAL WHERE event_type = '{event_type}' \
             AND has(epc_keys, '{key}') ORDER BY event_time LIMIT 1 FORMAT TSV"
        ))
        .unwrap();
    let (id, hash) = row.split_once('\t').unwrap();
    (id.to_owned(), hash.to_owned())
}

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
