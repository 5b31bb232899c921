//! The EPCIS 2.0 REST binding of capture against a real broker: discovery, forms, packed bodies, large
//! documents, master data.

use super::{document, new_id};
use crate::RECORD_TIME;
use crate::instance::{self, Answer, Instance, Kafka};
use serde_json::{Value, json};
use serialtrail_records::{EpcisEvent, EventMessage, ReferenceMessage};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_warehouse::rows::{EventRow, Origin};
use serialtrail_warehouse::{insert::insert_batch, tables};
use std::collections::HashSet;
use std::io::Write;
use std::time::{Duration, Instant};

/// An event of a unit of its own.
fn event(id: &str, serial: usize) -> Value {
    let mut event = super::event(id);
    event["epcList"] = json!([format!(
        "https://id.gs1.org/01/09521321123458/21/REST{serial}"
    )]);
    event
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
}

/// Ids of a run's events in `epcis-events`, once each.
fn captured(kafka: &Kafka, run: &str) -> HashSet<String> {
    let events = kafka.read("epcis-events").into_iter();
    let ids = events.filter_map(
        |(_, value)| match EventMessage::decode(&kafka.codec, &value) {
            Ok(EventMessage::EpcisEvent(event)) => Some(event.event_id),
            _ => None,
        },
    );
    ids.filter(|id| id.starts_with(run)).collect()
}

/// The job, once it does not run any more.
async fn ended(gateway: &Instance, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let job = gateway.job_within(id, Duration::from_secs(10)).await;
        if job["running"] == false {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{job}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_resource_says_what_it_can_and_answers_in_the_form_asked_for() {
    let Some(kafka) = Kafka::given("every_resource_says_what_it_can...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 80).await;
    for (path, allow) in [
        ("/epcis/v2", "GET, HEAD, OPTIONS"),
        ("/epcis/v2/capture", "GET, HEAD, OPTIONS, POST"),
        ("/epcis/v2/capture/any", "GET, HEAD, OPTIONS"),
        ("/epcis/v2/events", "GET, HEAD, OPTIONS, POST"),
    ] {
        let answer = gateway.ask("OPTIONS", path, &[]).await;
        assert_eq!(
            (answer.status, header(&answer, "allow")),
            (204, Some(allow)),
            "{path}"
        );
        for name in [
            "gs1-epcis-min",
            "gs1-epcis-max",
            "gs1-cbv-min",
            "gs1-vendor-version",
        ] {
            assert!(header(&answer, name).is_some(), "{path} {name}");
        }
        assert_eq!(header(&answer, "gs1-epcis-version"), Some("2.0.0"));
        let limits = path.ends_with("/capture");
        assert_eq!(header(&answer, "gs1-epcis-capture-limit").is_some(), limits);
        assert_eq!(
            header(&answer, "gs1-capture-error-behaviour").is_some(),
            limits
        );
    }
    let root = gateway.ask("GET", "/epcis/v2", &[]).await;
    assert_eq!(root.body["type"], "Collection");
    assert_eq!(root.body["member"].as_array().unwrap().len(), 9);
    let root = gateway
        .ask("GET", "/epcis/v2", &[("accept", "application/xml")])
        .await;
    assert!(
        root.text.contains("<member>capture</member>"),
        "{}",
        root.text
    );
    let versions = [("gs1-epcis-min", "2.1")];
    let refused = gateway.ask("GET", "/epcis/v2", &versions).await;
    assert_eq!(
        (refused.status, refused.body["type"].as_str()),
        (406, Some("epcisException:NotAcceptableException"))
    );

    let body = document(&[event(&new_id(), 1)]).to_string();
    let xml = [
        ("accept", "application/xml"),
        ("serialtrail-record-time", RECORD_TIME),
    ];
    let taken = gateway.post("/epcis/v2/capture", body, &xml).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    assert_eq!(header(&taken, "content-type"), Some("application/xml"));
    let job = taken.location.unwrap();
    let key = ("x-api-key", "import-key");
    let told = gateway.ask("GET", &job, &[key, xml[0]]).await;
    assert!(
        told.text.contains("<epcis:EPCISCaptureJob"),
        "{}",
        told.text
    );
    assert!(told.text.contains("success=\"true\""), "{}", told.text);

    let page = gateway
        .ask("GET", "/epcis/v2/capture?perPage=0", &[key])
        .await;
    assert_eq!(page.status, 400);
    for _ in 0..2 {
        let body = document(&[event(&new_id(), 1)]).to_string();
        assert_eq!(gateway.capture(body, &[]).await.status, 202);
    }
    let page = gateway
        .ask("GET", "/epcis/v2/capture?perPage=1", &[key])
        .await;
    assert_eq!(page.body.as_array().unwrap().len(), 1);
    assert!(header(&page, "gs1-next-page-token-expires").is_some());
    let next = header(&page, "link").unwrap();
    let next = next
        .strip_prefix('<')
        .unwrap()
        .strip_suffix(">; rel=\"next\"")
        .unwrap();
    let second = gateway.ask("GET", next, &[key]).await;
    assert_ne!(second.body[0]["captureID"], page.body[0]["captureID"]);
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_event_is_created_under_its_id_and_a_conflict_is_told() {
    let Some(kafka) = Kafka::given("a_single_event_is_created...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 81).await;
    let id = new_id();
    let mut one = event(&id, 2);
    one["@context"] = json!("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
    let at = [("serialtrail-record-time", RECORD_TIME)];
    let created = gateway.post("/epcis/v2/events", one.to_string(), &at).await;
    assert_eq!(created.status, 201, "{}", created.text);
    assert_eq!(created.location.unwrap(), format!("/epcis/v2/events/{id}"));
    assert_eq!(created.body["eventID"], id.as_str());
    let repeat = gateway.post("/epcis/v2/events", one.to_string(), &at).await;
    assert_eq!(repeat.status, 201);

    let mut other = one.clone();
    other["bizStep"] = "shipping".into();
    let later = [("serialtrail-record-time", "1991-05-06T00:00:00Z")];
    let conflict = gateway
        .post("/epcis/v2/events", other.to_string(), &later)
        .await;
    assert_eq!(
        (conflict.status, conflict.body["type"].as_str()),
        (409, Some("epcisException:ResourceAlreadyExistsException"))
    );

    one.as_object_mut().unwrap().remove("eventID");
    let created = gateway.post("/epcis/v2/events", one.to_string(), &at).await;
    let hash = created.body["eventID"].as_str().unwrap();
    assert!(hash.starts_with("ni:///sha-256;"), "{hash}");
    let location = created.location.unwrap();
    assert!(
        location.starts_with("/epcis/v2/events/ni:%2F%2F%2Fsha-256;"),
        "{location}"
    );
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_documents_are_captured_and_bombs_are_413() {
    let Some(kafka) = Kafka::given("packed_documents_are_captured...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 82).await;
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let body = document(&[event(&new_id(), 3)]).to_string();
    let bomb = vec![b' '; instance::MAX_DOCUMENT_BYTES + 1];
    for (coding, packed, bomb) in [
        ("gzip", gzip(body.as_bytes()), gzip(&bomb)),
        (
            "zstd",
            zstd::encode_all(body.as_bytes(), 3).unwrap(),
            zstd::encode_all(bomb.as_slice(), 1).unwrap(),
        ),
    ] {
        let coded = [("content-encoding", coding)];
        let taken = gateway.capture(packed, &coded).await;
        assert_eq!(taken.status, 202, "{coding}: {}", taken.text);
        let refused = gateway.capture(bomb, &coded).await;
        assert_eq!(refused.status, 413, "{coding}: {}", refused.text);
        let limit = instance::MAX_DOCUMENT_BYTES.to_string();
        assert_eq!(
            header(&refused, "gs1-epcis-capture-file-size-limit"),
            Some(limit.as_str())
        );
    }
    gateway.end().await.unwrap();
}

/// A document of more bytes than are kept in memory; `bad` of its events have no check digit.
fn large(run: &str, events: usize, bad: &[usize]) -> String {
    let filler = "x".repeat(2_000);
    let events: Vec<Value> = (0..events)
        .map(|n| {
            let mut event = event(&format!("{run}{n}"), n);
            event["ex:filler"] = filler.as_str().into();
            if bad.contains(&n) {
                event["epcList"] = json!(["https://id.gs1.org/01/09521321123459/21/1"]);
            }
            event
        })
        .collect();
    let mut document = document(&events);
    document["@context"] = json!(["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"ex": "https://ex.com/"}]);
    let text = document.to_string();
    assert!(text.len() > 9 << 20 && text.len() < instance::MAX_DOCUMENT_BYTES);
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_document_is_rolled_back_whole_or_captured_whole() {
    let Some(kafka) = Kafka::given("a_large_document_is_rolled_back...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 83).await;
    let run = format!("urn:x:{}:", uuid::Uuid::now_v7());
    let refused = gateway.capture(large(&run, 4_500, &[4_499]), &[]).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(refused.body["errors"][0]["eventIndex"], 4_499);
    assert_eq!(captured(&kafka, &run).len(), 0);
    let taken = gateway.capture(large(&run, 4_500, &[]), &[]).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    assert_eq!(
        (&taken.body["running"], &taken.body["captured"]),
        (&json!(false), &json!(4_500))
    );
    assert_eq!(captured(&kafka, &run).len(), 4_500);
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_document_with_proceed_goes_in_parts_and_sent_again_ends_the_same() {
    let Some(kafka) = Kafka::given("a_large_document_with_proceed...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 84).await;
    let run = format!("urn:x:{}:", uuid::Uuid::now_v7());
    let proceed = [("gs1-capture-error-behaviour", "proceed")];
    let body = large(&run, 7_000, &[0, 6_000]);
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let taken = gateway.capture(body.clone(), &proceed).await;
        assert_eq!(taken.status, 202, "{}", taken.text);
        assert_eq!(
            (&taken.body["running"], &taken.body["events"]),
            (&json!(true), &json!(7_000))
        );
        let id = taken.body["captureID"].as_str().unwrap();
        let job = ended(&gateway, id).await;
        assert_eq!(captured(&kafka, &run).len(), 6_998);
        outcomes.push((
            job["captured"].clone(),
            job["errorsTotal"].clone(),
            job["errors"][1]["eventIndex"].clone(),
            job["success"].clone(),
        ));
    }
    let expected = (json!(6_998), json!(2), json!(6_000), json!(false));
    assert_eq!(outcomes, [expected.clone(), expected]);
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn master_data_of_a_document_is_published_where_its_sender_may() {
    let Some(kafka) = Kafka::given("master_data_of_a_document...") else {
        return;
    };
    let gateway = Instance::start(&kafka, 85).await;
    let vocabulary = "urn:epcglobal:epcis:vtype:BusinessLocation";
    let name = format!("Dock {}", uuid::Uuid::now_v7());
    let mut body = document(&[event(&new_id(), 4)]);
    body["epcisHeader"] = json!({"epcisMasterData": {"vocabularyList": [{
        "type": vocabulary,
        "vocabularyElementList": [{
            "id": "urn:epc:id:sgln:9521321.00009.0",
            "attributes": [{"id": "urn:epcglobal:cbv:mda#name", "attribute": name}],
        }],
    }]}});
    let published = || {
        let records = kafka.read("reference-data").into_iter();
        records.filter_map(|(_, value)| ReferenceMessage::decode(&kafka.codec, &value).ok())
    };
    let keys: [(&str, usize); 2] = [("import-key", 0), ("masters-key", 2)];
    for (key, expected) in keys {
        let headers = [("x-api-key", key), ("serialtrail-record-time", RECORD_TIME)];
        let taken = gateway.capture(body.to_string(), &headers).await;
        assert_eq!(taken.status, 202, "{}", taken.text);
        assert_eq!(taken.body["captured"], 1);
        let warned = taken.body["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|warning| warning["reason"] == "master_data_not_allowed");
        assert_eq!(warned, expected == 0, "{}", taken.text);
        let found = published().filter(|message| match message {
            ReferenceMessage::MasterData(element) => {
                element.vocabulary == vocabulary
                    && element
                        .attributes
                        .iter()
                        .any(|attribute| attribute.value == name)
            }
            ReferenceMessage::Location(place) => place.name == name,
            _ => false,
        });
        assert_eq!(found.count(), expected, "{key}");
    }
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_ends_in_a_large_document_ends_its_job_and_the_document_sent_again_completes_it()
 {
    let Some(kafka) = Kafka::given("a_gateway_that_ends_in_a_large...") else {
        return;
    };
    let run = format!("urn:x:{}:", uuid::Uuid::now_v7());
    let proceed = [("gs1-capture-error-behaviour", "proceed")];
    let body = large(&run, 9_000, &[]);
    let gateway = Instance::start(&kafka, 86).await;
    let taken = gateway.capture(body.clone(), &proceed).await;
    assert_eq!(
        (taken.status, &taken.body["running"]),
        (202, &json!(true)),
        "{}",
        taken.text
    );
    let id = taken.body["captureID"].as_str().unwrap();
    while gateway.job_within(id, Duration::from_secs(10)).await["captured"] == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.end().await.unwrap();

    let gateway = Instance::start(&kafka, 86).await;
    let job = ended(&gateway, id).await;
    assert_eq!(job["success"], false, "{job}");
    assert_eq!(job["errors"][0]["reason"], "interrupted");
    let before = captured(&kafka, &run).len();
    assert_eq!(job["captured"], before);
    assert!(
        0 < before && before < 9_000,
        "the gateway was not ended in the middle"
    );
    let again = gateway.capture(body, &proceed).await;
    let job = ended(&gateway, again.body["captureID"].as_str().unwrap()).await;
    assert_eq!(
        (&job["captured"], &job["success"]),
        (&json!(9_000), &json!(true))
    );
    assert_eq!(captured(&kafka, &run).len(), 9_000);
    gateway.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_told_by_an_instance_that_never_heard_of_the_first_event() {
    let test = "a_conflict_is_told_by_an_instance...";
    let Some(kafka) = Kafka::given(test) else {
        return;
    };
    let Ok(url) = std::env::var("SERIALTRAIL_TEST_CLICKHOUSE") else {
        eprintln!("SKIPPED: {test}: SERIALTRAIL_TEST_CLICKHOUSE is not set");
        return;
    };
    let database = format!("gateway_{}", uuid::Uuid::now_v7().simple());
    let settings = ClickHouseSettings {
        url: url.clone(),
        database: database.clone(),
        ..ClickHouseSettings::default()
    };
    serialtrail_warehouse::migrate(&settings).await.unwrap();
    let client = serialtrail_warehouse::client(&settings);
    let further = format!("[clickhouse]\nurl = \"{url}\"\ndatabase = \"{database}\"\n");
    let gateway = Instance::start_with(&kafka, 87, &further).await;
    let stored = async |id: &str, offset: i64, declaration: bool| {
        let record = EpcisEvent {
            event_id: id.into(),
            content_hash: "ni:///sha-256;of-the-first".into(),
            record_time: 640_000_000_000_000 + offset,
            event_time: 640_000_000_000_000,
            error_declaration: declaration.then(Default::default),
            ..EpcisEvent::default()
        };
        let origin = Origin {
            topic: "epcis-events",
            partition: 0,
            offset,
            index: 0,
        };
        let row = EventRow::new(record, &origin);
        let token = format!("{id}/{offset}");
        insert_batch(&client, tables::EVENTS, &token, &[row])
            .await
            .unwrap();
    };
    let (taken, withdrawn) = (new_id(), new_id());
    stored(&taken, 1, false).await;
    stored(&withdrawn, 2, false).await;
    stored(&withdrawn, 3, true).await;
    let at = [("serialtrail-record-time", RECORD_TIME)];
    for (id, status) in [(&taken, 409), (&withdrawn, 201), (&new_id(), 201)] {
        let mut event = event(id, 5);
        event["@context"] = json!("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
        let answer = gateway
            .post("/epcis/v2/events", event.to_string(), &at)
            .await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    gateway.end().await.unwrap();
    let drop = format!("DROP DATABASE {database}");
    client.query(&drop).execute().await.unwrap();
}
