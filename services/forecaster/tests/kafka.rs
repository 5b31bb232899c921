//! Records of a version on a real broker: all or none, once, with the time the version was made.
#![allow(clippy::unwrap_used)]

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_forecaster::publish::{KafkaPublisher, Keyed, Publish};
use serialtrail_ground::{BROKERS, REGISTRY, create_topics, delete_topics, given, topic, unique};
use serialtrail_gs1::partition;
use serialtrail_records::{Codec, DemandForecast, ForecastPoint};
use serialtrail_runtime::Settings;
use serialtrail_runtime::kafka::client_config;
use std::sync::Arc;
use std::time::Duration;

const PARTITIONS: i32 = 4;

/// `None`, with a visible note, where no broker or registry is given.
fn settings() -> Option<Settings> {
    let [brokers, url] = given("publishing", [BROKERS, REGISTRY])?;
    let mut settings = Settings::default();
    settings.kafka.brokers = brokers;
    settings.schema_registry.url = url;
    Some(settings)
}

fn keyed(version: &str, country: &str, points: usize) -> Keyed {
    let point = ForecastPoint {
        day: "2026-03-01".into(),
        mean: 1.5,
        quantiles: vec![0.5; 5],
    };
    let record = DemandForecast {
        forecast_version: version.into(),
        country: country.into(),
        created_at: 7,
        points: vec![point; points],
        ..DemandForecast::default()
    };
    (format!("09521000000018/{country}"), record)
}

/// (key, partition, record) of everything committed, in order of partitions.
fn committed(
    settings: &Settings,
    topic: &str,
    codec: &Codec,
) -> Vec<(String, i32, DemandForecast)> {
    let consumer: BaseConsumer = client_config(&settings.kafka)
        .set("group.id", format!("{topic}-reader"))
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let (mut ends, mut found) = (0, Vec::new());
    while ends < PARTITIONS {
        match consumer.poll(Duration::from_secs(20)).unwrap() {
            Ok(message) => found.push((
                String::from_utf8(message.key().unwrap().to_vec()).unwrap(),
                message.partition(),
                codec.decode(message.payload().unwrap()).unwrap(),
            )),
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => ends += 1,
            Err(error) => panic!("{error}"),
        }
    }
    found
}

#[tokio::test]
async fn a_version_is_published_whole_and_remembered_with_its_time() {
    let Some(settings) = settings() else {
        return;
    };
    let name = unique("demand-forecasts");
    create_topics(&settings.kafka.brokers, &[topic(&name, PARTITIONS)]);

    let publisher = || KafkaPublisher::named(Arc::new(settings.clone()), &name, &name);
    let first = publisher();
    assert_eq!(first.published("v1").await.unwrap(), None);
    // One record too large: none of the version's is seen.
    let too_large = vec![keyed("v1", "DE", 1), keyed("v1", "FR", 6000)];
    let error = first.publish("v1", 7, too_large).await.unwrap_err();
    assert!(error.to_string().contains("262144 at most"), "{error:#}");
    assert_eq!(first.published("v1").await.unwrap(), None);

    let records = vec![
        keyed("v1", "DE", 28),
        keyed("v1", "FR", 28),
        keyed("v1", "PL", 0),
    ];
    first.publish("v1", 7, records.clone()).await.unwrap();
    // Another process finds it.
    let second = publisher();
    assert_eq!(second.published("v1").await.unwrap(), Some(7));
    assert_eq!(second.published("v2").await.unwrap(), None);
    second
        .publish("v2", 9, vec![keyed("v2", "DE", 1)])
        .await
        .unwrap();
    assert_eq!(second.published("v2").await.unwrap(), Some(9));

    let (reader, written) = (settings.clone(), name.clone());
    let mut found = tokio::task::spawn_blocking(move || {
        let codec = Codec::connect(&reader.schema_registry.url).unwrap();
        committed(&reader, &written, &codec)
    })
    .await
    .unwrap();
    found.sort_by(|a, b| (&a.2.forecast_version, &a.0).cmp(&(&b.2.forecast_version, &b.0)));
    for (key, at, _) in &found {
        assert_eq!(*at, partition(key.as_bytes(), PARTITIONS), "{key}");
    }
    let (last, firsts) = found.split_last().unwrap();
    assert_eq!(last.2.forecast_version, "v2");
    let firsts: Vec<Keyed> = firsts
        .iter()
        .map(|(k, _, r)| (k.clone(), r.clone()))
        .collect();
    assert_eq!(firsts, records);

    delete_topics(&settings.kafka.brokers, &[&name]);
}
