//! Numbers: check digits and pairs, zeros, pieces, coordinates, flags.

use super::{LintError, digits, each_character};
use crate::check::{check_digit, check_pair, is_set_82};
use crate::error::IdReason;

/// The last digit is the check digit of those before it.
pub fn csum(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 7.9.1";
    // A check digit exists only of digits, and is one.
    let parts = part.split_at_checked(part.len().wrapping_sub(1));
    if parts.is_some_and(|(number, found)| {
        let digit = check_digit(number);
        digit.is_some() && digit == found.chars().next()
    }) {
        return Ok(());
    }
    digits(part, CLAUSE)?;
    let fault = |code| LintError::whole(IdReason::BadCheckDigit, code, CLAUSE, part);
    Err(match parts {
        None => fault("too_short_for_check_digit"),
        Some((number, _)) => fault("incorrect_check_digit").within(number.len(), 1),
    })
}

/// The last two characters are the check character pair of those before them.
pub fn csumalpha(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 7.9.5";
    let fault = |code| LintError::whole(IdReason::BadCheckDigit, code, CLAUSE, part);
    let body = match part.len().checked_sub(2) {
        None => return Err(fault("too_short_for_check_pair")),
        Some(body) => body,
    };
    let (Some(text), Some(found)) = (part.get(..body), part.get(body..)) else {
        return Err(
            each_character(part, is_set_82, "invalid_cset82_character", CLAUSE)
                .err()
                .unwrap_or(fault("incorrect_check_pair")),
        );
    };
    each_character(text, is_set_82, "invalid_cset82_character", CLAUSE)?;
    match check_pair(text) {
        None => Err(fault("too_long_for_check_pair_implementation")),
        Some(pair) if found.chars().eq(pair) => Ok(()),
        Some(_) => Err(fault("incorrect_check_pair").within(body, 2)),
    }
}

/// It starts with a company prefix: at least four digits.
pub fn gcppos1(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 1.4.4";
    let fault = |reason, code| LintError::whole(reason, code, CLAUSE, part);
    if part.len() < 4 {
        return Err(fault(IdReason::BadLength, "too_short_for_gcp"));
    }
    if part.bytes().take(4).all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    let mut start = part.char_indices().take(4);
    match start.find(|(_, c)| !c.is_ascii_digit()) {
        None => Ok(()),
        Some((at, c)) => {
            Err(fault(IdReason::BadCharacter, "invalid_gcp_prefix").within(at, c.len_utf8()))
        }
    }
}

/// A company prefix starts at its second character.
pub fn gcppos2(part: &str) -> Result<(), LintError> {
    let mut rest = part.chars();
    rest.next();
    let first = part.len() - rest.as_str().len();
    gcppos1(rest.as_str()).map_err(|e| e.within(e.at + first, e.len))
}

/// A number other than zero.
pub fn nonzero(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 3.9 (8001)";
    digits(part, CLAUSE)?;
    if part.bytes().any(|b| b != b'0') {
        return Ok(());
    }
    Err(LintError::whole(
        IdReason::BadValue,
        "illegal_zero_value",
        CLAUSE,
        part,
    ))
}

/// A number that does not begin with zero.
pub fn nozeroprefix(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 3.9 (8011)";
    digits(part, CLAUSE)?;
    if !part.starts_with('0') {
        return Ok(());
    }
    Err(LintError::whole(IdReason::BadCharacter, "illegal_zero_prefix", CLAUSE, part).within(0, 1))
}

/// Zeros only.
pub fn zero(part: &str) -> Result<(), LintError> {
    if !part.is_empty() && part.bytes().all(|b| b == b'0') {
        return Ok(());
    }
    Err(LintError::whole(
        IdReason::BadCharacter,
        "not_zero",
        "GS1 General Specifications 3.9 (8003)",
        part,
    ))
}

/// 0 for no, 1 for yes.
pub fn yesno(part: &str) -> Result<(), LintError> {
    if matches!(part, "0" | "1") {
        return Ok(());
    }
    Err(LintError::whole(
        IdReason::BadValue,
        "not_zero_or_one",
        "GS1 General Specifications 3.7 (4321 to 4323)",
        part,
    ))
}

/// A piece's number and the count of pieces, of equal length: `0103`.
pub fn pieceoftotal(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 3.9 (8006)";
    let fault = |reason, code| LintError::whole(reason, code, CLAUSE, part);
    if part.is_empty() || !part.len().is_multiple_of(2) {
        return Err(fault(
            IdReason::BadLength,
            "invalid_length_for_piece_of_total",
        ));
    }
    digits(part, CLAUSE)?;
    let half = part.len() / 2;
    let (piece, total) = part.split_at(half);
    let is_zero = |number: &str| number.bytes().all(|b| b == b'0');
    if is_zero(piece) {
        return Err(fault(IdReason::BadValue, "zero_piece_number").within(0, half));
    }
    if is_zero(total) {
        return Err(fault(IdReason::BadValue, "zero_total_pieces").within(half, half));
    }
    if piece > total {
        return Err(fault(IdReason::BadValue, "piece_number_exceeds_total"));
    }
    Ok(())
}

/// A position and the end of a sequence: `2/3`.
pub fn posinseqslash(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 3.8 (7258)";
    let fault = |code| LintError::whole(IdReason::BadValue, code, CLAUSE, part);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let Some((position, end)) = part.split_once('/').filter(|(p, e)| number(p) && number(e)) else {
        return Err(fault("position_in_sequence_malformed"));
    };
    if position.starts_with('0') {
        return Err(fault("illegal_zero_prefix").within(0, position.len()));
    }
    if end.starts_with('0') {
        return Err(fault("illegal_zero_prefix").within(position.len() + 1, end.len()));
    }
    // Without leading zeros the longer number is the greater.
    if (position.len(), position) > (end.len(), end) {
        return Err(fault("position_exceeds_end"));
    }
    Ok(())
}

/// Degrees north of the South Pole, times ten million: 0 to 1,800,000,000.
pub fn latitude(part: &str) -> Result<(), LintError> {
    coordinate(
        part,
        "1800000000",
        "latitude_invalid_length",
        "invalid_latitude",
    )
}

/// Degrees east, times ten million: 0 to 3,600,000,000.
pub fn longitude(part: &str) -> Result<(), LintError> {
    coordinate(
        part,
        "3600000000",
        "longitude_invalid_length",
        "invalid_longitude",
    )
}

/// Ten digits that are not more than ten others.
fn coordinate(
    part: &str,
    most: &str,
    length: &'static str,
    value: &'static str,
) -> Result<(), LintError> {
    const CLAUSE: &str = "GS1 General Specifications 3.7 (4309)";
    if part.len() != most.len() {
        return Err(LintError::whole(IdReason::BadLength, length, CLAUSE, part));
    }
    digits(part, CLAUSE)?;
    if part > most {
        return Err(LintError::whole(IdReason::BadValue, value, CLAUSE, part));
    }
    Ok(())
}
