//! The member of a consumer group and what its callbacks note: for the workers of stages, and for
//! services that commit offsets by themselves, outside of transactions (the sink, the notifier).

use crate::clients;
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use serialtrail_runtime::config::KafkaSettings;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Topic and partition.
pub type Address = (String, i32);

/// A change of a member's partitions.
#[derive(Debug)]
pub enum Change {
    /// They are this member's now: paused or not, as the member asked for.
    Assigned(Vec<Address>),
    /// They are no longer.
    Revoked(Vec<Address>),
    /// The group gave none, or new ones could not be paused or resumed: why.
    Failed(String),
}

/// Where a partition ends.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// Last stable offset.
    pub offset: i64,
    /// Every record before it has been handed over. Behind the last one only control records may
    /// stand: that is no lag.
    pub reached: bool,
}

impl End {
    /// Records before it, where what is before `position` is done; `idle`: so is all that was handed over.
    #[must_use]
    pub fn lag(&self, position: i64, idle: bool) -> i64 {
        match self.reached && idle {
            true => 0,
            false => (self.offset - position).max(0),
        }
    }
}

/// A member. Its `context` tells what changed.
pub type Member = BaseConsumer<MemberContext>;

/// Callbacks run inside `poll`, on the caller's thread: they note, the caller acts after `poll`.
#[derive(Debug)]
pub struct MemberContext {
    /// Whether new partitions are not read until they are resumed: their state comes first.
    pause_new: bool,
    changed: AtomicBool,
    changes: Mutex<Vec<Change>>,
    ends: Mutex<HashMap<Address, End>>,
}

impl MemberContext {
    pub(crate) fn new(pause_new: bool) -> Self {
        Self {
            pause_new,
            changed: AtomicBool::new(false),
            changes: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Whether [`Self::take_changes`] has something to tell: to be asked after each poll.
    pub fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// Changes since the last call, oldest first.
    pub fn take_changes(&self) -> Vec<Change> {
        self.changed.store(false, Ordering::Release);
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends of partitions, if statistics came since the last call.
    pub fn take_ends(&self) -> HashMap<Address, End> {
        std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, change: Change) {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(change);
        self.changed.store(true, Ordering::Release);
    }
}

impl ClientContext for MemberContext {
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
        clients::log_consumer_error(&error, reason);
    }
}

impl ConsumerContext for MemberContext {
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

fn partitions(list: &TopicPartitionList) -> Vec<Address> {
    list.elements()
        .iter()
        .map(|element| (element.topic().to_owned(), element.partition()))
        .collect()
}

/// Joins `group` as its instance `slot`, reading `topics`. `fetching` are librdkafka's settings of how
/// much is fetched ahead: each caller's own.
///
/// # Errors
/// The settings are not ones librdkafka takes.
pub fn join(
    settings: &KafkaSettings,
    group: &str,
    slot: u32,
    topics: &[String],
    fetching: &[(&str, &str)],
) -> anyhow::Result<Member> {
    let instance = format!("{group}-{slot}");
    let mut client = clients::member_config(settings, group, &instance);
    client
        .set("topic.metadata.refresh.interval.ms", "30000")
        .set("statistics.interval.ms", "1000");
    for (name, value) in fetching {
        client.set(*name, *value);
    }
    let consumer: Member = client.create_with_context(MemberContext::new(false))?;
    consumer.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
    Ok(consumer)
}

/// What a poll gave.
#[derive(Debug)]
pub enum Polled<R> {
    /// Nothing came in time.
    Nothing,
    /// A record.
    Record(R),
    /// Something else, dealt with: there may be more.
    Other,
}

/// Polls once, waiting at most `wait`. The message borrows the consumer, so that it is copied before the
/// caller looks at what changed, which it has to do after each poll.
///
/// # Errors
/// The member cannot go on, see [`survived`].
pub fn poll<R>(
    consumer: &Member,
    group: &str,
    wait: Duration,
    copy: impl FnOnce(&BorrowedMessage<'_>) -> R,
) -> anyhow::Result<Polled<R>> {
    match consumer.poll(wait) {
        None => Ok(Polled::Nothing),
        Some(Ok(message)) => Ok(Polled::Record(copy(&message))),
        // Ends are known from the statistics: this error names no topic.
        Some(Err(KafkaError::PartitionEOF(_))) => Ok(Polled::Other),
        Some(Err(error)) => survived(consumer, group, &error).map(|()| Polled::Other),
    }
}

/// Stops fetching of `pause`, goes on with `resume`; either may be empty.
///
/// # Errors
/// librdkafka does not know one of the partitions.
pub fn pause_and_resume(
    consumer: &Member,
    pause: &TopicPartitionList,
    resume: &TopicPartitionList,
) -> anyhow::Result<()> {
    if pause.count() > 0 {
        consumer.pause(pause)?;
    }
    if resume.count() > 0 {
        consumer.resume(resume)?;
    }
    Ok(())
}

/// An error of `poll` or of a commit: logged, where the member can go on.
///
/// # Errors
/// It cannot: another process took this slot's identity, or the client failed for good.
pub fn survived(consumer: &Member, group: &str, error: &KafkaError) -> anyhow::Result<()> {
    let fatal = match consumer.client().fatal_error() {
        Some((code, reason)) => Some(format!("{code}: {reason}")),
        None if error.rdkafka_error_code() == Some(RDKafkaErrorCode::FencedInstanceId) => {
            Some(error.to_string())
        }
        None => None,
    };
    if let Some(reason) = fatal {
        anyhow::bail!("{group}: another process took this slot or the consumer failed: {reason}")
    }
    tracing::warn!(group, %error, "consumer");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Message;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    use serialtrail_runtime::kafka;
    use std::time::Instant;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Polls until the group gave or took partitions.
    fn changed(consumer: &Member) -> Vec<Change> {
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
        let topics = ["alerts", "rejected-events"];
        for topic in topics {
            cluster.create_topic(topic, 1, 1).unwrap();
        }
        let settings = KafkaSettings {
            brokers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        let fetching = [("queued.max.messages.kbytes", "4096")];
        let owned = topics.map(str::to_owned);
        let consumer = join(&settings, "notifier-hook", 0, &owned, &fetching).unwrap();
        let given = changed(&consumer);
        assert!(
            matches!(given.as_slice(), [Change::Assigned(all)] if all.len() == topics.len()),
            "{given:?}"
        );
        let mut list = TopicPartitionList::new();
        list.add_partition("alerts", 0);
        consumer.pause(&list).unwrap();
        consumer.unsubscribe();
        changed(&consumer);
        consumer.subscribe(&topics).unwrap();
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
