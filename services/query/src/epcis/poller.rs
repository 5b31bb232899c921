//! What of a query was captured since: what a subscription asks again and again.
//!
//! A place is an offset of each partition events are captured through, so that going on from it passes
//! over nothing and repeats nothing, however long the asker was away. Only accepted captures are handed
//! out ([`super::scan`]); of a capture that was repeated, the first.

use super::master::Vocabularies;
use super::prefilter::prefilter;
use super::problem::EpcisProblem;
use super::scan::{Candidate, Found, Scan};
use crate::feed::Position;
use crate::select::{Pace, Select};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serialtrail_epcis::query::SimpleEventQuery;

/// Most candidates read at once.
const BATCH: usize = 200;

/// A query, and how far its events were handed out.
#[derive(Debug, Clone)]
pub struct Poller {
    query: SimpleEventQuery,
    seen: Position,
}

#[derive(Debug, Row, Deserialize)]
struct Captured {
    topic: String,
    partition: i32,
    offset: i64,
    event_id: String,
    content_hash: String,
    declaration: bool,
    event_time: i64,
    record_time: i64,
}

#[derive(Row, Deserialize)]
struct End {
    topic: String,
    partition: i32,
    offset: i64,
}

/// The end of what was captured, as far as it has landed.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn end(client: &Client) -> Result<Position, EpcisProblem> {
    let sql = "SELECT toString(kafka_topic) AS topic, kafka_partition AS partition, \
               max(kafka_offset) AS offset FROM events GROUP BY topic, partition";
    let ends: Vec<End> = Select::new()
        .query(client, sql, Pace::Answer)
        .fetch_all()
        .await?;
    let mut position = Position::default();
    for end in ends {
        position.advance(&(end.topic, end.partition, end.offset));
    }
    Ok(position)
}

impl Poller {
    /// Goes on from a place; [`end`] for what is captured from now on, the default for everything.
    #[must_use]
    pub fn new(query: SimpleEventQuery, seen: Position) -> Self {
        Self { query, seen }
    }

    /// How far events were handed out: where to go on after a restart.
    #[must_use]
    pub fn seen(&self) -> &Position {
        &self.seen
    }

    /// The next events of the query, in the order they were captured in each partition; empty where
    /// there are no more. What was handed out is not handed out again, so whoever asks keeps it, and
    /// [`seen`](Self::seen) with it.
    ///
    /// # Errors
    /// ClickHouse does not answer; nothing counts as handed out.
    pub async fn next(&mut self, client: &Client) -> Result<Vec<Found>, EpcisProblem> {
        let master = Vocabularies::read(client, &self.query).await?;
        let mut seen = self.seen.clone();
        seen.at_most(&end(client).await?);
        loop {
            let end = end(client).await?;
            let rows = self.captured(client, &seen, &master).await?;
            let whole = rows.len() < BATCH;
            let candidates: Vec<Candidate> = rows
                .into_iter()
                .map(|row| {
                    seen.advance(&(row.topic, row.partition, row.offset));
                    Candidate {
                        event_id: row.event_id,
                        content_hash: row.content_hash,
                        declaration: row.declaration,
                        event_time: row.event_time,
                        record_time: row.record_time,
                    }
                })
                .collect();
            if whole {
                // What landed before the look and did not match needs no second look.
                seen.at_least(&end);
            }
            let found = match candidates.is_empty() {
                true => Vec::new(),
                false => {
                    Scan::new(client, &self.query, &master)
                        .matching(&candidates)
                        .await?
                }
            };
            if whole || !found.is_empty() {
                self.seen = seen;
                return Ok(found);
            }
        }
    }

    async fn captured(
        &self,
        client: &Client,
        seen: &Position,
        master: &Vocabularies,
    ) -> Result<Vec<Captured>, EpcisProblem> {
        let (known, offsets) = seen.lists();
        let sql = format!(
            "SELECT toString(kafka_topic) AS topic, kafka_partition AS partition, kafka_offset AS offset, \
             event_id, content_hash, declaration, event_time, record_time FROM events WHERE {{where}} \
             ORDER BY kafka_topic, kafka_partition, kafka_offset LIMIT {BATCH}"
        );
        let select = prefilter(&self.query, master)
            .and(
                "kafka_offset >= toInt64(transform(concat(kafka_topic, '/', toString(kafka_partition)), \
                 {known:Array(String)}, {offsets:Array(String)}, '0'))",
            )
            .bind("known", known)
            .bind("offsets", offsets);
        Ok(select.query(client, &sql, Pace::Answer).fetch_all().await?)
    }
}
