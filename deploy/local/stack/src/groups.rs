//! How far every consumer group has come: its committed offsets against the ends of its topics.
//!
//! The end is the last stable offset. Markers of transactions take offsets too and are never consumed,
//! so a distance between the two is only a lag where a record lies in it: that is looked up by reading.

use anyhow::Context;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde::Serialize;
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{kafka, topics};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before a partition without a leader is asked again.
const WITHOUT_LEADER: Duration = Duration::from_millis(100);

/// Stands for every partner's own topic, those of rejects not among them.
const PARTNERS: &str = "partner.*";

/// A consumer group of Serialtrail and the topics it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: Cow<'static, str>,
    /// Topics it reads.
    pub topics: &'static [&'static str],
}

/// Every consumer group the result depends on.
pub const GROUPS: &[Group] = &[
    Group {
        name: Cow::Borrowed("gateway-intake"),
        topics: &[PARTNERS],
    },
    Group {
        name: Cow::Borrowed("gateway-rejects"),
        topics: &[topics::REJECTED_EVENTS],
    },
    Group {
        name: Cow::Borrowed("dispatcher"),
        topics: &[topics::EPCIS_EVENTS],
    },
    Group {
        name: Cow::Borrowed("dispatcher-registry"),
        topics: &[topics::REGISTRY_LOADS],
    },
    Group {
        name: Cow::Borrowed("enricher"),
        topics: &[topics::UNIT_INBOX],
    },
    Group {
        name: Cow::Borrowed("detector"),
        topics: &[topics::ENRICHED],
    },
    Group {
        name: Cow::Borrowed("sink"),
        topics: &[
            topics::EPCIS_EVENTS,
            topics::ENRICHED,
            topics::ALERTS,
            topics::SERIAL_REGISTRY,
            topics::REJECTED_EVENTS,
            topics::REFERENCE_DATA,
        ],
    },
];

/// What the names of the notifier's groups begin with: each receiver has one of its own.
const NOTIFIER: &str = "notifier-";

/// Where a group stands in one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Offset the group goes on from; `None` where it never committed.
    pub committed: Option<i64>,
    /// Last stable offset.
    pub end: i64,
    /// Offsets between the two where a record lies in them, else 0.
    pub lag: i64,
    /// Whether the commit announces an insert that is not yet acknowledged.
    pub intent: bool,
}

/// Every group's position in every partition it reads, and the partitions with an open transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Positions {
    /// Positions in the order of the groups.
    pub positions: Vec<Position>,
    /// `topic/partition` where something is written but not committed.
    pub open_transactions: Vec<String>,
}

impl Positions {
    /// Records each of `groups` has still to read.
    #[must_use]
    pub fn lag_by_group(&self, groups: &[Group]) -> Vec<(String, i64)> {
        let lag = |group: &Group| -> i64 {
            let of_group = self.positions.iter().filter(|p| p.group == group.name);
            of_group.map(|position| position.lag).sum()
        };
        groups
            .iter()
            .map(|group| (group.name.to_string(), lag(group)))
            .collect()
    }
}

type Partition = (String, i32);

/// The end of a partition is what is looked for here, not an error to log.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "while reading positions");
    }
}

impl ConsumerContext for Quiet {}

/// The groups of the notifier's receivers, by name; empty where it never ran.
///
/// # Errors
/// Kafka does not answer.
pub fn of_notifier(settings: &KafkaSettings) -> anyhow::Result<Vec<Group>> {
    let client = client(settings, "serialtrail-status", "read_committed")?;
    let list = client
        .fetch_group_list(None, TIMEOUT)
        .with_context(|| format!("Kafka at {} names no groups", settings.brokers))?;
    let names: BTreeSet<String> = list
        .groups()
        .iter()
        .map(|group| group.name().to_owned())
        .filter(|name| name.starts_with(NOTIFIER))
        .collect();
    let group = |name| Group {
        name: Cow::Owned(name),
        topics: &[topics::ALERTS],
    };
    Ok(names.into_iter().map(group).collect())
}

/// Reads the positions of `groups`.
///
/// # Errors
/// Kafka does not answer.
pub fn positions(settings: &KafkaSettings, groups: &[Group]) -> anyhow::Result<Positions> {
    let stable = client(settings, "serialtrail-status", "read_committed")?;
    let uncommitted = client(settings, "serialtrail-status", "read_uncommitted")?;
    let metadata = stable
        .fetch_metadata(None, TIMEOUT)
        .with_context(|| format!("Kafka at {} does not answer", settings.brokers))?;
    let counts: BTreeMap<&str, usize> = metadata
        .topics()
        .iter()
        .map(|topic| (topic.name(), topic.partitions().len()))
        .collect();
    let mut ends: BTreeMap<Partition, (i64, i64)> = BTreeMap::new();
    let mut found = Positions::default();
    let read: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| topics_of(group, &counts))
        .collect();
    for (topic, partition) in read.iter().flat_map(|topic| partitions(topic, &counts)) {
        let (low, end) = watermarks(&stable, &topic, partition)?;
        let (_, high) = watermarks(&uncommitted, &topic, partition)?;
        if high > end {
            found.open_transactions.push(format!("{topic}/{partition}"));
        }
        ends.insert((topic, partition), (low, end));
    }
    for group in groups {
        found
            .positions
            .extend(of_group(settings, group, &counts, &ends)?);
    }
    Ok(found)
}

/// First offset and end of a partition. One that was made a moment ago may have no leader yet.
fn watermarks(
    client: &BaseConsumer<Quiet>,
    topic: &str,
    partition: i32,
) -> anyhow::Result<(i64, i64)> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match client.fetch_watermarks(topic, partition, TIMEOUT) {
            Err(error) if has_no_leader(&error) && Instant::now() < deadline => {
                std::thread::sleep(WITHOUT_LEADER);
            }
            answer => {
                return answer
                    .with_context(|| format!("the ends of {topic}/{partition} cannot be read"));
            }
        }
    }
}

fn has_no_leader(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}

fn of_group(
    settings: &KafkaSettings,
    group: &Group,
    counts: &BTreeMap<&str, usize>,
    ends: &BTreeMap<Partition, (i64, i64)>,
) -> anyhow::Result<Vec<Position>> {
    let mut asked = TopicPartitionList::new();
    for (topic, partition) in topics_of(group, counts).flat_map(|topic| partitions(topic, counts)) {
        asked.add_partition(&topic, partition);
    }
    if asked.count() == 0 {
        return Ok(Vec::new());
    }
    let client = client(settings, &group.name, "read_committed")?;
    let committed = client
        .committed_offsets(asked, TIMEOUT)
        .with_context(|| format!("committed offsets of {} cannot be read", group.name))?;
    let mut positions = Vec::new();
    for element in committed.elements() {
        let key = (element.topic().to_owned(), element.partition());
        let Some(&(low, end)) = ends.get(&key) else {
            continue;
        };
        let offset = match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        positions.push(Position {
            group: group.name.to_string(),
            topic: key.0,
            partition: key.1,
            committed: offset,
            end,
            lag: (end - offset.unwrap_or(low).max(low)).max(0),
            intent: !element.metadata().is_empty(),
        });
    }
    drop_distances_without_records(settings, &mut positions)?;
    Ok(positions)
}

/// Sets the lag to 0 where nothing but transaction markers (or aborted records) lies between.
fn drop_distances_without_records(
    settings: &KafkaSettings,
    positions: &mut [Position],
) -> anyhow::Result<()> {
    let topics: BTreeSet<String> = positions
        .iter()
        .filter(|p| p.lag > 0)
        .map(|p| p.topic.clone())
        .collect();
    for topic in topics {
        let behind: Vec<&mut Position> = positions
            .iter_mut()
            .filter(|p| p.topic == topic && p.lag > 0)
            .collect();
        let starts: Vec<(i32, i64)> = behind
            .iter()
            .map(|p| (p.partition, p.end - p.lag))
            .collect();
        let with_records = partitions_with_records(settings, &topic, &starts)?;
        for position in behind {
            if !with_records.contains(&position.partition) {
                position.lag = 0;
            }
        }
    }
    Ok(())
}

/// Of partitions of one topic, those with a committed record at or after an offset.
fn partitions_with_records(
    settings: &KafkaSettings,
    topic: &str,
    starts: &[(i32, i64)],
) -> anyhow::Result<BTreeSet<i32>> {
    let reader = client(settings, "serialtrail-status", "read_committed")?;
    let mut assignment = TopicPartitionList::new();
    for (partition, offset) in starts {
        assignment.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    reader.assign(&assignment)?;
    let mut undecided: BTreeSet<i32> = starts.iter().map(|(partition, _)| *partition).collect();
    let mut found = BTreeSet::new();
    let deadline = Instant::now() + TIMEOUT;
    while !undecided.is_empty() {
        anyhow::ensure!(
            Instant::now() < deadline,
            "topic {topic} could not be read in {TIMEOUT:?}"
        );
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                undecided.remove(&message.partition());
                found.insert(message.partition());
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                undecided.remove(&partition);
            }
            // A broker that just started may answer late; the deadline decides.
            Some(Err(error)) => tracing::debug!(%error, topic, "while looking for records"),
            None => {}
        }
    }
    Ok(found)
}

fn client(
    settings: &KafkaSettings,
    group: &str,
    isolation: &str,
) -> anyhow::Result<BaseConsumer<Quiet>> {
    let mut config = kafka::client_config(settings);
    config
        .set("group.id", group)
        .set("isolation.level", isolation)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        // An empty answer comes at once: it is what says that there is nothing.
        .set("fetch.wait.max.ms", "10")
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "1024");
    Ok(config.create_with_context(Quiet)?)
}

fn topics_of<'a>(
    group: &'a Group,
    counts: &'a BTreeMap<&str, usize>,
) -> impl Iterator<Item = &'a str> {
    let matches = |name: &&str| {
        group.topics.iter().any(|topic| match *topic {
            PARTNERS => topics::partner_of(name).is_some(),
            topic => *name == topic,
        })
    };
    counts.keys().copied().filter(matches)
}

fn partitions(topic: &str, counts: &BTreeMap<&str, usize>) -> Vec<Partition> {
    let count = counts
        .get(topic)
        .and_then(|count| i32::try_from(*count).ok())
        .unwrap_or(0);
    (0..count)
        .map(|partition| (topic.to_owned(), partition))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_reads_its_topics_and_every_partners_own() {
        let counts = BTreeMap::from([
            ("alerts", 8),
            ("partner.acme", 2),
            ("partner.acme.rejects", 2),
            ("partner.b", 2),
            ("rejected-events", 8),
            ("x", 1),
        ]);
        let topics = |name: &str| -> Vec<&str> {
            let group = GROUPS.iter().find(|group| group.name == name).unwrap();
            topics_of(group, &counts).collect()
        };
        assert_eq!(topics("gateway-intake"), ["partner.acme", "partner.b"]);
        assert_eq!(topics("gateway-rejects"), ["rejected-events"]);
        assert_eq!(topics("sink"), ["alerts", "rejected-events"]);
        assert_eq!(partitions("partner.b", &counts).len(), 2);
        assert!(partitions("unknown", &counts).is_empty());
    }

    #[test]
    fn a_partition_made_a_moment_ago_is_asked_again_and_nothing_else_is() {
        use RDKafkaErrorCode as Code;
        let fails = |code| has_no_leader(&KafkaError::MetadataFetch(code));
        assert!(fails(Code::NotLeaderForPartition) && fails(Code::LeaderNotAvailable));
        assert!(fails(Code::UnknownTopicOrPartition) && fails(Code::UnknownPartition));
        assert!(!fails(Code::TopicAuthorizationFailed) && !fails(Code::AllBrokersDown));
    }

    #[test]
    fn the_lag_of_a_group_is_that_of_all_its_partitions() {
        let position = |group: &str, lag| Position {
            group: String::from(group),
            topic: "t".into(),
            partition: 0,
            committed: None,
            end: 9,
            lag,
            intent: false,
        };
        let positions = Positions {
            positions: vec![
                position("sink", 2),
                position("sink", 3),
                position("enricher", 1),
            ],
            open_transactions: Vec::new(),
        };
        let lag: BTreeMap<String, i64> = positions.lag_by_group(GROUPS).into_iter().collect();
        assert_eq!((lag["sink"], lag["enricher"], lag["detector"]), (5, 1, 0));
    }
}
