//! The worker in the test's own process against a real broker: misplaced keys, waiting for reference
//! data, stages without state, draining, a stage that fails. Needs `SERIALTRAIL_TEST_BROKERS`.
#![allow(clippy::unwrap_used)]

mod broker;

use broker::{Counting, Topics, brokers};
use serialtrail_ground::PATIENCE;
use serialtrail_runtime::Shutdown;
use serialtrail_stream::{
    InputRecord, Stage, StageError, StepContext, WorkerConfig, run_worker, run_workers,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// A worker on a thread of its own.
struct Running {
    shutdown: Shutdown,
    thread: std::thread::JoinHandle<anyhow::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start<S: Stage + 'static>(topics: &Topics, config: WorkerConfig, stage: S) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = topics.settings(0, folder.path());
        let shutdown = Shutdown::new();
        let seen = shutdown.clone();
        let thread = std::thread::spawn(move || run_worker(&settings, config, 0, stage, &seen));
        Self {
            shutdown,
            thread,
            _folder: folder,
        }
    }

    fn drain(self) -> anyhow::Result<()> {
        self.shutdown.trigger();
        self.thread.join().unwrap()
    }
}

#[test]
fn a_key_in_a_wrong_partition_is_rejected_by_the_stage_and_the_rest_goes_on() {
    let Some(brokers) = brokers("a_key_in_a_wrong_partition_...") else {
        return;
    };
    let topics = Topics::create(&brokers, "wrong");
    let producer = topics.producer();
    let home = serialtrail_gs1::partition(b"unit-1", broker::PARTITIONS);
    let elsewhere = (home + 1) % broker::PARTITIONS;
    topics.send(&producer, Some("unit-1"), "1", Some(elsewhere));
    topics.send(&producer, Some("unit-1"), "2", Some(home));
    let worker = Running::start(&topics, topics.config(), Counting::new(&topics));
    let read = topics.read(topics.output, 2, PATIENCE);
    worker.drain().unwrap();
    let values = |partition: i32| -> Vec<&str> {
        let records = read[partition as usize].iter();
        records.map(|(_, value)| value.as_str()).collect()
    };
    let mut at_home = values(home);
    at_home.sort_unstable();
    assert_eq!(
        at_home,
        ["1 2".to_owned(), format!("wrong partition {elsewhere}")]
    );
    assert!(
        values(elsewhere).is_empty(),
        "what is emitted for the key goes to its own partition"
    );
}

/// Counts, but records below id 10 need reference data up to offset 5.
struct Waits {
    inner: Counting,
    seen: Arc<AtomicI64>,
    /// The data comes just after the worker looked for it: `seen` counts the looks.
    just_after: bool,
}

impl Stage for Waits {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        self.inner.step(record, ctx)
    }
    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        self.inner.wrong_partition(record, ctx)
    }
    fn end_of_window(
        &mut self,
        budget: usize,
        ctx: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        self.inner.end_of_window(budget, ctx)
    }
    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> Result<bool, StageError> {
        self.inner.has_pending(ctx)
    }
    fn forget(&mut self, partition: i32) {
        self.inner.forget(partition);
    }
    fn outputs(&self) -> &'static [&'static str] {
        self.inner.outputs()
    }
    fn reference_offset_needed(&mut self, record: &InputRecord) -> i64 {
        let id: i64 = std::str::from_utf8(record.value.as_ref().unwrap())
            .unwrap()
            .parse()
            .unwrap();
        if id < 10 && self.just_after {
            self.seen.fetch_add(1, Ordering::SeqCst);
        }
        if id < 10 { 5 } else { 0 }
    }
    fn reference_offset_seen(&self) -> i64 {
        if self.just_after {
            let first = self
                .seen
                .compare_exchange(1, 2, Ordering::SeqCst, Ordering::SeqCst);
            return if first.is_ok() { 0 } else { 5 };
        }
        self.seen.load(Ordering::SeqCst)
    }
}

#[test]
fn a_record_waits_for_its_reference_data_and_only_its_partition_waits() {
    let Some(brokers) = brokers("a_record_waits_for_its_reference_data_...") else {
        return;
    };
    let topics = Topics::create(&brokers, "waits");
    let producer = topics.producer();
    let other = (0..)
        .map(|n| format!("other-{n}"))
        .find(|key| {
            serialtrail_gs1::partition(key.as_bytes(), broker::PARTITIONS)
                != serialtrail_gs1::partition(b"unit-1", broker::PARTITIONS)
        })
        .unwrap();
    for id in [11, 1, 12] {
        topics.send(&producer, Some("unit-1"), &id.to_string(), None);
    }
    for id in [21, 22] {
        topics.send(&producer, Some(&other), &id.to_string(), None);
    }
    let seen = Arc::new(AtomicI64::new(4));
    let stage = Waits {
        inner: Counting::new(&topics),
        seen: Arc::clone(&seen),
        just_after: false,
    };
    let worker = Running::start(&topics, topics.config(), stage);
    let read = topics.read(topics.output, 3, PATIENCE);
    assert_eq!(
        read.iter().flatten().count(),
        3,
        "one before the waiting record, two beside it"
    );
    let read = topics.read(topics.output, 4, Duration::from_secs(2));
    assert_eq!(
        read.iter().flatten().count(),
        3,
        "nothing overtakes the waiting record"
    );
    seen.store(5, Ordering::SeqCst);
    let read = topics.read(topics.output, 5, PATIENCE);
    worker.drain().unwrap();
    let mut values: Vec<_> = read.into_iter().flatten().map(|(_, value)| value).collect();
    values.sort();
    assert_eq!(values, ["1 11", "1 21", "2 1", "2 22", "3 12"]);
}

#[test]
fn reference_data_that_comes_just_after_the_look_neither_loses_nor_repeats_records() {
    let Some(brokers) = brokers("reference_data_that_comes_just_after_the_look_...") else {
        return;
    };
    let topics = Topics::create(&brokers, "flips");
    let producer = topics.producer();
    let ids: Vec<u64> = (1001..3000).chain([1]).chain(3001..4000).collect();
    for id in &ids {
        topics.send(&producer, Some("unit-1"), &id.to_string(), None);
    }
    let seen = Arc::new(AtomicI64::new(0));
    let stage = Waits {
        inner: Counting::new(&topics),
        seen,
        just_after: true,
    };
    let worker = Running::start(&topics, topics.config(), stage);
    let fans = ids
        .iter()
        .filter(|id| id.is_multiple_of(broker::FAN))
        .count();
    let due = ids.len() + fans * broker::FAN_OUT as usize;
    let read = topics.read(topics.output, due, PATIENCE);
    worker.drain().unwrap();
    let counted: Vec<_> = read
        .into_iter()
        .flatten()
        .filter(|(key, _)| key == "unit-1")
        .map(|(_, value)| value)
        .collect();
    let expected: Vec<_> = (1..)
        .zip(ids)
        .map(|(count, id)| format!("{count} {id}"))
        .collect();
    assert_eq!(counted, expected);
}

/// Copies values, keeps nothing.
struct Copies(Counting);

impl Stage for Copies {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        let value = record.value.clone().unwrap();
        ctx.emit(self.0.outputs()[0], b"copy", &value);
        Ok(())
    }
    fn wrong_partition(
        &mut self,
        _: &InputRecord,
        _: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        anyhow::bail!("a stateless stage does not look at keys")
    }
    fn end_of_window(&mut self, _: usize, _: &mut dyn StepContext) -> Result<(), StageError> {
        Ok(())
    }
    fn has_pending(&mut self, _: &mut dyn StepContext) -> Result<bool, StageError> {
        Ok(false)
    }
    fn forget(&mut self, _: i32) {}
    fn outputs(&self) -> &'static [&'static str] {
        self.0.outputs()
    }
}

#[test]
fn a_stage_without_state_copies_several_topics_once_across_restarts() {
    let Some(brokers) = brokers("a_stage_without_state_...") else {
        return;
    };
    let topics = Topics::create(&brokers, "copies");
    let second = Topics {
        input: topics.changelog,
        ..topics.clone()
    };
    let pattern = format!("^{}-(in|changelog)$", topics.stage);
    let producer = topics.producer();
    for (id, round) in [(0, 0), (100, 1)] {
        topics.write(&producer, id..id + 50, 7);
        second.write(&producer, id + 50..id + 100, 7);
        let config = WorkerConfig::stateless(topics.stage, &[&pattern]);
        let worker = Running::start(&topics, config, Copies(Counting::new(&topics)));
        let due = 100 * (round + 1);
        let read = topics.read(topics.output, due, PATIENCE);
        worker.drain().unwrap();
        let mut ids: Vec<u64> = read
            .into_iter()
            .flatten()
            .map(|(_, value)| value.parse().unwrap())
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..due as u64).collect::<Vec<_>>());
    }
}

/// Fails on one record until told otherwise.
struct Fails(Copies, Arc<AtomicBool>);

impl Stage for Fails {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        ctx.put(b"seen", b"1");
        self.0.step(record, ctx)?;
        anyhow::ensure!(!self.1.load(Ordering::SeqCst), "the codec is broken");
        Ok(())
    }
    fn wrong_partition(
        &mut self,
        r: &InputRecord,
        c: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        self.0.wrong_partition(r, c)
    }
    fn end_of_window(&mut self, b: usize, c: &mut dyn StepContext) -> Result<(), StageError> {
        self.0.end_of_window(b, c)
    }
    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> Result<bool, StageError> {
        self.0.has_pending(ctx)
    }
    fn forget(&mut self, partition: i32) {
        self.0.forget(partition);
        // Told: the next try succeeds.
        self.1.store(false, Ordering::SeqCst);
    }
    fn outputs(&self) -> &'static [&'static str] {
        self.0.outputs()
    }
}

#[test]
fn a_window_the_stage_failed_is_dropped_and_tried_again_from_restored_state() {
    let Some(brokers) = brokers("a_window_the_stage_failed_...") else {
        return;
    };
    let topics = Topics::create(&brokers, "fails");
    let producer = topics.producer();
    topics.write(&producer, 0..20, 1);
    let failing = Arc::new(AtomicBool::new(true));
    let stage = Fails(Copies(Counting::new(&topics)), Arc::clone(&failing));
    let worker = Running::start(&topics, topics.config(), stage);
    let read = topics.read(topics.output, 20, PATIENCE);
    worker.drain().unwrap();
    assert!(!failing.load(Ordering::SeqCst), "the stage did fail once");
    let values: Vec<_> = read.into_iter().flatten().map(|(_, value)| value).collect();
    let expected: Vec<_> = (0..20).map(|id| id.to_string()).collect();
    assert_eq!(values, expected);
}

/// Always fails, or emits a record over the limit.
struct Broken(Copies, usize);

impl Stage for Broken {
    fn step(&mut self, _: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        ctx.emit(self.outputs()[0], b"large", &vec![0; self.1]);
        Ok(())
    }
    fn wrong_partition(
        &mut self,
        r: &InputRecord,
        c: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        self.0.wrong_partition(r, c)
    }
    fn end_of_window(&mut self, b: usize, c: &mut dyn StepContext) -> Result<(), StageError> {
        self.0.end_of_window(b, c)
    }
    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> Result<bool, StageError> {
        self.0.has_pending(ctx)
    }
    fn forget(&mut self, _: i32) {}
    fn outputs(&self) -> &'static [&'static str] {
        self.0.outputs()
    }
}

#[test]
fn a_record_over_the_limit_ends_the_worker_by_name_and_writes_nothing() {
    let Some(brokers) = brokers("a_record_over_the_limit_...") else {
        return;
    };
    let topics = Topics::create(&brokers, "large");
    let producer = topics.producer();
    topics.write(&producer, 0..1, 1);
    let stage = Broken(Copies(Counting::new(&topics)), 300_000);
    let worker = Running::start(&topics, topics.config(), stage);
    let started = Instant::now();
    while !worker.thread.is_finished() {
        assert!(started.elapsed() < PATIENCE, "the worker goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
    let error = format!("{:#}", worker.drain().unwrap_err());
    assert!(
        error.contains(topics.output) && error.contains("large"),
        "{error}"
    );
    let read = topics.read(topics.output, 1, Duration::from_secs(1));
    assert_eq!(read.iter().flatten().count(), 0);
}

#[test]
fn two_threads_of_one_process_share_the_partitions() {
    let Some(brokers) = brokers("two_threads_of_one_process_...") else {
        return;
    };
    let topics = Topics::create(&brokers, "threads");
    let producer = topics.producer();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = topics.settings(0, folder.path());
    settings.worker.threads = 2;
    let shutdown = Shutdown::new();
    std::thread::scope(|scope| {
        let make = || Ok(Counting::new(&topics));
        let config = topics.config();
        let workers = scope.spawn({
            let (settings, shutdown) = (&settings, &shutdown);
            move || run_workers(settings, &config, make, shutdown)
        });
        topics.write(&producer, 0..2000, 100);
        let read = topics.read(topics.output, broker::due(2000), PATIENCE);
        shutdown.trigger();
        workers.join().unwrap().unwrap();
        broker::assert_exact(&read, 2000, 100);
    });
    let stores = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(stores, 2, "each thread has its own state folder");
}
