//! Alerts as server-sent events, over real tables and a real connection.
#![allow(clippy::unwrap_used)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Deployment, ORIGIN, settings};
use futures::StreamExt;
use serde_json::{Value, json};
use serialtrail_query::api::Api;
use serialtrail_query::http::router;
use serialtrail_records::Alert;
use serialtrail_runtime::Shutdown;
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_warehouse::rows::{AlertRow, Origin};
use serialtrail_warehouse::tables;
use std::pin::Pin;
use std::time::Duration;

/// Longest wait for something that must come.
const SOON: Duration = Duration::from_secs(20);

/// The API over a real connection.
struct Served {
    address: String,
    shutdown: Shutdown,
    ended: tokio::task::JoinHandle<()>,
}

async fn serve(clickhouse: &ClickHouseSettings) -> Served {
    let shutdown = Shutdown::new();
    let api = Api::new(&settings(clickhouse), shutdown.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = shutdown.clone();
    let ended = tokio::spawn(async move {
        axum::serve(listener, router(api))
            .with_graceful_shutdown(async move { asked.wait().await })
            .await
            .unwrap();
    });
    Served {
        address,
        shutdown,
        ended,
    }
}

/// A client of the stream.
struct Listener {
    pieces: Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
    /// Everything that came.
    text_so_far: String,
}

/// One event: name, id, data.
#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Listener {
    async fn new(served: &Served, query: &str, last: Option<&str>) -> Self {
        let url = format!("{}/v1/stream/alerts?{query}", served.address);
        let mut request = reqwest::Client::new().get(url);
        if let Some(id) = last {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            pieces: Box::pin(answer.bytes_stream()),
            text: String::new(),
            text_so_far: String::new(),
        }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let lines = event.lines();
                    let found = lines.filter_map(|line| line.strip_prefix(name)).next();
                    found.map(|value| value.trim_start_matches(": ").to_owned())
                };
                if event.starts_with(':') {
                    continue;
                }
                return Some(Event {
                    name: field("event").unwrap(),
                    id: field("id").unwrap_or_default(),
                    data: serde_json::from_str(&field("data").unwrap()).unwrap(),
                });
            }
            let piece = tokio::time::timeout(SOON, self.pieces.next());
            match piece.await.expect("an event comes soon") {
                Some(Ok(piece)) => {
                    let piece = std::str::from_utf8(&piece).unwrap();
                    self.text.push_str(piece);
                    self.text_so_far.push_str(piece);
                }
                _ => return None,
            }
        }
    }

    /// The next event that does not only say that the stream is live.
    async fn news(&mut self) -> Event {
        loop {
            let event = self.next().await.unwrap();
            if event.name != "live" {
                return event;
            }
        }
    }

    async fn alert(&mut self) -> (String, String) {
        let event = self.news().await;
        assert_eq!(event.name, "alert", "{event:?}");
        (
            event.data["alert_id"].as_str().unwrap().to_owned(),
            event.id,
        )
    }

    async fn alerts(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(self.alert().await.0);
        }
        ids
    }
}

fn alert(id: &str) -> Alert {
    Alert {
        alert_id: id.into(),
        rule: "DUPLICATE_SCAN".into(),
        subject: format!("01/09521234543213/21/{id}"),
        revision: 1,
        state: "asserted".into(),
        severity: "high".into(),
        country: Some("DE".into()),
        ..Alert::default()
    }
}

async fn land(d: &Deployment, partition: i32, first_offset: i64, alerts: Vec<Alert>) {
    let rows: Vec<_> = (first_offset..)
        .zip(alerts)
        .map(|(offset, alert)| {
            let origin = Origin {
                topic: "alerts",
                partition,
                offset,
                ..ORIGIN
            };
            AlertRow::new(alert, &origin)
        })
        .collect();
    d.store(tables::ALERTS, &rows).await;
    d.store(tables::ALERTS_HISTORY, &rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_every_revision_from_when_it_began_and_can_go_on_from_any_event() {
    let Some(d) = Deployment::new("feed").await else {
        return;
    };
    land(&d, 0, 0, vec![alert("old")]).await;
    let served = serve(&d.settings).await;
    let mut all = Listener::new(&served, "", None).await;
    let mut french = Listener::new(&served, "country=FR", None).await;
    let french_alert = Alert {
        country: Some("FR".into()),
        ..alert("b")
    };
    land(&d, 0, 1, vec![alert("a"), french_alert]).await;
    land(&d, 3, 7, vec![alert("c")]).await;
    let mut heard = vec![all.alert().await, all.alert().await, all.alert().await];
    assert_eq!(
        heard.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    assert_eq!(french.alert().await.0, "b");

    let retracted = Alert {
        state: "retracted".into(),
        revision: 2,
        ..alert("a")
    };
    land(&d, 0, 3, vec![retracted]).await;
    let event = all.news().await;
    assert_eq!(
        (&event.data["alert_id"], &event.data["status"]),
        (&json!("a"), &json!("retracted"))
    );
    assert_eq!(event.data["revision"], 2);

    // From each event on, what came after it and nothing else; by header and by parameter.
    heard.push(("a".into(), event.id));
    for at in 0..heard.len() {
        // Each partition in its order; between partitions there is none.
        let mut expected: Vec<String> = heard[at + 1..].iter().map(|(id, _)| id.clone()).collect();
        expected.sort();
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        let mut header = Listener::new(&served, "after=e30", Some(&heard[at].1)).await;
        assert_eq!(sorted(header.alerts(expected.len()).await), expected);
        let after = format!("after={}", heard[at].1);
        let mut parameter = Listener::new(&served, &after, None).await;
        assert_eq!(sorted(parameter.alerts(expected.len()).await), expected);
    }
    let mut beginning = Listener::new(&served, "after=e30&status=open", None).await;
    assert_eq!(beginning.alerts(4).await, ["old", "a", "b", "c"]);

    for (query, parameter) in [
        ("after=zzz", "after"),
        ("rule=NONSENSE", "rule"),
        ("severity=worst", "severity"),
        ("limit=5", "limit"),
    ] {
        let (status, problem) = d.get(&format!("/v1/stream/alerts?{query}")).await;
        assert_eq!(
            (status, &problem["parameter"]),
            (400, &json!(parameter)),
            "{problem}"
        );
    }
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_cannot_keep_up_misses_nothing() {
    let Some(d) = Deployment::new("feed_slow").await else {
        return;
    };
    let served = serve(&d.settings).await;
    let mut slow = Listener::new(&served, "", None).await;
    // Far more than is kept for it, and than fits between the two ends unread.
    let text = "x".repeat(4_000);
    let batches: i64 = 5;
    for batch in 0..batches {
        let alerts = (0..1_000)
            .map(|n| Alert {
                evidence: format!("{{\"text\":\"{text}\"}}"),
                ..alert(&format!("{:05}", batch * 1_000 + n))
            })
            .collect();
        land(&d, 2, batch * 1_000, alerts).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    }
    let expected: Vec<String> = (0..batches * 1_000).map(|n| format!("{n:05}")).collect();
    assert_eq!(slow.alerts(expected.len()).await, expected);
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_clickhouse_a_stream_says_so_stays_open_and_goes_on() {
    let Some(d) = Deployment::new("feed_away").await else {
        return;
    };
    // A gate before ClickHouse that can be shut.
    let gate = Gate::new(&d.settings.url).await;
    let gated = ClickHouseSettings {
        url: gate.url.clone(),
        ..d.settings.clone()
    };
    let served = serve(&gated).await;
    let mut open = Listener::new(&served, "", None).await;
    land(&d, 0, 0, vec![alert("before")]).await;
    assert_eq!(open.alert().await.0, "before");

    gate.shut();
    let mut late = Listener::new(&served, "", None).await;
    for listener in [&mut open, &mut late] {
        let event = listener.news().await;
        assert_eq!(event.name, "error");
        assert_eq!(event.data["reason"], "clickhouse_unreachable");
        assert!(event.data["title"].is_string() && event.data["detail"].is_string());
    }
    land(&d, 0, 1, vec![alert("meanwhile")]).await;
    gate.open();
    assert_eq!(
        open.alert().await.0,
        "meanwhile",
        "landed while it was away"
    );
    // The late one begins when ClickHouse is back, and is told.
    assert_eq!(late.next().await.unwrap().name, "live");
    land(&d, 0, 2, vec![alert("after")]).await;
    assert_eq!(open.alert().await.0, "after");
    assert_eq!(late.alert().await.0, "after");
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_cut_off_before_its_first_alert_goes_on_from_where_it_began() {
    let Some(d) = Deployment::new("feed_start").await else {
        return;
    };
    land(&d, 0, 0, vec![alert("old")]).await;
    let served = serve(&d.settings).await;
    let mut first = Listener::new(&served, "", None).await;
    let started = first.next().await.unwrap();
    assert_eq!((started.name.as_str(), &started.data), ("live", &json!({})));
    assert!(first.text_so_far.starts_with(':'), "{}", first.text_so_far);
    drop(first);
    land(&d, 0, 1, vec![alert("a")]).await;
    land(&d, 4, 0, vec![alert("of a partition that had none")]).await;
    let mut again = Listener::new(&served, "", Some(&started.id)).await;
    let heard = again.alerts(2).await;
    assert_eq!(heard, ["a", "of a partition that had none"]);
    let caught_up = again.next().await.unwrap();
    assert_eq!(caught_up.name, "live");

    // The id of an installation that was further: nothing is passed over.
    let far = URL_SAFE_NO_PAD.encode(r#"{"alerts/0":900,"alerts/9":3}"#);
    let mut stranger = Listener::new(&served, "", Some(&far)).await;
    assert_eq!(stranger.alert().await.0, "of a partition that had none");
    land(&d, 0, 2, vec![alert("b")]).await;
    assert_eq!(stranger.alert().await.0, "b");
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_comes_while_clickhouse_is_away_is_told() {
    let nowhere = ClickHouseSettings {
        url: "http://127.0.0.1:1".into(),
        ..Default::default()
    };
    let served = serve(&nowhere).await;
    // The first stays, and with it the poller.
    let mut first = Listener::new(&served, "", None).await;
    assert_eq!(first.next().await.unwrap().name, "error");
    let mut second = Listener::new(&served, "", None).await;
    assert_eq!(second.next().await.unwrap().name, "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_streams_do_not_keep_the_process() {
    let Some(d) = Deployment::new("feed_end").await else {
        return;
    };
    let served = serve(&d.settings).await;
    let mut listener = Listener::new(&served, "", None).await;
    assert_eq!(listener.next().await.unwrap().name, "live");
    served.shutdown.trigger();
    assert!(listener.next().await.is_none(), "the stream ends");
    tokio::time::timeout(Duration::from_secs(5), served.ended)
        .await
        .expect("the server ends with it")
        .unwrap();
    d.drop().await;
}

/// Connections to an address, as long as it is open.
struct Gate {
    url: String,
    is_open: tokio::sync::watch::Sender<bool>,
}

impl Gate {
    async fn new(url: &str) -> Self {
        let behind = url.trim_start_matches("http://").to_owned();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let is_open = tokio::sync::watch::Sender::new(true);
        let seen = is_open.subscribe();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut seen = seen.clone();
                let behind = behind.clone();
                tokio::spawn(async move {
                    if !*seen.borrow() {
                        return;
                    }
                    let Ok(mut server) = tokio::net::TcpStream::connect(behind).await else {
                        return;
                    };
                    let copied = tokio::io::copy_bidirectional(&mut client, &mut server);
                    tokio::select! {
                        _ = copied => {}
                        _ = seen.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { url, is_open }
    }

    fn shut(&self) {
        self.is_open.send_replace(false);
    }

    fn open(&self) {
        self.is_open.send_replace(true);
    }
}
