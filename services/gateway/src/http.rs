//! The capture API: EPCIS 2.0 REST bindings `/epcis/v2/capture`, `/epcis/v2/events`, and the clock.
//!
//! Both captures answer 202 with the job once the transaction with events, job and marks is committed:
//! what is acknowledged is durable. (The standard's 201 of `/events` promises an event that can be
//! queried; here it becomes one a moment later.)

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{MatchedPath, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde_json::json;
use serialtrail_epcis::BodyKind;
use serialtrail_records::{Codec, Micros};
use serialtrail_runtime::{Clock, metrics};
use serialtrail_stream::reference::ReferenceCopy;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;
use tower_http::decompression::RequestDecompressionLayer;

use crate::auth::{KeyRing, Principal, Role};
use crate::body::{discard, read};
use crate::capture::{Assessment, Behaviour, Conditions, JSON_LD, Submission, assess};
use crate::clock::{StreamClock, asked_record_time, iso, parse_time};
use crate::jobs::Jobs;
use crate::known::{Identity, Known};
use crate::negotiate::{accepts_json, declared_length, json_body, principal, text};
use crate::outgoing;
use crate::problem::{Kind, Problem};
use crate::rejected::Origin;
use crate::transaction::{Counts, Outgoing};
use crate::writer::Queue;

/// Bytes of documents in work at once, KiB.
const IN_WORK_KIB: u32 = 256 * 1024;
/// Jobs on a page.
const PAGE: usize = 30;
const LARGEST_PAGE: usize = 1000;

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
    /// Bounds the documents in work.
    pub in_work: Arc<Semaphore>,
}

impl Gateway {
    /// Room for the documents in work.
    #[must_use]
    pub fn room() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(IN_WORK_KIB as usize))
    }
}

type Shared = Arc<Gateway>;

/// The routes.
pub fn router(gateway: Shared) -> Router {
    let v2 = Router::new()
        .route(
            "/epcis/v2/capture",
            post(capture_document).get(list_jobs).options(discover),
        )
        .route("/epcis/v2/capture/{id}", get(job))
        .route("/epcis/v2/events", post(capture_event))
        .layer(RequestDecompressionLayer::new())
        .layer(middleware::map_response(version_headers));
    Router::new()
        .merge(v2)
        .route("/v1/clock", get(clock))
        .route("/v1/clock/mark", post(mark))
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

async fn version_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert("gs1-epcis-version", HeaderValue::from_static("2.0.0"));
    headers.insert("gs1-cbv-version", HeaderValue::from_static("2.0.0"));
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

async fn discover(State(gateway): State<Shared>) -> Response {
    let headers = [
        ("allow", "OPTIONS, POST, GET".to_owned()),
        ("gs1-epcis-min", "2.0.0".to_owned()),
        ("gs1-epcis-max", "2.0.0".to_owned()),
        ("gs1-epc-format", "Never_Translates".to_owned()),
        (
            "gs1-epcis-capture-file-size-limit",
            gateway.max_document_bytes.to_string(),
        ),
        ("gs1-capture-error-behaviour", "all".to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn capture_document(
    State(gateway): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    capture(gateway, headers, body, BodyKind::Document).await
}

async fn capture_event(
    State(gateway): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    capture(gateway, headers, body, BodyKind::SingleEvent).await
}

/// What the headers ask for, once they are known to be good.
struct Asked {
    publisher: String,
    behaviour: Behaviour,
    record_time: Option<Micros>,
}

fn asked(gateway: &Gateway, headers: &HeaderMap) -> Result<Asked, Problem> {
    let who = principal(headers, &gateway.keys)?;
    let publisher = who.publisher(text(headers, "serialtrail-source-party")?)?;
    let record_time = asked_record_time(
        gateway.clock.mode(),
        who.may(Role::Import),
        text(headers, "serialtrail-record-time")?,
    )?;
    accepts_json(headers)?;
    json_body(headers)?;
    let behaviour = Behaviour::parse(text(headers, "gs1-capture-error-behaviour")?)?;
    Ok(Asked {
        publisher,
        behaviour,
        record_time,
    })
}

async fn capture(
    gateway: Shared,
    headers: HeaderMap,
    body: Body,
    kind: BodyKind,
) -> Result<Response, Problem> {
    let limit = gateway.max_document_bytes;
    let good = asked(&gateway, &headers)
        .and_then(|asked| declared_length(&headers, limit).map(|()| asked));
    let (asked, (body, _room)) = match good {
        Ok(asked) => (asked, read(body, limit, &gateway.in_work).await?),
        Err(refused) => {
            discard(body, limit).await;
            return Err(refused);
        }
    };
    let capture_id = uuid::Uuid::now_v7().to_string();
    let work = {
        let gateway = Arc::clone(&gateway);
        move || plan(&gateway, &body, kind, &asked, &capture_id)
    };
    // Reading and encoding a large document takes its time on a processor.
    let planned = tokio::task::spawn_blocking(work).await;
    let plan = match planned {
        Ok(Ok(plan)) => plan,
        Ok(Err(error)) => return Err(internal(&error)),
        Err(error) => return Err(internal(&error.into())),
    };
    let Plan {
        assessment,
        records,
        identities,
        reached,
    } = plan;
    gateway.queue.write(records, reached).await?;
    let job = assessment.job;
    let answer = crate::jobs::body(&job, &[], 0);
    let location = format!("/epcis/v2/capture/{}", job.capture_id);
    gateway.jobs.put(job);
    {
        let mut known = gateway.known.lock().unwrap_or_else(PoisonError::into_inner);
        identities
            .iter()
            .for_each(|identity| known.captured(identity));
    }
    match assessment.problem {
        Some(problem) => Err(problem),
        None => Ok((
            StatusCode::ACCEPTED,
            [(header::LOCATION, location)],
            Json(answer),
        )
            .into_response()),
    }
}

/// What a capture writes, and what is known once it is written.
struct Plan {
    assessment: Assessment,
    records: Vec<Outgoing>,
    identities: Vec<Identity>,
    reached: Option<Micros>,
}

fn plan(
    gateway: &Gateway,
    body: &[u8],
    kind: BodyKind,
    asked: &Asked,
    capture_id: &str,
) -> anyhow::Result<Plan> {
    let submission = Submission {
        body,
        kind,
        original: None,
        format: JSON_LD,
        capture_id,
        source_party: &asked.publisher,
        behaviour: asked.behaviour,
        asked: asked.record_time,
        origin: Origin::Http,
    };
    let conditions = Conditions {
        clock: gateway.clock.mode(),
        now: chrono::Utc::now().timestamp_micros(),
        last_mark: gateway.clock.last_mark(),
        reference_offset: gateway.reference.offset_seen(),
        device_hash: &gateway.keys.device_hash,
        codec: &gateway.codec,
        loses: &|identity: &Identity| {
            gateway
                .known
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .loses(identity)
        },
    };
    let mut assessment = assess(&submission, &conditions)?;
    let identities: Vec<_> = assessment
        .accepted
        .iter()
        .map(|event| event.identity.clone())
        .collect();
    let reached = (!identities.is_empty()).then_some(assessment.job.record_time);
    let records = outgoing::of_capture(&mut assessment, &gateway.counts, &gateway.codec)?;
    Ok(Plan {
        assessment,
        records,
        identities,
        reached,
    })
}

fn internal(error: &anyhow::Error) -> Problem {
    tracing::error!("capture failed: {error:#}");
    Problem::new(
        Kind::Internal,
        "the capture failed here; nothing was captured",
    )
}

async fn job(
    State(gateway): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = reader(&gateway, &headers)?;
    accepts_json(&headers)?;
    let found = gateway
        .jobs
        .get(&id, |party| who.sees(party))
        .ok_or_else(|| {
            Problem::new(
                Kind::NotFound,
                format!("no capture job {id}, or none this key may see"),
            )
        })?;
    Ok(Json(found).into_response())
}

#[derive(Deserialize)]
struct Paging {
    #[serde(rename = "perPage")]
    per_page: Option<usize>,
    #[serde(rename = "nextPageToken")]
    next: Option<String>,
}

async fn list_jobs(
    State(gateway): State<Shared>,
    paging: Result<Query<Paging>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(paging) =
        paging.map_err(|error| Problem::new(Kind::Validation, error.body_text()))?;
    let who = reader(&gateway, &headers)?;
    accepts_json(&headers)?;
    let size = paging.per_page.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let page = gateway
        .jobs
        .page(paging.next.as_deref(), size, |party| who.sees(party));
    let mut response = Json(page.jobs).into_response();
    if let Some(next) = page.next {
        let link = format!("</epcis/v2/capture?perPage={size}&nextPageToken={next}>; rel=\"next\"");
        if let Ok(value) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, value);
        }
    }
    Ok(response)
}

fn reader<'g>(gateway: &'g Gateway, headers: &HeaderMap) -> Result<&'g Principal, Problem> {
    let who = principal(headers, &gateway.keys)?;
    if who.may(Role::Read) || who.may(Role::Capture) {
        return Ok(who);
    }
    Err(Problem::new(
        Kind::Forbidden,
        format!("the key \"{}\" may not read jobs", who.name),
    ))
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
    json_body(&headers)?;
    let (body, _room) = read(body, 4096, &gateway.in_work).await?;
    let request: MarkRequest = serde_json::from_slice(&body).map_err(|error| {
        Problem::new(
            Kind::Validation,
            format!("expected {{\"time\": \"<ISO 8601>\"}}: {error}"),
        )
    })?;
    let time = parse_time("time", &request.time)?;
    gateway.queue.write(Vec::new(), Some(time)).await?;
    Ok(Json(clock_body(&gateway)).into_response())
}
