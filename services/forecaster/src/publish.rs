//! Records of a version onto `demand-forecasts`, exactly once.
//!
//! One transaction carries the records of a version and, as metadata of a committed offset of the group
//! `forecaster`, the version with the time it was made. After a crash whoever tries again reads there
//! that the version is out, and with which time: a record of the same version is always the same.

use anyhow::{Context, bail};
use futures::future::BoxFuture;
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

/// Consumer group whose offset of partition 0 remembers the last version published.
const GROUP: &str = "forecaster";
/// Longest wait for one answer of Kafka.
const WAIT: Duration = Duration::from_secs(20);
/// Longest time a version may take to be handed over.
const DEADLINE: Duration = Duration::from_secs(120);

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
pub struct KafkaPublisher {
    settings: Arc<Settings>,
    codec: Arc<OnceLock<Codec>>,
}

impl KafkaPublisher {
    /// Nothing is connected before the first version.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            codec: Arc::default(),
        }
    }
}

impl Publish for KafkaPublisher {
    fn published<'a>(&'a self, version: &'a str) -> BoxFuture<'a, anyhow::Result<Option<Micros>>> {
        let (settings, version) = (Arc::clone(&self.settings), version.to_owned());
        blocking(move || {
            let mut list = TopicPartitionList::new();
            list.add_partition(DEMAND_FORECASTS, 0);
            let committed = group(&settings)?
                .committed_offsets(list, WAIT)
                .context("the last published version cannot be read from Kafka")?;
            let element = committed.find_partition(DEMAND_FORECASTS, 0);
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
        let (settings, codec) = (Arc::clone(&self.settings), Arc::clone(&self.codec));
        let metadata = metadata(version, created_at);
        blocking(move || send(&settings, &codec, &metadata, &records))
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

/// Reads and commits the group's offset; joins nothing.
fn group(settings: &Settings) -> anyhow::Result<BaseConsumer> {
    let mut client = client_config(&settings.kafka);
    client
        .set("group.id", GROUP)
        .set("enable.auto.commit", "false");
    Ok(client.create()?)
}

fn send(
    settings: &Settings,
    codec: &OnceLock<Codec>,
    metadata: &str,
    records: &[Keyed],
) -> anyhow::Result<()> {
    if codec.get().is_none() {
        let made = Codec::connect(&settings.schema_registry.url).context("schema registry")?;
        let _ = codec.set(made);
    }
    let codec = codec.get().context("the codec has just been set")?;
    let consumer = group(settings)?;
    let partitions = partitions(&consumer)?;
    let producer: ThreadedProducer<DefaultProducerContext> = client_config(&settings.kafka)
        .set(
            "transactional.id",
            format!("{GROUP}-{}", settings.worker.slot),
        )
        .set("compression.type", "lz4")
        .create()?;
    producer
        .init_transactions(WAIT)
        .context("the transactional producer cannot start")?;
    producer.begin_transaction()?;
    let committed = produce(&producer, codec, partitions, records)
        .and_then(|()| commit(&producer, &consumer, metadata));
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
    producer: &ThreadedProducer<DefaultProducerContext>,
    codec: &Codec,
    partitions: i32,
    records: &[Keyed],
) -> anyhow::Result<()> {
    let deadline = Instant::now() + DEADLINE;
    for (key, record) in records {
        let value = codec.encode(record)?;
        let bytes = key.len() + value.len();
        if bytes > MAX_RECORD_BYTES {
            bail!("the forecast of {key} takes {bytes} bytes, a record {MAX_RECORD_BYTES} at most");
        }
        let mut message = BaseRecord::to(DEMAND_FORECASTS)
            .partition(partition(key.as_bytes(), partitions))
            .key(key.as_bytes())
            .payload(value.as_slice());
        while let Err((error, refused)) = producer.send(message) {
            let full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
            if error != full || Instant::now() > deadline {
                return Err(error).with_context(|| format!("the forecast of {key} was not taken"));
            }
            std::thread::sleep(Duration::from_millis(10));
            message = refused;
        }
    }
    Ok(())
}

fn commit(
    producer: &ThreadedProducer<DefaultProducerContext>,
    consumer: &BaseConsumer,
    metadata: &str,
) -> anyhow::Result<()> {
    let mut list = TopicPartitionList::new();
    let mut element = list.add_partition(DEMAND_FORECASTS, 0);
    element.set_offset(Offset::Offset(0))?;
    element.set_metadata(metadata);
    let member = consumer
        .group_metadata()
        .context("the consumer has no group")?;
    producer.flush(WAIT)?;
    producer.send_offsets_to_transaction(&list, &member, WAIT)?;
    producer
        .commit_transaction(WAIT)
        .context("the transaction was not committed")
}

fn partitions(client: &BaseConsumer) -> anyhow::Result<i32> {
    let metadata = client.fetch_metadata(Some(DEMAND_FORECASTS), WAIT)?;
    let count = metadata
        .topics()
        .iter()
        .find(|topic| topic.name() == DEMAND_FORECASTS)
        .map_or(0, |topic| topic.partitions().len());
    match i32::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => bail!("topic {DEMAND_FORECASTS} does not exist: run `serialtrail topics`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_tells_the_version_that_is_out_and_when_it_was_made() {
        let text = metadata("2026-03-01-1f0c3a52", 7);
        assert_eq!(made_at(&text, "2026-03-01-1f0c3a52"), Some(7));
        assert_eq!(made_at(&text, "2026-03-01-00000000"), None);
        assert_eq!(made_at("", "2026-03-01-1f0c3a52"), None);
    }
}
