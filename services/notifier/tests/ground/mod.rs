//! A real Kafka for the notifier's tests: topics of the test's own, notifiers that can be stopped and
//! killed, and receivers that misbehave as told.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

pub mod hook;
pub mod warehouse;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serialtrail_ground::{BROKERS, CLICKHOUSE, PATIENCE, create_topics, given, topic, unique};
use serialtrail_notifier::routes::Routes;
use serialtrail_notifier::run_with;
use serialtrail_notifier::worker::Identity;
use serialtrail_records::{Alert, Codec, ParkedNotification};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_runtime::topics::{ALERTS, NOTIFICATIONS_PARKED};
use serialtrail_runtime::{App, Health, Service, Settings, Shutdown};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const PARTITIONS: i32 = 3;
pub const SECRET: &str = "a secret for tests";

/// Set for a child process: `<prefix> <routes file>`.
const CHILD: &str = "SERIALTRAIL_TEST_NOTIFIER";

pub struct Ground {
    pub prefix: String,
    pub settings: Arc<Settings>,
    pub codec: Arc<Codec>,
    producer: FutureProducer,
    test: &'static str,
}

impl Ground {
    /// What `test` stands on, or a visible skip. In a child process of a test it runs a notifier and
    /// does not return.
    pub async fn new(test: &'static str) -> Option<Self> {
        let [brokers] = given(test, [BROKERS])?;
        let child = std::env::var(CHILD).ok();
        let prefix = match &child {
            Some(child) => child.split_once(' ').unwrap().0.to_owned(),
            None => unique(test) + "-",
        };
        let mut settings = Settings::default();
        settings.kafka.brokers = brokers;
        settings.clickhouse = ClickHouseSettings {
            url: std::env::var(CLICKHOUSE).unwrap_or_else(|_| "http://127.0.0.1:1".to_owned()),
            database: prefix.replace('-', "_"),
            ..Default::default()
        };
        let producer = client(&settings)
            .set("enable.idempotence", "true")
            .create()
            .unwrap();
        let ground = Self {
            settings: Arc::new(settings),
            codec: Arc::new(Codec::offline().unwrap()),
            prefix,
            producer,
            test,
        };
        if let Some(child) = child {
            let file = Path::new(child.split_once(' ').unwrap().1).to_owned();
            let ended = ground.notifier(&std::fs::read_to_string(file).unwrap(), 0);
            std::process::exit(i32::from(ended.running.await.unwrap().is_err()));
        }
        let (alerts, parked) = (ground.topic(ALERTS), ground.topic(NOTIFICATIONS_PARKED));
        let new = [topic(&alerts, PARTITIONS), topic(&parked, 1)];
        create_topics(&ground.settings.kafka.brokers, &new);
        Some(ground)
    }

    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Starts a notifier in this process.
    pub fn notifier(&self, routes: &str, slot: u32) -> Notifier {
        let routes = Routes::parse(routes, &|_| None, Path::new("")).unwrap();
        self.notifier_with(routes, slot)
    }

    pub fn notifier_with(&self, routes: Routes, slot: u32) -> Notifier {
        let shutdown = Shutdown::new();
        let app = App {
            service: Service::Notifier,
            settings: Arc::clone(&self.settings),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            shutdown: shutdown.clone(),
            health: Health::new(),
        };
        let identity = Identity {
            slot,
            prefix: self.prefix.clone(),
        };
        let codec = Arc::clone(&self.codec);
        let running = tokio::spawn(async move { run_with(&app, &identity, routes, codec).await });
        Notifier { shutdown, running }
    }

    /// Starts a notifier as a process of its own, armed with a fail-point.
    pub fn start(&self, routes: &str, failpoint: Option<(&str, u32)>) -> Process {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("routes.toml");
        std::fs::write(&file, routes).unwrap();
        let who = format!("{} {}", self.prefix, file.display());
        Process {
            process: serialtrail_ground::Process::start(self.test, (CHILD, &who), failpoint),
            _folder: folder,
        }
    }

    /// Writes an alert to its partition; where it stands.
    pub async fn write(&self, alert: &Alert) -> (i32, i64) {
        let value = self.codec.encode(alert).unwrap();
        let partition = serialtrail_gs1::partition(alert.subject.as_bytes(), PARTITIONS);
        self.write_bytes(partition, &alert.subject, &value).await
    }

    pub async fn write_bytes(&self, partition: i32, key: &str, value: &[u8]) -> (i32, i64) {
        let topic = self.topic(ALERTS);
        let record = FutureRecord::to(&topic)
            .key(key)
            .partition(partition)
            .payload(value);
        let sent = self
            .producer
            .send(record, Timeout::After(Duration::from_secs(20)))
            .await;
        let sent = sent.map_err(|(error, _)| error).unwrap();
        (sent.partition, sent.offset)
    }

    /// What was parked, once there are `count` or after a while.
    pub fn parked(&self, count: usize) -> Vec<ParkedNotification> {
        let consumer: BaseConsumer = client(&self.settings)
            .set("group.id", "reader")
            .set("enable.auto.commit", "false")
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic(NOTIFICATIONS_PARKED), 0, Offset::Beginning)
            .unwrap();
        consumer.assign(&list).unwrap();
        let (begun, mut parked) = (Instant::now(), Vec::new());
        while begun.elapsed() < Duration::from_secs(if parked.len() < count { 60 } else { 1 }) {
            let Some(message) = consumer.poll(Duration::from_millis(100)) else {
                if parked.len() >= count {
                    break;
                }
                continue;
            };
            let message = message.unwrap();
            let record: ParkedNotification = self.codec.decode(message.payload().unwrap()).unwrap();
            assert_eq!(message.key().unwrap(), record.receiver.as_bytes());
            parked.push(record);
        }
        parked
    }

    /// Records of topic alerts a receiver's group has not committed.
    pub fn lag(&self, receiver: &str) -> i64 {
        let topic = self.topic(ALERTS);
        let consumer: BaseConsumer = client(&self.settings)
            .set("group.id", format!("{}notifier-{receiver}", self.prefix))
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition(&topic, partition);
        }
        let patience = Duration::from_secs(10);
        let committed = consumer.committed_offsets(list, patience).unwrap();
        let mut lag = 0;
        for element in committed.elements() {
            let ends = consumer.fetch_watermarks(&topic, element.partition(), patience);
            let committed = match element.offset() {
                Offset::Offset(offset) => offset,
                _ => 0,
            };
            lag += ends.unwrap().1 - committed;
        }
        lag
    }

    /// Waits until a receiver's group has committed everything.
    pub async fn committed(&self, receiver: &str) {
        within(PATIENCE, "everything is committed", async || {
            tokio::task::block_in_place(|| self.lag(receiver)) == 0
        })
        .await;
    }
}

fn client(settings: &Settings) -> ClientConfig {
    serialtrail_ground::client(&settings.kafka.brokers)
}

/// Waits until `holds`; panics after `patience`.
pub async fn within(patience: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(
            begun.elapsed() < patience,
            "not within {patience:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A notifier in this process.
pub struct Notifier {
    pub shutdown: Shutdown,
    pub running: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Notifier {
    /// Drains it.
    pub async fn end(self) {
        self.shutdown.trigger();
        tokio::time::timeout(PATIENCE, self.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// A notifier process with its file of routes.
pub struct Process {
    process: serialtrail_ground::Process,
    _folder: tempfile::TempDir,
}

impl Process {
    /// Waits until it has ended; whether it died, rather than ending by itself.
    pub fn died(self) -> bool {
        self.process.died()
    }
}

/// The first revision of an alert on a pack, with everything routing and grouping look at.
pub fn alert(id: &str) -> Alert {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    Alert {
        alert_id: id.to_owned(),
        rule: "DUPLICATE_SCAN".into(),
        subject: format!("01/09521000000018/21/{id}"),
        subject_kind: "unit".into(),
        epc: format!("https://id.gs1.org/01/09521000000018/21/{id}"),
        revision: 1,
        state: "asserted".into(),
        severity: "high".into(),
        anchor_event: "urn:uuid:1".into(),
        event_ids: vec!["urn:uuid:1".into()],
        event_time: 1_760_000_000_000_000,
        record_time: 1_760_000_000_000_000,
        detected_at: now.as_micros() as i64,
        country: Some("ES".into()),
        site: Some("9521321000018".into()),
        party: Some("9521321000001".into()),
        gtin: Some("09521000000018".into()),
        lot: Some("L1".into()),
        profile: Some("pharma".into()),
        evidence: r#"{"events_total":1}"#.into(),
        policy_version: "test".into(),
        source_party: "operator".into(),
        capture_id: "c".into(),
        ..Alert::default()
    }
}

/// The next revision of an alert.
pub fn revised(alert: &Alert, change: impl FnOnce(&mut Alert)) -> Alert {
    let mut next = alert.clone();
    next.revision += 1;
    change(&mut next);
    next
}

/// The next revision, which takes it back.
pub fn retracted(alert: &Alert) -> Alert {
    revised(alert, |next| {
        next.state = "retracted".into();
        next.retract_reason = Some("withdrawn_event".into());
    })
}
