//! Delivery to a webhook: one signed POST a notification, repeated until it is taken or parked.

use crate::attempt::{self, now};
use crate::notification::{Notification, Outcome, Reporting};
use crate::park::{Ending, Parker};
use crate::retry::{Next, Tries, Verdict};
use crate::routes::{Receiver, Routes, Secret};
use crate::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use crate::{body, stored};
use reqwest::header::CONTENT_TYPE;
use serialtrail_runtime::Shutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long ClickHouse is asked whether an earlier revision led here. After that the receiver is told:
/// better of an alert it never saw than not of the end of one it did.
const ASKED_FOR: Duration = Duration::from_secs(60);
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A webhook and what delivering to it takes.
pub(crate) struct Webhook {
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) routes: Arc<Routes>,
    pub(crate) secret: Secret,
    pub(crate) client: reqwest::Client,
    pub(crate) clickhouse: clickhouse::Client,
    pub(crate) parker: Parker,
    pub(crate) reporting: Reporting,
    pub(crate) shutdown: Shutdown,
}

impl Webhook {
    /// Delivers or parks; gives up between two attempts when a shutdown comes.
    pub(crate) async fn deliver(&self, notification: &Notification) -> anyhow::Result<Outcome> {
        if !notification.certain {
            match self.concerned(notification).await {
                Some(true) => {}
                Some(false) => return Ok(Outcome::NotConcerned),
                None => return Ok(Outcome::GivenUp),
            }
        }
        let key = body::idempotency_key(&notification.alert);
        let body = body::webhook(
            &notification.alert,
            &notification.group,
            &self.receiver.name,
        );
        let mut tries = Tries::new(self.receiver.park_after, &key);
        let (begun, first_attempt_at) = (Instant::now(), now());
        loop {
            let verdict = self.attempt(&key, &body).await;
            let (outcome, reason) = match tries.after(verdict.clone(), begun.elapsed()) {
                Next::Done => {
                    self.reporting.delivered(&notification.alert);
                    return Ok(Outcome::Delivered);
                }
                Next::Wait(wait) => {
                    self.reporting.failed(&verdict, wait, tries.attempts);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.shutdown.wait() => return Ok(Outcome::GivenUp),
                    }
                    continue;
                }
                Next::Refused(reason) => (Outcome::Refused, reason),
                Next::GiveUp(reason) => (Outcome::Parked, reason),
            };
            let ending = Ending {
                reason: &reason,
                attempts: tries.attempts,
                first_attempt_at,
            };
            let alert = &notification.alert;
            let id = (alert.alert_id.as_str(), alert.revision);
            self.parker
                .park(&self.receiver.name, id, body, &ending)
                .await?;
            self.reporting.parked(&key, &reason);
            return Ok(outcome);
        }
    }

    async fn attempt(&self, key: &str, body: &[u8]) -> Verdict {
        let timestamp = now() / 1_000_000;
        let request = self
            .client
            .post(&self.receiver.url)
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", key)
            .header(TIMESTAMP_HEADER, timestamp.to_string())
            .header(SIGNATURE_HEADER, sign(self.secret.bytes(), timestamp, body))
            .body(body.to_vec());
        attempt::send(request).await
    }

    /// Whether an earlier revision led here; `None` when a shutdown came first.
    async fn concerned(&self, notification: &Notification) -> Option<bool> {
        let begun = Instant::now();
        let name = &self.receiver.name;
        loop {
            let alert = &notification.alert;
            match stored::was_told(&self.clickhouse, &self.routes, name, alert).await {
                Ok(told) => return Some(told),
                Err(error) if begun.elapsed() >= ASKED_FOR => {
                    tracing::warn!(receiver = name, %error, "earlier revisions are not known: told anyway");
                    return Some(true);
                }
                Err(error) => tracing::debug!(receiver = name, %error, "earlier revisions"),
            }
            tokio::select! {
                () = tokio::time::sleep(ASK_AGAIN) => {}
                () = self.shutdown.wait() => return None,
            }
        }
    }
}
