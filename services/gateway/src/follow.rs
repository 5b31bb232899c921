//! Follows `capture-jobs` and `rejected-events`, so that any instance answers for any job and none holds
//! an event against its sender that a later stage refused.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use serialtrail_records::{CaptureJob, Codec, DecodeError, RejectedEvent};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka::FollowContext;
use serialtrail_runtime::topics::{CAPTURE_JOBS, REJECTED_EVENTS};
use serialtrail_runtime::{Shutdown, kafka};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::jobs::Jobs;
use crate::known::Known;
use crate::rejected::EVENT_ID_CONFLICT;
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

    fn take(self, codec: &Codec, told: &Told, value: &[u8]) -> Result<(), DecodeError> {
        match self {
            Self::Jobs => codec
                .decode::<CaptureJob>(value)
                .map(|job| told.jobs.put(job)),
            Self::Rejections => codec
                .decode::<RejectedEvent>(value)
                .map(|row| told.rejected(row)),
        }
    }
}

/// What hears of the records.
#[derive(Clone)]
pub struct Told {
    /// The jobs known.
    pub jobs: Arc<Jobs>,
    /// What was captured lately.
    pub known: Arc<Mutex<Known>>,
}

impl Told {
    /// Of a conflict the standing event stays known; an event refused for another reason does not stand.
    fn rejected(&self, row: RejectedEvent) {
        if row.stage != "gateway"
            && row.reason != EVENT_ID_CONFLICT
            && let Some(event_id) = &row.event_id
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.refused(event_id);
        }
        self.jobs.rejected(row);
    }
}

/// One background reader of one topic.
pub struct Follower {
    followed: Followed,
    consumer: BaseConsumer<FollowContext>,
    codec: Arc<Codec>,
    told: Told,
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
        told: Told,
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
            told,
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
                    if let Err(error) = self.followed.take(&self.codec, &self.told, value) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::Identity;

    #[test]
    fn an_event_refused_later_is_forgotten_unless_another_stands_in_its_place() {
        let event = |content_hash: &str, record_time| Identity {
            event_id: "e1".into(),
            content_hash: content_hash.into(),
            record_time,
            declaration: false,
        };
        for (stage, reason, forgotten) in [
            ("dispatcher", "event_body_too_large", true),
            ("dispatcher", "event_id_conflict", false),
            ("gateway", "event_id_conflict", false),
        ] {
            let told = Told {
                jobs: Arc::new(Jobs::new(10)),
                known: Arc::new(Mutex::new(Known::new(10))),
            };
            told.known.lock().unwrap().captured(&event("h1", 1));
            told.rejected(RejectedEvent {
                stage: stage.into(),
                reason: reason.into(),
                event_id: Some("e1".into()),
                ..RejectedEvent::default()
            });
            let conflict = told.known.lock().unwrap().loses(&event("h2", 2));
            assert_eq!(conflict, !forgotten, "{stage} {reason}");
        }
    }
}
