//! Documents of any length, in pieces of any length.
#![allow(clippy::unwrap_used)]

#[path = "support/samples.rs"]
mod samples;

use std::io::BufReader;
use std::ops::ControlFlow;

use samples::{aggregation, object_event, transformation};
use serde_json::{Value, json};
use serialtrail_epcis::{
    BodyKind, CapturedEvent, DocumentError, Format, Header, Limits, ReadOptions, parse_body,
    read_events, read_header,
};

fn options(kind: BodyKind) -> ReadOptions {
    ReadOptions {
        kind,
        limits: Limits::default(),
    }
}

fn read(
    body: &[u8],
    piece: usize,
    options: &ReadOptions,
) -> Result<(Header, Vec<CapturedEvent>), DocumentError> {
    let pieces = || BufReader::with_capacity(piece, body);
    let header = read_header(pieces(), Format::JsonLd, options)?;
    let mut events = Vec::new();
    read_events(pieces(), Format::JsonLd, &header, options, |event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
    Ok((header, events))
}

fn document() -> Value {
    json!({
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-04T12:00:00Z",
        "epcisBody": {"ex:before": [1], "eventList": [
            object_event(), {"type": "ObjectEvent", "ex:text": "a \"quoted\" \\ } ] text"}, aggregation(), transformation()
        ], "ex:after": {"a": "]}"}},
        // What the events need may follow them.
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"ex": "http://ns.example.com/"}]
    })
}

#[test]
fn the_size_of_the_pieces_does_not_matter() {
    let text = serde_json::to_string_pretty(&document()).unwrap();
    let whole = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    assert_eq!(whole.events.len(), 4);
    assert!([0, 2, 3].iter().all(|&i| whole.events[i].outcome.is_ok()));
    for piece in [1, 2, 3, 7, 64, 100_000] {
        let (header, events) = read(text.as_bytes(), piece, &options(BodyKind::Document)).unwrap();
        assert_eq!(
            (&header, &events),
            (&whole.header, &whole.events),
            "{piece}"
        );
    }
    for cut in 0..text.len() {
        assert!(
            read(&text.as_bytes()[..cut], 64, &options(BodyKind::Either)).is_err(),
            "{cut}"
        );
    }
}

#[test]
fn an_event_knows_its_line() {
    let text = serde_json::to_string_pretty(&document()).unwrap();
    let capture = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    for event in &capture.events {
        let before: String = text
            .lines()
            .skip(usize::try_from(event.line).unwrap() - 1)
            .collect();
        let begins = event.original.lines().next().unwrap();
        assert!(before.trim_start().starts_with(begins), "{}", event.line);
    }
    assert_eq!(
        capture.events[1].outcome.as_ref().unwrap_err().line,
        capture.events[1].line
    );
    // A fault in the JSON of one event is at its line of the document, and that event's alone.
    let broken = text.replacen("\"OBSERVE\"", "OBSERVE", 1);
    let line = broken
        .lines()
        .position(|l| l.contains(": OBSERVE"))
        .unwrap()
        + 1;
    let capture = parse_body(broken.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    let e = capture.events[0].outcome.as_ref().unwrap_err();
    assert_eq!(e.reason.code(), "malformed_json");
    assert!(e.message.contains(&format!("at line {line} column")), "{e}");
    assert!(capture.events[2].outcome.is_ok());
}

#[test]
fn lists_of_events_and_single_events_bring_their_contexts() {
    let mut event = object_event();
    event["@context"] = json!("https://ref.gs1.org/standards/epcis/epcis-context.jsonld");
    let list = json!([event, object_event(), event]).to_string();
    let (header, events) = read(list.as_bytes(), 64, &options(BodyKind::SingleEvent)).unwrap();
    assert_eq!((header.events, events.len()), (3, 3));
    assert!(events[0].outcome.is_ok() && events[2].outcome.is_ok());
    let e = events[1].outcome.as_ref().unwrap_err();
    assert_eq!(
        (e.reason.code(), e.field.as_str()),
        ("missing_field", "@context")
    );
    assert!(read(list.as_bytes(), 64, &options(BodyKind::Document)).is_err());
    let (header, events) =
        read(event.to_string().as_bytes(), 64, &options(BodyKind::Either)).unwrap();
    assert_eq!((header.events, events.len()), (1, 1));
    assert!(events[0].outcome.is_ok());
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let text = document().to_string();
    let header = read_header(
        text.as_bytes(),
        Format::JsonLd,
        &options(BodyKind::Document),
    )
    .unwrap();
    let mut seen = 0;
    read_events(
        text.as_bytes(),
        Format::JsonLd,
        &header,
        &options(BodyKind::Document),
        |_| {
            seen += 1;
            if seen == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )
    .unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn what_is_wrong_within_an_event_is_that_events_alone() {
    let event = object_event().to_string();
    let deep = format!("{{\"ex:a\":{}{}}}", "[".repeat(99), "]".repeat(99));
    for (bad, reason) in [
        (b"{\"ex:a\":\"\xff\"}".as_slice(), "malformed_json"),
        (b"{\"ex:a\":\"\\ud800\"}", "malformed_json"),
        (b"{\"ex:a\":1e999}", "malformed_json"),
        (b"{\"ex:a\":01}", "malformed_json"),
        (b"{\"a\" 1}", "malformed_json"),
        (b"{\"a\":1,}", "malformed_json"),
        (b"{\"a\":1,\"a\":2}", "duplicate_field"),
        (b"7", "wrong_type"),
        (b"nil", "malformed_json"),
        (deep.as_bytes(), "missing_field"),
    ] {
        let head = r#"{"@context":{"ex":"http://a/"},"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-03-04T12:00:00Z","epcisBody":{"eventList":["#;
        let body = [head.as_bytes(), bad, b",", event.as_bytes(), b"]}}"].concat();
        let (_, events) = read(&body, 7, &options(BodyKind::Document)).unwrap();
        let shown = String::from_utf8_lossy(bad);
        assert_eq!(
            events[0].outcome.as_ref().unwrap_err().reason.code(),
            reason,
            "{shown}"
        );
        assert_eq!(events[0].original, shown);
        assert!(events[1].outcome.is_ok(), "{shown}");
    }
}

#[test]
fn what_is_wrong_around_the_events_is_said_with_its_line() {
    for (body, reason, line) in [
        (
            "{\"type\":\"EPCISDocument\",\n\"epcisBody\":{\"eventList\":[{]}}",
            "malformed_json",
            Some(2),
        ),
        (
            "{\"type\":\"EPCISDocument\"\n\"id\":1}",
            "malformed_json",
            Some(2),
        ),
        ("{\"a\":1,\n\n\"a\":2}", "duplicate_field", Some(3)),
        ("{\"a\":{\"b\":1,\n\"b\":2}}", "duplicate_field", Some(2)),
        ("{\"a\":tru}", "malformed_json", Some(1)),
        ("{\"a\":1}\n{", "malformed_json", Some(2)),
        ("{\"a\":}", "malformed_json", Some(1)),
        ("{,}", "malformed_json", Some(1)),
        ("[1,]", "malformed_json", Some(1)),
        ("[1 2]", "malformed_json", Some(1)),
        ("5", "malformed_json", Some(1)),
    ] {
        let e = read(body.as_bytes(), 64, &options(BodyKind::Either)).unwrap_err();
        assert_eq!((e.reason.code(), e.line), (reason, line), "{body}: {e}");
    }
    let deep = format!("{{\"a\":{}", "[".repeat(1_000_000));
    let e = read(deep.as_bytes(), 64, &options(BodyKind::Either)).unwrap_err();
    assert_eq!(e.reason.code(), "too_deep");
    let mut small = options(BodyKind::Either);
    small.limits.max_header_bytes = 100;
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(200));
    let e = read(long.as_bytes(), 64, &small).unwrap_err();
    assert_eq!(
        (e.reason.code(), e.field.as_str()),
        ("header_too_large", "id")
    );
    let named = format!("{{\"{}\":1}}", "x".repeat(200));
    let e = read(named.as_bytes(), 64, &small).unwrap_err();
    assert_eq!(e.reason.code(), "header_too_large", "a name counts too");
    let many: Vec<String> = (0..20_000).map(|n| format!("\"{n}\":1")).collect();
    let many = format!("{{{}}}", many.join(","));
    let e = read(many.as_bytes(), 64, &options(BodyKind::Either)).unwrap_err();
    assert!(e.message.contains("10000 fields"), "{e}");
}
