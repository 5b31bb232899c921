//! What a stage notes while a window is under way: work begun and marks heard. Nothing of it outlives the
//! window; what is not done at its end goes into the partition's state ([`pending`]).

use crate::pending;
use crate::stage::StepContext;
use serialtrail_records::{Codec, Mark};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Share of the budget a window may use for work even when its own records have used it up: 1 in 10.
const LEAST_SHARE: usize = 10;

/// The notes of every partition of a stage.
#[derive(Debug, Default)]
pub struct Notes {
    partitions: HashMap<i32, Noted>,
}

/// The notes of one partition.
#[derive(Debug, Default)]
pub struct Noted {
    begun: VecDeque<String>,
    marks: BTreeMap<String, Mark>,
}

impl Notes {
    /// Notes that there is work under `key`. It must not be queued in state already.
    pub fn begun(&mut self, partition: i32, key: &str) {
        let noted = self.partitions.entry(partition).or_default();
        noted.begun.push_back(key.to_owned());
    }

    /// Notes a mark; of each source the highest counts.
    pub fn heard(&mut self, partition: i32, mark: Mark) {
        let noted = self.partitions.entry(partition).or_default();
        let held = noted.marks.entry(mark.source.clone()).or_default();
        if held.time <= mark.time {
            *held = mark;
        }
    }

    /// Ends a partition's window: what was noted in it.
    pub fn end(&mut self, partition: i32) -> Noted {
        self.partitions.remove(&partition).unwrap_or_default()
    }

    /// Drops what was noted.
    pub fn forget(&mut self, partition: i32) {
        self.partitions.remove(&partition);
    }
}

impl Noted {
    /// Continues work, queued first, then begun, until the budget is used up, and queues the rest.
    /// `work` continues what is under a key until so many records are emitted in the window; it says
    /// whether nothing of it is left.
    ///
    /// # Errors
    /// `work` or state machinery failed.
    pub fn work(
        &mut self,
        ctx: &mut dyn StepContext,
        codec: &Codec,
        budget: usize,
        mut work: impl FnMut(&mut dyn StepContext, &str, usize) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let limit = budget.max(ctx.emitted() + budget / LEAST_SHARE + 1);
        while ctx.emitted() < limit {
            if let Some(key) = pending::front(ctx, codec)? {
                if work(ctx, &key, limit)? {
                    pending::pop(ctx, codec)?;
                }
            } else if let Some(key) = self.begun.pop_front() {
                if !work(ctx, &key, limit)? {
                    pending::push(ctx, codec, &key)?;
                }
            } else {
                break;
            }
        }
        for key in self.begun.drain(..) {
            pending::push(ctx, codec, &key)?;
        }
        Ok(())
    }

    /// Takes the marks into the partition's state, where they are held.
    ///
    /// # Errors
    /// State machinery failed.
    pub fn hold_marks(self, ctx: &mut dyn StepContext, codec: &Codec) -> anyhow::Result<()> {
        self.into_marks()
            .try_for_each(|mark| pending::hear(ctx, codec, &mark))
    }

    /// The highest mark of each source, in the order of their names.
    pub fn into_marks(self) -> impl Iterator<Item = Mark> {
        self.marks.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestContext;

    fn mark(source: &str, time: i64) -> Mark {
        Mark {
            source: source.into(),
            sources: 2,
            time,
        }
    }

    #[test]
    fn of_each_source_the_highest_mark_of_the_window_counts() {
        let mut notes = Notes::default();
        for (partition, source, time) in [(0, "b", 9), (0, "a", 30), (0, "a", 20), (1, "a", 99)] {
            notes.heard(partition, mark(source, time));
        }
        let heard: Vec<Mark> = notes.end(0).into_marks().collect();
        assert_eq!(heard, [mark("a", 30), mark("b", 9)]);
        assert_eq!(notes.end(0).into_marks().count(), 0);
        notes.forget(1);
        assert_eq!(notes.end(1).into_marks().count(), 0);
    }

    #[test]
    fn what_the_budget_does_not_allow_is_queued_and_comes_first_in_the_next_window() {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(0);
        let mut notes = Notes::default();
        let mut left = BTreeMap::from([("a".to_owned(), 3), ("b".to_owned(), 1)]);
        notes.begun(0, "a");
        notes.begun(0, "b");
        let mut order = Vec::new();
        for _ in 0..4 {
            let budget = ctx.emitted() + 1;
            notes
                .end(0)
                .work(&mut ctx, &codec, budget, |ctx, key, limit| {
                    let left = left.get_mut(key).unwrap();
                    while *left > 0 && ctx.emitted() < limit {
                        ctx.emit_to("t", 0, &[]);
                        order.push(key.to_owned());
                        *left -= 1;
                    }
                    Ok(*left == 0)
                })
                .unwrap();
        }
        assert_eq!(order, ["a", "a", "a", "b"]);
        assert!(!pending::any(&mut ctx, &codec).unwrap());
    }
}
