//! Marks: how far record time has come, written to every partition the dispatcher reads.

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use serialtrail_records::{Codec, EventMessage, Mark, Micros};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka::{self, FollowContext};
use serialtrail_runtime::topics::{EPCIS_EVENTS, REGISTRY_LOADS};
use std::time::{Duration, Instant};

use crate::transaction::{Counts, Outgoing};

const RPC_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest search for the last mark of an earlier run.
const SEARCH: Duration = Duration::from_secs(30);
/// Records looked at first, from the end; ten times as many when there is no mark among them.
const FIRST_LOOK: i64 = 500;

/// One mark for every partition of `epcis-events` and `registry-loads`.
///
/// # Errors
/// A mark cannot be encoded: a defect of this build.
pub fn everywhere(counts: &Counts, codec: &Codec, time: Micros) -> anyhow::Result<Vec<Outgoing>> {
    let topics = [EPCIS_EVENTS, REGISTRY_LOADS];
    let sources = topics.iter().map(|topic| counts.of(topic)).sum();
    let mut marks = Vec::new();
    for topic in topics {
        for partition in 0..counts.of(topic) {
            let mark = Mark {
                source: format!("{topic}/{partition}"),
                sources,
                time,
            };
            marks.push(Outgoing {
                topic,
                partition,
                key: None,
                value: codec.encode(&mark)?,
            });
        }
    }
    Ok(marks)
}

/// The highest mark an earlier run left, read backwards from the end of `epcis-events`/0: every mark
/// goes to every partition. `None` when there is none.
///
/// # Errors
/// Kafka did not answer.
pub fn last(settings: &KafkaSettings, codec: &Codec) -> anyhow::Result<Option<Micros>> {
    let mut config = kafka::client_config(settings);
    let consumer: BaseConsumer<_> = config
        .set("group.id", "gateway-last-mark")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create_with_context(FollowContext)?;
    let (low, high) = consumer
        .fetch_watermarks(EPCIS_EVENTS, 0, RPC_TIMEOUT)
        .context("the last mark cannot be read")?;
    let deadline = Instant::now() + SEARCH;
    let mut look = FIRST_LOOK;
    let mut end = high;
    while end > low {
        let start = (high - look).max(low);
        if let Some(mark) = highest(&consumer, codec, start, end, deadline)? {
            return Ok(Some(mark));
        }
        end = start;
        look = look.saturating_mul(10);
    }
    Ok(None)
}

/// The highest mark among the records of [start, end).
fn highest(
    consumer: &BaseConsumer<FollowContext>,
    codec: &Codec,
    start: i64,
    end: i64,
    deadline: Instant,
) -> anyhow::Result<Option<Micros>> {
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(EPCIS_EVENTS, 0, Offset::Offset(start))?;
    consumer.assign(&from)?;
    let mut found: Option<Micros> = None;
    loop {
        anyhow::ensure!(
            Instant::now() < deadline,
            "the last mark was not found in {SEARCH:?}"
        );
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.offset() >= end => return Ok(found),
            Some(Ok(message)) => {
                let mark = message
                    .payload()
                    .map(|value| EventMessage::decode(codec, value));
                if let Some(Ok(EventMessage::Mark(mark))) = mark {
                    found = found.max(Some(mark.time));
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(found),
            Some(Err(error)) => tracing::warn!(%error, "reading the last mark"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_mark_names_its_source_and_how_many_there_are() {
        let codec = Codec::offline().unwrap();
        let marks = everywhere(&Counts::all(8), &codec, 7).unwrap();
        let mut sources = HashSet::new();
        for mark in &marks {
            let decoded: Mark = codec.decode(&mark.value).unwrap();
            assert_eq!((decoded.sources, decoded.time), (16, 7));
            assert_eq!(decoded.source, format!("{}/{}", mark.topic, mark.partition));
            assert_eq!(mark.key, None);
            sources.insert(decoded.source);
        }
        assert_eq!((marks.len(), sources.len()), (16, 16));
    }
}
