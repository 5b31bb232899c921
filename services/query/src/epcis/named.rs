//! Named queries (EPCIS 2.0 §12.5): views on the events under a name, kept until they are deleted.

use super::events::{self, Paged};
use super::negotiate::Wanted;
use super::problem::{EpcisProblem, Exception};
use super::resources::only_paging;
use super::subscriptions;
use crate::api::Api;
use crate::select::{Pace, Select};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use clickhouse::Client;
use serde_json::{Map, Value, json};
use serialtrail_epcis::query::{OrderBy, SimpleEventQuery};
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::rows::NamedQueryRow;
use serialtrail_warehouse::tables;

/// Longest name, bytes.
const LONGEST_NAME: usize = 200;
/// Largest definition, bytes.
const LARGEST_BODY: usize = 256 << 10;
/// Longest name of a parameter and longest text in its value, bytes: no address could hold more.
const LONGEST_TEXT: usize = 16 << 10;

fn invalid(detail: impl Into<String>) -> EpcisProblem {
    EpcisProblem::new(Exception::QueryValidation, detail)
}

/// A query by its definition.
///
/// # Errors
/// 400: a parameter is none, or one that this repository does not offer.
pub fn read(definition: &Map<String, Value>) -> Result<SimpleEventQuery, EpcisProblem> {
    let query = SimpleEventQuery::from_json(definition)?;
    if let Some(OrderBy::Field(name)) = &query.order_by {
        let detail = format!(
            "orderBy={}: this repository orders by eventTime or recordTime",
            name.given
        );
        return Err(EpcisProblem::parameter("orderBy", detail));
    }
    Ok(query)
}

/// The definition stored under a name, also one that was deleted.
async fn stored(client: &Client, name: &str) -> Result<Option<NamedQueryRow>, EpcisProblem> {
    let sql =
        "SELECT name, revision, deleted, query, created_at FROM named_queries FINAL WHERE {where}";
    let select = Select::new().and("name = {name:String}").bind("name", name);
    Ok(select
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?)
}

async fn store(client: &Client, row: NamedQueryRow) -> Result<(), EpcisProblem> {
    let token = format!("{}/{}", row.name, row.revision);
    Ok(insert_batch(client, tables::NAMED_QUERIES, &token, &[row]).await?)
}

/// A query that is there, and its definition.
///
/// # Errors
/// 404: there is none of this name.
pub async fn find(
    api: &Api,
    name: &str,
) -> Result<(NamedQueryRow, Map<String, Value>), EpcisProblem> {
    let row = stored(api.access.client(), name)
        .await?
        .filter(|row| !row.deleted);
    let row = row.ok_or_else(|| {
        EpcisProblem::new(
            Exception::NoSuchName,
            format!("there is no query named {name:?}"),
        )
    })?;
    let definition = serde_json::from_str(&row.query).map_err(|error| {
        tracing::error!(name, %error, "a stored query cannot be read");
        EpcisProblem::new(
            Exception::Implementation,
            "the stored query cannot be read; the log says why",
        )
    })?;
    Ok((row, definition))
}

/// Whether a body is JSON by its `Content-Type`.
///
/// # Errors
/// 415: it is not.
pub fn check_json(headers: &HeaderMap) -> Result<(), EpcisProblem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = given
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !["application/json", "application/ld+json"]
        .iter()
        .any(|t| media_type.eq_ignore_ascii_case(t))
    {
        let detail = format!("{media_type:?}: send application/json");
        return Err(EpcisProblem::new(Exception::MediaType, detail));
    }
    Ok(())
}

/// `POST /queries`
///
/// # Errors
/// 409: the name is taken. Otherwise see [`Exception`].
pub async fn create(api: &Api, headers: &HeaderMap, body: Body) -> Result<Response, EpcisProblem> {
    let wanted = Wanted::read_with_body(headers)?;
    check_json(headers)?;
    let bytes = axum::body::to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| {
            let detail = format!("a definition has at most {LARGEST_BODY} bytes");
            EpcisProblem::new(Exception::BodyTooLarge, detail)
        })?;
    let body: Value =
        serde_json::from_slice(&bytes).map_err(|error| invalid(format!("not JSON: {error}")))?;
    let name = body["name"]
        .as_str()
        .ok_or_else(|| invalid("name: a text is expected"))?;
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(invalid(format!(
            "name: 1 to {LONGEST_NAME} bytes without control characters"
        )));
    }
    let definition = body["query"]
        .as_object()
        .ok_or_else(|| invalid("query: an object of parameters is expected"))?;
    if let Some(other) = body
        .as_object()
        .and_then(|o| o.keys().find(|k| !["name", "query"].contains(&k.as_str())))
    {
        return Err(invalid(format!("{other}: there are name and query")));
    }
    if let Some(text) = definition.iter().find_map(|(name, value)| {
        let long = name.len() > LONGEST_TEXT || has_long_text(value);
        long.then(|| name.chars().take(80).collect::<String>())
    }) {
        return Err(invalid(format!(
            "{text}: a name or text has at most {LONGEST_TEXT} bytes"
        )));
    }
    read(definition)?;

    // One at a time here; of two instances that are told the same name at once the later stands.
    let _one_at_a_time = api.epcis.naming.lock().await;
    let client = api.access.client();
    let before = stored(client, name).await?;
    if before.as_ref().is_some_and(|row| !row.deleted) || name == "SimpleEventQuery" {
        let detail = format!("there is a query named {name:?}: delete it, or take another name");
        return Err(EpcisProblem::new(Exception::AlreadyExists, detail));
    }
    let now = Utc::now().timestamp_micros();
    let row = NamedQueryRow {
        name: name.to_owned(),
        revision: next_revision(before.as_ref(), now),
        deleted: false,
        query: Value::from(definition.clone()).to_string(),
        created_at: now,
    };
    store(client, row).await?;
    let mut response = wanted.response(StatusCode::CREATED, Body::empty());
    response.headers_mut().remove(header::CONTENT_TYPE);
    let location = format!("/epcis/v2/queries/{}", events::escaped(name));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn has_long_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() > LONGEST_TEXT,
        Value::Array(items) => items.iter().any(has_long_text),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.len() > LONGEST_TEXT || has_long_text(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Above the one before, whatever the clock says.
fn next_revision(before: Option<&NamedQueryRow>, now: i64) -> u64 {
    let now = u64::try_from(now).unwrap_or_default();
    before.map_or(now, |row| now.max(row.revision + 1))
}

fn body(name: &str, definition: &Map<String, Value>) -> Value {
    json!({"name": name, "query": definition})
}

/// `GET /queries`
///
/// # Errors
/// See [`Exception`].
pub async fn list(api: &Api, uri: &Uri, headers: &HeaderMap) -> Result<Response, EpcisProblem> {
    let paged = Paged::read(uri)?;
    let wanted = Wanted::read(headers, false)?;
    let limit = only_paging(&paged)?;
    let now = Utc::now().timestamp_micros();
    let after: String = match &paged.token {
        None => String::new(),
        Some(token) => api.epcis.tokens.decode(&paged.fingerprint(), token, now)?,
    };
    let sql = format!(
        "SELECT name, query FROM named_queries FINAL WHERE {{where}} ORDER BY name LIMIT {}",
        limit + 1
    );
    let select = Select::new()
        .and("NOT deleted")
        .and("name > {after:String}")
        .bind("after", after);
    let mut rows: Vec<(String, String)> = select
        .query(api.access.client(), &sql, Pace::Answer)
        .fetch_all()
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let all: Vec<Value> = rows
        .iter()
        .map(|(name, query)| body(name, &serde_json::from_str(query).unwrap_or_default()))
        .collect();
    let mut response = wanted.response(StatusCode::OK, Value::from(all).to_string());
    if let Some((last, _)) = rows.last().filter(|_| more) {
        paged.next(response.headers_mut(), last, now);
    }
    Ok(response)
}

/// `GET /queries/{queryName}`
///
/// # Errors
/// 404: there is none of this name.
pub async fn get(api: &Api, name: &str, headers: &HeaderMap) -> Result<Response, EpcisProblem> {
    let wanted = Wanted::read(headers, false)?;
    let (row, definition) = find(api, name).await?;
    Ok(wanted.response(StatusCode::OK, body(&row.name, &definition).to_string()))
}

/// `DELETE /queries/{queryName}`: its subscriptions end with it.
///
/// # Errors
/// 404: there is none of this name.
pub async fn delete(api: &Api, name: &str) -> Result<Response, EpcisProblem> {
    let _one_at_a_time = api.epcis.naming.lock().await;
    let (row, _) = find(api, name).await?;
    subscriptions::resource::end_all(api, &row).await?;
    let now = Utc::now().timestamp_micros();
    let row = NamedQueryRow {
        revision: next_revision(Some(&row), now),
        deleted: true,
        ..row
    };
    store(api.access.client(), row).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /queries/{queryName}/events`
///
/// # Errors
/// 404: there is none of this name. Otherwise see [`Exception`].
pub async fn run(
    api: &Api,
    name: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, EpcisProblem> {
    let mut paged = Paged::read(uri)?;
    let control = |(name, _): &&(String, String)| subscriptions::controls::is_control(name);
    if let Some((control, _)) = paged.pairs.iter().find(control) {
        let detail = format!("{control} is for a WebSocket: send Upgrade: websocket");
        return Err(subscriptions::controls::refused(control, detail));
    }
    let wanted = Wanted::read(headers, true)?;
    only_paging(&paged)?;
    let (row, definition) = find(api, name).await?;
    // A page of a query that was since deleted and made anew is not one of this.
    paged.bind_to(row.created_at);
    let mut query = read(&definition)?;
    if let Some((_, per_page)) = paged.pairs.iter().find(|(name, _)| name == "perPage") {
        query.per_page = per_page.parse().ok();
    }
    events::answer(api, paged, wanted, &query, &row.name).await
}
