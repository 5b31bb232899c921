//! Times of events.

use chrono::{DateTime, Duration, NaiveDate, SubsecRound, Utc};

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

/// A time with zone, cut to microseconds: an `xsd:dateTimeStamp`, as EPCIS 2.0 §7.4.1 requires.
pub(crate) fn time(at: &At<'_>, text: &str) -> Parsed<DateTime<Utc>> {
    date_time_stamp(text)
        .map(|time| time.trunc_subsecs(6))
        .map_err(|what| {
            Fault::new(
                at,
                Reason::BadTime,
                format_args!(
                    "{text:?} is not a time with zone, such as 2026-03-01T09:30:00+01:00: {what}"
                ),
            )
        })
}

/// Whether a time says more than the microseconds that are kept.
pub(crate) fn is_finer_than_microseconds(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction
        .bytes()
        .take_while(u8::is_ascii_digit)
        .skip(6)
        .any(|digit| digit != b'0')
}

/// Reads an `xsd:dateTimeStamp` with four digits of year (XML Schema 1.1 §3.3.7.1, §3.4.28), cut to
/// nanoseconds. It has no leap second, and its zone is at most 14 hours off.
pub(crate) fn date_time_stamp(text: &str) -> Result<DateTime<Utc>, &'static str> {
    const FORM: &str = "it has another form";
    let bytes = text.as_bytes();
    let (Some(start), Some(mut rest)) = (bytes.get(..19), bytes.get(19..)) else {
        return Err(FORM);
    };
    let number = |from: usize, to: usize| -> Result<u32, &'static str> {
        start[from..to]
            .iter()
            .try_fold(0, |number, byte| match byte {
                b'0'..=b'9' => Ok(number * 10 + u32::from(byte - b'0')),
                _ => Err(FORM),
            })
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, byte)| start[*at] != *byte) {
        return Err(FORM);
    }
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let mut nanoseconds = 0;
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return Err("there is no digit behind the point");
        }
        for place in 0..9 {
            let digit = fraction[..digits].get(place).map_or(0, |b| b - b'0');
            nanoseconds = nanoseconds * 10 + u32::from(digit);
        }
        rest = &fraction[digits..];
    }
    let offset_minutes = match rest {
        b"Z" => 0,
        [] => return Err("the zone is missing"),
        zone => minutes(zone).ok_or("its zone is neither Z nor ±hh:mm of at most 14 hours")?,
    };
    if second == 60 {
        return Err("xsd:dateTimeStamp has no leap second");
    }
    let year = i32::try_from(number(0, 4)?).map_err(|_| FORM)?;
    NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)
        .and_then(|day| day.and_hms_nano_opt(hour, minute, second, nanoseconds))
        .and_then(|local| local.checked_sub_signed(Duration::minutes(i64::from(offset_minutes))))
        .map(|time| time.and_utc())
        .ok_or("there is no such day or hour")
}

/// `+hh:mm` or `-hh:mm`, at most 14 hours, in minutes.
fn minutes(zone: &[u8]) -> Option<i32> {
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = zone else {
        return None;
    };
    if ![h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let pair = |tens: &u8, units: &u8| i32::from(tens - b'0') * 10 + i32::from(units - b'0');
    let (hours, minutes) = (pair(h1, h2), pair(m1, m2));
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 14 * 60).then_some(if *sign == b'-' { -total } else { total })
}

/// An offset `+hh:mm` or `-hh:mm`, at most 14 hours (EPCIS 2.0 §7.4.1), in minutes.
pub(crate) fn offset(at: &At<'_>, text: &str) -> Parsed<i32> {
    minutes(text.as_bytes()).ok_or_else(|| {
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
            (
                "2026-01-01T00:00:00.000000001+14:00",
                Some("2025-12-31T10:00:00+00:00"),
            ),
            (
                "2026-01-01T00:00:00.1234567890123-14:00",
                Some("2026-01-01T14:00:00.123456+00:00"),
            ),
            (
                "2024-02-29T23:59:59.9-00:00",
                Some("2024-02-29T23:59:59.900+00:00"),
            ),
            ("2026-01-01T00:00:00+14:01", None),
            ("2026-01-01T00:00:00+1400", None),
            ("2026-01-01T00:00:00.Z", None),
            ("2026-01-01t00:00:00z", None),
            ("2026-01-01 00:00:00Z", None),
            ("2016-12-31T23:59:60Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2025-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("02026-01-01T00:00:00Z", None),
            ("２026-01-01T00:00:00Z", None),
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
    fn a_leap_second_is_refused_with_its_reason() {
        let e = time(&At::Root, "2016-12-31T23:59:60Z").unwrap_err();
        assert!(e.message.contains("leap second"), "{}", e.message);
    }

    #[test]
    fn what_is_below_a_microsecond_is_noticed() {
        assert!(is_finer_than_microseconds("2026-01-01T00:00:00.1234567Z"));
        for text in [
            "2026-01-01T00:00:00.123456Z",
            "2026-01-01T00:00:00.123456000+01:00",
            "2026-01-01T00:00:00Z",
        ] {
            assert!(!is_finer_than_microseconds(text), "{text}");
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
