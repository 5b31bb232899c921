//! Bad and extreme input in both bindings: a reason, or the right result; the same in JSON-LD and in XML.
#![allow(clippy::unwrap_used)]

use serialtrail_epcis::{
    BodyKind, Event, EventError, Format, Limits, ReadOptions, Reason, parse_body, read_events,
    read_header,
};
use std::ops::ControlFlow;

const TIME: &str = "2026-03-04T11:00:30Z";
const UNIT: &str = "urn:epc:id:sgtin:4012345.011111.987";
const BINDINGS: [Format; 2] = [Format::JsonLd, Format::Xml];

/// A document of EPCIS 2.0 around events, written out.
fn document(format: Format, events: &str) -> String {
    match format {
        Format::JsonLd => format!(
            r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{{"ex":"http://ns.example.com/"}}],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"{TIME}","epcisBody":{{"eventList":[{events}]}}}}"#
        ),
        Format::Xml => format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:ex="http://ns.example.com/" schemaVersion="2.0" creationDate="{TIME}"><EPCISBody><EventList>{events}</EventList></EPCISBody></epcis:EPCISDocument>"#
        ),
    }
}

/// An observation of units; `more` are further fields in the spelling of the binding.
fn observed(format: Format, time: &str, offset: &str, units: &[String], more: &str) -> String {
    match format {
        Format::JsonLd => {
            let units = serde_json::to_string(units).unwrap();
            format!(
                r#"{{"type":"ObjectEvent","eventTime":"{time}","eventTimeZoneOffset":"{offset}","epcList":{units},"action":"OBSERVE"{more}}}"#
            )
        }
        Format::Xml => {
            let units: String = units
                .iter()
                .map(|unit| format!("<epc>{unit}</epc>"))
                .collect();
            format!(
                "<ObjectEvent><eventTime>{time}</eventTime><eventTimeZoneOffset>{offset}</eventTimeZoneOffset><epcList>{units}</epcList><action>OBSERVE</action>{more}</ObjectEvent>"
            )
        }
    }
}

fn plain(format: Format) -> String {
    observed(format, TIME, "+00:00", &[UNIT.to_owned()], "")
}

/// The one event of a document, or why it, or the document, is refused: reason and message.
fn outcome(body: &[u8]) -> Result<Event, (&'static str, String)> {
    let capture = parse_body(body, BodyKind::Document, &Limits::default())
        .map_err(|e| (e.reason.code(), e.to_string()))?;
    let mut events = capture.events.into_iter();
    let event = events.next().unwrap();
    assert!(events.next().is_none());
    event
        .outcome
        .map_err(|e: EventError| (e.reason.code(), e.to_string()))
}

fn at(format: Format, time: &str, offset: &str) -> Result<Event, (&'static str, String)> {
    let event = observed(format, time, offset, &[UNIT.to_owned()], "");
    outcome(document(format, &event).as_bytes())
}

#[test]
fn a_document_cut_anywhere_is_refused_in_both_bindings() {
    for format in BINDINGS {
        let events = match format {
            Format::JsonLd => [plain(format), plain(format)].join(","),
            Format::Xml => [plain(format), plain(format)].concat(),
        };
        let body = document(format, &events);
        let whole = parse_body(body.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
        assert_eq!(whole.events.len(), 2);
        for cut in 0..body.len() {
            let half = &body.as_bytes()[..cut];
            let refused = parse_body(half, BodyKind::Document, &Limits::default());
            let e = refused.expect_err(&format!("{format:?} cut at {cut}"));
            let malformed = ["malformed_json", "malformed_xml"].contains(&e.reason.code());
            assert!(malformed, "{format:?} cut at {cut}: {e}");
        }
    }
}

/// A byte that cannot be, an overlong `/`, half a surrogate pair, a code point beyond the last, a character cut short.
#[test]
fn bytes_that_are_no_utf_8_are_refused_wherever_they_stand() {
    let wrong: [&[u8]; 5] = [
        b"\xff",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
    ];
    for format in BINDINGS {
        let body = document(format, &plain(format));
        assert!(outcome(body.as_bytes()).is_ok());
        for (number, bytes) in wrong.into_iter().enumerate() {
            for place in (number..=body.len()).step_by(wrong.len()) {
                let (before, behind) = body.as_bytes().split_at(place);
                let bad = [before, bytes, behind].concat();
                assert!(outcome(&bad).is_err(), "{format:?}: {bytes:x?} at {place}");
            }
        }
        let within = body.replace("987", "9\u{fffd}7");
        let (before, behind) = within.split_once('\u{fffd}').unwrap();
        let bad = [before.as_bytes(), b"\xff", behind.as_bytes()].concat();
        let (_, message) = outcome(&bad).unwrap_err();
        let says = ["UTF-8", "unicode"];
        assert!(
            says.iter().any(|word| message.contains(word)),
            "{format:?}: {message}"
        );
    }
}

#[test]
fn what_is_nested_too_deep_within_an_event_is_refused_with_its_reason() {
    for depth in [101, 10_000, 200_000] {
        for format in BINDINGS {
            let more = match format {
                Format::JsonLd => {
                    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
                    format!(r#","ex:deep":{open}{close}"#)
                }
                Format::Xml => {
                    format!(
                        "{}{}",
                        "<ex:deep>".repeat(depth),
                        "</ex:deep>".repeat(depth)
                    )
                }
            };
            let event = observed(format, TIME, "+00:00", &[UNIT.to_owned()], &more);
            let (reason, message) = outcome(document(format, &event).as_bytes()).unwrap_err();
            assert_eq!(reason, "too_deep", "{format:?} {depth}: {message}");
        }
    }
}

#[test]
fn an_event_alone_is_as_deep_as_one_in_a_document_may_be() {
    for (depth, deep_enough) in [(99, true), (100, false), (101, false)] {
        let more = format!(r#","ex:deep":{}{}"#, "[".repeat(depth), "]".repeat(depth));
        let event = observed(Format::JsonLd, TIME, "+00:00", &[UNIT.to_owned()], &more);
        let in_document = outcome(document(Format::JsonLd, &event).as_bytes());
        let alone = event.replacen(
            '{',
            r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ex":"https://example.com/"}],"#,
            1,
        );
        let options = ReadOptions {
            kind: BodyKind::SingleEvent,
            limits: Limits::default(),
        };
        let body = alone.as_bytes();
        let in_memory = parse_body(body, options.kind, &options.limits);
        let streamed = read_header(body, Format::JsonLd, &options).and_then(|header| {
            read_events(body, Format::JsonLd, &header, &options, |_| {
                ControlFlow::Continue(())
            })
        });
        assert_eq!(in_memory.is_ok(), deep_enough, "{depth}: {in_memory:?}");
        assert_eq!(streamed.is_ok(), deep_enough, "{depth}: {streamed:?}");
        if !deep_enough {
            assert_eq!(in_memory.unwrap_err().reason, Reason::TooDeep);
            assert_eq!(in_document.unwrap_err().0, "too_deep");
        }
    }
}

#[test]
fn what_is_said_twice_is_refused() {
    for (format, once, twice, reason) in [
        (
            Format::JsonLd,
            "\"action\":\"OBSERVE\"",
            "\"action\":\"OBSERVE\",\"action\":\"OBSERVE\"",
            "duplicate_field",
        ),
        // The same name, spelled with an escape.
        (
            Format::JsonLd,
            "\"action\":\"OBSERVE\"",
            "\"action\":\"OBSERVE\",\"a\\u0063tion\":\"ADD\"",
            "duplicate_field",
        ),
        (
            Format::JsonLd,
            "\"schemaVersion\":\"2.0\"",
            "\"schemaVersion\":\"2.0\",\"schemaVersion\":\"2.0\"",
            "duplicate_field",
        ),
        (
            Format::Xml,
            "<action>OBSERVE</action>",
            "<action>OBSERVE</action><action>OBSERVE</action>",
            "duplicate_field",
        ),
        (
            Format::Xml,
            "schemaVersion=\"2.0\"",
            "schemaVersion=\"2.0\" schemaVersion=\"2.0\"",
            "malformed_xml",
        ),
    ] {
        let good = document(format, &plain(format));
        let bad = good.replace(once, twice);
        assert_ne!(good, bad);
        let (found, message) = outcome(bad.as_bytes()).unwrap_err();
        assert_eq!(found, reason, "{twice}: {message}");
    }
}

#[test]
fn a_name_of_a_namespace_nobody_declared_is_refused() {
    for (format, from, to, reason) in [
        (
            Format::JsonLd,
            r#","action""#,
            r#","no:a":1,"action""#,
            "undeclared_prefix",
        ),
        // A prefix that stands for no namespace is none.
        (
            Format::JsonLd,
            r#"{"ex":"http://ns.example.com/"}]"#,
            r#"{"ex":5}],"ex:a":1"#,
            "undeclared_prefix",
        ),
        (
            Format::Xml,
            "</action>",
            "</action><no:a>1</no:a>",
            "undeclared_prefix",
        ),
        // A standard field in the namespace of the other version, or of nobody we know.
        (
            Format::Xml,
            "<action>",
            "<action xmlns=\"urn:epcglobal:epcis:xsd:1\">",
            "unsupported_version",
        ),
        (
            Format::Xml,
            "urn:epcglobal:epcis:xsd:2",
            "urn:epcglobal:epcis:xsd:22",
            "unsupported_version",
        ),
        (
            Format::Xml,
            "urn:epcglobal:epcis:xsd:2",
            "URN:epcglobal:epcis:xsd:2",
            "unsupported_version",
        ),
    ] {
        let good = document(format, &plain(format));
        let bad = good.replace(from, to);
        assert_ne!(good, bad);
        let (found, message) = outcome(bad.as_bytes()).unwrap_err();
        assert_eq!(found, reason, "{to}: {message}");
    }
}

#[test]
fn versions_are_not_mixed() {
    let xml = document(Format::Xml, &plain(Format::Xml));
    let json = document(Format::JsonLd, &plain(Format::JsonLd));
    let bare =
        "<bizStep xmlns=\"urn:epcglobal:epcis:xsd:1\">urn:epcglobal:cbv:bizstep:shipping</bizStep>";
    for body in [
        xml.replace("epcis:xsd:2", "epcis:xsd:1"),
        xml.replace("\"2.0\"", "\"1.2\""),
        xml.replace("</action>", &format!("</action>{bare}")),
        json.replace("\"2.0\"", "\"1.2\""),
        json.replace("\"2.0\"", "\"3.0\""),
    ] {
        let (reason, message) = outcome(body.as_bytes()).unwrap_err();
        assert_eq!(reason, "unsupported_version", "{body}: {message}");
    }
}

/// Senders do that; nothing else can be meant by these names, so they are read as what they say.
#[test]
fn fields_of_2_0_in_a_document_of_1_2_mean_what_they_mean_in_2_0() {
    let of_2_0 = document(Format::Xml, &plain(Format::Xml));
    let association = of_2_0
        .replace("ObjectEvent>", "AssociationEvent>")
        .replace(
            "<epcList>",
            "<parentID>urn:epc:id:grai:4012345.00001.1</parentID><childEPCs>",
        )
        .replace("</epcList>", "</childEPCs>");
    let with = |field: &str| of_2_0.replace("</action>", &format!("</action>{field}"));
    for newer in [
        association,
        with(
            "<persistentDisposition><set>urn:epcglobal:cbv:disp:active</set></persistentDisposition>",
        ),
        with(
            "<sensorElementList><sensorElement><sensorReport type=\"Temperature\" value=\"1\" uom=\"CEL\"/></sensorElement></sensorElementList>",
        ),
    ] {
        let older = newer
            .replace("epcis:xsd:2", "epcis:xsd:1")
            .replace("schemaVersion=\"2.0\"", "schemaVersion=\"1.2\"");
        let hash = |body: &str| outcome(body.as_bytes()).unwrap().content_hash;
        assert_eq!(hash(&older), hash(&newer));
        assert_ne!(hash(&older), hash(&of_2_0));
    }
}

#[test]
fn a_leap_second_is_refused_as_one() {
    for format in BINDINGS {
        let (reason, message) = at(format, "2016-12-31T23:59:60Z", "+00:00").unwrap_err();
        assert_eq!(reason, "bad_time");
        assert!(message.contains("leap second"), "{format:?}: {message}");
    }
}

#[test]
fn offsets_reach_fourteen_hours_to_both_sides() {
    for format in BINDINGS {
        for (offset, minutes) in [("+14:00", 840), ("-14:00", -840), ("+13:59", 839)] {
            let event = at(format, &format!("2026-03-04T12:00:00{offset}"), offset).unwrap();
            assert_eq!(event.event_time_zone_offset_minutes, minutes);
            let local = event.event_time + chrono::Duration::minutes(minutes.into());
            assert_eq!(local.to_rfc3339(), "2026-03-04T12:00:00+00:00", "{offset}");
        }
        for offset in ["+14:01", "-14:01", "+15:00", "+1400", "14:00", "+99:99"] {
            for (time, zone) in [
                (format!("2026-03-04T12:00:00{offset}"), "+00:00"),
                (TIME.to_owned(), offset),
            ] {
                let (reason, message) = at(format, &time, zone).unwrap_err();
                assert_eq!(reason, "bad_time", "{format:?} {time} {zone}: {message}");
            }
        }
    }
}

#[test]
fn a_time_of_0_to_9_decimals_is_read_to_the_microsecond_and_is_the_same_event_in_both_bindings() {
    for decimals in 0..=9 {
        let digits = &"987654321"[..decimals];
        let point = if decimals == 0 { "" } else { "." };
        let time = format!("2026-03-04T11:00:30{point}{digits}Z");
        let events = BINDINGS.map(|format| at(format, &time, "+00:00").unwrap());
        let micros = format!("{digits:0<6}")[..6].parse::<u32>().unwrap();
        for event in &events {
            assert_eq!(event.event_time.timestamp_subsec_micros(), micros, "{time}");
            assert_eq!(event.event_time.timestamp_subsec_nanos() % 1000, 0);
        }
        assert_eq!(events[0].content_hash, events[1].content_hash, "{time}");
    }
}

#[test]
fn a_list_of_a_hundred_thousand_epcs_is_the_same_event_in_both_bindings() {
    let units: Vec<String> = (0..100_000)
        .map(|n| format!("urn:epc:id:sgtin:4012345.011111.{n}"))
        .collect();
    let events = BINDINGS.map(|format| {
        let event = observed(format, TIME, "+00:00", &units, "");
        outcome(document(format, &event).as_bytes()).unwrap()
    });
    assert_eq!(events[0].epc_list.len(), units.len());
    assert_eq!(events[0].epc_list[99_999].given, units[99_999]);
    assert_eq!(events[0], events[1]);
    let more: Vec<String> = units.into_iter().chain([UNIT.to_owned() + "X"]).collect();
    for format in BINDINGS {
        let event = observed(format, TIME, "+00:00", &more, "");
        let (reason, _) = outcome(document(format, &event).as_bytes()).unwrap_err();
        assert_eq!(reason, "too_many_epcs", "{format:?}");
    }
}
