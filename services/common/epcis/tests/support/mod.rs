//! Where the published vectors are. They are not part of the project.

use std::path::{Path, PathBuf};

/// The folder of a set of vectors; None, said on stderr, where it is absent.
pub(crate) fn vectors(set: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VECTORS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/vectors"),
        PathBuf::from,
    );
    let folder = root.join(set);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no published vectors at {}", folder.display());
    None
}

/// All files below a folder with one of the extensions, sorted.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path
            .extension()
            .is_some_and(|e| extensions.iter().any(|x| e == *x))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}
