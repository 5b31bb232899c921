//! The routes.

use crate::access::Access;
use crate::api::Api;
use crate::problem::Problem;
use crate::{
    alerts, console, demand, epcis, forecasts, identify, openapi, recall, rejects, stock, trace,
};
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use serialtrail_runtime::metrics;
use std::time::{Duration, Instant};

/// Longest wait for the beginning of an answer; ClickHouse gives up before.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// The same of an answer about all units of a lot or a product.
const LONG_ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// The routes.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/v1/trace", get(trace_by_id))
        .route("/v1/trace/{*unit}", get(trace_by_path))
        .route("/v1/alerts", get(list_alerts))
        .route("/v1/rejects", get(list_rejects))
        .route("/v1/identify", get(identify_text))
        .route("/v1/overview", get(overview))
        .route("/v1/stream/alerts", get(stream_alerts))
        .route("/v1/demand", get(demand_by_day))
        .route("/v1/demand/series", get(demand_series))
        .route("/v1/forecasts", get(forecast))
        .route("/v1/forecasts/versions", get(forecast_versions))
        .route("/v1/forecasts/difference", get(forecast_difference))
        .layer(middleware::from_fn(|request, next| {
            in_time(ANSWER_WITHIN, request, next)
        }))
        .merge(long_answers())
        .merge(epcis::router())
        .route("/openapi.json", get(openapi_document))
        .route("/openapi/epcis.json", get(epcis_openapi_document))
        .fallback(console_file)
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(middleware::from_fn(measure))
        .with_state(api)
}

fn long_answers() -> Router<Api> {
    Router::new()
        .route("/v1/recall", get(recall_lot))
        .route("/v1/where", get(stock_by_place))
        .layer(middleware::from_fn(|request, next| {
            in_time(LONG_ANSWER_WITHIN, request, next)
        }))
}

async fn recall_lot(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    recall::answer(api.access.client(), &uri, &headers, api.shutdown).await
}

async fn stock_by_place(State(access): State<Access>, uri: Uri) -> Result<Json<Value>, Problem> {
    stock::answer(access.client(), &uri).await.map(Json)
}

async fn demand_by_day(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    demand::answer(api.access.client(), &uri, &headers, api.shutdown).await
}

async fn demand_series(State(access): State<Access>, uri: Uri) -> Result<Json<Value>, Problem> {
    demand::series(access.client(), &uri).await.map(Json)
}

async fn forecast(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    forecasts::answer(api.access.client(), &uri, &headers, api.shutdown).await
}

async fn forecast_versions(State(access): State<Access>, uri: Uri) -> Result<Json<Value>, Problem> {
    forecasts::versions(access.client(), &uri).await.map(Json)
}

async fn forecast_difference(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    forecasts::difference(api.access.client(), &uri, &headers, api.shutdown).await
}

async fn trace_by_id(State(access): State<Access>, uri: Uri) -> Result<Json<Value>, Problem> {
    trace::by_id(access.client(), &uri).await.map(Json)
}

async fn trace_by_path(
    State(access): State<Access>,
    Path(unit): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    trace::by_path(access.client(), &unit, &uri).await.map(Json)
}

async fn list_alerts(
    State(access): State<Access>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    alerts::list(access.client(), &uri, &headers).await
}

async fn list_rejects(State(access): State<Access>, uri: Uri) -> Result<Json<Value>, Problem> {
    rejects::list(access.client(), &uri).await.map(Json)
}

async fn identify_text(State(access): State<Access>, uri: Uri) -> Result<Json<Value>, Problem> {
    identify::answer(access.client(), &uri).await.map(Json)
}

async fn overview(State(api): State<Api>, uri: Uri) -> Result<Json<Value>, Problem> {
    api.overview.answer(&uri).await.map(Json)
}

async fn stream_alerts(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    api.feed.answer(&uri, &headers).await
}

async fn console_file(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    console::serve(&api.console, request).await
}

async fn openapi_document() -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        openapi::DOCUMENT,
    )
        .into_response()
}

async fn epcis_openapi_document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::EPCIS).into_response()
}

/// The beginning of an answer within a time; a stream may go on as long as it wants.
async fn in_time(within: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(within, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("ClickHouse did not answer within {within:?}");
            let detail = format!("ClickHouse did not answer within {within:?}");
            Problem::unavailable("clickhouse_unreachable", detail).into_response()
        }
    }
}

async fn measure(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let route = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    let status: StatusCode = response.status();
    metrics::counter(&metrics::HTTP_REQUESTS)
        .with_label_values(&["query", &route, status.as_str()])
        .inc();
    metrics::histogram(&metrics::HTTP_SECONDS)
        .with_label_values(&["query", &route])
        .observe(started.elapsed().as_secs_f64());
    response
}
