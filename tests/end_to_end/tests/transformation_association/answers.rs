//! What the pipeline says afterwards.

use std::collections::BTreeSet;

use serde_json::Value;
use serialtrail_end_to_end::{Deployment, IMPORT_KEY, vectors};
use serialtrail_epcis::{BodyKind, Limits, parse_body};

use crate::scenario::BINDINGS;

/// Steps of a journey with the role of the unit in each.
pub(crate) fn journey(d: &Deployment, unit: &str) -> Vec<String> {
    let trace = d.trace(unit).unwrap();
    let reads = trace["journey"].as_array().unwrap().iter();
    reads
        .map(|read| {
            let text = |name: &str| read[name].as_str().unwrap().to_owned();
            format!("{} {}", text("biz_step"), text("role"))
        })
        .collect()
}

/// The text the query interface answers to parameters, in a media type.
pub(crate) fn answer(
    d: &Deployment,
    path: &str,
    parameters: &[(&str, &str)],
    media: &str,
) -> (u16, String) {
    let url = reqwest::Url::parse_with_params(
        &format!("http://{}/epcis/v2/{path}", d.settings().http.query),
        parameters,
    )
    .unwrap();
    let answer = reqwest::blocking::Client::new()
        .get(url)
        .header("x-api-key", IMPORT_KEY)
        .header("accept", media)
        .send()
        .unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

/// Event ids and hashes of what is answered.
pub(crate) fn found(
    d: &Deployment,
    parameters: &[(&str, &str)],
    media: &str,
    schema: Option<&jsonschema::Validator>,
) -> BTreeSet<(String, String)> {
    let (status, text) = answer(d, "events", parameters, media);
    assert_eq!(status, 200, "{parameters:?}: {text}");
    if let (Some(schema), true) = (schema, media.ends_with("json")) {
        let body: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&body)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{parameters:?}: {text}");
    }
    let read = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
    let events = read.events.into_iter().map(|event| event.outcome.unwrap());
    events
        .map(|event| (event.id().to_owned(), event.content_hash))
        .collect()
}

/// Each list of parameters finds this event and no other, in both media types.
pub(crate) fn each_finds(d: &Deployment, event: &(String, String), lists: &[Vec<(&str, &str)>]) {
    let schema = vectors::folder().map(|root| vectors::epcis_schema(&root));
    for parameters in lists {
        for binding in BINDINGS {
            let found = found(d, parameters, binding.media(), schema.as_ref());
            assert_eq!(found, BTreeSet::from([event.clone()]), "{parameters:?}");
        }
    }
}

/// The earliest event of a type about a unit: id and hash.
pub(crate) fn stored(d: &Deployment, event_type: &str, unit: &str) -> (String, String) {
    let key = serialtrail_gs1::parse_identifier(unit).unwrap().to_string();
    let row = d
        .sql(&format!(
            "SELECT event_id, content_hash FROM events FINAL WHERE event_type = '{event_type}' \
             AND has(epc_keys, '{key}') ORDER BY event_time LIMIT 1 FORMAT TSV"
        ))
        .unwrap();
    let (id, hash) = row.split_once('\t').unwrap();
    (id.to_owned(), hash.to_owned())
}
