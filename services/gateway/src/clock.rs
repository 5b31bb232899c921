//! Which record time an input gets, and how far stream time has been marked.
//!
//! One clock a deployment. **Live**: the gateway's clock at capture. **Replay**: the time the import
//! gives (`Serialtrail-Record-Time`); without one the later of just after the last mark and the input's
//! own event times, because the wall clock is wrong in a replay of the past: what comes later is recorded
//! later. Event times more than 24 h ahead of the wall clock take no part in that: one bad clock never
//! moves stream time.

use chrono::{DateTime, SecondsFormat, Utc};
use serialtrail_records::Micros;
use serialtrail_runtime::Clock;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::problem::{Kind, Problem};

/// 1990-01-01T00:00:00Z: before it there was nothing to serialise.
const YEAR_1990: Micros = 631_152_000_000_000;
/// 10000-01-01T00:00:00Z: ISO 8601 has four digits for a year.
const YEAR_10000: Micros = 253_402_300_800_000_000;
const DAY: Micros = 86_400_000_000;

/// The time a request may set, from its text.
///
/// # Errors
/// 400: no time with zone, or not of the years 1990 to 9999.
pub fn parse_time(what: &str, text: &str) -> Result<Micros, Problem> {
    DateTime::parse_from_rfc3339(text.trim())
        .ok()
        .map(|time| time.timestamp_micros())
        .filter(|time| (YEAR_1990..YEAR_10000).contains(time))
        .ok_or_else(|| {
            Problem::new(
                Kind::Validation,
                format!(
                    "{what}: {text:?} is not a time with zone of the years 1990 to 9999, such as \
                     2026-03-01T09:30:00Z"
                ),
            )
        })
}

/// The record time an import asked for.
///
/// # Errors
/// 403 without role `import`; 400 in live clock, or where it is no time.
pub fn asked_record_time(
    clock: Clock,
    may_import: bool,
    header: Option<&str>,
) -> Result<Option<Micros>, Problem> {
    let Some(text) = header else { return Ok(None) };
    if !may_import {
        let detail = "only a key with role `import` may send Serialtrail-Record-Time";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    if clock == Clock::Live {
        let detail = "Serialtrail-Record-Time: this deployment runs on the live clock; record times \
                      are the gateway's own";
        return Err(Problem::new(Kind::Validation, detail));
    }
    parse_time("Serialtrail-Record-Time", text).map(Some)
}

/// Whether a time may take part in deciding a record time.
#[must_use]
pub fn is_plausible(time: Micros, now: Micros) -> bool {
    (YEAR_1990..=now + DAY).contains(&time)
}

/// The record time of an input whose events happened at `event_times`.
#[must_use]
pub fn record_time(
    clock: Clock,
    now: Micros,
    asked: Option<Micros>,
    last_mark: Option<Micros>,
    event_times: impl IntoIterator<Item = Micros>,
) -> Micros {
    match (clock, asked) {
        (Clock::Live, _) => now,
        (Clock::Replay, Some(asked)) => asked,
        (Clock::Replay, None) => event_times
            .into_iter()
            .filter(|time| is_plausible(*time, now))
            .chain(last_mark.map(|mark| mark + 1))
            .max()
            .unwrap_or(now),
    }
}

/// Microseconds since the epoch as ISO 8601, UTC.
#[must_use]
pub fn iso(time: Micros) -> String {
    DateTime::<Utc>::from_timestamp_micros(time).map_or_else(
        || time.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::Micros, true),
    )
}

/// The highest mark committed so far; only ever rises.
#[derive(Debug)]
pub struct StreamClock {
    mode: Clock,
    marked: AtomicI64,
}

impl StreamClock {
    /// A clock whose last mark, read from the topic, is `last`.
    #[must_use]
    pub fn new(mode: Clock, last: Option<Micros>) -> Self {
        Self {
            mode,
            marked: AtomicI64::new(last.unwrap_or(i64::MIN)),
        }
    }

    /// Live or replay.
    #[must_use]
    pub fn mode(&self) -> Clock {
        self.mode
    }

    /// The highest mark committed.
    #[must_use]
    pub fn last_mark(&self) -> Option<Micros> {
        Some(self.marked.load(Ordering::Acquire)).filter(|mark| *mark != i64::MIN)
    }

    /// The mark a transaction should carry whose inputs reached `reached`: none where stream time
    /// would not advance.
    #[must_use]
    pub fn due(&self, reached: Option<Micros>) -> Option<Micros> {
        reached.filter(|time| self.last_mark().is_none_or(|last| *time > last))
    }

    /// A mark was committed.
    pub fn committed(&self, mark: Micros) {
        self.marked.fetch_max(mark, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_770_000_000_000_000;

    #[test]
    fn live_takes_the_gateways_clock_whatever_the_event_says() {
        assert_eq!(
            record_time(Clock::Live, NOW, None, Some(NOW + 5), [NOW - DAY]),
            NOW
        );
    }

    #[test]
    fn a_replay_takes_what_the_import_says_even_behind_the_last_mark() {
        let asked = Some(NOW - 9 * DAY);
        assert_eq!(
            record_time(Clock::Replay, NOW, asked, Some(NOW), [NOW]),
            NOW - 9 * DAY
        );
    }

    #[test]
    fn a_replay_without_record_times_follows_the_events_and_never_goes_back() {
        let past = NOW - 100 * DAY;
        let at = |mark, events: &[Micros]| {
            record_time(Clock::Replay, NOW, None, mark, events.iter().copied())
        };
        assert_eq!(at(None, &[past, past - 1]), past);
        assert_eq!(at(Some(past + 7), &[past]), past + 8);
        assert_eq!(at(Some(past), &[past + 7, past - 7]), past + 7);
        assert_eq!(at(None, &[]), NOW);
    }

    #[test]
    fn one_bad_clock_never_moves_stream_time() {
        let past = NOW - 100 * DAY;
        let far = NOW + 40 * 365 * DAY;
        assert_eq!(
            record_time(Clock::Replay, NOW, None, Some(past), [far, 0]),
            past + 1
        );
        assert_eq!(
            record_time(Clock::Replay, NOW, None, None, [far, past]),
            past
        );
        assert_eq!(record_time(Clock::Replay, NOW, None, None, [far, 0]), NOW);
    }

    #[test]
    fn only_an_import_in_replay_may_ask_for_a_record_time() {
        let text = Some("2026-03-01T09:30:00+01:00");
        let kind = |clock, import, text| asked_record_time(clock, import, text).unwrap_err().kind;
        assert_eq!(kind(Clock::Replay, false, text), Kind::Forbidden);
        assert_eq!(kind(Clock::Live, true, text), Kind::Validation);
        assert_eq!(
            kind(Clock::Replay, true, Some("2026-03-01")),
            Kind::Validation
        );
        assert_eq!(
            kind(Clock::Replay, true, Some("1970-01-01T00:00:00Z")),
            Kind::Validation
        );
        let asked = asked_record_time(Clock::Replay, true, text)
            .unwrap()
            .unwrap();
        assert_eq!(iso(asked), "2026-03-01T08:30:00.000000Z");
        assert_eq!(asked_record_time(Clock::Live, false, None).unwrap(), None);
    }

    #[test]
    fn a_mark_is_due_only_where_stream_time_advances() {
        let clock = StreamClock::new(Clock::Replay, None);
        assert_eq!(clock.due(None), None);
        assert_eq!(clock.due(Some(NOW)), Some(NOW));
        clock.committed(NOW);
        clock.committed(NOW - 5);
        assert_eq!(clock.last_mark(), Some(NOW));
        assert_eq!(clock.due(Some(NOW)), None);
        assert_eq!(clock.due(Some(NOW + 1)), Some(NOW + 1));
    }
}
