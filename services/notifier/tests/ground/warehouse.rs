//! What the sink does, by hand: rows into ClickHouse, offsets of its group.

use super::{Ground, client};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serialtrail_ground::{CLICKHOUSE, given};
use serialtrail_records::Alert;
use serialtrail_runtime::topics::ALERTS;
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::rows::{AlertRow, Origin};
use serialtrail_warehouse::tables;

impl Ground {
    /// A database of the test's own, or a visible skip.
    pub async fn warehouse(&self) -> bool {
        if given(self.test, [CLICKHOUSE]).is_none() {
            return false;
        }
        serialtrail_warehouse::migrate(&self.settings.clickhouse)
            .await
            .unwrap();
        true
    }

    /// Writes an alert to Kafka and lands it.
    pub async fn write_and_land(&self, alert: &Alert) {
        let (partition, offset) = self.write(alert).await;
        self.land(alert, partition, offset).await;
    }

    /// Lands an alert that stands at that place.
    pub async fn land(&self, alert: &Alert, partition: i32, offset: i64) {
        let origin = Origin {
            topic: ALERTS,
            partition,
            offset,
            index: 0,
        };
        let rows = [AlertRow::new(alert.clone(), &origin)];
        let clickhouse = serialtrail_warehouse::client(&self.settings.clickhouse);
        for table in [tables::ALERTS, tables::ALERTS_HISTORY] {
            let token = format!("{partition}/{offset}/{table}");
            insert_batch(&clickhouse, table, &token, &rows)
                .await
                .unwrap();
        }
        let sink: BaseConsumer = client(&self.settings)
            .set("group.id", format!("{}sink", self.prefix))
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic(ALERTS), partition, Offset::Offset(offset + 1))
            .unwrap();
        tokio::task::block_in_place(|| sink.commit(&list, CommitMode::Sync)).unwrap();
    }

    pub async fn drop_warehouse(&self) {
        let sql = format!("DROP DATABASE {}", self.settings.clickhouse.database);
        let clickhouse = serialtrail_warehouse::client(&self.settings.clickhouse);
        clickhouse.query(&sql).execute().await.unwrap();
    }
}
