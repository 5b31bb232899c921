//! Partitions that come and go: a begun range is found in the committed metadata.

use super::{ASK, GROUP, Owned, Worker, gauges};
use crate::partition::Partition;
use crate::range::Range;
use crate::rows::{Place, TOPICS};
use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_runtime::metrics;
use serialtrail_stream::member::{Address, Change};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Wait before a question to the brokers is asked again.
const AGAIN: Duration = Duration::from_millis(200);

impl Worker {
    /// Takes over what was assigned, lets go of what was revoked.
    pub(super) fn rebalance(&mut self) {
        for change in self.consumer.context().take_changes() {
            match change {
                Change::Revoked(addresses) => {
                    for address in addresses {
                        if let Some(owned) = self.partitions.remove(&address) {
                            owned.stop.store(true, Ordering::Relaxed);
                            gauges::forget(&address);
                        }
                    }
                }
                Change::Assigned(addresses) => self.take_over(&addresses),
                Change::Failed(why) => tracing::error!(group = GROUP, why, "rebalance"),
            }
        }
    }

    /// Everything is asked until it is answered: a partition taken over without its begun range would
    /// be stored twice. On a shutdown it is left alone: its records are not gathered.
    fn take_over(&mut self, addresses: &[Address]) {
        if addresses.is_empty() {
            return;
        }
        let Some(committed) = self.committed(addresses) else {
            return;
        };
        for element in committed.elements() {
            let address = (element.topic().to_owned(), element.partition());
            let position = match element.offset() {
                Offset::Offset(offset) => offset,
                _ => 0,
            };
            let mut begun = Range::begun(position, element.metadata()).unwrap_or_else(|problem| {
                tracing::error!(topic = address.0, partition = address.1, problem, "ignored");
                None
            });
            if let Some(range) = begun {
                tracing::info!(
                    topic = address.0,
                    partition = address.1,
                    ?range,
                    "repeating a begun range"
                );
            }
            let Some(topic) = self.topic(&address.0) else {
                continue;
            };
            if self
                .expired_before(&address, element.offset())
                .is_some_and(|low| begun.is_some_and(|range| range.last < low))
            {
                begun = None;
            }
            let Some(partitions) = self.count(topic) else {
                return;
            };
            let place = Place {
                topic,
                partition: address.1,
                partitions,
            };
            self.ownerships += 1;
            let owned = Owned {
                state: Partition::new(begun),
                place,
                ownership: self.ownerships,
                stop: Arc::default(),
                paused: false,
                position,
            };
            self.partitions.insert(address, owned);
        }
    }

    /// Which of the sink's topics a name on Kafka stands for.
    fn topic(&self, name: &str) -> Option<&'static str> {
        let bare = name.strip_prefix(&self.prefix)?;
        TOPICS.iter().copied().find(|topic| *topic == bare)
    }

    /// Committed offsets with their metadata; asked until answered, `None` when a shutdown came first.
    fn committed(&self, addresses: &[Address]) -> Option<TopicPartitionList> {
        while !self.shutdown.is_triggered() {
            let mut list = TopicPartitionList::new();
            for (topic, partition) in addresses {
                list.add_partition(topic, *partition);
            }
            match self.consumer.committed_offsets(list, ASK) {
                Ok(list) if list.elements().iter().all(|e| e.error().is_ok()) => {
                    return Some(list);
                }
                Ok(_) => tracing::warn!(
                    "committed offsets: a partition's answer is missing, asking again"
                ),
                Err(error) => tracing::warn!(%error, "committed offsets: asking again"),
            }
            std::thread::sleep(AGAIN);
        }
        None
    }

    /// Retention may have passed an offset that was never stored: that is a loss, and said loudly. The
    /// first offset still there in that case.
    fn expired_before(&self, address: &Address, committed: Offset) -> Option<i64> {
        let Offset::Offset(committed) = committed else {
            return None;
        };
        let (topic, partition) = (address.0.as_str(), address.1);
        match self.consumer.fetch_watermarks(topic, partition, ASK) {
            Ok((low, _)) if low > committed => {
                let lost = low.abs_diff(committed);
                tracing::error!(
                    topic,
                    partition,
                    committed,
                    low,
                    "records expired before they were stored"
                );
                metrics::counter(&metrics::REJECTS)
                    .with_label_values(&[GROUP, "expired_before_stored"])
                    .inc_by(lost);
                Some(low)
            }
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(topic, partition, %error, "cannot see where the partition begins");
                None
            }
        }
    }

    /// Partitions of a topic; asked until answered, `None` when a shutdown came first.
    fn count(&mut self, topic: &'static str) -> Option<i32> {
        if let Some(count) = self.counts.get(topic) {
            return Some(*count);
        }
        let name = format!("{}{topic}", self.prefix);
        while !self.shutdown.is_triggered() {
            match self.consumer.fetch_metadata(Some(&name), ASK) {
                Ok(metadata) => {
                    let count = metadata
                        .topics()
                        .first()
                        .map_or(0, |t| t.partitions().len());
                    if let Ok(count @ 1..) = i32::try_from(count) {
                        self.counts.insert(topic, count);
                        return Some(count);
                    }
                    tracing::warn!(topic, "no partitions in the broker's answer, asking again");
                }
                Err(error) => {
                    tracing::warn!(topic, %error, "partitions of the topic: asking again")
                }
            }
            std::thread::sleep(AGAIN);
        }
        None
    }
}
