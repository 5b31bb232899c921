//! The copy of the reference data over a real Kafka: what stood at the start, what comes later, and
//! the commit markers that take offsets no record shows.
#![allow(clippy::unwrap_used)]

#[path = "broker/mod.rs"]
mod broker;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serialtrail_ground::{client, create_topics, unique};
use serialtrail_records::{Codec, Product};
use serialtrail_runtime::Settings;
use serialtrail_runtime::shutdown::Shutdown;
use serialtrail_stream::reference::ReferenceCopy;
use std::sync::Arc;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(10);

fn load(producer: &BaseProducer, codec: &Codec, topic: &str, gtins: &[&str]) {
    producer.begin_transaction().unwrap();
    for gtin in gtins {
        let key = format!("product/{gtin}/");
        let product = Product {
            gtin: (*gtin).into(),
            ..Product::default()
        };
        let value = codec.encode(&product).unwrap();
        let record = BaseRecord::to(topic).key(&key).payload(&value);
        producer.send(record).map_err(|(e, _)| e).unwrap();
    }
    producer.commit_transaction(WAIT).unwrap();
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + WAIT;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_copy_holds_what_stood_at_its_start_and_follows_what_comes_markers_included() {
    let Some(brokers) = broker::brokers("reference copy") else {
        return;
    };
    let topic = unique("reference");
    let new = serialtrail_ground::topic(&topic, 1).set("cleanup.policy", "compact");
    create_topics(&brokers, &[new]);
    let config = client(&brokers);
    let producer: BaseProducer = config
        .clone()
        .set("transactional.id", &topic)
        .create()
        .unwrap();
    producer.init_transactions(WAIT).unwrap();
    let codec = Arc::new(Codec::offline().unwrap());
    load(
        &producer,
        &codec,
        &topic,
        &["00000000000017", "00000000000024"],
    );

    let (mut settings, shutdown) = (Settings::default(), Shutdown::new());
    settings.kafka.brokers = brokers.clone();
    let start =
        || ReferenceCopy::start_on(&topic, &settings.kafka, Arc::clone(&codec), &shutdown).unwrap();
    let end = || {
        let mut config = config.clone();
        let consumer: BaseConsumer = config
            .set("isolation.level", "read_committed")
            .create()
            .unwrap();
        consumer.fetch_watermarks(&topic, 0, WAIT).unwrap().1
    };
    let early = start();
    assert_eq!(early.table().len(), 2);
    assert_eq!(early.offset_seen(), end(), "the commit marker is counted");

    load(&producer, &codec, &topic, &["00000000000031"]);
    until("the new record", || early.table().len() == 3);
    // A copy started later counts the marker at once; the earlier one must come to the same offset,
    // or it would wait for ever for what the later one stamps.
    let late = start();
    assert_eq!(late.offset_seen(), end());
    until("the same offset", || {
        early.offset_seen() == late.offset_seen()
    });

    producer.begin_transaction().unwrap();
    let key = "product/00000000000017/";
    let tombstone = BaseRecord::<str, [u8]>::to(&topic).key(key);
    producer.send(tombstone).map_err(|(e, _)| e).unwrap();
    producer.commit_transaction(WAIT).unwrap();
    for copy in [&early, &late] {
        until("the tombstone", || {
            copy.table().product("00000000000017", 0).is_none()
        });
    }
    shutdown.trigger();
}
