//! Stream time: the clock timers run on, from marks alone.
//!
//! Every source (a partition of the gateway's topics) sends marks with a time. Stream time is the
//! minimum over all sources of their highest mark; until every source has been heard there is none.
//! It never goes back, whatever order marks arrive in, and a source that falls silent holds it.
//!
//! The marks a partition has heard are part of its state ([`crate::Notes::pass_on`]).

use serialtrail_records::state_work::HeldMarks;
use serialtrail_records::{Mark, Micros};

/// Takes one mark into those held: the highest of each source counts.
pub fn hear(held: &mut HeldMarks, mark: &Mark) {
    held.sources = held.sources.max(mark.sources);
    match held.highest.get_mut(&mark.source) {
        Some(highest) => *highest = mark.time.max(*highest),
        None => {
            held.highest.insert(mark.source.clone(), mark.time);
        }
    }
}

/// The minimum over all sources of their highest mark, microseconds since 1970-01-01 UTC; `None` until
/// all have been heard.
#[must_use]
pub fn stream_time(held: &HeldMarks) -> Option<Micros> {
    let sources = usize::try_from(held.sources).unwrap_or(0);
    if sources == 0 || held.highest.len() < sources {
        return None;
    }
    held.highest.values().copied().min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The stream time after each of these marks of so many sources.
    fn times(sources: i32, marks: &[(&str, i64)]) -> Vec<Option<i64>> {
        let mut held = HeldMarks::default();
        let heard = marks.iter().map(|(source, time)| {
            let mark = Mark {
                source: (*source).into(),
                sources,
                time: *time,
            };
            hear(&mut held, &mark);
            stream_time(&held)
        });
        heard.collect()
    }

    #[test]
    fn there_is_no_time_until_every_source_has_been_heard() {
        assert_eq!(stream_time(&HeldMarks::default()), None);
        let marks = [
            ("epcis-events/0", 50),
            ("epcis-events/0", 60),
            ("epcis-events/1", 40),
        ];
        assert_eq!(times(2, &marks), [None, None, Some(40)]);
    }

    #[test]
    fn the_slowest_source_holds_time_back() {
        let marks = [("a", 10), ("b", 10), ("a", 99), ("b", 20)];
        assert_eq!(times(2, &marks), [None, Some(10), Some(10), Some(20)]);
    }

    #[test]
    fn an_old_mark_changes_nothing() {
        assert_eq!(times(1, &[("a", 30), ("a", 20)]), [Some(30), Some(30)]);
    }

    proptest! {
        #[test]
        fn time_never_goes_back_and_does_not_depend_on_the_order_of_marks(
            marks in proptest::collection::vec((0u8..4, -100i64..100), 0..40),
            seed in any::<u64>(),
        ) {
            let mut shuffled = marks.clone();
            shuffled.sort_by_key(|(source, time)| (seed ^ u64::from(*source)).wrapping_mul(31) ^ (*time as u64));
            let mark = |(source, time): &(u8, i64)| Mark {
                source: source.to_string(),
                sources: 4,
                time: *time,
            };
            let mut one = HeldMarks::default();
            let mut last = None;
            for heard in &marks {
                hear(&mut one, &mark(heard));
                prop_assert!(stream_time(&one) >= last);
                last = stream_time(&one);
            }
            let mut other = HeldMarks::default();
            for heard in &shuffled {
                hear(&mut other, &mark(heard));
            }
            prop_assert_eq!(one, other);
        }
    }
}
