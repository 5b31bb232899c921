//! Subscriptions by WebSocket, over a real connection.
#![allow(clippy::unwrap_used)]

mod common;
mod events;

use common::Deployment;
use events::{Captured, object, send, store, twelve};
use futures::StreamExt;
use serde_json::{Value, json};
use serialtrail_query::http::router;
use serialtrail_runtime::Shutdown;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn serve(d: &Deployment, shutdown: &Shutdown) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = router(d.api(shutdown.clone()));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("ws://{address}/epcis/v2/queries/q/events")
}

async fn named(d: &Deployment) {
    let body = json!({"name": "q", "query": {"EQ_bizStep": ["shipping"]}}).to_string();
    let json = [("content-type", "application/json")];
    let made = send(d, "POST", "/epcis/v2/queries", &json, &body).await;
    assert_eq!(made.status, 201);
}

/// The next document, or the code and reason of the close.
async fn next(socket: &mut Socket) -> Result<Value, (u16, String)> {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(120), socket.next()).await;
        match frame.expect("a frame in time").unwrap().unwrap() {
            Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(Some(frame)) => {
                return Err((frame.code.into(), frame.reason.to_string()));
            }
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn count(document: &Value) -> usize {
    assert_eq!(document["epcisBody"]["queryResults"]["queryName"], "q");
    let list = &document["epcisBody"]["queryResults"]["resultsBody"]["eventList"];
    list.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_told_of_each_event_and_closed_with_its_query_or_the_service() {
    let Some(d) = Deployment::new("sockets").await else {
        return;
    };
    twelve(&d).await;
    named(&d).await;
    let shutdown = Shutdown::new();
    let url = serve(&d, &shutdown).await;
    let all = format!("{url}?stream=true&initialRecordTime=2026-01-01T00:00:00Z");
    let (mut all, answer) = connect_async(all).await.unwrap();
    assert_eq!(
        answer.headers()["gs1-query-min-record-time"],
        "2026-01-01T00:00:00Z"
    );
    let (mut new, _) = connect_async(format!("{url}?stream=true")).await.unwrap();
    assert_eq!(count(&next(&mut all).await.unwrap()), 4);
    let mut event = object("urn:uuid:00000000-0000-4000-8000-000000000099");
    event["bizStep"] = json!("shipping");
    store(&d, &[Captured::new(event).offset(99)]).await;
    for socket in [&mut all, &mut new] {
        let document = next(socket).await.unwrap();
        let list = &document["epcisBody"]["queryResults"]["resultsBody"]["eventList"];
        assert_eq!(
            list[0]["eventID"],
            "urn:uuid:00000000-0000-4000-8000-000000000099"
        );
        assert_eq!(count(&document), 1);
    }
    assert_eq!(
        send(&d, "DELETE", "/epcis/v2/queries/q", &[], "")
            .await
            .status,
        204
    );
    let deleted = (1000, "the query was deleted".to_owned());
    assert_eq!(next(&mut all).await.unwrap_err(), deleted);
    assert_eq!(next(&mut new).await.unwrap_err(), deleted);

    named(&d).await;
    let (mut empty, _) = connect_async(format!("{url}?second=[0-59]&reportIfEmpty=true"))
        .await
        .unwrap();
    assert_eq!(count(&next(&mut empty).await.unwrap()), 0);
    assert_eq!(count(&next(&mut empty).await.unwrap()), 0);
    let (mut idle, _) = connect_async(format!("{url}?hour=1&minute=5"))
        .await
        .unwrap();
    shutdown.trigger();
    assert_eq!(
        next(&mut idle).await.unwrap_err(),
        (1001, "the service ends".to_owned())
    );
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_does_not_say_when_is_not_opened() {
    let Some(d) = Deployment::new("unopened").await else {
        return;
    };
    named(&d).await;
    let url = serve(&d, &Shutdown::new()).await;
    for (query, status, exception) in [
        ("", 400, "SubscriptionControlsException"),
        ("?stream=true&hour=1", 400, "SubscriptionControlsException"),
        (
            "?stream=true&perPage=3",
            400,
            "SubscriptionControlsException",
        ),
    ] {
        let Err(Error::Http(answer)) = connect_async(format!("{url}{query}")).await else {
            panic!("{query}: opened");
        };
        assert_eq!(answer.status(), status, "{query}");
        let body = answer.body().as_deref().unwrap_or_default();
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(
            body["type"],
            format!("epcisException:{exception}"),
            "{query}"
        );
    }
    let none = url.replace("/q/", "/none/");
    let Err(Error::Http(answer)) = connect_async(format!("{none}?stream=true")).await else {
        panic!("opened");
    };
    assert_eq!(answer.status(), 404);
    d.drop().await;
}
