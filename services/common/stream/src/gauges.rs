//! The worker's metrics, with the stage's label already filled in.

use crate::outcome::Outcome;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGaugeVec};
use serialtrail_runtime::metrics;
use serialtrail_state::Usage;

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
    state_bytes: IntGaugeVec,
    state_keys: IntGaugeVec,
    pub(crate) wipes: IntCounter,
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
            state_bytes: metrics::gauge(&metrics::STATE_BYTES),
            state_keys: metrics::gauge(&metrics::STATE_KEYS),
            wipes: metrics::counter(&metrics::STATE_WIPES).with_label_values(&[stage]),
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

    /// What a partition's store takes.
    pub(crate) fn store(&self, partition: i32, usage: &Usage) {
        let partition = partition.to_string();
        for (of, bytes) in parts(usage) {
            self.state_bytes
                .with_label_values(&[self.stage, &partition, of])
                .set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        self.state_keys
            .with_label_values(&[self.stage, &partition])
            .set(i64::try_from(usage.keys).unwrap_or(i64::MAX));
    }

    /// A partition given away has neither lag nor work here.
    pub(crate) fn forget(&self, topic: &str, partition: i32) {
        let partition = partition.to_string();
        // An error only says that the gauge was never set.
        let _ = self
            .lag
            .remove_label_values(&[self.stage, topic, &partition]);
        let _ = self.pending.remove_label_values(&[self.stage, &partition]);
        let _ = self
            .state_keys
            .remove_label_values(&[self.stage, &partition]);
        for (of, _) in parts(&Usage::default()) {
            let _ = self
                .state_bytes
                .remove_label_values(&[self.stage, &partition, of]);
        }
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

/// The parts of [`metrics::STATE_BYTES`].
fn parts(usage: &Usage) -> [(&'static str, u64); 5] {
    [
        ("index", usage.index_bytes),
        ("cache", usage.cache_bytes),
        ("budget", usage.budget_bytes),
        ("log", usage.log_bytes),
        ("live", usage.live_bytes),
    ]
}
