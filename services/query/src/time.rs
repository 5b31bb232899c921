//! Times: microseconds UTC inside, ISO 8601 outside.

use crate::parameters::Parameters;
use crate::problem::Problem;
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

/// First and last year a day may have.
const DAY_YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;
/// Longest range of days: five years with their leap days.
const MOST_DAYS: i64 = 5 * 365 + 2;

/// The days `from` and `to` (included) of a request, ISO dates.
///
/// # Errors
/// 400: no date, out of 1990 to 2100, the wrong way round, or more than five years.
pub fn days(given: &Parameters) -> Result<(Option<String>, Option<String>), Problem> {
    use chrono::Datelike;
    let day = |name: &str| -> Result<Option<NaiveDate>, Problem> {
        let Some(text) = given.text(name) else {
            return Ok(None);
        };
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let day = day.filter(|day| DAY_YEARS.contains(&day.year()) && text.len() == 10);
        day.map(Some).ok_or_else(|| {
            let expected = "a date such as 2026-03-01, of the years 1990 to 2100";
            Problem::parameter(name, format!("{name}={text}: expected {expected}"))
        })
    };
    let (from, to) = (day("from")?, day("to")?);
    if let (Some(from), Some(to)) = (from, to) {
        if from > to {
            let detail = format!("from={from} is after to={to}: the earlier day comes first");
            return Err(Problem::parameter("from", detail));
        }
        let count = (to - from).num_days() + 1;
        if count > MOST_DAYS {
            let detail =
                format!("{from} to {to} are {count} days: at most five years, {MOST_DAYS}");
            return Err(Problem::parameter("to", detail));
        }
    }
    Ok((from.map(|d| d.to_string()), to.map(|d| d.to_string())))
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
    fn days_are_in_order_and_no_more_than_five_years() {
        let read = |query: &str| {
            let uri = format!("/x?{query}").parse().unwrap();
            let given = Parameters::read(&uri, &["from", "to"]).unwrap();
            days(&given).map_err(|problem| problem.parameter.unwrap())
        };
        assert_eq!(read(""), Ok((None, None)));
        let one = Some("2026-03-01".to_owned());
        assert_eq!(
            read("from=2026-03-01&to=2026-03-01"),
            Ok((one.clone(), one.clone()))
        );
        assert_eq!(read("to=2026-03-01"), Ok((None, one)));
        assert!(read("from=2021-01-01&to=2025-12-31").is_ok());
        for (query, parameter) in [
            ("from=2026-03-02&to=2026-03-01", "from"),
            ("from=2020-12-30&to=2026-01-01", "to"),
            ("from=1989-12-31", "from"),
            ("to=2101-01-01", "to"),
            ("from=2026-02-30", "from"),
            ("from=2026-3-1", "from"),
            ("from=2026-03-01T00:00:00Z", "from"),
            ("to=yesterday", "to"),
        ] {
            assert_eq!(read(query), Err(parameter.to_owned()), "{query}");
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
