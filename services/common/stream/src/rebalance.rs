//! What the group consumer's callbacks do: accept the assignment, note it, nothing else.
//!
//! Callbacks run inside `poll`, on the worker's thread. New partitions of a stateful stage are paused at
//! once; restoring them, and dropping what was gathered of revoked ones, is the worker's work after
//! `poll` returned.

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A change of this worker's partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Assigned(Vec<(String, i32)>),
    Revoked(Vec<(String, i32)>),
    Failed(String),
}

/// Context of the group consumer.
#[derive(Debug)]
pub(crate) struct GroupContext {
    /// Whether new partitions wait for their state.
    pause_new: bool,
    changes: Mutex<Vec<Change>>,
    /// Last stable offset of each partition as of librdkafka's last statistics.
    ends: Mutex<HashMap<(String, i32), i64>>,
}

impl GroupContext {
    pub(crate) fn new(pause_new: bool) -> Self {
        Self {
            pause_new,
            changes: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Changes since the last call, oldest first.
    pub(crate) fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends of partitions, if statistics came since the last call.
    pub(crate) fn take_ends(&self) -> HashMap<(String, i32), i64> {
        std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, change: Change) {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(change);
    }
}

impl ClientContext for GroupContext {
    fn stats(&self, statistics: Statistics) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        for (topic, statistics) in statistics.topics {
            for (partition, statistics) in statistics.partitions {
                if statistics.desired && statistics.ls_offset >= 0 {
                    ends.insert((topic.clone(), partition), statistics.ls_offset);
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_consumer_error(&error, reason);
    }
}

impl ConsumerContext for GroupContext {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.note(Change::Revoked(partitions(list)));
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                // A partition paused when it was revoked would still be paused.
                let set = match self.pause_new {
                    true => consumer.pause(list),
                    false => consumer.resume(list),
                };
                if let Err(error) = set {
                    let why = format!("cannot pause or resume new partitions: {error}");
                    self.note(Change::Failed(why));
                }
                self.note(Change::Assigned(partitions(list)));
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => self.note(Change::Failed(error.to_string())),
        }
    }
}

/// Context of a consumer that is assigned by hand.
#[derive(Debug)]
pub(crate) struct AssignedContext;

impl ClientContext for AssignedContext {
    fn error(&self, error: KafkaError, reason: &str) {
        log_consumer_error(&error, reason);
    }
}

impl ConsumerContext for AssignedContext {}

/// Reaching the end of a partition is an event, not an error.
pub(crate) fn log_consumer_error(error: &KafkaError, reason: &str) {
    if !matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF)) {
        tracing::warn!(%error, reason, "consumer");
    }
}

pub(crate) fn partitions(list: &TopicPartitionList) -> Vec<(String, i32)> {
    list.elements()
        .iter()
        .map(|element| (element.topic().to_owned(), element.partition()))
        .collect()
}
