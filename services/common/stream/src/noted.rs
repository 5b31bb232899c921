//! What a stage notes while a window is under way: work begun and marks heard. At its end what is not done
//! goes into the partition's state ([`pending`]; key `m`: the marks). All that outlives a window here is
//! which partitions hold no mark back, and that only spares looking.

use crate::pending;
use crate::stage::StepContext;
use crate::time;
use serialtrail_records::state_work::HeldMarks;
use serialtrail_records::{Codec, Mark};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Key of the marks a partition has heard.
const MARKS: &str = "m";

/// Share of the budget a window may use for work even when its own records have used it up: 1 in 10.
const LEAST_SHARE: usize = 10;

/// The notes of every partition of a stage.
#[derive(Debug, Default)]
pub struct Notes {
    partitions: HashMap<i32, Noted>,
    /// Partitions all of whose marks are passed on.
    passed: HashSet<i32>,
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

    /// Takes the marks of a window that ends into those its partition holds, and gives these to `pass`,
    /// which passes on what may be and says whether nothing is left to. They are read and written once,
    /// and not at all where no mark was heard and none is left.
    ///
    /// # Errors
    /// `pass` or state machinery failed.
    pub fn pass_on(
        &mut self,
        noted: Noted,
        ctx: &mut dyn StepContext,
        codec: &Codec,
        pass: impl FnOnce(&mut dyn StepContext, &mut HeldMarks) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let partition = ctx.partition();
        if noted.marks.is_empty() && self.passed.contains(&partition) {
            return Ok(());
        }
        let mut held: HeldMarks = pending::load(ctx, codec, MARKS)?.unwrap_or_default();
        let before = held.clone();
        for mark in noted.into_marks() {
            time::hear(&mut held, &mark);
        }
        if pass(ctx, &mut held)? {
            self.passed.insert(partition);
        } else {
            self.passed.remove(&partition);
        }
        if held != before {
            pending::save(ctx, codec, MARKS, &held)?;
        }
        Ok(())
    }

    /// Drops what was noted.
    pub fn forget(&mut self, partition: i32) {
        self.partitions.remove(&partition);
        self.passed.remove(&partition);
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
        let mut queued = true;
        while ctx.emitted() < limit {
            if queued {
                match pending::front(ctx, codec)? {
                    Some(key) if work(ctx, &key, limit)? => pending::pop(ctx, codec)?,
                    Some(_) => {}
                    None => queued = false,
                }
            } else if let Some(key) = self.begun.pop_front() {
                if !work(ctx, &key, limit)? {
                    pending::push(ctx, codec, &key)?;
                    queued = true;
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

    /// Counts how often state is read and written.
    struct Counted {
        inner: TestContext,
        reads: usize,
        writes: usize,
    }

    impl StepContext for Counted {
        fn partition(&self) -> i32 {
            self.inner.partition()
        }
        fn get(&mut self, key: &[u8]) -> anyhow::Result<Option<&[u8]>> {
            self.reads += 1;
            self.inner.get(key)
        }
        fn put(&mut self, key: &[u8], value: &[u8]) {
            self.writes += 1;
            self.inner.put(key, value);
        }
        fn delete(&mut self, key: &[u8]) {
            self.inner.delete(key);
        }
        fn emit(&mut self, topic: &'static str, key: &[u8], value: &[u8]) {
            self.inner.emit(topic, key, value);
        }
        fn emit_to(&mut self, topic: &'static str, partition: i32, value: &[u8]) {
            self.inner.emit_to(topic, partition, value);
        }
        fn partitions(&self, topic: &str) -> i32 {
            self.inner.partitions(topic)
        }
        fn emitted(&self) -> usize {
            self.inner.emitted()
        }
    }

    #[test]
    fn marks_are_read_and_written_once_a_window_and_not_at_all_where_none_was_heard() {
        let codec = Codec::offline().unwrap();
        let mut ctx = Counted {
            inner: TestContext::new(0),
            reads: 0,
            writes: 0,
        };
        let mut notes = Notes::default();
        let mut window = |notes: &mut Notes, marks: &[Mark], may: bool| {
            marks.iter().for_each(|m| notes.heard(0, m.clone()));
            let (noted, mut seen) = (notes.end(0), None);
            notes
                .pass_on(noted, &mut ctx, &codec, |_, held| {
                    seen = time::stream_time(held);
                    if may {
                        held.forwarded = seen;
                    }
                    Ok(held.forwarded == seen)
                })
                .unwrap();
            (
                seen,
                std::mem::take(&mut ctx.reads),
                std::mem::take(&mut ctx.writes),
            )
        };
        let two = [mark("a", 30), mark("b", 20), mark("a", 10)];
        assert_eq!(window(&mut notes, &two, false), (Some(20), 1, 1));
        assert_eq!(
            window(&mut notes, &[], false),
            (Some(20), 1, 0),
            "what is held back is looked at again"
        );
        assert_eq!(window(&mut notes, &[], true), (Some(20), 1, 1));
        assert_eq!(window(&mut notes, &[], true), (None, 0, 0));
        assert_eq!(window(&mut notes, &two, true), (Some(20), 1, 0));
        assert_eq!(window(&mut notes, &[mark("b", 25)], true), (Some(25), 1, 1));
        notes.forget(0);
        assert_eq!(
            window(&mut notes, &[], true),
            (Some(25), 1, 0),
            "a partition that comes back is not known"
        );
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
