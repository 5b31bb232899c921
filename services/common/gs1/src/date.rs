//! Expiry dates: the last good day.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{IdError, IdReason};

/// An expiry: the last good day, in local time. In an element string day `00`
/// means the month's last day (GS1 General Specifications 3.4.7); such a date
/// fits any day of its month when compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Expiry {
    /// Year, four digits.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31; the month's last where only the month was given.
    pub day: u8,
    /// Only year and month were given.
    pub month_only: bool,
}

impl Expiry {
    /// Reads `YYMMDD` of AI 17. YY 00 to 79 is of this century, 80 to 99 of the
    /// last. The border of General Specifications 7.12 moves with the year of the
    /// reader (77 in 2026, 80 in 2029); here it stays, so that a date never changes
    /// its meaning with the clock.
    pub fn from_yymmdd(text: &str) -> Result<Self, IdError> {
        let number = |at: usize| -> Option<u16> {
            let pair = text.get(at..at + 2)?;
            pair.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| pair.parse().ok())?
        };
        let (Some(yy), Some(month), Some(day)) = (number(0), number(2), number(4)) else {
            return Err(bad_date(text));
        };
        if text.len() != 6 {
            return Err(bad_date(text));
        }
        Self::checked(full_year(yy), month, day).ok_or_else(|| bad_date(text))
    }

    /// Reads an ISO date `YYYY-MM-DD`, or the date of an ISO timestamp;
    /// `YYYY-MM` and day `00` stand for the month.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let date = text.split('T').next().unwrap_or_default();
        let mut parts = date.split('-');
        let mut number = |digits: usize| -> Option<u16> {
            let part = parts.next()?;
            // Time zones on a date (xsd:date allows them) do not move the day.
            let part = part.strip_suffix('Z').unwrap_or(part);
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse().ok())?
        };
        let (Some(year), Some(month)) = (number(4), number(2)) else {
            return Err(bad_date(text));
        };
        let day = if date.len() == 7 {
            0
        } else {
            number(2).ok_or_else(|| bad_date(text))?
        };
        if parts.next().is_some() {
            return Err(bad_date(text));
        }
        Self::checked(year, month, day).ok_or_else(|| bad_date(text))
    }

    fn checked(year: u16, month: u16, day: u16) -> Option<Self> {
        let last = last_day(year, month)?;
        let month_only = day == 0;
        let day = if month_only { last } else { day };
        (day <= last).then_some(Self {
            year,
            month: month as u8,
            day: day as u8,
            month_only,
        })
    }

    /// Whether two statements of an expiry agree.
    pub fn matches(&self, other: &Self) -> bool {
        (self.year, self.month) == (other.year, other.month)
            && (self.month_only || other.month_only || self.day == other.day)
    }
}

/// The year two digits stand for: 00 to 79 are of this century, 80 to 99 of the
/// last (see [`Expiry::from_yymmdd`]).
pub(crate) fn full_year(yy: u16) -> u16 {
    if yy < 80 { 2000 + yy } else { 1900 + yy }
}

/// The last day of a month, None where there is no such month.
pub(crate) fn last_day(year: u16, month: u16) -> Option<u16> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => return None,
    })
}

fn bad_date(text: &str) -> IdError {
    IdError::new(
        IdReason::BadDate,
        format!("{}: not a date", IdError::quote(text)),
    )
}

/// ISO date, `YYYY-MM-DD`.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_00_is_the_last_day_of_the_month_and_fits_any_day_of_it() {
        let month = Expiry::from_yymmdd("280200").unwrap();
        assert_eq!(month.to_string(), "2028-02-29");
        assert!(month.matches(&Expiry::parse("2028-02-03").unwrap()));
        assert!(!month.matches(&Expiry::parse("2028-03-01").unwrap()));
        let day = Expiry::from_yymmdd("280229").unwrap();
        assert!(!day.matches(&Expiry::parse("2028-02-03").unwrap()));
    }

    #[test]
    fn iso_dates_and_timestamps_are_read() {
        for text in [
            "2027-06-30",
            "2027-06-30T00:00:00Z",
            "2027-06-30Z",
            "2027-06",
            "2027-06-00",
        ] {
            assert_eq!(
                Expiry::parse(text).unwrap().to_string(),
                "2027-06-30",
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "", "270631", "271301", "27063", "2706300", "2706 1", "ä70630",
        ] {
            assert_eq!(
                Expiry::from_yymmdd(text).unwrap_err().code(),
                "bad_date",
                "{text}"
            );
        }
        for text in [
            "",
            "2027",
            "2027-02-29",
            "2027-6-1",
            "20270601",
            "2027-06-01-02",
            "x",
        ] {
            assert_eq!(
                Expiry::parse(text).unwrap_err().code(),
                "bad_date",
                "{text}"
            );
        }
    }
}
