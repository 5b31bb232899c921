//! The published vectors, where they are.

use std::path::{Path, PathBuf};

use jsonschema::{Draft, Validator};

/// Their folder: `VECTORS_DIR`, or beside the project; without it, a visible note.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let folder = std::env::var_os("VECTORS_DIR").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no published vectors at {} (VECTORS_DIR)",
        folder.display()
    );
    None
}

/// GS1's JSON schema of EPCIS 2.0 documents, of the vectors in `root`; formats count.
///
/// # Panics
/// It is not there or no schema.
#[must_use]
pub fn epcis_schema(root: &Path) -> Validator {
    let text = std::fs::read(root.join("gs1-epcis/EPCIS-JSON-Schema.json"))
        .expect("the vectors have the schema");
    let schema = serde_json::from_slice(&text).expect("the schema is JSON");
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true)
        .build(&schema)
        .expect("the schema is one of draft 7")
}
