//! The worker's metrics, with the stage's label already filled in.

use crate::outcome::Outcome;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGaugeVec};
use serialtrail_runtime::metrics;

/// Handles of one worker.
pub(crate) struct Gauges {
    stage: &'static str,
    lag: IntGaugeVec,
    records_in: IntCounterVec,
    records_out: IntCounterVec,
    windows: IntCounterVec,
    pub(crate) commit_seconds: Histogram,
    pub(crate) record_seconds: Histogram,
    pub(crate) restored: IntCounter,
    restore_remaining: IntGaugeVec,
    partitions: IntGaugeVec,
    pending: IntGaugeVec,
}

impl Gauges {
    pub(crate) fn new(stage: &'static str) -> Self {
        Self {
            stage,
            lag: metrics::gauge(&metrics::LAG),
            records_in: metrics::counter(&metrics::RECORDS_IN),
            records_out: metrics::counter(&metrics::RECORDS_OUT),
            windows: metrics::counter(&metrics::WINDOWS),
            commit_seconds: metrics::histogram(&metrics::COMMIT_SECONDS)
                .with_label_values(&[stage]),
            record_seconds: metrics::histogram(&metrics::RECORD_SECONDS)
                .with_label_values(&[stage]),
            restored: metrics::counter(&metrics::RESTORED).with_label_values(&[stage]),
            restore_remaining: metrics::gauge(&metrics::RESTORE_REMAINING),
            partitions: metrics::gauge(&metrics::PARTITIONS),
            pending: metrics::gauge(&metrics::PENDING_WORK),
        }
    }

    pub(crate) fn lag(&self, topic: &str, partition: i32, records: i64) {
        self.lag
            .with_label_values(&[self.stage, topic, &partition.to_string()])
            .set(records);
    }

    pub(crate) fn pending(&self, partition: i32, pending: bool) {
        self.pending
            .with_label_values(&[self.stage, &partition.to_string()])
            .set(i64::from(pending));
    }

    /// A partition given away has neither lag nor work here.
    pub(crate) fn forget(&self, topic: &str, partition: i32) {
        let partition = partition.to_string();
        // An error only says that the gauge was never set.
        let _ = self
            .lag
            .remove_label_values(&[self.stage, topic, &partition]);
        let _ = self.pending.remove_label_values(&[self.stage, &partition]);
    }

    pub(crate) fn records_in(&self, topic: &str, count: u64) {
        self.records_in
            .with_label_values(&[self.stage, topic])
            .inc_by(count);
    }

    pub(crate) fn records_out(&self, topic: &str, count: u64) {
        self.records_out
            .with_label_values(&[self.stage, topic])
            .inc_by(count);
    }

    pub(crate) fn outcome(&self, outcome: &Outcome) {
        self.windows
            .with_label_values(&[self.stage, outcome.label()])
            .inc();
    }

    pub(crate) fn restore_remaining(&self, partition: i32, records: i64) {
        self.restore_remaining
            .with_label_values(&[self.stage, &partition.to_string()])
            .set(records);
    }

    pub(crate) fn partitions(&self, running: usize, restoring: usize, waiting: usize) {
        for (state, count) in [
            ("running", running),
            ("restoring", restoring),
            ("waiting", waiting),
        ] {
            self.partitions
                .with_label_values(&[self.stage, state])
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
