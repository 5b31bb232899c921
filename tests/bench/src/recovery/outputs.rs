//! What the worker committed: each scan once, in its partition's order, joined with its serial's row. A
//! kill that lost or repeated anything is an error here, not a figure.

use super::load::serial_of;
use crate::topic;
use anyhow::{Context, ensure};
use rdkafka::Message;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::Offset;
use serialtrail_bench_engine::feed;
use serialtrail_bench_engine::stage::ENRICHED;
use serialtrail_runtime::Settings;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Reads the topic of enriched scans, committed ones only.
pub(super) struct Outputs {
    consumer: BaseConsumer,
    serials: u64,
    seed: u64,
    expected: Vec<u8>,
    /// Number of the scan after the last one of each partition.
    next: BTreeMap<i32, u64>,
    /// Scans read.
    pub(super) count: u64,
}

/// One output.
struct Seen {
    partition: i32,
    /// When the worker wrote it, ms since the Unix epoch.
    written_ms: i64,
}

impl Outputs {
    pub(super) fn new(settings: &Settings, serials: u64, seed: u64) -> anyhow::Result<Self> {
        let (consumer, _) = topic::consumer(settings, ENRICHED, Offset::Beginning)?;
        Ok(Self {
            consumer,
            serials,
            seed,
            expected: Vec::new(),
            next: BTreeMap::new(),
            count: 0,
        })
    }

    fn poll(&mut self, wait: Duration) -> anyhow::Result<Option<Seen>> {
        let message = match self.consumer.poll(wait) {
            Some(Ok(message)) => message,
            None | Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
            Some(Err(error)) => return Err(error).context("reading what the worker wrote"),
        };
        let seen = Seen {
            partition: message.partition(),
            written_ms: message.timestamp().to_millis().unwrap_or(0),
        };
        let event = check(&message, self.seed, self.serials, &mut self.expected)?;
        let next = self.next.entry(seen.partition).or_default();
        ensure!(
            event >= *next,
            "scan {event} came after scan {} in partition {}",
            *next - 1,
            seen.partition
        );
        *next = event + 1;
        self.count += 1;
        Ok(Some(seen))
    }

    /// Reads for a while.
    pub(super) fn read_for(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.poll(left.min(Duration::from_millis(100)))?;
        }
        Ok(())
    }

    /// Reads until each of `partitions` has given a record written at `written_ms` or later; when the
    /// first and when the last of them did. `look` is asked now and then whether to go on.
    pub(super) fn until_all(
        &mut self,
        partitions: usize,
        written_ms: i64,
        mut look: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<(Instant, Instant)> {
        let mut fresh = BTreeMap::new();
        let mut looked = Instant::now();
        while fresh.len() < partitions {
            if let Some(seen) = self.poll(Duration::from_millis(100))?
                && seen.written_ms >= written_ms
            {
                fresh.entry(seen.partition).or_insert_with(Instant::now);
            }
            if looked.elapsed() > Duration::from_secs(1) {
                look()?;
                looked = Instant::now();
            }
        }
        let first = fresh.values().min().copied().context("no partition")?;
        Ok((first, fresh.values().max().copied().unwrap_or(first)))
    }

    /// Reads until there were `count` in all.
    pub(super) fn until_count(
        &mut self,
        count: u64,
        patience: Duration,
        mut look: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut last = Instant::now();
        while self.count < count {
            if self.poll(Duration::from_millis(100))?.is_some() {
                last = Instant::now();
            } else {
                look()?;
            }
            ensure!(
                last.elapsed() < patience,
                "{} of {count} scans came out, then none for {} s",
                self.count,
                patience.as_secs()
            );
        }
        Ok(())
    }
}

/// The record's number, if it is what its scan must give.
fn check(
    message: &BorrowedMessage<'_>,
    seed: u64,
    serials: u64,
    expected: &mut Vec<u8>,
) -> anyhow::Result<u64> {
    let value = message.payload().context("an output without value")?;
    let event = feed::event_of(value)?;
    expected.clear();
    feed::enriched(event, serial_of(event, seed, serials), expected)?;
    ensure!(
        value == expected,
        "scan {event} did not come out as it must: state was lost"
    );
    Ok(event)
}
