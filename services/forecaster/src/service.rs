//! The process: a pass every `refresh_seconds` and on `POST /v1/run`.

use crate::config::ForecastConfig;
use crate::pass::{Cause, PassError, Passes, Report, Shared};
use crate::publish::{KafkaPublisher, count_partitions};
use crate::store::Store;
use crate::stream_time;
use crate::turns::Turns;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serialtrail_records::Micros;
use serialtrail_runtime::topics::ENRICHED;
use serialtrail_runtime::{App, Settings, Shutdown};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Runs the service until shutdown. A pass that is running then is given up: the next one repeats it.
///
/// # Errors
/// The forecast file is not valid, or the address cannot be listened on.
pub async fn run(app: App) -> anyhow::Result<()> {
    let settings = Arc::clone(&app.settings);
    let config = ForecastConfig::load(&settings.files.forecast)?;
    let refresh = Duration::from_secs(config.refresh_seconds.into());
    app.health
        .add_http("clickhouse", format!("{}/ping", settings.clickhouse.url));
    let publisher = Box::new(KafkaPublisher::new(Arc::clone(&settings)));
    let passes = Passes::new(Store::new(&settings.clickhouse), publisher, config)?;
    let work = Work {
        passes: Arc::new(passes),
        turns: Arc::default(),
        settings,
        http: reqwest::Client::new(),
        partitions: Arc::default(),
    };
    let timer = tokio::spawn(work.clone().repeat(refresh, app.shutdown.clone()));
    let routes = Router::new().route("/v1/run", post(move || work.clone().answer()));
    let served = app.serve(routes).await;
    app.shutdown.trigger();
    timer.await?;
    served
}

/// What a pass needs of the process.
#[derive(Clone)]
struct Work {
    passes: Shared,
    turns: Arc<Turns<Result<Report, PassError>>>,
    settings: Arc<Settings>,
    http: reqwest::Client,
    /// Partitions of topic `enriched`.
    partitions: Arc<OnceCell<i32>>,
}

impl Work {
    async fn pass(&self, cause: Cause) -> Result<Report, PassError> {
        let landed = self.landed().await;
        let now = chrono::Utc::now().timestamp_micros();
        self.passes.run(landed, now, cause).await
    }

    async fn landed(&self) -> anyhow::Result<Micros> {
        // The count of a keyed topic never changes: it is asked until it is known.
        let count = || count_partitions(Arc::clone(&self.settings), ENRICHED);
        let partitions = *self.partitions.get_or_try_init(count).await?;
        stream_time::landed(&self.http, &self.settings, partitions).await
    }

    async fn repeat(self, refresh: Duration, shutdown: Shutdown) {
        let mut next = tokio::time::interval(refresh);
        next.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                _ = next.tick() => {}
            }
            tokio::select! {
                () = shutdown.wait() => return,
                result = self.turns.alone(self.pass(Cause::Timer)) => match result {
                    Ok(report) => tracing::debug!(?report, "pass"),
                    Err(error) => tracing::warn!(%error, "pass failed, trying again"),
                },
            }
        }
    }

    async fn answer(self) -> Response {
        let turns = Arc::clone(&self.turns);
        let done = turns.shared(async move { self.pass(Cause::Asked).await });
        match done.await.as_ref() {
            Ok(Ok(report)) => axum::Json(report).into_response(),
            Ok(Err(error)) => problem(error),
            Err(panicked) => problem(&PassError::Other(anyhow::anyhow!("{panicked:#}"))),
        }
    }
}

/// A failed pass as problem details (RFC 9457). All of them may pass: 503.
fn problem(error: &PassError) -> Response {
    tracing::warn!(%error, "pass failed");
    let reason = match error {
        PassError::NoStreamTime(_) => "nothing_landed_yet",
        PassError::Warehouse(error) if serialtrail_warehouse::is_unreachable(error) => {
            "clickhouse_unreachable"
        }
        PassError::Warehouse(_) => "clickhouse_refused",
        PassError::Other(_) => "not_published",
    };
    let body = serde_json::json!({
        "type": format!("urn:serialtrail:problem:{reason}"),
        "title": "Not now",
        "status": 503,
        "detail": error.to_string(),
        "reason": reason,
    });
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::RETRY_AFTER, "5"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, body.to_string()).into_response()
}
