//! What the notifier says it did.

use serde::Serialize;
use serialtrail_runtime::samples::samples;
use serialtrail_runtime::{Service, Settings, metrics};
use std::time::{Duration, Instant};

/// Notifications of all receivers since the notifier started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Notified {
    /// Taken by their receivers.
    pub delivered: u64,
    /// Given up on, in `notifications-parked`.
    pub parked: u64,
    /// Alerts not yet read, or being told.
    pub waiting: u64,
}

impl Notified {
    /// Asks every instance until none has anything waiting, or `limit` is over. `None` where one does
    /// not answer.
    pub async fn when_done(settings: &Settings, limit: Duration) -> Option<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()
            .ok()?;
        let deadline = Instant::now() + limit;
        let mut in_a_row = 0;
        loop {
            let mut all = Self::default();
            for instance in settings.instances(Service::Notifier) {
                let answer = http.get(format!("{instance}/metrics")).send().await.ok()?;
                all.add(&answer.error_for_status().ok()?.text().await.ok()?);
            }
            // Its gauges are a moment behind what Kafka holds.
            in_a_row = if all.waiting == 0 { in_a_row + 1 } else { 0 };
            if in_a_row == 3 || Instant::now() > deadline {
                return Some(all);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn add(&mut self, text: &str) {
        for sample in samples(text, metrics::NOTIFICATIONS.name) {
            match sample.label("outcome") {
                "delivered" => self.delivered += sample.value as u64,
                "parked" => self.parked += sample.value as u64,
                _ => {}
            }
        }
        let lag = samples(text, metrics::LAG.name).into_iter();
        self.waiting += lag.map(|sample| sample.value as u64).sum::<u64>();
    }

    /// As a line of text, with its subject in the first 11 columns.
    #[must_use]
    pub fn line(&self) -> String {
        let Self {
            delivered,
            parked,
            waiting,
        } = *self;
        let told = crate::summary::grouped;
        format!(
            "told       {} notifications delivered, {} parked, {} waiting",
            told(delivered),
            told(parked),
            told(waiting)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_receiver_counts_and_attempts_do_not() {
        let text = "serialtrail_notifications_total{outcome=\"delivered\",receiver=\"a\"} 5\n\
                    serialtrail_notifications_total{outcome=\"delivered\",receiver=\"b\"} 2\n\
                    serialtrail_notifications_total{outcome=\"parked\",receiver=\"b\"} 1\n\
                    serialtrail_notifications_total{outcome=\"failed_attempt\",receiver=\"b\"} 9\n\
                    serialtrail_lag_records{partition=\"0\",stage=\"notifier-b\",topic=\"alerts\"} 3\n";
        let mut found = Notified::default();
        found.add(text);
        let expected = Notified {
            delivered: 7,
            parked: 1,
            waiting: 3,
        };
        assert_eq!(found, expected);
    }
}
