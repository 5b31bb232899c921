//! Times in the form of the event hash.

use chrono::{DateTime, Datelike, Duration, SecondsFormat, Timelike, Utc};

use crate::time::date_time_stamp;

/// Writes a time in UTC with milliseconds, a half rounded up; text that is no time as it is.
pub(super) fn push_time(out: &mut String, text: &str) {
    match date_time_stamp(text) {
        Ok(time) => push_milliseconds(out, rounded(time)),
        Err(_) => out.push_str(text),
    }
}

fn rounded(time: DateTime<Utc>) -> DateTime<Utc> {
    let below = i64::from(time.nanosecond() % 1_000_000);
    let change = match below {
        0 => return time,
        500_000.. => 1_000_000 - below,
        _ => -below,
    };
    time.checked_add_signed(Duration::nanoseconds(change))
        .unwrap_or(time)
}

fn push_milliseconds(out: &mut String, time: DateTime<Utc>) {
    let Some(year) = u32::try_from(time.year()).ok().filter(|year| *year <= 9999) else {
        out.push_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true));
        return;
    };
    for (number, digits, behind) in [
        (year, 4, '-'),
        (time.month(), 2, '-'),
        (time.day(), 2, 'T'),
        (time.hour(), 2, ':'),
        (time.minute(), 2, ':'),
        (time.second(), 2, '.'),
        (time.nanosecond() / 1_000_000, 3, 'Z'),
    ] {
        for place in (0..digits).rev() {
            // Invariant: a digit fits.
            out.push(char::from(b'0' + (number / 10u32.pow(place) % 10) as u8));
        }
        out.push(behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_milliseconds() {
        for (text, expected) in [
            ("2020-03-04T11:00:30+01:00", "2020-03-04T10:00:30.000Z"),
            ("2022-02-16T08:40:21.3142715Z", "2022-02-16T08:40:21.314Z"),
            ("2022-02-16T08:40:21.3145Z", "2022-02-16T08:40:21.315Z"),
            ("2022-02-16T08:40:21.31449Z", "2022-02-16T08:40:21.314Z"),
            ("2022-02-16T23:59:59.9996Z", "2022-02-17T00:00:00.000Z"),
            ("0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00.000Z"),
            ("0987-12-31T23:59:59.1Z", "0987-12-31T23:59:59.100Z"),
            ("9999-12-31T23:59:59.9995Z", "+10000-01-01T00:00:00.000Z"),
            ("yesterday", "yesterday"),
        ] {
            let mut out = String::new();
            push_time(&mut out, text);
            assert_eq!(out, expected, "{text}");
        }
    }
}
