//! Element strings, as people write them, `(01)…(21)…`, and as scanners send
//! them, with FNC1 as group separator (GS1 General Specifications 7.8).

use crate::ai;
use crate::date::Expiry;
use crate::epc::Epc;
use crate::error::{IdError, IdReason};
use crate::link;
use crate::parse::is_key_form;

/// The group separator a scanner sends for FNC1 (GS, ASCII 29).
pub(crate) const FNC1: u8 = 0x1d;

/// Application Identifiers and their values, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElementString {
    elements: Vec<(String, String)>,
}

/// What one scan of a pack tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The unit, or the class where the code carries no serial.
    pub key: Epc,
    /// Batch or lot (AI 10).
    pub lot: Option<String>,
    /// Expiry (AI 17, or the date of AI 7003).
    pub expiry: Option<Expiry>,
}

impl ElementString {
    /// The value of an AI.
    pub fn get(&self, ai: &str) -> Option<&str> {
        self.elements
            .iter()
            .find_map(|(found, value)| (found == ai).then_some(value.as_str()))
    }

    /// AIs and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.elements
            .iter()
            .map(|(ai, value)| (ai.as_str(), value.as_str()))
    }

    /// The key of the first GS1 primary key in it.
    pub fn key(&self) -> Result<Epc, IdError> {
        self.iter()
            .find(|(ai, _)| ai::is_primary_key(ai))
            .map(|(ai, value)| Epc::compose(ai, value, |q| self.get(q)))
            .ok_or_else(|| {
                IdError::malformed("no GS1 key, such as (01) or (00), in the element string")
            })
    }

    /// Adds a verified value; the same AI twice is an error unless equal
    /// (General Specifications 4.14).
    pub(crate) fn push(&mut self, ai: &str, value: &str) -> Result<(), IdError> {
        match self.get(ai) {
            Some(earlier) if earlier != value => Err(IdError::malformed(format!(
                "({ai}) is there twice, as {} and {}",
                IdError::quote(earlier),
                IdError::quote(value)
            ))),
            Some(_) => Ok(()),
            None => {
                self.elements.push((ai.to_owned(), value.to_owned()));
                Ok(())
            }
        }
    }
}

/// Reads an element string: bracketed, `(01)09521234543213(21)X`, where `\(`
/// is a literal bracket; or as scanned, with an optional symbology identifier
/// (`]C1`, `]d2`, `]Q3`, `]e0`, `]J1`) and FNC1 as GS or `^`. Every value is held to
/// its AI's format.
pub fn parse_element_string(text: &str) -> Result<ElementString, IdError> {
    let mut elements = ElementString::default();
    let mut add =
        |ai: &str, value: &str| ai::check_value(ai, value).and_then(|()| elements.push(ai, value));
    if text.starts_with('(') {
        bracketed(text, &mut add)?;
    } else {
        unbracketed(text, &mut add)?;
    }
    Ok(elements)
}

/// Reads a scan: an element string, a Digital Link with lot and expiry in path
/// or query, or any identifier [`crate::parse_identifier`] reads.
pub fn parse_scan(text: &str) -> Result<Scan, IdError> {
    let found = if link::is_web(text) {
        link::scan(text)?
    } else if is_element_string(text) {
        let elements = parse_element_string(text)?;
        Some((elements.key()?, elements))
    } else {
        None
    };
    let Some((key, elements)) = found else {
        return Ok(Scan {
            key: crate::parse_identifier(text)?,
            lot: None,
            expiry: None,
        });
    };
    let expiry = match (elements.get("17"), elements.get("7003")) {
        (Some(date), _) => Some(Expiry::from_yymmdd(date)?),
        (None, Some(moment)) => Some(Expiry::from_yymmdd(moment.get(..6).unwrap_or_default())?),
        (None, None) => None,
    };
    Ok(Scan {
        key,
        lot: elements.get("10").map(str::to_owned),
        expiry,
    })
}

/// Whether a text is to be read as an element string: it is bracketed, or marked
/// as a scan, or starts with an SSCC or GTIN and is not the key form. Other bare
/// digits are too ambiguous to be read.
pub(crate) fn is_element_string(text: &str) -> bool {
    match text.as_bytes() {
        [b'(' | b']' | b'^' | FNC1, ..] => true,
        [b'0', b'0' | b'1', ..] => !is_key_form(text),
        _ => false,
    }
}

type Add<'a> = &'a mut dyn FnMut(&str, &str) -> Result<(), IdError>;

fn bracketed(text: &str, add: Add<'_>) -> Result<(), IdError> {
    let mut rest = text;
    while !rest.is_empty() {
        let Some((ai, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) else {
            return Err(IdError::malformed(format!(
                "{}: an AI in brackets is expected at character {}",
                IdError::quote(text),
                text.len() - rest.len() + 1
            )));
        };
        let mut value = String::new();
        let mut end = after.len();
        let mut escaped = false;
        for (at, c) in after.char_indices() {
            match c {
                '\\' if !escaped => escaped = true,
                '(' if !escaped && opens_ai(&after[at..]) => {
                    end = at;
                    break;
                }
                c => {
                    if escaped && c != '(' {
                        value.push('\\');
                    }
                    escaped = false;
                    value.push(c);
                }
            }
        }
        add(ai, &value)?;
        rest = &after[end..];
    }
    Ok(())
}

/// Whether an AI in brackets stands here; a serial may hold brackets of its own.
fn opens_ai(text: &str) -> bool {
    text.strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(ai, _)| ai::is_known(ai))
}

fn unbracketed(text: &str, add: Add<'_>) -> Result<(), IdError> {
    let is_separator = |c: char| c == '^' || c == char::from(FNC1);
    let mut rest = text;
    if let Some(after) = text.strip_prefix(']') {
        rest = ["C1", "d2", "Q3", "e0", "J1"]
            .iter()
            .find_map(|symbology| after.strip_prefix(symbology))
            .ok_or_else(|| {
                IdError::malformed(format!(
                    "{}: the symbology identifier is not one of a GS1 barcode",
                    IdError::quote(text)
                ))
            })?;
    }
    rest = rest.strip_prefix(is_separator).unwrap_or(rest);
    if rest.is_empty() {
        return Err(IdError::malformed("an empty element string"));
    }
    while !rest.is_empty() {
        let Some(ai) = ai::leading(rest.as_bytes()) else {
            return Err(IdError::new(
                IdReason::UnknownAi,
                format!(
                    "{}: no GS1 Application Identifier at character {}",
                    IdError::quote(text),
                    text.len() - rest.len() + 1
                ),
            ));
        };
        let after = &rest[ai.code.len()..];
        let separator = after.find(is_separator).unwrap_or(after.len());
        let end = match ai.max_length() {
            // A shorter value is reported as such by its AI's format.
            length if ai.predefined_length && after.is_char_boundary(length) => {
                length.min(separator)
            }
            _ => separator,
        };
        add(ai.code, &after[..end])?;
        rest = after[end..]
            .strip_prefix(is_separator)
            .unwrap_or(&after[end..]);
    }
    Ok(())
}
