//! The Application Identifiers as static records, made at build time from
//! `application_identifiers.txt` (GS1 General Specifications 3, GS1 Digital Link
//! URI syntax 4).

use crate::linters::Linter;

mod table {
    use super::{Ai, Component, Set};
    use crate::linters::{self, Linter};

    include!(concat!(env!("OUT_DIR"), "/application_identifiers.rs"));
}

/// The characters a part of a value is made of (GS1 General Specifications 7.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Set {
    /// Digits.
    N,
    /// GS1 AI encodable character set 82.
    X,
    /// GS1 AI encodable character set 39.
    Y,
    /// GS1 AI encodable character set 64, file-safe base 64.
    Z,
}

/// One part of an AI's value. Only the last is of variable length; no part
/// that must be there follows one that may be left out.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    /// Its characters.
    pub set: Set,
    /// Fewest characters, where it is there.
    pub min: usize,
    /// Most characters.
    pub max: usize,
    /// It may be left out when the value ends before it.
    pub optional: bool,
    /// The further rules it keeps, in the order they are asked.
    pub linters: &'static [Linter],
}

/// An Application Identifier.
#[derive(Debug)]
pub struct Ai {
    /// Its digits, two to four.
    pub code: &'static str,
    /// GS1's data title.
    pub title: &'static str,
    /// The parts of its value.
    pub components: &'static [Component],
    /// Fewest and most characters of a value: of all its components.
    lengths: (usize, usize),
    /// Its length is predefined: no FNC1 is needed after it (GS1 General
    /// Specifications 7.8.5).
    pub predefined_length: bool,
    /// One of these groups must be on the item, whole; none where empty. An AI
    /// may end in `n`, which stands for any digit (GS1 General Specifications 4.13).
    pub requires: &'static [&'static [&'static str]],
    /// None of these may be on the item, itself apart; `n` as in `requires`
    /// (GS1 General Specifications 4.13).
    pub excludes: &'static [&'static str],
    /// It may stand in the query of a GS1 Digital Link.
    pub attribute: bool,
    /// It is a primary key of a GS1 Digital Link, with the sequences of
    /// qualifiers that may follow it: each qualifier may be left out, and
    /// sequences do not mix.
    pub primary_key: Option<&'static [&'static [&'static str]]>,
    /// Its short name in the links of GS1 Digital Link 1.0.
    pub short_name: Option<&'static str>,
}

impl Ai {
    /// Fewest characters a value has.
    pub fn min_length(&self) -> usize {
        self.lengths.0
    }

    /// Most characters a value has.
    pub fn max_length(&self) -> usize {
        self.lengths.1
    }
}

/// Every AI, in the order of its digits.
pub fn all() -> &'static [Ai] {
    &table::AIS
}

/// The AI of these digits.
pub fn lookup(code: &str) -> Option<&'static Ai> {
    leading(code.as_bytes()).filter(|ai| ai.code.len() == code.len())
}

/// The AI at the start of a text. Its first two digits say how long it is, so
/// there is one at most.
pub fn leading(text: &[u8]) -> Option<&'static Ai> {
    let digits = |from: usize, to: usize| {
        text.get(from..to)?
            .iter()
            .try_fold(0usize, |number, b| match b {
                b'0'..=b'9' => Some(number * 10 + usize::from(b - b'0')),
                _ => None,
            })
    };
    let (length, first) = table::PREFIXES[digits(0, 2)?];
    let rest = digits(2, usize::from(length.max(2)))?;
    if length == 0 {
        return None;
    }
    let place = usize::from(table::SLOTS[usize::from(first) + rest]);
    table::AIS.get(place.checked_sub(1)?)
}

/// The AI behind a short name of GS1 Digital Link 1.0 (`/gtin/…/ser/…`), still
/// met in older links.
pub fn of_short_name(name: &str) -> Option<&'static Ai> {
    table::SHORT_NAMES
        .iter()
        .find_map(|(short, place)| (*short == name).then(|| &table::AIS[*place]))
}
