//! A file as rows of named values: CSV with a header, or one JSON object a line.

use super::kinds::Kind;
use anyhow::{Context, bail, ensure};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A row that cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadRow {
    /// Line of the file, from 1.
    pub(super) line: u64,
    /// Name of the column; empty for the row as a whole.
    pub(super) column: String,
    /// Stable code.
    pub(super) reason: String,
    /// What was found and what was expected.
    pub(super) message: String,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row<'t> {
    /// Line it begins at, from 1.
    pub(super) line: u64,
    /// Column names and values, in the file's order.
    pub(super) cells: Vec<(Cow<'t, str>, Cow<'t, str>)>,
}

impl Row<'_> {
    /// The value of a column without the blanks around; empty where there is none.
    pub(super) fn get(&self, column: &str) -> &str {
        self.cells
            .iter()
            .find(|(name, _)| name == column)
            .map_or("", |(_, value)| value.trim())
    }
}

/// An open file.
pub(super) enum Table {
    Csv {
        records: Box<Records>,
        header: Vec<String>,
        missing: Vec<&'static str>,
    },
    Lines {
        reader: BufReader<File>,
        text: Vec<u8>,
        line: u64,
        bytes: u64,
    },
}

impl Table {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, kind: Kind) -> anyhow::Result<Self> {
        let file =
            File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let reader = BufReader::with_capacity(1 << 20, file);
        let lines = path
            .extension()
            .is_some_and(|e| e == "ndjson" || e == "jsonl");
        if lines {
            ensure!(
                kind == Kind::Registry,
                "{}: only a registry may be NDJSON; {} is a CSV",
                path.display(),
                kind.name()
            );
            return Ok(Self::Lines {
                reader,
                text: Vec::new(),
                line: 0,
                bytes: 0,
            });
        }
        let mut records = Box::new(Records::new(reader));
        let header = header(&mut records).with_context(|| path.display().to_string())?;
        let lacks = |name: &&&str| !header.iter().any(|given| given == *name);
        if let Some(key) = kind.required().iter().find(lacks) {
            bail!(
                "{}: the header has no column {key}; {} has the columns {}",
                path.display(),
                kind.name(),
                kind.columns().join(", ")
            );
        }
        let missing = kind.columns().iter().filter(lacks).copied().collect();
        Ok(Self::Csv {
            records,
            header,
            missing,
        })
    }

    /// Columns of the kind that the header does not have; they count as empty.
    pub(super) fn missing(&self) -> &[&'static str] {
        match self {
            Self::Csv { missing, .. } => missing,
            Self::Lines { .. } => &[],
        }
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        match self {
            Self::Csv { records, .. } => records.bytes,
            Self::Lines { bytes, .. } => *bytes,
        }
    }

    /// The next row, good or bad; `None` at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Result<Row<'_>, BadRow>>> {
        match self {
            Self::Csv {
                records, header, ..
            } => Ok(if records.read()? {
                Some(csv_row(header, records))
            } else {
                None
            }),
            Self::Lines {
                reader,
                text,
                line,
                bytes,
            } => loop {
                text.clear();
                let read = reader.read_until(b'\n', text)?;
                if read == 0 {
                    return Ok(None);
                }
                *line += 1;
                *bytes += read as u64;
                if !text.trim_ascii().is_empty() {
                    return Ok(Some(json_row(*line, text)));
                }
            },
        }
    }
}

/// The records of a CSV (RFC 4180) with the line each begins at, which the csv crate's own reader
/// tells wrongly after blank lines and in files with CRLF.
pub(super) struct Records {
    reader: BufReader<File>,
    core: csv_core::Reader,
    /// One physical line, and how much of it has been taken.
    text: Vec<u8>,
    taken: usize,
    /// Lines read.
    lines: u64,
    /// Line the record begins at.
    begins: u64,
    values: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    bytes: u64,
}

impl Records {
    fn new(reader: BufReader<File>) -> Self {
        Self {
            reader,
            core: csv_core::Reader::new(),
            text: Vec::new(),
            taken: 0,
            lines: 0,
            begins: 0,
            values: vec![0; 1024],
            ends: vec![0; 32],
            count: 0,
            bytes: 0,
        }
    }

    /// Reads the next record; false at the end of the file.
    fn read(&mut self) -> std::io::Result<bool> {
        use csv_core::ReadRecordResult as Result;
        let mut length = 0;
        self.count = 0;
        loop {
            let mut at_end = false;
            if self.taken == self.text.len() {
                self.text.clear();
                self.taken = 0;
                let read = self.reader.read_until(b'\n', &mut self.text)?;
                self.bytes += read as u64;
                at_end = read == 0;
                self.lines += u64::from(!at_end);
                if length == 0 && self.count == 0 {
                    self.begins = self.lines;
                }
            }
            let (result, taken, written, ended) = self.core.read_record(
                &self.text[self.taken..],
                &mut self.values[length..],
                &mut self.ends[self.count..],
            );
            self.taken += taken;
            length += written;
            self.count += ended;
            match result {
                Result::Record => return Ok(true),
                Result::End => return Ok(false),
                // A record that stops at the end of a line goes on in the next: it is quoted.
                Result::InputEmpty if at_end => return Ok(false),
                Result::InputEmpty => {}
                Result::OutputFull => self.values.resize(self.values.len() * 2, 0),
                Result::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            }
        }
    }

    /// The record's values.
    fn values(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.count).map(|n| {
            let start = if n == 0 { 0 } else { self.ends[n - 1] };
            &self.values[start..self.ends[n]]
        })
    }
}

fn header(records: &mut Records) -> anyhow::Result<Vec<String>> {
    ensure!(records.read()?, "the file is empty: a header is expected");
    let names: Vec<String> = records
        .values()
        .map(|name| {
            let name = std::str::from_utf8(name).context("the header is not UTF-8 text")?;
            Ok(name
                .trim_start_matches('\u{feff}')
                .trim()
                .to_ascii_lowercase())
        })
        .collect::<anyhow::Result<_>>()?;
    for (n, name) in names.iter().enumerate() {
        ensure!(
            !name.is_empty(),
            "column {} has no name in the header",
            n + 1
        );
        ensure!(
            !names[..n].contains(name),
            "the header has the column {name} twice"
        );
    }
    Ok(names)
}

fn csv_row<'t>(header: &'t [String], record: &'t Records) -> Result<Row<'t>, BadRow> {
    let line = record.begins;
    let bad = |column: &str, reason: &str, message: String| BadRow {
        line,
        column: column.to_owned(),
        reason: reason.to_owned(),
        message,
    };
    let values = record.values();
    if values.len() != header.len() {
        let message = format!(
            "{} values where the header names {} columns",
            values.len(),
            header.len()
        );
        return Err(bad("", "wrong_number_of_values", message));
    }
    let mut cells = Vec::with_capacity(header.len());
    for (name, value) in header.iter().zip(values) {
        let value = std::str::from_utf8(value)
            .map_err(|_| bad(name, "not_utf8", "the value is not UTF-8 text".to_owned()))?;
        cells.push((Cow::Borrowed(name.as_str()), Cow::Borrowed(value)));
    }
    Ok(Row { line, cells })
}

fn json_row(line: u64, text: &[u8]) -> Result<Row<'_>, BadRow> {
    let bad = |column: &str, reason: &str, message: String| BadRow {
        line,
        column: column.to_owned(),
        reason: reason.to_owned(),
        message,
    };
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(text).map_err(|error| {
            let message = format!("a JSON object is expected: {error}");
            bad("", "malformed_json", message)
        })?;
    let mut cells = Vec::with_capacity(object.len());
    for (name, value) in object {
        let value = match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text,
            // A list of markets may be written as one.
            serde_json::Value::Array(parts) if name == "markets" => {
                let texts: Option<Vec<&str>> = parts.iter().map(|p| p.as_str()).collect();
                texts
                    .ok_or_else(|| {
                        bad(
                            "markets",
                            "wrong_type",
                            "a list of texts is expected".to_owned(),
                        )
                    })?
                    .join(";")
            }
            other => other.to_string(),
        };
        cells.push((Cow::Owned(name), Cow::Owned(value)));
    }
    Ok(Row { line, cells })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(name: &str, text: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        File::create(&path).unwrap().write_all(text).unwrap();
        (folder, path)
    }

    fn rows(name: &str, kind: Kind, text: &[u8]) -> Vec<Result<(u64, String), BadRow>> {
        let (_folder, path) = file(name, text);
        let mut table = Table::open(&path, kind).unwrap();
        let key = kind.key_column();
        let mut rows = Vec::new();
        while let Some(row) = table.next().unwrap() {
            rows.push(row.map(|row| (row.line, row.get(key).to_owned())));
        }
        rows
    }

    #[test]
    fn the_header_names_the_columns_in_any_order() {
        let text = b"\xef\xbb\xbfname , GLN,role\n\"A, B\",1,x\n\nC,2,y\n";
        let rows = rows("parties.csv", Kind::Parties, text);
        assert_eq!(rows, [Ok((2, "1".to_owned())), Ok((4, "2".to_owned()))]);
    }

    #[test]
    fn a_record_is_told_by_the_line_it_begins_at() {
        for newline in ["\n", "\r\n"] {
            let lines = [
                "gln,name,role",
                "",
                "1,\"a",
                "b\",x",
                "",
                "",
                "2,\"5\"\" pipe\",x",
                "3,c,x",
            ];
            for end in ["", newline] {
                let text = lines.join(newline) + end;
                let rows = rows("parties.csv", Kind::Parties, text.as_bytes());
                let expected = [(3, "1"), (7, "2"), (8, "3")].map(|(n, k)| Ok((n, k.to_owned())));
                assert_eq!(rows, expected, "{text:?}");
            }
        }
        let long = "n".repeat(100_000);
        let text = format!("gln,name,role\n1,{long},x\n2,b,x");
        let rows = rows("parties.csv", Kind::Parties, text.as_bytes());
        assert_eq!(rows, [Ok((2, "1".to_owned())), Ok((3, "2".to_owned()))]);
    }

    #[test]
    fn a_row_of_wrong_length_or_bytes_is_bad_and_the_next_is_read() {
        let text = b"gln,name,role\n1,a\n2,\xff,x\n3,c,x\n";
        let rows = rows("parties.csv", Kind::Parties, text);
        let reason = |n: usize| rows[n].as_ref().unwrap_err();
        assert_eq!(
            (reason(0).line, reason(0).reason.as_str()),
            (2, "wrong_number_of_values")
        );
        assert_eq!((reason(1).line, reason(1).column.as_str()), (3, "name"));
        assert_eq!(rows[2], Ok((4, "3".to_owned())));
    }

    #[test]
    fn a_line_of_ndjson_is_a_row() {
        let text = b"{\"epc\":\"a\",\"lot\":null}\n\n{oops\n[1]\n{\"epc\":\"b\",\"markets\":[\"DE\",\"FR\"]}\n";
        let rows = rows("registry.ndjson", Kind::Registry, text);
        assert_eq!(rows[0], Ok((1, "a".to_owned())));
        assert_eq!(rows[1].as_ref().unwrap_err().line, 3);
        assert_eq!(rows[2].as_ref().unwrap_err().reason, "malformed_json");
        assert_eq!(rows[3], Ok((5, "b".to_owned())));
    }

    #[test]
    fn a_header_that_cannot_be_is_told_before_anything_is_read() {
        for (text, part) in [
            (&b""[..], "empty"),
            (b"name,role\n", "no column gln"),
            (b"gln,role,gln\n", "twice"),
            (b"gln,,role\n", "column 2 has no name"),
        ] {
            let (_folder, path) = file("parties.csv", text);
            let Err(error) = Table::open(&path, Kind::Parties) else {
                panic!("{text:?}")
            };
            assert!(
                format!("{error:#}").contains(part),
                "{error:#} lacks {part}"
            );
        }
        let (_folder, path) = file("parties.csv", b"gln,role\n");
        assert_eq!(
            Table::open(&path, Kind::Parties).unwrap().missing(),
            ["name"]
        );
    }
}
