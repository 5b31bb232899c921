//! Canonical forms of values for the event hash (CBV 2.0 §8.9.2).

use chrono::{Duration, SecondsFormat, Timelike};
use serde_json::Value;
use serialtrail_gs1::parse_identifier;

use crate::context::Context;
use crate::lists::is_of_tag;
use crate::model::Identifier;
use crate::time::date_time_stamp;
use crate::vocabulary::{Vocabulary, web_address};

/// A scalar as text, None for what is empty or no scalar.
pub(super) fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Numbers without needless signs, zeros and exponents; GS1 identifiers as
/// canonical Digital Links of the finest level; CBV words as web addresses.
pub(super) fn canonical(text: &str, context: &Context) -> String {
    if let Some(number) = canonical_number(text) {
        return number;
    }
    if is_gs1_spelling(text) {
        return match parse_identifier(text) {
            Ok(key) if key.is_gs1() => key.event_hash_link(),
            _ => text.to_owned(),
        };
    }
    if text.starts_with("urn:epcglobal:cbv:") {
        return [
            Vocabulary::BizStep,
            Vocabulary::Disposition,
            Vocabulary::BizTransactionType,
            Vocabulary::SourceDestinationType,
            Vocabulary::ErrorReason,
        ]
        .into_iter()
        .map(|vocabulary| web_address(vocabulary, text))
        .find(|address| address != text)
        .unwrap_or_else(|| text.to_owned());
    }
    match context.expand(text) {
        // Compact names of GS1's own vocabularies; those of others stay as given.
        Some((namespace, local))
            if namespace.starts_with("https://ref.gs1.org")
                || namespace.starts_with("https://gs1.org") =>
        {
            format!("{namespace}{local}")
        }
        _ => text.to_owned(),
    }
}

/// [`canonical`] of an identifier that was parsed already.
pub(super) fn canonical_id(id: &Identifier, context: &Context) -> String {
    let text = id.given.trim();
    if id.key.is_gs1() && is_gs1_spelling(text) {
        id.key.event_hash_link()
    } else {
        canonical(text, context)
    }
}

fn is_gs1_spelling(text: &str) -> bool {
    let is_urn = text.starts_with("urn:epc:") && !is_of_tag(text);
    is_urn || text.starts_with("http://") || text.starts_with("https://")
}

/// A word of a vocabulary as web address, whatever its spelling.
pub(super) fn canonical_word(vocabulary: Vocabulary, text: &str, context: &Context) -> String {
    let address = web_address(vocabulary, text);
    if address == text {
        canonical(text, context)
    } else {
        address
    }
}

/// UTC with milliseconds, a half rounded up; text that is no time stays.
pub(super) fn canonical_time(text: &str) -> String {
    let Ok(time) = date_time_stamp(text) else {
        return text.to_owned();
    };
    let below = i64::from(time.nanosecond() % 1_000_000);
    let rounded = if below >= 500_000 {
        1_000_000 - below
    } else {
        -below
    };
    time.checked_add_signed(Duration::nanoseconds(rounded))
        .unwrap_or(time)
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A number in the form of the reference implementation (Python's `str`): whole
/// numbers without fraction, others in their shortest form. None if the text is
/// no number.
fn canonical_number(text: &str) -> Option<String> {
    let starts_like_one =
        text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    let number: f64 = text
        .parse()
        .ok()
        .filter(|n: &f64| n.is_finite() && starts_like_one)?;
    Some(if number == 0.0 {
        "0".to_owned()
    } else if number.fract() == 0.0 {
        format!("{number:.0}")
    } else if number.abs() < 1e-4 {
        // Rust writes 1e-5, Python 1e-05.
        let short = format!("{number:e}");
        match short.split_once("e-") {
            Some((digits, exponent)) if exponent.len() == 1 => format!("{digits}e-0{exponent}"),
            _ => short,
        }
    } else {
        number.to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for (text, expected) in [
            ("26", "26"),
            ("26.0", "26"),
            ("+026.10", "26.1"),
            ("1e3", "1000"),
            ("-0.0", "0"),
            (".5", "0.5"),
            ("0.00001", "1e-05"),
            ("1e23", "99999999999999991611392"),
        ] {
            assert_eq!(canonical_number(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["inf", "nan", "1e400", "2023-10-09", "P3Y", "", "-", "1 2"] {
            assert_eq!(canonical_number(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        for (text, expected) in [
            ("2020-03-04T11:00:30+01:00", "2020-03-04T10:00:30.000Z"),
            ("2022-02-16T08:40:21.3142715Z", "2022-02-16T08:40:21.314Z"),
            ("2022-02-16T08:40:21.3145Z", "2022-02-16T08:40:21.315Z"),
            ("2022-02-16T08:40:21.31449Z", "2022-02-16T08:40:21.314Z"),
            ("2022-02-16T23:59:59.9996Z", "2022-02-17T00:00:00.000Z"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(canonical_time(text), expected, "{text}");
        }
    }
}
