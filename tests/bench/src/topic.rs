//! Reading whole topics, as a stage would: read_committed, partition by partition.

use anyhow::{Context, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use serialtrail_runtime::Settings;
use serialtrail_runtime::kafka::client_config;
use serialtrail_stream::InputRecord;
use serialtrail_stream::testing::record;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Longest time without anything read.
const PATIENCE: Duration = Duration::from_secs(60);

/// A consumer of all partitions of `topic` from `offset` on, in no group.
///
/// # Errors
/// Kafka does not answer, or there is no such topic.
pub fn consumer(
    settings: &Settings,
    topic: &str,
    offset: Offset,
) -> anyhow::Result<(BaseConsumer, i32)> {
    let consumer: BaseConsumer = client_config(&settings.kafka)
        .set("group.id", "serialtrail-bench")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.queue.backoff.ms", "5")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    let found = metadata.topics().first();
    let count = found.map_or(0, |topic| topic.partitions().len());
    ensure!(count > 0, "there is no topic {topic}");
    let count = i32::try_from(count)?;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..count {
        assignment.add_partition_offset(topic, partition, offset)?;
    }
    consumer.assign(&assignment)?;
    Ok((consumer, count))
}

/// The first `most` records, about, of a topic: of each partition its first, in order.
///
/// # Errors
/// Kafka does not answer.
pub fn beginning(
    settings: &Settings,
    topic: &str,
    most: usize,
) -> anyhow::Result<BTreeMap<i32, Vec<InputRecord>>> {
    let (consumer, count) = consumer(settings, topic, Offset::Beginning)?;
    let share = most / usize::try_from(count)?;
    let mut open: Vec<i32> = (0..count).collect();
    let mut records: BTreeMap<i32, Vec<InputRecord>> = BTreeMap::new();
    let mut last = Instant::now();
    while !open.is_empty() {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                last = Instant::now();
                let partition = message.partition();
                let of_partition = records.entry(partition).or_default();
                if of_partition.len() < share {
                    let value = message.payload().unwrap_or_default();
                    let offset = message.offset();
                    of_partition.push(record(topic, partition, offset, message.key(), value));
                } else {
                    open.retain(|p| *p != partition);
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => open.retain(|p| *p != partition),
            Some(Err(error)) => return Err(error).with_context(|| format!("reading {topic}")),
            None => ensure!(last.elapsed() < PATIENCE, "{topic} cannot be read"),
        }
    }
    Ok(records)
}
