//! One window: step the stage over overlays, commit, then let the local stores follow.
//!
//! Invariant: a local store is written only after the transaction that carries the same writes in the
//! changelog has committed, and the changelog offset written with them is never past the changelog's
//! end. The offset is counted, not asked for: this worker is the changelog partition's only writer, a
//! commit of n records takes n offsets and one more for its marker, which is written before the next
//! transaction can write. Should a fenced predecessor's aborted records lie between, the count is too
//! low, never too high, and the next restore reads a few records again.

use crate::config::{FAN_OUT_BUDGET, WINDOW_OUTPUT_BYTES, WINDOW_OUTPUT_RECORDS};
use crate::outcome::Outcome;
use crate::overlay::{Outputs, Overlay, WindowContext};
use crate::owned::{Phase, Place};
use crate::stage::Stage;
use crate::transaction::{self, Addressed};
use crate::worker::Worker;
use anyhow::{Context, bail, ensure};
use serialtrail_runtime::topics;
use serialtrail_state::Write;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Windows in a row that may fail in the stage before the process gives up.
const STAGE_FAILURES: u32 = 3;

/// Pause before the next window after an aborted one.
const AFTER_ABORT: Duration = Duration::from_millis(20);

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

impl Window {
    fn is_full(&self) -> bool {
        self.outputs.records.len() >= WINDOW_OUTPUT_RECORDS
            || self.outputs.bytes >= WINDOW_OUTPUT_BYTES
    }

    fn records(&self) -> u64 {
        self.parts.values().map(|part| part.records).sum()
    }
}

impl<S: Stage> Worker<S> {
    /// Steps and commits one window over everything gathered and pending.
    pub(crate) fn window(&mut self) -> anyhow::Result<()> {
        let mut window = Window::default();
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
        if window.parts.is_empty() {
            return Ok(());
        }
        let writes: BTreeMap<Place, Vec<Write>> = window
            .parts
            .iter_mut()
            .map(|(place, part)| (*place, std::mem::take(&mut part.overlay).into_writes()))
            .collect();
        if writes.values().all(Vec::is_empty) && window.outputs.records.is_empty() && records == 0 {
            // Pending work that did nothing: nothing to commit, ask again whether it is still pending.
            return self.ask_pending(&window);
        }
        let outcome = self.commit(&window, &writes)?;
        self.gauges.outcome(&outcome);
        match outcome {
            Outcome::Committed => self.committed(&window, writes),
            Outcome::Aborted(why) => {
                tracing::warn!(why, records, "window aborted");
                self.go_back(&window)?;
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
                self.restore_again(&window)
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
        let budget = window.outputs.records.len() + FAN_OUT_BUDGET;
        for place in places {
            let Some(owned) = self.partitions.get_mut(&place) else {
                continue;
            };
            if !owned.pending && !window.parts.contains_key(&place) {
                continue; // its first record waits for reference data
            }
            let part = window.parts.entry(place).or_default();
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
        while !window.is_full()
            && let Some(record) = owned.queue.front()
        {
            if self.stage.reference_offset_needed(record) > self.stage.reference_offset_seen() {
                owned.phase = Phase::Waiting;
                break;
            }
            let Some(record) = owned.queue.pop_front() else {
                break;
            };
            let part = window.parts.entry(place).or_default();
            part.first.get_or_insert(record.offset);
            part.next = Some(record.offset + 1);
            part.records += 1;
            let misplaced = self.config.check_keys
                && record.key.as_deref().is_some_and(|key| {
                    let count = self.counts.get(&record.topic).copied().unwrap_or(1);
                    serialtrail_gs1::partition(key, count) != record.partition
                });
            let mut ctx = WindowContext {
                partition: place.1,
                store: owned.store.as_deref(),
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
        &self,
        window: &Window,
        writes: &BTreeMap<Place, Vec<Write>>,
    ) -> anyhow::Result<Outcome> {
        let mut records = Vec::with_capacity(window.outputs.records.len());
        for output in &window.outputs.records {
            let key = output.key.as_deref();
            let declared = self.counts.get(output.topic).copied();
            let count = declared.or_else(|| self.stage.further_output(output.topic));
            let partition = match (output.partition, key, count) {
                (Some(partition), _, Some(_)) => partition,
                (None, Some(key), Some(count)) => serialtrail_gs1::partition(key, count),
                (None, None, Some(_)) => {
                    bail!("output to {} without key and partition", output.topic)
                }
                (_, _, None) => bail!("{} is not among the stage's outputs", output.topic),
            };
            let value = output.value.as_deref();
            records.push(addressed(output.topic, partition, key, value)?);
        }
        let mut offsets = Vec::with_capacity(window.parts.len());
        for (place, part) in &window.parts {
            let owned = self
                .partitions
                .get(place)
                .context("a window's partition is owned")?;
            for (key, value) in &writes[place] {
                let changelog = self.config.changelog.with_context(|| {
                    format!(
                        "stage {} has no changelog but wrote state",
                        self.config.stage
                    )
                })?;
                records.push(addressed(changelog, place.1, Some(key), value.as_deref())?);
            }
            if let Some(next) = part.next.or(owned.position) {
                offsets.push((self.topics[place.0].as_str(), place.1, next));
            }
        }
        let started = Instant::now();
        let outcome = transaction::run(&self.producer, &self.group, records.into_iter(), &offsets);
        self.gauges
            .commit_seconds
            .observe(started.elapsed().as_secs_f64());
        Ok(outcome)
    }

    /// The transaction is visible: the local stores follow, one batch a partition.
    fn committed(
        &mut self,
        window: &Window,
        mut writes: BTreeMap<Place, Vec<Write>>,
    ) -> anyhow::Result<()> {
        for output in &window.outputs.records {
            *self.written.entry(output.topic).or_default() += 1;
        }
        for (place, part) in &window.parts {
            let writes = writes.remove(place).unwrap_or_default();
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
            store.apply(&writes, end).with_context(|| {
                format!("local state of partition {} cannot be written", place.1)
            })?;
            owned.changelog_next = end + 1; // this transaction's commit marker
            *self
                .written
                .entry(self.config.changelog.unwrap_or_default())
                .or_default() += count.unsigned_abs();
        }
        for (topic, count) in self.written.drain() {
            self.gauges.records_out(topic, count);
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
        let (mut overlay, mut outputs) = (Overlay::default(), Outputs::default());
        let mut ctx = WindowContext {
            partition: place.1,
            store: owned.store.as_deref(),
            overlay: &mut overlay,
            outputs: &mut outputs,
            counts: &self.counts,
        };
        owned.pending = self.stage.has_pending(&mut ctx)?;
        self.gauges.pending(place.1, owned.pending);
        ensure!(
            outputs.records.is_empty() && overlay.into_writes().is_empty(),
            "stage {} wrote while it was asked for pending work",
            self.config.stage
        );
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

/// Holds a record against its topic's limit: a larger one is a defect of the stage, and would be
/// refused by the broker at best.
fn addressed<'a>(
    topic: &'a str,
    partition: i32,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
) -> anyhow::Result<Addressed<'a>> {
    let size = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
    let limit = topics::max_record_bytes(topic);
    ensure!(
        size <= limit,
        "a record of {size} bytes for {topic}, key {:?}: the limit is {limit}; the stage must split it",
        String::from_utf8_lossy(key.unwrap_or_default())
    );
    Ok(Addressed {
        topic,
        partition,
        key,
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oversized_record_is_refused_by_name() {
        let value = vec![0; topics::MAX_RECORD_BYTES];
        assert!(addressed("enriched", 0, None, Some(&value)).is_ok());
        assert!(addressed("epcis-events", 0, Some(b"k"), Some(&value)).is_ok());
        let error = addressed("enriched", 0, Some(b"00/350"), Some(&value))
            .err()
            .unwrap();
        let text = error.to_string();
        assert!(
            text.contains("enriched") && text.contains("00/350"),
            "{text}"
        );
    }
}
