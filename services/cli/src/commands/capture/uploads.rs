//! Which documents are sent, in which order.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};

/// One document to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) path: PathBuf,
    /// ISO 8601.
    pub(super) record_time: Option<String>,
    /// On whose behalf.
    pub(super) party: Option<String>,
}

/// Files as given, folders searched: `*.json`, `*.jsonld` and `*.xml` at any depth, in the order of their paths.
pub(super) fn found(paths: &[PathBuf]) -> anyhow::Result<Vec<Upload>> {
    let mut files = Vec::new();
    for path in paths {
        let metadata = path
            .metadata()
            .with_context(|| format!("{} cannot be read", path.display()))?;
        if metadata.is_dir() {
            search(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    let upload = |path| Upload {
        path,
        record_time: None,
        party: None,
    };
    Ok(files.into_iter().map(upload).collect())
}

fn search(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("folder {} cannot be read", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            search(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|e| e == "json" || e == "jsonld" || e == "xml")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The uploads of a CSV with the columns file, upload_time and, where it has one, party.
pub(super) fn listed(list: &Path) -> anyhow::Result<Vec<Upload>> {
    let mut reader = csv::Reader::from_path(list)
        .with_context(|| format!("{} cannot be read", list.display()))?;
    let header = reader
        .headers()
        .with_context(|| list.display().to_string())?
        .clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|column| column.trim_start_matches('\u{feff}').trim() == name)
    };
    let required = |name: &str| {
        column(name).with_context(|| format!("{}: the header has no column {name}", list.display()))
    };
    let (file, time, party) = (required("file")?, required("upload_time")?, column("party"));
    let folder = list.parent().unwrap_or(Path::new(""));
    let mut uploads = Vec::new();
    for (number, row) in (1..).zip(reader.records()) {
        let row = row.with_context(|| list.display().to_string())?;
        let value = |column: usize| row.get(column).unwrap_or_default().trim();
        let place = || format!("{}, row {number}", list.display());
        ensure!(!value(file).is_empty(), "{}: no file", place());
        chrono::DateTime::parse_from_rfc3339(value(time)).with_context(|| {
            format!(
                "{}: upload_time {:?} is no ISO time with zone",
                place(),
                value(time)
            )
        })?;
        let party = party.map(value).filter(|party| !party.is_empty());
        uploads.push(Upload {
            path: folder.join(value(file)),
            record_time: Some(value(time).to_owned()),
            party: party.map(str::to_owned),
        });
    }
    Ok(uploads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_searched_to_its_depth_and_taken_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("b/c")).unwrap();
        for name in [
            "z.json",
            "b/2.jsonld",
            "b/1.json",
            "b/c/x.json",
            "b/readme.md",
            "b/c/y.xml",
            "a.txt",
        ] {
            std::fs::write(at(name), "{}").unwrap();
        }
        let uploads = found(&[at("a.txt"), folder.path().to_owned()]).unwrap();
        let paths: Vec<_> = uploads.into_iter().map(|upload| upload.path).collect();
        let expected = [
            "a.txt",
            "b/1.json",
            "b/2.jsonld",
            "b/c/x.json",
            "b/c/y.xml",
            "z.json",
        ]
        .map(at);
        assert_eq!(paths, expected);
        assert!(found(&[at("missing")]).is_err());
    }

    #[test]
    fn a_list_gives_each_upload_its_time_and_party() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("uploads.csv");
        let write = |text: &str| std::fs::write(&list, text).unwrap();
        write(
            "party,upload_time,file\n9521321000001,2026-03-01T00:00:00Z,documents/1.json\n,2026-03-01T01:00:00+01:00,2.json\n",
        );
        let uploads = listed(&list).unwrap();
        assert_eq!(uploads[0].path, folder.path().join("documents/1.json"));
        assert_eq!(uploads[0].party.as_deref(), Some("9521321000001"));
        assert_eq!(
            uploads[1].record_time.as_deref(),
            Some("2026-03-01T01:00:00+01:00")
        );
        assert_eq!(uploads[1].party, None);
        for (text, part) in [
            ("file\n1.json\n", "no column upload_time"),
            (
                "file,upload_time\n1.json,yesterday\n",
                "row 1: upload_time \"yesterday\"",
            ),
            (
                "file,upload_time\n,2026-03-01T00:00:00Z\n",
                "row 1: no file",
            ),
        ] {
            write(text);
            let error = format!("{:#}", listed(&list).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
    }
}
