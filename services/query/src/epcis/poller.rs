//! What of a query was captured since: what a subscription asks again and again.
//!
//! A place is an offset of each partition events are captured through, so that going on from it passes
//! over nothing and repeats nothing, however long the asker was away. Only accepted captures are handed
//! out ([`super::scan`]); of a capture that was repeated, the first.
//!
//! An insert of several years becomes visible a year at a time, and so late offsets before early ones.
//! Of such a range nothing is looked at until the sink says in `landings` that all of it is there, or
//! anything beyond it has landed: the sink stores the ranges of a partition one after the other, so what
//! there is of the range is there, even where nobody ever said so (its end was lost with the records, or
//! stored by a sink that knows no `landings`).

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

/// A range of which it was said that it begins to land, and not that it is whole.
#[derive(Row, Deserialize)]
struct Begun {
    topic: String,
    partition: i32,
    first: i64,
    last: i64,
}

/// The end of what was captured, as far as anything of it has landed.
async fn last(client: &Client) -> Result<Position, EpcisProblem> {
    let sql = "SELECT toString(kafka_topic) AS topic, kafka_partition AS partition, \
               max(kafka_offset) AS offset FROM events GROUP BY kafka_topic, kafka_partition";
    let mut position = Position::default();
    let ends = Select::new().query(client, sql, Pace::Answer);
    for end in ends.fetch_all::<End>().await? {
        position.advance(&(end.topic, end.partition, end.offset));
    }
    Ok(position)
}

/// The end of what was captured, as far as it has landed whole.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn end(client: &Client) -> Result<Position, EpcisProblem> {
    let landed = last(client).await?;
    whole(client, landed.clone(), &landed).await
}

/// Comes back before what has landed in part. Asked after how far anything landed: of a range that is
/// seen there, the beginning was said before. A range that whoever has `seen` this much passes over
/// though its end was never said is logged.
async fn whole(
    client: &Client,
    landed: Position,
    seen: &Position,
) -> Result<Position, EpcisProblem> {
    let sql = "SELECT toString(kafka_topic) AS topic, kafka_partition AS partition, \
               first_offset AS first, last_offset AS last FROM landings FINAL \
               WHERE table_name = 'events' AND NOT whole";
    let begun = Select::new().query(client, sql, Pace::Answer);
    let mut end = landed.clone();
    for range in begun.fetch_all::<Begun>().await? {
        let at = |offset| (range.topic.clone(), range.partition, offset);
        if !landed.is_behind(&at(range.last.saturating_add(1))) {
            end.before(&at(range.first));
        } else if !seen.is_behind(&at(range.last)) {
            tracing::warn!(
                topic = range.topic,
                partition = range.partition,
                first = range.first,
                last = range.last,
                "captures beyond this range have landed, and nobody said that it is whole: going on"
            );
        }
    }
    Ok(end)
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

    /// The next events of the query: those captured first in each partition, in the query's order; empty
    /// where there are no more. What was handed out is not handed out again, so whoever asks keeps it, and
    /// [`seen`](Self::seen) with it.
    ///
    /// # Errors
    /// ClickHouse does not answer; nothing counts as handed out.
    pub async fn next(&mut self, client: &Client) -> Result<Vec<Found>, EpcisProblem> {
        let master = Vocabularies::read(client, &self.query).await?;
        let mut seen = self.seen.clone();
        let landed = last(client).await?;
        seen.at_most(&landed);
        let end = whole(client, landed, &seen).await?;
        loop {
            let rows = self.captured(client, &seen, &end, &master).await?;
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
                // What had landed whole and did not match needs no second look.
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
        end: &Position,
        master: &Vocabularies,
    ) -> Result<Vec<Captured>, EpcisProblem> {
        let Some(lowest) = seen.lowest_before(end) else {
            return Ok(Vec::new());
        };
        let ((known, offsets), (landed, ends)) = (seen.lists(), end.lists());
        let sql = format!(
            "SELECT toString(kafka_topic) AS topic, kafka_partition AS partition, kafka_offset AS offset, \
             event_id, content_hash, declaration, event_time, record_time FROM events WHERE {{where}} \
             ORDER BY kafka_topic, kafka_partition, kafka_offset LIMIT {BATCH}"
        );
        let select = prefilter(&self.query, master)
            // The same for all partitions: what an index of the column can answer.
            .and("kafka_offset >= {lowest:Int64}")
            .and(
                "kafka_offset >= toInt64(transform(concat(kafka_topic, '/', toString(kafka_partition)), \
                 {known:Array(String)}, {offsets:Array(String)}, '0'))",
            )
            .and(
                "kafka_offset < toInt64(transform(concat(kafka_topic, '/', toString(kafka_partition)), \
                 {landed:Array(String)}, {ends:Array(String)}, '0'))",
            )
            .bind("lowest", lowest)
            .bind("known", known)
            .bind("offsets", offsets)
            .bind("landed", landed)
            .bind("ends", ends);
        Ok(select.query(client, &sql, Pace::Answer).fetch_all().await?)
    }
}
