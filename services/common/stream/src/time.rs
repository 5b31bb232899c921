//! Stream time: the clock timers run on, from marks alone.
//!
//! Every source (a partition of the gateway's topics) sends marks with a time. Stream time is the
//! minimum over all sources of their highest mark; until every source has been heard there is none.
//! It never goes back, whatever order marks arrive in, and a source that falls silent holds it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Marks heard so far by one partition of a stage. Serialisable: it is part of that partition's state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceMarks {
    /// How many sources there are, once a mark has said so.
    sources: u32,
    /// Highest mark of each source, microseconds since 1970-01-01 UTC.
    highest: BTreeMap<String, i64>,
}

impl SourceMarks {
    /// No mark heard.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one mark: its source, its time (microseconds since 1970-01-01 UTC), and how many sources
    /// there are. Returns the new stream time if this mark moved it.
    pub fn hear(&mut self, source: &str, time: i64, sources: u32) -> Option<i64> {
        let before = self.stream_time();
        self.sources = self.sources.max(sources);
        match self.highest.get_mut(source) {
            Some(highest) => *highest = time.max(*highest),
            None => {
                self.highest.insert(source.to_owned(), time);
            }
        }
        self.stream_time().filter(|now| before != Some(*now))
    }

    /// The minimum over all sources of their highest mark; `None` until all have been heard.
    #[must_use]
    pub fn stream_time(&self) -> Option<i64> {
        if self.sources == 0 || self.highest.len() < self.sources as usize {
            return None;
        }
        self.highest.values().copied().min()
    }

    /// Highest mark of one source, microseconds.
    #[must_use]
    pub fn highest(&self, source: &str) -> Option<i64> {
        self.highest.get(source).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn there_is_no_time_until_every_source_has_been_heard() {
        let mut marks = SourceMarks::new();
        assert_eq!(marks.hear("epcis-events/0", 50, 2), None);
        assert_eq!(marks.hear("epcis-events/0", 60, 2), None);
        assert_eq!(marks.hear("epcis-events/1", 40, 2), Some(40));
    }

    #[test]
    fn the_slowest_source_holds_time_back() {
        let mut marks = SourceMarks::new();
        marks.hear("a", 10, 2);
        marks.hear("b", 10, 2);
        assert_eq!(marks.hear("a", 99, 2), None);
        assert_eq!(marks.stream_time(), Some(10));
        assert_eq!(marks.hear("b", 20, 2), Some(20));
    }

    #[test]
    fn an_old_mark_changes_nothing() {
        let mut marks = SourceMarks::new();
        marks.hear("a", 30, 1);
        assert_eq!(marks.hear("a", 20, 1), None);
        assert_eq!(
            (marks.stream_time(), marks.highest("a")),
            (Some(30), Some(30))
        );
    }

    proptest! {
        #[test]
        fn time_never_goes_back_and_does_not_depend_on_the_order_of_marks(
            marks in proptest::collection::vec((0u8..4, -100i64..100), 0..40),
            seed in any::<u64>(),
        ) {
            let mut shuffled = marks.clone();
            shuffled.sort_by_key(|(source, time)| (seed ^ u64::from(*source)).wrapping_mul(31) ^ (*time as u64));
            let mut one = SourceMarks::new();
            let mut last = None;
            for (source, time) in &marks {
                let moved = one.hear(&source.to_string(), *time, 4);
                prop_assert!(one.stream_time() >= last);
                prop_assert_eq!(moved.is_some(), one.stream_time() != last);
                last = one.stream_time();
            }
            let mut other = SourceMarks::new();
            for (source, time) in &shuffled {
                other.hear(&source.to_string(), *time, 4);
            }
            prop_assert_eq!(one, other);
        }
    }
}
