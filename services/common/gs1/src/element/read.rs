//! Reading element strings.

use std::borrow::Cow;

use super::associations::exclusions;
use super::{ElementString, Elements, FNC1};
use crate::ai;
use crate::check::at_most;
use crate::error::{IdError, IdReason};
use crate::parse::is_key_form;
use crate::scan::split_symbology;

/// Reads an element string: bracketed, `(01)09521234543213(21)X`, where `\(`
/// is a literal bracket; or as scanned, with an optional symbology identifier
/// of a GS1 barcode (`]C1`, `]d2`, `]Q3`, `]e0`, `]J1`) and FNC1 as GS or `^`.
/// Every value is held to its AI, and AIs that exclude each other are refused.
/// What an AI requires may be in another barcode of the item: see
/// [`ElementString::check_requirements`].
pub fn parse_element_string(text: &str) -> Result<ElementString, IdError> {
    parse_elements(text).map(ElementString::from)
}

/// What [`parse_element_string`] reads, with the values as they stand in the text.
pub(crate) fn parse_elements(text: &str) -> Result<Elements<'_>, IdError> {
    if text.starts_with('(') {
        return bracketed(text);
    }
    let (symbology, data) = split_symbology(text)?;
    if symbology.is_some_and(|s| !s.carries_elements()) {
        return Err(IdError::malformed(format!(
            "{}: the symbology identifier is not one of element strings",
            IdError::quote(text)
        )));
    }
    scanned(data)
}

/// Whether a text is to be read as an element string: it is bracketed, or marked
/// as a scan, or starts with an SSCC or GTIN and is not the key form. Other bare
/// digits are too ambiguous to be read.
pub(crate) fn is_element_string(text: &str) -> bool {
    match text.as_bytes() {
        [b'(' | b']' | b'^' | 0x1d, ..] => true,
        [b'0', b'0' | b'1', ..] => !is_key_form(text),
        _ => false,
    }
}

/// Longer texts are refused unread (bytes): no symbol holds more, a QR Code has
/// 7,089 digits at most.
const MAX_LENGTH: usize = 8192;

/// That a text is not longer than any symbol.
pub(crate) fn fits_a_symbol(text: &str) -> Result<(), IdError> {
    at_most(text, MAX_LENGTH, "characters")
}

/// `(01)…(21)…`.
fn bracketed(text: &str) -> Result<Elements<'_>, IdError> {
    fits_a_symbol(text)?;
    let mut elements = Elements::default();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((code, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) else {
            return Err(IdError::malformed(format!(
                "{}: an AI in brackets is expected at character {}; a bracket in a value is written \\(",
                IdError::quote(text),
                text.len() - rest.len() + 1
            )));
        };
        let end = next_ai(after);
        let value = match &after[..end] {
            value if value.contains(r"\(") => Cow::Owned(value.replace(r"\(", "(")),
            value => Cow::Borrowed(value),
        };
        let ai = ai::known(code)?;
        ai.check(&value)?;
        elements.insert(ai, value)?;
        rest = &after[end..];
    }
    exclusions(elements.iter().map(|(ai, _)| ai))?;
    Ok(elements)
}

/// Where the next AI in brackets begins, or the end. A bracket behind a backslash,
/// and one that holds no number, is of the value.
fn next_ai(text: &str) -> usize {
    let opens = |at: usize| {
        let before = text[..at].bytes().next_back();
        let digits = text[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
        before != Some(b'\\') && digits.starts_with(')') && digits.len() + at + 1 < text.len()
    };
    text.match_indices('(')
        .find_map(|(at, _)| opens(at).then_some(at))
        .unwrap_or(text.len())
}

/// AIs and values with separators between them where needed; one in front is
/// passed over.
pub(crate) fn unbracketed(text: &str) -> Result<ElementString, IdError> {
    scanned(text).map(ElementString::from)
}

fn scanned(text: &str) -> Result<Elements<'_>, IdError> {
    fits_a_symbol(text)?;
    let is_separator = |c: char| c == '^' || c == FNC1;
    let mut elements = Elements::default();
    let mut rest = text.strip_prefix(is_separator).unwrap_or(text);
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
        // A value shorter than is predefined, or cut within a character, is refused
        // by its AI.
        let most = match after.get(..ai.max_length()) {
            Some(value) if ai.predefined_length => value,
            _ => after,
        };
        // Both separators are one byte.
        let end = most.bytes().position(|b| is_separator(char::from(b)));
        let end = end.unwrap_or(most.len());
        let value = &after[..end];
        ai.check(value)?;
        elements.insert(ai, Cow::Borrowed(value))?;
        let next = &after[end..];
        rest = next.strip_prefix(is_separator).unwrap_or(next);
    }
    exclusions(elements.iter().map(|(ai, _)| ai))?;
    Ok(elements)
}
