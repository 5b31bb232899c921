//! The gateway against a real broker and schema registry, one and two instances. Needs
//! `SERIALTRAIL_TEST_BROKERS` and `SERIALTRAIL_TEST_REGISTRY`, and the topics.
//!
//! The events here happened in 1991, so that they never move the stream time of a stack shared with
//! other tests.
#![allow(clippy::unwrap_used)]

mod instance;
mod partner_rejects;
mod rest;

use instance::{Instance, Kafka};
use serde_json::{Value, json};
use serialtrail_records::{EventMessage, PartnerEvent, RejectedEvent};
use std::time::Duration;

const RECORD_TIME: &str = "1991-05-05T00:00:00Z";

/// An event with an id of this run.
fn event(id: &str) -> Value {
    json!({
        "type": "ObjectEvent",
        "eventID": id,
        "eventTime": "1991-05-04T10:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "epcList": ["https://id.gs1.org/01/09521321123458/21/GATEWAY"],
        "action": "OBSERVE",
        "bizStep": "receiving",
        "readPoint": {"id": "https://id.gs1.org/414/9521321000018"}
    })
}

fn document(events: &[Value]) -> Value {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "1991-05-04T11:00:00Z",
        "epcisBody": {"eventList": events}
    })
}

fn new_id() -> String {
    uuid::Uuid::now_v7().urn().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_told_by_any_instance_and_its_events_are_committed_once() {
    let Some(kafka) = Kafka::given("a_job_is_told_by_any_instance...") else {
        return;
    };
    let (one, other) = (
        Instance::start(&kafka, 90).await,
        Instance::start(&kafka, 91).await,
    );
    let ids = [new_id(), new_id()];
    let body = document(&[event(&ids[0]), event(&ids[1])]);

    let accepted = one.capture(body.to_string(), &[]).await;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let id = accepted.body["captureID"].as_str().unwrap().to_owned();
    assert_eq!(
        accepted.location.unwrap(),
        format!("/epcis/v2/capture/{id}")
    );

    let job = other.job_within(&id, Duration::from_secs(10)).await;
    assert_eq!(
        (&job["running"], &job["success"]),
        (&json!(false), &json!(true))
    );
    assert_eq!((&job["events"], &job["captured"]), (&json!(2), &json!(2)));
    let unknown = other.get("/epcis/v2/capture/no-such-job").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(
        unknown.body["type"],
        "epcisException:NoSuchResourceException"
    );

    // A repeat, by the other instance, is a success.
    assert_eq!(other.capture(body.to_string(), &[]).await.status, 202);
    let events = kafka.read("epcis-events");
    for event_id in &ids {
        let captured = events.iter().filter(|(key, value)| {
            // Other tests put bytes into this topic that are no record.
            let Ok(EventMessage::EpcisEvent(event)) = EventMessage::decode(&kafka.codec, value)
            else {
                return false;
            };
            key.as_deref() == Some(event_id.as_bytes()) && event.event_id == *event_id
        });
        assert_eq!(captured.count(), 2, "once a capture");
    }
    one.end().await.unwrap();
    other.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_kept_with_all_its_bytes() {
    let Some(kafka) = Kafka::given("what_is_refused_is_kept...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 92).await;
    let body = format!("{{\"type\": \"{}\", oops", "x".repeat(700_000));
    let refused = gateway.capture(body.clone(), &[]).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["type"], "epcisException:ValidationException");
    assert!(
        refused.body["errors"][0]["place"]
            .as_str()
            .unwrap()
            .starts_with("line 1, column")
    );
    let id = refused.body["captureID"].as_str().unwrap();
    let mut parts: Vec<RejectedEvent> = kafka
        .read("rejected-events")
        .into_iter()
        .map(|(_, value)| kafka.codec.decode::<RejectedEvent>(&value).unwrap())
        .filter(|row| row.capture_id.as_deref() == Some(id))
        .collect();
    parts.sort_by_key(|row| row.part);
    assert_eq!((parts.len(), parts[0].parts), (6, 6));
    let kept: Vec<u8> = parts.into_iter().flat_map(|row| row.original).collect();
    assert_eq!(kept, body.as_bytes());
    // Its job says so too.
    assert_eq!(
        gateway.get(&format!("/epcis/v2/capture/{id}")).await.body["success"],
        false
    );
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_status() {
    let Some(kafka) = Kafka::given("each_refusal_has_its_status") else {
        return;
    };
    let gateway = Instance::start(&kafka, 93).await;
    let good = document(&[event(&new_id())]).to_string();
    for (headers, status) in [
        (&[("x-api-key", "nobody")][..], 401),
        (&[("x-api-key", "")], 401),
        (&[("x-api-key", "reader-key")], 403),
        (
            &[
                ("x-api-key", "partner-key"),
                ("serialtrail-record-time", RECORD_TIME),
            ],
            403,
        ),
        (
            &[
                ("x-api-key", "partner-key"),
                ("serialtrail-source-party", "other"),
            ],
            403,
        ),
        (&[("accept", "text/html")], 406),
        (&[("gs1-epcis-version", "3.0")], 406),
        (&[("gs1-epcis-version", "1.2")], 400),
        (&[("content-type", "application/xml")], 400),
        (&[("content-type", "text/plain")], 415),
        (&[("content-encoding", "br")], 415),
        (&[("content-encoding", "zstd")], 400),
        (&[("gs1-capture-error-behaviour", "maybe")], 400),
        (&[("serialtrail-record-time", "yesterday")], 400),
    ] {
        let refused = gateway.capture(good.clone(), headers).await;
        assert_eq!(refused.status, status, "{headers:?}: {}", refused.body);
    }
    for (path, status) in [
        ("/epcis/v2/nothing", 404),
        ("/epcis/v2/events", 405),
        ("/epcis/v2/capture?perPage=x", 400),
    ] {
        let refused = gateway.get(path).await;
        assert_eq!(
            (refused.status, refused.body["status"].as_u64()),
            (status, Some(status.into()))
        );
    }
    let large = " ".repeat(instance::MAX_DOCUMENT_BYTES + (1 << 20));
    let refused = gateway.capture(large, &[]).await;
    assert_eq!(refused.status, 413);
    assert_eq!(
        refused.body["type"],
        "epcisException:CaptureLimitExceededException"
    );

    let id = new_id();
    assert_eq!(
        gateway
            .capture(document(&[event(&id)]).to_string(), &[])
            .await
            .status,
        202
    );
    let mut other = event(&id);
    other["bizStep"] = "shipping".into();
    let later = [("serialtrail-record-time", "1991-05-06T00:00:00Z")];
    let conflict = gateway
        .capture(document(&[other]).to_string(), &later)
        .await;
    assert_eq!(
        (conflict.status, &conflict.body["errors"][0]["reason"]),
        (202, &json!("event_id_conflict"))
    );
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_topic_is_taken_in_exactly_once_across_restarts() {
    let Some(kafka) = Kafka::given("a_partners_topic_is_taken_in...") else {
        return;
    };
    let topic = format!("partner.gateway-test-{}", uuid::Uuid::now_v7());
    kafka.create(&topic);
    let ids: Vec<String> = (0..20).map(|_| new_id()).collect();
    let record = |id: &String| {
        let event = PartnerEvent {
            event_id: Some(id.clone()),
            event_type: "ObjectEvent".into(),
            action: "OBSERVE".into(),
            event_time: 673_351_200_000_000,
            event_time_zone_offset: "+00:00".into(),
            biz_step: Some("receiving".into()),
            epc_list: vec!["https://id.gs1.org/01/09521321123458/21/GATEWAY".into()],
            ..PartnerEvent::default()
        };
        kafka.codec.encode(&event).unwrap()
    };
    let taken_in = |events: Vec<(Option<Vec<u8>>, Vec<u8>)>| {
        let ours = |key: &Option<Vec<u8>>| {
            ids.iter()
                .filter(|id| key.as_deref() == Some(id.as_bytes()))
                .count()
        };
        events.iter().map(|(key, _)| ours(key)).sum::<usize>()
    };
    let rejected = || -> Vec<RejectedEvent> {
        let rows = kafka.read("rejected-events").into_iter();
        rows.map(|(_, value)| kafka.codec.decode::<RejectedEvent>(&value).unwrap())
            .filter(|row| row.source_topic.as_deref() == Some(topic.as_str()))
            .collect()
    };
    for half in ids.chunks(10) {
        let gateway = Instance::start(&kafka, 94).await;
        kafka.produce(&topic, half.iter().map(record).collect(), RECORD_TIME);
        kafka.produce(&topic, vec![b"garbage".to_vec()], RECORD_TIME);
        let expected = if half[0] == ids[0] { 10 } else { 20 };
        kafka.until("events taken in", || {
            taken_in(kafka.read("epcis-events")) >= expected
        });
        kafka.until("rejection", || rejected().len() >= expected / 10);
        gateway.end().await.unwrap();
        assert_eq!(taken_in(kafka.read("epcis-events")), expected);
    }
    let rejected = rejected();
    assert_eq!(rejected.len(), 2);
    for row in rejected {
        assert_eq!(
            (row.reason.as_str(), row.original.as_slice()),
            ("not_avro_framed", &b"garbage"[..])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_time_is_remembered_across_a_restart_and_never_goes_back() {
    let Some(kafka) = Kafka::given("stream_time_is_remembered...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 95).await;
    gateway
        .capture(document(&[event(&new_id())]).to_string(), &[])
        .await;
    let before = gateway.get("/v1/clock").await.body;
    let marked = before["mark_micros"].as_i64().unwrap();
    assert!(marked >= 673_401_600_000_000, "{before}");
    let back = gateway
        .post("/v1/clock/mark", "{\"time\":\"1990-02-01T00:00:00Z\"}", &[])
        .await;
    assert_eq!(
        (back.status, back.body["mark_micros"].as_i64()),
        (200, Some(marked))
    );
    let forbidden = [("x-api-key", "partner-key")];
    let refused = gateway.post(
        "/v1/clock/mark",
        "{\"time\":\"1990-02-01T00:00:00Z\"}",
        &forbidden,
    );
    assert_eq!(refused.await.status, 403);
    gateway.end().await.unwrap();
    let again = Instance::start(&kafka, 95).await;
    assert_eq!(
        again.get("/v1/clock").await.body["mark_micros"].as_i64(),
        Some(marked)
    );
    again.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_gateway_of_a_slot_ends_the_first() {
    let Some(kafka) = Kafka::given("a_second_gateway_of_a_slot...") else {
        return;
    };
    let first = Instance::start(&kafka, 96).await;
    let second = Instance::start(&kafka, 96).await;
    let error = first.ended().await.unwrap_err();
    assert!(format!("{error:#}").contains("slot"), "{error:#}");
    let taken = second
        .capture(document(&[event(&new_id())]).to_string(), &[])
        .await;
    assert_eq!(taken.status, 202);
    second.end().await.unwrap();
}
