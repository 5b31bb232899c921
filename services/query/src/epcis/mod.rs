//! The query interface of EPCIS 2.0 over REST (§12), under `/epcis/v2`.
//!
//! Events come from what their publishers sent ([`stored`]); the table's columns only narrow down which
//! ([`prefilter`], [`scan`]), and what a parameter means is decided in `serialtrail_epcis::query`.
//!
//! | module | subject |
//! |---|---|
//! | [`events`] | `/events`, and how every list of events is answered |
//! | [`resources`] | `/eventTypes`, `/epcs`, `/bizSteps`, `/bizLocations`, `/readPoints`, `/dispositions` |
//! | [`named`] | `/queries` |
//! | [`poller`] | what of a query was captured since |
//! | [`subscriptions`] | who is told of it: webhooks and WebSockets |
//! | [`scan`], [`prefilter`], [`stored`], [`master`] | from a query to events |
//! | [`token`] | `nextPageToken` |
//! | [`negotiate`], [`format`], [`problem`] | headers, spellings, errors |

pub mod events;
pub mod format;
pub mod master;
pub mod named;
pub mod negotiate;
pub mod poller;
pub mod prefilter;
pub mod problem;
pub mod resources;
pub mod scan;
pub mod stored;
pub mod subscriptions;
pub mod token;

use crate::api::Api;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get};
use chrono::Utc;
use problem::{EpcisProblem, Exception};
use resources::Resource;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Longest wait for an answer; ClickHouse gives up before.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What the interface remembers between requests; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Epcis {
    /// Page tokens given back.
    pub tokens: token::Tokens,
    /// Held while a name of a query is taken or given up.
    pub naming: Arc<Mutex<()>>,
    /// How far was captured, for all that are told of it.
    pub captures: subscriptions::standing::Captures,
    /// Open WebSockets.
    pub sockets: subscriptions::socket::Sockets,
}

/// Methods of `/events`, of both its interfaces.
const EVENTS: &str = "GET, HEAD, OPTIONS, POST";

type Answer = Result<Response, EpcisProblem>;

/// The routes.
pub fn router() -> Router<Api> {
    let mut router = Router::new()
        .route("/epcis/v2", resource(get(root), "GET, HEAD, OPTIONS"))
        .route("/epcis/v2/", resource(get(root), "GET, HEAD, OPTIONS"))
        .route(
            "/epcis/v2/events",
            // Behind one host the resource takes events too: they are the gateway's, whose answer to
            // OPTIONS names the same methods.
            resource(get(search).post(capture), EVENTS),
        )
        .route(
            "/epcis/v2/events/{id}",
            resource(get(event), "GET, HEAD, OPTIONS"),
        )
        .route(
            "/epcis/v2/queries",
            resource(get(queries).post(create), "GET, HEAD, OPTIONS, POST"),
        )
        .route(
            "/epcis/v2/queries/{name}",
            resource(get(query).delete(remove), "DELETE, GET, HEAD, OPTIONS"),
        )
        .route(
            "/epcis/v2/queries/{name}/events",
            resource(get(query_events), "GET, HEAD, OPTIONS"),
        )
        .route(
            "/epcis/v2/queries/{name}/subscriptions",
            resource(
                get(subscriptions).post(subscribe),
                "GET, HEAD, OPTIONS, POST",
            ),
        )
        .route(
            "/epcis/v2/queries/{name}/subscriptions/{id}",
            resource(
                get(subscription).delete(unsubscribe),
                "DELETE, GET, HEAD, OPTIONS",
            ),
        )
        .route(
            "/epcis/v2/nextPageToken/{token}",
            resource(delete(give_back), "DELETE, OPTIONS"),
        );
    for kind in Resource::ALL {
        let path = format!("/epcis/v2/{}", kind.name());
        let list = move |State(api): State<Api>,
                         OriginalUri(uri): OriginalUri,
                         headers: HeaderMap| async move {
            resources::list(&api, kind, &uri, &headers).await
        };
        let member = move |State(api): State<Api>,
                           value: Result<Path<String>, PathRejection>,
                           OriginalUri(uri): OriginalUri,
                           headers: HeaderMap| async move {
            resources::member(&api, kind, &name(value)?, &uri, &headers).await
        };
        let events = move |State(api): State<Api>,
                           value: Result<Path<String>, PathRejection>,
                           OriginalUri(uri): OriginalUri,
                           headers: HeaderMap| async move {
            resources::member_events(&api, kind, &name(value)?, &uri, &headers).await
        };
        router = router
            .route(&path, resource(get(list), "GET, HEAD, OPTIONS"))
            .route(
                &format!("{path}/{{value}}"),
                resource(get(member), "GET, HEAD, OPTIONS"),
            )
            .route(
                &format!("{path}/{{value}}/events"),
                resource(get(events), "GET, HEAD, OPTIONS"),
            );
    }
    router
        .route("/epcis/v2/{*rest}", axum::routing::any(nothing))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn(negotiate::dress))
}

/// A resource with its discovery, and an answer to other methods.
fn resource(methods: MethodRouter<Api>, allow: &'static str) -> MethodRouter<Api> {
    methods
        .options(move || async move { negotiate::discovery(allow) })
        .fallback(move || async move {
            EpcisProblem {
                allow: Some(allow),
                ..EpcisProblem::new(Exception::Method, format!("here there are {allow}"))
            }
        })
}

/// A name of an address, decoded.
fn name(path: Result<Path<String>, PathRejection>) -> Result<String, EpcisProblem> {
    path.map(|Path(name)| name)
        .map_err(|error| EpcisProblem::new(Exception::NoSuchResource, error.body_text()))
}

/// A query's name and a subscription's id.
fn names(
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<(String, String), EpcisProblem> {
    path.map(|Path(names)| names)
        .map_err(|error| EpcisProblem::new(Exception::NoSuchResource, error.body_text()))
}

async fn root(headers: HeaderMap) -> Answer {
    resources::root(&headers)
}

async fn search(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Answer {
    events::search(&api, &uri, &headers, None).await
}

/// `POST /events`: not here.
async fn capture() -> EpcisProblem {
    EpcisProblem {
        allow: Some("GET, HEAD, OPTIONS"),
        ..EpcisProblem::new(
            Exception::Method,
            "events are captured at the gateway's address, not at that of queries",
        )
    }
}

async fn event(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Answer {
    events::by_id(&api, &name(id)?, &uri, &headers).await
}

async fn queries(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Answer {
    named::list(&api, &uri, &headers).await
}

async fn create(State(api): State<Api>, headers: HeaderMap, body: Body) -> Answer {
    named::create(&api, &headers, body).await
}

async fn query(
    State(api): State<Api>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    named::get(&api, &name(path)?, &headers).await
}

async fn remove(State(api): State<Api>, path: Result<Path<String>, PathRejection>) -> Answer {
    named::delete(&api, &name(path)?).await
}

async fn query_events(
    State(api): State<Api>,
    path: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    if subscriptions::socket::is_asked_for(&headers) {
        return subscriptions::socket::open(&api, &name(path)?, &uri, &headers, upgrade).await;
    }
    named::run(&api, &name(path)?, &uri, &headers).await
}

async fn subscriptions(
    State(api): State<Api>,
    path: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Answer {
    subscriptions::resource::list(&api, &name(path)?, &uri, &headers).await
}

async fn subscribe(
    State(api): State<Api>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    subscriptions::resource::create(&api, &name(path)?, &headers, body).await
}

async fn subscription(
    State(api): State<Api>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    let (query, id) = names(path)?;
    subscriptions::resource::get(&api, &query, &id, &headers).await
}

async fn unsubscribe(
    State(api): State<Api>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Answer {
    let (query, id) = names(path)?;
    subscriptions::resource::delete(&api, &query, &id).await
}

/// `DELETE /nextPageToken/{token}`
async fn give_back(State(api): State<Api>, token: Result<Path<String>, PathRejection>) -> Answer {
    api.epcis
        .tokens
        .give_back(&name(token)?, Utc::now().timestamp_micros());
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!("ClickHouse did not answer within {ANSWER_WITHIN:?}");
            tracing::warn!(detail);
            EpcisProblem::new(Exception::Unavailable, detail).into_response()
        }
    }
}

async fn nothing(OriginalUri(uri): OriginalUri) -> EpcisProblem {
    let detail = format!("there is no resource {}", uri.path());
    EpcisProblem::new(Exception::NoSuchResource, detail)
}
