//! Forms of input: XML beside JSON, query documents, versions, limits, and what is no document at all.

use super::tests::{CODEC, Case, LIVE, Seen, assessed, assessed_within, document, event, reasons};
use super::*;
use serde_json::json;
use serialtrail_records::EpcisEvent;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-03-01T11:00:00Z">
  <EPCISBody><EventList>
    <ObjectEvent>
      <eventTime>2026-03-01T10:00:00Z</eventTime>
      <eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
      <epcList><epc>https://id.gs1.org/01/09521321123458/21/1</epc></epcList>
      <action>OBSERVE</action>
      <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>
      <readPoint><id>https://id.gs1.org/414/9521321000018</id></readPoint>
    </ObjectEvent>
  </EventList></EPCISBody>
</epcis:EPCISDocument>"#;

fn xml(case: &Case, text: &[u8]) -> Seen {
    assessed_within(case, text, Format::Xml, MOST_BYTES)
}

#[test]
fn an_event_is_the_same_in_xml_and_in_json_and_keeps_its_own_bytes() {
    let by_xml = xml(&LIVE, XML.as_bytes());
    assert_eq!(reasons(&by_xml), []);
    let mut anonymous = event("", "1");
    anonymous.as_object_mut().unwrap().remove("eventID");
    let by_json = assessed(&LIVE, &document(&[anonymous]));
    assert_eq!(by_xml.accepted[0].identity, by_json.accepted[0].identity);
    let record: EpcisEvent = CODEC.decode(&by_xml.accepted[0].value).unwrap();
    assert_eq!(record.original_format, "application/xml");
    assert!(record.original.starts_with(b"<ObjectEvent>"));
    assert_eq!(record.biz_step.as_deref(), Some("shipping"));
}

#[test]
fn a_document_of_epcis_1_2_is_captured() {
    let old = XML
        .replace("urn:epcglobal:epcis:xsd:2", "urn:epcglobal:epcis:xsd:1")
        .replace("schemaVersion=\"2.0\"", "schemaVersion=\"1.2\"");
    let seen = xml(&LIVE, old.as_bytes());
    assert_eq!((reasons(&seen), seen.accepted.len()), (Vec::new(), 1));
}

#[test]
fn raw_device_ids_of_xml_are_nowhere_in_the_record() {
    let text = XML.replace(
        "</ObjectEvent>",
        "<ex:deviceId xmlns:ex=\"https://ex.com/\">phone-77</ex:deviceId></ObjectEvent>",
    );
    let seen = xml(&LIVE, text.as_bytes());
    assert_eq!(reasons(&seen), []);
    assert!(memchr::memmem::find(&seen.accepted[0].value, b"phone-77").is_none());
}

#[test]
fn the_events_of_a_query_document_are_captured() {
    let body = json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T11:00:00Z",
        "epcisBody": {"queryResults": {
            "queryName": "SimpleEventQuery",
            "resultsBody": {"eventList": [event("urn:x:1", "1")]},
        }},
    });
    let seen = assessed(&LIVE, body.to_string().as_bytes());
    assert_eq!((reasons(&seen), seen.accepted.len()), (Vec::new(), 1));
}

#[test]
fn a_document_of_another_version_than_its_header_says_is_refused() {
    for (claimed, taken) in [("2.0.0", true), ("2.0", true), ("1.2", false)] {
        let case = Case {
            claimed_version: Some(claimed),
            ..LIVE
        };
        let seen = assessed(&case, &document(&[event("urn:x:1", "1")]));
        assert_eq!(seen.problem.is_none(), taken, "{claimed}");
        if !taken {
            assert_eq!(reasons(&seen), [(None, "unsupported_version")]);
        }
    }
}

#[test]
fn more_than_one_transaction_takes_is_413_and_says_that_proceed_takes_it() {
    let events: Vec<_> = (0..20).map(|n| event(&format!("urn:x:{n}"), "1")).collect();
    let seen = assessed_within(&LIVE, &document(&events), Format::JsonLd, 4_000);
    let problem = seen.problem.unwrap();
    assert_eq!((problem.kind, seen.accepted.len()), (Kind::TooLarge, 0));
    assert!(problem.detail.contains("proceed"), "{}", problem.detail);

    let one = event("urn:x:1", "1").to_string();
    let many = vec![one; MOST_EVENTS + 1].join(",");
    let whole = String::from_utf8(document(&[])).unwrap();
    let body = whole.replace("\"eventList\":[]", &format!("\"eventList\":[{many}]"));
    let seen = assessed(&LIVE, body.as_bytes());
    assert_eq!(reasons(&seen), [(None, "too_many_events")]);
    let problem = seen.problem.unwrap();
    assert_eq!(problem.kind, Kind::TooLarge);
    assert!(
        problem.detail.contains("proceed only"),
        "{}",
        problem.detail
    );
}

#[test]
fn a_bad_event_is_named_by_index_line_and_field() {
    let mut bad = event("urn:x:2", "2");
    bad["epcList"] = json!(["https://id.gs1.org/01/09521321123459/21/2"]);
    let text = format!(
        "{}\n",
        String::from_utf8(document(&[event("urn:x:1", "1"), bad])).unwrap()
    )
    .replace("{\"type\":\"ObjectEvent\"", "\n{\"type\":\"ObjectEvent\"");
    let seen = assessed(&LIVE, text.as_bytes());
    let error = &seen.problem.unwrap().errors[0];
    assert_eq!(
        (error.event_index, error.line, error.place.as_deref()),
        (Some(1), Some(3), Some("epcList[0]"))
    );
}

/// Every one of these is refused, with a reason, in bounded memory and time.
#[test]
fn what_is_no_document_is_refused_with_a_reason() {
    let json = String::from_utf8(document(&[event("urn:x:1", "1")])).unwrap();
    let laughs = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>{}",
        XML.split_once("?>").unwrap().1.replace("shipping", "&b;")
    );
    let external = laughs.replace(
        "<!ENTITY a \"ha\">",
        "<!ENTITY a SYSTEM \"file:///etc/passwd\">",
    );
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_xml = XML.replace(
        "<EPCISBody>",
        &format!("<EPCISBody>{}", "<a>".repeat(100_000)),
    );
    let half = |text: &str| text.as_bytes()[..text.len() / 2].to_vec();
    let twice = json.replace(
        "\"schemaVersion\"",
        "\"type\":\"EPCISDocument\",\"schemaVersion\"",
    );
    for (what, format, body) in [
        ("nothing", Format::JsonLd, Vec::new()),
        ("nothing as XML", Format::Xml, Vec::new()),
        ("half of it", Format::JsonLd, half(&json)),
        ("half of it as XML", Format::Xml, half(XML)),
        ("nested", Format::JsonLd, deep.into_bytes()),
        ("nested XML", Format::Xml, deep_xml.into_bytes()),
        ("billion laughs", Format::Xml, laughs.into_bytes()),
        ("external entity", Format::Xml, external.into_bytes()),
        (
            "invalid UTF-8",
            Format::JsonLd,
            [json.as_bytes(), &[0xff, 0xfe]].concat(),
        ),
        (
            "invalid UTF-8 in XML",
            Format::Xml,
            [XML.as_bytes(), &[0xff, 0xfe]].concat(),
        ),
        (
            "a control character in XML",
            Format::Xml,
            XML.replace("urn:epcglobal:epcis:xsd:2", "\u{1}")
                .into_bytes(),
        ),
        ("a name twice", Format::JsonLd, twice.into_bytes()),
        (
            "an attribute twice",
            Format::Xml,
            XML.replace("<EPCISBody>", "<EPCISBody a='1' a='2'>")
                .into_bytes(),
        ),
        (
            "an undeclared namespace",
            Format::JsonLd,
            json.replace("\"schemaVersion\"", "\"no:a\":1,\"schemaVersion\"")
                .into_bytes(),
        ),
        (
            "an undeclared namespace in XML",
            Format::Xml,
            XML.replace("<EPCISBody>", "<no:a/><EPCISBody>")
                .into_bytes(),
        ),
        ("XML said to be JSON", Format::JsonLd, XML.into()),
        (
            "JSON said to be XML",
            Format::Xml,
            json.clone().into_bytes(),
        ),
        (
            "another namespace",
            Format::Xml,
            XML.replace("epcis:xsd:2", "epcis:xsd:9").into_bytes(),
        ),
        (
            "two versions",
            Format::Xml,
            XML.replace("epcis:xsd:2", "epcis:xsd:1").into_bytes(),
        ),
        (
            "an old version in JSON",
            Format::JsonLd,
            json.replace("\"2.0\"", "\"1.2\"").into_bytes(),
        ),
        (
            "another version",
            Format::JsonLd,
            json.replace("\"2.0\"", "\"3.0\"").into_bytes(),
        ),
    ] {
        let seen = assessed_within(&LIVE, &body, format, MOST_BYTES);
        let problem = seen.problem.unwrap_or_else(|| panic!("{what} was taken"));
        assert_eq!(
            (problem.kind, seen.accepted.len()),
            (Kind::Validation, 0),
            "{what}"
        );
        assert!(
            !problem.detail.is_empty() && problem.errors_total == 1,
            "{what}"
        );
        let kept: Vec<u8> = seen
            .refusals
            .iter()
            .flat_map(|row| row.original.clone())
            .collect();
        assert_eq!(kept.len(), body.len(), "{what}");
    }
}

/// The event in both bindings, each in a document of its own.
fn both(change: &dyn Fn(&str) -> String) -> [Seen; 2] {
    let mut anonymous = event("", "1");
    anonymous.as_object_mut().unwrap().remove("eventID");
    let json = String::from_utf8(document(&[anonymous])).unwrap();
    [
        assessed(&LIVE, change(&json).as_bytes()),
        xml(&LIVE, change(XML).as_bytes()),
    ]
}

#[test]
fn times_and_offsets_at_the_edge_are_right_or_refused_with_a_reason_in_both_bindings() {
    for (time, offset, micros, reason) in [
        (
            "2026-03-01T10:00:00+14:00",
            "+14:00",
            1_772_308_800_000_000,
            None,
        ),
        (
            "2026-03-01T10:00:00-14:00",
            "-14:00",
            1_772_409_600_000_000,
            None,
        ),
        (
            "2026-03-01T10:00:00.1Z",
            "+00:00",
            1_772_359_200_100_000,
            None,
        ),
        (
            "2026-03-01T10:00:00.12345Z",
            "+00:00",
            1_772_359_200_123_450,
            None,
        ),
        (
            "2026-03-01T10:00:00.123456789Z",
            "-11:30",
            1_772_359_200_123_456,
            None,
        ),
        ("2026-03-01T10:00:00Z", "+14:01", 0, Some("bad_time")),
        ("2026-03-01T10:00:00+14:01", "+00:00", 0, Some("bad_time")),
        ("2026-03-01T10:00:00", "+00:00", 0, Some("bad_time")),
        ("2026-02-30T10:00:00Z", "+00:00", 0, Some("bad_time")),
        ("2016-12-31T23:59:60Z", "+00:00", 0, Some("bad_time")),
    ] {
        let seen = both(&|text| {
            text.replace("2026-03-01T10:00:00Z", time)
                .replace("+00:00", offset)
        });
        for seen in &seen {
            let found = reasons(seen).first().map(|(_, reason)| *reason);
            assert_eq!(found, reason, "{time} {offset}");
            if reason.is_none() {
                let record: EpcisEvent = CODEC.decode(&seen.accepted[0].value).unwrap();
                assert_eq!(record.event_time, micros, "{time}");
                assert_eq!(record.event_time_zone_offset, offset);
            }
        }
        let identities = seen.map(|seen| seen.accepted.first().map(|a| a.identity.clone()));
        assert_eq!(identities[0], identities[1], "{time} {offset}");
    }
}

#[test]
fn an_event_of_a_hundred_thousand_units_is_the_same_in_both_bindings() {
    let unit = "https://id.gs1.org/01/09521321123458/21/";
    let units = |open: &str, close: &str, between: &str| {
        let units = (0..100_000).map(|n| format!("{open}{unit}{n}{close}"));
        units.collect::<Vec<_>>().join(between)
    };
    let json = units("\"", "\"", ",");
    let xml = units("<epc>", "</epc>", "");
    let seen = both(&|text| {
        text.replace(&format!("\"{unit}1\""), &json)
            .replace(&format!("<epc>{unit}1</epc>"), &xml)
    });
    let records = seen.map(|seen| {
        assert_eq!(reasons(&seen), []);
        CODEC.decode::<EpcisEvent>(&seen.accepted[0].value).unwrap()
    });
    assert_eq!(records[0].epc_list.len(), 100_000);
    assert_eq!(records[0].epc_list, records[1].epc_list);
    assert_eq!(records[0].content_hash, records[1].content_hash);
}

/// With `proceed`: its neighbour is captured in JSON; in XML such a text ends the document.
#[test]
fn a_text_of_a_hundred_megabytes_is_refused_with_a_reason_and_kept_by_its_beginning() {
    let text = "x".repeat(100 << 20);
    let mut long = event("urn:x:long", "2");
    long["ex:note"] = text.as_str().into();
    let proceed = Case {
        behaviour: Behaviour::Proceed,
        ..LIVE
    };
    let seen = assessed(&proceed, &document(&[long, event("urn:x:1", "1")]));
    assert_eq!(reasons(&seen), [(Some(0), "event_too_large")]);
    assert_eq!(seen.accepted.len(), 1);
    let bound = |seen: &Seen| {
        seen.refusals
            .iter()
            .map(|row| row.original.len())
            .sum::<usize>()
            <= 8 << 20
    };
    assert!(bound(&seen));

    let long = XML.replace(
        "</action>",
        &format!("</action><ex:note xmlns:ex=\"https://ex.com/\">{text}</ex:note>"),
    );
    let seen = xml(&proceed, long.as_bytes());
    assert_eq!(reasons(&seen), [(None, "event_too_large")]);
    assert!(seen.accepted.is_empty() && bound(&seen));
}
