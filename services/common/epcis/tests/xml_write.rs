//! Trees written as XML and read again: the same events, by the same hash.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/meaning.rs"]
mod meaning;
mod support;

use std::path::Path;

use meaning::meaning;
use serialtrail_epcis::write::{DocumentHead, DocumentKind, XmlVersion, xml_document};
use serialtrail_epcis::{BodyKind, Capture, Event, Format, Limits, Tree, event_tree, parse_body};

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
