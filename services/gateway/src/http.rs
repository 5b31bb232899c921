//! The capture API: the EPCIS 2.0 REST binding's resources of capture, and the clock.
//!
//! What is acknowledged is durable: answers are sent once the transaction with events, job and marks
//! is committed.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use rdkafka::consumer::BaseConsumer;
use serde::Deserialize;
use serde_json::json;
use serialtrail_records::Codec;
use serialtrail_runtime::{Clock, Shutdown, metrics};
use serialtrail_stream::reference::ReferenceCopy;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::Semaphore;

use crate::answer;
use crate::archive::Archive;
use crate::auth::{KeyRing, Role};
use crate::body::read;
use crate::capture::MOST_EVENTS;
use crate::clock::{StreamClock, iso, parse_time};
use crate::jobs::Jobs;
use crate::known::Known;
use crate::media::{Coding, Media, of_answer, of_body};
use crate::negotiate::principal;
use crate::problem::{Kind, Problem};
use crate::spool::Rooms;
use crate::transaction::Counts;
use crate::writer::Queue;
use crate::{post, read_jobs, versions};

/// Documents captured in several transactions at once; the next ones wait.
pub const LARGE_AT_ONCE: usize = 2;

/// What the handlers share.
pub struct Gateway {
    /// Who may do what.
    pub keys: KeyRing,
    /// Encodes records.
    pub codec: Arc<Codec>,
    /// Partition counts.
    pub counts: Counts,
    /// Stream time as marked.
    pub clock: Arc<StreamClock>,
    /// The reference data seen.
    pub reference: ReferenceCopy,
    /// The jobs known.
    pub jobs: Arc<Jobs>,
    /// What was captured lately.
    pub known: Arc<Mutex<Known>>,
    /// The way to the writer.
    pub queue: Queue,
    /// Largest document, bytes.
    pub max_document_bytes: usize,
    /// Where bodies are kept while they are in work.
    pub rooms: Rooms,
    /// Bounds the large documents in work.
    pub large: Semaphore,
    /// What ClickHouse knows of events captured before.
    pub archive: Archive,
    /// Asks Kafka how far topics reach.
    pub asking: BaseConsumer,
    /// Number of this instance.
    pub slot: u32,
    /// Set when the process is to end.
    pub shutdown: Shutdown,
}

pub(crate) type Shared = Arc<Gateway>;

/// The routes.
pub fn router(gateway: Shared) -> Router {
    let root_resource = || get(root).options(discover_reads);
    let v2 = Router::new()
        .route("/epcis/v2", root_resource())
        .route("/epcis/v2/", root_resource())
        .route(
            "/epcis/v2/capture",
            get(read_jobs::list)
                .post(post::document)
                .options(discover_capture),
        )
        .route(
            "/epcis/v2/capture/{id}",
            get(read_jobs::job).options(discover_reads),
        )
        .route(
            "/epcis/v2/events",
            axum::routing::post(post::event).options(discover_events),
        )
        .layer(middleware::map_response_with_state(
            Arc::clone(&gateway),
            standard_headers,
        ));
    Router::new()
        .merge(v2)
        .route("/v1/clock", get(clock))
        .route("/v1/clock/mark", axum::routing::post(mark))
        .fallback(no_such_resource)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(measure))
        .with_state(gateway)
}

async fn no_such_resource() -> Problem {
    Problem::new(Kind::NotFound, "there is no such resource")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::Method, "this resource does not have that method")
}

/// The headers of every answer; one that says a limit was passed names the limits.
async fn standard_headers(State(gateway): State<Shared>, mut response: Response) -> Response {
    let too_large = response.status() == StatusCode::PAYLOAD_TOO_LARGE;
    let headers = response.headers_mut();
    versions::of_answer(headers);
    if too_large {
        limits(&gateway, headers);
    }
    response
}

async fn measure(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let route = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status();
    metrics::counter(&metrics::HTTP_REQUESTS)
        .with_label_values(&["gateway", &route, status.as_str()])
        .inc();
    metrics::histogram(&metrics::HTTP_SECONDS)
        .with_label_values(&["gateway", &route])
        .observe(started.elapsed().as_secs_f64());
    response
}

/// The root resource's members. Most of them are served by the query service.
const RESOURCES: [&str; 9] = [
    "capture",
    "events",
    "eventTypes",
    "epcs",
    "bizSteps",
    "bizLocations",
    "readPoints",
    "dispositions",
    "queries",
];

async fn root(headers: HeaderMap) -> Result<Response, Problem> {
    versions::check(&headers)?;
    let media = of_answer(&headers, &[Media::Json, Media::Xml])?;
    Ok(answer::collection(&RESOURCES, media))
}

/// The answer to `OPTIONS` of a resource.
fn discovery(allow: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    versions::of_discovery(response.headers_mut(), allow);
    response
}

async fn discover_reads() -> Response {
    discovery("GET, HEAD, OPTIONS")
}

/// Behind one host `/events` is also asked for events: by the query service, whose answer to `OPTIONS`
/// names the same methods.
async fn discover_events() -> Response {
    discovery("GET, HEAD, OPTIONS, POST")
}

async fn discover_capture(State(gateway): State<Shared>) -> Response {
    let mut response = discovery("GET, HEAD, OPTIONS, POST");
    limits(&gateway, response.headers_mut());
    response
}

/// What a capture may be: events in one transaction, bytes, and what happens to the rest when one
/// event is bad.
fn limits(gateway: &Gateway, headers: &mut HeaderMap) {
    headers.insert("gs1-epcis-capture-limit", MOST_EVENTS.into());
    headers.insert(
        "gs1-epcis-capture-file-size-limit",
        gateway.max_document_bytes.into(),
    );
    headers.insert(
        "gs1-capture-error-behaviour",
        HeaderValue::from_static("all"),
    );
}

fn clock_body(gateway: &Gateway) -> serde_json::Value {
    let mark = gateway.clock.last_mark();
    json!({
        "mode": match gateway.clock.mode() { Clock::Live => "live", Clock::Replay => "replay" },
        "mark": mark.map(iso),
        "mark_micros": mark,
        "reference_offset": gateway.reference.offset_seen(),
    })
}

async fn clock(State(gateway): State<Shared>) -> Json<serde_json::Value> {
    Json(clock_body(&gateway))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkRequest {
    time: String,
}

/// Advances stream time in replay: the end of an import, a test. A time already passed changes nothing.
async fn mark(
    State(gateway): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let who = principal(&headers, &gateway.keys)?;
    if !who.may(Role::Import) {
        let detail = "only a key with role `import` may move the clock";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    if gateway.clock.mode() == Clock::Live {
        let detail = "this deployment runs on the live clock; nobody moves it";
        return Err(Problem::new(Kind::Validation, detail));
    }
    if of_body(&headers)? != Media::Json {
        let detail = "the clock is moved in JSON: {\"time\": \"<ISO 8601>\"}";
        return Err(Problem::new(Kind::MediaType, detail));
    }
    let body = read(body, Coding::Identity, 4096, &gateway.rooms).await?;
    let mut text = Vec::new();
    let unread = |error: std::io::Error| Problem::new(Kind::Internal, error.to_string());
    body.open()
        .and_then(|mut body| body.read_to_end(&mut text))
        .map_err(unread)?;
    let request: MarkRequest = serde_json::from_slice(&text).map_err(|error| {
        Problem::new(
            Kind::Validation,
            format!("expected {{\"time\": \"<ISO 8601>\"}}: {error}"),
        )
    })?;
    let time = parse_time("time", &request.time)?;
    gateway.queue.write([].into(), Some(time)).await?;
    Ok(Json(clock_body(&gateway)).into_response())
}
