//! `POST /epcis/v2/capture` and `POST /epcis/v2/events`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serialtrail_epcis::{BodyKind, event_tree};
use serialtrail_records::{EpcisEvent, JobError};
use std::sync::{Arc, PoisonError};

use crate::capture::{Assessment, Behaviour, assess};
use crate::http::{Gateway, Shared};
use crate::known::Identity;
use crate::media::Media;
use crate::negotiate::declared_length;
use crate::order::{Order, asked};
use crate::parcel::Parcel;
use crate::problem::{Kind, Problem};
use crate::{answer, body, candidate, jobs, large, outgoing, reference};

/// What stands for itself in a path segment (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b';');

/// A document: 202 with its job, once its events are durable; a large one with `proceed` once it is
/// known to be a document.
pub(crate) async fn document(
    State(gateway): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let order = Arc::new(order(&gateway, &headers, body, BodyKind::Document).await?);
    let media = order.asked.answer;
    let job = if order.asked.behaviour == Behaviour::Proceed && order.body.is_large() {
        large::begin(&gateway, &order).await?
    } else {
        let captured = captured(&gateway, &order).await?;
        match captured.problem {
            // Of a document, a conflict under an event id is an error of its job.
            Some(problem) if problem.kind != Kind::Conflict => return Err(problem),
            _ => captured.job,
        }
    };
    let location = format!("/epcis/v2/capture/{}", job.capture_id);
    let mut response = answer::job(jobs::body(&job, &[], 0), media);
    *response.status_mut() = StatusCode::ACCEPTED;
    set(response.headers_mut(), "location", &location);
    Ok(response)
}

/// One event: 201 with its address, once it is durable. It can be queried a moment later.
pub(crate) async fn event(
    State(gateway): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let order = Arc::new(order(&gateway, &headers, body, BodyKind::SingleEvent).await?);
    let mut captured = captured(&gateway, &order).await?;
    if let Some(problem) = captured.problem.take() {
        return Err(problem);
    }
    let job = format!("/epcis/v2/capture/{}", captured.job.capture_id);
    let location = match captured.identities.as_slice() {
        [one] => {
            let id = utf8_percent_encode(&one.event_id, SEGMENT);
            format!("/epcis/v2/events/{id}")
        }
        // A list of events has no address of its own.
        _ => job.clone(),
    };
    let mut response = match order.asked.answer {
        Media::Json => Json(as_captured(&gateway, &captured)).into_response(),
        Media::Xml => StatusCode::CREATED.into_response(),
    };
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    set(headers, "location", &location);
    set(headers, "serialtrail-capture-job", &job);
    Ok(response)
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(header::HeaderName::from_static(name), value);
    }
}

/// The event as JSON-LD, with its id; the first of a list.
fn as_captured(gateway: &Gateway, captured: &Assessment) -> serde_json::Value {
    let read = || -> Option<serde_json::Value> {
        let record = captured.events.records().ok()?.next()?.ok()?;
        let event: EpcisEvent = gateway.codec.decode(&record.value).ok()?;
        let original = candidate::original_of(&gateway.codec, &record.value).ok()?;
        let format = serialtrail_epcis::Format::of(&original);
        let tree = event_tree(&original, format, event.context.as_deref()).ok()?;
        let mut value = tree.event;
        value["eventID"] = event.event_id.into();
        Some(value)
    };
    read().unwrap_or_default()
}

/// Headers and body of a request. A body whose headers are refused is read on, so that the sender hears
/// why.
async fn order(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Body,
    kind: BodyKind,
) -> Result<Order, Problem> {
    let limit = gateway.max_document_bytes;
    let good =
        asked(gateway, headers).and_then(|asked| declared_length(headers, limit).map(|()| asked));
    let (asked, body) = match good {
        Ok(asked) => {
            let body = body::read(body, asked.coding, limit, &gateway.rooms).await?;
            (asked, body)
        }
        Err(refused) => {
            body::discard(body, limit).await;
            return Err(refused);
        }
    };
    Ok(Order {
        asked,
        kind,
        capture_id: uuid::Uuid::now_v7().to_string(),
        body,
        now: chrono::Utc::now().timestamp_micros(),
    })
}

/// Assesses a whole input and writes it in one transaction.
async fn captured(gateway: &Shared, order: &Arc<Order>) -> Result<Assessment, Problem> {
    let mut assessment = assessed(gateway, order, None).await?;
    // A single event that would be taken is held against what was captured before this instance began,
    // or by another one.
    if order.kind == BodyKind::SingleEvent
        && let [one] = assessment.identities.as_slice()
        && gateway.archive.loses(one).await
    {
        let loser = one.clone();
        assessment = assessed(gateway, order, Some(loser)).await?;
    }
    let masters = &assessment.header.master_data;
    if assessment.problem.is_none() && !masters.is_empty() {
        if order.asked.masters {
            let record_time = assessment.job.record_time;
            reference::publish(gateway, order, &assessment.header, record_time).await?;
            // What the events are stamped with is the reference data of their own document.
            assessment = assessed(gateway, order, None).await?;
        } else {
            let warning = not_allowed(masters.len());
            assessment.job.warnings_total += 1;
            assessment.job.warnings.push(warning);
        }
    }
    write(gateway, assessment).await
}

/// Master data of a publisher that may not set it.
pub(crate) fn not_allowed(elements: usize) -> JobError {
    JobError {
        reason: "master_data_not_allowed".into(),
        message: format!(
            "the document's {elements} elements of master data were not taken: the API key has no role \
             `master_data`"
        ),
        place: Some("epcisHeader.epcisMasterData".into()),
        ..JobError::default()
    }
}

/// Reading and encoding a document takes its time on a processor.
async fn assessed(
    gateway: &Shared,
    order: &Arc<Order>,
    loser: Option<Identity>,
) -> Result<Assessment, Problem> {
    let (gateway, order) = (Arc::clone(gateway), Arc::clone(order));
    let work = move || {
        let loses = |event: &Identity| {
            loser.as_ref() == Some(event)
                || gateway
                    .known
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .loses(event)
        };
        assess(&order.submission(), &order.conditions(&gateway, &loses))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(assessment)) => Ok(assessment),
        Ok(Err(error)) => Err(internal(&error)),
        Err(error) => Err(internal(&error.into())),
    }
}

/// Writes events, rejections and job; what is known of them afterwards.
pub(crate) async fn write(
    gateway: &Gateway,
    assessment: Assessment,
) -> Result<Assessment, Problem> {
    let job = outgoing::job(&assessment.job, &gateway.counts, &gateway.codec)
        .map_err(|error| internal(&error))?;
    let reached = (assessment.events.count() > 0).then_some(assessment.job.record_time);
    let parcels = [
        Arc::clone(&assessment.events),
        Arc::clone(&assessment.rejections),
        Arc::new(Parcel::from(vec![job])),
    ];
    gateway.queue.write(parcels.into(), reached).await?;
    gateway.jobs.put(assessment.job.clone());
    {
        let mut known = gateway.known.lock().unwrap_or_else(PoisonError::into_inner);
        assessment
            .identities
            .iter()
            .for_each(|identity| known.captured(identity));
    }
    Ok(assessment)
}

pub(crate) fn internal(error: &anyhow::Error) -> Problem {
    tracing::error!("capture failed: {error:#}");
    Problem::new(
        Kind::Internal,
        "the capture failed here; nothing was captured",
    )
}
