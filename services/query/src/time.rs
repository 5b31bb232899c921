//! Times: microseconds UTC inside, ISO 8601 outside.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

/// First and last year a question may name: what ClickHouse's DateTime64 holds.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2299;

/// ISO 8601 in UTC, with as many decimals as are not zero.
#[must_use]
pub fn iso(micros: i64) -> String {
    DateTime::<Utc>::from_timestamp_micros(micros).map_or_else(
        || micros.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

/// As [`iso`]; nothing for the epoch, which stands for "none" where a column has no null.
#[must_use]
pub fn iso_unless_epoch(micros: i64) -> Option<String> {
    (micros != 0).then(|| iso(micros))
}

/// Offset of local time, `+02:00`.
#[must_use]
pub fn offset(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A time with zone (RFC 3339), or a date, which is its midnight in UTC. A `+` that arrived as a space,
/// as it does in a query string that was not encoded, is taken for what was meant.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    use chrono::Datelike;
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let midnight = date.and_hms_opt(0, 0, 0)?.and_utc();
        return YEARS
            .contains(&date.year())
            .then(|| midnight.timestamp_micros());
    }
    let time = DateTime::parse_from_rfc3339(text).or_else(|error| match text.rsplit_once(' ') {
        Some((before, after)) if before.contains('T') => {
            DateTime::parse_from_rfc3339(&format!("{before}+{after}"))
        }
        _ => Err(error),
    });
    let time = time.ok()?.to_utc();
    YEARS
        .contains(&time.year())
        .then(|| time.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_a_zone_and_a_date_is_midnight_utc() {
        let at = |text: &str| parse(text).map(iso);
        let noon = Some("2026-03-01T10:00:00Z".to_owned());
        assert_eq!(at("2026-03-01T12:00:00+02:00"), noon);
        assert_eq!(
            at("2026-03-01T12:00:00 02:00"),
            noon,
            "a plus sign not encoded"
        );
        assert_eq!(at("2026-03-01T10:00:00Z"), noon);
        assert_eq!(at("2026-03-01"), Some("2026-03-01T00:00:00Z".into()));
        assert_eq!(
            at("2026-03-01T10:00:00.25Z"),
            Some("2026-03-01T10:00:00.250Z".into())
        );
        for refused in [
            "2026-03-01T12:00:00",
            "2026-3",
            "yesterday",
            "",
            "9999-01-01",
            "1700-01-01",
        ] {
            assert_eq!(at(refused), None, "{refused}");
        }
    }

    #[test]
    fn offsets_keep_their_sign_and_minutes() {
        assert_eq!(
            [offset(120), offset(-210), offset(0)],
            ["+02:00", "-03:30", "+00:00"]
        );
    }
}
