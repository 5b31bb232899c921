//! Days: local dates, and when a day is over everywhere.

use serialtrail_records::Micros;

/// A date, days since 1970-01-01, as ClickHouse's `Date` counts them.
pub type Day = u16;

/// Microseconds in a minute.
pub const MINUTE: Micros = 60 * 1_000_000;
/// Microseconds in an hour.
pub const HOUR: Micros = 60 * MINUTE;
/// Microseconds in a day.
pub const DAY: Micros = 24 * HOUR;

/// How long after its end in UTC a local day ends in the last zone (UTC-12).
const LAST_ZONE: Micros = 12 * HOUR;

/// The date on the wall at `time` (UTC) where clocks are `zone_offset_minutes` east of UTC. Times
/// outside the dates ClickHouse knows (1970 to 2149) are moved to the nearest of them.
#[must_use]
pub fn local_day(time: Micros, zone_offset_minutes: i32) -> Day {
    let local = time.saturating_add(i64::from(zone_offset_minutes) * MINUTE);
    clamp(local.div_euclid(DAY))
}

/// The last day that is complete at `stream_time`: it has ended in every zone, and `grace_hours` have
/// passed since. `None` before the first such day of 1970.
#[must_use]
pub fn last_complete(stream_time: Micros, grace_hours: u32) -> Option<Day> {
    let ended = stream_time - LAST_ZONE - i64::from(grace_hours) * HOUR;
    let last = ended.div_euclid(DAY) - 1;
    (last >= 0).then(|| clamp(last))
}

/// A day as ISO 8601.
#[must_use]
pub fn iso(day: Day) -> String {
    // Every u16 is a date from 1970 to 2149.
    chrono::DateTime::from_timestamp(i64::from(day) * 86_400, 0)
        .map_or_else(|| day.to_string(), |time| time.date_naive().to_string())
}

fn clamp(days: i64) -> Day {
    u16::try_from(days.clamp(0, i64::from(u16::MAX))).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Micros {
        chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp_micros()
    }

    #[test]
    fn a_day_is_the_one_on_the_wall() {
        let cases = [
            ("2026-01-31T23:30:00Z", 0, "2026-01-31"),
            ("2026-01-31T23:30:00Z", 60, "2026-02-01"),
            ("2026-02-01T00:30:00Z", -60, "2026-01-31"),
            ("2026-02-01T00:00:00Z", 0, "2026-02-01"),
            ("2026-01-31T23:59:59.999999Z", 0, "2026-01-31"),
            ("2026-01-31T12:00:00Z", 840, "2026-02-01"),
        ];
        for (time, offset, expected) in cases {
            assert_eq!(
                iso(local_day(micros(time), offset)),
                expected,
                "{time} {offset}"
            );
        }
    }

    #[test]
    fn a_day_is_complete_when_it_is_over_in_the_last_zone_and_its_grace_has_passed() {
        let cases = [
            ("2026-02-11T12:00:00Z", 0, "2026-02-10"),
            ("2026-02-11T11:59:59Z", 0, "2026-02-09"),
            ("2026-02-11T17:40:00Z", 24, "2026-02-09"),
            ("2026-02-11T11:59:00Z", 24, "2026-02-08"),
        ];
        for (time, grace, expected) in cases {
            let last = last_complete(micros(time), grace).map(iso);
            assert_eq!(last.as_deref(), Some(expected), "{time} {grace}");
        }
        assert_eq!(last_complete(0, 24), None);
    }
}
