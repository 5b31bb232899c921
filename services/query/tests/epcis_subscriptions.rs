//! Subscriptions by webhook: receivers that fail, hang and come back, and a service that begins again.
#![allow(clippy::unwrap_used)]

mod common;
mod events;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use common::Deployment;
use events::{Answer, Captured, ask, object, send, store, twelve};
use serde_json::{Value, json};
use serialtrail_query::epcis::subscriptions::runner::{self, Share};
use serialtrail_query::epcis::subscriptions::webhook;
use serialtrail_runtime::Shutdown;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// What a receiver does with a document.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Takes,
    Fails,
    Hangs,
    TakesThree,
}

/// A little HTTP receiver.
#[derive(Clone)]
struct Receiver(Arc<Mutex<Received>>, String);

/// How it is disposed, how often it was asked, and what it took.
type Received = (Mood, u32, Vec<(HeaderMap, Bytes)>);

impl Receiver {
    async fn start(mood: Mood) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self(Arc::new(Mutex::new((mood, 0, Vec::new()))), url);
        let routes = Router::new()
            .route("/hook", post(take))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    fn is_now(&self, mood: Mood) {
        self.0.lock().unwrap().0 = mood;
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().1
    }

    fn taken(&self) -> Vec<(HeaderMap, Bytes)> {
        self.0.lock().unwrap().2.clone()
    }

    /// `example:n` of the events taken, a list a document.
    fn numbers(&self) -> Vec<Vec<i64>> {
        let numbers =
            |(_, body): &(HeaderMap, Bytes)| numbers(&serde_json::from_slice(body).unwrap());
        self.taken().iter().map(numbers).collect()
    }

    fn all(&self) -> Vec<i64> {
        let mut all = self.numbers().concat();
        all.sort();
        all
    }
}

fn numbers(document: &Value) -> Vec<i64> {
    let list = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        .as_array()
        .unwrap();
    list.iter()
        .map(|event| event["example:n"].as_i64().unwrap())
        .collect()
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mood = {
        let mut state = receiver.0.lock().unwrap();
        state.1 += 1;
        state.0
    };
    let events = numbers(&serde_json::from_slice(&body).unwrap()).len();
    match mood {
        Mood::Fails => return StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Hangs => std::future::pending().await,
        Mood::TakesThree if events > 3 => return StatusCode::PAYLOAD_TOO_LARGE,
        Mood::Takes | Mood::TakesThree => {}
    }
    receiver.0.lock().unwrap().2.push((headers, body));
    StatusCode::NO_CONTENT
}

async fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < until, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The part of the service that delivers, as one process runs it.
struct Running(Shutdown, tokio::task::JoinHandle<anyhow::Result<()>>);

fn run(d: &Deployment) -> Running {
    let shutdown = Shutdown::new();
    let api = d.api(shutdown.clone());
    Running(
        shutdown,
        tokio::spawn(runner::run(api, Share { slot: 0, of: 1 })),
    )
}

impl Running {
    async fn end(self) {
        self.0.trigger();
        self.1.await.unwrap().unwrap();
    }
}

async fn query(d: &Deployment, name: &str, definition: Value) {
    let body = json!({"name": name, "query": definition}).to_string();
    let made = send(d, "POST", "/epcis/v2/queries", &JSON, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

async fn subscribe(d: &Deployment, query: &str, body: Value) -> Answer {
    let path = format!("/epcis/v2/queries/{query}/subscriptions");
    send(d, "POST", &path, &JSON, &body.to_string()).await
}

/// An event numbered `n`, captured at offset `n`.
async fn captured(d: &Deployment, n: i64) {
    let mut event = object(&format!("urn:uuid:00000000-0000-4000-8000-{n:012}"));
    event["bizStep"] = json!("shipping");
    event["example:n"] = json!(n);
    store(d, &[Captured::new(event).at(n).offset(n)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_signed_after_failures_and_after_a_restart() {
    let Some(d) = Deployment::new("subscriptions").await else {
        return;
    };
    query(&d, "shipments", json!({"EQ_bizStep": ["shipping"]})).await;
    for n in 1..=8 {
        captured(&d, n).await;
    }
    let from_the_start = json!("2026-01-01T00:00:00Z");
    let good = Receiver::start(Mood::Takes).await;
    let failing = Receiver::start(Mood::Fails).await;
    let hanging = Receiver::start(Mood::Hangs).await;
    let small = Receiver::start(Mood::TakesThree).await;
    let mut locations = Vec::new();
    for receiver in [&good, &failing, &hanging, &small] {
        let made = subscribe(
            &d,
            "shipments",
            json!({
                "dest": receiver.1, "signatureToken": "s3cret", "stream": true,
                "initialRecordTime": from_the_start,
            }),
        )
        .await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert!(!made.text.contains("s3cret"), "{}", made.text);
        locations.push(made.header("location").unwrap().to_owned());
    }
    let later = Receiver::start(Mood::Takes).await;
    let made = subscribe(&d, "shipments", json!({"dest": later.1, "stream": true})).await;
    assert_eq!(made.status, 201);

    let service = run(&d);
    wait_for("the good one has all", || {
        good.all() == (1..=8).collect::<Vec<_>>()
    })
    .await;
    wait_for("the one that takes little", || {
        small.all() == (1..=8).collect::<Vec<_>>()
    })
    .await;
    assert!(
        small.numbers().iter().all(|list| list.len() <= 3),
        "{:?}",
        small.numbers()
    );
    wait_for("the failing one was tried", || {
        failing.asked() >= 2 && hanging.asked() >= 1
    })
    .await;
    assert!(failing.taken().is_empty() && later.taken().is_empty());
    let (headers, body) = good.taken().remove(0);
    assert_eq!(
        headers[webhook::SIGNATURE_HEADER],
        webhook::sign("s3cret", &body).as_str()
    );
    assert_eq!(headers["content-type"], "application/json");
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["type"], "EPCISQueryDocument");
    let results = &document["epcisBody"]["queryResults"];
    assert_eq!(results["queryName"], "shipments");
    assert!(locations[0].ends_with(results["subscriptionID"].as_str().unwrap()));
    let shown = ask(&d, &locations[0], &[]).await.json();
    assert!(
        shown["lastNotifiedAt"].is_string() && shown["minRecordTime"].is_string(),
        "{shown}"
    );
    assert_eq!(shown.get("signatureToken"), None);
    assert_eq!(
        ask(&d, &locations[1], &[])
            .await
            .json()
            .get("lastNotifiedAt"),
        None
    );
    service.end().await;

    captured(&d, 9).await;
    failing.is_now(Mood::Takes);
    hanging.is_now(Mood::Takes);
    let service = run(&d);
    let everything: Vec<i64> = (1..=9).collect();
    wait_for("all have all", || {
        [&failing, &hanging, &small]
            .iter()
            .all(|receiver| receiver.all() == everything)
    })
    .await;
    wait_for("the new one", || {
        good.all() == everything && later.all() == [9]
    })
    .await;
    assert_eq!(later.taken()[0].0.get(webhook::SIGNATURE_HEADER), None);

    assert_eq!(send(&d, "DELETE", &locations[0], &[], "").await.status, 204);
    assert_eq!(ask(&d, &locations[0], &[]).await.status, 404);
    captured(&d, 10).await;
    wait_for("the others", || {
        failing.all().len() == 10 && later.all() == [9, 10]
    })
    .await;
    assert_eq!(
        good.all(),
        everything,
        "an ended subscription is told nothing more"
    );
    let gone = send(&d, "DELETE", "/epcis/v2/queries/shipments", &[], "").await;
    assert_eq!(gone.status, 204);
    query(&d, "shipments", json!({"EQ_bizStep": ["shipping"]})).await;
    let listed = ask(&d, "/epcis/v2/queries/shipments/subscriptions", &[]).await;
    assert_eq!(listed.json(), json!([]), "they ended with their query");
    captured(&d, 11).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(failing.all().len(), 10);
    service.end().await;
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_reports_at_its_times_and_nothing_too_if_asked() {
    let Some(d) = Deployment::new("schedules").await else {
        return;
    };
    twelve(&d).await;
    query(&d, "shipments", json!({"EQ_bizStep": ["shipping"]})).await;
    let each_second = json!({"second": "[0-59]"});
    let (quiet, told) = (
        Receiver::start(Mood::Takes).await,
        Receiver::start(Mood::Takes).await,
    );
    for (receiver, empty) in [(&quiet, false), (&told, true)] {
        let made = subscribe(
            &d,
            "shipments",
            json!({
                "dest": receiver.1, "schedule": each_second, "reportIfEmpty": empty,
                "initialRecordTime": "2026-03-02T04:00:00Z",
            }),
        )
        .await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let service = run(&d);
    wait_for("empty reports", || {
        told.numbers().iter().filter(|list| list.is_empty()).count() >= 2
    })
    .await;
    // The numbers are hours after the day: 0 and 3 were recorded before.
    assert_eq!(
        (told.all(), quiet.numbers().len(), quiet.all()),
        (vec![6, 9], 1, vec![6, 9])
    );
    service.end().await;
    d.drop().await;
}

#[tokio::test]
async fn subscriptions_are_listed_in_pages_and_refused_with_the_standards_exceptions() {
    let Some(d) = Deployment::new("subscribed").await else {
        return;
    };
    query(&d, "q", json!({"EQ_bizStep": ["shipping"]})).await;
    query(&d, "first", json!({"maxEventCount": 5})).await;
    let good =
        json!({"dest": "https://client.example.com/x", "schedule": {"hour": "1", "minute": "5"}});
    let mut ids = Vec::new();
    for _ in 0..3 {
        let made = subscribe(&d, "q", good.clone()).await;
        assert_eq!(made.json()["schedule"], good["schedule"]);
        ids.push(made.json()["subscriptionID"].as_str().unwrap().to_owned());
    }
    ids.sort();
    let mut listed = Vec::new();
    let mut next = Some("/epcis/v2/queries/q/subscriptions?perPage=2".to_owned());
    while let Some(path) = next {
        let page = ask(&d, &path, &[]).await;
        for subscription in page.json().as_array().unwrap() {
            listed.push(subscription["subscriptionID"].as_str().unwrap().to_owned());
        }
        next = page.next();
    }
    assert_eq!(listed, ids);
    for (query, body, status, exception) in [
        ("none", good.clone(), 404, "NoSuchNameException"),
        ("first", good.clone(), 400, "SubscribeNotPermittedException"),
        (
            "q",
            json!({"dest": "https://x.example"}),
            400,
            "SubscriptionControlsException",
        ),
        (
            "q",
            json!({"dest": "ftp://x.example", "stream": true}),
            400,
            "InvalidURIException",
        ),
        ("q", json!([1]), 400, "ValidationException"),
    ] {
        let refused = subscribe(&d, query, body.clone()).await;
        let found = (refused.status, refused.problem());
        assert_eq!(
            found,
            (status, format!("epcisException:{exception}")),
            "{body}"
        );
    }
    let path = "/epcis/v2/queries/q/subscriptions";
    let xml = send(
        &d,
        "POST",
        path,
        &[("content-type", "application/xml")],
        "<s/>",
    )
    .await;
    assert_eq!(xml.status, 415);
    for method in ["GET", "DELETE"] {
        let none = send(&d, method, &format!("{path}/none"), &[], "").await;
        let found = (none.status, none.problem());
        assert_eq!(
            found,
            (404, "epcisException:NoSuchResourceException".to_owned())
        );
    }
    let plain = ask(&d, "/epcis/v2/queries/q/events?stream=true", &[]).await;
    assert_eq!(
        plain.problem(),
        "epcisException:SubscriptionControlsException"
    );
    d.drop().await;
}
