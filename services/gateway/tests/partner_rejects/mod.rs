//! What was refused of a partner's events reaches `partner.<party>.rejects` exactly once, whenever the
//! gateway is killed. The gateway is a process here, because a fail-point ends it as `kill -9` would.

use crate::instance::{Kafka, free_address, settings};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serialtrail_records::RejectedEvent;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SLOT: &str = "97";

/// A gateway as a process of its own; killed when dropped.
struct Process {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Process {
    fn start(kafka: &Kafka, fail_point: Option<&str>) -> Self {
        let (folder, config) = settings(kafka);
        let mut command = Command::new(env!("CARGO_BIN_EXE_serialtrail-gateway"));
        command
            .arg("--config")
            .arg(config)
            .args(["--slot", SLOT, "--listen", &free_address().to_string()])
            .env_remove("SERIALTRAIL_CONFIG")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(name) = fail_point {
            command.env("SERIALTRAIL_FAILPOINT", name);
        }
        Self {
            child: command.spawn().unwrap(),
            _folder: folder,
        }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Whether a fail-point ended it, and not an error.
    fn was_killed(&mut self) -> bool {
        self.child.wait().unwrap().signal().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A party of this run.
fn party(name: &str) -> String {
    format!("gateway-test-{name}-{}", uuid::Uuid::now_v7())
}

/// Writes rejections numbered `from` to `to` of a party, over all partitions by key.
fn refuse(kafka: &Kafka, party: &str, numbers: std::ops::Range<u32>) {
    let producer: BaseProducer = kafka
        .client()
        .set("partitioner", "murmur2_random")
        .create()
        .unwrap();
    for number in numbers {
        let id = format!("{party}-{number}");
        let row = RejectedEvent {
            reject_id: id.clone(),
            stage: "gateway".into(),
            reason: "bad_check_digit".into(),
            message: "written by a test".into(),
            source_party: party.into(),
            original: vec![0, 255, 7],
            parts: 1,
            ..RejectedEvent::default()
        };
        let value = kafka.codec.encode(&row).unwrap();
        let record = BaseRecord::to("rejected-events").key(&id).payload(&value);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// How often each rejection stands in a party's topic, by its key.
fn told(kafka: &Kafka, party: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (key, value) in kafka.read(&format!("partner.{party}.rejects")) {
        let row: RejectedEvent = kafka.codec.decode(&value).unwrap();
        assert_eq!(row.source_party, party, "somebody else's rejection");
        assert_eq!(key.as_deref(), Some(row.reject_id.as_bytes()));
        *counts.entry(row.reject_id).or_default() += 1;
    }
    counts
}

/// Every one of `count` rejections, once.
fn each_once(party: &str, count: u32) -> BTreeMap<String, usize> {
    let numbers = 0..count;
    numbers.map(|n| (format!("{party}-{n}"), 1)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_is_told_each_rejection_once_whenever_the_gateway_is_killed() {
    let Some(kafka) = Kafka::given("a_partner_is_told_each_rejection_once...") else {
        return;
    };
    let (acme, other) = (party("acme"), party("other"));
    kafka.create(&format!("partner.{acme}.rejects"));
    kafka.create(&format!("partner.{other}.rejects"));
    let mut written = 0;
    for moment in ["after_begin", "before_commit", "after_commit_before_local"] {
        let mut gateway = Process::start(&kafka, Some(moment));
        let begun = Instant::now();
        while !gateway.has_ended() {
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "{moment}: never reached"
            );
            refuse(&kafka, &acme, written..written + 16);
            written += 16;
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(gateway.was_killed(), "{moment}: it ended of itself");
    }
    let mut gateway = Process::start(&kafka, None);
    kafka.until("every rejection at its partner", || {
        told(&kafka, &acme).len() == written as usize
    });
    refuse(&kafka, &other, 0..1);
    kafka.until("the other partner's rejection", || {
        told(&kafka, &other).len() == 1
    });
    assert_eq!(told(&kafka, &acme), each_once(&acme, written));
    assert!(!gateway.has_ended());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_without_topic_stops_nobody_and_gets_what_is_refused_once_it_has_one() {
    let Some(kafka) = Kafka::given("a_party_without_topic_stops_nobody...") else {
        return;
    };
    let (late, here) = (party("late"), party("here"));
    kafka.create(&format!("partner.{here}.rejects"));
    let gateway = crate::instance::Instance::start(&kafka, 98).await;
    refuse(&kafka, &late, 0..200);
    refuse(&kafka, &here, 0..200);
    kafka.until("rejections of the party that has a topic", || {
        told(&kafka, &here).len() == 200
    });
    kafka.create(&format!("partner.{late}.rejects"));
    refuse(&kafka, &late, 200..201);
    kafka.until("the first rejection on the new topic", || {
        !told(&kafka, &late).is_empty()
    });
    let first = format!("{late}-200");
    assert_eq!(told(&kafka, &late), BTreeMap::from([(first, 1)]));
    assert_eq!(told(&kafka, &here), each_once(&here, 200));
    gateway.end().await.unwrap();
}
