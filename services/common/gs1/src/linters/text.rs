//! Characters.

use super::{LintError, digits, each_character};
use crate::check::{is_set_39, is_set_82};
use crate::error::IdReason;

const SETS: &str = "GS1 General Specifications 7.11";

/// Digits only.
pub fn csetnumeric(part: &str) -> Result<(), LintError> {
    digits(part, SETS)
}

/// GS1 AI encodable character set 39.
pub fn cset39(part: &str) -> Result<(), LintError> {
    each_character(part, is_set_39, "invalid_cset39_character", SETS)
}

/// GS1 AI encodable character set 82.
pub fn cset82(part: &str) -> Result<(), LintError> {
    each_character(part, is_set_82, "invalid_cset82_character", SETS)
}

/// GS1 AI encodable character set 64, file-safe base 64: `=` only at the end,
/// filling the text up to a multiple of three.
pub fn cset64(part: &str) -> Result<(), LintError> {
    let body = part.trim_end_matches('=');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    each_character(body, allowed, "invalid_cset64_character", SETS)?;
    let padding = part.len() - body.len();
    if padding > 0 && (body.len().is_multiple_of(3) || padding != 3 - body.len() % 3) {
        let fault = LintError::whole(IdReason::BadLength, "invalid_cset64_padding", SETS, part);
        return Err(fault.within(body.len(), padding));
    }
    Ok(())
}

/// At least one character that is no digit.
pub fn hasnondigit(part: &str) -> Result<(), LintError> {
    if part.bytes().any(|b| !b.is_ascii_digit()) {
        return Ok(());
    }
    Err(LintError::whole(
        IdReason::BadValue,
        "requires_non_digit_character",
        "GS1 General Specifications 3.9 (8014)",
        part,
    ))
}

/// One hyphen: a temperature below zero.
pub fn hyphen(part: &str) -> Result<(), LintError> {
    if part == "-" {
        return Ok(());
    }
    Err(LintError::whole(
        IdReason::BadCharacter,
        "not_hyphen",
        "GS1 General Specifications 3.7 (4330 to 4333)",
        part,
    ))
}

/// One character of file-safe base 64: the importer index of a UIC.
pub fn importeridx(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 3.8 (7040)";
    if part.chars().count() != 1 {
        return Err(LintError::whole(
            IdReason::BadLength,
            "importer_idx_must_be_one_character",
            CLAUSE,
            part,
        ));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    each_character(part, allowed, "invalid_import_idx_character", CLAUSE)
}

/// Percent-encoded text: `%` only before two hexadecimal digits.
pub fn pcenc(part: &str) -> Result<(), LintError> {
    let bytes = part.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|b| *b == b'%') {
        at += found;
        let hex = bytes.get(at + 1..at + 3);
        if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
            let fault = LintError::whole(
                IdReason::BadCharacter,
                "invalid_percent_sequence",
                "RFC 3986 2.1",
                part,
            );
            let end = (at + 3..bytes.len()).find(|end| part.is_char_boundary(*end));
            return Err(fault.within(at, end.unwrap_or(bytes.len()) - at));
        }
        at += 3;
    }
    Ok(())
}
