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
