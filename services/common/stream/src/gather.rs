//! Gathering: records into one queue a partition, and what the group's callbacks noted meanwhile.
//!
//! No transaction is open here, so a partition may come or go at any poll. A record is taken once, in
//! the order of its partition; one that needs reference data not read yet stops its partition only.
//!
//! Key and value are copied once, into pieces of memory that many records share, so that librdkafka's
//! message is let go of while it is still in the processor's cache. While records come no clock is read.

use crate::config::WINDOW_INPUT_BYTES;
use crate::member::{self, Change};
use crate::owned::{Owned, Phase};
use crate::restore::Restorer;
use crate::stage::{InputRecord, Stage};
use crate::worker::Worker;
use anyhow::{bail, ensure};
use bytes::{Bytes, BytesMut};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers, Message};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for a record when nothing else is to be done.
const IDLE: Duration = Duration::from_millis(100);
/// Memory taken at once for the keys and values of records.
const PIECE: usize = 256 << 10;
/// Longest wait while a partition waits for reference data or for a former owner's transaction.
const WAITING: Duration = Duration::from_millis(10);

impl<S: Stage> Worker<S> {
    /// Polls until the window is full, its time is over, or there was nothing for a while.
    pub(crate) fn gather(&mut self) -> anyhow::Result<()> {
        self.wake_waiting()?;
        let running = |owned: &&Owned| owned.phase == Phase::Running;
        let queues = self.partitions.values().filter(running);
        let mut records: usize = queues.map(|owned| owned.queue.len()).sum();
        let mut bytes = 0;
        let mut closes = self
            .partitions
            .values()
            .any(Owned::has_work)
            .then(Instant::now);
        let idle_until = Instant::now() + self.idle();
        let mut wait = Duration::ZERO;
        loop {
            // The message borrows the consumer: take what is needed, then let go of both.
            let polled = match self.group.poll(wait) {
                None => None,
                Some(Ok(message)) => {
                    let topic = number(&mut self.topics, message.topic());
                    let record = to_record(&self.topics[topic], &mut self.memory, &message);
                    Some(Ok((topic, record)))
                }
                Some(Err(error)) => Some(Err(error)),
            };
            if self.group.context().has_changed() {
                self.take_changes()?;
            }
            match polled {
                Some(Ok((topic, record))) => {
                    bytes += record.value.as_ref().map_or(0, Bytes::len);
                    if self.queue(topic, record)? {
                        records += 1;
                    }
                    closes.get_or_insert_with(|| {
                        Instant::now() + Duration::from_millis(self.limits.window_ms)
                    });
                    wait = Duration::ZERO;
                }
                Some(Err(error)) => {
                    self.consumer_error(error)?;
                    wait = Duration::ZERO;
                }
                // The rest of the window's time is theirs whose changelog is being read.
                None if self.is_reading() => return Ok(()),
                None => {
                    let until = closes.unwrap_or(idle_until);
                    wait = whole_millis(until.saturating_duration_since(Instant::now()));
                    if wait.is_zero() {
                        return Ok(());
                    }
                }
            }
            if records >= self.limits.window_records || bytes >= WINDOW_INPUT_BYTES {
                return Ok(());
            }
        }
    }

    fn is_reading(&self) -> bool {
        self.restorer.as_ref().is_some_and(Restorer::is_reading)
    }

    fn idle(&self) -> Duration {
        let waiting = |owned: &Owned| owned.phase != Phase::Running;
        match self.partitions.values().any(waiting) {
            true => WAITING,
            false => IDLE,
        }
    }

    /// Puts a record into its partition's queue; `false` for one that is not ours (any more).
    fn queue(&mut self, topic: usize, record: InputRecord) -> anyhow::Result<bool> {
        let place = (topic, record.partition);
        let Some(owned) = self.partitions.get_mut(&place) else {
            return Ok(false);
        };
        if owned.phase == Phase::Restoring {
            // Fetching is paused, so this cannot be; taking it would skip it after the restore.
            bail!(
                "{}/{}: a record came while restoring",
                record.topic,
                record.partition
            );
        }
        if record.offset < owned.fetched {
            let (topic, partition) = (&*record.topic, record.partition);
            tracing::warn!(
                topic,
                partition,
                offset = record.offset,
                "fetched twice, taken once"
            );
            return Ok(false);
        }
        owned.fetched = record.offset + 1;
        if let Some(expected) = owned.expected.take() {
            ensure!(
                record.offset == expected,
                "{}/{}: went back to offset {expected} but {} came",
                record.topic,
                record.partition,
                record.offset
            );
        }
        owned.at_end = false;
        owned.queue.push_back(record);
        Ok(true)
    }

    pub(crate) fn topic_number(&mut self, topic: &str) -> usize {
        number(&mut self.topics, topic)
    }

    fn consumer_error(&mut self, error: KafkaError) -> anyhow::Result<()> {
        match error {
            KafkaError::PartitionEOF(partition) => {
                for (place, owned) in &mut self.partitions {
                    if place.1 == partition && self.config.inputs.len() == 1 {
                        owned.at_end = true;
                    }
                }
            }
            KafkaError::MessageConsumptionFatal(code) => bail!(
                "{} was thrown out of its group: another worker with this slot runs ({code})",
                self.instance
            ),
            error => tracing::warn!(%error, instance = self.instance, "consumer"),
        }
        Ok(())
    }

    /// Takes in what the group consumer's callbacks noted.
    fn take_changes(&mut self) -> anyhow::Result<()> {
        for change in self.group.context().take_changes() {
            match change {
                Change::Assigned(list) => {
                    for (topic, partition) in list {
                        self.config.check_assigned(&topic)?;
                        let place = (self.topic_number(&topic), partition);
                        let phase = match &mut self.restorer {
                            Some(restorer) => {
                                restorer.begin(partition);
                                Phase::Restoring
                            }
                            None => Phase::Running,
                        };
                        tracing::info!(instance = self.instance, topic, partition, "assigned");
                        self.partitions.insert(place, Owned::new(phase));
                    }
                }
                Change::Revoked(list) => {
                    for (topic, partition) in list {
                        let place = (self.topic_number(&topic), partition);
                        tracing::info!(instance = self.instance, topic, partition, "revoked");
                        if let Some(restorer) = &mut self.restorer {
                            restorer.abandon(partition);
                        }
                        self.partitions.remove(&place);
                        self.stage.forget(partition);
                        self.gauges.forget(&topic, partition);
                    }
                }
                Change::Failed(why) => bail!("{}: rebalance failed: {why}", self.instance),
            }
        }
        Ok(())
    }

    /// Partitions whose first record had to wait for reference data run again once it is there.
    fn wake_waiting(&mut self) -> anyhow::Result<()> {
        let seen = self.stage.reference_offset_seen();
        let mut pause = Vec::new();
        let mut resume = Vec::new();
        for (place, owned) in &mut self.partitions {
            if owned.phase != Phase::Waiting {
                continue;
            }
            let ready = owned
                .queue
                .front()
                .is_none_or(|record| self.stage.reference_offset_needed(record) <= seen);
            if ready {
                owned.phase = Phase::Running;
            }
            match (ready, owned.paused) {
                (true, true) => resume.push(*place),
                (false, false) => pause.push(*place),
                _ => {}
            }
            owned.paused = !ready;
        }
        member::pause_and_resume(&self.group, &self.list(&pause), &self.list(&resume))
    }
}

/// Rounds up: of the rest of a millisecond rdkafka would make polls that do not wait.
pub(crate) fn whole_millis(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// A topic's number in the list of those seen.
fn number(topics: &mut Vec<Arc<str>>, topic: &str) -> usize {
    match topics.iter().position(|known| **known == *topic) {
        Some(number) => number,
        None => {
            topics.push(topic.into());
            topics.len() - 1
        }
    }
}

fn to_record(
    topic: &Arc<str>,
    memory: &mut BytesMut,
    message: &BorrowedMessage<'_>,
) -> InputRecord {
    let (key, value) = copied(memory, message.key(), message.payload());
    InputRecord {
        topic: Arc::clone(topic),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
        key,
        value,
        headers: message.headers().map_or_else(Vec::new, to_headers),
    }
}

/// Copies a key and a value to the end of `memory` and takes them from there. A piece of memory is used
/// again once all of its records are gone.
fn copied(
    memory: &mut BytesMut,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> (Option<Bytes>, Option<Bytes>) {
    let needed = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
    if memory.capacity() < needed {
        memory.reserve(needed.max(PIECE));
    }
    for bytes in [key, value].into_iter().flatten() {
        memory.extend_from_slice(bytes);
    }
    let mut both = memory.split().freeze();
    let key = key.map(|key| both.split_to(key.len()));
    (key, value.map(|_| both))
}

fn to_headers(headers: &BorrowedHeaders) -> Vec<(String, Bytes)> {
    let value = |value: Option<&[u8]>| value.map(Bytes::copy_from_slice).unwrap_or_default();
    headers
        .iter()
        .map(|header| (header.key.to_owned(), value(header.value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_keeps_its_key_and_value_whatever_comes_after_it(
            records in proptest::collection::vec(
                (proptest::option::of(0usize..60), proptest::option::of(0usize..20_000), any::<bool>()),
                0..100),
        ) {
            let mut memory = BytesMut::new();
            let mut held = Vec::new();
            for (n, (key, value, drops)) in (0u8..).zip(&records) {
                let key = key.map(|length| vec![n; length]);
                let value = value.map(|length| vec![!n; length]);
                let copy = copied(&mut memory, key.as_deref(), value.as_deref());
                held.push((copy, key, value));
                if *drops {
                    held.remove(held.len() / 2);
                }
            }
            for ((key, value), of_key, of_value) in held {
                prop_assert_eq!(key.as_deref(), of_key.as_deref());
                prop_assert_eq!(value.as_deref(), of_value.as_deref());
            }
        }
    }

    #[test]
    fn memory_is_used_again_once_its_records_are_gone() {
        let mut memory = BytesMut::new();
        let (mut places, mut pieces) = (std::collections::BTreeSet::new(), 0);
        for _ in 0..1000 {
            pieces += usize::from(memory.capacity() < 1040);
            let (key, _) = copied(&mut memory, Some(&[1; 40]), Some(&[2; 1000]));
            places.insert(key.unwrap().as_ptr() as usize);
        }
        assert!(pieces > 2, "{pieces}");
        assert!(places.len() <= PIECE / 1040, "{} places", places.len());
    }

    #[test]
    fn a_wait_is_never_shorter_than_asked_for_and_a_whole_number_of_milliseconds() {
        for (micros, millis) in [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (20_000, 20)] {
            let wait = whole_millis(Duration::from_micros(micros));
            assert_eq!(wait, Duration::from_millis(millis), "{micros} us");
        }
    }

    #[test]
    fn a_topic_keeps_its_number() {
        let mut topics = Vec::new();
        let numbers = ["a", "b", "a", "c", "b"].map(|topic| number(&mut topics, topic));
        assert_eq!(numbers, [0, 1, 0, 2, 1]);
    }
}
