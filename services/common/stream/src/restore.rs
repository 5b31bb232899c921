//! Bringing a partition's store up to its changelog, beside the running worker.
//!
//! What makes it exact, in this order:
//! 1. the input's committed offset is asked for until it is *stable*: no transaction that carries one
//!    is open. From then on a former owner can commit nothing for this partition any more, because its
//!    group generation is over;
//! 2. the changelog's high watermark, open transactions included, is taken;
//! 3. the last stable offset has to reach it: whatever a former owner committed just before is then
//!    visible, whatever it left open is settled (the broker does so within the transaction time-out);
//! 4. only then the changelog is read, from the store's own offset to its end.
//!
//! Never called from a rebalance callback; each [`Restorer::step`] takes a few milliseconds.

use crate::clients::Assigned;
use crate::config::WorkerConfig;
use crate::failpoint;
use crate::gather::whole_millis;
use crate::gauges::Gauges;
use crate::overlay::Overlay;
use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_state::{Store, StoreIdentity, Stores};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Longest wait for one answer of a broker; asked again in the next step.
const ASK: Duration = Duration::from_millis(200);
/// Pause before a partition that is not settled is asked about again.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Changelog records, and bytes, applied to the store in one batch.
const BATCH_RECORDS: u64 = 2_000;
const BATCH_BYTES: usize = 4 << 20;
/// Changelog records between two looks at the clock.
const CLOCK: u32 = 256;
/// How long a partition may wait for open transactions before that is worth a line in the log.
const SLOW: Duration = Duration::from_secs(5);

/// A partition whose state is complete.
pub(crate) struct Restored {
    pub(crate) partition: i32,
    pub(crate) store: Box<dyn Store>,
    /// Next changelog offset, at least.
    pub(crate) changelog_next: i64,
    /// Input offset to go on from.
    pub(crate) position: i64,
}

/// One partition on its way.
enum Job {
    /// Waiting until everything former owners wrote is settled.
    Settling(Settling),
    /// Reading the changelog.
    Reading(Reading),
}

struct Settling {
    since: Instant,
    warned: bool,
    /// When to ask again.
    ask: Instant,
}

struct Reading {
    store: Box<dyn Store>,
    position: i64,
    /// Offset of the next record to read.
    next: i64,
    /// The changelog's end when reading began.
    end: i64,
    /// Read, not applied yet: the last change of each key.
    batch: Overlay,
    batch_records: u64,
    batch_bytes: usize,
}

/// What settling found of a changelog partition.
struct Settled {
    position: i64,
    low: i64,
    end: i64,
}

/// Restores partitions of one stateful stage.
pub(crate) struct Restorer {
    input: String,
    changelog: &'static str,
    cluster_id: String,
    topic_id: String,
    committed: Assigned,
    uncommitted: BaseConsumer,
    stores: Box<dyn Stores>,
    jobs: BTreeMap<i32, Job>,
}

impl Restorer {
    pub(crate) fn new(
        config: &WorkerConfig,
        changelog: &'static str,
        identity: (String, String),
        consumers: (Assigned, BaseConsumer),
        stores: Box<dyn Stores>,
    ) -> Self {
        Self {
            input: config.inputs[0].clone(),
            changelog,
            cluster_id: identity.0,
            topic_id: identity.1,
            committed: consumers.0,
            uncommitted: consumers.1,
            stores,
            jobs: BTreeMap::new(),
        }
    }

    /// Starts (again) with a partition. Its former store handle must have been dropped.
    pub(crate) fn begin(&mut self, partition: i32) {
        let now = Instant::now();
        let settling = Settling {
            since: now,
            warned: false,
            ask: now,
        };
        self.jobs.insert(partition, Job::Settling(settling));
    }

    /// Stops restoring a revoked partition; what was applied so far stays usable.
    pub(crate) fn abandon(&mut self, partition: i32) {
        self.jobs.remove(&partition);
    }

    /// Works for about `budget`; returns the partitions that are complete.
    pub(crate) fn step(
        &mut self,
        budget: Duration,
        gauges: &Gauges,
    ) -> anyhow::Result<Vec<Restored>> {
        if self.jobs.is_empty() {
            return Ok(Vec::new());
        }
        let until = Instant::now() + budget;
        self.settle(gauges)?;
        let mut restored = Vec::new();
        let (mut wait, mut polls) = (Duration::ZERO, 0u32);
        while self.is_reading() {
            match self.committed.poll(wait) {
                None => {
                    wait = whole_millis(until.saturating_duration_since(Instant::now()));
                    if wait.is_zero() {
                        break;
                    }
                    continue;
                }
                Some(Ok(message)) => read(&mut self.jobs, self.changelog, &message, gauges)?,
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    restored.extend(self.finish(partition, gauges)?);
                }
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                    anyhow::bail!("changelog {} cannot be read: {code}", self.changelog);
                }
                Some(Err(error)) => self.reading_error(&error)?,
            }
            wait = Duration::ZERO;
            polls += 1;
            if polls.is_multiple_of(CLOCK) && until <= Instant::now() {
                break;
            }
        }
        if !restored.is_empty() && !self.is_reading() {
            self.committed.unassign()?;
        }
        Ok(restored)
    }

    /// An offset outside the changelog means it was truncated under us: begin again, the store's own
    /// checks then empty it. Anything else is a broker that will come back.
    fn reading_error(&mut self, error: &KafkaError) -> anyhow::Result<()> {
        use rdkafka::error::RDKafkaErrorCode::{AutoOffsetReset, OffsetOutOfRange};
        tracing::warn!(%error, changelog = self.changelog, "restore");
        if let KafkaError::MessageConsumption(OffsetOutOfRange | AutoOffsetReset) = error {
            let reading: Vec<i32> = self.reading().map(|(partition, _)| *partition).collect();
            for partition in reading {
                self.begin(partition);
            }
            self.committed.unassign()?;
        }
        Ok(())
    }

    fn reading(&self) -> impl Iterator<Item = (&i32, &Reading)> {
        self.jobs.iter().filter_map(|(partition, job)| match job {
            Job::Reading(reading) => Some((partition, reading)),
            Job::Settling(_) => None,
        })
    }

    /// Whether a changelog is being read, so that the next turn should come at once.
    pub(crate) fn is_reading(&self) -> bool {
        self.reading().next().is_some()
    }

    /// Moves every settled partition on to reading.
    fn settle(&mut self, gauges: &Gauges) -> anyhow::Result<()> {
        let now = Instant::now();
        let due: Vec<i32> = self
            .jobs
            .iter()
            .filter(|(_, job)| matches!(job, Job::Settling(settling) if settling.ask <= now))
            .map(|(partition, _)| *partition)
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let positions = match self.stable_positions(&due) {
            Ok(positions) => positions,
            Err(error) => {
                for partition in due {
                    self.still_settling(partition, &error.to_string());
                }
                return Ok(());
            }
        };
        let mut begun = false;
        for partition in due {
            match self.settled(partition, positions.get(&partition).copied()) {
                Ok(Some(settled)) => {
                    let reading = self.open(partition, &settled)?;
                    gauges.restore_remaining(partition, reading.end - reading.next);
                    self.jobs.insert(partition, Job::Reading(reading));
                    begun = true;
                }
                Ok(None) => self.still_settling(partition, "a former owner's transaction is open"),
                Err(error) => self.still_settling(partition, &error.to_string()),
            }
        }
        if begun {
            self.assign()?;
        }
        Ok(())
    }

    /// Step 1 of the module's list: committed offsets of the input, an error as long as a transaction
    /// that carries one of them is open.
    fn stable_positions(&self, partitions: &[i32]) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let mut asked = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            asked.add_partition(&self.input, *partition);
        }
        let mut positions = BTreeMap::new();
        for element in self.committed.committed_offsets(asked, ASK)?.elements() {
            element.error()?;
            if let Offset::Offset(offset) = element.offset() {
                positions.insert(element.partition(), offset);
            }
        }
        Ok(positions)
    }

    /// Steps 2 and 3; `None` while something is open.
    fn settled(
        &self,
        partition: i32,
        position: Option<i64>,
    ) -> Result<Option<Settled>, KafkaError> {
        let position = match position {
            Some(position) => position,
            // Nothing committed yet: from the beginning.
            None => self.ends(&self.uncommitted, &self.input, partition)?.0,
        };
        let (_, high) = self.ends(&self.uncommitted, self.changelog, partition)?;
        let (low, stable) = self.ends(&self.committed, self.changelog, partition)?;
        Ok((stable >= high).then_some(Settled {
            position,
            low,
            end: stable,
        }))
    }

    /// First offset and end of a partition, as the client's isolation level sees it.
    fn ends<C: ConsumerContext>(
        &self,
        client: &BaseConsumer<C>,
        topic: &str,
        partition: i32,
    ) -> Result<(i64, i64), KafkaError> {
        client.fetch_watermarks(topic, partition, ASK)
    }

    fn still_settling(&mut self, partition: i32, why: &str) {
        let Some(Job::Settling(settling)) = self.jobs.get_mut(&partition) else {
            return;
        };
        settling.ask = Instant::now() + ASK_AGAIN;
        if !settling.warned && settling.since.elapsed() > SLOW {
            settling.warned = true;
            let changelog = self.changelog;
            tracing::warn!(partition, changelog, why, "restore is waiting");
        }
    }

    fn open(&mut self, partition: i32, settled: &Settled) -> anyhow::Result<Reading> {
        let identity = StoreIdentity {
            cluster_id: self.cluster_id.clone(),
            changelog_topic: self.changelog.to_owned(),
            topic_id: self.topic_id.clone(),
            partition,
        };
        let mut store = self.stores.open(&identity)?;
        if let Some(offset) = store.changelog_offset()
            && !(settled.low..=settled.end).contains(&offset)
        {
            tracing::warn!(
                partition,
                offset,
                low = settled.low,
                end = settled.end,
                changelog = self.changelog,
                "local state is not a prefix of its changelog: emptied"
            );
            drop(store);
            store = self.stores.open_empty(&identity)?;
        }
        let next = store.changelog_offset().unwrap_or(settled.low);
        tracing::info!(
            partition,
            from = next,
            end = settled.end,
            position = settled.position,
            changelog = self.changelog,
            "restoring"
        );
        Ok(Reading {
            store,
            position: settled.position,
            next,
            end: settled.end,
            batch: Overlay::default(),
            batch_records: 0,
            batch_bytes: 0,
        })
    }

    /// Assigns exactly the partitions being read, each at its next offset.
    fn assign(&self) -> anyhow::Result<()> {
        let mut list = TopicPartitionList::new();
        for (partition, reading) in self.reading() {
            list.add_partition_offset(self.changelog, *partition, Offset::Offset(reading.next))?;
        }
        self.committed.assign(&list)?;
        // A partition read before was paused at its end, and stays so across assignments.
        self.committed.resume(&list)?;
        Ok(())
    }

    fn finish(&mut self, partition: i32, gauges: &Gauges) -> anyhow::Result<Option<Restored>> {
        let Some(Job::Reading(mut reading)) = self.jobs.remove(&partition) else {
            return Ok(None);
        };
        // The end of the changelog may lie beyond its last record: commit markers take offsets.
        let changelog_next = reading.next.max(reading.end);
        failpoint::hit(failpoint::DURING_RESTORE);
        if reading.batch_records > 0 || reading.store.changelog_offset() != Some(changelog_next) {
            reading.flush(changelog_next, gauges)?;
        }
        gauges.restore_remaining(partition, 0);
        tracing::info!(
            partition,
            changelog_next,
            position = reading.position,
            changelog = self.changelog,
            "restored"
        );
        // Not read any further; others go on undisturbed.
        let mut list = TopicPartitionList::new();
        list.add_partition(self.changelog, partition);
        self.committed.pause(&list)?;
        Ok(Some(Restored {
            partition,
            store: reading.store,
            changelog_next,
            position: reading.position,
        }))
    }
}

impl Reading {
    fn flush(&mut self, offset: i64, gauges: &Gauges) -> anyhow::Result<()> {
        self.store.apply(&self.batch.writes(), offset)?;
        gauges.restored.inc_by(self.batch_records);
        self.batch.clear();
        self.batch_records = 0;
        self.batch_bytes = 0;
        Ok(())
    }
}

/// Takes one record of a changelog.
fn read(
    jobs: &mut BTreeMap<i32, Job>,
    changelog: &str,
    message: &BorrowedMessage<'_>,
    gauges: &Gauges,
) -> anyhow::Result<()> {
    let (partition, offset) = (message.partition(), message.offset());
    let Some(Job::Reading(reading)) = jobs.get_mut(&partition) else {
        return Ok(()); // revoked meanwhile
    };
    if offset < reading.next {
        return Ok(()); // fetched before the partition was assigned again
    }
    let (key, value) = (message.key(), message.payload());
    let key = key.with_context(|| {
        format!("{changelog}/{partition} offset {offset}: a changelog record without a key")
    })?;
    reading.next = offset + 1;
    reading.batch_records += 1;
    reading.batch_bytes += key.len() + value.map_or(0, <[u8]>::len);
    reading.batch.write(key, value);
    if reading.batch_records >= BATCH_RECORDS || reading.batch_bytes >= BATCH_BYTES {
        reading.flush(reading.next, gauges)?;
        gauges.restore_remaining(partition, reading.end - reading.next);
        failpoint::hit(failpoint::DURING_RESTORE);
    }
    Ok(())
}
