//! `/healthz`, `/readyz` and `/metrics` of every service.
//!
//! `/healthz` answers as long as the process serves; `/readyz` runs each named dependency check and
//! answers 503 with the failing ones; `/metrics` is the Prometheus text format.

use crate::metrics;
use crate::shutdown::Shutdown;
use anyhow::Context;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::{BoxFuture, join_all};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// One dependency check: `Err` says in one line why the dependency does not answer.
type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Longest time one check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// The dependency checks of a process.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<RwLock<Vec<(String, Check)>>>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").finish_non_exhaustive()
    }
}

impl Health {
    /// No checks yet: ready as soon as it serves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a named check. A check of an earlier name is kept beside it.
    pub fn add(
        &self,
        name: impl Into<String>,
        check: impl Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static,
    ) {
        self.checks
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push((name.into(), Arc::new(check)));
    }

    /// Adds a check that holds when `GET url` answers with a status below 400.
    pub fn add_http(&self, name: impl Into<String>, url: impl Into<String>) {
        let client = reqwest::Client::new();
        let url = url.into();
        self.add(name, move || {
            let request = client.get(&url).timeout(CHECK_TIMEOUT);
            Box::pin(async move {
                match request.send().await {
                    Ok(answer) if answer.status().as_u16() < 400 => Ok(()),
                    Ok(answer) => Err(format!("answered {}", answer.status())),
                    Err(error) => Err(error.to_string()),
                }
            })
        });
    }

    /// Runs all checks at once; the failing ones by name, in the order they were added.
    pub async fn failing(&self) -> Vec<(String, String)> {
        let checks = self
            .checks
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let running = checks.into_iter().map(|(name, check)| async move {
            match tokio::time::timeout(CHECK_TIMEOUT, check()).await {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some((name, reason)),
                Err(_) => Some((name, format!("no answer within {CHECK_TIMEOUT:?}"))),
            }
        });
        join_all(running).await.into_iter().flatten().collect()
    }

    /// The three routes.
    pub fn router(&self) -> Router {
        let health = self.clone();
        Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(move || ready(health.clone())))
            .route("/metrics", get(metrics_text))
    }
}

async fn ready(health: Health) -> Response {
    let failing = health.failing().await;
    let status = if failing.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let failing: serde_json::Map<String, serde_json::Value> = failing
        .into_iter()
        .map(|(name, reason)| (name, reason.into()))
        .collect();
    let body = serde_json::json!({ "ready": failing.is_empty(), "failing": failing });
    (status, axum::Json(body)).into_response()
}

async fn metrics_text() -> Response {
    match metrics::encode() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Serves `router` on `listen` until shutdown; requests in progress are finished.
///
/// # Errors
/// The address is taken or not ours.
pub async fn serve(listen: SocketAddr, router: Router, shutdown: Shutdown) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { shutdown.wait().await })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readiness_names_the_dependency_that_does_not_answer() {
        let health = Health::new();
        health.add("kafka", || Box::pin(async { Ok(()) }));
        assert_eq!(ready(health.clone()).await.status(), StatusCode::OK);

        health.add("clickhouse", || Box::pin(async { Err("refused".into()) }));
        let answer = ready(health).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = axum::body::to_bytes(answer.into_body(), 10_000)
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let expected = serde_json::json!({"ready": false, "failing": {"clickhouse": "refused"}});
        assert_eq!(body, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_is_a_failing_check() {
        let health = Health::new();
        health.add("kafka", || Box::pin(std::future::pending()));
        assert_eq!(health.failing().await.len(), 1);
    }

    #[tokio::test]
    async fn serving_ends_with_the_shutdown_and_a_taken_address_is_an_error() {
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let error = serve(address, Health::new().router(), shutdown.clone())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(&address.to_string()));

        shutdown.trigger();
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        serve(free, Health::new().router(), shutdown).await.unwrap();
    }
}
