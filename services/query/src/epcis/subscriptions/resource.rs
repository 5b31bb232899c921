//! `/queries/{queryName}/subscriptions`: webhooks that are told of a query's events.

use super::controls::{Subscription, check_query};
use super::standing::beginning;
use super::store;
use crate::api::Api;
use crate::epcis::events::{Paged, escaped};
use crate::epcis::named;
use crate::epcis::negotiate::Wanted;
use crate::epcis::problem::{EpcisProblem, Exception};
use crate::epcis::resources::only_paging;
use crate::time::iso;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde_json::{Map, Value, json};
use serialtrail_warehouse::rows::{NamedQueryRow, SubscriptionProgressRow, SubscriptionRow};
use std::collections::HashMap;

/// Largest body, bytes.
const LARGEST_BODY: usize = 64 << 10;

/// `POST /queries/{queryName}/subscriptions`
///
/// # Errors
/// 400: it is no subscription, or the query cannot be subscribed to. 404: there is no such query.
pub async fn create(
    api: &Api,
    name: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, EpcisProblem> {
    let wanted = Wanted::read_with_body(headers)?;
    let body = read_body(headers, body).await?;
    let subscription = Subscription::read(&body, wanted.epc)?;

    // A query is not deleted here between the look and the row.
    let _one_at_a_time = api.epcis.naming.lock().await;
    let (query, definition) = named::find(api, name).await?;
    check_query(&named::read(&definition)?)?;
    let client = api.access.client();
    if store::active(client).await?.len() >= store::MOST {
        let detail = format!("there are {} subscriptions already: end one", store::MOST);
        return Err(EpcisProblem::new(Exception::SubscribeNotPermitted, detail));
    }
    let from = beginning(client, subscription.controls.initial_record_time).await?;
    let now = Utc::now().timestamp_micros();
    let id = uuid::Uuid::new_v4().to_string();
    let progress = SubscriptionProgressRow {
        id: id.clone(),
        revision: store::above(0),
        position: from.encode(),
        executed_at: 0,
        notified_at: 0,
    };
    store::store_progress(client, &progress).await?;
    let row = SubscriptionRow {
        id,
        query_name: query.name,
        query_created_at: query.created_at,
        revision: store::above(0),
        deleted: false,
        definition: subscription.stored(),
        created_at: now,
    };
    store::store(client, row.clone()).await?;
    let body = shown(&row, Some(&progress))?;
    let mut response = wanted.response(StatusCode::CREATED, body.to_string());
    let location = format!(
        "/epcis/v2/queries/{}/subscriptions/{}",
        escaped(&row.query_name),
        row.id
    );
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<Map<String, Value>, EpcisProblem> {
    named::check_json(headers)?;
    let bytes = axum::body::to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| {
            let detail = format!("a subscription has at most {LARGEST_BODY} bytes");
            EpcisProblem::new(Exception::BodyTooLarge, detail)
        })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        EpcisProblem::new(Exception::Validation, format!("no JSON object: {error}"))
    })
}

/// A subscription as it is shown: never its secret.
fn shown(
    row: &SubscriptionRow,
    progress: Option<&SubscriptionProgressRow>,
) -> Result<Value, EpcisProblem> {
    let subscription = Subscription::restore(&row.definition).ok_or_else(|| {
        tracing::error!(
            subscription = row.id,
            "a stored subscription cannot be read"
        );
        let detail = "a stored subscription cannot be read; the log says which";
        EpcisProblem::new(Exception::Implementation, detail)
    })?;
    let mut members = Map::new();
    members.insert("subscriptionID".to_owned(), json!(row.id));
    members.insert("queryName".to_owned(), json!(row.query_name));
    members.extend(subscription.public());
    members.insert("createdAt".to_owned(), json!(iso(row.created_at)));
    let initial = subscription.controls.initial_record_time;
    let mut least = initial.unwrap_or(row.created_at);
    if let Some(progress) = progress {
        if progress.executed_at > 0 {
            least = progress.executed_at;
        }
        if progress.notified_at > 0 {
            let at = iso(progress.notified_at);
            members.insert("lastNotifiedAt".to_owned(), json!(at));
        }
    }
    members.insert("minRecordTime".to_owned(), json!(iso(least)));
    Ok(Value::from(members))
}

/// `GET /queries/{queryName}/subscriptions`
///
/// # Errors
/// 404: there is no such query. Otherwise see [`Exception`].
pub async fn list(
    api: &Api,
    name: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, EpcisProblem> {
    let paged = Paged::read(uri)?;
    let wanted = Wanted::read(headers, false)?;
    let limit = only_paging(&paged)?;
    let now = Utc::now().timestamp_micros();
    let after: String = match &paged.token {
        None => String::new(),
        Some(token) => api.epcis.tokens.decode(&paged.fingerprint(), token, now)?,
    };
    let (query, _) = named::find(api, name).await?;
    let client = api.access.client();
    let mut rows = store::list(client, &query, &after, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let ids = rows.iter().map(|row| row.id.clone()).collect();
    let progresses = store::progresses(client, ids).await?;
    let progresses: HashMap<&str, _> = progresses.iter().map(|p| (p.id.as_str(), p)).collect();
    let all: Vec<Value> = rows
        .iter()
        .map(|row| shown(row, progresses.get(row.id.as_str()).copied()))
        .collect::<Result<_, _>>()?;
    let mut response = wanted.response(StatusCode::OK, Value::from(all).to_string());
    if let Some(last) = rows.last().filter(|_| more) {
        paged.next(response.headers_mut(), &last.id, now);
    }
    Ok(response)
}

async fn find(api: &Api, name: &str, id: &str) -> Result<SubscriptionRow, EpcisProblem> {
    let (query, _) = named::find(api, name).await?;
    let found = store::find(api.access.client(), &query, id).await?;
    found.ok_or_else(|| {
        let detail = format!("query {name:?} has no subscription {id:?}");
        EpcisProblem::new(Exception::NoSuchResource, detail)
    })
}

/// `GET /queries/{queryName}/subscriptions/{subscriptionID}`
///
/// # Errors
/// 404: there is no such query, or no such subscription.
pub async fn get(
    api: &Api,
    name: &str,
    id: &str,
    headers: &HeaderMap,
) -> Result<Response, EpcisProblem> {
    let wanted = Wanted::read(headers, false)?;
    let row = find(api, name, id).await?;
    let progress = store::progress(api.access.client(), id).await?;
    let body = shown(&row, progress.as_ref())?;
    Ok(wanted.response(StatusCode::OK, body.to_string()))
}

/// `DELETE /queries/{queryName}/subscriptions/{subscriptionID}`
///
/// # Errors
/// 404: there is no such query, or no such subscription.
pub async fn delete(api: &Api, name: &str, id: &str) -> Result<Response, EpcisProblem> {
    let row = find(api, name, id).await?;
    store::end(api.access.client(), row).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ends every subscription to a query that is deleted, as `DELETE /queries/{queryName}` is to do.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn end_all(api: &Api, query: &NamedQueryRow) -> Result<(), EpcisProblem> {
    let client = api.access.client();
    for row in store::list(client, query, "", store::MOST).await? {
        store::end(client, row).await?;
    }
    Ok(())
}
