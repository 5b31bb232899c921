//! Records of a version onto `demand-forecasts`, exactly once.
//!
//! One transaction carries the records of a version and, as metadata of a committed offset of the group
//! `forecaster`, the version with the time it was made. After a crash whoever tries again reads there
//! that the version is out, and with which time: a record of the same version is always the same.

use anyhow::{Context, bail};
use futures::future::BoxFuture;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_gs1::partition;
use serialtrail_records::{Codec, DemandForecast, Micros};
use serialtrail_runtime::config::Settings;
use serialtrail_runtime::kafka::client_config;
use serialtrail_runtime::topics::{DEMAND_FORECASTS, MAX_RECORD_BYTES};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Consumer group whose offset of partition 0 remembers the last version published, and what the
/// transactional id begins with.
const GROUP: &str = "forecaster";
/// Longest wait for one answer of Kafka.
const WAIT: Duration = Duration::from_secs(20);
/// Longest time a version may take to be handed over.
const DEADLINE: Duration = Duration::from_secs(120);

/// Longest time a transaction may be open before the broker gives it up: handing over takes up to
/// [`DEADLINE`], then flushing, the offset and the commit up to [`WAIT`] each. Kafka's own default, a
/// minute, is less; the most brokers take unless told otherwise is 15 minutes.
const TRANSACTION: Duration = Duration::from_secs(DEADLINE.as_secs() + 4 * WAIT.as_secs());

/// Key and record of one series.
pub type Keyed = (String, DemandForecast);

/// Where the records of a version go.
pub trait Publish: Send + Sync {
    /// When a version was published, if it was the last one that was.
    fn published<'a>(&'a self, version: &'a str) -> BoxFuture<'a, anyhow::Result<Option<Micros>>>;

    /// Publishes the records of a version, all or none. Called only while [`Self::published`] is `None`.
    fn publish<'a>(
        &'a self,
        version: &'a str,
        created_at: Micros,
        records: Vec<Keyed>,
    ) -> BoxFuture<'a, anyhow::Result<()>>;
}

/// The deployment's Kafka.
#[derive(Clone)]
pub struct KafkaPublisher {
    settings: Arc<Settings>,
    group: String,
    topic: String,
    codec: Arc<OnceLock<Codec>>,
}

impl KafkaPublisher {
    /// Nothing is connected before the first version.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self::named(settings, GROUP, DEMAND_FORECASTS)
    }

    /// The same under another group and onto another topic, so that two deployments (or a test) do not
    /// fence each other.
    #[must_use]
    pub fn named(settings: Arc<Settings>, group: &str, topic: &str) -> Self {
        Self {
            settings,
            group: group.to_owned(),
            topic: topic.to_owned(),
            codec: Arc::default(),
        }
    }
}

impl Publish for KafkaPublisher {
    fn published<'a>(&'a self, version: &'a str) -> BoxFuture<'a, anyhow::Result<Option<Micros>>> {
        let (this, version) = (self.clone(), version.to_owned());
        blocking(move || {
            let mut list = TopicPartitionList::new();
            list.add_partition(&this.topic, 0);
            let committed = this
                .member()?
                .committed_offsets(list, WAIT)
                .context("the last published version cannot be read from Kafka")?;
            let element = committed.find_partition(&this.topic, 0);
            let metadata = element.as_ref().map_or("", |e| e.metadata());
            Ok(made_at(metadata, &version))
        })
    }

    fn publish<'a>(
        &'a self,
        version: &'a str,
        created_at: Micros,
        records: Vec<Keyed>,
    ) -> BoxFuture<'a, anyhow::Result<()>> {
        let this = self.clone();
        let metadata = metadata(version, created_at);
        blocking(move || this.send(&metadata, &records))
    }
}

type Transactional = ThreadedProducer<DefaultProducerContext>;

impl KafkaPublisher {
    /// Reads and commits the group's offset; joins nothing.
    fn member(&self) -> anyhow::Result<BaseConsumer> {
        let mut client = client_config(&self.settings.kafka);
        client
            .set("group.id", &self.group)
            .set("enable.auto.commit", "false");
        Ok(client.create()?)
    }

    fn codec(&self) -> anyhow::Result<&Codec> {
        if self.codec.get().is_none() {
            let url = &self.settings.schema_registry.url;
            let made = Codec::connect(url).context("schema registry")?;
            // Whoever was first, both know the same schemas.
            let _ = self.codec.set(made);
        }
        self.codec.get().context("the codec has just been set")
    }

    fn send(&self, metadata: &str, records: &[Keyed]) -> anyhow::Result<()> {
        let codec = self.codec()?;
        let member = self.member()?;
        let partitions = partitions(&member, &self.topic)?;
        let slot = self.settings.worker.slot;
        let id = format!("{}-{slot}", self.group);
        let producer: Transactional = producer_config(&self.settings, &id).create()?;
        producer
            .init_transactions(WAIT)
            .context("the transactional producer cannot start")?;
        producer.begin_transaction()?;
        let committed = self
            .produce(&producer, codec, partitions, records)
            .and_then(|()| self.commit(&producer, &member, metadata));
        if let Err(error) = committed {
            // The next attempt's init_transactions settles what cannot be aborted now.
            if let Err(failed) = producer.abort_transaction(WAIT) {
                tracing::warn!(%failed, "the transaction could not be aborted");
            }
            return Err(error);
        }
        Ok(())
    }

    fn produce(
        &self,
        producer: &Transactional,
        codec: &Codec,
        partitions: i32,
        records: &[Keyed],
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + DEADLINE;
        for (key, record) in records {
            let value = codec.encode(record)?;
            let bytes = key.len() + value.len();
            if bytes > MAX_RECORD_BYTES {
                bail!(
                    "the forecast of {key} takes {bytes} bytes, a record {MAX_RECORD_BYTES} at most"
                );
            }
            let mut message = BaseRecord::to(&self.topic)
                .partition(partition(key.as_bytes(), partitions))
                .key(key.as_bytes())
                .payload(value.as_slice());
            while let Err((error, refused)) = producer.send(message) {
                let full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
                if error != full || Instant::now() > deadline {
                    return Err(error)
                        .with_context(|| format!("the forecast of {key} was not taken"));
                }
                std::thread::sleep(Duration::from_millis(10));
                message = refused;
            }
        }
        Ok(())
    }

    fn commit(
        &self,
        producer: &Transactional,
        member: &BaseConsumer,
        metadata: &str,
    ) -> anyhow::Result<()> {
        let mut list = TopicPartitionList::new();
        let mut element = list.add_partition(&self.topic, 0);
        element.set_offset(Offset::Offset(0))?;
        element.set_metadata(metadata);
        let member = member
            .group_metadata()
            .context("the consumer has no group")?;
        producer.flush(WAIT)?;
        producer.send_offsets_to_transaction(&list, &member, WAIT)?;
        producer
            .commit_transaction(WAIT)
            .context("the transaction was not committed")
    }
}

fn producer_config(settings: &Settings, id: &str) -> ClientConfig {
    let mut config = client_config(&settings.kafka);
    let milliseconds = TRANSACTION.as_millis().to_string();
    config
        .set("transactional.id", id)
        .set("transaction.timeout.ms", &milliseconds)
        // A record may not wait longer than its transaction.
        .set("message.timeout.ms", &milliseconds)
        .set("compression.type", "lz4");
    config
}

/// How many partitions a topic has, as Kafka says.
///
/// # Errors
/// Kafka does not answer, or has no such topic.
pub async fn count_partitions(settings: Arc<Settings>, topic: &'static str) -> anyhow::Result<i32> {
    let counted = blocking(move || {
        let client: BaseConsumer = client_config(&settings.kafka).create()?;
        partitions(&client, topic)
    });
    counted
        .await
        .with_context(|| format!("the partitions of topic {topic} are not known"))
}

fn partitions(client: &BaseConsumer, topic: &str) -> anyhow::Result<i32> {
    let metadata = client.fetch_metadata(Some(topic), WAIT)?;
    let found = metadata.topics().iter().find(|t| t.name() == topic);
    match i32::try_from(found.map_or(0, |t| t.partitions().len())) {
        Ok(count) if count > 0 => Ok(count),
        _ => bail!("topic {topic} does not exist: run `serialtrail topics`"),
    }
}

fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> BoxFuture<'static, anyhow::Result<T>> {
    Box::pin(async move { tokio::task::spawn_blocking(work).await? })
}

fn metadata(version: &str, created_at: Micros) -> String {
    format!("{version} {created_at}")
}

fn made_at(metadata: &str, version: &str) -> Option<Micros> {
    let (published, created_at) = metadata.split_once(' ')?;
    (published == version).then(|| created_at.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_outlasts_all_that_is_waited_for_in_it_and_no_broker_refuses_it() {
        let config = producer_config(&Settings::default(), "forecaster-0");
        let number = |key: &str| config.get(key).unwrap().parse::<u64>().unwrap();
        let waits = DEADLINE + 3 * WAIT;
        assert!(u128::from(number("transaction.timeout.ms")) > waits.as_millis());
        assert!(number("transaction.timeout.ms") <= 900_000);
        assert!(number("message.timeout.ms") <= number("transaction.timeout.ms"));
        drop(config.create::<Transactional>().unwrap());
    }

    #[test]
    fn the_metadata_tells_the_version_that_is_out_and_when_it_was_made() {
        let text = metadata("2026-03-01-1f0c3a52", 7);
        assert_eq!(made_at(&text, "2026-03-01-1f0c3a52"), Some(7));
        assert_eq!(made_at(&text, "2026-03-01-00000000"), None);
        assert_eq!(made_at("", "2026-03-01-1f0c3a52"), None);
    }
}
