//! Alerts onto their topic, as the detector writes them.

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use serialtrail_records::{Alert, Codec};
use serialtrail_runtime::Settings;
use serialtrail_runtime::topics::ALERTS;
use std::collections::HashMap;
use std::time::{Duration, Instant};

pub(super) struct Sender {
    codec: Codec,
    producer: FutureProducer,
    partitions: i32,
}

/// Number `number` of the alerts of a run: every one about a unit of its own.
fn alert(number: u64) -> Alert {
    let unit = format!("01/09521321000018/21/N{number:011}");
    let time = 1_767_225_600_000_000 + i64::try_from(number).unwrap_or(0) * 1_000;
    let event = format!("urn:uuid:5e71a17b-0000-4000-8000-{number:012x}");
    Alert {
        alert_id: serialtrail_records::stable_id(format!("DUPLICATE_SCAN\n{unit}\n{event}")),
        rule: "DUPLICATE_SCAN".into(),
        subject: unit.clone(),
        subject_kind: "unit".into(),
        epc: format!("https://id.gs1.org/{unit}"),
        revision: 1,
        state: "asserted".into(),
        severity: "high".into(),
        event_ids: vec![event.clone()],
        anchor_event: event,
        event_time: time,
        record_time: time,
        detected_at: time,
        country: Some("DE".into()),
        site: Some("9521321000018".into()),
        party: Some("9521321000018".into()),
        gtin: Some("09521321000018".into()),
        lot: Some("L1".into()),
        profile: Some("pharma".into()),
        evidence: r#"{"events_total":2,"reads":[]}"#.into(),
        policy_version: "bench".into(),
        source_party: "9521321000018".into(),
        ..Alert::default()
    }
}

impl Sender {
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", &settings.kafka.brokers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "2")
            .create()?;
        let metadata = rdkafka::producer::Producer::client(&producer)
            .fetch_metadata(Some(ALERTS), Duration::from_secs(10))?;
        let topic = metadata.topics().first().context("no topic alerts")?;
        Ok(Self {
            codec: Codec::connect(&settings.schema_registry.url)?,
            partitions: i32::try_from(topic.partitions().len())?,
            producer,
        })
    }

    /// Sends alerts from number `first` on; when each was committed, by its idempotency key.
    pub(super) async fn send(
        &self,
        first: u64,
        alerts: u32,
        per_second: Option<u32>,
    ) -> anyhow::Result<HashMap<String, Instant>> {
        let start = tokio::time::Instant::now();
        let mut sending = Vec::new();
        for (index, number) in (0..alerts).zip(first..) {
            if let Some(rate) = per_second {
                tokio::time::sleep_until(start + Duration::from_secs(1) * index / rate).await;
            }
            let alert = alert(number);
            let key = format!("{}/{}", alert.alert_id, alert.revision);
            let value = self.codec.encode(&alert)?;
            let (producer, partitions) = (self.producer.clone(), self.partitions);
            sending.push(tokio::spawn(async move {
                let subject = alert.subject.as_bytes();
                let record = FutureRecord::to(ALERTS)
                    .key(subject)
                    .payload(&value)
                    .partition(serialtrail_gs1::partition(subject, partitions));
                let sent = producer.send(record, Timeout::After(Duration::from_secs(30)));
                sent.await.map_err(|(error, _)| error)?;
                anyhow::Ok((key, Instant::now()))
            }));
        }
        let mut committed = HashMap::new();
        for sent in sending {
            let (key, at) = sent.await??;
            committed.insert(key, at);
        }
        Ok(committed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_is_another_one_and_is_one_by_its_schema() {
        let codec = Codec::offline().unwrap();
        let (one, other) = (alert(1), alert(2));
        assert_ne!(one.alert_id, other.alert_id);
        let bytes = codec.encode(&one).unwrap();
        assert_eq!(codec.decode::<Alert>(&bytes).unwrap(), one);
    }
}
