//! A parameter's value as given: text of a query string, or JSON.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

use super::condition::Operand;
use super::{QueryError, units};

/// Most values one parameter may list.
const MOST_VALUES: usize = 1000;

/// A parameter with its value.
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    pub(super) value: Raw<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    /// Of a query string, decoded; lists are divided by `|`.
    Text(&'a str),
    /// Of a `query` object.
    Json(&'a Value),
}

impl Given<'_> {
    pub(super) fn error(&self, message: impl Into<String>) -> QueryError {
        QueryError {
            parameter: self.name.to_owned(),
            message: message.into(),
        }
    }

    /// One or more texts.
    pub(super) fn texts(&self) -> Result<Vec<String>, QueryError> {
        let texts: Vec<String> = match self.value {
            Raw::Text(text) => text.split('|').map(str::to_owned).collect(),
            Raw::Json(Value::Array(items)) => items
                .iter()
                .map(|item| self.scalar(item))
                .collect::<Result<_, _>>()?,
            Raw::Json(one) => vec![self.scalar(one)?],
        };
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            return Err(self.error("one value at least is expected, and none may be empty"));
        }
        if texts.len() > MOST_VALUES {
            return Err(self.error(format!(
                "{} values, at most {MOST_VALUES} are taken",
                texts.len()
            )));
        }
        Ok(texts)
    }

    fn scalar(&self, value: &Value) -> Result<String, QueryError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(truth) => Ok(truth.to_string()),
            _ => Err(self.error("a text, a number or a list of them is expected")),
        }
    }

    /// Exactly one text.
    pub(super) fn one(&self) -> Result<String, QueryError> {
        let text = match self.value {
            Raw::Text(text) => text.to_owned(),
            Raw::Json(value) => self.scalar(value)?,
        };
        if text.is_empty() {
            return Err(self.error("a value is expected"));
        }
        Ok(text)
    }

    pub(super) fn time(&self) -> Result<DateTime<Utc>, QueryError> {
        let text = self.one()?;
        // A + that was not encoded arrives as a space.
        let given = match self.value {
            Raw::Text(_) => text.replace(' ', "+"),
            Raw::Json(_) => text.clone(),
        };
        time(&given).ok_or_else(|| {
            self.error(format!(
                "{text:?} is not a time with its zone, such as 2026-03-01T09:30:00+01:00 (a + in a \
                 query string is written %2B)"
            ))
        })
    }

    pub(super) fn numbers(&self) -> Result<Vec<f64>, QueryError> {
        self.texts()?
            .iter()
            .map(|text| number(text).ok_or_else(|| self.error(format!("{text:?} is not a number"))))
            .collect()
    }

    pub(super) fn count(&self) -> Result<u64, QueryError> {
        let text = self.one()?;
        text.parse::<u64>()
            .ok()
            .filter(|count| (1..=i64::MAX as u64).contains(count))
            .ok_or_else(|| self.error(format!("{text:?} is not a whole number from 1")))
    }

    pub(super) fn boolean(&self) -> Result<bool, QueryError> {
        match self.one()?.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            other => Err(self.error(format!("{other:?} is neither true nor false"))),
        }
    }

    pub(super) fn operands(&self) -> Result<Vec<Operand>, QueryError> {
        Ok(self.texts()?.into_iter().map(operand).collect())
    }

    /// A unit of measure at the end of a parameter's name.
    pub(super) fn uom(&self, text: &str) -> Result<String, QueryError> {
        if units::is_code(text) {
            return Ok(text.to_owned());
        }
        Err(self.error(format!(
            "{text:?} is not a unit of measure: UN/CEFACT Recommendation 20 has two or three capital \
             letters and digits, such as KGM"
        )))
    }
}

/// A time with zone, cut to microseconds as those of events are.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.with_timezone(&Utc).trunc_subsecs(6))
}

pub(super) fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

pub(super) fn operand(text: String) -> Operand {
    Operand {
        number: number(&text),
        time: time(&text),
        text,
    }
}
