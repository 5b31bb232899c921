//! What the sink says of itself.

use super::{GROUP, Worker};
use crate::rows::Made;
use rdkafka::consumer::Consumer;
use serialtrail_runtime::{metrics, topics};
use serialtrail_stream::member::Address;
use std::collections::HashMap;

impl Worker {
    /// Gauges, when librdkafka's statistics came.
    pub(super) fn report(&self) {
        let ends = self.consumer.context().take_ends();
        if ends.is_empty() {
            return;
        }
        let (lag, work) = (
            metrics::gauge(&metrics::LAG),
            metrics::gauge(&metrics::PENDING_WORK),
        );
        let mut begun: HashMap<i32, i64> = HashMap::new();
        for (address, owned) in &self.partitions {
            *begun.entry(address.1).or_default() += i64::from(owned.state.is_busy());
            if let Some(end) = ends.get(address) {
                lag.with_label_values(&[GROUP, address.0.as_str(), &address.1.to_string()])
                    .set(end.lag(owned.position, !owned.state.is_busy()));
            }
        }
        for (partition, count) in begun {
            work.with_label_values(&[GROUP, &partition.to_string()])
                .set(count);
        }
        metrics::gauge(&metrics::PARTITIONS)
            .with_label_values(&[GROUP, "running"])
            .set(i64::try_from(self.partitions.len()).unwrap_or(i64::MAX));
    }
}

/// Counts a stored batch.
pub(super) fn count_stored(address: &Address, records: usize, made: &Made) {
    metrics::counter(&metrics::RECORDS_IN)
        .with_label_values(&[GROUP, address.0.as_str()])
        .inc_by(records as u64);
    for table in &made.tables {
        metrics::counter(&metrics::ROWS)
            .with_label_values(&[table.name])
            .inc_by(table.block.rows as u64);
    }
    for reason in &made.refused {
        metrics::counter(&metrics::REJECTS)
            .with_label_values(&[GROUP, reason])
            .inc();
    }
    if let Some(time) = made.stream_time {
        metrics::gauge(&metrics::STREAM_TIME)
            .with_label_values(&[GROUP, &address.1.to_string()])
            .set(time / 1_000_000);
    }
}

/// Forgets what was said of a partition that is no longer ours.
pub(super) fn forget((topic, partition): &Address) {
    let partition = partition.to_string();
    // Errors only say that a gauge was never set. Other topics' work in this partition is counted
    // again with the next report.
    let _ = metrics::gauge(&metrics::LAG).remove_label_values(&[GROUP, topic, &partition]);
    let _ = metrics::gauge(&metrics::PENDING_WORK).remove_label_values(&[GROUP, &partition]);
    if topic.ends_with(topics::ENRICHED) {
        let _ = metrics::gauge(&metrics::STREAM_TIME).remove_label_values(&[GROUP, &partition]);
    }
}
