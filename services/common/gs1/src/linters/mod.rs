//! The rules a part of an AI's value keeps beyond its characters: GS1's
//! linters, under the names of the syntax dictionary. Each is a plain function
//! on the part; a company prefix is checked for its form only, no register is
//! asked.
//!
//! | module | subject |
//! |---|---|
//! | `text` | character sets, percent-encoding, hyphens |
//! | `number` | check digits and pairs, zeros, pieces, coordinates, flags |
//! | `time` | dates and times of day |
//! | `code` | countries, currencies, package and media types, IBAN |
//! | `coupon` | North American coupons |

mod code;
mod coupon;
mod number;
mod text;
mod time;

use std::fmt;

use crate::error::IdReason;

pub use code::{
    iban, iso3166, iso3166alpha2, iso4217, iso5218, iso3166999, mediatype, packagetype, winding,
};
pub use coupon::{couponcode, couponposoffer};
pub use number::{
    csum, csumalpha, gcppos1, gcppos2, latitude, longitude, nonzero, nozeroprefix, pieceoftotal,
    posinseqslash, yesno, zero,
};
pub use text::{cset39, cset64, cset82, csetnumeric, hasnondigit, hyphen, importeridx, pcenc};
pub use time::{hh, hhmi, mi, ss, yymmd0, yymmdd, yyyymmd0, yyyymmdd};

/// A linter and its name in GS1's syntax dictionary.
#[derive(Clone, Copy)]
pub struct Linter {
    /// The name.
    pub name: &'static str,
    /// The rule.
    pub check: fn(&str) -> Result<(), LintError>,
}

impl fmt::Debug for Linter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Why a part of a value is refused, and where in the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({clause})", code.replace('_', " "))]
pub struct LintError {
    /// The sort of fault.
    pub reason: IdReason,
    /// The stable snake_case code of the fault itself.
    pub code: &'static str,
    /// The clause or standard that is not kept.
    pub clause: &'static str,
    /// Where the fault begins, in bytes from the start of the part.
    pub at: usize,
    /// How long it is, in bytes.
    pub len: usize,
}

impl LintError {
    /// The fault of a whole part.
    fn whole(reason: IdReason, code: &'static str, clause: &'static str, part: &str) -> Self {
        Self {
            reason,
            code,
            clause,
            at: 0,
            len: part.len(),
        }
    }

    /// The same fault of a piece of the part.
    fn within(self, at: usize, len: usize) -> Self {
        Self { at, len, ..self }
    }
}

/// Every character satisfies `allowed`; else the first that does not is named.
fn each_character(
    part: &str,
    allowed: impl Fn(u8) -> bool,
    code: &'static str,
    clause: &'static str,
) -> Result<(), LintError> {
    // No byte of a character beyond ASCII is allowed by any set.
    if part.bytes().all(&allowed) {
        return Ok(());
    }
    match part
        .char_indices()
        .find(|(_, c)| !c.is_ascii() || !allowed(*c as u8))
    {
        None => Ok(()),
        Some((at, c)) => {
            let fault = LintError::whole(IdReason::BadCharacter, code, clause, part);
            Err(fault.within(at, c.len_utf8()))
        }
    }
}

/// Only digits.
fn digits(part: &str, clause: &'static str) -> Result<(), LintError> {
    each_character(part, |b| b.is_ascii_digit(), "non_digit_character", clause)
}

/// The number two digits make. They are digits.
fn pair(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |n, b| n * 10 + (b - b'0'))
}
