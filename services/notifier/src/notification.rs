//! One notification on its way, and what is counted of it.

use crate::attempt::now;
use crate::cause::Group;
use crate::retry::Verdict;
use serialtrail_records::Alert;
use serialtrail_runtime::metrics;
use std::time::Duration;

/// A revision of an alert for one receiver.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notification {
    pub(crate) alert: Alert,
    pub(crate) group: Group,
    /// `false`: this revision does not lead to the receiver, only an earlier one may have.
    pub(crate) certain: bool,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver took it.
    Delivered,
    /// The receiver answers and does not take it: it is in `notifications-parked`.
    Refused,
    /// The receiver was away for longer than is waited for: it is in `notifications-parked`.
    Parked,
    /// The receiver never heard of the alert and need not now.
    NotConcerned,
    /// A shutdown came first: it is read again by whoever owns the partition next.
    GivenUp,
}

/// What a receiver's deliveries count.
#[derive(Debug, Clone)]
pub(crate) struct Reporting {
    pub(crate) receiver: String,
}

impl Reporting {
    fn count(&self, outcome: &str, by: u64) {
        metrics::counter(&metrics::NOTIFICATIONS)
            .with_label_values(&[self.receiver.as_str(), outcome])
            .inc_by(by);
    }

    pub(crate) fn delivered(&self, alert: &Alert) {
        self.count("delivered", 1);
        let micros = (now() - alert.detected_at).max(0);
        metrics::histogram(&metrics::NOTIFICATION_SECONDS)
            .with_label_values(&[self.receiver.as_str()])
            .observe(Duration::from_micros(micros.unsigned_abs()).as_secs_f64());
    }

    /// An attempt failed and another will be made.
    pub(crate) fn failed(&self, verdict: &Verdict, wait: Duration, attempts: u32) {
        self.count("failed_attempt", 1);
        if let Verdict::Again { reason, .. } = verdict {
            // The first says what is wrong; later ones only that it still is.
            let receiver = &self.receiver;
            if attempts.is_power_of_two() {
                tracing::warn!(
                    receiver,
                    reason,
                    attempts,
                    ?wait,
                    "not delivered, trying again"
                );
            }
        }
    }

    pub(crate) fn parked(&self, key: &str, reason: &str) {
        self.count("parked", 1);
        let receiver = &self.receiver;
        tracing::error!(receiver, key, reason, "notification parked");
    }

    pub(crate) fn resent(&self, count: u64) {
        self.count("resent", count);
    }

    /// An alert that leads to nobody; counted by one of the receivers only.
    pub(crate) fn unrouted() {
        metrics::counter(&metrics::NOTIFICATIONS)
            .with_label_values(&["none", "unrouted"])
            .inc();
    }
}
