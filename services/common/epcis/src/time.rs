//! Times of events.

use chrono::{DateTime, Duration, SubsecRound, Utc};

use crate::model::Event;
use crate::reason::{At, EventError, Fault, Parsed, Reason};

/// An event may be ahead of its recording by a wrong clock, but no further (hours).
pub const MAX_AHEAD_HOURS: i64 = 24;

/// 1990-01-01T00:00:00Z in seconds: before it there was nothing to serialise.
const YEAR_1990: i64 = 631_152_000;

/// Verifies that the event happened since 1990 and at most
/// [`MAX_AHEAD_HOURS`] after `record_time`, so that one bad clock never moves
/// stream time.
pub fn check_times(event: &Event, record_time: DateTime<Utc>) -> Result<(), EventError> {
    let (reason, what) = if event.event_time.timestamp() < YEAR_1990 {
        (Reason::EventTimeBefore1990, "is before 1990".to_owned())
    } else if event.event_time - record_time > Duration::hours(MAX_AHEAD_HOURS) {
        (
            Reason::EventTimeInFuture,
            format!("is more than {MAX_AHEAD_HOURS} hours after it was recorded ({record_time})"),
        )
    } else {
        return Ok(());
    };
    Err(EventError {
        index: 0,
        line: 0,
        field: "eventTime".to_owned(),
        reason,
        message: format!("eventTime: {} {what}", event.event_time),
    })
}

/// Minutes east of UTC as `+02:00`.
pub fn format_offset(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// A time with zone (RFC 3339, as EPCIS 2.0 §7.4.1 requires), cut to microseconds.
pub(crate) fn time(at: &At<'_>, text: &str) -> Parsed<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc).trunc_subsecs(6))
        .map_err(|_| {
            Fault::new(
                at,
                Reason::BadTime,
                format_args!("{text:?} is not a time with zone, such as 2026-03-01T09:30:00+01:00"),
            )
        })
}

/// An offset `+hh:mm` or `-hh:mm`, at most 14 hours (EPCIS 2.0 §7.4.1), in minutes.
pub(crate) fn offset(at: &At<'_>, text: &str) -> Parsed<i32> {
    let parsed = match text.as_bytes() {
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2]
            if [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()) =>
        {
            let pair =
                |tens: &u8, units: &u8| i32::from(tens - b'0') * 10 + i32::from(units - b'0');
            let (hours, minutes) = (pair(h1, h2), pair(m1, m2));
            let total = hours * 60 + minutes;
            (minutes < 60 && total <= 14 * 60).then_some(if *sign == b'-' { -total } else { total })
        }
        _ => None,
    };
    parsed.ok_or_else(|| {
        Fault::new(
            at,
            Reason::BadTime,
            format_args!("{text:?} is not an offset from UTC, such as +01:00 (at most 14 hours)"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_a_zone() {
        let at = At::Root;
        for (text, expected) in [
            (
                "2020-03-04T11:00:30+01:00",
                Some("2020-03-04T10:00:30+00:00"),
            ),
            (
                "2020-03-04T11:00:30.1234567Z",
                Some("2020-03-04T11:00:30.123456+00:00"),
            ),
            ("2020-03-04T11:00:30", None),
            ("2020-03-04", None),
            ("22-07-2026", None),
            ("", None),
        ] {
            let found = time(&at, text).ok().map(|t| t.to_rfc3339());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_offset_is_signed_and_at_most_14_hours() {
        let at = At::Root;
        for (text, expected) in [
            ("+01:00", Some(60)),
            ("-09:30", Some(-570)),
            ("+14:00", Some(840)),
            ("+14:01", None),
            ("+01:60", None),
            ("01:00", None),
            ("Z", None),
            ("+1:00", None),
        ] {
            let found = offset(&at, text).ok();
            assert_eq!(found, expected, "{text}");
            if let Some(minutes) = found {
                assert_eq!(format_offset(minutes), text);
            }
        }
    }
}
