//! A partner that publishes by Kafka.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::Deployment;

/// Publishes values to a partner's topic (made if missing), keyed by nothing, compressed with zstd.
///
/// # Errors
/// The broker does not take them.
pub fn publish(d: &Deployment, party: &str, values: &[Vec<u8>]) -> anyhow::Result<()> {
    d.ok(["topics", "partner", party])?;
    let topic = format!("partner.{party}");
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", d.settings().kafka.brokers)
        .set("compression.type", "zstd")
        .create()?;
    for value in values {
        producer
            .send(BaseRecord::<[u8], Vec<u8>>::to(&topic).payload(value))
            .map_err(|(error, _)| error)?;
    }
    producer.flush(Duration::from_secs(20))?;
    Ok(())
}

/// Writes one record, with or without a key, to a partition of any topic, past every door.
///
/// # Errors
/// The broker does not take it.
pub fn write_raw(
    d: &Deployment,
    topic: &str,
    partition: i32,
    key: Option<&[u8]>,
    value: &[u8],
) -> anyhow::Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", d.settings().kafka.brokers)
        .create()?;
    let mut record = BaseRecord::<[u8], [u8]>::to(topic)
        .partition(partition)
        .payload(value);
    if let Some(key) = key {
        record = record.key(key);
    }
    producer.send(record).map_err(|(error, _)| error)?;
    producer.flush(Duration::from_secs(20))?;
    Ok(())
}
