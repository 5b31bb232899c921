//! Delivery to Alertmanager: several alerts a request, repeated until they are taken or refused.

use super::{Look, PostedAlert, ended, posted};
use crate::attempt::{self, failed, now, said};
use crate::body::idempotency_key;
use crate::notification::{Notification, Outcome, Reporting};
use crate::park::{Ending, Parker};
use crate::retry::{Next, Tries, Verdict, judge};
use crate::routes::Receiver;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serialtrail_runtime::Shutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An Alertmanager and what delivering to it takes.
pub(crate) struct Alertmanager {
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) console: String,
    pub(crate) open_for: Duration,
    pub(crate) client: reqwest::Client,
    pub(crate) parker: Parker,
    pub(crate) reporting: Reporting,
    pub(crate) shutdown: Shutdown,
}

#[derive(Deserialize)]
struct Status {
    uptime: String,
}

impl Alertmanager {
    /// When the process that answers was started. Another answer than before: it forgot its alerts.
    pub(crate) async fn uptime(&self) -> Result<String, Verdict> {
        let request = self.client.get(format!("{}/status", self.receiver.url));
        self.get::<Status>(request)
            .await
            .map(|status| status.uptime)
    }

    /// Open alerts it holds of these ids.
    async fn held(&self, ids: &[&str]) -> Result<Vec<PostedAlert>, Verdict> {
        let filter = format!("alert_id=~\"{}\"", ids.join("|"));
        let request = self
            .client
            .get(format!("{}/alerts", self.receiver.url))
            .query(&[("filter", filter)]);
        self.get(request).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, Verdict> {
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        match judge(status, None, "") {
            Verdict::Delivered => answer.json().await.map_err(failed),
            Verdict::Refused { .. } | Verdict::Again { .. } => {
                Err(judge(status, None, &said(answer).await))
            }
        }
    }

    pub(crate) async fn post(&self, alerts: &[PostedAlert]) -> Verdict {
        if alerts.is_empty() {
            return Verdict::Delivered;
        }
        let request = self
            .client
            .post(format!("{}/alerts", self.receiver.url))
            .json(alerts);
        attempt::send(request).await
    }

    pub(crate) fn look(&self) -> Look<'_> {
        Look {
            console: &self.console,
            open_for: self.open_for,
            now: now(),
        }
    }

    /// Delivers a batch, in which no two are of one alert. When the whole is refused, each is sent alone
    /// and parked if it is refused again. When it was away for too long, the whole is parked.
    pub(crate) async fn deliver(
        &self,
        batch: &[Arc<Notification>],
    ) -> anyhow::Result<Vec<Outcome>> {
        let (outcome, given) = self.until_settled(batch).await;
        if outcome != Outcome::Refused || batch.len() == 1 {
            self.park(batch, given).await?;
            return Ok(vec![outcome; batch.len()]);
        }
        let mut outcomes = Vec::with_capacity(batch.len());
        for one in batch.chunks(1) {
            let (outcome, given) = self.until_settled(one).await;
            self.park(one, given).await?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Sends until taken, refused or out of time; of the latter two also why and when.
    async fn until_settled(&self, batch: &[Arc<Notification>]) -> (Outcome, Option<Given>) {
        let seed = batch.first().map(|one| idempotency_key(&one.alert));
        let mut tries = Tries::new(self.receiver.park_after, &seed.unwrap_or_default());
        let (begun, first_attempt_at) = (Instant::now(), now());
        loop {
            let verdict = self.attempt(batch).await;
            let (outcome, reason) = match tries.after(verdict.clone(), begun.elapsed()) {
                Next::Done => {
                    for one in batch.iter().filter(|one| one.certain) {
                        self.reporting.delivered(&one.alert);
                    }
                    return (Outcome::Delivered, None);
                }
                Next::Wait(wait) => {
                    self.reporting.failed(&verdict, wait, tries.attempts);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.shutdown.wait() => return (Outcome::GivenUp, None),
                    }
                    continue;
                }
                Next::Refused(reason) => (Outcome::Refused, reason),
                Next::GiveUp(reason) => (Outcome::Parked, reason),
            };
            let given = Given {
                reason,
                attempts: tries.attempts,
                first_attempt_at,
            };
            return (outcome, Some(given));
        }
    }

    async fn attempt(&self, batch: &[Arc<Notification>]) -> Verdict {
        let revised: Vec<&str> = batch
            .iter()
            .filter(|one| one.alert.revision > 1)
            .map(|one| one.alert.alert_id.as_str())
            .collect();
        let held = if revised.is_empty() {
            Vec::new()
        } else {
            match self.held(&revised).await {
                Ok(held) => held,
                Err(verdict) => return verdict,
            }
        };
        self.post(&compose(batch, held, &self.look())).await
    }

    /// Parks what was not taken; nothing where there is nothing to say of it.
    async fn park(&self, batch: &[Arc<Notification>], given: Option<Given>) -> anyhow::Result<()> {
        let Some(given) = given else { return Ok(()) };
        let ending = Ending {
            reason: &given.reason,
            attempts: given.attempts,
            first_attempt_at: given.first_attempt_at,
        };
        for one in batch {
            let alert = &one.alert;
            let body = serde_json::to_vec(&[posted(alert, &one.group, &self.look())])?;
            let id = (alert.alert_id.as_str(), alert.revision);
            self.parker
                .park(&self.receiver.name, id, body, &ending)
                .await?;
            self.reporting
                .parked(&idempotency_key(alert), &given.reason);
        }
        Ok(())
    }
}

/// Why and when something was given up.
struct Given {
    reason: String,
    attempts: u32,
    first_attempt_at: i64,
}

/// What is posted for a batch: its alerts as they stand, and the end of whatever is held of them under
/// other labels, or must no longer be held at all.
fn compose(
    batch: &[Arc<Notification>],
    held: Vec<PostedAlert>,
    look: &Look<'_>,
) -> Vec<PostedAlert> {
    let mut posts: Vec<PostedAlert> = batch
        .iter()
        .filter(|one| one.certain)
        .map(|one| posted(&one.alert, &one.group, look))
        .collect();
    let stale: Vec<PostedAlert> = held
        .into_iter()
        .filter(|held| posts.iter().all(|post| post.labels != held.labels))
        .map(|held| ended(held, look.now))
        .collect();
    posts.extend(stale);
    posts
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
