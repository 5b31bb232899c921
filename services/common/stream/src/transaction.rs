//! One window's transaction: begin, outputs, changelog, offsets, commit.
//!
//! The transaction is open only for as long as it takes to hand the records to Kafka. Offsets go with
//! freshly read group metadata for every partition of the window, also those without input, so that a
//! worker that lost a partition cannot commit for it.

use crate::clients::Output;
use crate::config::{COMMIT_DEADLINE, PRODUCE_DEADLINE};
use crate::failpoint::{self, Then};
use crate::member::Member;
use crate::native;
use crate::outcome::{Outcome, Verdict, sort};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// Longest single wait inside a librdkafka call; between two its event queue is served.
const WAIT: Duration = Duration::from_millis(100);

/// One record to be produced, addressed.
pub(crate) struct Addressed<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
}

/// Why an open transaction cannot be committed.
enum Failure {
    Abort(String),
    Fatal(String),
}

/// Writes `records` and commits `offsets` (topic, partition, next offset), all or nothing.
pub(crate) fn run<'a>(
    producer: &Output,
    group: &Member,
    records: impl Iterator<Item = Addressed<'a>>,
    offsets: &[(&str, i32, i64)],
) -> Outcome {
    if let Err(error) = producer.begin_transaction() {
        return Outcome::Fenced(format!("a transaction cannot begin: {error}"));
    }
    failpoint::hit(failpoint::AFTER_BEGIN);
    let deadline = Instant::now() + PRODUCE_DEADLINE;
    let prepared = produce(producer, records, deadline)
        .and_then(|()| send_offsets(producer, group, offsets, deadline))
        .and_then(|()| flush(producer, deadline));
    match prepared {
        Ok(()) => match failpoint::hit(failpoint::BEFORE_COMMIT) {
            Then::GoOn => commit(producer),
            Then::LoseAnswer => Outcome::Indeterminate("fail-point: not sent".into()),
            Then::Refuse => abort(producer, "fail-point: refused".into()),
        },
        Err(Failure::Fatal(why)) => Outcome::Fenced(why),
        Err(Failure::Abort(why)) => abort(producer, why),
    }
}

fn produce<'a>(
    producer: &Output,
    records: impl Iterator<Item = Addressed<'a>>,
    deadline: Instant,
) -> Result<(), Failure> {
    for record in records {
        repeat("produce", producer, deadline, || {
            let mut message =
                BaseRecord::<[u8], [u8]>::to(record.topic).partition(record.partition);
            message.key = record.key;
            message.payload = record.value;
            producer.send(message).map_err(|(error, _)| error)
        })?;
    }
    Ok(())
}

fn send_offsets(
    producer: &Output,
    group: &Member,
    offsets: &[(&str, i32, i64)],
    deadline: Instant,
) -> Result<(), Failure> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (topic, partition, next) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*next))
            .map_err(|error| Failure::Abort(error.to_string()))?;
    }
    let metadata = group
        .group_metadata()
        .ok_or_else(|| Failure::Abort("the consumer has no group".into()))?;
    repeat("send offsets", producer, deadline, || {
        // Not resumable: a time-out loses the transaction, so the call gets all the time there is.
        let left = deadline.saturating_duration_since(Instant::now());
        producer.send_offsets_to_transaction(&list, &metadata, left)
    })
}

fn flush(producer: &Output, deadline: Instant) -> Result<(), Failure> {
    repeat("flush", producer, deadline, || {
        native::flush(producer, WAIT)
    })
}

/// Repeats a call as long as its error may pass, up to the deadline.
fn repeat(
    what: &str,
    producer: &Output,
    deadline: Instant,
    mut call: impl FnMut() -> Result<(), KafkaError>,
) -> Result<(), Failure> {
    loop {
        let Err(error) = call() else {
            return Ok(());
        };
        match sort(&error) {
            Verdict::Retry if Instant::now() < deadline => {
                producer.poll(Duration::ZERO);
                if matches!(error, KafkaError::MessageProduction(_)) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            Verdict::Retry => return Err(Failure::Abort(format!("{what}: not in time: {error}"))),
            Verdict::Abort => return Err(Failure::Abort(format!("{what}: {error}"))),
            Verdict::Fatal => return Err(Failure::Fatal(format!("{what}: {error}"))),
        }
    }
}

fn commit(producer: &Output) -> Outcome {
    let deadline = Instant::now() + COMMIT_DEADLINE;
    loop {
        let Err(error) = producer.commit_transaction(Duration::from_secs(2)) else {
            return match failpoint::hit(failpoint::AFTER_COMMIT) {
                Then::LoseAnswer => Outcome::Indeterminate("fail-point: not answered".into()),
                Then::GoOn | Then::Refuse => Outcome::Committed,
            };
        };
        match sort(&error) {
            Verdict::Retry if Instant::now() < deadline => producer.poll(Duration::ZERO),
            Verdict::Retry => return Outcome::Indeterminate(format!("commit: {error}")),
            Verdict::Abort => return abort(producer, format!("commit: {error}")),
            Verdict::Fatal => return Outcome::Fenced(format!("commit: {error}")),
        }
    }
}

/// Gives an open transaction up. Served in short steps: the delivery reports of purged messages have
/// to be taken from the event queue before librdkafka lets go.
fn abort(producer: &Output, why: String) -> Outcome {
    let deadline = Instant::now() + COMMIT_DEADLINE;
    loop {
        let Err(error) = producer.abort_transaction(WAIT) else {
            return Outcome::Aborted(why);
        };
        match sort(&error) {
            Verdict::Retry if Instant::now() < deadline => producer.poll(Duration::ZERO),
            Verdict::Retry => return Outcome::Indeterminate(format!("{why}; abort: {error}")),
            Verdict::Abort | Verdict::Fatal => {
                return Outcome::Fenced(format!("{why}; abort: {error}"));
            }
        }
    }
}
