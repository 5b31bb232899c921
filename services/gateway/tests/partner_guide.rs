//! The partner guide, `schemas/README.md`, held against the schemas, the reasons in the code, and what the
//! gateway really says of the events it shows.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use serialtrail_epcis::{BodyKind, Limits, check_times, parse_body};
use serialtrail_gateway::partner::to_json;
use serialtrail_records::PartnerEvent;
use std::collections::BTreeSet;
use std::path::Path;

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn guide() -> String {
    text("schemas/README.md")
}

/// The cells of the tables below a heading, up to the next heading of its kind.
fn table(heading: &str) -> Vec<Vec<String>> {
    let guide = guide();
    let from = guide.find(&format!("\n{heading}\n")).unwrap() + heading.len() + 2;
    let section = guide[from..].split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells = row.trim_matches('|').split(" | ");
        cells
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    })
    .collect()
}

/// (name, kind, whether it must be given) of each field, fields of inner records under `name[].` or `name.`,
/// without the kinds of record told before.
fn fields(schema: &Value, prefix: &str, told: &mut BTreeSet<String>) -> Vec<[String; 3]> {
    let mut found = Vec::new();
    for field in schema["fields"].as_array().unwrap() {
        let name = format!("{prefix}{}", field["name"].as_str().unwrap());
        let required = if field.get("default").is_some() {
            "no"
        } else {
            "yes"
        };
        let given = &field["type"];
        let plain = given.as_array().map_or(given, |union| &union[1]);
        let (kind, inner, mark) = match plain["type"].as_str() {
            Some("array") if plain["items"] == "string" => ("list of text", None, ""),
            Some("array") => ("list of records", Some(&plain["items"]), "[]."),
            Some("record") => ("record", Some(plain), "."),
            Some("long") if plain["logicalType"] == "timestamp-micros" => ("time", None, ""),
            _ => match plain.as_str() {
                Some("string") => ("text", None, ""),
                Some("double") => ("number", None, ""),
                other => panic!("{name}: {other:?} has no word in the guide"),
            },
        };
        found.push([name.clone(), kind.to_owned(), required.to_owned()]);
        if let Some(inner) = inner.filter(|inner| inner.is_object())
            && told.insert(inner["name"].to_string())
        {
            found.extend(fields(inner, &format!("{name}{mark}"), told));
        }
    }
    found
}

#[test]
fn the_guide_tells_every_field_of_a_partners_record() {
    let schema: Value = serde_json::from_str(&text("schemas/avro/PartnerEvent.avsc")).unwrap();
    let told: Vec<[String; 3]> = table("## The record")
        .into_iter()
        .map(|row| [row[0].clone(), row[1].clone(), row[2].clone()])
        .collect();
    assert_eq!(told, fields(&schema, "", &mut BTreeSet::new()));
}

#[test]
fn the_guide_tells_every_field_of_a_rejection() {
    let schema: Value = serde_json::from_str(&text("schemas/avro/RejectedEvent.avsc")).unwrap();
    let named = schema["fields"].as_array().unwrap().iter();
    let named: Vec<&str> = named.map(|field| field["name"].as_str().unwrap()).collect();
    let rows = table("## Your rejects");
    let told: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(told, named);
}

/// What stands in quotes in the lines of a text, one a line at most.
fn quoted<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    lines.filter_map(|line| Some(line.split('"').nth(1)?.to_owned()))
}

/// The reasons the code can give: the codes of what parsers and codec refuse, and the constants of stages.
fn reasons_in_the_code() -> BTreeSet<String> {
    let mut reasons = BTreeSet::new();
    for path in [
        "services/common/gs1/src/error.rs",
        "services/common/epcis/src/reason.rs",
        "services/common/records/src/codec.rs",
    ] {
        let source = text(path);
        let code = &source[source.find("pub fn code(").unwrap()..];
        let body = &code[..code.find("\n    }\n").unwrap()];
        reasons.extend(quoted(body.lines()));
    }
    for path in [
        "services/common/stream/src/refusal.rs",
        "services/dispatcher/src/reject.rs",
        "services/enricher/src/reject.rs",
        "services/detector/src/reject.rs",
        "services/gateway/src/rejected.rs",
    ] {
        let source = text(path);
        let constants = source.lines().filter(|line| line.contains(": &str = "));
        reasons.extend(quoted(
            constants.filter(|line| !line.contains("const STAGE")),
        ));
    }
    for (path, before) in [
        ("services/detector/src/stage.rs", "self.reject(record, \""),
        ("services/sink/src/rows.rs", "Ok(Err((\""),
    ] {
        let source = text(path);
        let calls = source.split(before).skip(1);
        reasons.extend(calls.filter_map(|call| Some(call.split('"').next()?.to_owned())));
    }
    reasons
}

#[test]
fn the_guide_tells_every_reason_and_no_other() {
    let told: Vec<String> = table("## What is refused, and why")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    let once: BTreeSet<String> = told.iter().cloned().collect();
    assert_eq!(told.len(), once.len(), "a reason stands twice");
    assert_eq!(once, reasons_in_the_code());
}

/// An event of the clients' JSON as a record: a time is text, the zone may be left out.
fn record(line: &str) -> PartnerEvent {
    let mut event: Value = serde_json::from_str(line).unwrap();
    let micros = |text: &str| {
        let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
        json!(time.timestamp_micros())
    };
    let at = event["event_time"].as_str().unwrap().to_owned();
    event["event_time"] = micros(&at);
    event["event_time_zone_offset"] = json!(at[at.len() - 6..]);
    if let Some(declared) = event.get_mut("error_declaration") {
        let time = declared["declaration_time"].as_str().unwrap().to_owned();
        declared["declaration_time"] = micros(&time);
    }
    serde_json::from_value(event).unwrap()
}

/// Why the gateway refuses a record; `None` where it takes it.
fn refused(record: &PartnerEvent) -> Option<String> {
    let json = match to_json(record) {
        Ok(json) => json.to_string(),
        Err(bad) => return Some(bad.reason.to_owned()),
    };
    let body = parse_body(json.as_bytes(), BodyKind::SingleEvent, &Limits::default());
    let event = match body {
        Err(error) => return Some(error.reason.code().to_owned()),
        Ok(mut body) => body.events.remove(0).outcome,
    };
    let recorded = chrono::DateTime::parse_from_rfc3339("2026-03-06T00:00:00Z").unwrap();
    event
        .and_then(|event| check_times(&event, recorded.to_utc()))
        .err()
        .map(|error| error.reason.code().to_owned())
}

#[test]
fn every_event_the_guide_and_its_examples_show_is_taken() {
    let guide = guide();
    let blocks = guide.split("```json\n").skip(1);
    let shown = blocks.map(|block| block.split("```").next().unwrap().to_owned());
    let sample = text("schemas/examples/events.ndjson");
    let events: Vec<String> = shown.chain(sample.lines().map(str::to_owned)).collect();
    assert!(events.len() >= 7, "{}", events.len());
    for event in events {
        assert_eq!(refused(&record(&event)), None, "{event}");
    }
}

#[test]
fn what_the_guide_says_is_refused_at_the_gateway_is() {
    let good = record(
        r#"{"event_type": "ObjectEvent", "action": "OBSERVE", "event_time": "2026-03-02T09:06:00+01:00",
            "epc_list": ["https://id.gs1.org/01/09521321123458/21/PARTNER1"]}"#,
    );
    assert_eq!(refused(&good), None);
    type Change = fn(&mut PartnerEvent);
    let epc = |event: &mut PartnerEvent, id: &str| event.epc_list = vec![id.to_owned()];
    let cases: &[(&str, Change)] = &[
        ("malformed_json", |e| e.extensions = Some("[1]".into())),
        ("unknown_field", |e| {
            e.extensions = Some(r#"{"shift": 1}"#.into());
        }),
        ("unknown_field", |e| {
            e.event_type = "AggregationEvent".into();
        }),
        ("undeclared_prefix", |e| {
            e.extensions = Some(r#"{"acme:shift": 1}"#.into());
        }),
        ("wrong_type", |e| {
            e.extensions = Some(r#"{"@context": 5}"#.into());
        }),
        ("missing_field", |e| {
            e.event_type = "AggregationEvent".into();
            e.child_epcs = std::mem::take(&mut e.epc_list);
            e.action = "ADD".into();
        }),
        ("unsupported_event_type", |e| {
            e.event_type = "QuantityEvent".into();
        }),
        ("bad_value", |e| e.action = "add".into()),
        ("unknown_vocabulary", |e| {
            e.biz_step = Some("teleporting".into());
        }),
        ("nothing_observed", |e| e.epc_list.clear()),
        ("bad_time", |e| e.event_time_zone_offset = "+15:00".into()),
        ("bad_time", |e| e.event_time = i64::MAX),
        ("event_time_before_1990", |e| e.event_time /= 1_000_000),
        ("event_time_in_future", |e| {
            e.event_time += 365 * 86_400_000_000;
        }),
        ("bad_date", |e| e.expiry = Some("2028-02-31".into())),
    ];
    for (reason, change) in cases {
        let mut event = good.clone();
        change(&mut event);
        assert_eq!(refused(&event).as_deref(), Some(*reason), "{event:?}");
    }
    for (reason, id) in [
        ("not_an_instance", "urn:epc:class:lgtin:9521321.012345.L1"),
        (
            "bad_check_digit",
            "https://id.gs1.org/01/09521321123459/21/1",
        ),
        ("bad_length", "https://id.gs1.org/00/09521321000000001"),
        ("bad_character", "urn:epc:id:sgtin:9521321.012345.A B"),
        ("unknown_scheme", "urn:epc:id:nothing:9521321.012345.1"),
        ("malformed", "https://id.gs1.org/01/09521321123458/98765/1"),
        ("malformed", "(01)09521321123458(21)1"),
    ] {
        let mut event = good.clone();
        epc(&mut event, id);
        assert_eq!(refused(&event).as_deref(), Some(reason), "{id}");
    }
    let mut event = good.clone();
    event.quantity_list = vec![serialtrail_records::PartnerQuantity {
        epc_class: "urn:epc:id:sgtin:9521321.012345.1".into(),
        ..Default::default()
    }];
    assert_eq!(refused(&event).as_deref(), Some("not_a_class"));
    let mut event = good;
    event.epc_list = vec![event.epc_list[0].clone(); 100_001];
    assert_eq!(refused(&event).as_deref(), Some("too_many_epcs"));
}
