//! The published files: which there are, what each is, and how many events it holds, counted here
//! without the reader under test.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Folders captured whole.
const FOLDERS: [&str; 5] = [
    "gs1-epcis/JSON",
    "gs1-epcis/XML",
    "openepcis-test-resources/1.2",
    "openepcis-test-resources/2.0",
    "epcis-event-hash-ralphtro/examples",
];

/// Event types of EPCIS 1.0 to 2.0.
const EVENTS: [&str; 6] = [
    "ObjectEvent",
    "AggregationEvent",
    "QuantityEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// EPCISDocument or EPCISQueryDocument with results: for `/capture`.
    Document,
    /// One event: for `/events`.
    Event,
    /// A query, or an answer about captures.
    NoCapture,
}

/// One published file.
#[derive(Debug)]
pub(crate) struct File {
    /// Path below the vectors' folder.
    pub name: String,
    /// Its bytes.
    pub body: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Events it holds.
    pub events: usize,
}

impl File {
    /// Whether its publisher says that it must be refused.
    pub(crate) fn invalid(&self) -> bool {
        self.name.split('/').any(|part| part == "Invalid")
    }

    /// Media type by its name.
    pub(crate) fn media(&self) -> &'static str {
        if self.name.ends_with(".xml") {
            "application/xml"
        } else {
            "application/ld+json"
        }
    }
}

/// Every document of the folders, in the order of their names.
pub(crate) fn files(root: &Path) -> Vec<File> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let body = std::fs::read(path).unwrap();
            let (kind, events) = if path.extension().is_some_and(|e| e == "xml") {
                xml(std::str::from_utf8(&body).unwrap())
            } else {
                json(&serde_json::from_slice(&body).unwrap())
            };
            File {
                name: path
                    .strip_prefix(root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
                body,
                kind,
                events,
            }
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path
            .extension()
            .is_some_and(|e| e == "json" || e == "jsonld" || e == "xml")
        {
            found.push(path);
        }
    }
}

fn json(document: &Value) -> (Kind, usize) {
    let body = &document["epcisBody"];
    for list in [
        &body["eventList"],
        &body["queryResults"]["resultsBody"]["eventList"],
    ] {
        if let Some(list) = list.as_array() {
            return (Kind::Document, list.len());
        }
    }
    match document["type"].as_str() {
        Some("EPCISDocument" | "EPCISQueryDocument") => (Kind::Document, 0),
        Some(_) => (Kind::Event, 1),
        None => (Kind::NoCapture, 0),
    }
}

/// Counts start tags of events outside of comments.
fn xml(text: &str) -> (Kind, usize) {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = &comment[comment.find("-->").unwrap()..];
        } else if rest.starts_with(char::is_alphabetic) {
            let end = rest
                .find(|c: char| c.is_whitespace() || c == '>' || c == '/')
                .unwrap();
            let name = &rest[..end];
            names.push(name.rsplit_once(':').map_or(name, |(_, local)| local));
        }
    }
    let events = names.iter().filter(|n| EVENTS.contains(n)).count();
    let kind = match names[0] {
        name if EVENTS.contains(&name) => Kind::Event,
        "EPCISDocument" => Kind::Document,
        "EPCISQueryDocument" if !names.contains(&"Poll") => Kind::Document,
        _ => Kind::NoCapture,
    };
    (kind, events)
}
