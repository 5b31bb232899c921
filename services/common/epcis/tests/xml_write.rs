//! Trees written as XML and read again: the same events, by the same hash.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/meaning.rs"]
mod meaning;
mod support;

use std::path::Path;

use meaning::meaning;
use serde_json::{Value, json};
use serialtrail_epcis::write::{
    DocumentHead, DocumentKind, WriteError, XmlVersion, json_document, xml_document,
};
use serialtrail_epcis::{
    BodyKind, Capture, Context, Event, Format, Limits, Tree, VocabularyElement, event_hash,
    event_tree, parse_body,
};

fn read(body: &[u8]) -> Capture {
    parse_body(body, BodyKind::Either, &Limits::default()).unwrap()
}

fn trees(capture: &Capture) -> Vec<Tree> {
    let format = capture.header.format;
    capture
        .events
        .iter()
        .filter(|event| event.outcome.is_ok())
        .map(|event| {
            event_tree(event.original.as_bytes(), format, event.context.as_deref()).unwrap()
        })
        .collect()
}

fn events(capture: &Capture) -> Vec<&Event> {
    capture
        .events
        .iter()
        .filter_map(|event| event.outcome.as_ref().ok())
        .collect()
}

fn head(kind: DocumentKind) -> DocumentHead {
    DocumentHead::new(kind, "2026-03-04T11:00:30.5Z".parse().unwrap())
}

fn query() -> DocumentKind {
    DocumentKind::Query {
        query_name: "SimpleEventQuery".into(),
        subscription_id: Some("s1".into()),
    }
}

/// What becomes of a file's events written in `version` and read again.
fn round_trip(path: &Path, version: XmlVersion, kind: DocumentKind) -> Result<usize, String> {
    let capture = read(&std::fs::read(path).unwrap());
    let trees = trees(&capture);
    let text = xml_document(version, &head(kind), &trees).map_err(|e| e.message)?;
    let again = read(text.as_bytes());
    assert_eq!(again.header.format, Format::Xml);
    let trees_again = self::trees(&again);
    let (before, after) = (events(&capture), events(&again));
    assert_eq!(
        before.len(),
        again.events.len(),
        "{}: {:?}",
        path.display(),
        again.events
    );
    for (i, (before, after)) in before.iter().zip(&after).enumerate() {
        let name = format!("{}[{i}]\n{text}", path.display());
        assert_eq!(before.content_hash, after.content_hash, "{name}");
        assert_eq!(
            meaning(before, &trees[i]),
            meaning(after, &trees_again[i]),
            "{name}"
        );
    }
    Ok(after.len())
}

#[test]
fn every_published_event_is_the_same_after_xml_2_0() {
    let Some(root) = support::vectors("") else {
        return;
    };
    let (mut files, mut count) = (0, 0);
    for folder in [
        "gs1-epcis",
        "openepcis-test-resources",
        "epcis-event-hash-ralphtro",
    ] {
        for path in support::files(&root.join(folder), &["json", "jsonld", "xml"]) {
            let capture = parse_body(
                &std::fs::read(&path).unwrap(),
                BodyKind::Either,
                &Limits::default(),
            );
            if !capture
                .is_ok_and(|capture| capture.events.iter().any(|event| event.outcome.is_ok()))
            {
                continue;
            }
            for kind in [DocumentKind::Capture, query()] {
                match round_trip(&path, XmlVersion::V2_0, kind) {
                    Ok(n) => count += n,
                    Err(e) => println!("NOT WRITTEN {}: {e}", path.display()),
                }
            }
            files += 1;
        }
    }
    println!("{files} files, {count} events");
    assert!(files > 60);
}

fn tree(event: Value) -> Tree {
    let context = Context::standard()
        .extended(&json!({"ex": "http://ns.example.com/", "other": "http://other.example.com/"}))
        .unwrap();
    Tree::new(event, &context).unwrap()
}

fn object_event(more: Value) -> Tree {
    let mut event = json!({
        "type": "ObjectEvent", "action": "ADD", "eventTime": "2026-03-04T11:00:30.5+01:00",
        "eventTimeZoneOffset": "+01:00", "epcList": ["urn:epc:id:sgtin:4012345.011111.987"]
    });
    event
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    tree(event)
}

fn written(version: XmlVersion, tree: Tree) -> Result<String, WriteError> {
    xml_document(version, &head(DocumentKind::Capture), &[tree])
}

#[test]
fn epcis_1_2_has_later_fields_in_its_extensions() {
    let text = written(
        XmlVersion::V1_2,
        object_event(json!({
            "eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8", "bizStep": "commissioning",
            "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 3}],
            "ilmd": {"ex:lot": "L1"}, "ex:a": "1"
        })),
    )
    .unwrap();
    let order = [
        "xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\"",
        "schemaVersion=\"1.2\"",
        "<eventTime>",
        "<eventTimeZoneOffset>",
        "<baseExtension>",
        "<eventID>",
        "</baseExtension>",
        "<epcList>",
        "<action>",
        "<bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>",
        "<extension>",
        "<quantityList>",
        "<ilmd>",
        "<ex:lot>L1</ex:lot>",
        "</ilmd>",
        "</extension>",
        "<ex:a>1</ex:a>",
        "</ObjectEvent>",
    ];
    let mut at = 0;
    for piece in order {
        at += text[at..]
            .find(piece)
            .unwrap_or_else(|| panic!("{piece} is not after the others:\n{text}"));
    }
    let transformation = tree(json!({
        "type": "TransformationEvent", "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00",
        "inputEPCList": ["urn:epc:id:sgtin:4012345.011111.1"], "outputEPCList": ["urn:epc:id:sgtin:4012345.011111.2"]
    }));
    let text = written(XmlVersion::V1_2, transformation).unwrap();
    let flat: String = text.split_whitespace().collect();
    assert!(
        flat.contains("<EventList><extension><TransformationEvent>"),
        "{text}"
    );
}

#[test]
fn what_a_version_cannot_hold_is_said_with_event_and_field() {
    let sensors = json!([{"sensorReport": [{"type": "Temperature", "value": 26.0}]}]);
    let association = tree(json!({
        "type": "AssociationEvent", "action": "ADD", "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00",
        "parentID": "urn:epc:id:grai:4012345.55555.987", "childEPCs": ["urn:epc:id:giai:4000001.12345"]
    }));
    let both = [XmlVersion::V1_2, XmlVersion::V2_0];
    let old = [XmlVersion::V1_2];
    for (event, versions, field) in [
        (association, &old[..], "type"),
        (
            object_event(json!({"sensorElementList": sensors})),
            &old,
            "sensorElementList",
        ),
        (
            object_event(json!({"persistentDisposition": {"set": ["expired"]}})),
            &old,
            "persistentDisposition",
        ),
        (
            object_event(json!({"certificationInfo": "https://example.com/c"})),
            &old,
            "certificationInfo",
        ),
        (
            object_event(json!({"certificationInfo": ["urn:a:b", "urn:a:c"]})),
            &both[1..],
            "certificationInfo",
        ),
        (object_event(json!({"ex:a": [[1]]})), &both, "ex:a"),
        (object_event(json!({"ex:a": {"b c": 1}})), &both, "ex:a.b c"),
        (object_event(json!({"ex:a": "\u{1}"})), &both, "ex:a"),
        (object_event(json!({"no:a": "1"})), &both, "no:a"),
        (object_event(json!({"colour": "red"})), &both, "colour"),
        (object_event(json!({"epcList": [7]})), &both, "epcList[0]"),
        (
            object_event(json!({"quantityList": [{"epcClass": "urn:a:b", "uom": "KGM"}]})),
            &old,
            "quantityList[0].quantity",
        ),
        (object_event(json!({"type": "MyEvent"})), &both, "type"),
        (
            object_event(json!({"quantityList": [{"epcClass": "urn:a:b", "price": 1}]})),
            &both,
            "quantityList[0].price",
        ),
    ] {
        for version in versions {
            let events = [object_event(json!({})), event.clone()];
            let e = xml_document(*version, &head(DocumentKind::Capture), &events).unwrap_err();
            assert_eq!(
                (e.index, e.field.as_str()),
                (Some(1), field),
                "{version:?} {}: {e}",
                event.event
            );
        }
    }
    let mut head = head(DocumentKind::Capture);
    head.sender = Some("urn:epc:id:sgln:4012345.00001.0".into());
    let e = xml_document(XmlVersion::V2_0, &head, &[]).unwrap_err();
    assert_eq!((e.index, e.field.as_str()), (None, "receiver"));
}

#[test]
fn a_header_is_the_same_after_xml() {
    let mut head = head(DocumentKind::Capture);
    head.context = Context::standard()
        .extended(&json!({"ex": "http://ns.example.com/"}))
        .unwrap();
    head.document_id = Some("https://example.com/documents/1".into());
    head.sender = Some("urn:epc:id:sgln:4012345.00001.0".into());
    head.receiver = Some("urn:epc:id:sgln:4012345.00002.0".into());
    head.instance_identifier = Some("17".into());
    head.master_data = vec![
        VocabularyElement {
            vocabulary: "urn:epcglobal:epcis:vtype:Location".into(),
            id: "urn:epc:id:sgln:4012345.00001.0".into(),
            attributes: vec![
                ("urn:epcglobal:cbv:mda#name".into(), json!("A & B")),
                ("urn:epcglobal:cbv:mda#floors".into(), json!("3")),
                (
                    "urn:epcglobal:cbv:mda#address".into(),
                    json!({"ex:city": "Berlin"}),
                ),
            ],
            children: vec!["urn:epc:id:sgln:4012345.00001.1".into()],
        },
        VocabularyElement {
            vocabulary: "urn:epcglobal:epcis:vtype:EPCClass".into(),
            id: "urn:epc:idpat:sgtin:4012345.012345.*".into(),
            attributes: vec![],
            children: vec![],
        },
    ];
    for (version, kind) in [
        (XmlVersion::V1_2, DocumentKind::Capture),
        (XmlVersion::V2_0, DocumentKind::Capture),
        (XmlVersion::V2_0, query()),
    ] {
        head.kind = kind;
        for events in [vec![], vec![object_event(json!({}))]] {
            let text = xml_document(version, &head, &events).unwrap();
            let header = read(text.as_bytes()).header;
            let mut with_number = head.clone();
            with_number.master_data[0].attributes[1].1 = json!(3);
            assert_eq!(xml_document(version, &with_number, &events).unwrap(), text);
            assert_eq!(header.events, events.len() as u64);
            assert_eq!(header.document_id, head.document_id, "{text}");
            assert_eq!(header.creation_date, Some(head.creation_date));
            assert_eq!(header.master_data, head.master_data, "{text}");
            let said: Value = serde_json::from_str(header.sbdh.as_deref().unwrap()).unwrap();
            assert_eq!(said["sender"], json!(head.sender));
            assert_eq!(said["receiver"], json!(head.receiver));
            assert_eq!(said["instanceIdentifier"], "17");
            assert_eq!(
                header.query_name.is_some(),
                matches!(head.kind, DocumentKind::Query { .. })
            );
        }
    }
}

#[test]
fn a_prefix_of_two_meanings_is_declared_where_it_differs() {
    let one = object_event(json!({"ex:a": "1", "example:b": "2"}));
    let other = Context::standard()
        .extended(
            &json!({"ex": "http://elsewhere.example.com/", "1x": "http://digit.example.com/"}),
        )
        .unwrap();
    let mut event = object_event(json!({})).event;
    event["ex:a"] = json!("3");
    event["1x:c"] = json!("4");
    event["http://iri.example.com/d"] = json!("5");
    let mut declared = one.event.clone();
    declared["@context"] = json!({"example": "http://ns.example.com/"});
    let trees = [
        Tree::new(declared, &one.context).unwrap(),
        Tree::new(event, &other).unwrap(),
    ];
    let text = xml_document(XmlVersion::V2_0, &head(DocumentKind::Capture), &trees).unwrap();
    let capture = read(text.as_bytes());
    for (tree, event) in trees.iter().zip(&capture.events) {
        let event = event.outcome.as_ref().unwrap();
        assert_eq!(
            event.content_hash,
            event_hash(&tree.event, &tree.context),
            "{text}"
        );
    }
}

#[test]
fn every_published_event_that_epcis_1_2_can_hold_is_the_same_after_it() {
    let Some(root) = support::vectors("") else {
        return;
    };
    let (mut written, mut refused) = (0, 0);
    for folder in ["gs1-epcis/XML", "openepcis-test-resources"] {
        for path in support::files(&root.join(folder), &["json", "xml"]) {
            let capture = parse_body(
                &std::fs::read(&path).unwrap(),
                BodyKind::Either,
                &Limits::default(),
            );
            if !capture
                .is_ok_and(|capture| capture.events.iter().any(|event| event.outcome.is_ok()))
            {
                continue;
            }
            match round_trip(&path, XmlVersion::V1_2, DocumentKind::Capture) {
                Ok(_) => written += 1,
                Err(e) => {
                    assert!(e.contains("EPCIS 1.2 has no"), "{}: {e}", path.display());
                    refused += 1;
                }
            }
        }
    }
    println!("{written} files as EPCIS 1.2, {refused} hold what it cannot");
    assert!(written >= 25 && refused >= 25, "{written} {refused}");
}

#[test]
fn words_keep_their_web_addresses_in_2_0_and_are_urns_in_1_2() {
    let event = || {
        object_event(
            json!({"bizStep": "https://ref.gs1.org/cbv/BizStep-shipping", "disposition": "in_transit"}),
        )
    };
    let text = written(XmlVersion::V2_0, event()).unwrap();
    assert!(
        text.contains("<bizStep>https://ref.gs1.org/cbv/BizStep-shipping<"),
        "{text}"
    );
    assert!(
        text.contains("<disposition>urn:epcglobal:cbv:disp:in_transit<"),
        "{text}"
    );
    let text = written(XmlVersion::V1_2, event()).unwrap();
    assert!(
        text.contains("<bizStep>urn:epcglobal:cbv:bizstep:shipping<"),
        "{text}"
    );
}

#[test]
fn every_published_xml_event_is_the_same_by_way_of_json() {
    let Some(root) = support::vectors("") else {
        return;
    };
    let mut count = 0;
    for folder in [
        "gs1-epcis/XML",
        "openepcis-test-resources",
        "epcis-event-hash-ralphtro",
    ] {
        for path in support::files(&root.join(folder), &["xml"]) {
            let Ok(capture) = parse_body(
                &std::fs::read(&path).unwrap(),
                BodyKind::Either,
                &Limits::default(),
            ) else {
                continue;
            };
            let json = json_document(&head(DocumentKind::Capture), &trees(&capture));
            let as_json = read(json.as_bytes());
            let again = xml_document(
                XmlVersion::V2_0,
                &head(DocumentKind::Capture),
                &trees(&as_json),
            )
            .unwrap();
            let as_xml = read(again.as_bytes());
            for (i, event) in events(&capture).into_iter().enumerate() {
                let before = meaning(event, &trees(&capture)[i]);
                for other in [&as_json, &as_xml] {
                    let after = events(other)[i];
                    assert_eq!(
                        event.content_hash,
                        after.content_hash,
                        "{}[{i}]\n{json}\n{again}",
                        path.display()
                    );
                    assert_eq!(
                        before,
                        meaning(after, &trees(other)[i]),
                        "{}[{i}]",
                        path.display()
                    );
                }
                count += 1;
            }
        }
    }
    println!("{count} events");
    assert!(count > 90, "{count}");
}
