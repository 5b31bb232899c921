//! One webhook subscription: waits until it is due, reads, sends, keeps how far it is.

use super::controls::{Subscription, Trigger};
use super::schedule::next_run;
use super::standing::{LOOK, MOST_EVENTS, Report, Standing};
use super::store;
use super::webhook::{self, Verdict};
use crate::api::Api;
use crate::epcis::named;
use crate::epcis::problem::{EpcisProblem, Exception};
use crate::epcis::scan::Found;
use crate::feed::Position;
use chrono::{DateTime, Utc};
use serialtrail_runtime::metrics;
use serialtrail_warehouse::rows::{NamedQueryRow, SubscriptionProgressRow, SubscriptionRow};
use std::time::Duration;

/// How often a position that moved over events of other queries is kept.
const KEEP_EVERY: i64 = 60_000_000;
/// Longest sleep before the wall clock is looked at again: it may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Why a task goes no further.
enum Stop {
    /// The subscription or its query is no more.
    Ended,
    /// ClickHouse does not answer, or what is stored is unreadable.
    Failed(EpcisProblem),
}

impl From<EpcisProblem> for Stop {
    fn from(problem: EpcisProblem) -> Self {
        match problem.exception {
            Exception::NoSuchName => Self::Ended,
            _ => Self::Failed(problem),
        }
    }
}

/// A subscription and what delivering it takes.
pub(super) struct Delivery {
    api: Api,
    client: reqwest::Client,
    row: SubscriptionRow,
    failures: u32,
    most: usize,
}

/// What is known once ClickHouse answered.
struct Running {
    query: NamedQueryRow,
    subscription: Subscription,
    standing: Standing,
    progress: SubscriptionProgressRow,
    report: Report,
}

fn now() -> i64 {
    Utc::now().timestamp_micros()
}

impl Delivery {
    pub(super) fn new(api: Api, client: reqwest::Client, row: SubscriptionRow) -> Self {
        Self {
            api,
            client,
            row,
            failures: 0,
            most: MOST_EVENTS,
        }
    }

    /// Until the subscription ends; whoever drops it ends it where it is.
    pub(super) async fn run(mut self) {
        loop {
            let stop = match self.prepare().await {
                Ok(mut running) => self.deliver(&mut running).await,
                Err(stop) => stop,
            };
            match stop {
                Stop::Ended => return,
                Stop::Failed(problem) => {
                    let why = problem.detail;
                    tracing::warn!(subscription = self.row.id, why, "begins again");
                    self.failures += 1;
                    self.pause(None).await;
                }
            }
        }
    }

    async fn prepare(&self) -> Result<Running, Stop> {
        let unreadable = |what: &str| {
            let detail = format!("its {what} cannot be read");
            EpcisProblem::new(Exception::Implementation, detail)
        };
        let subscription =
            Subscription::restore(&self.row.definition).ok_or_else(|| unreadable("definition"))?;
        let (query, definition) = named::find(&self.api, &self.row.query_name).await?;
        let progress = store::progress(self.api.access.client(), &self.row.id)
            .await?
            .ok_or_else(|| unreadable("progress"))?;
        let from = Position::decode(&progress.position).ok_or_else(|| unreadable("position"))?;
        let standing = Standing::new(
            named::read(&definition)?,
            subscription.controls.initial_record_time,
            from,
            self.api.epcis.captures.clone(),
        )?;
        let report = Report {
            query_name: query.name.clone(),
            subscription_id: Some(self.row.id.clone()),
            epc: subscription.epc,
        };
        Ok(Running {
            query,
            subscription,
            standing,
            progress,
            report,
        })
    }

    async fn deliver(&mut self, running: &mut Running) -> Stop {
        loop {
            self.due(running).await;
            if let Err(stop) = self.execute(running).await {
                return stop;
            }
        }
    }

    /// Returns when the query is to run. A scheduled run that was missed is made up for, once.
    async fn due(&self, running: &Running) {
        let Trigger::Schedule(schedule) = running.subscription.controls.trigger else {
            return tokio::time::sleep(LOOK).await;
        };
        let after = running.progress.executed_at.max(self.row.created_at);
        let after = DateTime::from_timestamp_micros(after).unwrap_or_default();
        let Some(at) = next_run(&schedule, after) else {
            return std::future::pending().await;
        };
        while let Ok(left) = (at - Utc::now()).to_std() {
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }

    /// One run: everything there is, then, if there was nothing and it is asked for, that.
    async fn execute(&mut self, running: &mut Running) -> Result<(), Stop> {
        let client = self.api.access.client().clone();
        let scheduled = running.subscription.controls.trigger != Trigger::Stream;
        let began = now();
        let mut reported = false;
        loop {
            let before = running.standing.seen().clone();
            let found = running.standing.next(&client).await?;
            let empty = found.is_empty();
            if empty && (reported || !running.subscription.controls.report_if_empty) {
                break;
            }
            if !self.is_next(running).await? {
                continue;
            }
            if !self.send(running, found).await {
                running.standing.go_to(before);
                continue;
            }
            reported = true;
            running.progress.notified_at = now();
            self.keep(running, began).await;
            if empty {
                break;
            }
        }
        let moved = running.standing.seen().encode() != running.progress.position;
        let stale = began - running.progress.executed_at >= KEEP_EVERY;
        if scheduled || moved && stale {
            self.keep(running, began).await;
        }
        self.failures = 0;
        Ok(())
    }

    /// Whether the subscription still stands as far as is known here. If another instance went on with
    /// it, what was read may be delivered already: goes on behind it.
    async fn is_next(&self, running: &mut Running) -> Result<bool, Stop> {
        let client = self.api.access.client();
        if store::find(client, &running.query, &self.row.id)
            .await?
            .is_none()
        {
            return Err(Stop::Ended);
        }
        let stored = store::progress(client, &self.row.id).await?;
        let Some(newer) = stored.filter(|s| s.revision > running.progress.revision) else {
            return Ok(true);
        };
        tracing::error!(
            subscription = self.row.id,
            "another instance delivers it too: name all instances in [observe] services.query and give \
             each its own --slot"
        );
        if let Some(position) = Position::decode(&newer.position) {
            running.standing.go_to(position);
        }
        running.progress = newer;
        Ok(false)
    }

    /// Sends the events, and after a failure waits; whether the receiver has them all. The events are let
    /// go before the wait.
    async fn send(&mut self, running: &Running, found: Vec<Found>) -> bool {
        let count = found.len();
        let documents = running.report.documents(found, self.most, Utc::now());
        let secret = running.subscription.signature_token.as_deref();
        let outcome = |name| {
            metrics::counter(&metrics::SUBSCRIPTION_DELIVERIES)
                .with_label_values(&["webhook", name])
        };
        let mut failed = None;
        for document in documents {
            match webhook::post(&self.client, &running.subscription.dest, secret, document).await {
                Verdict::Taken => outcome("delivered").inc(),
                Verdict::Smaller => {
                    failed = Some(("asked for less at once (413)".to_owned(), None));
                    self.most = (self.most.min(count) / 2).max(1);
                }
                Verdict::Again { reason, after } => failed = Some((reason, after)),
            }
            if failed.is_some() {
                break;
            }
        }
        let Some((reason, after)) = failed else {
            self.failures = 0;
            return true;
        };
        outcome("failed_attempt").inc();
        self.failures = self.failures.saturating_add(1);
        if self.failures.is_power_of_two() {
            let (id, failures) = (&self.row.id, self.failures);
            tracing::warn!(
                subscription = id,
                failures,
                reason,
                "not delivered, tried again"
            );
        }
        self.pause(after).await;
        false
    }

    async fn pause(&self, asked: Option<Duration>) {
        tokio::time::sleep(webhook::wait(&self.row.id, self.failures.max(1), asked)).await;
    }

    /// Keeps how far the subscription is, however long ClickHouse takes: nothing is sent before.
    async fn keep(&self, running: &mut Running, executed_at: i64) {
        let client = self.api.access.client();
        let progress = &mut running.progress;
        progress.position = running.standing.seen().encode();
        progress.executed_at = executed_at;
        progress.revision = store::above(progress.revision);
        while let Err(problem) = store::store_progress(client, progress).await {
            let why = problem.detail;
            tracing::warn!(
                subscription = self.row.id,
                why,
                "its progress is not kept yet"
            );
            tokio::time::sleep(LOOK).await;
        }
    }
}
