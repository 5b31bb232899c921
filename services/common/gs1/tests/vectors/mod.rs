//! Where the published vectors are; a test without them says so and is skipped.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test takes what it needs"
)]

use std::path::{Path, PathBuf};

/// The text of a published file, None (said on stderr) where there is none.
pub(crate) fn text(file: &str) -> Option<String> {
    let root = std::env::var_os("VECTORS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/vectors"),
        PathBuf::from,
    );
    let path = root.join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: no published vectors at {}", path.display());
    }
    text
}

/// The lines of a published file of JSON lines.
pub(crate) fn lines(file: &str) -> Vec<serde_json::Value> {
    let Some(text) = text(file) else {
        return Vec::new();
    };
    let lines: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!lines.is_empty());
    lines
}
