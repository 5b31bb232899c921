//! Records to Kafka, idempotently, each acknowledged by all replicas before the load is done.

use anyhow::{Context, ensure};
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use serialtrail_records::{AvroRecord, Codec};
use serialtrail_runtime::Settings;
use serialtrail_runtime::kafka::client_config;
use serialtrail_runtime::topics::{REFERENCE_DATA, REGISTRY_LOADS};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const RPC_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the last acknowledgements.
const FLUSH: Duration = Duration::from_secs(120);

/// Keeps the first failure.
#[derive(Default, Clone)]
struct FirstFailure(Arc<Mutex<Option<String>>>);

impl ClientContext for FirstFailure {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "producer");
    }
}

impl ProducerContext for FirstFailure {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| error.to_string());
        }
    }
}

/// The producer with its schemas.
pub(super) struct Sender {
    producer: ThreadedProducer<FirstFailure>,
    asking: BaseConsumer,
    failure: FirstFailure,
    codec: Codec,
    registry_partitions: i32,
}

impl Sender {
    /// Connects to Kafka and the schema registry; blocking.
    pub(super) fn connect(settings: &Settings) -> anyhow::Result<Self> {
        let codec = Codec::connect(&settings.schema_registry.url)?;
        let asking: BaseConsumer = client_config(&settings.kafka)
            .set("group.id", "serialtrail-load")
            .set("isolation.level", "read_committed")
            .create()?;
        let partitions = |topic: &str| -> anyhow::Result<i32> {
            let metadata = asking
                .fetch_metadata(Some(topic), RPC_TIMEOUT)
                .with_context(|| format!("Kafka at {} does not answer", settings.kafka.brokers))?;
            let found = metadata
                .topics()
                .first()
                .map_or(0, |found| found.partitions().len());
            ensure!(
                found > 0,
                "topic {topic} does not exist: create it with `serialtrail topics`"
            );
            Ok(i32::try_from(found)?)
        };
        partitions(REFERENCE_DATA)?;
        let registry_partitions = partitions(REGISTRY_LOADS)?;
        let failure = FirstFailure::default();
        let producer = client_config(&settings.kafka)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .set("linger.ms", "20")
            .set("queue.buffering.max.messages", "200000")
            .set("delivery.report.only.error", "true")
            .create_with_context(failure.clone())?;
        Ok(Self {
            producer,
            asking,
            failure,
            codec,
            registry_partitions,
        })
    }

    /// A record of `reference-data`.
    pub(super) fn reference<T: AvroRecord>(&mut self, key: &str, record: &T) -> anyhow::Result<()> {
        self.send(REFERENCE_DATA, 0, key, &self.codec.encode(record)?)
    }

    /// A record of `registry-loads`.
    pub(super) fn registry<T: AvroRecord>(&mut self, key: &str, record: &T) -> anyhow::Result<()> {
        let partition = serialtrail_gs1::partition(key.as_bytes(), self.registry_partitions);
        self.send(REGISTRY_LOADS, partition, key, &self.codec.encode(record)?)
    }

    fn send(&self, topic: &str, partition: i32, key: &str, value: &[u8]) -> anyhow::Result<()> {
        loop {
            let record = BaseRecord::to(topic)
                .partition(partition)
                .key(key.as_bytes())
                .payload(value);
            match self.producer.send::<[u8], [u8]>(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.check()?;
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err((error, _)) => return Err(error).with_context(|| format!("writing {topic}")),
            }
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        let first = self
            .failure
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match first.as_ref() {
            Some(error) => anyhow::bail!("a record was not acknowledged: {error}; load again"),
            None => Ok(()),
        }
    }

    /// Waits until everything sent is acknowledged.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        self.producer
            .flush(FLUSH)
            .context("the last records were not acknowledged; load again")?;
        self.check()
    }

    /// End of `reference-data` (exclusive).
    pub(super) fn reference_end(&self) -> anyhow::Result<i64> {
        let (_, end) = self
            .asking
            .fetch_watermarks(REFERENCE_DATA, 0, RPC_TIMEOUT)?;
        Ok(end)
    }
}
