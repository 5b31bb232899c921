//! Element strings: Application Identifiers and their values, as people write
//! them, `(01)…(21)…`, and as scanners send them, with FNC1 as separator (GS1
//! General Specifications 7.8).

mod associations;
mod read;

use std::borrow::Cow;
use std::fmt;

use crate::ai::{self, Ai};
use crate::epc::Epc;
use crate::error::IdError;

pub use read::parse_element_string;
pub(crate) use read::{fits_a_symbol, is_element_string, parse_elements, unbracketed};

/// The group separator a scanner sends for FNC1 (GS, ASCII 29).
pub(crate) const FNC1: char = '\u{1d}';

/// Application Identifiers and their values, in the order they came; each value
/// fits its AI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElementString {
    /// AIs and values one after the other, FNC1 after each value whose length
    /// is not predefined: one text, so that reading one costs one allocation.
    text: String,
}

impl ElementString {
    /// Adds an AI and its value. Errors: an unknown AI, a value that does not
    /// fit it, the AI being there already with another value.
    pub fn push(&mut self, ai: &str, value: &str) -> Result<(), IdError> {
        let ai = ai::known(ai)?;
        ai.check(value)?;
        self.insert(ai, value)
    }

    /// Adds a value already verified against its AI; one that is there already
    /// is not added again, and another value is an error (General
    /// Specifications 4.13).
    pub(crate) fn insert(&mut self, ai: &'static Ai, value: &str) -> Result<(), IdError> {
        if is_new(ai, self.get(ai.code), value)? {
            self.append(ai, value);
        }
        Ok(())
    }

    fn append(&mut self, ai: &'static Ai, value: &str) {
        self.text.push_str(ai.code);
        self.text.push_str(value);
        if !ai.predefined_length {
            self.text.push(FNC1);
        }
    }

    /// The value of an AI.
    pub fn get(&self, ai: &str) -> Option<&str> {
        self.elements()
            .find_map(|(found, value)| (found.code == ai).then_some(value))
    }

    /// AIs, as their digits, and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.elements().map(|(ai, value)| (ai.code, value))
    }

    /// AIs and values in their order.
    pub fn elements(&self) -> impl Iterator<Item = (&'static Ai, &str)> + Clone {
        let mut rest = self.text.as_str();
        std::iter::from_fn(move || {
            let ai = ai::leading(rest.as_bytes())?;
            let after = &rest[ai.code.len()..];
            let (value, next) = if ai.predefined_length {
                after.split_at_checked(ai.max_length())?
            } else {
                after.split_once(FNC1)?
            };
            rest = next;
            Some((ai, value))
        })
    }

    /// Whether there is no AI in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The key of the first GS1 primary key in it.
    pub fn key(&self) -> Result<Epc, IdError> {
        key_of(self.elements())
    }

    /// As a barcode carries it, without the FNC1 in front that marks it as GS1's:
    /// `separator` (GS as scanners send it, or `^`) follows a value whose length is
    /// not predefined, unless it is the last (General Specifications 7.8.4).
    pub fn unbracketed(&self, separator: char) -> String {
        let text = self.text.strip_suffix(FNC1).unwrap_or(&self.text);
        if separator == FNC1 {
            text.to_owned()
        } else {
            text.replace(FNC1, separator.encode_utf8(&mut [0; 4]))
        }
    }
}

/// Whether a value of an AI is to be added: one that is there already is not added
/// again, and another value is an error (General Specifications 4.13).
fn is_new(ai: &Ai, earlier: Option<&str>, value: &str) -> Result<bool, IdError> {
    match earlier {
        Some(earlier) if earlier != value => Err(IdError::malformed(format!(
            "({}) is there twice, as {} and {}",
            ai.code,
            IdError::quote(earlier),
            IdError::quote(value)
        ))),
        earlier => Ok(earlier.is_none()),
    }
}

/// The key of the first GS1 primary key among elements.
fn key_of<'e>(
    mut elements: impl Iterator<Item = (&'static Ai, &'e str)> + Clone,
) -> Result<Epc, IdError> {
    let all = elements.clone();
    let value_of = |code: &str| {
        let mut all = all.clone();
        all.find_map(|(ai, value)| (ai.code == code).then_some(value))
    };
    elements
        .find(|(ai, _)| ai.primary_key.is_some())
        .map(|(ai, value)| Epc::compose(ai.code, value, value_of))
        .ok_or_else(|| {
            IdError::malformed("no GS1 key, such as (01) or (00), in the element string")
        })
}

/// The elements of a text being read, each verified and there once. Values stand
/// in the text where they can, so that a key costs no text of its own.
#[derive(Default)]
pub(crate) struct Elements<'a>(Vec<(&'static Ai, Cow<'a, str>)>);

impl<'a> Elements<'a> {
    /// Adds a value already verified, as [`ElementString::insert`] does.
    fn insert(&mut self, ai: &'static Ai, value: Cow<'a, str>) -> Result<(), IdError> {
        let earlier = self.iter().find(|(found, _)| found.code == ai.code);
        if is_new(ai, earlier.map(|(_, value)| value), &value)? {
            self.0.push((ai, value));
        }
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = (&'static Ai, &str)> + Clone {
        self.0.iter().map(|(ai, value)| (*ai, &**value))
    }

    /// As [`ElementString::key`].
    pub(crate) fn key(&self) -> Result<Epc, IdError> {
        key_of(self.iter())
    }
}

impl From<Elements<'_>> for ElementString {
    fn from(elements: Elements<'_>) -> Self {
        // An AI has four digits at most, and there may be a separator.
        let lengths = elements.iter().map(|(_, value)| value.len() + 5);
        let mut string = Self {
            text: String::with_capacity(lengths.sum()),
        };
        for (ai, value) in elements.iter() {
            string.append(ai, value);
        }
        string
    }
}

/// As people write it: each AI in brackets, `\(` for a bracket in a value (General
/// Specifications 4.14).
impl fmt::Display for ElementString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (ai, value) in self.elements() {
            write!(f, "({})", ai.code)?;
            for (at, piece) in value.split('(').enumerate() {
                f.write_str(if at == 0 { "" } else { r"\(" })?;
                f.write_str(piece)?;
            }
        }
        Ok(())
    }
}
