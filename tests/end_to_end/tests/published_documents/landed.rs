//! What landed: the events read, those stored, and those answered when they are asked back.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::Value;
use serialtrail_end_to_end::Deployment;
use serialtrail_epcis::{BodyKind, Event, Limits, parse_body};

use crate::{pipeline, stated};

/// What tells captured events apart: id, hash, and whether it withdraws the event of its id.
pub(crate) type Identity = (String, String, bool);

pub(crate) fn identity(event: &Event) -> Identity {
    (
        event.id().to_owned(),
        event.content_hash.clone(),
        event.error_declaration.is_some(),
    )
}

/// The events of a body, as far as they are valid.
pub(crate) fn read(body: &[u8]) -> Vec<Event> {
    let Ok(capture) = parse_body(body, BodyKind::Either, &Limits::default()) else {
        return Vec::new();
    };
    let events = capture.events.into_iter();
    events.filter_map(|event| event.outcome.ok()).collect()
}

/// The rows of captured events: identity and the capture that brought it.
pub(crate) fn stored(d: &Deployment, captures: &[String]) -> BTreeSet<(Identity, String)> {
    let captures = captures.join("','");
    let rows = d
        .sql(&format!(
            "SELECT event_id, content_hash, declaration, capture_id FROM events FINAL \
             WHERE capture_id IN ('{captures}') FORMAT JSONCompactEachRow"
        ))
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let identity = (text(&row[0]), text(&row[1]), row[2] == true);
        (identity, text(&row[3]))
    };
    rows.lines().map(row).collect()
}

/// Asks for the events of a file in a media type; the hashes of what comes back, by event id.
pub(crate) fn answered(
    d: &Deployment,
    http: &reqwest::blocking::Client,
    ids: &[&str],
    media: &str,
    schema: &Validator,
    apart: &mut BTreeSet<usize>,
    faults: &mut Vec<String>,
) -> BTreeSet<(String, String)> {
    let mut back = BTreeSet::new();
    for text in pipeline::query(d, http, ids, media) {
        if media.ends_with("json") {
            let body: Value = serde_json::from_str(&text).unwrap();
            for error in schema.iter_errors(&body) {
                let (place, message) = (error.instance_path().to_string(), error.to_string());
                match stated::apart(&place, &message) {
                    Some(known) => _ = apart.insert(known),
                    None => faults.push(format!("answer is not valid: {message} at {place}")),
                }
            }
        }
        let capture = match parse_body(text.as_bytes(), BodyKind::Either, &Limits::default()) {
            Ok(capture) => capture,
            Err(error) => {
                faults.push(format!("answer in {media} is not read: {error}"));
                continue;
            }
        };
        for event in capture.events {
            match event.outcome {
                Ok(event) => {
                    back.insert((event.id().to_owned(), event.content_hash));
                }
                Err(error) => faults.push(format!("answer in {media} is not read: {error}")),
            }
        }
    }
    back
}

/// Units of an event, as given.
pub(crate) fn units(event: &Event) -> impl Iterator<Item = &str> {
    let quantities = event.quantity_list.iter().chain(&event.child_quantity_list);
    let units = event.epc_list.iter().chain(&event.child_epcs);
    let units = units
        .chain(&event.parent_id)
        .chain(&event.input_epc_list)
        .chain(&event.output_epc_list);
    units
        .chain(quantities.map(|q| &q.epc_class))
        .map(|id| id.given.as_str())
}
