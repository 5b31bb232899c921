//! A webhook receiver that behaves as it is told.

use super::SECRET;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use serialtrail_notifier::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Takes,
    Answers(u16),
    AnswersLater(u16, &'static str),
    Hangs,
    ClosesTheConnection,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub key: String,
    pub body: Vec<u8>,
    pub at: Instant,
    pub taken: bool,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Alert id and revision.
    pub fn parts(&self) -> (String, i64) {
        let (id, revision) = self.key.rsplit_once('/').unwrap();
        (id.to_owned(), revision.parse().unwrap())
    }
}

type Rule = Box<dyn Fn(&str, usize) -> Does + Send + Sync>;

struct Inner {
    requests: Mutex<Vec<Request>>,
    /// What to do with a request, by its key and how many came before it.
    rule: Mutex<Rule>,
}

#[derive(Clone)]
pub struct Hook {
    inner: Arc<Inner>,
    pub address: SocketAddr,
}

impl Hook {
    /// A receiver that decides by the key of a request and how many came before it.
    pub async fn start(rule: impl Fn(&str, usize) -> Does + Send + Sync + 'static) -> Self {
        let inner = Arc::new(Inner {
            requests: Mutex::default(),
            rule: Mutex::new(Box::new(rule)),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, address }
    }

    pub fn now_does(&self, rule: impl Fn(&str, usize) -> Does + Send + Sync + 'static) {
        *self.inner.rule.lock().unwrap() = Box::new(rule);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.inner.requests.lock().unwrap().clone()
    }

    /// Keys it took, in order, repeats included.
    pub fn taken(&self) -> Vec<String> {
        let requests = self.requests();
        let taken = requests.into_iter().filter(|request| request.taken);
        taken.map(|request| request.key).collect()
    }

    /// A receiver section of a routes file.
    pub fn section(&self, name: &str, more: &str) -> String {
        section(name, &format!("http://{}/hook", self.address), more)
    }
}

pub fn section(name: &str, url: &str, more: &str) -> String {
    format!(
        "[receiver.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\n{more}\n"
    )
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap();
    let signed = verify(
        SECRET.as_bytes(),
        header(TIMESTAMP_HEADER),
        &body,
        header(SIGNATURE_HEADER),
    );
    assert!(signed, "a request without a right signature");
    let key = header("Idempotency-Key").to_owned();
    let does = {
        let mut requests = inner.requests.lock().unwrap();
        let does = (inner.rule.lock().unwrap())(&key, requests.len());
        requests.push(Request {
            key,
            body: body.to_vec(),
            at: Instant::now(),
            taken: does == Does::Takes,
        });
        does
    };
    match does {
        Does::Takes => StatusCode::NO_CONTENT.into_response(),
        Does::Answers(status) => {
            (StatusCode::from_u16(status).unwrap(), "not today").into_response()
        }
        Does::AnswersLater(status, after) => (
            StatusCode::from_u16(status).unwrap(),
            [("retry-after", after)],
        )
            .into_response(),
        Does::Hangs => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            unreachable!()
        }
        // As a panic, but without its message: the server drops the connection.
        Does::ClosesTheConnection => std::panic::resume_unwind(Box::new(())),
    }
}
