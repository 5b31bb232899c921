//! Alertmanager keeps alerts in memory only: after its restart, and at the start of a notifier, every
//! alert that stands is sent again.
//!
//! What stands is read from ClickHouse, as of what this notifier has delivered: only once everything up
//! to there has landed, and leaving out rows whose record was not delivered yet, which the topic is
//! still to bring. So an alert is never opened again by an older revision than was delivered. While this
//! runs, nothing else is delivered to that Alertmanager.

use super::PostedAlert;
use super::client::Alertmanager;
use super::posted;
use crate::cause::Group;
use crate::retry::Verdict;
use crate::routes::{Addressed, Routes};
use crate::stored;
use crate::window::Done;
use anyhow::{bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serialtrail_records::Alert;
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long ClickHouse may take to catch up before this is left for later.
const LANDED_WITHIN: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// Longest wait for a broker's answer.
const ASK: Duration = Duration::from_secs(5);

/// Sends what stands.
pub(crate) struct Resend {
    pub(crate) to: Arc<Alertmanager>,
    pub(crate) routes: Arc<Routes>,
    pub(crate) clickhouse: clickhouse::Client,
    pub(crate) landed: Arc<Landed>,
}

impl Resend {
    /// Sends every alert that stands and leads here, of the partitions whose `delivered` records are
    /// given. Returns how many.
    pub(crate) async fn run(&self, delivered: &BTreeMap<i32, Done>) -> anyhow::Result<u64> {
        self.wait_until_landed(delivered).await?;
        let mut rows = stored::standing(&self.clickhouse, delivered.keys().copied())?;
        let (mut sent, mut batch) = (0, Vec::new());
        while let Some(row) = rows.next().await? {
            let delivered = delivered.get(&row.kafka_partition);
            if !delivered.is_some_and(|delivered| delivered.holds(row.kafka_offset)) {
                continue;
            }
            let alert = Alert::from(row);
            let name = &self.to.receiver.name;
            if let Addressed::Yes(group_by) = self.routes.addressed(&alert, name) {
                let group = Group::of(&alert, group_by);
                batch.push(posted(&alert, &group, &self.to.look()));
            }
            if batch.len() >= self.to.receiver.max_in_flight {
                sent += self.post(std::mem::take(&mut batch)).await?;
            }
        }
        sent += self.post(batch).await?;
        self.to.reporting.resent(sent);
        Ok(sent)
    }

    async fn post(&self, batch: Vec<PostedAlert>) -> anyhow::Result<u64> {
        match self.to.post(&batch).await {
            Verdict::Delivered => Ok(batch.len() as u64),
            Verdict::Again { reason, .. } => bail!(reason),
            Verdict::Refused { reason } => {
                // It takes the valid ones of a batch; the others were parked when they were delivered.
                tracing::warn!(receiver = self.to.receiver.name, reason, "refused in part");
                Ok(batch.len() as u64)
            }
        }
    }

    async fn wait_until_landed(&self, delivered: &BTreeMap<i32, Done>) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let (landed, partitions) = (
                Arc::clone(&self.landed),
                delivered.keys().copied().collect::<Vec<_>>(),
            );
            let landed = tokio::task::spawn_blocking(move || landed.up_to(&partitions)).await??;
            let behind = delivered
                .iter()
                .find(|(partition, delivered)| {
                    landed.get(partition).copied().unwrap_or(0) < delivered.upto
                })
                .map(|(partition, _)| *partition);
            let Some(partition) = behind else {
                return Ok(());
            };
            ensure!(
                begun.elapsed() < LANDED_WITHIN,
                "what was delivered of partition {partition} has not landed in ClickHouse"
            );
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

/// How far the alerts have landed in ClickHouse: the sink commits an offset only when everything before
/// it has.
pub(crate) struct Landed {
    consumer: BaseConsumer,
    topic: String,
}

impl Landed {
    /// Asks as a member of the sink's group that never joins it.
    pub(crate) fn new(settings: &KafkaSettings, prefix: &str, topic: &str) -> anyhow::Result<Self> {
        let consumer = kafka::client_config(settings)
            .set("client.id", "notifier-landed")
            .set("group.id", format!("{prefix}sink"))
            .set("enable.auto.commit", "false")
            .create()?;
        Ok(Self {
            consumer,
            topic: topic.to_owned(),
        })
    }

    /// Blocking.
    fn up_to(&self, partitions: &[i32]) -> anyhow::Result<BTreeMap<i32, i64>> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.topic, *partition);
        }
        let committed = self.consumer.committed_offsets(list, ASK)?;
        let mut landed = BTreeMap::new();
        for element in committed.elements() {
            element.error()?;
            if let Offset::Offset(offset) = element.offset() {
                landed.insert(element.partition(), offset);
            }
        }
        Ok(landed)
    }
}
