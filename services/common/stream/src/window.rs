//! One window: step the stage over overlays, commit, then let the local stores follow.
//!
//! Invariant: a local store is written only after the transaction that carries the same writes in the
//! changelog has committed, and the changelog offset written with them is never past the changelog's
//! end. The offset is counted, not asked for: this worker is the changelog partition's only writer, a
//! commit of n records takes n offsets and one more for its marker, which is written before the next
//! transaction can write. Should a fenced predecessor's aborted records lie between, the count is too
//! low, never too high, and the next restore reads a few records again.

use crate::config::FAN_OUT_BUDGET;
use crate::outcome::Outcome;
use crate::outputs::{self, Outputs};
use crate::overlay::Overlay;
use crate::owned::{Phase, Place};
use crate::stage::{Keys, Stage, StepContext};
use crate::transaction;
use crate::worker::Worker;
use anyhow::{Context, bail, ensure};
use serialtrail_state::{Store, Write};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Windows in a row that may fail in the stage before the process gives up.
const STAGE_FAILURES: u32 = 3;

/// Pause before the next window after an aborted one.
const AFTER_ABORT: Duration = Duration::from_millis(20);

/// Records whose keys are looked up at once: as many as fit into a core's own cache with their state.
const PREFETCHED: usize = 256;

/// Partition counts of the topics a stage writes.
pub(crate) type PartitionCounts = HashMap<String, i32>;

/// What a stage sees of one partition during a window.
struct WindowContext<'a> {
    partition: i32,
    store: Option<&'a dyn Store>,
    overlay: &'a mut Overlay,
    outputs: &'a mut Outputs,
    counts: &'a PartitionCounts,
}

impl StepContext for WindowContext<'_> {
    fn partition(&self) -> i32 {
        self.partition
    }

    fn get(&mut self, key: &[u8]) -> anyhow::Result<Option<&[u8]>> {
        self.overlay.get(self.store, key)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.overlay.write(key, Some(value));
    }

    fn delete(&mut self, key: &[u8]) {
        self.overlay.write(key, None);
    }

    fn emit(&mut self, topic: &'static str, key: &[u8], value: &[u8]) {
        self.outputs.push(topic, None, Some(key), value);
    }

    fn emit_to(&mut self, topic: &'static str, partition: i32, value: &[u8]) {
        self.outputs.push(topic, Some(partition), None, value);
    }

    fn partitions(&self, topic: &str) -> i32 {
        // A topic that was not declared in `Stage::outputs` has no partitions here; emitting to it
        // fails the window by name.
        self.counts.get(topic).copied().unwrap_or(0)
    }

    fn emitted(&self) -> usize {
        self.outputs.len()
    }
}

/// What one partition contributes to a window.
#[derive(Default)]
struct Part {
    overlay: Overlay,
    /// First record stepped, and the offset after the last.
    first: Option<i64>,
    next: Option<i64>,
    records: u64,
}

/// A window on its way.
#[derive(Default)]
struct Window {
    parts: BTreeMap<Place, Part>,
    outputs: Outputs,
}

/// The memory of windows gone by, to be used again.
#[derive(Default)]
pub(crate) struct Spare {
    overlays: Vec<Overlay>,
    outputs: Outputs,
    keys: Keys,
}

impl Spare {
    fn part(&mut self) -> Part {
        Part {
            overlay: self.overlays.pop().unwrap_or_default(),
            ..Part::default()
        }
    }

    fn give(&mut self, mut overlay: Overlay) {
        overlay.clear();
        self.overlays.push(overlay);
    }

    fn take_back(&mut self, window: Window) {
        for part in window.parts.into_values() {
            self.give(part.overlay);
        }
        self.outputs = window.outputs;
        self.outputs.clear();
    }
}

impl Window {
    fn records(&self) -> u64 {
        self.parts.values().map(|part| part.records).sum()
    }
}

impl<S: Stage> Worker<S> {
    /// Steps and commits one window over everything gathered and pending.
    pub(crate) fn window(&mut self) -> anyhow::Result<()> {
        let mut window = Window {
            outputs: std::mem::take(&mut self.spare.outputs),
            ..Window::default()
        };
        let started = Instant::now();
        let stepped = self.step(&mut window);
        let records = window.records();
        if records > 0 {
            #[allow(clippy::cast_precision_loss)]
            let mean = started.elapsed().as_secs_f64() / records as f64;
            self.gauges.record_seconds.observe(mean);
        }
        if let Err(error) = stepped {
            return self.stage_failed(window, &error);
        }
        self.stage_failures = 0;
        if !window.parts.is_empty() {
            self.finish(&window)?;
        }
        self.spare.take_back(window);
        Ok(())
    }

    /// Commits a window that was stepped.
    fn finish(&mut self, window: &Window) -> anyhow::Result<()> {
        let writes: Vec<(Place, Vec<Write<'_>>)> = window
            .parts
            .iter()
            .map(|(place, part)| (*place, part.overlay.writes()))
            .collect();
        let records = window.records();
        let unwritten = writes.iter().all(|(_, writes)| writes.is_empty());
        if unwritten && window.outputs.len() == 0 && records == 0 {
            // Pending work that did nothing: nothing to commit, ask again whether it is still pending.
            return self.ask_pending(window);
        }
        let outcome = self.commit(window, &writes)?;
        self.gauges.outcome(&outcome);
        match outcome {
            Outcome::Committed => self.committed(window, &writes),
            Outcome::Aborted(why) => {
                tracing::warn!(why, records, "window aborted");
                self.go_back(window)?;
                // Most often the group is rebalancing: give it a moment.
                std::thread::sleep(AFTER_ABORT);
                Ok(())
            }
            Outcome::Fenced(why) => bail!(
                "{} is fenced, or its producer is lost: another worker with this slot runs, or this \
                 one was stopped for longer than its session; ending ({why})",
                self.instance
            ),
            Outcome::Indeterminate(why) => {
                tracing::warn!(
                    why,
                    records,
                    "outcome unknown: settling it with a new producer"
                );
                self.renew_producer()?;
                self.restore_again(window)
            }
        }
    }

    fn step(&mut self, window: &mut Window) -> anyhow::Result<()> {
        let mut places: Vec<Place> = self
            .partitions
            .iter()
            .filter(|(_, owned)| owned.has_work())
            .map(|(place, _)| *place)
            .collect();
        if !places.is_empty() {
            // Whoever is last in one window is not always the one whose fan-out budget is used up.
            self.turn = self.turn.wrapping_add(1);
            let start = self.turn % places.len();
            places.rotate_left(start);
        }
        for place in &places {
            self.step_records(*place, window)?;
        }
        let budget = window.outputs.len() + FAN_OUT_BUDGET;
        for place in places {
            let Some(owned) = self.partitions.get_mut(&place) else {
                continue;
            };
            if !owned.pending && !window.parts.contains_key(&place) {
                continue; // its first record waits for reference data
            }
            let part = window.parts.entry(place);
            let part = part.or_insert_with(|| self.spare.part());
            let mut ctx = WindowContext {
                partition: place.1,
                store: owned.store.as_deref(),
                overlay: &mut part.overlay,
                outputs: &mut window.outputs,
                counts: &self.counts,
            };
            self.stage.end_of_window(budget, &mut ctx)?;
        }
        Ok(())
    }

    /// Steps the gathered records of one partition, until one has to wait or the window is full.
    fn step_records(&mut self, place: Place, window: &mut Window) -> anyhow::Result<()> {
        let Some(owned) = self.partitions.get_mut(&place) else {
            return Ok(());
        };
        let count = self.counts.get(&*self.topics[place.0]).copied();
        // Records at the head of the queue whose keys have been looked up.
        let mut prefetched = 0;
        while !window.outputs.is_full()
            && let Some(record) = owned.queue.front()
        {
            if self.stage.reference_offset_needed(record) > self.stage.reference_offset_seen() {
                owned.phase = Phase::Waiting;
                break;
            }
            let part = window.parts.entry(place);
            let part = part.or_insert_with(|| self.spare.part());
            part.first.get_or_insert(record.offset);
            let store = owned.store.as_deref();
            if prefetched == 0
                && let Some(store) = store
            {
                self.spare.keys.clear();
                let ahead = owned.queue.iter().take(PREFETCHED);
                prefetched = ahead.len();
                ahead.for_each(|record| self.stage.keys(record, &mut self.spare.keys));
                part.overlay.prefetch(store, &self.spare.keys)?;
            }
            let Some(record) = owned.queue.pop_front() else {
                break;
            };
            prefetched = prefetched.saturating_sub(1);
            part.next = Some(record.offset + 1);
            part.records += 1;
            let misplaced = self.config.check_keys
                && record.key.as_deref().is_some_and(|key| {
                    serialtrail_gs1::partition(key, count.unwrap_or(1)) != record.partition
                });
            let mut ctx = WindowContext {
                partition: place.1,
                store,
                overlay: &mut part.overlay,
                outputs: &mut window.outputs,
                counts: &self.counts,
            };
            let stepped = if misplaced {
                self.stage.wrong_partition(&record, &mut ctx)
            } else {
                self.stage.step(&record, &mut ctx)
            };
            stepped.with_context(|| {
                format!(
                    "{}/{} offset {}",
                    record.topic, record.partition, record.offset
                )
            })?;
        }
        Ok(())
    }

    /// Runs the window's transaction.
    fn commit(
        &mut self,
        window: &Window,
        writes: &[(Place, Vec<Write<'_>>)],
    ) -> anyhow::Result<Outcome> {
        let mut groups = window.outputs.groups(|topic| {
            let declared = self.counts.get(topic).copied();
            declared.or_else(|| self.stage.further_output(topic))
        })?;
        for ((_, partition), writes) in writes {
            if !writes.is_empty() {
                groups.push(outputs::changes(self.changelog()?, *partition, writes)?);
            }
        }
        let mut offsets = Vec::with_capacity(window.parts.len());
        for (place, part) in &window.parts {
            let owned = self.partitions.get(place);
            let owned = owned.context("a window's partition is owned")?;
            if let Some(next) = part.next.or(owned.position) {
                offsets.push((&*self.topics[place.0], place.1, next));
            }
        }
        let started = Instant::now();
        let outcome = transaction::run(&mut self.writer, &self.group, &groups, &offsets);
        self.gauges
            .commit_seconds
            .observe(started.elapsed().as_secs_f64());
        Ok(outcome)
    }

    fn changelog(&self) -> anyhow::Result<&'static str> {
        self.config.changelog.with_context(|| {
            format!(
                "stage {} has no changelog but wrote state",
                self.config.stage
            )
        })
    }

    /// The transaction is visible: the local stores follow, one batch a partition.
    fn committed(
        &mut self,
        window: &Window,
        writes: &[(Place, Vec<Write<'_>>)],
    ) -> anyhow::Result<()> {
        for (topic, count) in window.outputs.counts() {
            self.gauges.records_out(topic, count);
        }
        for (part, (place, writes)) in window.parts.values().zip(writes) {
            let owned = self
                .partitions
                .get_mut(place)
                .context("a window's partition is owned")?;
            if let Some(next) = part.next {
                owned.position = Some(next);
            }
            self.gauges.records_in(&self.topics[place.0], part.records);
            if writes.is_empty() {
                continue;
            }
            let count = i64::try_from(writes.len())?;
            let store = owned
                .store
                .as_mut()
                .context("state was written, so there is a store")?;
            let end = owned.changelog_next + count;
            store.apply(writes, end).with_context(|| {
                format!("local state of partition {} cannot be written", place.1)
            })?;
            owned.changelog_next = end + 1; // this transaction's commit marker
            self.gauges
                .records_out(self.changelog()?, count.unsigned_abs());
        }
        self.ask_pending(window)
    }

    fn ask_pending(&mut self, window: &Window) -> anyhow::Result<()> {
        for place in window.parts.keys() {
            self.ask_pending_of(*place)?;
        }
        Ok(())
    }

    /// Asks the stage whether a partition has work that goes on without input.
    pub(crate) fn ask_pending_of(&mut self, place: Place) -> anyhow::Result<()> {
        let Some(owned) = self.partitions.get_mut(&place) else {
            return Ok(());
        };
        let (mut part, mut outputs) = (self.spare.part(), Outputs::default());
        let mut ctx = WindowContext {
            partition: place.1,
            store: owned.store.as_deref(),
            overlay: &mut part.overlay,
            outputs: &mut outputs,
            counts: &self.counts,
        };
        let pending = self.stage.has_pending(&mut ctx)?;
        ensure!(
            outputs.len() == 0 && part.overlay.is_unwritten(),
            "stage {} wrote while it was asked for pending work",
            self.config.stage
        );
        self.spare.give(part.overlay);
        if std::mem::replace(&mut owned.pending, pending) != pending {
            self.gauges.pending(place.1, pending);
        }
        Ok(())
    }

    /// Nothing of the window is visible: forget it and fetch again from its first records.
    fn go_back(&mut self, window: &Window) -> anyhow::Result<()> {
        for (place, part) in &window.parts {
            self.stage.forget(place.1);
            if let Some(first) = part.first
                && let Some(owned) = self.partitions.get_mut(place)
            {
                owned.queue.clear();
                owned.expected = Some(first);
                self.seek(*place, first)?;
            }
        }
        Ok(())
    }

    /// State and position are to be taken from Kafka again.
    fn restore_again(&mut self, window: &Window) -> anyhow::Result<()> {
        for (place, part) in &window.parts {
            self.stage.forget(place.1);
            self.restart(*place, part.first)?;
        }
        Ok(())
    }

    fn stage_failed(&mut self, window: Window, error: &anyhow::Error) -> anyhow::Result<()> {
        self.stage_failures += 1;
        let stage = self.config.stage;
        tracing::error!(
            stage,
            failures = self.stage_failures,
            "window dropped: {error:#}"
        );
        ensure!(
            self.stage_failures < STAGE_FAILURES,
            "stage {stage} failed {STAGE_FAILURES} times in a row: {error:#}"
        );
        self.restore_again(&window)
    }
}
