//! What a stage is to the worker: a plain function from (record, state) to (state, outputs).
//!
//! The worker owns Kafka, transactions and stores; a [`Stage`] owns the domain. A stage never sees a
//! client, a clock or an async runtime, so the same stage runs in a unit test over a map.

use bytes::Bytes;
use std::sync::Arc;

/// One record of the stage's input, as read from Kafka (read_committed).
#[derive(Debug, Clone)]
pub struct InputRecord {
    /// Topic the record was read from.
    pub topic: Arc<str>,
    /// Partition the record was read from; equals the partition of all state and changelog it may touch.
    pub partition: i32,
    /// Offset of the record in its partition.
    pub offset: i64,
    /// Kafka's record timestamp, milliseconds since the Unix epoch; only for tracing, no rule uses it.
    pub timestamp_ms: i64,
    /// Record key; `None` for records addressed to a partition, not to a key (marks, lot status). Key and
    /// value share one piece of memory with other records: what is to outlive the window is copied.
    pub key: Option<Bytes>,
    /// Record value; `None` for a tombstone.
    pub value: Option<Bytes>,
    /// Record headers in their order; a header without a value has an empty one.
    pub headers: Vec<(String, Bytes)>,
}

/// One record a stage wants written, as a test sees it ([`crate::testing::TestContext`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRecord {
    /// Destination topic.
    pub topic: &'static str,
    /// Explicit partition, or `None` to take murmur2(key) modulo the topic's partition count.
    pub partition: Option<i32>,
    /// Record key.
    pub key: Option<Vec<u8>>,
    /// Record value; `None` writes a tombstone.
    pub value: Option<Vec<u8>>,
}

/// Keys a stage is about to read, named before it handles the record ([`Stage::keys`]).
#[derive(Debug, Default)]
pub struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    /// Names one key, given in parts that follow each other.
    pub fn push(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.ends.push(self.bytes.len());
    }

    /// The keys in the order they were named.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends
            .iter()
            .map(move |end| &self.bytes[std::mem::replace(&mut start, *end)..*end])
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// What a stage may do while it handles records of one partition: read and write that partition's
/// state, and emit. Reads see the writes of the same window. Keys and values given are copied into the
/// window's memory, so a stage may reuse its buffers.
pub trait StepContext {
    /// Partition whose state this context reads and writes.
    fn partition(&self) -> i32;
    /// Current value of `key` in this partition's state, in the window's memory: decode it, or copy it
    /// into a buffer of the stage, before the context is used again.
    ///
    /// # Errors
    /// The store failed to read; the window is dropped and the partition restored.
    fn get(&mut self, key: &[u8]) -> anyhow::Result<Option<&[u8]>>;
    /// Sets `key`; visible to later reads at once, durable when the window commits.
    fn put(&mut self, key: &[u8], value: &[u8]);
    /// Removes `key`.
    fn delete(&mut self, key: &[u8]);
    /// Emits a record keyed by `key`, to partition murmur2(key).
    fn emit(&mut self, topic: &'static str, key: &[u8], value: &[u8]);
    /// Emits a record without a key to one partition (marks, broadcasts).
    fn emit_to(&mut self, topic: &'static str, partition: i32, value: &[u8]);
    /// Partition count of a topic the stage declared in [`Stage::outputs`].
    fn partitions(&self, topic: &str) -> i32;
    /// Records emitted so far in this window, over all partitions: what a budget is held against.
    fn emitted(&self) -> usize;
}

/// Why a record could not be handled by any rule of the stage. Bad input is not one of these: a stage
/// turns bad input into a `rejected-events` record and returns `Ok`.
pub type StageError = anyhow::Error;

/// The domain of one keyed stage. All methods are called from the one worker thread that owns it.
pub trait Stage: Send {
    /// Handles one record. An `Err` drops the whole window (nothing of it is visible), after which
    /// the worker restores and tries again: return it only for failures of machinery, never for input.
    ///
    /// # Errors
    /// Store or codec machinery failed.
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError>;

    /// Names the keys [`Stage::step`] will most likely read for `record`, without decoding it: the worker
    /// asks the store for those of many records at once, which costs less than one look-up after the
    /// other. Only a hint: a key that is not named is looked up when it is read. By default none.
    fn keys(&self, _record: &InputRecord, _keys: &mut Keys) {}

    /// A keyed record stood in a partition that is not murmur2(key)'s: the stage emits its rejection.
    ///
    /// # Errors
    /// Codec machinery failed.
    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> Result<(), StageError>;

    /// Called once a window for every assigned partition after its records (also when it had none but
    /// [`Stage::has_pending`] said so): forwards marks, fires timers, continues work kept in state.
    /// Keep to about `budget` emitted records; what is left stays in state.
    ///
    /// # Errors
    /// Store or codec machinery failed.
    fn end_of_window(&mut self, budget: usize, ctx: &mut dyn StepContext)
    -> Result<(), StageError>;

    /// Whether this partition holds work in state that must go on without new input. Asked after each
    /// committed window and once after a partition was restored (with a context over its state).
    ///
    /// # Errors
    /// Store machinery failed.
    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> Result<bool, StageError>;

    /// Forget everything cached in memory for `partition`: it was revoked, or a window was dropped.
    fn forget(&mut self, partition: i32);

    /// Topics the stage emits to.
    fn outputs(&self) -> &'static [&'static str];

    /// Partition count of a topic that is not among [`Stage::outputs`] because it may come and go while
    /// the stage runs; `None` where it is none of this stage's. Asked when a window is committed. Where
    /// the topic is gone by then the window is aborted and stepped again, after [`Stage::forget`].
    fn further_output(&self, _topic: &str) -> Option<i32> {
        None
    }

    /// Reference-data offset (exclusive) the stage's copy must have reached before `record` may be
    /// handled; 0 when the record does not depend on reference data. The worker waits, it never skips.
    /// Asked right before [`Stage::step`], so a stage may keep what it had to decode.
    fn reference_offset_needed(&mut self, _record: &InputRecord) -> i64 {
        0
    }

    /// How far the stage's own copy of the reference data has been read (exclusive offset).
    fn reference_offset_seen(&self) -> i64 {
        i64::MAX
    }
}
