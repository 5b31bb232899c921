//! The member of group `notifier-<receiver>`: its settings, and what its callbacks note.

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A change of this member's partitions.
#[derive(Debug)]
pub(crate) enum Change {
    Assigned(Vec<i32>),
    Revoked(Vec<i32>),
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
    ends: Mutex<HashMap<i32, End>>,
}

impl Context {
    /// Changes since the last call, oldest first.
    pub(crate) fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends of partitions, if statistics came since the last call.
    pub(crate) fn take_ends(&self) -> HashMap<i32, End> {
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
        // One topic only.
        for statistics in statistics.topics.into_values() {
            for (partition, statistics) in statistics.partitions {
                if statistics.desired && statistics.ls_offset >= 0 {
                    let offset = statistics.ls_offset;
                    let reached = statistics.eof_offset >= offset && statistics.fetchq_cnt == 0;
                    ends.insert(partition, End { offset, reached });
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // rdkafka hands over every end of a partition as one.
        if error != KafkaError::Global(RDKafkaErrorCode::PartitionEOF) {
            tracing::warn!(%error, reason, "consumer");
        }
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.note(Change::Revoked(partitions(list)));
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                // A partition paused when it was revoked would still be paused.
                if let Err(error) = consumer.resume(list) {
                    tracing::error!(%error, "new partitions cannot be resumed");
                }
                self.note(Change::Assigned(partitions(list)));
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "rebalance"),
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    list.elements().iter().map(|e| e.partition()).collect()
}

/// Joins `group` as its instance `slot`, reading `topic`.
pub(crate) fn join(
    settings: &KafkaSettings,
    group: &str,
    slot: u32,
    topic: &str,
) -> anyhow::Result<BaseConsumer<Context>> {
    let instance = format!("{group}-{slot}");
    let mut client = kafka::client_config(settings);
    client
        .set("client.id", &instance)
        .set("group.id", group)
        .set("group.instance.id", &instance)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "2000")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("queued.max.messages.kbytes", "4096")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.error.backoff.ms", "100")
        .set("fetch.wait.max.ms", "100")
        .set("topic.metadata.refresh.interval.ms", "30000")
        .set("statistics.interval.ms", "1000");
    let consumer: BaseConsumer<Context> = client.create_with_context(Context::default())?;
    consumer.subscribe(&[topic])?;
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
        cluster.create_topic("alerts", 1, 1).unwrap();
        let settings = KafkaSettings {
            brokers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        let consumer = join(&settings, "notifier-hook", 0, "alerts").unwrap();
        let given = changed(&consumer);
        assert!(
            matches!(given.as_slice(), [Change::Assigned(p)] if p == &[0]),
            "{given:?}"
        );
        let mut list = TopicPartitionList::new();
        list.add_partition("alerts", 0);
        consumer.pause(&list).unwrap();
        consumer.unsubscribe();
        changed(&consumer);
        consumer.subscribe(&["alerts"]).unwrap();
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
