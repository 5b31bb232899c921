//! A real Kafka for tests, given by `SERIALTRAIL_TEST_BROKERS`: topics, records, and a counting stage.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_ground::{BROKERS, client, create_topics, delete_topics, given, topic, unique};
use serialtrail_runtime::Settings;
use serialtrail_stream::{InputRecord, Keys, Stage, StageError, StepContext, WorkerConfig};
use std::path::Path;
use std::time::{Duration, Instant};

pub const PARTITIONS: i32 = 8;

/// The brokers, or a visible skip.
pub fn brokers(test: &str) -> Option<String> {
    given(test, [BROKERS]).map(|[brokers]| brokers)
}

/// The topics of one test: names that no other run has.
#[derive(Debug, Clone)]
pub struct Topics {
    pub brokers: String,
    pub stage: &'static str,
    pub input: &'static str,
    pub output: &'static str,
    pub changelog: &'static str,
}

impl Topics {
    pub fn named(brokers: &str, name: &str) -> Self {
        let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        Self {
            brokers: brokers.to_owned(),
            stage: leak(name.to_owned()),
            input: leak(format!("{name}-in")),
            output: leak(format!("{name}-out")),
            changelog: leak(format!("{name}-changelog")),
        }
    }

    pub fn create(brokers: &str, test: &str) -> Self {
        let topics = Self::named(brokers, &unique(test));
        for topic in [topics.input, topics.output, topics.changelog] {
            topics.create_topic(topic);
        }
        topics
    }

    pub fn create_topic(&self, name: &str) {
        let policy = match name == self.changelog {
            true => "compact",
            false => "delete",
        };
        let new = topic(name, PARTITIONS).set("cleanup.policy", policy);
        create_topics(&self.brokers, &[new]);
    }

    pub fn delete_topic(&self, name: &str) {
        delete_topics(&self.brokers, &[name]);
    }

    pub fn settings(&self, slot: u32, state_dir: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.kafka.brokers.clone_from(&self.brokers);
        settings.worker.slot = slot;
        settings.worker.window_records = 500;
        settings.worker.state_dir = state_dir.to_owned();
        settings
    }

    pub fn config(&self) -> WorkerConfig {
        WorkerConfig::stateful(self.stage, self.input, self.changelog)
    }

    pub fn producer(&self) -> BaseProducer {
        client(&self.brokers)
            .set("enable.idempotence", "true")
            .create()
            .unwrap()
    }

    /// Writes records `ids` of `keys` keys to the input: key `id % keys`, value `id`.
    pub fn write(&self, producer: &BaseProducer, ids: std::ops::Range<u64>, keys: u64) {
        for id in ids {
            let key = format!("unit-{}", id % keys);
            self.send(producer, Some(&key), &id.to_string(), None);
        }
        producer.flush(Duration::from_secs(20)).unwrap();
    }

    /// Writes one record, to the partition of its key unless another is given.
    pub fn send(&self, producer: &BaseProducer, key: Option<&str>, value: &str, to: Option<i32>) {
        let partition =
            to.unwrap_or_else(|| serialtrail_gs1::partition(key.unwrap().as_bytes(), PARTITIONS));
        let mut record = BaseRecord::<str, str>::to(self.input)
            .partition(partition)
            .payload(value);
        record.key = key;
        while let Err((error, again)) = producer.send(record) {
            assert!(error.to_string().contains("Queue full"), "{error}");
            producer.poll(Duration::from_millis(10));
            record = again;
        }
    }

    /// All committed records of a topic, in partition order, once there are `count` or after `patience`.
    pub fn read(
        &self,
        topic: &str,
        count: usize,
        patience: Duration,
    ) -> Vec<Vec<(String, String)>> {
        let consumer: BaseConsumer = client(&self.brokers)
            .set("group.id", "reader")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "50")
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&list).unwrap();
        let started = Instant::now();
        let mut read = vec![Vec::new(); PARTITIONS as usize];
        let mut total = 0;
        let mut at_end = [false; PARTITIONS as usize];
        while started.elapsed() < patience && !(total >= count && at_end.iter().all(|end| *end)) {
            match consumer.poll(Duration::from_millis(100)) {
                None => {}
                Some(Ok(message)) => {
                    let text = |bytes: Option<&[u8]>| {
                        String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap()
                    };
                    let record = (text(message.key()), text(message.payload()));
                    let partition = message.partition() as usize;
                    read[partition].push(record);
                    at_end[partition] = false;
                    total += 1;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => at_end[partition as usize] = true,
                Some(Err(error)) => eprintln!("reader: {error}"),
            }
        }
        read
    }
}

/// Every `FAN`-th record also leaves `FAN_OUT` outputs to be written in later windows.
pub const FAN: u64 = 50;
pub const FAN_OUT: u64 = 12;
/// Of which a window writes at most this many.
const FAN_BUDGET: u64 = 5;

/// Counts records of a key; some leave work in state that goes on without input.
pub struct Counting {
    outputs: &'static [&'static str],
}

impl Counting {
    pub fn new(topics: &Topics) -> Self {
        Self {
            outputs: Box::leak(Box::new([topics.output])),
        }
    }
}

const TODO: &[u8] = b"todo";

fn number(value: Option<&[u8]>) -> u64 {
    value.map_or(0, |value| {
        std::str::from_utf8(value).unwrap().parse().unwrap()
    })
}

impl Stage for Counting {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        let key = record.key.clone().unwrap();
        let id = number(record.value.as_deref());
        let count = number(ctx.get(&key)?) + 1;
        ctx.put(&key, count.to_string().as_bytes());
        // A key that is deleted and written again in many windows.
        if count.is_multiple_of(2) {
            ctx.delete(&[b"odd/", &key[..]].concat());
        } else {
            ctx.put(&[b"odd/", &key[..]].concat(), b"x");
        }
        ctx.emit(self.outputs[0], &key, format!("{count} {id}").as_bytes());
        if id.is_multiple_of(FAN) {
            let todo = number(ctx.get(TODO)?) + FAN_OUT;
            ctx.put(TODO, todo.to_string().as_bytes());
        }
        Ok(())
    }

    fn keys(&self, record: &InputRecord, keys: &mut Keys) {
        if let Some(key) = &record.key {
            keys.push(&[key]);
            keys.push(&[b"odd/", key]);
        }
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        let key = record.key.clone().unwrap();
        let partition = format!("wrong partition {}", record.partition);
        ctx.emit(self.outputs[0], &key, partition.as_bytes());
        Ok(())
    }

    fn end_of_window(&mut self, _: usize, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        let todo = number(ctx.get(TODO)?);
        if todo == 0 {
            return Ok(());
        }
        let done = todo.min(FAN_BUDGET);
        let total = number(ctx.get(b"fanned")?);
        for n in 0..done {
            let partition = ctx.partition();
            let value = format!("fan {partition} {}", total + n);
            ctx.emit_to(self.outputs[0], partition, value.as_bytes());
        }
        ctx.put(b"fanned", (total + done).to_string().as_bytes());
        match todo - done {
            0 => ctx.delete(TODO),
            left => ctx.put(TODO, left.to_string().as_bytes()),
        }
        Ok(())
    }

    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> Result<bool, StageError> {
        Ok(ctx.get(TODO)?.is_some())
    }

    fn forget(&mut self, _: i32) {}

    fn outputs(&self) -> &'static [&'static str] {
        self.outputs
    }
}

/// Outputs due for ids `0..ids`.
pub fn due(ids: u64) -> usize {
    (ids + ids.div_ceil(FAN) * FAN_OUT) as usize
}

/// Every record counted once, in order, and every fanned output written once.
pub fn assert_exact(read: &[Vec<(String, String)>], ids: u64, keys: u64) {
    let mut seen = vec![0u32; ids as usize];
    let mut counts = vec![0u64; keys as usize];
    let mut fanned = 0;
    for (partition, records) in read.iter().enumerate() {
        let mut next_fan = 0;
        for (key, value) in records {
            if let Some(fan) = value.strip_prefix("fan ") {
                assert_eq!(
                    fan,
                    format!("{partition} {next_fan}"),
                    "fan-out is in order, once"
                );
                next_fan += 1;
                continue;
            }
            let (count, id) = value.split_once(' ').unwrap();
            let (count, id): (u64, u64) = (count.parse().unwrap(), id.parse().unwrap());
            assert_eq!(*key, format!("unit-{}", id % keys));
            let expected = &mut counts[(id % keys) as usize];
            *expected += 1;
            assert_eq!(
                count, *expected,
                "{key}: counted out of order, lost or twice (id {id})"
            );
            seen[id as usize] += 1;
        }
        fanned += next_fan;
    }
    let wrong: Vec<_> = seen
        .iter()
        .enumerate()
        .filter(|(_, n)| **n != 1)
        .take(10)
        .collect();
    assert!(
        wrong.is_empty(),
        "ids not seen exactly once (id, times): {wrong:?}"
    );
    assert_eq!(fanned, ids.div_ceil(FAN) * FAN_OUT, "fanned outputs");
}
