//! When a scheduled query runs (EPCIS 2.0 §8.2.5.3, `query-schedule.json`). Pure.
//!
//! Times are UTC. A field is a list of numbers and ranges, `0,[10-20],30`; a run is at every second whose
//! fields all match. A field that is not given matches everything if it is coarser than the finest field
//! that is given, and its lowest value if it is finer: `{"hour": "1", "minute": "5"}` is once a day, at
//! 01:05:00, as the standard's own example has it. `dayOfMonth` and `dayOfWeek` must both match.

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeZone, Timelike, Utc};
use serde_json::{Map, Value};

/// Names of the fields, from the finest, with their lowest and highest value.
pub const FIELDS: [(&str, u32, u32); 6] = [
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("dayOfMonth", 1, 31),
    ("month", 1, 12),
    ("dayOfWeek", 1, 7),
];
/// Days looked ahead: the 29th of February falls on every day of the week within 40 years, also across
/// a century that has none.
const HORIZON_DAYS: u64 = 366 * 40;

/// Which values of each field match, a bit a value, in the order of [`FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule([u64; 6]);

/// Why a schedule is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    /// The field, or `schedule`.
    pub field: String,
    /// What is wrong and what was expected.
    pub message: String,
}

fn wrong(field: &str, message: String) -> ScheduleError {
    ScheduleError {
        field: field.to_owned(),
        message,
    }
}

impl Schedule {
    /// Reads the `schedule` of a subscription.
    ///
    /// # Errors
    /// A field is unknown or out of its range, none is given, or no time will ever match.
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, ScheduleError> {
        let text = |(name, value): (&String, &Value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            Value::Number(number) => Ok((name.clone(), number.to_string())),
            other => Err(wrong(name, format!("{name}: {other} is not a text"))),
        };
        let pairs: Vec<_> = object.iter().map(text).collect::<Result<_, _>>()?;
        Self::from_pairs(pairs.iter().map(|(n, t)| (n.as_str(), t.as_str())))
    }

    /// Reads fields given by name.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ScheduleError> {
        let mut given = [None; 6];
        for (name, text) in pairs {
            let Some(index) = FIELDS.iter().position(|field| field.0 == name) else {
                let names = FIELDS.map(|field| field.0).join(", ");
                let message = format!("there is no field {name:?}; there are: {names}");
                return Err(wrong(name, message));
            };
            if given[index].is_some() {
                return Err(wrong(name, format!("{name} is given twice")));
            }
            given[index] = Some(mask(FIELDS[index], text)?);
        }
        let Some(finest) = given.iter().position(Option::is_some) else {
            let message = "schedule: at least one field, such as {\"minute\": \"0\"}".to_owned();
            return Err(wrong("schedule", message));
        };
        let mut masks = [0; 6];
        for (index, (_, low, high)) in FIELDS.into_iter().enumerate() {
            // A day of the week is as fine as one of the month.
            let finer = index < finest && !(index >= 3 && given[5].is_some());
            masks[index] = given[index].unwrap_or(if finer {
                1 << low
            } else {
                (low..=high).fold(0, |mask, value| mask | 1 << value)
            });
        }
        let schedule = Self(masks);
        if next_run(&schedule, DateTime::UNIX_EPOCH).is_none() {
            let message = "schedule: there is no such day in any month".to_owned();
            return Err(wrong("schedule", message));
        }
        Ok(schedule)
    }

    fn has(&self, index: usize, value: u32) -> bool {
        self.0[index] >> value & 1 == 1
    }

    /// The first match at or after `least`.
    fn first(&self, index: usize, least: u32) -> Option<u32> {
        (least..=FIELDS[index].2).find(|value| self.has(index, *value))
    }

    fn time(&self, from: NaiveTime) -> Option<NaiveTime> {
        let hour = self.first(2, from.hour())?;
        let same_hour = hour == from.hour();
        if let Some(minute) = self.first(1, if same_hour { from.minute() } else { 0 }) {
            let same_minute = same_hour && minute == from.minute();
            if let Some(second) = self.first(0, if same_minute { from.second() } else { 0 }) {
                return NaiveTime::from_hms_opt(hour, minute, second);
            }
            if let Some(minute) = self.first(1, minute + 1) {
                return NaiveTime::from_hms_opt(hour, minute, self.first(0, 0)?);
            }
        }
        let hour = self.first(2, hour + 1)?;
        NaiveTime::from_hms_opt(hour, self.first(1, 0)?, self.first(0, 0)?)
    }
}

fn mask((name, low, high): (&str, u32, u32), text: &str) -> Result<u64, ScheduleError> {
    let malformed = || {
        let message = format!(
            "{name}: {text:?} is no list of numbers and ranges from {low} to {high}, such as \
             \"{low},[{}-{high}]\"",
            low + 1
        );
        wrong(name, message)
    };
    let number = |text: &str| {
        let digits =
            !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        let value: Option<u32> = digits.then(|| text.parse().ok()).flatten();
        value
            .filter(|value| (low..=high).contains(value))
            .ok_or_else(malformed)
    };
    let mut mask = 0;
    for element in text.split(',') {
        let range = element.strip_prefix('[').and_then(|e| e.strip_suffix(']'));
        let (first, last) = match range {
            Some(range) => {
                let (first, last) = range.split_once('-').ok_or_else(malformed)?;
                (number(first)?, number(last)?)
            }
            None => (number(element)?, number(element)?),
        };
        if first > last {
            return Err(malformed());
        }
        mask = (first..=last).fold(mask, |mask, value| mask | 1 << value);
    }
    Ok(mask)
}

/// The first run after a time; None where there is none within forty years.
#[must_use]
pub fn next_run(schedule: &Schedule, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let from = after.timestamp().checked_add(1)?;
    let from = Utc.timestamp_opt(from, 0).single()?.naive_utc();
    for ahead in 0..HORIZON_DAYS {
        let day = from.date().checked_add_days(Days::new(ahead))?;
        if !schedule.has(4, day.month())
            || !schedule.has(3, day.day())
            || !schedule.has(5, day.weekday().number_from_monday())
        {
            continue;
        }
        let begin = if ahead == 0 {
            from.time()
        } else {
            NaiveTime::MIN
        };
        if let Some(time) = schedule.time(begin) {
            return Some(day.and_time(time).and_utc());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn schedule(value: Value) -> Result<Schedule, ScheduleError> {
        Schedule::from_json(value.as_object().unwrap())
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_run_is_the_first_second_after_that_matches() {
        for (given, after, expected) in [
            (
                json!({"hour": "1", "minute": "5"}),
                "2026-03-01T00:00:00Z",
                "2026-03-01T01:05:00Z",
            ),
            (
                json!({"hour": "1", "minute": "5"}),
                "2026-03-01T01:05:00Z",
                "2026-03-02T01:05:00Z",
            ),
            (
                json!({"hour": "1", "minute": "5"}),
                "2026-03-01T01:04:59.999999Z",
                "2026-03-01T01:05:00Z",
            ),
            (
                json!({"minute": "0"}),
                "2026-12-31T23:00:01Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                json!({"second": "[0-59]"}),
                "2026-03-01T00:00:07.5Z",
                "2026-03-01T00:00:08Z",
            ),
            (
                json!({"second": "0,30"}),
                "2026-03-01T00:00:29Z",
                "2026-03-01T00:00:30Z",
            ),
            (
                json!({"second": "0,30"}),
                "2026-03-01T00:59:30Z",
                "2026-03-01T01:00:00Z",
            ),
            (
                json!({"second": "5", "hour": "2"}),
                "2026-03-01T02:07:05Z",
                "2026-03-01T02:08:05Z",
            ),
            (
                json!({"second": "5", "hour": "2"}),
                "2026-03-01T02:59:05Z",
                "2026-03-02T02:00:05Z",
            ),
            (
                json!({"dayOfWeek": "1"}),
                "2026-03-01T00:00:00Z",
                "2026-03-02T00:00:00Z",
            ),
            (
                json!({"dayOfWeek": "[6-7]", "hour": "12"}),
                "2026-03-02T00:00:00Z",
                "2026-03-07T12:00:00Z",
            ),
            (
                json!({"dayOfMonth": "31"}),
                "2026-04-01T00:00:00Z",
                "2026-05-31T00:00:00Z",
            ),
            (
                json!({"month": "2", "dayOfMonth": "29"}),
                "2026-01-01T00:00:00Z",
                "2028-02-29T00:00:00Z",
            ),
            (
                json!({"month": "3"}),
                "2026-03-01T00:00:00Z",
                "2027-03-01T00:00:00Z",
            ),
            (
                json!({"month": "3", "dayOfWeek": "5"}),
                "2026-01-01T00:00:00Z",
                "2026-03-06T00:00:00Z",
            ),
            (
                json!({"dayOfMonth": "13", "dayOfWeek": "5"}),
                "2026-03-14T00:00:00Z",
                "2026-11-13T00:00:00Z",
            ),
            (
                json!({"hour": 7}),
                "2026-03-01T08:00:00Z",
                "2026-03-02T07:00:00Z",
            ),
        ] {
            let parsed = schedule(given.clone()).unwrap();
            assert_eq!(
                next_run(&parsed, at(after)),
                Some(at(expected)),
                "{given} after {after}"
            );
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_the_name_of_its_field() {
        for (given, field) in [
            (json!({}), "schedule"),
            (json!({"second": "60"}), "second"),
            (json!({"second": ""}), "second"),
            (json!({"second": "1,"}), "second"),
            (json!({"second": "*"}), "second"),
            (json!({"second": "0/30"}), "second"),
            (json!({"second": "1-5"}), "second"),
            (json!({"minute": "[5-1]"}), "minute"),
            (json!({"minute": "[5]"}), "minute"),
            (json!({"minute": " 5"}), "minute"),
            (json!({"hour": "24"}), "hour"),
            (json!({"hour": "-1"}), "hour"),
            (json!({"hour": true}), "hour"),
            (json!({"dayOfMonth": "0"}), "dayOfMonth"),
            (json!({"dayOfMonth": "32"}), "dayOfMonth"),
            (json!({"month": "13"}), "month"),
            (json!({"dayOfWeek": "0"}), "dayOfWeek"),
            (json!({"dayOfWeek": "8"}), "dayOfWeek"),
            (json!({"year": "2026"}), "year"),
            (json!({"month": "2,4", "dayOfMonth": "[30-31]"}), ""),
            (json!({"month": "2", "dayOfMonth": "30"}), "schedule"),
        ] {
            let found = schedule(given.clone()).map_or_else(|error| error.field, |_| String::new());
            assert_eq!(found, field, "{given}");
        }
        let twice = Schedule::from_pairs([("hour", "1"), ("hour", "2")]);
        assert_eq!(twice.unwrap_err().field, "hour");
    }

    proptest! {
        #[test]
        fn nothing_that_matches_lies_between_a_time_and_its_next_run(
            second in 0u32..60, minute in 0u32..60, hour in 0u32..24, after in 0i64..4_000_000_000,
        ) {
            let parsed = schedule(json!({
                "second": second.to_string(), "minute": format!("{minute}"), "hour": format!("[{}-{hour}]", hour.min(3)),
            })).unwrap();
            let after = Utc.timestamp_opt(after, 0).unwrap();
            let next = next_run(&parsed, after).unwrap();
            prop_assert!(next > after && (next.second(), next.minute()) == (second, minute));
            let mut earlier = next - chrono::TimeDelta::hours(1);
            while earlier > after {
                prop_assert!(!parsed.has(2, earlier.hour()));
                earlier -= chrono::TimeDelta::hours(1);
            }
        }

        #[test]
        fn any_text_is_a_field_or_refused(text in ".{0,12}") {
            let _ = schedule(json!({ "second": text }));
        }
    }
}
