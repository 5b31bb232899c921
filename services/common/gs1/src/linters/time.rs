//! Dates and times of day.

use super::{LintError, digits, pair};
use crate::date::last_day;
use crate::error::IdReason;

const CLAUSE: &str = "GS1 General Specifications 7.12";

/// A day, `YYMMDD`.
pub fn yymmdd(part: &str) -> Result<(), LintError> {
    date(part, 2, false)
}

/// A day, or with day `00` a month, `YYMMDD`.
pub fn yymmd0(part: &str) -> Result<(), LintError> {
    date(part, 2, true)
}

/// A day, `YYYYMMDD`.
pub fn yyyymmdd(part: &str) -> Result<(), LintError> {
    date(part, 4, false)
}

/// A day, or with day `00` a month, `YYYYMMDD`.
pub fn yyyymmd0(part: &str) -> Result<(), LintError> {
    date(part, 4, true)
}

fn date(part: &str, year_digits: usize, month_only: bool) -> Result<(), LintError> {
    let fault = |code| LintError::whole(IdReason::BadDate, code, CLAUSE, part);
    let length = year_digits + 4;
    if part.len() != length {
        let short = part.len() < length;
        return Err(fault(if short {
            "date_too_short"
        } else {
            "date_too_long"
        }));
    }
    digits(part, CLAUSE).map_err(date_fault)?;
    let number = |at: usize| u16::from(pair(&part.as_bytes()[at..at + 2]));
    let year = match year_digits {
        2 => crate::date::full_year(number(0)),
        _ => number(0) * 100 + number(2),
    };
    let (month, day) = (number(year_digits), number(year_digits + 2));
    let Some(last) = last_day(year, month) else {
        return Err(fault("illegal_month").within(year_digits, 2));
    };
    if day > last || (day == 0 && !month_only) {
        return Err(fault("illegal_day").within(year_digits + 2, 2));
    }
    Ok(())
}

/// An hour, 00 to 23.
pub fn hh(part: &str) -> Result<(), LintError> {
    below(
        part,
        24,
        ["hour_too_short", "hour_too_long", "illegal_hour"],
    )
}

/// A minute, 00 to 59.
pub fn mi(part: &str) -> Result<(), LintError> {
    below(
        part,
        60,
        ["minute_too_short", "minute_too_long", "illegal_minute"],
    )
}

/// A second, 00 to 59.
pub fn ss(part: &str) -> Result<(), LintError> {
    below(
        part,
        60,
        ["second_too_short", "second_too_long", "illegal_second"],
    )
}

/// An hour and a minute, `HHMI`.
pub fn hhmi(part: &str) -> Result<(), LintError> {
    let fault = |code| LintError::whole(IdReason::BadDate, code, CLAUSE, part);
    match part.len() {
        0..=3 => return Err(fault("hour_with_minute_too_short")),
        4 => {}
        _ => return Err(fault("hour_with_minute_too_long")),
    }
    digits(part, CLAUSE).map_err(date_fault)?;
    hh(&part[..2])?;
    mi(&part[2..]).map_err(|e| e.within(e.at + 2, e.len))
}

/// Two digits below a limit; the codes of a text too short, too long, too great.
fn below(part: &str, limit: u8, codes: [&'static str; 3]) -> Result<(), LintError> {
    let fault = |code| LintError::whole(IdReason::BadDate, code, CLAUSE, part);
    match part.len() {
        0 | 1 => return Err(fault(codes[0])),
        2 => {}
        _ => return Err(fault(codes[1])),
    }
    digits(part, CLAUSE).map_err(date_fault)?;
    if pair(part.as_bytes()) >= limit {
        return Err(fault(codes[2]));
    }
    Ok(())
}

/// What is no digit makes no date.
fn date_fault(e: LintError) -> LintError {
    LintError {
        reason: IdReason::BadDate,
        ..e
    }
}
