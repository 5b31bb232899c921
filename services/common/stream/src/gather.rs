//! Gathering: records into one queue a partition, and what the group's callbacks noted meanwhile.
//!
//! No transaction is open here, so a partition may come or go at any poll. A record is taken once, in
//! the order of its partition; one that needs reference data not read yet stops its partition only.

use crate::config::WINDOW_INPUT_BYTES;
use crate::member::{self, Change};
use crate::owned::{Owned, Phase};
use crate::stage::{InputRecord, Stage};
use crate::worker::Worker;
use anyhow::{bail, ensure};
use bytes::Bytes;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers, Message};
use std::time::{Duration, Instant};

/// Longest wait for a record when nothing else is to be done.
const IDLE: Duration = Duration::from_millis(100);
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
        loop {
            let until = closes.unwrap_or(idle_until);
            let wait = until.saturating_duration_since(Instant::now());
            // The message borrows the consumer: take what is needed, then let go of both.
            let polled = match self.group.poll(wait) {
                None => None,
                Some(Ok(message)) => Some(Ok(to_record(&message))),
                Some(Err(error)) => Some(Err(error)),
            };
            self.take_changes()?;
            match polled {
                Some(Ok(record)) => {
                    bytes += record.value.as_ref().map_or(0, Bytes::len);
                    if self.queue(record)? {
                        records += 1;
                    }
                    closes.get_or_insert_with(|| {
                        Instant::now() + Duration::from_millis(self.limits.window_ms)
                    });
                }
                Some(Err(error)) => self.consumer_error(error)?,
                None if wait.is_zero() => return Ok(()),
                None => {}
            }
            if records >= self.limits.window_records || bytes >= WINDOW_INPUT_BYTES {
                return Ok(());
            }
        }
    }

    fn idle(&self) -> Duration {
        let waiting = |owned: &Owned| owned.phase != Phase::Running;
        match &self.restorer {
            Some(restorer) if restorer.is_reading() => Duration::ZERO,
            _ if self.partitions.values().any(waiting) => WAITING,
            _ => IDLE,
        }
    }

    /// Puts a record into its partition's queue; `false` for one that is not ours (any more).
    fn queue(&mut self, record: InputRecord) -> anyhow::Result<bool> {
        let place = (self.topic_number(&record.topic), record.partition);
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
            let (topic, partition) = (&record.topic, record.partition);
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
        match self.topics.iter().position(|known| known == topic) {
            Some(number) => number,
            None => {
                self.topics.push(topic.to_owned());
                self.topics.len() - 1
            }
        }
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

fn to_record(message: &BorrowedMessage<'_>) -> InputRecord {
    InputRecord {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
        key: message.key().map(Bytes::copy_from_slice),
        value: message.payload().map(Bytes::copy_from_slice),
        headers: message.headers().map_or_else(Vec::new, to_headers),
    }
}

fn to_headers(headers: &BorrowedHeaders) -> Vec<(String, Bytes)> {
    let value = |value: Option<&[u8]>| value.map(Bytes::copy_from_slice).unwrap_or_default();
    headers
        .iter()
        .map(|header| (header.key.to_owned(), value(header.value)))
        .collect()
}
