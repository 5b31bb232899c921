//! The vectors of GS1's syntax engine and of the EPC Tag Data Standard.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use serialtrail_gs1::{parse_element_string, parse_identifier};

fn lines(file: &str) -> Vec<Value> {
    let root = std::env::var_os("VECTORS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/vectors"),
        PathBuf::from,
    );
    let path = root.join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: no published vectors at {}", path.display());
        return Vec::new();
    };
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!lines.is_empty());
    lines
}

/// Links the engine refuses and we take, because only the key in the path is
/// asked for: what is wrong is beside it, or no GS1 key is claimed.
const TAKEN_LINKS: &[&str] = &[
    // Addresses without GS1 key are identifiers of their own.
    "http://a",
    "http://a/b",
    "https://$a/006141411234567890",
    "https://a/zzz/12312312312333",
    "https://a/01/1231231231233%003",
    // The scheme in mixed case (RFC 3986 §3.1 allows it).
    "HtTp://a/b/00/006141411234567890",
    // The convenience names of Digital Link 1.0.
    "https://a/gtin/12312312312333",
    // Faults in the query.
    "https://a/01/12312312312333?99=",
    "https://a/01/12312312312333/22/ABC%2d123?99=ABC&98=XYZ+987",
    "https://example.com/01/09520123456788?10=ABC123",
    "https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&01=09520123456788",
    "https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&99=XYZ789",
    "https://example.com/01/09520123456788?99=XYZ&89=ABC123",
];

#[test]
fn digital_links_are_the_units_the_engine_says() {
    for line in lines("gs1-syntax-engine-vectors/dl_parse.jsonl") {
        let input = line["input"].as_str().unwrap();
        let found = parse_identifier(input);
        if line["ok"] == true {
            // The engine writes the path's AIs first, so the key is that of the whole,
            // unless the query added a finer qualifier, which none of these does.
            let expected = line["expect"].as_str().unwrap();
            let expected = expected.split("^89").next().unwrap();
            let key = parse_element_string(expected).and_then(|elements| elements.key());
            let lot_from_query = input.contains("?02=");
            assert!(
                lot_from_query || found == key,
                "{input}: {found:?}, not {key:?}"
            );
            assert!(found.is_ok(), "{input}: {found:?}");
        } else {
            assert_eq!(
                found.is_ok(),
                TAKEN_LINKS.contains(&input),
                "{input}: {found:?}"
            );
        }
    }
}

#[test]
fn an_epc_urn_and_its_element_string_are_one_unit() {
    for line in lines("epc-binary/epc-binary-vectors.jsonl") {
        let Some(urn) = line["uri"].as_str() else {
            continue;
        };
        let key = parse_identifier(urn).unwrap();
        if let Some(element_string) = line["gs1"].as_str() {
            assert_eq!(parse_identifier(element_string), Ok(key), "{urn}");
        }
    }
}
