//! Ending by itself: when the group has committed everything its input holds, and then has no members.

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{Shutdown, kafka};
use std::time::{Duration, Instant};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest wait for one answer.
const ASK: Duration = Duration::from_secs(10);
/// Longest wait for the group to be without members: several times a session.
const EMPTY: Duration = Duration::from_secs(60);

/// Looks at one group's progress through one topic.
pub struct Drain {
    client: BaseConsumer,
    group: String,
    input: String,
}

impl Drain {
    /// A client of its own, which joins nothing.
    ///
    /// # Errors
    /// The settings are not ones librdkafka takes.
    pub fn new(settings: &KafkaSettings, group: &str, input: &str) -> anyhow::Result<Self> {
        let mut client = kafka::client_config(settings);
        client
            .set("group.id", group)
            .set("enable.auto.commit", "false");
        Ok(Self {
            client: client.create()?,
            group: group.to_owned(),
            input: input.to_owned(),
        })
    }

    /// Triggers `shutdown` once everything the input holds now is committed; returns when it was triggered
    /// by somebody else before.
    ///
    /// # Errors
    /// The input's ends are not known.
    pub fn end(&self, shutdown: &Shutdown) -> anyhow::Result<()> {
        let metadata = self.client.fetch_metadata(Some(&self.input), ASK)?;
        let topic = metadata.topics().first().context("no such topic")?;
        let mut asked = TopicPartitionList::new();
        let mut end = 0;
        for partition in topic.partitions() {
            asked.add_partition(&self.input, partition.id());
            end += self
                .client
                .fetch_watermarks(&self.input, partition.id(), ASK)?
                .1;
        }
        while !shutdown.is_triggered() {
            std::thread::sleep(PAUSE);
            // While a transaction with offsets is open there is no answer: asked again.
            let Ok(committed) = self.client.committed_offsets(asked.clone(), ASK) else {
                continue;
            };
            let offsets = committed.elements().into_iter().map(|e| match e.offset() {
                Offset::Offset(offset) => offset,
                _ => 0,
            });
            if offsets.sum::<i64>() >= end {
                shutdown.trigger();
            }
        }
        Ok(())
    }

    /// Waits until the group has no members. A member that comes back within its session keeps the
    /// partitions it had, also when it asks for another topic.
    ///
    /// # Errors
    /// There still are some after a minute.
    pub fn until_empty(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let groups = self.client.fetch_group_list(Some(&self.group), ASK)?;
            if groups
                .groups()
                .iter()
                .all(|group| group.members().is_empty())
            {
                return Ok(());
            }
            anyhow::ensure!(
                began.elapsed() < EMPTY,
                "group {} still has members",
                self.group
            );
            std::thread::sleep(PAUSE);
        }
    }
}
