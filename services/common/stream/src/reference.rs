//! A process's own full copy of the topic `reference-data`, kept by one background thread.
//!
//! [`ReferenceCopy::start`] returns only when the copy holds all that stood in the topic when it was
//! called, so a restarted stage never resumes behind what an earlier run had seen. Offsets are
//! exclusive: `offset_seen() == n` means every record before offset n is in the table.

mod table;

pub use table::{ReferenceTable, gln_of};

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use serialtrail_records::{Codec, DecodeError, ReferenceMessage};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka::{FollowContext, client_config};
use serialtrail_runtime::shutdown::Shutdown;
use serialtrail_runtime::topics::REFERENCE_DATA;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(100);
/// Records put into the table at once.
const BATCH: usize = 5000;
const RPC_TIMEOUT: Duration = Duration::from_secs(10);
/// How often an idle copy asks for the topic's end: commit markers take offsets that no record shows.
const END_CHECK: Duration = Duration::from_secs(1);
/// Longest wait at start for a topic and its content.
const START_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Shared {
    table: RwLock<Arc<ReferenceTable>>,
    offset_seen: AtomicI64,
}

/// Handle on the copy; clones share it.
#[derive(Debug, Clone)]
pub struct ReferenceCopy {
    shared: Arc<Shared>,
}

impl ReferenceCopy {
    /// Reads the topic from its beginning to its present end, then goes on in a thread of its own
    /// until `shutdown`. Blocking: call it outside an async runtime's threads.
    ///
    /// # Errors
    /// Kafka or the topic cannot be reached, the present end was not reached within a minute, or
    /// shutdown came first.
    pub fn start(
        kafka: &KafkaSettings,
        codec: Arc<Codec>,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        Self::start_on(REFERENCE_DATA, kafka, codec, shutdown)
    }

    /// [`ReferenceCopy::start`] over another one-partition topic of the same records.
    ///
    /// # Errors
    /// As [`ReferenceCopy::start`].
    pub fn start_on(
        topic: &str,
        kafka: &KafkaSettings,
        codec: Arc<Codec>,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let consumer: BaseConsumer<_> = client_config(kafka)
            .set("group.id", "reference-copy")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .create_with_context(FollowContext)?;
        let copy = Self {
            shared: Arc::default(),
        };
        let mut reader = Reader {
            topic: topic.to_owned(),
            consumer,
            codec,
            shared: Arc::clone(&copy.shared),
            next: 0,
        };
        let deadline = Instant::now() + START_TIMEOUT;
        let end = reader.end().with_context(|| {
            format!("topic {topic} cannot be read; create it with `serialtrail topics`")
        })?;
        reader.assign(Offset::Beginning)?;
        while !reader.poll()? {
            anyhow::ensure!(!shutdown.is_triggered(), "shut down while reading {topic}");
            anyhow::ensure!(
                Instant::now() < deadline,
                "{topic} was not read to offset {end} within {START_TIMEOUT:?}"
            );
        }
        reader.reached(end);
        tracing::info!(
            records = copy.table().len(),
            offset = end,
            "reference data read"
        );
        let shutdown = shutdown.clone();
        std::thread::Builder::new()
            .name("reference".into())
            .spawn(move || reader.follow(&shutdown))?;
        Ok(copy)
    }

    /// A copy that holds `table` and never changes: for tests and tools without Kafka.
    #[must_use]
    pub fn fixed(table: ReferenceTable) -> Self {
        let shared = Shared {
            table: RwLock::new(Arc::new(table)),
            offset_seen: AtomicI64::new(i64::MAX),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The table as of now; hold it for one window, not for long.
    #[must_use]
    pub fn table(&self) -> Arc<ReferenceTable> {
        let table = self
            .shared
            .table
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&table)
    }

    /// Every record before this offset is in the table. Ask before [`ReferenceCopy::table`]: the
    /// table is never behind an offset read before it.
    #[must_use]
    pub fn offset_seen(&self) -> i64 {
        self.shared.offset_seen.load(Ordering::Acquire)
    }
}

struct Reader {
    topic: String,
    consumer: BaseConsumer<FollowContext>,
    codec: Arc<Codec>,
    shared: Arc<Shared>,
    /// Offset behind the last record taken.
    next: i64,
}

impl Reader {
    /// End of the topic as a read_committed reader sees it (last stable offset, exclusive).
    fn end(&self) -> anyhow::Result<i64> {
        Ok(self
            .consumer
            .fetch_watermarks(&self.topic, 0, RPC_TIMEOUT)?
            .1)
    }

    fn assign(&self, from: Offset) -> anyhow::Result<()> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, 0, from)?;
        Ok(self.consumer.assign(&list)?)
    }

    fn reached(&self, offset: i64) {
        self.shared.offset_seen.fetch_max(offset, Ordering::AcqRel);
    }

    /// Takes what has arrived, in one go; true when the end of the partition was reported.
    fn poll(&mut self) -> anyhow::Result<bool> {
        let mut batch = Vec::new();
        let mut wait = POLL;
        let outcome = loop {
            match self.consumer.poll(wait) {
                None => break Ok(false),
                Some(Err(KafkaError::PartitionEOF(_))) => break Ok(true),
                Some(Err(error)) => {
                    tracing::warn!(%error, "reading {REFERENCE_DATA}");
                    break Ok(false);
                }
                Some(Ok(message)) if message.offset() < self.next => {}
                Some(Ok(message)) => {
                    match decode(&self.codec, message.payload(), message.offset()) {
                        Ok(change) => batch.push((message.key().map(<[u8]>::to_vec), change)),
                        Err(error) => break Err(error),
                    }
                    self.next = message.offset() + 1;
                }
            }
            if batch.len() >= BATCH {
                break Ok(false);
            }
            wait = Duration::ZERO;
        };
        if !batch.is_empty() {
            let mut table = self
                .shared
                .table
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            // Copies the table once a batch, and only while a reader still holds it.
            let table = Arc::make_mut(&mut table);
            for (key, change) in batch {
                let key = key.unwrap_or_default();
                match change {
                    Change::Put(message) => table.apply(&key, *message),
                    Change::Remove => table.remove(&key),
                    Change::Skip => {}
                }
            }
        }
        self.reached(self.next);
        outcome
    }

    fn follow(mut self, shutdown: &Shutdown) {
        let mut checked = Instant::now();
        // The end that was asked for before the partition was read again up to it.
        let mut awaited: Option<i64> = None;
        while !shutdown.is_triggered() {
            match self.poll() {
                Ok(true) => {
                    if let Some(end) = awaited.take() {
                        self.reached(end);
                    }
                }
                Ok(false) => {}
                Err(error) => {
                    // The registry did not answer: the same record comes again after the seek.
                    tracing::warn!("{REFERENCE_DATA}: {error:#}");
                    std::thread::sleep(END_CHECK);
                    awaited = None;
                    if let Err(error) = self.assign(Offset::Offset(self.next)) {
                        tracing::warn!("{REFERENCE_DATA}: {error:#}");
                    }
                }
            }
            if awaited.is_none() && checked.elapsed() >= END_CHECK {
                checked = Instant::now();
                awaited = self.read_again_up_to_markers();
            }
        }
    }

    /// Where the topic ends beyond the last record taken, reads the rest once more: an end reported
    /// after that covers everything before the end asked for here, markers included.
    fn read_again_up_to_markers(&self) -> Option<i64> {
        let end = self.end().ok()?;
        if end <= self.shared.offset_seen.load(Ordering::Acquire) {
            return None;
        }
        self.assign(Offset::Offset(self.next)).ok()?;
        Some(end)
    }
}

/// What one record does to the table.
enum Change {
    Put(Box<ReferenceMessage>),
    Remove,
    Skip,
}

/// A record nobody can decode is logged and skipped: reference data is written by our own tools only.
fn decode(codec: &Codec, value: Option<&[u8]>, offset: i64) -> anyhow::Result<Change> {
    let Some(value) = value else {
        return Ok(Change::Remove);
    };
    match ReferenceMessage::decode(codec, value) {
        Ok(message) => Ok(Change::Put(Box::new(message))),
        Err(error @ DecodeError::Registry(_)) => Err(error.into()),
        Err(error) => {
            tracing::error!(offset, %error, "record of {REFERENCE_DATA} is skipped");
            Ok(Change::Skip)
        }
    }
}
