//! The description of the EPCIS query interface is of this interface.
#![allow(clippy::unwrap_used)]

mod common;
mod events;

use events::{away, through};
use serde_json::{Value, json};
use serialtrail_query::openapi;
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::from_str(openapi::EPCIS).unwrap()
}

/// What a `$ref` points to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn address(path: &str) -> String {
    path.split('/')
        .map(|part| {
            if part.starts_with('{') {
                "urn:example:x"
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test]
async fn every_resource_offers_the_described_methods_and_none_more() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let answer = through(away(), "OPTIONS", &address(path), &[], "").await;
        let described: BTreeSet<String> = methods
            .as_object()
            .unwrap()
            .keys()
            .map(|m| m.to_uppercase())
            .collect();
        if path == "/openapi/epcis.json" {
            continue;
        }
        let allow = answer
            .header("allow")
            .unwrap_or_else(|| panic!("{path} is not there"));
        let mut offered: BTreeSet<String> = allow.split(", ").map(str::to_owned).collect();
        offered.remove("HEAD");
        if path == "/epcis/v2/events" {
            // The gateway's, at whatever address the client sees; here it is not taken.
            assert!(offered.remove("POST"), "{allow}");
            let refused = through(away(), "POST", path, &[], "{}").await;
            let allow = refused.header("allow").map(str::to_owned);
            assert_eq!(
                (refused.status, allow.as_deref()),
                (405, Some("GET, HEAD, OPTIONS"))
            );
        }
        assert_eq!(offered, described, "{path}");
    }
    let served = through(away(), "GET", "/openapi/epcis.json", &[], "").await;
    assert_eq!(served.json(), document);
}

#[tokio::test]
async fn every_described_parameter_is_taken_and_another_is_not() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let list = methods["get"]["parameters"]
            .as_array()
            .into_iter()
            .flatten();
        let query: Vec<&Value> = list
            .map(|parameter| resolved(&document, parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        for parameter in &query {
            let name = parameter["name"].as_str().unwrap();
            let url = format!("{}?{name}=%00", address(path));
            let text = through(away(), "GET", &url, &[], "").await.text;
            assert!(
                !text.contains("there is no such parameter")
                    && !text.contains("there is no parameter"),
                "{url}: {text}"
            );
        }
        let url = format!("{}?EQ_nothing=1", address(path));
        let refused = through(away(), "GET", &url, &[], "").await;
        if path.ends_with("/events") && !query.is_empty() && !path.contains('{') {
            assert_eq!(refused.json()["parameter"], "EQ_nothing", "{path}");
        }
    }
}

#[test]
fn what_the_official_parameters_are_is_described() {
    let root = std::env::var_os("VECTORS_DIR").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        std::path::PathBuf::from,
    );
    let Ok(official) = std::fs::read(root.join("gs1-epcis/REST/openapi.json")) else {
        eprintln!(
            "SKIPPED: no published vectors at {}: set VECTORS_DIR",
            root.display()
        );
        return;
    };
    let official: Value = serde_json::from_slice(&official).unwrap();
    let ours = document();
    let names = |document: &Value, path: &str| -> BTreeSet<String> {
        let list = document["paths"][path]["get"]["parameters"]
            .as_array()
            .unwrap();
        list.iter()
            .map(|parameter| resolved(document, parameter))
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for resource in [
        "events",
        "bizSteps/{bizStep}/events",
        "epcs/{epc}/events",
        "readPoints/{readPoint}/events",
    ] {
        let wanted = names(&official, &format!("/{resource}"));
        let described = names(&ours, &format!("/epcis/v2/{resource}"));
        let missing: Vec<_> = wanted.difference(&described).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{resource}");
    }
    let schema = &ours["components"]["schemas"]["Problem"]["required"];
    assert_eq!(schema, &json!(["type", "title", "status", "detail"]));
}
