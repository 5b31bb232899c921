//! Documents written by others, captured and asked for: every answer is valid, and holds the same events.
#![allow(clippy::unwrap_used)]

mod common;
mod events;

use common::Deployment;
use events::{Answer, Captured, ask, object, store};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use serialtrail_epcis::query::SimpleEventQuery;
use serialtrail_epcis::{BodyKind, Limits, parse_body};
use serialtrail_query::epcis::poller::{self, Poller};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folder of published vectors; without it, a visible note.
fn vectors() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let root = std::env::var_os("VECTORS_DIR").map_or(beside, PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    eprintln!(
        "SKIPPED: no published vectors at {}: set VECTORS_DIR",
        root.display()
    );
    None
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let ends = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            files(&path, found);
        } else if ["json", "jsonld", "xml"].contains(&ends)
            && !path.iter().any(|part| part == "Invalid")
        {
            found.push(path);
        }
    }
}

fn schema(root: &Path) -> Validator {
    let text = std::fs::read(root.join("gs1-epcis/EPCIS-JSON-Schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&text).unwrap();
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

/// Where the JSON schema and the text of the standard disagree: end of the message, why the text holds.
const EXCEPTIONS: [(&str, &str, &str); 4] = [
    (
        "/type",
        "\"EffectiveDoseRate\" is not valid",
        "a measurement type of the GS1 Web Vocabulary, used in GS1's own WithExtension/TransactionEvent.xml, \
         TransactionEvent_with_userExtensions and SensorData_with_combined_events; not in the schema's list",
    ),
    (
        "/type",
        "\"Molar_concentration\" is not valid",
        "a type of the publisher's under the prefix of GS1 in SensorData_with_combined_events; the schema lists \
         MolalityOfSolute and MolarVolume only",
    ),
    (
        "",
        "\"persistentDisposition\" is not valid",
        "EPCIS 2.0 7.4 has it on every event, the schema on object and transformation events only",
    ),
    (
        "",
        "\"type\" is a required property",
        "SensorData_with_combined_events: a sensor report may name an exception or own values instead \
         (EPCIS 2.0 7.3.7.3)",
    ),
];

fn exception(path: &str, error: &str) -> Option<usize> {
    EXCEPTIONS
        .iter()
        .position(|(end, start, _)| path.ends_with(end) && error.starts_with(start))
}

/// Hashes of a document's events.
fn hashes(body: &str) -> BTreeSet<String> {
    let capture = parse_body(body.as_bytes(), BodyKind::Either, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}: {}", &body[..body.len().min(500)]));
    let hash = |event: serialtrail_epcis::CapturedEvent| event.outcome.unwrap().content_hash;
    capture.events.into_iter().map(hash).collect()
}

async fn all(d: &Deployment, query: &str, headers: &[(&str, &str)], mut each: impl FnMut(&Answer)) {
    let mut next = Some(format!("/epcis/v2/events?perPage=20{query}"));
    while let Some(path) = next {
        let answer = ask(d, &path, headers).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        each(&answer);
        next = answer.next();
    }
}

#[tokio::test]
async fn what_others_wrote_comes_back_valid_and_the_same_in_json_and_xml() {
    let Some(root) = vectors() else {
        return;
    };
    let Some(d) = Deployment::new("epcis_published").await else {
        return;
    };
    let mut paths = Vec::new();
    for folder in [
        "gs1-epcis/JSON",
        "gs1-epcis/XML",
        "openepcis-test-resources/2.0/EPCIS",
    ] {
        files(&root.join(folder), &mut paths);
    }
    let (mut taken, mut stored) = (0, BTreeSet::new());
    for path in &paths {
        let body = std::fs::read_to_string(path).unwrap();
        let Ok(capture) = parse_body(body.as_bytes(), BodyKind::Either, &Limits::default()) else {
            continue;
        };
        if capture.events.iter().any(|event| event.outcome.is_err()) {
            continue;
        }
        // Several files say something else under one event id: each capture gets an id of its own.
        for event in capture.events {
            let mut captured = Captured::of(event);
            let record = &mut captured.record;
            record.event_id = format!("{}#{taken}", record.event_id);
            stored.insert(record.content_hash.clone());
            taken += 1;
            store(&d, &[captured]).await;
        }
    }
    assert!(taken > 100, "only {taken} events of {} files", paths.len());

    let validator = schema(&root);
    let (mut valid, mut pages, mut excepted, mut unexpected) = (0, 0, [0; 4], Vec::new());
    for format in ["Never_Translates", "Always_GS1_Digital_Link"] {
        let mut found = BTreeSet::new();
        all(&d, "", &[("gs1-epc-format", format)], |answer| {
            let body = answer.json();
            let errors = validator
                .iter_errors(&body)
                .map(|error| (error.instance_path().to_string(), error.to_string()));
            let before = unexpected.len();
            for (path, error) in errors {
                match exception(&path, &error) {
                    Some(known) => excepted[known] += 1,
                    None => unexpected.push(format!("{path}: {error}")),
                }
            }
            pages += 1;
            valid += usize::from(unexpected.len() == before);
            found.extend(hashes(&answer.text));
        })
        .await;
        let missing: Vec<_> = stored.difference(&found).collect();
        assert_eq!((found.len(), missing), (stored.len(), vec![]), "{format}");
    }
    assert_eq!(unexpected, Vec::<String>::new());
    for ((_, what, _), times) in EXCEPTIONS.iter().zip(excepted) {
        assert!(times > 0, "{what}: excepted for nothing");
    }
    let mut found = BTreeSet::new();
    let xml = [
        ("accept", "application/xml"),
        ("gs1-epc-format", "Never_Translates"),
    ];
    all(&d, "", &xml, |answer| found.extend(hashes(&answer.text))).await;
    assert_eq!(found, stored, "in XML");
    println!(
        "{taken} events of {} files: {valid} of {pages} JSON pages valid, all found in JSON and XML",
        paths.len()
    );
    d.drop().await;
}

#[tokio::test]
async fn a_poller_hands_out_what_was_captured_since_once_each() {
    let Some(d) = Deployment::new("epcis_poller").await else {
        return;
    };
    let event = |n: i64, step: &str| {
        let mut event = object(&format!("urn:uuid:00000000-0000-4000-8000-00000000{n:04}"));
        event["bizStep"] = json!(step);
        Captured::new(event).offset(n)
    };
    let earlier: Vec<_> = (0..3).map(|n| event(n, "shipping")).collect();
    store(&d, &earlier).await;
    let pairs = [("EQ_bizStep".to_owned(), "shipping".to_owned())];
    let query =
        SimpleEventQuery::from_pairs(&pairs, &serialtrail_epcis::Context::standard()).unwrap();
    let client = d.client();
    let mut everything = Poller::new(query.clone(), Default::default());
    let mut from_now = Poller::new(query, poller::end(&client).await.unwrap());
    assert_eq!(everything.next(&client).await.unwrap().len(), 3);
    assert!(from_now.next(&client).await.unwrap().is_empty());
    let later: Vec<_> = (3..303)
        .map(|n| event(n, if n % 3 == 0 { "shipping" } else { "storing" }))
        .collect();
    store(&d, &later).await;
    for poller in [&mut everything, &mut from_now] {
        let mut found = BTreeSet::new();
        loop {
            let events = poller.next(&client).await.unwrap();
            if events.is_empty() {
                break;
            }
            for event in events {
                assert!(
                    found.insert(event.tree.event["eventID"].to_string()),
                    "handed out twice"
                );
            }
        }
        assert_eq!(found.len(), 100);
        assert_eq!(poller.seen(), &poller::end(&client).await.unwrap());
    }
    d.drop().await;
}
