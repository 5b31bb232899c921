//! Documents written by others, through the running pipeline: each file lands, its units traceable, or
//! is refused with a reason and kept. `real_input.txt` states each file.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use serialtrail_end_to_end::Deployment;

/// `<file>: landed <events>` or `<file>: refused <reasons>`. `unsupported_event_type` and
/// `unsupported_document` are what later versions take.
const STATED: &str = include_str!("real_input.txt");
const FOLDERS: [&str; 2] = ["openepcis-test-resources/2.0/EPCIS/JSON", "gs1-epcis/JSON"];

fn vectors() -> Option<PathBuf> {
    let folder = std::env::var_os("VECTORS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no published vectors at {} (VECTORS_DIR)",
        folder.display()
    );
    None
}

/// Identifiers an event names, and whether it withdraws itself.
fn units(event: &Value) -> Vec<String> {
    let list = |key: &str| event[key].as_array().cloned().unwrap_or_default();
    let mut out: Vec<String> = [
        list("epcList"),
        list("childEPCs"),
        vec![event["parentID"].clone()],
    ]
    .concat()
    .iter()
    .filter_map(|v| v.as_str().map(str::to_owned))
    .collect();
    for key in ["quantityList", "childQuantityList"] {
        out.extend(
            list(key)
                .iter()
                .filter_map(|q| q["epcClass"].as_str().map(str::to_owned)),
        );
    }
    out
}

fn events(document: &Value) -> Vec<Value> {
    match document["epcisBody"]["eventList"].as_array() {
        Some(list) => list.clone(),
        None => vec![document.clone()],
    }
}

#[test]
fn every_published_document_lands_traceably_or_is_refused_with_its_reason() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let Some(vectors) = vectors() else { return };
    let stated: BTreeMap<&str, &str> = STATED.lines().filter_map(|l| l.split_once(": ")).collect();
    let folders = FOLDERS.map(|f| vectors.join(f));
    let ran = d
        .cli([
            "--json".as_ref(),
            "capture".as_ref(),
            folders[0].as_os_str(),
            folders[1].as_os_str(),
        ])
        .unwrap();
    assert_eq!(ran.code, 3, "some files are refused: {}", ran.err);
    let outcomes: Vec<Value> = ran
        .out
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
        .filter(|o| o["file"].is_string())
        .collect();
    d.settle().unwrap();

    let mut seen = BTreeSet::new();
    for outcome in &outcomes {
        let path = PathBuf::from(outcome["file"].as_str().unwrap());
        let name = path
            .strip_prefix(&vectors)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let reasons: BTreeSet<&str> = outcome["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["reason"].as_str().unwrap())
            .collect();
        let found = if outcome["outcome"] == "captured" {
            format!("landed {}", outcome["captured"])
        } else {
            format!(
                "refused {}",
                reasons.into_iter().collect::<Vec<_>>().join(" ")
            )
        };
        assert_eq!(Some(&found.as_str()), stated.get(name.as_str()), "{name}");
        if found.starts_with("landed") {
            traceable(&d, &path, &name);
        } else {
            kept(&d, outcome, &path, &name);
        }
        seen.insert(name);
    }
    let stated: BTreeSet<String> = stated.keys().map(|k| (*k).to_owned()).collect();
    assert_eq!(seen, stated, "no file vanishes");
}

/// Every unit of every event of the file has a journey, the event in it (or withdrawn, where the event
/// declares itself in error).
fn traceable(d: &Deployment, path: &Path, name: &str) {
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for event in events(&document) {
        let declared = event.get("errorDeclaration").is_some();
        if declared {
            let id = event["eventID"].as_str().unwrap();
            let kept = d
                .sql(&format!(
                    "SELECT count() FROM events FINAL WHERE event_id = '{id}' AND declaration"
                ))
                .unwrap();
            assert_ne!(kept, "0", "{name}: the declaration of {id} is not stored");
            continue;
        }
        for unit in units(&event) {
            let trace = d
                .trace(&unit)
                .unwrap_or_else(|e| panic!("{name}: {unit}: {e}"));
            let journey = trace["journey"].as_array().unwrap();
            let found = match event["eventID"].as_str() {
                Some(id) => journey.iter().any(|r| r["event_id"] == id),
                None => !journey.is_empty(),
            };
            assert!(
                found,
                "{name}: {unit} has no read of its event: {journey:?}"
            );
        }
    }
}

/// The bytes of a refused file, or of its refused events, stand in `rejected`: what is kept is a part
/// of the file, to the byte.
fn kept(d: &Deployment, outcome: &Value, path: &Path, name: &str) {
    let capture = outcome["capture_id"].as_str().unwrap();
    let rows = d
        .sql(&format!(
            "SELECT hex(original) FROM rejected FINAL WHERE capture_id = '{capture}' FORMAT TSV"
        ))
        .unwrap();
    assert!(!rows.is_empty(), "{name} is not kept in rejected");
    let file: String = std::fs::read(path)
        .unwrap()
        .iter()
        .map(|b| format!("{b:02X}"))
        .collect();
    for bytes in rows.lines() {
        assert!(
            !bytes.is_empty() && file.contains(bytes),
            "{name}: other bytes are kept"
        );
    }
}
