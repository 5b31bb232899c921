//! The document around the events, and limits.
#![allow(clippy::unwrap_used)]

#[path = "support/samples.rs"]
mod samples;

use samples::{aggregation, object_event, read, transaction, with};
use serde_json::{Value, json};
use serialtrail_epcis::{BodyKind, Capture, DocumentError, Limits, parse_body};

fn document(events: &Value) -> Value {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"ex": "http://ns.example.com/"}],
        "id": "https://id.example.org/document1", "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-03-04T12:00:00Z", "sender": "urn:epc:id:sgln:0353579.00001.0",
        "epcisBody": {"eventList": events}
    })
}

fn capture(document: &Value) -> Result<Capture, DocumentError> {
    parse_body(
        document.to_string().as_bytes(),
        BodyKind::Document,
        &Limits::default(),
    )
}

#[test]
fn one_bad_event_does_not_hide_its_neighbours() {
    let original = r#"{"type" : "ObjectEvent",  "action":"ADD" }"#;
    let text = document(&json!([
        object_event(),
        "MARK",
        aggregation(),
        transaction()
    ]))
    .to_string()
    .replace("\"MARK\"", original);
    let capture = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    for neighbour in [0, 2, 3] {
        assert!(capture.events[neighbour].outcome.is_ok(), "{neighbour}");
    }
    let refused = &capture.events[1];
    assert_eq!((refused.index, refused.original.as_str()), (1, original));
    assert_eq!(refused.outcome.as_ref().unwrap_err().index, 1);
    assert_eq!(
        capture.header.document_id.as_deref(),
        Some("https://id.example.org/document1")
    );
    assert_eq!(
        capture.header.sbdh.as_deref(),
        Some(r#"{"sender":"urn:epc:id:sgln:0353579.00001.0"}"#)
    );
    assert!(
        capture
            .header
            .context
            .as_ref()
            .unwrap()
            .contains("http://ns.example.com/")
    );
    assert_eq!(capture.events[0].context, capture.header.context);
}

#[test]
fn a_faulty_document_is_refused_as_a_whole() {
    let good = document(&json!([object_event()]));
    for (pointer, value, reason) in [
        ("/@context", json!(null), "missing_field"),
        ("/@context", json!(5), "wrong_type"),
        ("/type", json!(null), "missing_field"),
        ("/type", json!("EPCISQueryDocument"), "unknown_field"),
        (
            "/type",
            json!("EPCISMasterDataDocument"),
            "unsupported_document",
        ),
        ("/type", json!("ObjectEvent"), "unsupported_document"),
        ("/schemaVersion", json!(null), "missing_field"),
        ("/schemaVersion", json!("1.2"), "unsupported_version"),
        ("/schemaVersion", json!("two"), "unsupported_version"),
        ("/creationDate", json!(null), "missing_field"),
        ("/creationDate", json!("yesterday"), "bad_time"),
        ("/sender", json!(7), "wrong_type"),
        ("/colour", json!("red"), "unknown_field"),
        ("/other:colour", json!("red"), "undeclared_prefix"),
        ("/epcisBody", json!(null), "missing_field"),
        ("/epcisBody", json!([]), "wrong_type"),
        ("/epcisBody/eventList", json!(null), "missing_field"),
        ("/epcisBody/eventList", json!({}), "wrong_type"),
    ] {
        let e = capture(&with(good.clone(), pointer, value.clone())).expect_err(pointer);
        assert_eq!(e.reason.code(), reason, "{pointer} {value}: {e}");
    }
    capture(&good).unwrap();
    for (body, reason) in [
        (&b"not json"[..], "malformed_json"),
        (b"", "malformed_json"),
        (b"[]", "malformed_json"),
        (b"{\"type\":\"EPCISDocument\"", "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (b"{\"type\":\"a\",\"type\":\"b\"}", "duplicate_field"),
        (b"<?xml version=\"1.0\"?><a/>", "unsupported_document"),
    ] {
        let e = parse_body(body, BodyKind::Document, &Limits::default()).unwrap_err();
        assert_eq!(
            e.reason.code(),
            reason,
            "{}: {e}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn a_name_that_stands_twice_in_an_event_is_refused() {
    let text = document(&json!([object_event()])).to_string().replacen(
        "\"bizStep\"",
        "\"action\":\"ADD\",\"bizStep\"",
        1,
    );
    let capture = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    assert_eq!(
        capture.events[0]
            .outcome
            .as_ref()
            .unwrap_err()
            .reason
            .code(),
        "duplicate_field"
    );
}

#[test]
fn a_single_event_brings_its_own_context() {
    let parse = |event: &Value| {
        parse_body(
            event.to_string().as_bytes(),
            BodyKind::SingleEvent,
            &Limits::default(),
        )
    };
    assert_eq!(
        parse(&object_event()).unwrap_err().reason.code(),
        "missing_field"
    );
    let event = with(
        with(
            object_event(),
            "/@context",
            json!(["https://ref.gs1.org/standards/epcis/epcis-context.jsonld", {"own": "http://own/"}]),
        ),
        "/own:colour",
        json!("red"),
    );
    let capture = parse(&event).unwrap();
    assert!(capture.events[0].outcome.is_ok());
    assert!(
        capture.events[0]
            .context
            .as_ref()
            .unwrap()
            .contains("http://own/")
    );
    let whole = document(&json!([object_event()]));
    assert_eq!(
        parse(&whole).unwrap_err().reason.code(),
        "unsupported_document"
    );
    let bom = ["\u{feff}", &event.to_string()].concat();
    assert!(parse_body(bom.as_bytes(), BodyKind::Either, &Limits::default()).is_ok());
}

#[test]
fn limits_hold() {
    let limits = Limits {
        max_events: 1,
        max_epcs_per_event: 2,
        ..Limits::default()
    };
    let body = document(&json!([object_event(), object_event()])).to_string();
    let e = parse_body(body.as_bytes(), BodyKind::Document, &limits).unwrap_err();
    assert_eq!(e.reason.code(), "too_many_events");
    let three: Vec<String> = (0..3)
        .map(|n| format!("urn:epc:id:sgtin:4012345.011111.{n}"))
        .collect();
    let body = document(&json!([with(aggregation(), "/childEPCs", json!(three))])).to_string();
    let capture = parse_body(body.as_bytes(), BodyKind::Document, &limits).unwrap();
    assert_eq!(
        capture.events[0]
            .outcome
            .as_ref()
            .unwrap_err()
            .reason
            .code(),
        "too_many_epcs"
    );
    let many: Vec<String> = (0..100_000)
        .map(|n| format!("urn:epc:id:sgtin:4012345.011111.{n}"))
        .collect();
    let event = read(&with(object_event(), "/epcList", json!(many))).unwrap();
    assert_eq!(event.epc_list.len(), 100_000);
}

#[test]
fn a_document_and_its_parties_have_names_of_at_most_1024_bytes() {
    for name in ["id", "sender", "receiver", "instanceIdentifier"] {
        let named = |bytes: usize| {
            let mut document = document(&json!([object_event()]));
            document[name] = json!(format!("urn:x:{}", "i".repeat(bytes - 6)));
            capture(&document)
        };
        assert!(named(1024).is_ok(), "{name}");
        let refused = named(1025).unwrap_err();
        assert_eq!(
            (refused.reason.code(), refused.field.as_str()),
            ("bad_length", name)
        );
        assert!(refused.message.len() < 100, "{}", refused.message);
    }
}

/// A value and every member and item in it.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(members) => members.values().map(nodes).sum(),
        _ => 0,
    }
}

#[test]
fn more_values_than_allowed_in_one_event_are_refused_and_its_neighbours_read() {
    for (part, each) in [("1", 1), ("{}", 1), ("[]", 1), (r#"{"ex:b":[1]}"#, 3)] {
        let event = |count: usize| {
            let parts: Vec<Value> = vec![serde_json::from_str(part).unwrap(); count];
            with(object_event(), "/ex:all", json!(parts))
        };
        let limits = Limits {
            max_event_nodes: nodes(&event(10)),
            ..Limits::default()
        };
        assert_eq!(nodes(&event(11)), limits.max_event_nodes + each);
        let events = [event(11), event(10), event(12), object_event()];
        let body = document(&json!(events)).to_string();
        let capture = parse_body(body.as_bytes(), BodyKind::Document, &limits).unwrap();
        let outcomes: Vec<_> = capture
            .events
            .iter()
            .map(|event| event.outcome.as_ref().map_err(|e| e.reason.code()).err())
            .collect();
        let refused = Some("event_too_large");
        assert_eq!(outcomes, [refused, None, refused, None], "{part}");
        assert_eq!(capture.events[0].original, events[0].to_string());
    }
    let limits = Limits {
        max_event_nodes: 20,
        ..Limits::default()
    };
    let event = format!("{{\"ex:all\":[\n{}0]}}", "1,\n".repeat(100));
    let body = document(&json!(["EVENT"]))
        .to_string()
        .replace("\"EVENT\"", &event);
    let capture = parse_body(body.as_bytes(), BodyKind::Document, &limits).unwrap();
    let error = capture.events[0].outcome.as_ref().unwrap_err();
    // The event, its list, and 18 of its items, the first on line 2.
    assert_eq!(error.message, "the event has more than 20 values (line 20)");
}

#[test]
fn more_values_than_allowed_around_the_events_are_refused() {
    let with_parts = |first: usize, second: usize| {
        let mut body = document(&json!([object_event()]));
        body["epcisHeader"] = json!({"ex:all": vec![json!({}); first]});
        body["ex:more"] = json!(vec![json!([]); second]);
        body
    };
    let around = |document: &Value| {
        let fields = document.as_object().unwrap().iter();
        fields
            .filter(|(name, _)| *name != "epcisBody")
            .map(|(_, value)| nodes(value))
            .sum::<usize>()
    };
    let limits = Limits {
        max_header_nodes: around(&with_parts(10, 10)),
        ..Limits::default()
    };
    let read =
        |document: &Value| parse_body(document.to_string().as_bytes(), BodyKind::Document, &limits);
    for (first, second) in [(10, 10), (0, 20), (20, 0)] {
        let capture = read(&with_parts(first, second)).unwrap();
        assert!(capture.events[0].outcome.is_ok());
    }
    // All fields together, and each by itself.
    for (first, second, field) in [
        (10, 11, "ex:more"),
        (11, 10, "ex:more"),
        (100, 0, "epcisHeader"),
        (0, 100, "ex:more"),
    ] {
        let error = read(&with_parts(first, second)).unwrap_err();
        assert_eq!(
            (error.reason.code(), error.field.as_str(), error.line),
            ("header_too_large", field, Some(1)),
            "{first} and {second}"
        );
        let most = limits.max_header_nodes;
        let says = format!("{field}: more than {most} values around the events (line 1)");
        assert_eq!(error.message, says);
    }
}
