//! One transactional producer: records in, all or nothing.

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{Shutdown, kafka, topics};
use serialtrail_stream::outcome::{Outcome, Verdict, sort};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

/// A transaction not ready to commit by then is given up, before the broker does (10 s).
const PRODUCE_DEADLINE: Duration = Duration::from_secs(8);
/// Longest single wait for acknowledgements; between two the event queue is served.
const FLUSH_STEP: Duration = Duration::from_millis(100);
/// A commit not answered by then is indeterminate.
const COMMIT_DEADLINE: Duration = Duration::from_secs(20);
/// How long a starting gateway waits for its topics.
const TOPICS_DEADLINE: Duration = Duration::from_secs(60);

/// One record to be written, addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Topic.
    pub topic: &'static str,
    /// Partition.
    pub partition: i32,
    /// Key; none for what is addressed to a partition.
    pub key: Option<Vec<u8>>,
    /// Encoded value.
    pub value: Vec<u8>,
}

struct Log;

impl ClientContext for Log {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "producer");
    }
}

impl ProducerContext for Log {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {
        // A message that fails aborts its transaction in librdkafka itself.
    }
}

/// The producer. Not shared: one thread owns it.
pub struct Transactor {
    producer: BaseProducer<Log>,
}

impl Transactor {
    /// Connects and fences a predecessor of the same name, whose open transaction is aborted. `None`
    /// when a shutdown came before Kafka did.
    ///
    /// # Errors
    /// The properties are wrong, or the broker refuses the transactional id.
    pub fn connect(
        settings: &KafkaSettings,
        name: &str,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Option<Self>> {
        let mut client = kafka::client_config(settings);
        client
            .set("client.id", name)
            .set("transactional.id", name)
            .set("transaction.timeout.ms", "10000")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .set("linger.ms", "1")
            // A transaction begun while the markers of the last one are being written waits this out.
            .set("retry.backoff.ms", "10")
            .set("queue.buffering.max.messages", "1000000")
            .set("queue.buffering.max.kbytes", "2097151")
            .set(
                "message.max.bytes",
                (topics::MAX_EVENT_RECORD_BYTES + 65_536).to_string(),
            )
            .set("delivery.report.only.error", "true");
        let producer: BaseProducer<Log> = client.create_with_context(Log)?;
        let mut warned = Instant::now();
        while !shutdown.is_triggered() {
            let Err(error) = producer.init_transactions(Duration::from_secs(2)) else {
                return Ok(Some(Self { producer }));
            };
            anyhow::ensure!(
                sort(&error) == Verdict::Retry,
                "{name}: the transactional producer cannot start: {error}"
            );
            if warned.elapsed() > Duration::from_secs(5) {
                tracing::warn!(%error, brokers = settings.brokers, "still waiting for Kafka");
                warned = Instant::now();
            }
            producer.poll(Duration::ZERO);
        }
        Ok(None)
    }

    /// Writes the records in one transaction. One that cannot be read ends it.
    pub fn write<'a>(
        &self,
        mut records: impl Iterator<Item = io::Result<Cow<'a, Outgoing>>>,
    ) -> Outcome {
        if let Err(error) = self.producer.begin_transaction() {
            return Outcome::Fenced(format!("a transaction cannot begin: {error}"));
        }
        let deadline = Instant::now() + PRODUCE_DEADLINE;
        let produced = records
            .find_map(|record| match record {
                Ok(record) => self.produce(&record, deadline).err(),
                Err(error) => Some((Verdict::Abort, format!("a record cannot be read: {error}"))),
            })
            .map_or_else(|| self.delivered(deadline), Err);
        match produced {
            Ok(()) => self.commit(),
            Err((Verdict::Fatal, why)) => Outcome::Fenced(why),
            Err((_, why)) => self.abort(why),
        }
    }

    fn produce(&self, record: &Outgoing, deadline: Instant) -> Result<(), (Verdict, String)> {
        loop {
            let mut message = BaseRecord::<[u8], [u8]>::to(record.topic)
                .partition(record.partition)
                .payload(&record.value);
            message.key = record.key.as_deref();
            let Err((error, _)) = self.producer.send(message) else {
                return Ok(());
            };
            match sort(&error) {
                Verdict::Retry if Instant::now() < deadline => {
                    // The queue is full: serving it is left to librdkafka's own threads.
                    self.producer.poll(Duration::ZERO);
                    std::thread::sleep(Duration::from_millis(1));
                }
                verdict => return Err((verdict, format!("{}: {error}", record.topic))),
            }
        }
    }

    /// Waits until the broker has everything, so that the commit behind it finds nothing left to wait
    /// for.
    fn delivered(&self, deadline: Instant) -> Result<(), (Verdict, String)> {
        loop {
            let Err(error) = serialtrail_stream::flush(&self.producer, FLUSH_STEP) else {
                return Ok(());
            };
            match sort(&error) {
                Verdict::Retry if Instant::now() < deadline => self.producer.poll(Duration::ZERO),
                Verdict::Retry => return Err((Verdict::Abort, "not written in time".to_owned())),
                verdict => return Err((verdict, format!("flush: {error}"))),
            }
        }
    }

    fn commit(&self) -> Outcome {
        let deadline = Instant::now() + COMMIT_DEADLINE;
        loop {
            let Err(error) = self.producer.commit_transaction(Duration::from_secs(2)) else {
                return Outcome::Committed;
            };
            match sort(&error) {
                Verdict::Retry if Instant::now() < deadline => self.producer.poll(Duration::ZERO),
                Verdict::Retry => return Outcome::Indeterminate(format!("commit: {error}")),
                Verdict::Abort => return self.abort(format!("commit: {error}")),
                Verdict::Fatal => return Outcome::Fenced(format!("commit: {error}")),
            }
        }
    }

    fn abort(&self, why: String) -> Outcome {
        let deadline = Instant::now() + COMMIT_DEADLINE;
        loop {
            let Err(error) = self.producer.abort_transaction(Duration::from_millis(100)) else {
                return Outcome::Aborted(why);
            };
            match sort(&error) {
                Verdict::Retry if Instant::now() < deadline => self.producer.poll(Duration::ZERO),
                Verdict::Retry => return Outcome::Indeterminate(format!("{why}; abort: {error}")),
                _ => return Outcome::Fenced(format!("{why}; abort: {error}")),
            }
        }
    }
}

/// Partition counts of the topics the gateway writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(HashMap<&'static str, i32>);

impl Counts {
    /// The topics the gateway writes and reads.
    pub const TOPICS: [&'static str; 5] = [
        topics::EPCIS_EVENTS,
        topics::REGISTRY_LOADS,
        topics::CAPTURE_JOBS,
        topics::REJECTED_EVENTS,
        topics::REFERENCE_DATA,
    ];

    /// Counts by topic, for tests.
    #[must_use]
    pub fn all(count: i32) -> Self {
        Self(
            Self::TOPICS
                .into_iter()
                .map(|topic| (topic, count))
                .collect(),
        )
    }

    /// Asks the broker, waiting for topics that are not there yet.
    ///
    /// # Errors
    /// A topic was not there after a minute, or shutdown came first.
    pub fn read(client: &BaseConsumer, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let started = Instant::now();
        loop {
            let mut counts = HashMap::new();
            for topic in Self::TOPICS {
                if let Ok(metadata) = client.fetch_metadata(Some(topic), Duration::from_secs(5)) {
                    let found = metadata.topics().iter().find(|found| found.name() == topic);
                    let count = found.map_or(0, |found| found.partitions().len());
                    counts.insert(topic, i32::try_from(count).unwrap_or(0));
                }
            }
            let missing = Self::TOPICS
                .into_iter()
                .find(|topic| counts.get(topic).is_none_or(|n| *n == 0));
            match missing {
                None => return Ok(Self(counts)),
                Some(topic) => anyhow::ensure!(
                    started.elapsed() < TOPICS_DEADLINE && !shutdown.is_triggered(),
                    "topic {topic} does not exist: create the topics with `serialtrail topics`"
                ),
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Partitions of one of [`Counts::TOPICS`].
    #[must_use]
    pub fn of(&self, topic: &str) -> i32 {
        self.0.get(topic).copied().unwrap_or(1)
    }

    /// A keyed record, in the partition of its key.
    #[must_use]
    pub fn keyed(&self, topic: &'static str, key: &[u8], value: Vec<u8>) -> Outgoing {
        Outgoing {
            topic,
            partition: serialtrail_gs1::partition(key, self.of(topic)),
            key: Some(key.to_vec()),
            value,
        }
    }
}
