//! Follows `capture-jobs` and `rejected-events`, so that any instance answers for any job.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use serialtrail_records::{CaptureJob, Codec, DecodeError, RejectedEvent};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka::FollowContext;
use serialtrail_runtime::topics::{CAPTURE_JOBS, REJECTED_EVENTS};
use serialtrail_runtime::{Shutdown, kafka};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::jobs::Jobs;
use crate::transaction::Counts;

const RPC_TIMEOUT: Duration = Duration::from_secs(10);

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Job records.
    Jobs,
    /// Rejections of later stages.
    Rejections,
}

impl Followed {
    fn topic(self) -> &'static str {
        match self {
            Self::Jobs => CAPTURE_JOBS,
            Self::Rejections => REJECTED_EVENTS,
        }
    }

    /// Offsets of each partition read back at start.
    fn back(self) -> i64 {
        match self {
            Self::Jobs => 20_000,
            Self::Rejections => 2_000,
        }
    }

    fn take(self, codec: &Codec, jobs: &Jobs, value: &[u8]) -> Result<(), DecodeError> {
        match self {
            Self::Jobs => codec.decode::<CaptureJob>(value).map(|job| jobs.put(job)),
            Self::Rejections => codec
                .decode::<RejectedEvent>(value)
                .map(|row| jobs.rejected(row)),
        }
    }
}

/// One background reader of one topic.
pub struct Follower {
    followed: Followed,
    consumer: BaseConsumer<FollowContext>,
    codec: Arc<Codec>,
    jobs: Arc<Jobs>,
    /// Partitions whose end has not been reached since the start.
    behind: HashSet<i32>,
    caught_up: Arc<AtomicBool>,
}

impl Follower {
    /// Begins at the last records of each partition. `caught_up` is set once the end of each was
    /// reached.
    ///
    /// # Errors
    /// Kafka did not answer.
    pub fn new(
        followed: Followed,
        settings: &KafkaSettings,
        counts: &Counts,
        codec: Arc<Codec>,
        jobs: Arc<Jobs>,
        caught_up: Arc<AtomicBool>,
    ) -> anyhow::Result<Self> {
        let mut config = kafka::client_config(settings);
        let consumer: BaseConsumer<_> = config
            .set("group.id", "gateway-jobs")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest")
            .set("fetch.queue.backoff.ms", "5")
            .create_with_context(FollowContext)?;
        let topic = followed.topic();
        let mut list = TopicPartitionList::new();
        for partition in 0..counts.of(topic) {
            let (low, high) = consumer.fetch_watermarks(topic, partition, RPC_TIMEOUT)?;
            let from = Offset::Offset((high - followed.back()).max(low));
            list.add_partition_offset(topic, partition, from)?;
        }
        consumer.assign(&list)?;
        let behind = (0..counts.of(topic)).collect();
        Ok(Self {
            followed,
            consumer,
            codec,
            jobs,
            behind,
            caught_up,
        })
    }

    /// Reads until shutdown.
    ///
    /// # Errors
    /// The consumer is lost for good.
    pub fn run(mut self, shutdown: &Shutdown) -> anyhow::Result<()> {
        while !shutdown.is_triggered() {
            match self.consumer.poll(Duration::from_millis(200)) {
                None => {}
                Some(Ok(message)) => {
                    let value = message.payload().unwrap_or_default();
                    if let Err(error) = self.followed.take(&self.codec, &self.jobs, value) {
                        let (partition, offset) = (message.partition(), message.offset());
                        let topic = self.followed.topic();
                        tracing::warn!(%error, topic, partition, offset, "not one of ours");
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.behind.remove(&partition);
                    if self.behind.is_empty() {
                        self.caught_up.store(true, Ordering::Release);
                    }
                }
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                    return Err(error.into());
                }
                Some(Err(error)) => tracing::warn!(%error, "following the jobs"),
            }
        }
        Ok(())
    }
}
