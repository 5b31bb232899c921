//! What the worker reads: the registry at once, scans at a steady pace for as long as is measured.

use super::PARTITIONS;
use anyhow::Context;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serialtrail_bench_engine::feed;
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka::client_config;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest wait until all that was written is acknowledged.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two portions of a paced load.
const PORTION: Duration = Duration::from_millis(10);

/// The serial scan `event` is of, among `serials`: any, without an order.
pub(super) fn serial_of(event: u64, seed: u64, serials: u64) -> u64 {
    let mut mixed = (event ^ seed.rotate_left(32)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) % serials
}

/// Writes records to one topic, each to its key's partition.
struct Output {
    producer: BaseProducer,
    value: Vec<u8>,
}

impl Output {
    fn new(settings: &KafkaSettings) -> anyhow::Result<Self> {
        let producer = client_config(settings)
            .set("enable.idempotence", "true")
            .set("compression.type", "lz4")
            .set("linger.ms", "5")
            .create()?;
        Ok(Self {
            producer,
            value: Vec::new(),
        })
    }

    fn send(
        &mut self,
        topic: &str,
        number: u64,
        make: impl Fn(&mut Vec<u8>),
    ) -> anyhow::Result<()> {
        self.value.clear();
        make(&mut self.value);
        let key = feed::serial(number);
        let partition = serialtrail_gs1::partition(key.as_bytes(), PARTITIONS);
        let mut record = BaseRecord::to(topic)
            .partition(partition)
            .key(&key)
            .payload(&self.value);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(PORTION);
                }
                Err((error, _)) => return Err(error).with_context(|| format!("write {topic}")),
            }
        }
    }

    fn flush(&self) -> anyhow::Result<()> {
        self.producer.flush(PATIENCE).context("not acknowledged")
    }
}

/// Writes the registry's rows of `serials` serials.
pub(super) fn registry(settings: &KafkaSettings, topic: &str, serials: u64) -> anyhow::Result<()> {
    let mut output = Output::new(settings)?;
    for number in 0..serials {
        output.send(topic, number, |out| feed::registry(number, out))?;
        if number.is_multiple_of(1_000) {
            output.producer.poll(Duration::ZERO);
        }
    }
    output.flush()
}

/// Writes scans until `enough`; returns how many.
pub(super) fn scans(
    settings: &KafkaSettings,
    topic: &str,
    (serials, seed): (u64, u64),
    a_second: u64,
    enough: &AtomicBool,
) -> anyhow::Result<u64> {
    let mut output = Output::new(settings)?;
    let (start, mut event) = (Instant::now(), 0);
    while !enough.load(Ordering::Relaxed) {
        let due = (start.elapsed().as_secs_f64() * a_second as f64) as u64;
        while event < due {
            let number = serial_of(event, seed, serials);
            output.send(topic, number, |out| feed::scan(event, number, out))?;
            event += 1;
        }
        output.producer.poll(PORTION);
    }
    output.flush()?;
    Ok(event)
}
