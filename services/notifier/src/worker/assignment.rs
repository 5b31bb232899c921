//! Partitions that come and go.

use super::{Channel, Worker};
use crate::window::Done;
use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_runtime::metrics;
use serialtrail_stream::member::Change;
use std::time::Duration;

/// Longest wait for a broker's answer to a question of ours.
const ASK: Duration = Duration::from_secs(5);
/// Wait before it is asked again.
const AGAIN: Duration = Duration::from_millis(200);

impl Worker {
    /// Takes over what was assigned, lets go of what was revoked.
    pub(super) fn rebalance(&mut self) {
        for change in self.consumer.context().take_changes() {
            match change {
                // One topic only.
                Change::Revoked(addresses) => {
                    for (_, partition) in addresses {
                        self.let_go(partition);
                    }
                }
                Change::Assigned(addresses) => {
                    let partitions = addresses.into_iter().map(|(_, partition)| partition);
                    self.take_over(&partitions.collect::<Vec<_>>());
                }
                Change::Failed(why) => tracing::error!(group = self.group, why, "rebalance"),
            }
        }
    }

    /// No attempt is begun after this: the next owner may be about to deliver the same alerts.
    fn let_go(&mut self, partition: i32) {
        let stopped = self.window.revoke(partition);
        for ticket in &stopped {
            if let Some(flight) = self.flights.remove(ticket) {
                flight.abort();
            }
        }
        if let Channel::Alertmanager(_, resending) = &mut self.channel {
            resending.forget(partition);
            if !stopped.is_empty() {
                // They were all in one request.
                self.flights.clear();
                self.window.give_back();
            }
        }
        self.inbox.retain(|raw| raw.partition != partition);
        self.paused.remove(&partition);
        let labels = [&self.group, &self.topic, &partition.to_string()];
        // An error only says that the gauge was never set.
        let _ = metrics::gauge(&metrics::LAG).remove_label_values(&labels);
    }

    /// Asks where to begin until it is answered; on a shutdown the partitions are left alone.
    fn take_over(&mut self, partitions: &[i32]) {
        while !partitions.is_empty() && !self.shutdown.is_triggered() {
            match self.positions(partitions) {
                Ok(positions) => {
                    for (partition, position, done) in positions {
                        self.window.assign(partition, position, done);
                    }
                    return;
                }
                Err(error) => {
                    tracing::warn!(group = self.group, %error, "committed offsets: asking again");
                }
            }
            std::thread::sleep(AGAIN);
        }
    }

    fn positions(&self, partitions: &[i32]) -> anyhow::Result<Vec<(i32, i64, Done)>> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.topic, *partition);
        }
        let mut positions = Vec::with_capacity(partitions.len());
        for element in self.consumer.committed_offsets(list, ASK)?.elements() {
            element.error()?;
            let partition = element.partition();
            let (low, _) = self
                .consumer
                .fetch_watermarks(&self.topic, partition, ASK)?;
            let position = match element.offset() {
                Offset::Offset(committed) if committed < low => {
                    self.expired(partition, committed, low);
                    low
                }
                Offset::Offset(committed) => committed,
                _ => low,
            };
            let done = match element.offset() {
                Offset::Offset(committed) => Done::read(committed, element.metadata()),
                _ => Ok(Done::default()),
            };
            // Without it something may be delivered twice, nothing is lost.
            let done = done.unwrap_or_else(|problem| {
                tracing::error!(group = self.group, partition, problem, "ignored");
                Done::default()
            });
            positions.push((partition, position, done));
        }
        Ok(positions)
    }

    /// Retention passed alerts that were never delivered: that is a loss, and said loudly.
    fn expired(&self, partition: i32, committed: i64, low: i64) {
        let group = &self.group;
        tracing::error!(
            group,
            partition,
            committed,
            low,
            "alerts expired before they were delivered"
        );
        metrics::counter(&metrics::REJECTS)
            .with_label_values(&[group.as_str(), "expired_before_delivered"])
            .inc_by(low.abs_diff(committed));
    }
}
