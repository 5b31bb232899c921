//! The declared topics: read from one file, created where missing, compared where present.

use anyhow::{Context, bail, ensure};
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use serde::{Deserialize, Serialize};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{kafka, topics};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(20);

/// The topics of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicsFile {
    /// Partitions of every topic that says `"keyed"`.
    pub keyed_partitions: i32,
    /// Copies of each partition.
    pub replication: i32,
    /// `compression.type` of every topic.
    pub compression: String,
    /// Each topic by name.
    pub topic: BTreeMap<String, Declaration>,
    /// What a partner's own topic is like.
    pub partner: Declaration,
}

/// What one topic should be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    partitions: Partitions,
    #[serde(default = "delete")]
    cleanup: String,
    retention_ms: Option<i64>,
    retention_bytes: Option<i64>,
    max_message_bytes: Option<i64>,
    max_compaction_lag_ms: Option<i64>,
    delete_retention_ms: Option<i64>,
}

fn delete() -> String {
    "delete".into()
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Partitions {
    Count(i32),
    Named(Keyed),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
enum Keyed {
    #[serde(rename = "keyed")]
    Keyed,
}

/// A topic with every setting decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Copies of each partition.
    pub replication: i32,
    /// Settings as Kafka names them.
    pub settings: BTreeMap<&'static str, String>,
}

/// Where a topic in Kafka is not as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The topic.
    pub topic: String,
    /// `partitions`, or the setting as Kafka names it.
    pub setting: String,
    /// As declared.
    pub declared: String,
    /// As Kafka has it.
    pub found: String,
}

/// What [`ensure`] did and found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Topics that were created now.
    pub created: Vec<String>,
    /// Topics that were there, as declared or not.
    pub present: Vec<String>,
    /// Topics that are missing and were only looked for.
    pub missing: Vec<String>,
    /// Where present topics differ. They are never changed: a partition count cannot be, the rest is
    /// for an operator to decide.
    pub differences: Vec<Difference>,
}

impl TopicsFile {
    /// Reads and validates a topics file.
    ///
    /// # Errors
    /// It cannot be read, or a value is not one Kafka takes.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("topics file {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("topics file {}", file.display()))
    }

    /// From TOML text.
    ///
    /// # Errors
    /// A key is unknown or a value is not one Kafka takes.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: Self = toml::from_str(text)?;
        ensure!(
            (1..=10_000).contains(&file.keyed_partitions),
            "keyed_partitions = {}: expected 1 to 10000",
            file.keyed_partitions
        );
        ensure!(
            (1..=10).contains(&file.replication),
            "replication = {}: expected 1 to 10",
            file.replication
        );
        for (name, declaration) in &file.topic {
            if let Partitions::Count(count) = declaration.partitions {
                ensure!(
                    count > 0,
                    "topic {name}: partitions = {count}: expected at least 1"
                );
            }
            let cleanup = &declaration.cleanup;
            ensure!(
                ["delete", "compact", "compact,delete"].contains(&cleanup.as_str()),
                "topic {name}: cleanup = \"{cleanup}\": expected delete, compact or compact,delete"
            );
        }
        Ok(file)
    }

    /// Every declared topic.
    #[must_use]
    pub fn all(&self) -> Vec<Topic> {
        let declared = self.topic.iter();
        declared
            .map(|(name, declaration)| self.decide(name, declaration))
            .collect()
    }

    /// A partner's topics in the order to make them: that of its rejects, declared like
    /// `rejected-events`, and its own. By this order no event is ever taken in whose rejection had
    /// nowhere to go.
    ///
    /// # Errors
    /// The party's name is not one Kafka takes, or would read as the topic of another's rejects.
    pub fn of_partner(&self, party: &str) -> anyhow::Result<[Topic; 2]> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        ensure!(
            !party.is_empty() && party.len() <= 200 && party.chars().all(plain),
            "party \"{party}\": expected 1 to 200 letters, digits, dots, dashes or underscores"
        );
        let suffix = topics::PARTNER_REJECTS_SUFFIX;
        ensure!(
            !party.ends_with(suffix),
            "party \"{party}\": a name may not end in \"{suffix}\", as the topic of a partner's rejects does"
        );
        let own = format!("{}{party}", topics::PARTNER_PREFIX);
        let rejected = self.topic.get(topics::REJECTED_EVENTS);
        let rejected = rejected.with_context(|| {
            format!(
                "the topics file does not declare {}, which a partner's rejects are kept like",
                topics::REJECTED_EVENTS
            )
        })?;
        Ok([
            self.decide(&format!("{own}{suffix}"), rejected),
            self.decide(&own, &self.partner),
        ])
    }

    fn decide(&self, name: &str, declaration: &Declaration) -> Topic {
        let mut settings = BTreeMap::from([
            ("cleanup.policy", declaration.cleanup.clone()),
            ("compression.type", self.compression.clone()),
        ]);
        let optional = [
            ("retention.ms", declaration.retention_ms),
            ("retention.bytes", declaration.retention_bytes),
            ("max.message.bytes", declaration.max_message_bytes),
            ("max.compaction.lag.ms", declaration.max_compaction_lag_ms),
            ("delete.retention.ms", declaration.delete_retention_ms),
        ];
        for (setting, value) in optional {
            if let Some(value) = value {
                settings.insert(setting, value.to_string());
            }
        }
        Topic {
            name: name.to_owned(),
            partitions: match declaration.partitions {
                Partitions::Count(count) => count,
                Partitions::Named(Keyed::Keyed) => self.keyed_partitions,
            },
            replication: self.replication,
            settings,
        }
    }
}

/// Compares `wanted` with what Kafka has; creates the missing ones unless `only_check`.
///
/// # Errors
/// Kafka does not answer, or refuses a topic.
pub fn ensure(
    settings: &KafkaSettings,
    wanted: &[Topic],
    only_check: bool,
) -> anyhow::Result<Report> {
    let admin: AdminClient<DefaultClientContext> = kafka::client_config(settings).create()?;
    let metadata = admin
        .inner()
        .fetch_metadata(None, TIMEOUT)
        .with_context(|| format!("Kafka at {} does not answer", settings.brokers))?;
    let existing: BTreeMap<&str, usize> = metadata
        .topics()
        .iter()
        .map(|topic| (topic.name(), topic.partitions().len()))
        .collect();
    let mut report = Report::default();
    let (present, missing): (Vec<&Topic>, Vec<&Topic>) = wanted
        .iter()
        .partition(|topic| existing.contains_key(topic.name.as_str()));
    report.differences = differences(&admin, &present, &existing)?;
    report.present = names(&present);
    if only_check {
        report.missing = names(&missing);
    } else {
        create(&admin, &missing)?;
        report.created = names(&missing);
    }
    Ok(report)
}

fn names(topics: &[&Topic]) -> Vec<String> {
    topics.iter().map(|topic| topic.name.clone()).collect()
}

fn create(admin: &AdminClient<DefaultClientContext>, missing: &[&Topic]) -> anyhow::Result<()> {
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|topic| {
            let replication = TopicReplication::Fixed(topic.replication);
            let new = NewTopic::new(&topic.name, topic.partitions, replication);
            let settings = topic.settings.iter();
            settings.fold(new, |new, (setting, value)| new.set(setting, value))
        })
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let options = AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT));
    for result in block_on(admin.create_topics(&new, &options))? {
        match result {
            // Another process was faster.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, error)) => bail!("topic {name} could not be created: {error}"),
        }
    }
    Ok(())
}

fn differences(
    admin: &AdminClient<DefaultClientContext>,
    present: &[&Topic],
    existing: &BTreeMap<&str, usize>,
) -> anyhow::Result<Vec<Difference>> {
    if present.is_empty() {
        return Ok(Vec::new());
    }
    let resources: Vec<_> = present
        .iter()
        .map(|topic| ResourceSpecifier::Topic(&topic.name))
        .collect();
    let options = AdminOptions::new().request_timeout(Some(TIMEOUT));
    let described = block_on(admin.describe_configs(&resources, &options))?;
    let mut found = Vec::new();
    for (topic, described) in present.iter().zip(described) {
        let described = described
            .with_context(|| format!("settings of topic {} cannot be read", topic.name))?;
        let settings = described.entry_map();
        let value = |setting: &str| settings.get(setting).and_then(|entry| entry.value.clone());
        let partitions = existing.get(topic.name.as_str()).copied().unwrap_or(0);
        found.extend(compare(topic, partitions, value));
    }
    Ok(found)
}

/// How a topic with so many partitions and such settings differs from what it should be.
fn compare(
    topic: &Topic,
    partitions: usize,
    value: impl Fn(&str) -> Option<String>,
) -> Vec<Difference> {
    let wanted = topic.settings.iter().map(|(setting, declared)| {
        let found = value(setting).unwrap_or_else(|| "unset".into());
        (*setting, declared.clone(), found)
    });
    let count = (
        "partitions",
        topic.partitions.to_string(),
        partitions.to_string(),
    );
    std::iter::once(count)
        .chain(wanted)
        .filter(|(_, declared, found)| !same(declared, found))
        .map(|(setting, declared, found)| Difference {
            topic: topic.name.clone(),
            setting: setting.to_owned(),
            declared,
            found,
        })
        .collect()
}

/// Equal as sets of words: Kafka returns `delete,compact` for `compact,delete`.
fn same(declared: &str, found: &str) -> bool {
    let words = |text: &str| {
        let mut words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
        words.sort();
        words
    };
    words(declared) == words(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> TopicsFile {
        TopicsFile::parse(include_str!("../../topics.toml")).unwrap()
    }

    #[test]
    fn the_declared_topics_are_those_the_services_name() {
        let names: Vec<String> = declared()
            .all()
            .into_iter()
            .map(|topic| topic.name)
            .collect();
        for topic in [
            topics::EPCIS_EVENTS,
            topics::UNIT_INBOX,
            topics::ENRICHED,
            topics::ALERTS,
            topics::ALERT_ACTIONS,
            topics::REJECTED_EVENTS,
            topics::REGISTRY_LOADS,
            topics::REFERENCE_DATA,
            topics::SERIAL_REGISTRY,
            topics::CAPTURE_JOBS,
            topics::DEMAND_FORECASTS,
            topics::NOTIFICATIONS_PARKED,
            topics::DISPATCHER_CHANGELOG,
            topics::ENRICHER_CHANGELOG,
            topics::DETECTOR_CHANGELOG,
        ] {
            assert!(names.contains(&topic.to_owned()), "{topic} is not declared");
        }
        assert_eq!(names.len(), 15);
    }

    #[test]
    fn every_keyed_topic_has_the_same_number_of_partitions() {
        for topic in declared().all() {
            // Keyed by what no state is kept for: few records, in order.
            let single = [topics::REFERENCE_DATA, topics::NOTIFICATIONS_PARKED];
            let expected = if single.contains(&topic.name.as_str()) {
                1
            } else {
                8
            };
            assert_eq!(topic.partitions, expected, "{}", topic.name);
        }
    }

    #[test]
    fn a_topic_takes_a_record_as_large_as_its_writers_may_write() {
        let file = declared();
        let partner = file.of_partner("acme").unwrap();
        for topic in file.all().iter().chain(&partner) {
            let most = topic
                .settings
                .get("max.message.bytes")
                .map_or(1 << 20, |v| v.parse().unwrap());
            assert!(
                most > topics::max_record_bytes(&topic.name),
                "{}",
                topic.name
            );
        }
    }

    #[test]
    fn a_partner_has_a_topic_for_its_rejects_made_before_its_own() {
        let [rejects, own] = declared().of_partner("acme").unwrap();
        assert_eq!(own.name, "partner.acme");
        assert_eq!(rejects.name, "partner.acme.rejects");
        assert_eq!(rejects.partitions, 8);
        let settings: Vec<_> = rejects.settings.iter().collect();
        let expected = [
            ("cleanup.policy", "delete"),
            ("compression.type", "lz4"),
            ("retention.ms", "2592000000"),
        ];
        assert_eq!(
            settings,
            expected
                .map(|(setting, value)| (setting, value.to_owned()))
                .iter()
                .map(|(setting, value)| (setting, value))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_partner_whose_name_kafka_does_not_take_is_refused() {
        for party in ["", "a b", "a/b", "ü", "acme.rejects", ".rejects"] {
            assert!(declared().of_partner(party).is_err(), "{party:?}");
        }
    }

    #[test]
    fn every_difference_is_named_and_an_equal_topic_has_none() {
        let file = declared();
        let topics = file.all();
        let topic = topics
            .iter()
            .find(|topic| topic.name == "capture-jobs")
            .unwrap();
        let as_declared = |setting: &str| match setting {
            "cleanup.policy" => Some("delete,compact".to_owned()),
            other => topic.settings.get(other).cloned(),
        };
        assert_eq!(compare(topic, 8, as_declared), []);
        let without_retention =
            |setting: &str| as_declared(setting).filter(|_| setting != "retention.ms");
        let found = compare(topic, 4, without_retention);
        let named: Vec<_> = found
            .iter()
            .map(|d| (d.setting.as_str(), d.found.as_str()))
            .collect();
        assert_eq!(named, [("partitions", "4"), ("retention.ms", "unset")]);
    }

    #[test]
    fn a_wrong_declaration_names_the_topic_and_what_was_expected() {
        let text = include_str!("../../topics.toml");
        for (from, to, expected) in [
            ("keyed_partitions = 8", "keyed_partitions = 0", "1 to 10000"),
            (
                "cleanup = \"compact\"",
                "cleanup = \"never\"",
                "compact,delete",
            ),
            ("retention_ms", "retention", "unknown field"),
            ("partitions = 1", "partitions = 0", "notifications-parked"),
        ] {
            let error = TopicsFile::parse(&text.replacen(from, to, 1)).unwrap_err();
            assert!(
                format!("{error:#}").contains(expected),
                "{error:#} lacks {expected}"
            );
        }
    }
}
