//! `GET /v1/overview`: the pipeline and what came of it, at a glance.
//!
//! The services are asked for their metrics, all at once and each only for a moment: one that is down is
//! part of the answer. What ClickHouse counts is remembered for as long as its cost asks for: the
//! question may be asked every second by every open console. `as_of` is when it was counted.

mod counts;
mod services;

use crate::access::Access;
use crate::parameters::Parameters;
use crate::problem::Problem;
use axum::http::Uri;
use chrono::Utc;
use serde_json::{Map, Value, json};
use serialtrail_runtime::Settings;
use services::Services;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// This resource knows no parameters.
pub const PARAMETERS: &[&str] = &[];

/// Longest an answer of the services is shown again.
const FRESH: Duration = Duration::from_secs(2);
/// Counting takes at most one part in so many of the time.
const SHARE: u32 = 20;
/// Longest a count is shown again, however long it took.
const STALE: Duration = Duration::from_secs(60);

/// A value, when it was found, and for how long it is good.
type Remembered = Mutex<Option<(Instant, Duration, Value)>>;

/// The overview of a deployment; clones share what they remember.
#[derive(Debug, Clone)]
pub struct Overview {
    access: Access,
    services: Arc<Services>,
    asked: Arc<Remembered>,
    counted: Arc<Remembered>,
}

impl Overview {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(settings: &Settings, access: Access) -> Self {
        Self {
            access,
            services: Arc::new(Services::new(settings)),
            asked: Arc::default(),
            counted: Arc::default(),
        }
    }

    /// Answers the request.
    ///
    /// # Errors
    /// See [`Problem`]; never because of a service that is down.
    pub async fn answer(&self, uri: &Uri) -> Result<Value, Problem> {
        Parameters::read(uri, PARAMETERS)?;
        let (services, counts) = tokio::join!(self.asked(), self.counted());
        let mut answer = Map::new();
        for part in [services, counts?] {
            if let Value::Object(fields) = part {
                answer.extend(fields);
            }
        }
        Ok(Value::Object(answer))
    }

    async fn asked(&self) -> Value {
        let mut remembered = self.asked.lock().await;
        if let Some(value) = good(&remembered) {
            return value;
        }
        let value = self.services.ask().await;
        *remembered = Some((Instant::now(), FRESH, value.clone()));
        value
    }

    async fn counted(&self) -> Result<Value, Problem> {
        let mut remembered = self.counted.lock().await;
        if let Some(value) = good(&remembered) {
            return Ok(value);
        }
        let begun = Instant::now();
        let value = counts::count(self.access.client(), Utc::now()).await?;
        let keep = (begun.elapsed() * SHARE).clamp(FRESH / 2, STALE);
        *remembered = Some((Instant::now(), keep, value.clone()));
        Ok(value)
    }
}

fn good(remembered: &Option<(Instant, Duration, Value)>) -> Option<Value> {
    let (found, keep, value) = remembered.as_ref()?;
    (found.elapsed() < *keep).then(|| value.clone())
}

/// `stream_time` of the pipeline and `services`, as in the answer.
fn services_json(list: Vec<Value>, stream_time: Option<String>) -> Value {
    json!({ "stream_time": stream_time, "services": list })
}
