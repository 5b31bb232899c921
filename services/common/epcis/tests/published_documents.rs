//! Documents written by others: what becomes of each file.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use serde_json::Value;
use serialtrail_epcis::{BodyKind, Limits, parse_body};

/// What became of a file: one word for the document or one for each event.
fn outcome(path: &Path) -> Vec<String> {
    match parse_body(
        &std::fs::read(path).unwrap(),
        BodyKind::Either,
        &Limits::default(),
    ) {
        Err(e) => vec![format!("document:{}", e.reason)],
        Ok(capture) => {
            assert!(!capture.events.is_empty(), "{} vanished", path.display());
            capture
                .events
                .iter()
                .map(|event| match &event.outcome {
                    Ok(_) => "read".to_owned(),
                    Err(e) => e.reason.code().to_owned(),
                })
                .collect()
        }
    }
}

/// What should become of a valid file, from the event types it holds.
fn expected(path: &Path) -> Vec<String> {
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    match document["type"].as_str() {
        Some("EPCISDocument") => document["epcisBody"]["eventList"]
            .as_array()
            .unwrap()
            .iter()
            .map(|_| "read".to_owned())
            .collect(),
        Some("EPCISQueryDocument") => {
            document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
                .as_array()
                .unwrap()
                .iter()
                .map(|_| "read".to_owned())
                .collect()
        }
        Some(_) => vec!["read".to_owned()],
        // A query, not a document.
        None => vec!["document:missing_field".to_owned()],
    }
}

#[test]
fn every_valid_document_is_read() {
    let Some(root) = support::vectors("") else {
        return;
    };
    let (mut read, mut files) = (0, 0);
    for folder in ["gs1-epcis/JSON", "openepcis-test-resources/2.0/EPCIS/JSON"] {
        for path in support::files(&root.join(folder), &["json", "jsonld"]) {
            if path.iter().any(|part| part == "Invalid") {
                continue;
            }
            let found = outcome(&path);
            println!(
                "{}: {}",
                path.strip_prefix(&root).unwrap().display(),
                found.join(" ")
            );
            assert_eq!(found, expected(&path), "{}", path.display());
            files += 1;
            read += found.iter().filter(|word| *word == "read").count();
        }
    }
    println!("{files} of {files} files as they should be, {read} events read");
    assert!(
        read >= 50,
        "only {read} events read: are the vectors complete?"
    );
}

#[test]
fn every_invalid_document_is_refused_for_the_right_reason() {
    let Some(root) = support::vectors("openepcis-test-resources") else {
        return;
    };
    let root = root.join("2.0/EPCIS/JSON");
    let table: &[(&str, &[&str])] = &[
        (
            "Capture/Invalid/Combination_of_non_standard_bizStep_and_disposition.json",
            &["unknown_vocabulary", "unknown_vocabulary"],
        ),
        (
            "Capture/Invalid/ObjectEvent_with_ilmd_field_without_namespace.json",
            &["unknown_field"],
        ),
        (
            "Capture/Invalid/ObjectEvent_with_invalid_action.json",
            &["bad_value"],
        ),
        (
            "Capture/Invalid/ObjectEvent_with_invalid_certificationInfo.json",
            &["wrong_type"],
        ),
        (
            "Capture/Invalid/ObjectEvent_with_invalid_eventTime_format.json",
            &["bad_time"],
        ),
        (
            "Capture/Invalid/ObjectEvent_with_non_standard_bizStep.json",
            &["unknown_vocabulary"],
        ),
        (
            "Capture/Invalid/ObjectEvent_with_non_standard_disposition.json",
            &["unknown_vocabulary"],
        ),
        (
            "Capture/Invalid/ObjectEvent_with_quantity_as_text.json",
            &["wrong_type"],
        ),
        (
            "Capture/Invalid/ObjectEvent_without_action_and_eventTime.json",
            &["missing_field"],
        ),
        (
            "Capture/Invalid/ObjectEvent_without_identifier_list.json",
            &["nothing_observed"],
        ),
        (
            "Query/Invalid/QueryDocument_with_invalid_action.json",
            &["bad_value"],
        ),
        (
            "Query/Invalid/QueryDocument_with_invalid_eventType.json",
            &["unsupported_event_type"],
        ),
        (
            "Query/Queries/Invalid/Query_with_invalid_values.json",
            &["document:missing_field"],
        ),
    ];
    let mut files = support::files(&root, &["json"]);
    files.retain(|path| path.iter().any(|part| part == "Invalid"));
    for path in &files {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let Some((_, reasons)) = table.iter().find(|(file, _)| *file == name) else {
            panic!("{name}: a file nobody has said the reason for");
        };
        assert_eq!(outcome(path), *reasons, "{name}");
        println!("{name}: {}", reasons.join(" "));
    }
    assert_eq!(files.len(), table.len());
}
