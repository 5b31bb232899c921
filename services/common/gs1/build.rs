//! Turns the table of Application Identifiers into static Rust: one record per
//! AI, and an index by its digits. A fault in the table stops the build with
//! the line it stands in.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const TABLE: &str = "src/dictionary/application_identifiers.txt";

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed={TABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let table = fs::read_to_string(TABLE).map_err(|e| format!("{TABLE}: {e}"))?;
    let mut records = Vec::new();
    for (number, line) in table.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        row(line, &mut records).map_err(|e| format!("{TABLE}, line {}: {e}", number + 1))?;
    }
    let code = format!("{}{}", statics(&records), index(&records)?);
    let out = env::var("OUT_DIR").map_err(|e| format!("OUT_DIR: {e}"))?;
    fs::write(Path::new(&out).join("application_identifiers.rs"), code).map_err(|e| e.to_string())
}

/// One AI.
struct Record {
    ai: String,
    /// Its old short name in links.
    short_name: Option<String>,
    /// The source text of its `Ai`.
    code: String,
}

/// Adds the records of one line.
fn row(line: &str, records: &mut Vec<Record>) -> Result<(), String> {
    let columns: Vec<&str> = line.split('|').map(str::trim).collect();
    let [ais, value, separator, link, requires, excludes, title] = columns[..] else {
        return Err(format!("{} columns, expected 7", columns.len()));
    };
    let (parts, lengths) = parts(value)?;
    let predefined = match separator {
        "-" => true,
        "FNC1" => false,
        other => return Err(format!("separator {other:?}, expected - or FNC1")),
    };
    let link = Link::read(link)?;
    let requires = list(requires.split_whitespace(), |group| {
        list(group.split('+'), pattern)
    })?;
    let excludes = list(excludes.split_whitespace(), pattern)?;
    for ai in range(ais)? {
        if records.last().is_some_and(|last| last.ai >= ai) {
            return Err(format!("AI {ai} is not in its order"));
        }
        let code = format!(
            "Ai {{ code: {ai:?}, title: {title:?}, components: &{parts}, \
             lengths: {lengths:?}, predefined_length: {predefined}, requires: &{requires}, excludes: &{excludes}, \
             attribute: {}, primary_key: {}, short_name: {:?} }}",
            link.attribute, link.key, link.name,
        );
        records.push(Record {
            ai,
            short_name: link.name.clone(),
            code,
        });
    }
    Ok(())
}

/// `01`, or each AI of `3100-3105`.
fn range(ais: &str) -> Result<Vec<String>, String> {
    let (first, last) = ais.split_once('-').unwrap_or((ais, ais));
    let number = |ai: &str| match ai.parse::<u16>() {
        Ok(number) if (2..=4).contains(&ai.len()) => Ok(number),
        _ => Err(format!("{ai:?} is not an AI of 2 to 4 digits")),
    };
    let (from, to) = (number(first)?, number(last)?);
    if first.len() != last.len() || from > to {
        return Err(format!("{ais:?} is not a range of AIs"));
    }
    let width = first.len();
    Ok((from..=to).map(|ai| format!("{ai:0width$}")).collect())
}

/// The components of a value: `N13:csum:gcppos1 [X1-17]`. Only the last is of
/// variable length, and what may be left out is followed by nothing that may not.
/// With them fewest and most characters of the value.
fn parts(value: &str) -> Result<(String, (usize, usize)), String> {
    let mut components = Vec::new();
    let (mut fewest, mut most) = (0, 0);
    let (mut variable, mut optional) = (false, false);
    for part in value.split_whitespace() {
        let (shape, rules) = part.split_once(':').unwrap_or((part, ""));
        let inner = shape.strip_prefix('[').and_then(|s| s.strip_suffix(']'));
        let shape = inner.unwrap_or(shape);
        let set = shape.get(..1).filter(|s| "NXYZ".contains(*s));
        let lengths = shape.get(1..).unwrap_or_default();
        let (min, max) = lengths.split_once('-').unwrap_or((lengths, lengths));
        let (Some(set), Ok(min), Ok(max)) = (set, min.parse::<u8>(), max.parse::<u8>()) else {
            return Err(format!("{part:?} is not a component"));
        };
        if variable || (optional && inner.is_none()) {
            return Err(format!("{part:?} cannot be told from what is before it"));
        }
        (variable, optional) = (min != max, inner.is_some());
        fewest += if optional { 0 } else { usize::from(min) };
        most += usize::from(max);
        let linters = list(rules.split(':').filter(|r| !r.is_empty()), |rule| {
            Ok(format!(
                "Linter {{ name: {rule:?}, check: linters::{rule} }}"
            ))
        })?;
        components.push(format!(
            "Component {{ set: Set::{set}, min: {min}, max: {max}, optional: {optional}, linters: &{linters} }}",
        ));
    }
    if components.is_empty() {
        return Err("no value".to_owned());
    }
    Ok((format!("[{}]", components.join(", ")), (fewest, most)))
}

/// What a GS1 Digital Link makes of an AI, as source text.
struct Link {
    attribute: bool,
    key: String,
    name: Option<String>,
}

impl Link {
    /// `attribute, key 22 10 21 / 235, as gtin`, each part where it applies.
    fn read(column: &str) -> Result<Self, String> {
        let mut link = Self {
            attribute: false,
            key: "None".to_owned(),
            name: None,
        };
        for word in column.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            if word == "attribute" {
                link.attribute = true;
            } else if let Some(name) = word.strip_prefix("as ") {
                link.name = Some(name.to_owned());
            } else if let Some(qualifiers) = word.strip_prefix("key") {
                let sequences = qualifiers.split('/').map(str::trim);
                let sequences = list(sequences.filter(|s| !s.is_empty()), |sequence| {
                    list(sequence.split_whitespace(), pattern)
                })?;
                link.key = format!("Some(&{sequences})");
            } else {
                return Err(format!("link {word:?}, expected attribute, key … or as …"));
            }
        }
        Ok(link)
    }
}

/// An AI in which `n` stands for any digit, as source text.
fn pattern(ai: &str) -> Result<String, String> {
    let digits = ai.trim_end_matches('n');
    if (2..=4).contains(&ai.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        Ok(format!("{ai:?}"))
    } else {
        Err(format!("{ai:?} is not an AI, nor one ending in n"))
    }
}

/// A list literal; all but the outermost hold references.
fn list<'a>(
    items: impl Iterator<Item = &'a str>,
    item: impl Fn(&'a str) -> Result<String, String>,
) -> Result<String, String> {
    let items = items
        .map(|i| {
            item(i).map(|s| {
                if s.starts_with('[') {
                    format!("&{s}")
                } else {
                    s
                }
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[{}]", items.join(", ")))
}

fn statics(records: &[Record]) -> String {
    let mut code = format!(
        "/// Every AI, in the order of its digits.\npub(super) static AIS: [Ai; {}] = [\n",
        records.len()
    );
    for record in records {
        let _ = writeln!(code, "    {},", record.code);
    }
    code.push_str("];\n/// Short names and places in `AIS`.\n");
    let named = records.iter().enumerate();
    let names: Vec<(&str, usize)> = named
        .filter_map(|(place, record)| Some((record.short_name.as_deref()?, place)))
        .collect();
    let _ = writeln!(
        code,
        "pub(super) static SHORT_NAMES: [(&str, usize); {}] = {names:?};",
        names.len()
    );
    code
}

/// The index: the first two digits of an AI say how long it is (GS1 General
/// Specifications 7.8.3), so two array reads find it. `PREFIXES` holds, for each
/// pair of digits, the length of its AIs and where their slots begin; a slot
/// holds one more than the record's place in `AIS`, 0 where there is no such AI.
fn index(records: &[Record]) -> Result<String, String> {
    let mut prefixes = [(0u8, 0usize); 100];
    let mut slots: Vec<usize> = Vec::new();
    for (place, Record { ai, .. }) in records.iter().enumerate() {
        let digits = |text: &str| text.parse::<usize>().map_err(|e| format!("{ai}: {e}"));
        let (pair, rest) = ai.split_at(2);
        let prefix = &mut prefixes[digits(pair)?];
        if prefix.0 == 0 {
            *prefix = (ai.len() as u8, slots.len());
            slots.resize(slots.len() + 10usize.pow(rest.len() as u32), 0);
        }
        if usize::from(prefix.0) != ai.len() {
            return Err(format!(
                "{TABLE}: AI {ai} differs in length from others in {pair}"
            ));
        }
        let offset = if rest.is_empty() { 0 } else { digits(rest)? };
        slots[prefix.1 + offset] = place + 1;
    }
    Ok(format!(
        "/// Length and first slot of the AIs that begin with two digits.\n\
         pub(super) static PREFIXES: [(u8, u16); 100] = {prefixes:?};\n\
         /// Places in `AIS`, each plus one.\n\
         pub(super) static SLOTS: [u16; {}] = {slots:?};\n",
        slots.len()
    ))
}
