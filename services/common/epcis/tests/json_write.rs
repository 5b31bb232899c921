//! What is written as JSON-LD reads back as the same events, and is valid by the official schema.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use serialtrail_epcis::write::{DocumentHead, DocumentKind, json_document, json_event};
use serialtrail_epcis::{
    BodyKind, Capture, Context, Event, Limits, Tree, VocabularyElement, event_tree, parse_body,
    read_tree,
};

fn read(body: &[u8], kind: BodyKind) -> Capture {
    parse_body(body, kind, &Limits::default()).unwrap()
}

/// The events of a capture with the trees of their stored originals; None where one is refused.
fn trees(capture: &Capture) -> Option<Vec<(Tree, Event)>> {
    capture
        .events
        .iter()
        .map(|captured| {
            let event = captured.outcome.clone().ok()?;
            let tree = event_tree(
                captured.original.as_bytes(),
                capture.header.format,
                captured.context.as_deref(),
            )
            .unwrap();
            assert_eq!(read_tree(&tree, 0, &Limits::default()).unwrap(), event);
            Some((tree, event))
        })
        .collect()
}

fn head(kind: DocumentKind) -> DocumentHead {
    DocumentHead::new(kind, "2026-03-04T12:00:00Z".parse().unwrap())
}

/// A bare word as measurement type that is not in the schema's list: the GS1 Web Vocabulary grows
/// (EPCIS 2.0 §7.3.7).
const WORD: &str = "sensorReport";
/// On an AggregationEvent, where the text (§7.4) and the XSD have it and the JSON schema does not.
const PERSISTENT: &str = "persistentDisposition";

/// Files whose events the official schema refuses although the standard allows them, and what it
/// complains of; they are written as they are.
const APART: &[(&str, &str)] = &[
    (
        "gs1-epcis/XML/Example-PersistentDisposition.xml",
        PERSISTENT,
    ),
    ("gs1-epcis/XML/WithExtension/TransactionEvent.xml", WORD),
    (
        "openepcis-test-resources/2.0/EPCIS/JSON/Capture/Documents/SensorData_with_combined_events.json",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/JSON/Capture/Documents/TransactionEvent_with_userExtensions.json",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/JSON/Query/SensorData_with_combined_events.json",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/JSON/Query/TransactionEvent_with_userExtensions.json",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/XML/Capture/Documents/SensorData_with_combined_events.xml",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/XML/Capture/Documents/TransactionEvent_with_userExtensions.xml",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/XML/Query/Documents/TransactionEvent_with_userExtensions.xml",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/XML/Query/SensorData_with_combined_events.xml",
        WORD,
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/XML/Query/TransactionEvent_with_userExtensions.xml",
        WORD,
    ),
];

#[test]
fn what_is_written_is_read_as_the_same_events() {
    let Some(root) = support::vectors("") else {
        return;
    };
    let path = root.join("gs1-epcis/EPCIS-JSON-Schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let schema = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let mut apart: BTreeMap<String, String> = BTreeMap::new();
    let mut valid = |text: &str, path: &Path| {
        let value: Value = serde_json::from_str(text).unwrap();
        if let Err(e) = schema.validate(&value) {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            apart.insert(name, format!("{} {e}", e.instance_path()));
        }
    };
    let (mut files, mut events_written) = (0, 0);
    for folder in [
        "gs1-epcis",
        "openepcis-test-resources",
        "epcis-event-hash-ralphtro",
    ] {
        for path in support::files(&root.join(folder), &["json", "jsonld", "xml"]) {
            let body = std::fs::read(&path).unwrap();
            let Ok(capture) = parse_body(&body, BodyKind::Either, &Limits::default()) else {
                continue;
            };
            let Some(all) = trees(&capture) else { continue };
            files += 1;
            events_written += all.len();
            for (tree, event) in &all {
                let text = json_event(tree);
                let again = read(text.as_bytes(), BodyKind::SingleEvent);
                assert_eq!(
                    again.events[0].outcome.as_ref(),
                    Ok(event),
                    "{}: {text}",
                    path.display()
                );
                valid(&text, &path);
            }
            let forest: Vec<Tree> = all.iter().map(|(tree, _)| tree.clone()).collect();
            let query = DocumentKind::Query {
                query_name: "SimpleEventQuery".to_owned(),
                subscription_id: Some("s1".to_owned()),
            };
            for kind in [DocumentKind::Capture, query] {
                let mut head = head(kind);
                // With the standard's context alone events bring their own, else they need none.
                for context in [Context::standard(), forest[0].context.clone()] {
                    head.context = context;
                    let text = json_document(&head, &forest);
                    let again = read(text.as_bytes(), BodyKind::Document);
                    let found: Vec<&Event> = again
                        .events
                        .iter()
                        .map(|e| e.outcome.as_ref().unwrap())
                        .collect();
                    let expected: Vec<&Event> = all.iter().map(|(_, event)| event).collect();
                    assert_eq!(found, expected, "{}: {text}", path.display());
                    valid(&text, &path);
                }
            }
        }
    }
    println!("{events_written} events of {files} files");
    for (name, why) in &apart {
        println!("{name}: {}", why.chars().take(300).collect::<String>());
    }
    assert_eq!(apart.len(), APART.len());
    for ((found, complaint), (name, why)) in apart.iter().zip(APART) {
        assert_eq!(found, name);
        assert!(complaint.contains(why), "{name}: {complaint}");
    }
    assert!(
        files >= 90 && events_written >= 150,
        "{files} files, {events_written} events"
    );
}

#[test]
fn a_head_is_read_back_as_it_was_written() {
    let mut head = head(DocumentKind::Capture);
    head.document_id = Some("urn:uuid:1".to_owned());
    head.sender = Some("urn:epc:id:pgln:0353579.00001".to_owned());
    head.receiver = Some("urn:epc:id:pgln:5012345.00000".to_owned());
    head.instance_identifier = Some("1234".to_owned());
    head.context = Context::standard()
        .extended(&json!({"ex": "http://ns.example.com/"}))
        .unwrap();
    head.header_extensions
        .insert("ex:note".to_owned(), json!({"ex:a": 1}));
    let element = |vocabulary: &str, id: &str| VocabularyElement {
        vocabulary: vocabulary.to_owned(),
        id: id.to_owned(),
        attributes: vec![
            (
                "urn:epcglobal:cbv:mda#site".to_owned(),
                json!("0037000729306"),
            ),
            (
                "https://gs1.org/voc/address".to_owned(),
                json!({"ex:street": "Main Street"}),
            ),
            ("urn:epcglobal:cbv:mda#latitude".to_owned(), json!(52.5)),
        ],
        children: vec!["urn:epc:id:sgln:0037000.00729.8203".to_owned()],
    };
    head.master_data = vec![
        element(
            "urn:epcglobal:epcis:vtype:BusinessLocation",
            "urn:epc:id:sgln:0037000.00729.0",
        ),
        element(
            "urn:epcglobal:epcis:vtype:BusinessLocation",
            "urn:epc:id:sgln:0037000.00729.1",
        ),
        element(
            "urn:epcglobal:epcis:vtype:ReadPoint",
            "urn:epc:id:sgln:0037000.00729.2",
        ),
    ];
    let capture = read(json_document(&head, &[]).as_bytes(), BodyKind::Document);
    let found = capture.header;
    assert_eq!(found.document_id, head.document_id);
    assert_eq!(found.creation_date, Some(head.creation_date));
    assert_eq!(found.schema_version.as_deref(), Some("2.0"));
    assert_eq!(found.master_data, head.master_data);
    let sbdh: Value = serde_json::from_str(&found.sbdh.unwrap()).unwrap();
    assert_eq!(sbdh["sender"], json!(head.sender));
    assert_eq!(sbdh["receiver"], json!(head.receiver));
    assert_eq!(sbdh["instanceIdentifier"], "1234");
    assert_eq!(sbdh["epcisHeader"]["ex:note"], json!({"ex:a": 1}));
    assert_eq!(found.events, 0);

    head.kind = DocumentKind::Query {
        query_name: "SimpleMasterDataQuery".to_owned(),
        subscription_id: None,
    };
    let found = read(json_document(&head, &[]).as_bytes(), BodyKind::Document).header;
    assert_eq!(found.query_name.as_deref(), Some("SimpleMasterDataQuery"));
    assert_eq!(
        (found.subscription_id, found.master_data),
        (None, head.master_data)
    );
}

#[test]
fn a_prefix_of_one_event_means_nothing_else_in_another() {
    let tree = |namespace: &str| {
        let event = json!({
            "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-03-04T11:00:30Z",
            "eventTimeZoneOffset": "+01:00", "epcList": ["urn:epc:id:sgtin:4012345.011111.987"], "ex:colour": "red"
        });
        Tree::new(
            event,
            &Context::standard()
                .extended(&json!({"ex": namespace}))
                .unwrap(),
        )
        .unwrap()
    };
    let forest = [tree("http://one.example/"), tree("http://two.example/")];
    let hash = |tree: &Tree| read_tree(tree, 0, &Limits::default()).unwrap().content_hash;
    let mut head = head(DocumentKind::Capture);
    for context in [
        Context::standard(),
        forest[0].context.clone(),
        forest[1].context.clone(),
    ] {
        head.context = context;
        let again = read(json_document(&head, &forest).as_bytes(), BodyKind::Document);
        for (captured, tree) in again.events.iter().zip(&forest) {
            assert_eq!(captured.outcome.as_ref().unwrap().content_hash, hash(tree));
        }
    }
}
