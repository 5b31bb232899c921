//! Capture jobs: one, and pages of them (`GET /epcis/v2/capture`).

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::answer;
use crate::auth::{Principal, Role};
use crate::clock::iso;
use crate::http::{Gateway, Shared};
use crate::media::{Media, of_answer};
use crate::negotiate::principal;
use crate::problem::{Kind, Problem};
use crate::versions;

/// Jobs on a page.
const PAGE: usize = 30;
const LARGEST_PAGE: usize = 1000;
/// A page's token is good at least that long: jobs are forgotten after days only.
const TOKEN_GOOD: i64 = 86_400_000_000;

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

/// One job.
pub(crate) async fn job(
    State(gateway): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = reader(&gateway, &headers)?;
    versions::check(&headers)?;
    let media = of_answer(&headers, &[Media::Json, Media::Xml])?;
    let found = gateway
        .jobs
        .get(&id, |party| who.sees(party))
        .ok_or_else(|| {
            Problem::new(
                Kind::NotFound,
                format!("no capture job {id:?}, or none this key may see"),
            )
        })?;
    Ok(answer::job(found, media))
}

#[derive(Deserialize)]
pub(crate) struct Paging {
    #[serde(rename = "perPage")]
    per_page: Option<i64>,
    #[serde(rename = "nextPageToken")]
    next: Option<String>,
}

/// A page of jobs, newest first.
pub(crate) async fn list(
    State(gateway): State<Shared>,
    paging: Result<Query<Paging>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = reader(&gateway, &headers)?;
    versions::check(&headers)?;
    of_answer(&headers, &[Media::Json])?;
    let Query(paging) =
        paging.map_err(|error| Problem::new(Kind::Validation, error.body_text()))?;
    let size = match paging.per_page {
        None => PAGE,
        Some(asked) => usize::try_from(asked)
            .ok()
            .filter(|size| *size > 0)
            .ok_or_else(|| {
                let detail = format!("perPage={asked}: expected a positive number");
                Problem::new(Kind::Validation, detail)
            })?
            .min(LARGEST_PAGE),
    };
    let page = gateway
        .jobs
        .page(paging.next.as_deref(), size, |party| who.sees(party));
    let mut response = Json(page.jobs).into_response();
    if let Some(next) = page.next {
        let link = format!("</epcis/v2/capture?perPage={size}&nextPageToken={next}>; rel=\"next\"");
        let expires = iso(chrono::Utc::now().timestamp_micros() + TOKEN_GOOD);
        let headers = response.headers_mut();
        for (name, value) in [
            (header::LINK, link),
            (
                HeaderName::from_static("gs1-next-page-token-expires"),
                expires,
            ),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
    Ok(response)
}
