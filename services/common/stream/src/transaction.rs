//! One window's transaction: begin, outputs, changelog, offsets, commit.
//!
//! The transaction is open only for as long as it takes to hand the records to Kafka. Offsets go with
//! freshly read group metadata for every partition of the window, also those without input, so that a
//! worker that lost a partition cannot commit for it.

use crate::clients::{Output, OutputContext};
use crate::config::{COMMIT_DEADLINE, PRODUCE_DEADLINE};
use crate::failpoint::{self, Then};
use crate::member::Member;
use crate::native::{self, Destination};
use crate::outcome::{Outcome, Verdict, sort};
use crate::outputs::Group;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest single wait inside a librdkafka call; between two its event queue is served.
const WAIT: Duration = Duration::from_millis(100);

/// Records handed to librdkafka by one call.
const AT_ONCE: usize = 256;

/// The transactional producer, and the topics it has written to.
pub(crate) struct Writer {
    destinations: HashMap<String, Destination<OutputContext>>,
    producer: Arc<Output>,
}

impl Writer {
    pub(crate) fn new(producer: Output) -> Self {
        Self {
            destinations: HashMap::new(),
            producer: Arc::new(producer),
        }
    }

    fn destination(&mut self, topic: &str) -> Result<&Destination<OutputContext>, Failure> {
        if !self.destinations.contains_key(topic) {
            let new = Destination::new(&self.producer, topic)
                .map_err(|error| Failure::Fatal(error.to_string()))?;
            self.destinations.insert(topic.to_owned(), new);
        }
        let lost = || Failure::Fatal(format!("{topic}: no such destination"));
        self.destinations.get(topic).ok_or_else(lost)
    }
}

/// Why an open transaction cannot be committed.
enum Failure {
    Abort(String),
    Fatal(String),
}

/// Writes `groups` of records and commits `offsets` (topic, partition, next offset), all or nothing.
pub(crate) fn run(
    writer: &mut Writer,
    group: &Member,
    groups: &[Group<'_>],
    offsets: &[(&str, i32, i64)],
) -> Outcome {
    let producer = &*Arc::clone(&writer.producer);
    if let Err(error) = producer.begin_transaction() {
        return Outcome::Fenced(format!("a transaction cannot begin: {error}"));
    }
    failpoint::hit(failpoint::AFTER_BEGIN);
    let deadline = Instant::now() + PRODUCE_DEADLINE;
    let prepared = produce(writer, groups, deadline)
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

fn produce(writer: &mut Writer, groups: &[Group<'_>], deadline: Instant) -> Result<(), Failure> {
    let producer = Arc::clone(&writer.producer);
    for group in groups {
        let destination = writer.destination(group.topic)?;
        for records in group.records.chunks(AT_ONCE) {
            let mut done = 0;
            repeat("produce", &producer, deadline, || {
                let (taken, result) = destination.produce(group.partition, &records[done..]);
                done += taken;
                result
            })?;
        }
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
