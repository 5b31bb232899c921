//! The loop that owns the consumer and the partitions: poll, commit what is stored, cut what is due,
//! commit the intents, hand the batches to the store.
//!
//! One thread. Inserts run on the runtime's threads and report back through a channel; nothing but
//! this loop commits, and only for partitions it owns at that moment.

mod assignment;
mod gauges;

use crate::partition::{Limits, Partition, Record};
use crate::range::Range;
use crate::rows::{Place, TOPICS};
use crate::store::{Outcome, Store};
use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_records::Codec;
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{Shutdown, topics};
use serialtrail_stream::failpoint;
use serialtrail_stream::member::{self, Address, Member, Polled};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// The consumer group.
const GROUP: &str = "sink";
/// How much of each partition is fetched ahead.
const FETCHING: &[(&str, &str)] = &[("queued.max.messages.kbytes", "32768")];
/// When a range is cut: quickly when idle, large when busy.
const LIMITS: Limits = Limits {
    records: 50_000,
    bytes: 16 << 20,
    linger: Duration::from_millis(200),
};
/// Batches being stored at once.
const IN_FLIGHT: usize = 8;
/// A partition rests this many times what its last insert took, at most so long. A statement costs
/// ClickHouse 10 to 20 ms of CPU however few rows it has, and there are dozens of partitions: flushing
/// each after every linger would take more than a core. Idle, an insert is quick and so is the next.
const REST: (u32, Duration) = (40, Duration::from_secs(3));
/// The same for what people wait for: alerts and refusals, few rows in few partitions.
const URGENT_REST: (u32, Duration) = (10, Duration::from_secs(1));
/// Gathered bytes of one partition, and of all together, above which consumption pauses.
const PARTITION_BYTES: usize = 24 << 20;
const TOTAL_BYTES: usize = 128 << 20;
/// Longest wait for a message before the loop looks at everything else.
const POLL: Duration = Duration::from_millis(10);
/// Messages taken before the loop looks at everything else.
const POLL_RECORDS: usize = 5_000;
/// Longest wait for a broker's answer to a question of ours.
const ASK: Duration = Duration::from_secs(5);
/// How long batches being stored may take to finish after a shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(15);

/// Fail-point: an intent is committed, nothing is inserted.
pub const AFTER_INTENT: &str = "sink_after_intent";
/// Fail-point: the end of a range is committed.
pub const AFTER_FINISH: &str = "sink_after_finish";

/// Who a sink process is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Number of the instance: `group.instance.id` is `<prefix>sink-<slot>`.
    pub slot: u32,
    /// In front of the group's and every topic's name: empty, unless several deployments (or tests)
    /// share one Kafka.
    pub prefix: String,
}

struct Owned {
    state: Partition,
    place: Place,
    /// Tells results of this ownership from those of an earlier one.
    ownership: u64,
    /// Set when the partition is no longer ours: its store task gives up between two attempts.
    stop: Arc<AtomicBool>,
    paused: bool,
    /// Next offset to be stored.
    position: i64,
}

struct Finished {
    address: Address,
    ownership: u64,
    range: Range,
    records: usize,
    outcome: Outcome,
}

/// Runs the sink until shutdown. Blocking: call it on a thread of its own.
///
/// # Errors
/// Another process took this slot's identity, or the consumer failed for good.
pub fn run(
    kafka: &KafkaSettings,
    identity: &Identity,
    codec: Arc<Codec>,
    store: Store,
    runtime: &Handle,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let (sender, finished) = channel();
    let Identity { slot, prefix } = identity;
    let group = format!("{prefix}{GROUP}");
    let topics = TOPICS.iter().map(|topic| format!("{prefix}{topic}"));
    let topics: Vec<_> = topics.collect();
    let mut worker = Worker {
        consumer: member::join(kafka, &group, *slot, &topics, FETCHING)?,
        prefix: prefix.clone(),
        codec,
        store,
        runtime: runtime.clone(),
        partitions: HashMap::new(),
        from: Address::default(),
        counts: HashMap::new(),
        sender,
        finished,
        in_flight: 0,
        ownerships: 0,
        shutdown: shutdown.clone(),
    };
    while !shutdown.is_triggered() {
        worker.turn()?;
    }
    worker.drain()
}

struct Worker {
    consumer: Member,
    prefix: String,
    codec: Arc<Codec>,
    store: Store,
    runtime: Handle,
    partitions: HashMap<Address, Owned>,
    /// Where the last record came from: the next one mostly comes from there too.
    from: Address,
    /// Partitions of each topic: fixed for a deployment.
    counts: HashMap<&'static str, i32>,
    sender: Sender<Finished>,
    finished: Receiver<Finished>,
    in_flight: usize,
    ownerships: u64,
    shutdown: Shutdown,
}

impl Worker {
    fn turn(&mut self) -> anyhow::Result<()> {
        self.poll()?;
        self.collect();
        self.finish()?;
        self.begin()?;
        self.balance()?;
        self.report();
        Ok(())
    }

    /// Takes what is there, waiting a little for the first message.
    fn poll(&mut self) -> anyhow::Result<()> {
        let mut wait = POLL;
        let mut came = None;
        for _ in 0..POLL_RECORDS {
            let from = &self.from;
            let polled = member::poll(&self.consumer, GROUP, wait, |message| {
                let same = message.partition() == from.1 && message.topic() == from.0;
                let other = (!same).then(|| (message.topic().to_owned(), message.partition()));
                let record = Record {
                    offset: message.offset(),
                    timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().map(<[u8]>::to_vec),
                };
                (other, record)
            })?;
            if self.consumer.context().has_changed() {
                self.rebalance();
            }
            match polled {
                Polled::Nothing => break,
                Polled::Record((other, record)) => {
                    if let Some(address) = other {
                        self.from = address;
                    }
                    if let Some(owned) = self.partitions.get_mut(&self.from) {
                        // What comes without waiting comes at once.
                        let now = *came.get_or_insert_with(Instant::now);
                        owned.state.gather(record, now);
                    }
                }
                Polled::Other => {}
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Takes the results of finished store tasks.
    fn collect(&mut self) {
        while let Ok(finished) = self.finished.try_recv() {
            self.in_flight -= 1;
            let Outcome::Stored { made, took } = finished.outcome else {
                continue;
            };
            gauges::count_stored(&finished.address, finished.records, &made);
            let current = self.partitions.get_mut(&finished.address);
            if let Some(owned) = current.filter(|owned| owned.ownership == finished.ownership) {
                let rest = rest(owned.place.topic, took);
                owned.state.stored(finished.range, Instant::now() + rest);
            }
        }
    }

    /// Commits the ends of stored ranges: all in one request.
    fn finish(&mut self) -> anyhow::Result<()> {
        let stored = |(address, owned): (&Address, &Owned)| {
            Some((address.clone(), owned.state.unfinished()?))
        };
        let ranges: Vec<_> = self.partitions.iter().filter_map(stored).collect();
        let commits = ranges
            .iter()
            .map(|(address, range)| (address, range.last + 1, String::new()));
        if !self.commit(commits)? {
            return Ok(());
        }
        for (address, range) in ranges {
            if let Some(owned) = self.partitions.get_mut(&address) {
                owned.state.finished();
                owned.position = range.last + 1;
                failpoint::reached(AFTER_FINISH);
            }
        }
        Ok(())
    }

    /// Cuts what is due, oldest first, commits the intents in one request, and starts storing.
    fn begin(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        let mut due: Vec<(Option<Instant>, Address)> = Vec::new();
        for (address, owned) in &self.partitions {
            if owned.state.is_due(now, &LIMITS) {
                due.push((owned.state.oldest(), address.clone()));
            }
        }
        due.sort();
        for (_, address) in due
            .into_iter()
            .take(IN_FLIGHT.saturating_sub(self.in_flight))
        {
            if let Some(owned) = self.partitions.get_mut(&address) {
                owned.state.cut(now, &LIMITS);
            }
        }
        let cut =
            |(address, owned): (&Address, &Owned)| Some((address.clone(), owned.state.intent()?));
        let intents: Vec<_> = self.partitions.iter().filter_map(cut).collect();
        let commits = intents
            .iter()
            .map(|(address, range)| (address, range.first, range.metadata()));
        // When the intents are not committed, only repeats (whose intents are) may begin.
        let committed = self.commit(commits)?;
        if committed && !intents.is_empty() {
            failpoint::reached(AFTER_INTENT);
        }
        for (address, owned) in &mut self.partitions {
            if owned.state.intent().is_some() && !committed {
                continue;
            }
            let Some(batch) = owned.state.begin() else {
                continue;
            };
            let (store, codec, sender) = (
                self.store.clone(),
                Arc::clone(&self.codec),
                self.sender.clone(),
            );
            let (place, stop) = (owned.place, Arc::clone(&owned.stop));
            let (address, ownership) = (address.clone(), owned.ownership);
            let (range, records) = (batch.range, batch.records.len());
            self.in_flight += 1;
            self.runtime.spawn(async move {
                let outcome = store.store(codec, place, batch, stop).await;
                // The loop is gone only when the process ends.
                let _ = sender.send(Finished {
                    address,
                    ownership,
                    range,
                    records,
                    outcome,
                });
            });
        }
        Ok(())
    }

    /// Commits offsets with metadata, synchronously; `false` when that must be tried again.
    fn commit<'a>(
        &self,
        commits: impl Iterator<Item = (&'a Address, i64, String)>,
    ) -> anyhow::Result<bool> {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), offset, metadata) in commits {
            let mut element = list.add_partition(topic, *partition);
            element.set_offset(Offset::Offset(offset))?;
            element.set_metadata(metadata);
        }
        if list.count() == 0 {
            return Ok(true);
        }
        match self.consumer.commit(&list, CommitMode::Sync) {
            Ok(()) => Ok(true),
            Err(error) => {
                tracing::warn!(%error, partitions = list.count(), "commit failed, trying again");
                member::survived(&self.consumer, GROUP, &error)?;
                Ok(false)
            }
        }
    }

    /// Pauses partitions that hold too much, resumes them when they do not.
    fn balance(&mut self) -> anyhow::Result<()> {
        let total: usize = self
            .partitions
            .values()
            .map(|owned| owned.state.bytes())
            .sum();
        let (mut pause, mut resume) = (TopicPartitionList::new(), TopicPartitionList::new());
        for ((topic, partition), owned) in &mut self.partitions {
            let held = owned.state.bytes();
            let wanted = if owned.paused {
                held > PARTITION_BYTES / 2 || (held > 0 && total > TOTAL_BYTES / 2)
            } else {
                held > PARTITION_BYTES || (held > 0 && total > TOTAL_BYTES)
            };
            if wanted != owned.paused {
                owned.paused = wanted;
                let list = if wanted { &mut pause } else { &mut resume };
                list.add_partition(topic, *partition);
            }
        }
        member::pause_and_resume(&self.consumer, &pause, &resume)
    }

    /// Lets the batches being stored finish; what is only gathered is read again by the next owner.
    fn drain(&mut self) -> anyhow::Result<()> {
        let mut all = TopicPartitionList::new();
        for (topic, partition) in self.partitions.keys() {
            all.add_partition(topic, *partition);
        }
        self.consumer.pause(&all)?;
        let begun = Instant::now();
        while self.in_flight > 0 && begun.elapsed() < DRAIN {
            // Polling keeps the membership while the last inserts run.
            self.poll()?;
            self.collect();
            self.finish()?;
            if begun.elapsed() > DRAIN / 2 {
                // ClickHouse does not answer: the begun ranges are left to the next owner.
                self.partitions
                    .values()
                    .for_each(|owned| owned.stop.store(true, Ordering::Relaxed));
            }
        }
        self.finish()
    }
}

/// How long a partition rests after an insert that took `took`.
fn rest(topic: &str, took: Duration) -> Duration {
    let (factor, longest) = match topic {
        topics::ALERTS | topics::REJECTED_EVENTS => URGENT_REST,
        _ => REST,
    };
    (took * factor).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_partition_rests_longer_than_an_idle_one_and_an_alert_never_long() {
        let (quick, slow) = (Duration::from_millis(5), Duration::from_secs(1));
        assert!(rest(topics::ENRICHED, quick) <= LIMITS.linger);
        assert_eq!(rest(topics::ENRICHED, slow), Duration::from_secs(3));
        assert_eq!(rest(topics::ALERTS, slow), Duration::from_secs(1));
    }
}
