//! Running a stage in a unit test: a map for state, a list for outputs, no Kafka.
//!
//! ```
//! use serialtrail_stream::testing::{TestContext, record};
//! use serialtrail_stream::StepContext;
//!
//! let mut ctx = TestContext::new(3).with_partitions("alerts", 8);
//! ctx.put(b"seen/1", b"x");
//! ctx.emit("alerts", b"unit", b"value");
//! assert_eq!(ctx.take_outputs().len(), 1);
//! assert_eq!(ctx.state().len(), 1);
//! assert_eq!(record("unit-inbox", 3, 0, Some(b"k"), b"v").partition, 3);
//! ```

use crate::stage::{InputRecord, OutputRecord, Stage, StepContext};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};

/// A [`StepContext`] over a map. State stays between windows; outputs until taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestContext {
    partition: i32,
    state: BTreeMap<Vec<u8>, Bytes>,
    outputs: Vec<OutputRecord>,
    counts: HashMap<String, i32>,
}

impl TestContext {
    /// An empty partition.
    #[must_use]
    pub fn new(partition: i32) -> Self {
        Self {
            partition,
            ..Self::default()
        }
    }

    /// Declares an output topic's partition count; undeclared topics have 8.
    #[must_use]
    pub fn with_partitions(mut self, topic: &str, partitions: i32) -> Self {
        self.counts.insert(topic.to_owned(), partitions);
        self
    }

    /// The partition's state, sorted by key.
    #[must_use]
    pub fn state(&self) -> &BTreeMap<Vec<u8>, Bytes> {
        &self.state
    }

    /// Everything emitted since the last call, in order.
    pub fn take_outputs(&mut self) -> Vec<OutputRecord> {
        std::mem::take(&mut self.outputs)
    }

    /// One whole window of `stage`: its records, then the end of the window, again as long as the
    /// stage says it has pending work. Returns what was emitted.
    ///
    /// # Errors
    /// The stage failed.
    pub fn window(
        &mut self,
        stage: &mut dyn Stage,
        records: &[InputRecord],
        budget: usize,
    ) -> anyhow::Result<Vec<OutputRecord>> {
        let mut emitted = Vec::new();
        for record in records {
            stage.step(record, self)?;
        }
        loop {
            let budget = self.outputs.len() + budget;
            stage.end_of_window(budget, self)?;
            emitted.append(&mut self.outputs);
            if !stage.has_pending(self)? {
                return Ok(emitted);
            }
        }
    }
}

impl StepContext for TestContext {
    fn partition(&self) -> i32 {
        self.partition
    }

    fn get(&mut self, key: &[u8]) -> anyhow::Result<Option<&[u8]>> {
        Ok(self.state.get(key).map(|value| &value[..]))
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        let value = Bytes::copy_from_slice(value);
        self.state.insert(key.to_vec(), value);
    }

    fn delete(&mut self, key: &[u8]) {
        self.state.remove(key);
    }

    fn emit(&mut self, topic: &'static str, key: &[u8], value: &[u8]) {
        self.outputs.push(OutputRecord {
            topic,
            partition: None,
            key: Some(key.to_owned()),
            value: Some(value.to_vec()),
        });
    }

    fn emit_to(&mut self, topic: &'static str, partition: i32, value: &[u8]) {
        self.outputs.push(OutputRecord {
            topic,
            partition: Some(partition),
            key: None,
            value: Some(value.to_vec()),
        });
    }

    fn partitions(&self, topic: &str) -> i32 {
        self.counts.get(topic).copied().unwrap_or(8)
    }

    fn emitted(&self) -> usize {
        self.outputs.len()
    }
}

/// An input record with timestamp 0.
#[must_use]
pub fn record(
    topic: &str,
    partition: i32,
    offset: i64,
    key: Option<&[u8]>,
    value: &[u8],
) -> InputRecord {
    InputRecord {
        topic: topic.into(),
        partition,
        offset,
        timestamp_ms: 0,
        key: key.map(Bytes::copy_from_slice),
        value: Some(Bytes::copy_from_slice(value)),
        headers: Vec::new(),
    }
}
