//! One value of a row: what it must be, and what it becomes.

use super::countries::is_country;
use super::table::{BadRow, Row};
use serialtrail_gs1::{Epc, Expiry, parse_gln, parse_gtin, parse_identifier};

/// A column of a row, by which its faults are told.
#[derive(Clone, Copy)]
pub(super) struct Field<'r> {
    line: u64,
    column: &'r str,
    pub(super) value: &'r str,
}

impl<'r> Field<'r> {
    pub(super) fn of(row: &'r Row<'_>, column: &'r str) -> Self {
        Self {
            line: row.line,
            column,
            value: row.get(column),
        }
    }

    pub(super) fn bad(&self, reason: &str, message: impl Into<String>) -> BadRow {
        BadRow {
            line: self.line,
            column: self.column.to_owned(),
            reason: reason.to_owned(),
            message: message.into(),
        }
    }

    /// The value, which must be there.
    pub(super) fn required(&self) -> Result<&'r str, BadRow> {
        if self.value.is_empty() {
            return Err(self.bad("missing_value", "a value is expected"));
        }
        Ok(self.value)
    }

    /// `None` where the cell is empty.
    pub(super) fn optional<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, BadRow>,
    ) -> Result<Option<T>, BadRow> {
        if self.value.is_empty() {
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }

    /// A GTIN of 8, 12, 13 or 14 digits, or any identifier that holds one; 14 digits.
    pub(super) fn gtin(&self) -> Result<String, BadRow> {
        let text = self.required()?;
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return parse_gtin(text).map_err(|e| self.bad(e.code(), e.message));
        }
        let key = parse_identifier(text).map_err(|e| self.bad(e.code(), e.message))?;
        key.gtin()
            .map(String::from)
            .ok_or_else(|| self.bad("not_a_gtin", format!("{text:?} holds no GTIN")))
    }

    /// A GLN of 13 digits, or any identifier that holds one.
    pub(super) fn gln(&self) -> Result<String, BadRow> {
        self.gln_of(self.required()?)
    }

    fn gln_of(&self, text: &str) -> Result<String, BadRow> {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return parse_gln(text).map_err(|e| self.bad(e.code(), e.message));
        }
        let key = parse_identifier(text).map_err(|e| self.bad(e.code(), e.message))?;
        key.gln()
            .map(String::from)
            .ok_or_else(|| self.bad("not_a_gln", format!("{text:?} holds no GLN")))
    }

    /// GLNs joined by `;`.
    pub(super) fn glns(&self) -> Result<Vec<String>, BadRow> {
        self.parts().map(|part| self.gln_of(part)).collect()
    }

    fn parts(&self) -> impl Iterator<Item = &'r str> {
        self.value
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
    }

    /// One thing with an identity of its own, in any spelling.
    pub(super) fn unit(&self) -> Result<Epc, BadRow> {
        let text = self.required()?;
        let key = parse_identifier(text).map_err(|e| self.bad(e.code(), e.message))?;
        if key.is_class() {
            let message =
                format!("{text:?} is a class of things; one serialised thing is expected");
            return Err(self.bad("not_an_instance", message));
        }
        Ok(key)
    }

    /// A batch or lot of `gtin`: 1 to 20 characters of GS1's set 82 (AI 10).
    pub(super) fn lot(&self, gtin: &str) -> Result<String, BadRow> {
        let lot = self.required()?;
        serialtrail_gs1::parse_key(&format!("01/{gtin}/10/{lot}"))
            .map_err(|e| self.bad(e.code(), e.message))?;
        Ok(lot.to_owned())
    }

    /// A word of a vocabulary; empty takes its first word where `default`.
    pub(super) fn word(&self, vocabulary: &[&str], default: bool) -> Result<String, BadRow> {
        let word = match (self.value, default) {
            ("", true) => vocabulary.first().copied().unwrap_or_default(),
            _ => self.required()?,
        };
        if vocabulary.contains(&word) {
            return Ok(word.to_owned());
        }
        let message = format!("{word:?} is none of {}", vocabulary.join(", "));
        Err(self.bad("unknown_word", message))
    }

    /// A country code.
    pub(super) fn country(&self) -> Result<String, BadRow> {
        self.country_of(self.required()?)
    }

    fn country_of(&self, code: &str) -> Result<String, BadRow> {
        if is_country(code) {
            return Ok(code.to_owned());
        }
        let message = format!("{code:?} is no ISO 3166-1 alpha-2 code, such as DE or FR");
        Err(self.bad("unknown_country", message))
    }

    /// Country codes joined by `;`.
    pub(super) fn markets(&self) -> Result<Vec<String>, BadRow> {
        let mut markets: Vec<String> = self
            .parts()
            .map(|code| self.country_of(code))
            .collect::<Result<_, _>>()?;
        markets.sort();
        markets.dedup();
        Ok(markets)
    }

    /// An ISO date, the last good day.
    pub(super) fn expiry(&self) -> Result<String, BadRow> {
        let text = self.required()?;
        Expiry::parse(text)
            .map(|date| date.to_string())
            .map_err(|_| {
                self.bad(
                    "bad_date",
                    format!("{text:?} is no ISO date, such as 2028-12-31"),
                )
            })
    }

    /// An ISO timestamp with zone, or a date (midnight UTC); microseconds.
    pub(super) fn time(&self) -> Result<i64, BadRow> {
        let text = self.required()?;
        let time = chrono::DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros());
        let date = || {
            text.parse::<chrono::NaiveDate>()
                .map(|date| date.and_time(chrono::NaiveTime::MIN))
        };
        time.or_else(|_| date().map(|midnight| midnight.and_utc().timestamp_micros()))
            .map_err(|_| {
                self.bad(
                    "bad_time",
                    format!("{text:?} is no ISO time, such as 2026-03-01T09:30:00Z"),
                )
            })
    }

    /// A number within a range.
    pub(super) fn number(&self, range: std::ops::RangeInclusive<f64>) -> Result<f64, BadRow> {
        let text = self.required()?;
        text.parse()
            .ok()
            .filter(|number: &f64| range.contains(number))
            .ok_or_else(|| {
                let (from, to) = range.into_inner();
                self.bad(
                    "bad_number",
                    format!("{text:?} is no number from {from} to {to}"),
                )
            })
    }

    /// yes or no.
    pub(super) fn flag(&self) -> Result<bool, BadRow> {
        match self.required()?.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => Ok(true),
            "no" | "false" | "0" => Ok(false),
            other => Err(self.bad("unknown_word", format!("{other:?} is neither yes nor no"))),
        }
    }
}
