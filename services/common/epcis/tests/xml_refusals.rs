//! XML that is refused: each with its reason, its line, and nothing read that could do harm.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/xml.rs"]
mod xml;

use serialtrail_epcis::{
    BodyKind, DocumentError, EventError, Format, Limits, ReadOptions, parse_body, read_header,
};
use xml::{document, observed};

fn refused(body: &[u8]) -> DocumentError {
    parse_body(body, BodyKind::Either, &Limits::default()).unwrap_err()
}

fn refused_event(event: &str) -> EventError {
    let body = document(event);
    let capture = parse_body(body.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    assert_eq!(capture.events.len(), 1, "{body}");
    capture.events[0].outcome.clone().expect_err(&body)
}

#[test]
fn what_could_harm_is_not_read() {
    let billion = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]>\n<a>&lol2;</a>";
    let external = "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>";
    let declared: String = (0..129)
        .map(|i| format!(" xmlns:n{i}=\"urn:{i}\""))
        .collect();
    let bound = document(&observed(&format!("<ex:a{declared}/>")));
    let late_type = document(&observed("<!DOCTYPE a>"));
    let entity = document(&observed("<ex:a>&who;</ex:a>"));
    let in_attribute = document(&observed("<ex:a b=\"&who;\"/>"));
    let deep = document(&observed(&format!(
        "{}{}",
        "<ex:a>".repeat(200),
        "</ex:a>".repeat(200)
    )));
    let attributes: String = (0..300).map(|i| format!(" ex:a{i}=\"1\"")).collect();
    let many = document(&observed(&format!("<ex:a{attributes}/>")));
    for (body, reason, says) in [
        (billion, "malformed_xml", "DTD"),
        (external, "malformed_xml", "DTD"),
        (&late_type, "malformed_xml", "DTD"),
        (&entity, "malformed_xml", "&who;"),
        (&in_attribute, "malformed_xml", "who"),
        (&deep, "too_deep", "100"),
        (&many, "malformed_xml", "256 attributes"),
        (&bound, "malformed_xml", "128 namespaces"),
        ("<?xml version=\"1.1\"?><a/>", "malformed_xml", "XML 1.1"),
        (
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
            "malformed_xml",
            "UTF-16",
        ),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
            "malformed_xml",
            "ISO-8859-1",
        ),
    ] {
        let e = refused(body.as_bytes());
        assert_eq!(e.reason.code(), reason, "{body}: {e}");
        assert!(e.message.contains(says) && e.line.is_some(), "{e}");
    }
    let utf_16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark = [b"\xff\xfe".as_slice(), &utf_16].concat();
    let options = ReadOptions {
        kind: BodyKind::Either,
        limits: Limits::default(),
    };
    let e = read_header(with_mark.as_slice(), Format::Xml, &options).unwrap_err();
    assert!(
        e.reason.code() == "malformed_xml" && e.message.contains("UTF-16"),
        "{e}"
    );
    let e = refused(document(&observed("<ex:a>\u{1}</ex:a>")).as_bytes());
    assert!(e.message.contains("U+0001"), "{e}");
}

#[test]
fn a_document_type_that_declares_nothing_does_nothing() {
    let body = document(&observed("")).replace("?>\n", "?>\n<!DOCTYPE project>\n");
    let capture = parse_body(body.as_bytes(), BodyKind::Either, &Limits::default()).unwrap();
    assert!(capture.events[0].outcome.is_ok());
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_line() {
    let good = document(&observed(""));
    for (body, line) in [
        (good.replace("</EventList>", "</EventLists>"), 3),
        (good.replace("</epcis:EPCISDocument>", ""), 3),
        (format!("{good}<a/>"), 3),
        (format!("{good}text"), 3),
        (format!("\n{good}"), 2),
        (good.replace("<EventList>", "<EventList a='1' a='2'>"), 2),
        (good.replace("<EventList>", "<EventList a=1>"), 2),
        (good.replace("<EventList>", "<EventList a='<'>"), 2),
        (good.replace("<EventList>", "<Event=List>"), 2),
        (good.replace("<EventList>", "<EventList>text"), 3),
        (
            good.replace("xmlns:ex=\"http://ns.example.com/\"", "xmlns:ex=\"\""),
            2,
        ),
        (
            good.replace("<EventList>", "<EventList xmlns:xml=\"http://other/\">"),
            2,
        ),
        (good.replace("<ObjectEvent>", "<ObjectEvent>\n<a:b:c/>"), 4),
        (good.replace("&", "").replace("OBSERVE", "OBS & ERVE"), 3),
        (good.replace("OBSERVE", "<![CDATA[OBSERVE"), 3),
        (good.replace("OBSERVE", "<!-- OBSERVE"), 3),
    ] {
        let e = refused(body.as_bytes());
        assert_eq!(e.reason.code(), "malformed_xml", "{body}: {e}");
        assert_eq!(e.line, Some(line), "{body}: {e}");
    }
    let mut bytes = good.clone().into_bytes();
    let at = good.find("987").unwrap();
    bytes[at] = 0xFF;
    let e = refused(&bytes);
    assert!(
        e.reason.code() == "malformed_xml" && e.message.contains("UTF-8"),
        "{e}"
    );
    for empty in ["<", "<?xml version=\"1.0\"?>", "<!---->"] {
        assert_eq!(
            refused(empty.as_bytes()).reason.code(),
            "malformed_xml",
            "{empty}"
        );
    }
}

#[test]
fn a_document_is_of_one_known_version_and_kind() {
    let good = document(&observed(""));
    let query = good
        .replace("epcis:EPCISDocument", "q:EPCISQueryDocument")
        .replace(
            "xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\"",
            "xmlns:q=\"urn:epcglobal:epcis-query:xsd:2\"",
        );
    for (body, reason) in [
        (good.replace("xsd:2", "xsd:3"), "unsupported_version"),
        (
            good.replace("urn:epcglobal:epcis:xsd:2", "urn:other"),
            "unsupported_version",
        ),
        (
            good.replace("epcis:EPCISDocument", "EPCISDocument"),
            "unsupported_version",
        ),
        (
            good.replace("schemaVersion=\"2.0\"", "schemaVersion=\"1.2\""),
            "unsupported_version",
        ),
        (
            good.replace("schemaVersion=\"2.0\"", "schemaVersion=\"3.0\""),
            "unsupported_version",
        ),
        (
            good.replace("schemaVersion=\"2.0\"", "schemaVersion=\"two\""),
            "unsupported_version",
        ),
        (good.replace("schemaVersion=\"2.0\"", ""), "missing_field"),
        (
            good.replace("creationDate=\"2026-03-04T11:00:30Z\"", ""),
            "missing_field",
        ),
        (
            good.replace(
                "creationDate=\"2026-03-04T11:00:30Z\"",
                "creationDate=\"today\"",
            ),
            "bad_time",
        ),
        (
            good.replace(
                "<EPCISBody>",
                "<old:EPCISBody xmlns:old=\"urn:epcglobal:epcis:xsd:1\">",
            )
            .replace("</EPCISBody>", "</old:EPCISBody>"),
            "unsupported_version",
        ),
        (
            good.replace("<EPCISBody>", "<EPCISBody/><EPCISBody>"),
            "duplicate_field",
        ),
        (
            good.replace("<EPCISBody>", "<EPCISHeader/><EPCISHeader/><EPCISBody>"),
            "duplicate_field",
        ),
        (
            good.replace("<EPCISBody>", "<Body/><EPCISBody>"),
            "unknown_field",
        ),
        (
            good.replace("<EPCISBody>", "<no:Body/><EPCISBody>"),
            "undeclared_prefix",
        ),
        (
            good.replace("<EventList>", "<List/><EventList>"),
            "unknown_field",
        ),
        (good.replace("EPCISBody", "ex:Body"), "missing_field"),
        (
            good.replace("epcis:EPCISDocument", "epcis:EPCISMasterDataDocument"),
            "unsupported_document",
        ),
        (
            good.replace("epcis:EPCISDocument", "epcis:EPCISCaptureJob"),
            "unsupported_document",
        ),
        (query.clone(), "unsupported_document"),
        (
            query.replace("EventList>", "q:Poll>"),
            "unsupported_document",
        ),
        (
            query
                .replace("<EventList>", "<q:QueryResults><resultsBody/>")
                .replace("</EventList>", "</q:QueryResults>"),
            "unknown_field",
        ),
        (
            query
                .replace(
                    "<EventList>",
                    "<q:QueryResults><queryName>q</queryName></q:QueryResults><q:Poll>",
                )
                .replace("</EventList>", "</q:Poll>"),
            "missing_field",
        ),
    ] {
        let e = refused(body.as_bytes());
        assert_eq!(e.reason.code(), reason, "{body}: {e}");
    }
    let one = observed("");
    let e = parse_body(one.as_bytes(), BodyKind::Document, &Limits::default()).unwrap_err();
    assert!(e.message.contains("/events"), "{e}");
    let e = parse_body(good.as_bytes(), BodyKind::SingleEvent, &Limits::default()).unwrap_err();
    assert!(e.message.contains("/capture"), "{e}");
}

#[test]
fn a_fault_in_an_event_names_field_line_and_reason() {
    for (more, field, reason) in [
        ("\n<madeUp>x</madeUp>", "madeUp", "unknown_field"),
        ("\n<action>ADD</action>", "action", "duplicate_field"),
        (
            "<extension>\n<action>ADD</action></extension>",
            "action",
            "duplicate_field",
        ),
        ("\n<bizStep><a/></bizStep>", "bizStep", "wrong_type"),
        (
            "\n<bizStep a=\"b\">x</bizStep>",
            "bizStep.a",
            "unknown_field",
        ),
        ("text", "", "wrong_type"),
        ("\n<sourceList/>", "sourceList", "missing_field"),
        (
            "\n<bizTransactionList><po>a:b</po></bizTransactionList>",
            "bizTransactionList.po",
            "unknown_field",
        ),
        (
            "\n<readPoint><id>urn:a:b</id><id>urn:a:b</id></readPoint>",
            "readPoint.id",
            "duplicate_field",
        ),
        (
            "\n<readPoint><gln>1</gln></readPoint>",
            "readPoint.gln",
            "unknown_field",
        ),
        (
            "\n<quantityList><quantityElement><epcClass>urn:a:b</epcClass><price>1</price></quantityElement></quantityList>",
            "quantityList[0].price",
            "unknown_field",
        ),
        (
            "\n<quantityList>\n<quantityElement><epcClass>urn:a:b</epcClass><quantity>many</quantity></quantityElement></quantityList>",
            "quantityList[0].quantity",
            "wrong_type",
        ),
        (
            "\n<quantityList>\n<quantityElement><epcClass>urn:a:b</epcClass><quantity>1e3</quantity></quantityElement></quantityList>",
            "quantityList[0].quantity",
            "wrong_type",
        ),
        (
            "\n<sensorElementList><sensorElement><sensorReport>hot</sensorReport></sensorElement></sensorElementList>",
            "sensorElementList[0].sensorReport[0]",
            "bad_value",
        ),
        (
            "\n<sensorElementList><sensorElement><sensorReport type=\"gs1:Temperature\" colour=\"red\"/></sensorElement></sensorElementList>",
            "sensorElementList[0].sensorReport[0].colour",
            "unknown_field",
        ),
        (
            "\n<persistentDisposition><keep>x</keep></persistentDisposition>",
            "persistentDisposition.keep",
            "unknown_field",
        ),
        ("\n<no:a/>", "no:a", "undeclared_prefix"),
        ("\n<ex:a no:b=\"c\"/>", "ex:a.no:b", "undeclared_prefix"),
        ("\n<ilmd><lot>1</lot></ilmd>", "ilmd.lot", "unknown_field"),
        (
            "\n<bizStep xmlns=\"urn:epcglobal:epcis:xsd:1\">urn:epcglobal:cbv:bizstep:shipping</bizStep>",
            "bizStep",
            "unsupported_version",
        ),
    ] {
        let e = refused_event(&observed(more));
        assert_eq!(
            (e.field.as_str(), e.reason.code()),
            (field, reason),
            "{more}: {e}"
        );
        assert_eq!(e.line, 3, "{more}: {e}");
        // Values are verified where trees are read, which knows no lines.
        let of_value =
            ["", "quantityList[0].quantity"].contains(&field) || field.ends_with("colour");
        assert!(of_value || e.message.contains("(line 4)"), "{more}: {e}");
    }
    let quantity_event = observed("").replace("ObjectEvent", "QuantityEvent");
    assert!(
        refused_event(&quantity_event)
            .message
            .contains("quantityList")
    );
    assert_eq!(
        refused_event("<ex:MyEvent/>").reason.code(),
        "unsupported_event_type"
    );
    assert_eq!(
        refused_event("<MyEvent/>").reason.code(),
        "unsupported_event_type"
    );
    assert_eq!(
        refused_event("<ObjectEvent>\n</ObjectEvent>").reason.code(),
        "missing_field"
    );
}

#[test]
fn an_event_of_endless_namespaces_is_refused_at_once() {
    let each: String = (0..20_000)
        .map(|i| format!("<n:a xmlns:n=\"urn:{i}\"/>"))
        .collect();
    let e = refused_event(&observed(&each));
    assert!(e.message.contains("256 namespaces"), "{e}");
}

#[test]
fn a_bad_event_does_not_hide_its_neighbours() {
    let body = document(&format!(
        "{}\n{}\n{}",
        observed(""),
        observed("<madeUp/>"),
        observed("")
    ));
    let capture = parse_body(body.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    let read: Vec<bool> = capture
        .events
        .iter()
        .map(|event| event.outcome.is_ok())
        .collect();
    assert_eq!(read, [true, false, true]);
    let lines: Vec<u64> = capture.events.iter().map(|event| event.line).collect();
    assert_eq!(lines, [3, 4, 5]);
}

#[test]
fn an_event_or_document_that_is_too_large_is_refused_without_being_kept() {
    let epcs = "<epc>urn:epc:id:sgtin:4012345.011111.987</epc>".repeat(1000);
    let large = observed("").replace("<epcList>", &format!("<epcList>{epcs}"));
    let body = document(&format!("{large}{}", observed("")));
    let limits = Limits {
        max_event_bytes: 10_000,
        ..Limits::default()
    };
    let capture = parse_body(body.as_bytes(), BodyKind::Document, &limits).unwrap();
    assert_eq!(
        capture.events[0]
            .outcome
            .as_ref()
            .unwrap_err()
            .reason
            .code(),
        "event_too_large"
    );
    assert_eq!(capture.events[0].original.len(), 10_000);
    assert!(capture.events[1].outcome.is_ok());

    let long = document(&observed(&format!(
        "<ex:a>{}</ex:a>",
        "x".repeat(1_000_000)
    )));
    let e = parse_body(long.as_bytes(), BodyKind::Document, &limits).unwrap_err();
    assert_eq!(e.reason.code(), "event_too_large", "{e}");

    let header = format!(
        "<EPCISHeader>{}</EPCISHeader><EPCISBody>",
        "<ex:a>x</ex:a>".repeat(1000)
    );
    let body = document(&observed("")).replace("<EPCISBody>", &header);
    let limits = Limits {
        max_header_bytes: 1000,
        ..Limits::default()
    };
    let e = parse_body(body.as_bytes(), BodyKind::Document, &limits).unwrap_err();
    assert_eq!(e.reason.code(), "header_too_large", "{e}");

    let limits = Limits {
        max_events: 2,
        ..Limits::default()
    };
    let body = document(&observed("").repeat(3));
    let e = parse_body(body.as_bytes(), BodyKind::Document, &limits).unwrap_err();
    assert_eq!(e.reason.code(), "too_many_events", "{e}");
}

#[test]
fn more_elements_and_attributes_than_allowed_are_refused_where_they_are_too_many() {
    let limits = Limits {
        max_event_nodes: 20,
        max_header_nodes: 20,
        ..Limits::default()
    };
    let read = |body: &str| parse_body(body.as_bytes(), BodyKind::Document, &limits);
    // An observation has six elements of its own.
    for (part, most) in [("<ex:a/>\n", 14), ("<ex:a ex:b=\"1\"/>\n", 7)] {
        let event = |count| observed(&format!("<ex:all/>{}", part.repeat(count)));
        let two = format!("{}{}", event(most), observed(""));
        let capture = read(&document(&two)).unwrap();
        let error = capture.events[0].outcome.as_ref().unwrap_err();
        assert_eq!(error.reason.code(), "event_too_large");
        let line = 3 + most - 1;
        assert_eq!(
            (error.line, error.message.as_str()),
            (
                3,
                format!("the event has more than 20 elements and attributes (line {line})")
                    .as_str()
            )
        );
        assert!(capture.events[0].original.ends_with("</ObjectEvent>"));
        assert!(capture.events[1].outcome.is_ok());

        let capture = read(&document(&event(most - 1))).unwrap();
        assert!(capture.events[0].outcome.is_ok(), "{part}");
    }

    let header = |count| {
        let parts = "<ex:a/>\n".repeat(count);
        let header = format!("<EPCISHeader>{parts}</EPCISHeader><EPCISBody>");
        read(&document(&observed("")).replace("<EPCISBody>", &header))
    };
    assert!(header(19).is_ok());
    let error = header(20).unwrap_err();
    assert_eq!(
        (error.reason.code(), error.field.as_str(), error.line),
        ("header_too_large", "EPCISHeader", Some(2))
    );
    assert!(error.message.contains("(line 21)"), "{error}");
}
