//! Every metric Serialtrail exports: name, unit, labels in one place, and the one registry they live in.
//!
//! A service asks for a metric by its constant ([`counter`], [`gauge`], [`histogram`]); asking twice
//! gives the same metric. Names end in their unit; counters end in `_total`.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// What one metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name as exported.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: Kind,
    /// Unit of the value.
    pub unit: &'static str,
    /// Label names, in the order values are given.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// Kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Distribution of durations.
    Histogram,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        unit,
        labels,
        help,
    }
}

/// Records a stage has not handled yet.
pub const LAG: Metric = metric(
    "serialtrail_lag_records",
    Kind::Gauge,
    "records",
    &["stage", "topic", "partition"],
    "Records between a stage's position and the end of its input partition",
);
/// Records read.
pub const RECORDS_IN: Metric = metric(
    "serialtrail_records_in_total",
    Kind::Counter,
    "records",
    &["stage", "topic"],
    "Records handled in committed windows",
);
/// Records written.
pub const RECORDS_OUT: Metric = metric(
    "serialtrail_records_out_total",
    Kind::Counter,
    "records",
    &["stage", "topic"],
    "Records written by committed windows, changelog included",
);
/// Rejections.
pub const REJECTS: Metric = metric(
    "serialtrail_rejects_total",
    Kind::Counter,
    "records",
    &["stage", "reason"],
    "Inputs refused, by reason",
);
/// What is strange about captured events.
pub const CAPTURE_WARNINGS: Metric = metric(
    "serialtrail_capture_warnings_total",
    Kind::Counter,
    "warnings",
    &["code"],
    "Unusual but captured: warnings of the vocabulary's rules, master data nobody may set",
);
/// Rejections no partner reads on a topic of its own.
pub const REJECTS_WITHHELD: Metric = metric(
    "serialtrail_rejects_withheld_total",
    Kind::Counter,
    "records",
    &["reason"],
    "Records of rejected-events that went to no partner's topic: no_topic (its party has none), no_party (publisher unknown), unreadable",
);
/// Events captured again.
pub const REPEATS: Metric = metric(
    "serialtrail_repeats_total",
    Kind::Counter,
    "events",
    &["stage"],
    "Events or error declarations captured again with the same content: counted, nothing else",
);
/// Window outcomes.
pub const WINDOWS: Metric = metric(
    "serialtrail_windows_total",
    Kind::Counter,
    "windows",
    &["stage", "outcome"],
    "Windows by outcome: committed, aborted, fenced, indeterminate",
);
/// Commit latency.
pub const COMMIT_SECONDS: Metric = metric(
    "serialtrail_commit_seconds",
    Kind::Histogram,
    "seconds",
    &["stage"],
    "From the first output produced to the transaction's commit",
);
/// Processing time of a record.
pub const RECORD_SECONDS: Metric = metric(
    "serialtrail_record_seconds",
    Kind::Histogram,
    "seconds",
    &["stage"],
    "Time a stage's own code takes for one record, mean of its window",
);
/// Stream time.
pub const STREAM_TIME: Metric = metric(
    "serialtrail_stream_time_seconds",
    Kind::Gauge,
    "seconds",
    &["stage", "partition"],
    "Stream time a stage has reached, seconds since 1970-01-01 UTC",
);
/// Work begun and not finished.
pub const PENDING_WORK: Metric = metric(
    "serialtrail_pending_work",
    Kind::Gauge,
    "work",
    &["stage", "partition"],
    "Partitions with work kept in state (fan-out to go on with) or an insert not yet acknowledged: 0 when idle",
);
/// Records read back from changelogs.
pub const RESTORED: Metric = metric(
    "serialtrail_restored_records_total",
    Kind::Counter,
    "records",
    &["stage"],
    "Changelog records read back into local stores",
);
/// Restore progress.
pub const RESTORE_REMAINING: Metric = metric(
    "serialtrail_restore_remaining_records",
    Kind::Gauge,
    "records",
    &["stage", "partition"],
    "Changelog offsets still to be read before a partition resumes",
);
/// Partitions owned.
pub const PARTITIONS: Metric = metric(
    "serialtrail_partitions",
    Kind::Gauge,
    "partitions",
    &["stage", "state"],
    "Partitions assigned to this process: running, restoring, waiting (for reference data)",
);
/// What local stores take.
pub const STATE_BYTES: Metric = metric(
    "serialtrail_state_bytes",
    Kind::Gauge,
    "bytes",
    &["stage", "partition", "of"],
    "Local store of a partition, by part: index and cache (memory), budget (memory both may take), log (disk), live (the part of the log that is current)",
);
/// Keys of local stores.
pub const STATE_KEYS: Metric = metric(
    "serialtrail_state_keys",
    Kind::Gauge,
    "keys",
    &["stage", "partition"],
    "Keys with a value in a partition's local store",
);
/// Local stores emptied.
pub const STATE_WIPES: Metric = metric(
    "serialtrail_state_wipes_total",
    Kind::Counter,
    "stores",
    &["stage"],
    "Local stores emptied when they were opened, because they were damaged, too old or of another changelog: read back from it",
);
/// HTTP requests.
pub const HTTP_REQUESTS: Metric = metric(
    "serialtrail_http_requests_total",
    Kind::Counter,
    "requests",
    &["service", "route", "status"],
    "HTTP requests answered",
);
/// HTTP latency.
pub const HTTP_SECONDS: Metric = metric(
    "serialtrail_http_request_seconds",
    Kind::Histogram,
    "seconds",
    &["service", "route"],
    "From request to answer",
);
/// Rows inserted.
pub const ROWS: Metric = metric(
    "serialtrail_rows_inserted_total",
    Kind::Counter,
    "rows",
    &["table"],
    "Rows acknowledged by ClickHouse",
);
/// Insert latency.
pub const INSERT_SECONDS: Metric = metric(
    "serialtrail_insert_seconds",
    Kind::Histogram,
    "seconds",
    &["table"],
    "From the first row sent to ClickHouse's acknowledgement, one statement",
);
/// Alerts.
pub const ALERTS: Metric = metric(
    "serialtrail_alerts_total",
    Kind::Counter,
    "alerts",
    &["rule", "state"],
    "Alert revisions written: raised, updated, retracted",
);
/// Reads of serials whose product nobody registered here, where the profile only counts them.
pub const FOREIGN_READS: Metric = metric(
    "serialtrail_foreign_serial_reads_total",
    Kind::Counter,
    "reads",
    &["profile"],
    "Reads of unknown serials of unregistered products that the policy counts and does not alert on",
);
/// Notifications.
pub const NOTIFICATIONS: Metric = metric(
    "serialtrail_notifications_total",
    Kind::Counter,
    "notifications",
    &["receiver", "outcome"],
    "Notifications by outcome: delivered, parked, resent (alerts that stand, to an Alertmanager that forgot them), failed_attempt (tried again); unrouted (receiver none)",
);
/// Delay of a notification.
pub const NOTIFICATION_SECONDS: Metric = metric(
    "serialtrail_notification_seconds",
    Kind::Histogram,
    "seconds",
    &["receiver"],
    "From an alert's detected_at to the receiver's 2xx",
);
/// Deliveries to subscribers.
pub const SUBSCRIPTION_DELIVERIES: Metric = metric(
    "serialtrail_subscription_deliveries_total",
    Kind::Counter,
    "deliveries",
    &["kind", "outcome"],
    "Query documents to subscribers of named queries, by kind (webhook, websocket) and outcome: delivered, failed_attempt (tried again), too_slow (disconnected)",
);
/// Subscriptions.
pub const SUBSCRIPTIONS: Metric = metric(
    "serialtrail_subscriptions",
    Kind::Gauge,
    "subscriptions",
    &["kind"],
    "Subscriptions to named queries this process delivers: webhook, websocket",
);

/// Stored events left out of an answer.
pub const UNREADABLE_EVENTS: Metric = metric(
    "serialtrail_unreadable_events_total",
    Kind::Counter,
    "events",
    &[],
    "Stored events left out of an answer of the EPCIS query interface because they cannot be read any more; the log names them",
);

/// Passes of the forecaster.
pub const FORECAST_PASSES: Metric = metric(
    "serialtrail_forecast_passes_total",
    Kind::Counter,
    "passes",
    &["outcome"],
    "Passes of the forecaster by outcome: version (a new one, or an earlier one holds again), nothing_new, failed",
);
/// Duration of a pass.
pub const FORECAST_PASS_SECONDS: Metric = metric(
    "serialtrail_forecast_pass_seconds",
    Kind::Histogram,
    "seconds",
    &[],
    "One pass of the forecaster, from the stream time to the version's row",
);
/// Days of demand computed.
pub const DEMAND_DAYS: Metric = metric(
    "serialtrail_demand_days_total",
    Kind::Counter,
    "days",
    &[],
    "Days of demand computed anew because a read or alert touched them",
);
/// Series of the forecast that holds.
pub const FORECAST_SERIES: Metric = metric(
    "serialtrail_forecast_series",
    Kind::Gauge,
    "series",
    &["status"],
    "Series of the forecast that holds, by status: ok, too_short, empty",
);

/// All of them, in the order of the table in this crate's README.
pub const ALL: &[Metric] = &[
    LAG,
    RECORDS_IN,
    RECORDS_OUT,
    REJECTS,
    CAPTURE_WARNINGS,
    REJECTS_WITHHELD,
    REPEATS,
    WINDOWS,
    COMMIT_SECONDS,
    RECORD_SECONDS,
    STREAM_TIME,
    PENDING_WORK,
    RESTORED,
    RESTORE_REMAINING,
    PARTITIONS,
    STATE_BYTES,
    STATE_KEYS,
    STATE_WIPES,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    ROWS,
    INSERT_SECONDS,
    ALERTS,
    FOREIGN_READS,
    NOTIFICATIONS,
    NOTIFICATION_SECONDS,
    SUBSCRIPTION_DELIVERIES,
    SUBSCRIPTIONS,
    UNREADABLE_EVENTS,
    FORECAST_PASSES,
    FORECAST_PASS_SECONDS,
    DEMAND_DAYS,
    FORECAST_SERIES,
];

/// Upper bounds of histogram buckets, seconds: from 1 us (a record) to 10 s (a commit in trouble).
const BUCKETS: &[f64] = &[
    1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The process's registry.
pub static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);

static COUNTERS: LazyLock<Mutex<HashMap<&'static str, IntCounterVec>>> =
    LazyLock::new(Mutex::default);
static GAUGES: LazyLock<Mutex<HashMap<&'static str, IntGaugeVec>>> = LazyLock::new(Mutex::default);
static HISTOGRAMS: LazyLock<Mutex<HashMap<&'static str, HistogramVec>>> =
    LazyLock::new(Mutex::default);

/// The counter of a constant of kind [`Kind::Counter`].
#[must_use]
pub fn counter(metric: &Metric) -> IntCounterVec {
    once(&COUNTERS, metric, || {
        IntCounterVec::new(opts(metric), metric.labels)
    })
}

/// The gauge of a constant of kind [`Kind::Gauge`].
#[must_use]
pub fn gauge(metric: &Metric) -> IntGaugeVec {
    once(&GAUGES, metric, || {
        IntGaugeVec::new(opts(metric), metric.labels)
    })
}

/// The histogram of a constant of kind [`Kind::Histogram`]; observe seconds.
#[must_use]
pub fn histogram(metric: &Metric) -> HistogramVec {
    let options = HistogramOpts::new(metric.name, metric.help).buckets(BUCKETS.to_vec());
    once(&HISTOGRAMS, metric, || {
        HistogramVec::new(options, metric.labels)
    })
}

/// The registry in Prometheus' text format.
///
/// # Errors
/// A metric could not be encoded.
pub fn encode() -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    TextEncoder::new().encode(&REGISTRY.gather(), &mut text)?;
    Ok(text)
}

fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

fn once<T: Clone + prometheus::core::Collector + 'static>(
    made: &Mutex<HashMap<&'static str, T>>,
    metric: &Metric,
    make: impl FnOnce() -> prometheus::Result<T>,
) -> T {
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(existing) = made.get(metric.name) {
        return existing.clone();
    }
    // Names and labels are the constants above; a test registers every one of them.
    #[allow(clippy::expect_used)]
    let created = make().expect("a metric constant has a valid name, help and labels");
    #[allow(clippy::expect_used)]
    REGISTRY
        .register(Box::new(created.clone()))
        .expect("a metric's name is registered once, as one kind");
    made.insert(metric.name, created.clone());
    created
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_registers_once_and_is_exported() {
        for metric in ALL {
            let labels = vec!["x"; metric.labels.len()];
            for _ in 0..2 {
                match metric.kind {
                    Kind::Counter => counter(metric).with_label_values(&labels).inc(),
                    Kind::Gauge => gauge(metric).with_label_values(&labels).set(1),
                    Kind::Histogram => histogram(metric).with_label_values(&labels).observe(0.1),
                }
            }
        }
        let text = String::from_utf8(encode().unwrap()).unwrap();
        for metric in ALL {
            assert!(
                text.contains(&format!("# HELP {} ", metric.name)),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn names_end_in_their_unit() {
        for metric in ALL {
            let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
            assert!(metric.name.starts_with("serialtrail_"));
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total")
            );
            let unit_named = name.ends_with(metric.unit) || metric.kind == Kind::Counter;
            assert!(unit_named, "{} lacks its unit {}", metric.name, metric.unit);
        }
    }

    #[test]
    fn the_readme_lists_every_metric() {
        let readme = include_str!("../README.md");
        for metric in ALL {
            let kind = format!("{:?}", metric.kind).to_lowercase();
            let labels = metric.labels.join(", ");
            let row = format!(
                "| `{}` | {kind} | {} | {labels} | {} |",
                metric.name, metric.unit, metric.help
            );
            assert!(readme.contains(&row), "README.md lacks:\n{row}");
        }
    }
}
