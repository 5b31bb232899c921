//! Subscriptions by WebSocket: `GET /queries/{queryName}/events` with `Upgrade: websocket`.
//!
//! Each text message is a query document. A socket remembers nothing beyond its life: a client that
//! comes again says with `initialRecordTime` from when on. What a client sends is not read but for pongs
//! and the close.

use super::controls::{Controls, Trigger, check_query, refused};
use super::schedule::next_run;
use super::standing::{LOOK, MOST_EVENTS, Report, Standing, beginning};
use crate::api::Api;
use crate::epcis::events::Paged;
use crate::epcis::named;
use crate::epcis::negotiate::Wanted;
use crate::epcis::problem::{EpcisProblem, Exception};
use crate::time::iso;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures::stream::SplitSink;
use futures::{SinkExt, StreamExt};
use serialtrail_runtime::metrics;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Most sockets open at once.
const MOST: u32 = 200;
/// Largest message a client may send, bytes.
const LARGEST_MESSAGE: usize = 4096;
/// Longest wait for a client to take a message.
const TAKE_WITHIN: Duration = Duration::from_secs(10);
/// Longest wait for a client to take the close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// Time between two pings.
const PING: Duration = Duration::from_secs(20);
/// Longest silence: two pings without an answer.
const SILENCE: Duration = Duration::from_secs(50);
/// Longest wait for all sockets to be closed when the process ends.
const CLOSED_WITHIN: Duration = Duration::from_secs(3);

/// Open sockets; clones are the same.
#[derive(Debug, Clone)]
pub struct Sockets(Arc<Semaphore>);

impl Default for Sockets {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST as usize)))
    }
}

impl Sockets {
    /// Returns once all are closed, or after a moment. No further one is opened.
    pub async fn closed(&self) {
        let all = self.0.acquire_many(MOST);
        if let Ok(Ok(permits)) = tokio::time::timeout(CLOSED_WITHIN, all).await {
            permits.forget();
        }
    }
}

/// Whether a request asks for a WebSocket.
#[must_use]
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens a socket.
///
/// # Errors
/// 400: no valid WebSocket handshake, or it is not said when to report. 404: there is no such query.
/// 503: there are too many sockets.
pub async fn open(
    api: &Api,
    name: &str,
    uri: &Uri,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, EpcisProblem> {
    let mut paged = Paged::read(uri)?;
    if paged.token.is_some() {
        return Err(refused(
            "nextPageToken",
            "nextPageToken is none of a subscription by WebSocket",
        ));
    }
    let controls = Controls::from_pairs(&std::mem::take(&mut paged.pairs))?;
    let wanted = Wanted::read(headers, false)?;
    let (row, definition) = named::find(api, name).await?;
    let query = named::read(&definition)?;
    check_query(&query)?;
    let upgrade = upgrade.map_err(|error| {
        EpcisProblem::new(
            Exception::Validation,
            format!("Upgrade: {}", error.body_text()),
        )
    })?;
    let permit = api
        .epcis
        .sockets
        .0
        .clone()
        .try_acquire_owned()
        .map_err(|_| {
            let detail = format!("there are {MOST} sockets already, or the service ends");
            EpcisProblem::new(Exception::Unavailable, detail)
        })?;
    let client = api.access.client();
    let from = beginning(client, controls.initial_record_time).await?;
    let captures = api.epcis.captures.clone();
    let session = Session {
        standing: Standing::new(query, controls.initial_record_time, from, captures)?,
        api: api.clone(),
        controls,
        created_at: row.created_at,
        report: Report {
            query_name: row.name,
            subscription_id: None,
            epc: wanted.epc,
        },
        _permit: permit,
    };
    let least = controls
        .initial_record_time
        .unwrap_or_else(|| Utc::now().timestamp_micros());
    let mut response = upgrade
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| session.run(socket));
    if let Ok(least) = HeaderValue::from_str(&iso(least)) {
        let name = HeaderName::from_static("gs1-query-min-record-time");
        response.headers_mut().insert(name, least);
    }
    Ok(response)
}

struct Session {
    api: Api,
    controls: Controls,
    standing: Standing,
    report: Report,
    /// Of the query: another of its name is another query.
    created_at: i64,
    _permit: OwnedSemaphorePermit,
}

type Sink = SplitSink<WebSocket, Message>;

/// Why a socket is closed.
struct Close(u16, &'static str);

impl Session {
    async fn run(mut self, socket: WebSocket) {
        let open = metrics::gauge(&metrics::SUBSCRIPTIONS).with_label_values(&["websocket"]);
        open.inc();
        let (mut sink, mut frames) = socket.split();
        let shutdown = self.api.shutdown.clone();
        let mut heard = Instant::now();
        let mut ping = tokio::time::interval(PING);
        let mut due = self.next(Utc::now());
        let mut reported = false;
        let close = loop {
            let step = tokio::select! {
                biased;
                () = shutdown.wait() => Err(Some(Close(close_code::AWAY, "the service ends"))),
                frame = frames.next() => match frame {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(None),
                    Some(Ok(_)) => {
                        heard = Instant::now();
                        Ok(())
                    }
                },
                _ = ping.tick() => match heard.elapsed() > SILENCE {
                    true => Err(Some(Close(close_code::POLICY, "pings were not answered"))),
                    false => send(&mut sink, Message::Ping(Vec::new().into())).await,
                },
                () = until(due) => match self.step(&mut sink, &mut reported).await {
                    Ok(true) => {
                        due = Some(Utc::now());
                        Ok(())
                    }
                    Ok(false) => {
                        reported = false;
                        due = self.next(Utc::now());
                        Ok(())
                    }
                    Err(close) => Err(close),
                },
            };
            if let Err(close) = step {
                break close;
            }
        };
        if let Some(Close(code, reason)) = close {
            let frame = CloseFrame {
                code,
                reason: reason.into(),
            };
            let closing = sink.send(Message::Close(Some(frame)));
            let _ = tokio::time::timeout(CLOSE_WITHIN, closing).await;
        }
        open.dec();
    }

    /// When the query runs next; None: never.
    fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.controls.trigger {
            Trigger::Stream => Some(after + LOOK),
            Trigger::Schedule(schedule) => next_run(schedule, after),
        }
    }

    /// Sends the next events; whether there may be more in this run.
    async fn step(&mut self, sink: &mut Sink, reported: &mut bool) -> Result<bool, Option<Close>> {
        let failed = |problem: EpcisProblem| {
            if problem.exception == Exception::NoSuchName {
                return Some(Close(close_code::NORMAL, "the query was deleted"));
            }
            let why = problem.detail;
            tracing::warn!(query = self.report.query_name, why, "a socket is closed");
            Some(Close(close_code::AGAIN, "not now: come again later"))
        };
        let (row, _) = named::find(&self.api, &self.report.query_name)
            .await
            .map_err(failed)?;
        if row.created_at != self.created_at {
            return Err(Some(Close(close_code::NORMAL, "the query was deleted")));
        }
        let found = self
            .standing
            .next(self.api.access.client())
            .await
            .map_err(failed)?;
        let more = !found.is_empty();
        if more || self.controls.report_if_empty && !*reported {
            for document in self.report.documents(found, MOST_EVENTS, Utc::now()) {
                send(sink, Message::Text(document.into())).await?;
                metrics::counter(&metrics::SUBSCRIPTION_DELIVERIES)
                    .with_label_values(&["websocket", "delivered"])
                    .inc();
            }
            *reported = true;
        }
        Ok(more)
    }
}

async fn until(due: Option<DateTime<Utc>>) {
    match due {
        Some(due) => tokio::time::sleep((due - Utc::now()).to_std().unwrap_or_default()).await,
        None => std::future::pending().await,
    }
}

async fn send(sink: &mut Sink, message: Message) -> Result<(), Option<Close>> {
    match tokio::time::timeout(TAKE_WITHIN, sink.send(message)).await {
        Ok(sent) => sent.map_err(|_| None),
        Err(_) => {
            metrics::counter(&metrics::SUBSCRIPTION_DELIVERIES)
                .with_label_values(&["websocket", "too_slow"])
                .inc();
            Err(Some(Close(
                close_code::POLICY,
                "too slow: a message was not taken in time",
            )))
        }
    }
}
