//! A real Kafka and a real ClickHouse for the sink's tests: topics and a database of the test's own,
//! and sink processes that can be killed.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use clickhouse::Client;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serialtrail_ground::{
    BROKERS, CLICKHOUSE, PATIENCE, Process, create_topics, given, topic, unique,
};
use serialtrail_records::{Alert, AvroRecord, Codec, EnrichedObservation, Mark, Membership};
use serialtrail_runtime::Shutdown;
use serialtrail_runtime::config::{ClickHouseSettings, KafkaSettings};
use serialtrail_runtime::topics::{ALERTS, ENRICHED};
use serialtrail_sink::rows::TOPICS;
use serialtrail_sink::store::{Store, Trouble};
use serialtrail_sink::worker::{Identity, run};
use serialtrail_warehouse::tables;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const PARTITIONS: i32 = 3;

/// Set for a child process: `<prefix> <slot>`.
const CHILD: &str = "SERIALTRAIL_TEST_SINK";

pub struct Ground {
    pub prefix: String,
    pub kafka: KafkaSettings,
    pub clickhouse: ClickHouseSettings,
    pub codec: Arc<Codec>,
    test: &'static str,
}

impl Ground {
    /// What `test` stands on, or a visible skip. In a child process of a test it runs the sink and
    /// does not return.
    pub fn new(test: &'static str) -> Option<Self> {
        let [brokers, url] = given(test, [BROKERS, CLICKHOUSE])?;
        let child = std::env::var(CHILD).ok();
        let prefix = match &child {
            Some(child) => child.split_once(' ').unwrap().0.to_owned(),
            None => unique(test) + "-",
        };
        let database = prefix.replace('-', "_");
        let ground = Self {
            kafka: KafkaSettings {
                brokers,
                ..Default::default()
            },
            clickhouse: ClickHouseSettings {
                url,
                database,
                ..Default::default()
            },
            codec: Arc::new(Codec::offline().unwrap()),
            prefix,
            test,
        };
        if let Some(child) = child {
            let slot = child.split_once(' ').unwrap().1.parse().unwrap();
            let ended = ground.sink(slot, &Trouble::default(), &Shutdown::new());
            std::process::exit(i32::from(ended.is_err()));
        }
        ground.prepare();
        Some(ground)
    }

    fn prepare(&self) {
        let names: Vec<_> = TOPICS
            .iter()
            .map(|name| format!("{}{name}", self.prefix))
            .collect();
        let new: Vec<_> = names.iter().map(|name| topic(name, PARTITIONS)).collect();
        create_topics(&self.kafka.brokers, &new);
        self.block_on(async {
            serialtrail_warehouse::migrate(&self.clickhouse)
                .await
                .unwrap();
            // ReplacingMergeTree must not hide what was inserted twice.
            for table in tables::ALL {
                let sql = format!("SYSTEM STOP MERGES {table}");
                self.client().query(&sql).execute().await.unwrap();
            }
        });
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::runtime::Runtime::new().unwrap().block_on(work)
    }

    pub fn client(&self) -> Client {
        serialtrail_warehouse::client(&self.clickhouse)
    }

    pub fn count(&self, sql: &str) -> u64 {
        self.block_on(async { self.client().query(sql).fetch_one::<u64>().await.unwrap() })
    }

    /// Runs a sink in this thread until shutdown.
    pub fn sink(&self, slot: u32, trouble: &Trouble, shutdown: &Shutdown) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = Store::new(self.client(), trouble.clone());
        let identity = Identity {
            slot,
            prefix: self.prefix.clone(),
        };
        let codec = Arc::clone(&self.codec);
        run(
            &self.kafka,
            &identity,
            codec,
            store,
            runtime.handle(),
            shutdown,
        )
    }

    /// Starts a sink as a process of its own, armed with a fail-point.
    pub fn start(&self, slot: u32, failpoint: Option<(&str, u32)>) -> Process {
        let who = format!("{} {slot}", self.prefix);
        Process::start(self.test, (CHILD, &who), failpoint)
    }

    /// A producer as our stages use: its commits leave control records in the partitions.
    pub fn producer(&self) -> BaseProducer {
        let producer: BaseProducer = serialtrail_ground::client(&self.kafka.brokers)
            .set("transactional.id", format!("{}producer", self.prefix))
            .create()
            .unwrap();
        producer.init_transactions(Duration::from_secs(20)).unwrap();
        producer
    }

    pub fn send<T: AvroRecord>(
        &self,
        producer: &BaseProducer,
        topic: &str,
        partition: i32,
        record: &T,
    ) {
        self.send_bytes(
            producer,
            topic,
            partition,
            None,
            &self.codec.encode(record).unwrap(),
        );
    }

    pub fn send_bytes(
        &self,
        producer: &BaseProducer,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: &[u8],
    ) {
        let topic = format!("{}{topic}", self.prefix);
        let mut record = BaseRecord::<[u8], [u8]>::to(&topic)
            .partition(partition)
            .payload(value);
        record.key = key;
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }

    /// One committed transaction of `reads` reads, a membership, an alert and a mark a partition, and
    /// one aborted one nobody may see.
    pub fn write(&self, producer: &BaseProducer, round: u32, reads: u32) {
        for commit in [false, true] {
            producer.begin_transaction().unwrap();
            for partition in 0..PARTITIONS {
                for n in 0..reads {
                    let read = EnrichedObservation {
                        unit: format!("unit-{partition}-{round}-{n}-{commit}"),
                        event_id: format!("event-{round}"),
                        asserted: true,
                        ..Default::default()
                    };
                    self.send(producer, ENRICHED, partition, &read);
                }
                let child = format!("child-{partition}-{round}-{commit}");
                self.send(
                    producer,
                    ENRICHED,
                    partition,
                    &Membership {
                        child,
                        ..Default::default()
                    },
                );
                self.send(producer, ENRICHED, partition, &Mark::default());
                let alert_id = format!("alert-{partition}-{round}-{commit}");
                self.send(
                    producer,
                    ALERTS,
                    partition,
                    &Alert {
                        alert_id,
                        ..Default::default()
                    },
                );
            }
            let patience = Duration::from_secs(20);
            if commit {
                producer.commit_transaction(patience).unwrap();
            } else {
                producer.flush(patience).unwrap();
                producer.abort_transaction(patience).unwrap();
            }
        }
    }

    /// Waits until `sql` counts `expected`; panics after a while.
    pub fn wait_for(&self, sql: &str, expected: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.count(sql);
            if found == expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{sql}: {found}, expected {expected}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Every record of `write(round 0..rounds, reads)` is in its tables exactly once.
    pub fn assert_exactly_once(&self, rounds: u32, reads: u32) {
        let transactions = u64::from(rounds) * PARTITIONS.unsigned_abs() as u64;
        let reads = transactions * u64::from(reads);
        for (table, key, expected) in [
            (tables::OBSERVATIONS, "unit", reads),
            (tables::OBSERVATIONS_HISTORY, "unit", reads),
            (tables::CONTAINMENT, "child", transactions),
            (tables::CONTENTS, "child", transactions),
            (tables::ALERTS, "alert_id", transactions),
            (tables::ALERTS_HISTORY, "alert_id", transactions),
        ] {
            self.wait_for(&format!("SELECT uniqExact({key}) FROM {table}"), expected);
            assert_eq!(
                self.count(&format!("SELECT count() FROM {table}")),
                expected,
                "{table}"
            );
            let aborted = format!("SELECT count() FROM {table} WHERE {key} LIKE '%false'");
            assert_eq!(
                self.count(&aborted),
                0,
                "{table} has rows of an aborted transaction"
            );
        }
    }

    pub fn drop(self) {
        let sql = format!("DROP DATABASE {}", self.clickhouse.database);
        self.block_on(async { self.client().query(&sql).execute().await.unwrap() });
    }
}
