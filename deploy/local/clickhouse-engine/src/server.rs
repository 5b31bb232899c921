//! ClickHouse's HTTP interface: routes, headers, and the way from a request to the
//! engine's thread and back.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use tokio::sync::{Semaphore, mpsc};

use crate::body::{BodyReader, pump};
use crate::execute::execute;
use crate::failure::{Failure, TOO_MANY_SIMULTANEOUS_QUERIES, UNKNOWN_EXCEPTION};
use crate::ffi::Engine;
use crate::formats::media_type;
use crate::reply::{Head, Message, Reply};
use crate::request::{Request, form_boundary};

/// How long a request waits for a free slot before it is told to come back.
const SLOT_WAIT: Duration = Duration::from_secs(60);
/// Between a broken response's last words and the cut, so that they are sent.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// What every request needs.
pub struct Server {
    engine: Arc<Engine>,
    slots: Arc<Semaphore>,
    timezone: String,
    users_are_roles: bool,
}

impl Server {
    /// A server that runs at most `max_concurrency` statements at a time and names
    /// `timezone` as the engine's. The engine has one user, `default`; with
    /// `users_are_roles` any other user gets the role of the same name, and no other.
    pub fn new(
        engine: Arc<Engine>,
        max_concurrency: usize,
        timezone: String,
        users_are_roles: bool,
    ) -> Self {
        Self {
            engine,
            slots: Arc::new(Semaphore::new(max_concurrency)),
            timezone,
            users_are_roles,
        }
    }

    /// The routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/ping", get(ok))
            .route("/replicas_status", get(ok))
            .route("/", get(answer).post(answer).put(answer))
            .fallback(unknown_path)
            .with_state(Arc::new(self))
    }
}

async fn ok() -> &'static str {
    "Ok.\n"
}

async fn unknown_path(request: HttpRequest) -> impl IntoResponse {
    let text = format!(
        "There is no handle {}\n\nUse / or /ping for health checks.\nOr send queries from your program with POST method or GET /?query=...\n",
        request.uri().path()
    );
    (StatusCode::NOT_FOUND, text)
}

async fn answer(State(server): State<Arc<Server>>, http: HttpRequest) -> Response {
    let (parts, body) = http.into_parts();
    let mut request = match Request::from_parts(&parts.method, &parts.uri, &parts.headers) {
        Ok(request) => request,
        Err(failure) => return failed(failure, HeaderMap::new()),
    };
    let common = server.common_headers(&request.query_id);
    if request.read_only && request.query.is_empty() {
        return (common, "Ok.\n").into_response();
    }
    let body = match form_boundary(&parts.headers) {
        None => pump(body),
        Some(boundary) => match request.take_form(boundary, body).await {
            Ok(()) => BodyReader::whole(Bytes::new()),
            Err(failure) => return failed(failure, common),
        },
    };
    if server.users_are_roles
        && let Some(user) = request.user.clone().filter(|user| user != "default")
    {
        request.roles = vec![user];
    }
    let slot = tokio::time::timeout(SLOT_WAIT, Arc::clone(&server.slots).acquire_owned()).await;
    let Ok(Ok(slot)) = slot else {
        let failure = Failure::new(
            TOO_MANY_SIMULTANEOUS_QUERIES,
            "Too many simultaneous queries for the local server. (TOO_MANY_SIMULTANEOUS_QUERIES)",
        );
        return failed(failure, common);
    };
    let (mut reply, messages) = Reply::new(request.compress);
    let engine = Arc::clone(&server.engine);
    tokio::task::spawn_blocking(move || {
        execute(&engine, &request, body, &mut reply);
        drop(slot);
    });
    respond(messages, common).await
}

impl Server {
    fn common_headers(&self, query_id: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        set(&mut headers, "x-clickhouse-query-id", query_id);
        set(&mut headers, "x-clickhouse-timezone", &self.timezone);
        set(
            &mut headers,
            "x-clickhouse-server-display-name",
            "serialtrail-clickhouse-local",
        );
        headers
    }
}

/// Makes the response of the engine's messages.
async fn respond(mut messages: mpsc::Receiver<Message>, mut headers: HeaderMap) -> Response {
    match messages.recv().await {
        Some(Message::Whole(head, output)) => {
            describe(&mut headers, &head);
            (headers, output).into_response()
        }
        Some(Message::Start(head)) => {
            describe(&mut headers, &head);
            let tag = uuid::Uuid::new_v4().simple().to_string()[..16].to_owned();
            set(&mut headers, "x-clickhouse-exception-tag", &tag);
            (headers, chunked(messages, tag)).into_response()
        }
        Some(Message::Failed(failure)) => failed(failure, headers),
        _ => failed(
            Failure::new(UNKNOWN_EXCEPTION, "the statement ended without an answer"),
            headers,
        ),
    }
}

/// The output's chunks. A response that does not reach [`Message::End`] is cut off
/// (after the exception, if there is one), so that no client takes it for complete.
fn chunked(messages: mpsc::Receiver<Message>, tag: String) -> Body {
    enum Step {
        Running,
        Cutting,
        Over,
    }
    let state = (messages, tag, Step::Running);
    Body::from_stream(stream::unfold(
        state,
        |(mut messages, tag, step)| async move {
            match step {
                Step::Over => None,
                Step::Cutting => {
                    tokio::time::sleep(LAST_WORDS).await;
                    let cut = Err(io::Error::other("the statement failed"));
                    Some((cut, (messages, tag, Step::Over)))
                }
                Step::Running => match messages.recv().await {
                    Some(Message::Chunk(bytes)) => {
                        Some((Ok(bytes), (messages, tag, Step::Running)))
                    }
                    Some(Message::End) => None,
                    Some(Message::Broken(failure)) => {
                        let trailer = exception_trailer(&failure, &tag);
                        Some((Ok(trailer.into()), (messages, tag, Step::Cutting)))
                    }
                    _ => {
                        let cut = Err(io::Error::other("the server is stopping"));
                        Some((cut, (messages, tag, Step::Over)))
                    }
                },
            }
        },
    ))
}

/// What ClickHouse writes after output that cannot be completed: the marker and the
/// response's tag, the message, its length with the tag again.
fn exception_trailer(failure: &Failure, tag: &str) -> String {
    let message = format!("{}\n", failure.message.trim_end());
    let length = message.len();
    format!("\r\n__exception__\r\n{tag}\r\n{message}{length} {tag}\r\n__exception__\r\n")
}

fn failed(failure: Failure, mut headers: HeaderMap) -> Response {
    set(
        &mut headers,
        "x-clickhouse-exception-code",
        &failure.code.to_string(),
    );
    set(
        &mut headers,
        header::CONTENT_TYPE.as_str(),
        "text/plain; charset=UTF-8",
    );
    let status =
        StatusCode::from_u16(failure.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = format!("{}\n", failure.message.trim_end());
    (status, headers, text).into_response()
}

fn describe(headers: &mut HeaderMap, head: &Head) {
    let format = head.format.as_deref().unwrap_or("TabSeparated");
    set(headers, header::CONTENT_TYPE.as_str(), media_type(format));
    if let Some(format) = &head.format {
        set(headers, "x-clickhouse-format", format);
    }
    let counters = head.counters;
    let summary = serde_json::json!({
        "read_rows": counters.read_rows.to_string(),
        "read_bytes": counters.read_bytes.to_string(),
        "written_rows": counters.written_rows.to_string(),
        "written_bytes": counters.written_bytes.to_string(),
        "total_rows_to_read": "0",
        "result_rows": counters.read_rows.max(counters.written_rows).to_string(),
        "result_bytes": counters.read_bytes.max(counters.written_bytes).to_string(),
        "elapsed_ns": head.elapsed.as_nanos().to_string(),
        "memory_usage": "0",
    });
    set(headers, "x-clickhouse-summary", &summary.to_string());
}

/// Sets a header; a value that no header may hold (a query id with a line end) is
/// left out.
fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Serves `listener` until `stop`, then lets running requests finish for `grace`.
/// `true` if all did.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<bool> {
    let (stopping, stopped) = tokio::sync::oneshot::channel::<Infallible>();
    let graceful = async move {
        stop.await;
        drop(stopping);
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(graceful);
    let bound = async {
        let _ = stopped.await; // always an error: the sender is only ever dropped
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        result = serving => result.map(|()| true),
        () = bound => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailer_states_its_messages_length_and_tag() {
        let failure = Failure {
            code: 395,
            message: "Code: 395. x".to_owned(),
        };
        assert_eq!(
            exception_trailer(&failure, "abcdefghijklmnop"),
            "\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 395. x\n13 abcdefghijklmnop\r\n__exception__\r\n"
        );
    }
}
