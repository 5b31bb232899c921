//! The member of group `sink`: its settings, and what its callbacks note.

use crate::rows::TOPICS;
use crate::worker::Identity;
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The consumer group.
pub(crate) const GROUP: &str = "sink";

/// Topic and partition.
pub(crate) type Address = (String, i32);

/// A change of this member's partitions.
#[derive(Debug)]
pub(crate) enum Change {
    Assigned(Vec<Address>),
    Revoked(Vec<Address>),
}

/// Where a partition ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// Last stable offset.
    pub(crate) offset: i64,
    /// Every record before it has been handed over. Behind the last one only control records may
    /// stand: that is no lag.
    pub(crate) reached: bool,
}

/// Callbacks run inside `poll`, on the worker's thread: they note, the worker acts after `poll`.
#[derive(Debug, Default)]
pub(crate) struct Context {
    changes: Mutex<Vec<Change>>,
    ends: Mutex<HashMap<Address, End>>,
}

impl Context {
    /// Changes since the last call, oldest first.
    pub(crate) fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends of partitions, if statistics came since the last call.
    pub(crate) fn take_ends(&self) -> HashMap<Address, End> {
        std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, change: Change) {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(change);
    }
}

impl ClientContext for Context {
    fn stats(&self, statistics: Statistics) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        for (topic, statistics) in statistics.topics {
            for (partition, statistics) in statistics.partitions {
                if statistics.desired && statistics.ls_offset >= 0 {
                    let offset = statistics.ls_offset;
                    let reached = statistics.eof_offset >= offset && statistics.fetchq_cnt == 0;
                    ends.insert((topic.clone(), partition), End { offset, reached });
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "consumer");
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.note(Change::Revoked(addresses(list)));
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                // A partition paused when it was revoked would still be paused.
                if let Err(error) = consumer.resume(list) {
                    tracing::error!(%error, "new partitions cannot be resumed");
                }
                self.note(Change::Assigned(addresses(list)));
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "rebalance"),
        }
    }
}

fn addresses(list: &TopicPartitionList) -> Vec<Address> {
    let elements = list.elements();
    elements
        .iter()
        .map(|e| (e.topic().to_owned(), e.partition()))
        .collect()
}

/// Joins the group as `sink-<slot>`.
pub(crate) fn join(
    settings: &KafkaSettings,
    identity: &Identity,
) -> anyhow::Result<BaseConsumer<Context>> {
    let Identity { slot, prefix } = identity;
    let group = format!("{prefix}{GROUP}");
    let instance = format!("{group}-{slot}");
    let mut client = kafka::client_config(settings);
    client
        .set("client.id", &instance)
        .set("group.id", &group)
        .set("group.instance.id", &instance)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "2000")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.error.backoff.ms", "100")
        .set("topic.metadata.refresh.interval.ms", "30000")
        .set("statistics.interval.ms", "1000");
    let consumer: BaseConsumer<Context> = client.create_with_context(Context::default())?;
    let topics: Vec<_> = TOPICS
        .iter()
        .map(|topic| format!("{prefix}{topic}"))
        .collect();
    consumer.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
    Ok(consumer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Message;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Polls until the group gave or took partitions.
    fn changed(consumer: &BaseConsumer<Context>) -> Vec<Change> {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "the group does nothing");
            assert!(
                !matches!(consumer.poll(Duration::from_millis(50)), Some(Ok(_))),
                "nothing was written yet"
            );
            let changes = consumer.context().take_changes();
            if !changes.is_empty() {
                return changes;
            }
        }
    }

    #[test]
    fn a_partition_that_was_paused_when_it_went_is_read_when_it_comes_back() {
        let cluster = MockCluster::new(1).unwrap();
        for topic in TOPICS {
            cluster.create_topic(topic, 1, 1).unwrap();
        }
        let settings = KafkaSettings {
            brokers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        let identity = Identity {
            slot: 0,
            prefix: String::new(),
        };
        let consumer = join(&settings, &identity).unwrap();
        let given = changed(&consumer);
        assert!(
            matches!(given.as_slice(), [Change::Assigned(all)] if all.len() == TOPICS.len()),
            "{given:?}"
        );
        let mut list = TopicPartitionList::new();
        list.add_partition("alerts", 0);
        consumer.pause(&list).unwrap();
        consumer.unsubscribe();
        changed(&consumer);
        consumer.subscribe(TOPICS).unwrap();
        changed(&consumer);
        let producer: BaseProducer = kafka::client_config(&settings).create().unwrap();
        let record = BaseRecord::<(), _>::to("alerts").payload("an alert");
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(PATIENCE).unwrap();
        let begun = Instant::now();
        let found = loop {
            assert!(begun.elapsed() < PATIENCE, "it is not read");
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) {
                break message.payload().map(<[u8]>::to_vec);
            }
        };
        assert_eq!(found.as_deref(), Some(&b"an alert"[..]));
    }
}
