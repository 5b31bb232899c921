//! One batch into ClickHouse, repeated until it is acknowledged.

use crate::partition::Batch;
use crate::range::Range;
use crate::rows::{Made, Place, RegistryDown, Table, rows};
use futures::future::join_all;
use serialtrail_records::Codec;
use serialtrail_runtime::metrics;
use serialtrail_stream::failpoint;
use serialtrail_warehouse::insert::{insert_batch, insert_block};
use serialtrail_warehouse::rows::{LandingRow, Origin};
use serialtrail_warehouse::tables;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// First and longest wait between two attempts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Fail-point: rows are acknowledged, the end of the range is not committed.
pub const AFTER_INSERT: &str = "sink_after_insert";
/// Fail-point: the rows of one table are acknowledged, those of the others perhaps not.
pub const BETWEEN_TABLES: &str = "sink_between_tables";
/// Fail-point: rows of several years are stored, and it is not said that they are.
pub const BEFORE_WHOLE: &str = "sink_before_whole";

/// What keeps inserts from being acknowledged at the moment, for `/readyz`.
#[derive(Debug, Clone, Default)]
pub struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// The last failure, if no insert has succeeded since.
    #[must_use]
    pub fn get(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, trouble: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// Where batches go.
#[derive(Clone)]
pub struct Store {
    client: clickhouse::Client,
    trouble: Trouble,
}

/// How a batch ended.
#[derive(Debug)]
pub enum Outcome {
    /// Every row is acknowledged.
    Stored {
        /// What was stored.
        made: Box<Made>,
        /// How long it took from the first attempt.
        took: Duration,
    },
    /// Given up because the partition is no longer ours or the process ends; the range stays begun and
    /// its next owner repeats it.
    Abandoned,
}

impl Store {
    /// A store that reports failures to `trouble`.
    #[must_use]
    pub fn new(client: clickhouse::Client, trouble: Trouble) -> Self {
        Self { client, trouble }
    }

    /// Stores a batch; ends when every row is acknowledged or `stop` is set.
    pub async fn store(
        &self,
        codec: Arc<Codec>,
        place: Place,
        batch: Batch,
        stop: Arc<AtomicBool>,
    ) -> Outcome {
        let started = Instant::now();
        let mut wait = BACKOFF.0;
        let range = batch.range;
        let batch = Arc::new(batch);
        let mut made: Option<Made> = None;
        let mut open: Vec<&'static str> = Vec::new();
        loop {
            let attempt = async {
                if made.is_none() {
                    let new = decode(&codec, &place, &batch).await?;
                    open = new.tables.iter().map(|table| table.name).collect();
                    made = Some(new);
                }
                match &made {
                    Some(made) => self.insert(&made.tables, &place, range, &mut open).await,
                    None => Ok(()),
                }
            };
            match attempt.await {
                Ok(()) => {
                    self.trouble.set(None);
                    failpoint::reached(AFTER_INSERT);
                    return Outcome::Stored {
                        made: Box::new(made.unwrap_or_default()),
                        took: started.elapsed(),
                    };
                }
                Err(error) => {
                    let Place {
                        topic, partition, ..
                    } = place;
                    tracing::warn!(topic, partition, ?range, error, "not stored, trying again");
                    self.trouble.set(Some(error));
                }
            }
            if stop.load(Ordering::Relaxed) {
                return Outcome::Abandoned;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(BACKOFF.1);
            if stop.load(Ordering::Relaxed) {
                return Outcome::Abandoned;
            }
        }
    }

    /// One attempt at the tables still open; those acknowledged leave the list.
    async fn insert(
        &self,
        tables: &[Table],
        place: &Place,
        range: Range,
        open: &mut Vec<&'static str>,
    ) -> Result<(), String> {
        let still_open = tables.iter().filter(|table| open.contains(&table.name));
        let inserts = still_open.map(|table| async move {
            let token = range.token(place.topic, place.partition, table.name);
            let begun = Instant::now();
            let result = self.insert_table(table, place, range, &token).await;
            if result.is_ok() {
                metrics::histogram(&metrics::INSERT_SECONDS)
                    .with_label_values(&[table.name])
                    .observe(begun.elapsed().as_secs_f64());
                failpoint::reached(BETWEEN_TABLES);
            }
            (table.name, result)
        });
        let mut first_error = None;
        let results: Vec<_> = join_all(inserts).await;
        for (table, result) in results {
            match result {
                Ok(()) => open.retain(|t| *t != table),
                Err(error) => {
                    first_error.get_or_insert(format!("{table}: {error}"));
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Inserts the rows of one table; where they become visible one after the other, `landings` says so
    /// before the first is, and once all are, so that whoever follows the table waits for all.
    async fn insert_table(
        &self,
        table: &Table,
        place: &Place,
        range: Range,
        token: &str,
    ) -> Result<(), clickhouse::error::Error> {
        let Table { name, block, .. } = table;
        if !table.in_parts {
            return insert_block(&self.client, name, token, block).await;
        }
        let first = Origin {
            topic: place.topic,
            partition: place.partition,
            offset: range.first,
            index: 0,
        };
        let say = |whole| async move {
            let row = LandingRow::new(name, &first, range.last, whole);
            let state = if whole { "whole" } else { "begun" };
            let token = format!("{token}/{state}");
            insert_batch(&self.client, tables::LANDINGS, &token, &[row]).await
        };
        say(false).await?;
        insert_block(&self.client, name, token, block).await?;
        failpoint::reached(BEFORE_WHOLE);
        say(true).await
    }
}

/// Rows of a batch, made off the runtime's threads: an unknown schema id asks the registry, blocking.
async fn decode(codec: &Arc<Codec>, place: &Place, batch: &Arc<Batch>) -> Result<Made, String> {
    let (codec, place, batch) = (Arc::clone(codec), *place, Arc::clone(batch));
    let made = tokio::task::spawn_blocking(move || {
        let rows = rows(&codec, &place, &batch.records)?;
        Ok::<_, RegistryDown>(rows.encode())
    });
    match made.await {
        Ok(Ok(made)) => Ok(made),
        Ok(Err(down)) => Err(down.0),
        Err(error) => Err(error.to_string()),
    }
}
