//! The events a query asks for, in order, from a position on.
//!
//! 1. What the columns of `events` let through, as identities in order ([`super::prefilter`]). Copies of
//!    a repeated capture that are not merged yet stand for the one that stays; in the order of record
//!    times each has its own place, and only that one counts.
//! 2. Of each event id, which captures are accepted: of several contents that of the smallest (record
//!    time, content hash); declarations of its publisher only. It is the dispatcher's rule, and what it
//!    leaves out is in `rejected`.
//! 3. The events themselves, one after the other; the query is asked again of each, and decides.
//!
//! A page ends when it is full in events or bytes, or when the time of one request is used up; it then
//! says where to go on.

use super::master::Vocabularies;
use super::prefilter::prefilter;
use super::problem::{EpcisProblem, Exception};
use super::stored::{COLUMNS, StoredEvent};
use crate::select::{Pace, Select};
use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};
use serialtrail_epcis::Tree;
use serialtrail_epcis::query::{OrderBy, SimpleEventQuery};
use serialtrail_runtime::metrics;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// Time a request may go through candidates, beside that of its last statements.
const TIME: Duration = Duration::from_secs(6);
/// Original bytes of a page after which it ends early; one larger event still comes whole.
const PAGE_BYTES: usize = 8 << 20;
/// Most candidates read at once.
const BATCH: usize = 200;

/// Where a page ended: the time it is ordered by (microseconds UTC) and the identity of its last event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position(pub i64, pub String, pub String, pub bool);

/// Events of a page.
#[derive(Debug, Default)]
pub struct Page {
    /// In order.
    pub events: Vec<Tree>,
    /// Where to go on; None where there are no more.
    pub next: Option<Position>,
}

/// How much of a query's result is asked for.
#[derive(Debug, Clone)]
pub struct Part {
    /// After this position.
    pub after: Option<Position>,
    /// Most events.
    pub events: usize,
    /// If the whole result has more events than this, it is refused.
    pub at_most: Option<u64>,
}

/// A capture that the columns let through.
#[derive(Debug, Row, Deserialize)]
pub(super) struct Candidate {
    pub(super) event_id: String,
    pub(super) content_hash: String,
    pub(super) declaration: bool,
    pub(super) event_time: i64,
    pub(super) record_time: i64,
}

/// An event of the query.
#[derive(Debug)]
pub struct Found {
    /// The event.
    pub tree: Tree,
    /// Where it stands in the order.
    pub at: Position,
}

#[derive(Debug, Row, Deserialize)]
struct Version {
    event_id: String,
    content_hash: String,
    declaration: bool,
    record_time: i64,
    source_party: String,
}

/// One query over the events.
pub struct Scan<'a> {
    client: &'a Client,
    query: &'a SimpleEventQuery,
    master: &'a Vocabularies,
}

impl<'a> Scan<'a> {
    /// Asks nothing yet.
    #[must_use]
    pub fn new(client: &'a Client, query: &'a SimpleEventQuery, master: &'a Vocabularies) -> Self {
        Self {
            client,
            query,
            master,
        }
    }

    fn column(&self) -> &'static str {
        match self.query.order_by {
            Some(OrderBy::RecordTime) => "record_time",
            _ => "event_time",
        }
    }

    fn order(&self) -> String {
        let direction = if self.query.ascending { "ASC" } else { "DESC" };
        [self.column(), "event_id", "content_hash", "declaration"]
            .map(|column| format!("{column} {direction}"))
            .join(", ")
    }

    fn position(
        &self,
        (event_time, record_time): (i64, i64),
        id: &str,
        hash: &str,
        declaration: bool,
    ) -> Position {
        let time = match self.query.order_by {
            Some(OrderBy::RecordTime) => record_time,
            _ => event_time,
        };
        Position(time, id.to_owned(), hash.to_owned(), declaration)
    }

    fn at(&self, candidate: &Candidate) -> Position {
        self.position(
            (candidate.event_time, candidate.record_time),
            &candidate.event_id,
            &candidate.content_hash,
            candidate.declaration,
        )
    }

    /// A part of the result.
    ///
    /// # Errors
    /// ClickHouse does not answer; the result is larger than allowed, or takes too long to count.
    pub async fn part(&self, part: Part) -> Result<Page, EpcisProblem> {
        let until = Instant::now() + TIME;
        let mut page = Page::default();
        let mut last: Option<Position> = None;
        let mut after = part.after;
        let (mut bytes, mut found) = (0, 0u64);
        let mut batch = (part.events + 1).min(BATCH);
        loop {
            let candidates = self.candidates(after.as_ref(), batch).await?;
            let Some(end) = candidates.last().map(|candidate| self.at(candidate)) else {
                return Ok(page);
            };
            let by_record_time = self.column() == "record_time";
            let accepted = self.accepted(&candidates, by_record_time).await?;
            let mut rows = self.events(&candidates).fetch::<StoredEvent>()?;
            while let Some(row) = rows.next().await? {
                let Some(event) = self.decide(&row, &accepted) else {
                    continue;
                };
                found += 1;
                if page.events.len() < part.events && bytes < PAGE_BYTES {
                    bytes += row.original.len();
                    last = Some(event.at);
                    page.events.push(event.tree);
                    continue;
                }
                page.next.clone_from(&last);
                if part.at_most.is_none() {
                    return Ok(page);
                }
            }
            match part.at_most {
                Some(most) if found > most => return Err(too_large(most)),
                Some(_) if Instant::now() >= until => {
                    let detail =
                        "the result takes too long to count: narrow it, or leave maxEventCount out";
                    return Err(EpcisProblem::new(Exception::QueryTooComplex, detail));
                }
                _ => {}
            }
            if candidates.len() < batch {
                return Ok(page);
            }
            if Instant::now() >= until {
                page.next = Some(end);
                return Ok(page);
            }
            after = Some(end);
            batch = BATCH;
        }
    }

    /// Those of the candidates that are accepted and are events of the query, in its order; repeats of a
    /// capture are none.
    pub(super) async fn matching(
        &self,
        candidates: &[Candidate],
    ) -> Result<Vec<Found>, EpcisProblem> {
        let accepted = self.accepted(candidates, true).await?;
        let mut rows = self.events(candidates).fetch::<StoredEvent>()?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().await? {
            found.extend(self.decide(&row, &accepted));
        }
        Ok(found)
    }

    /// The event, if it is accepted and the query asks for it. One that was captured under older rules and
    /// is none any more is left out, counted and logged: it must not take the others' answer away.
    fn decide(&self, row: &StoredEvent, accepted: &HashSet<Position>) -> Option<Found> {
        let at = self.position(
            (row.event_time, row.record_time),
            &row.event_id,
            &row.content_hash,
            row.declaration,
        );
        if !accepted.contains(&at) {
            return None;
        }
        let (tree, event) = row
            .read()
            .inspect_err(|error| {
                tracing::error!(event_id = row.event_id, %error, "a stored event cannot be read");
                metrics::counter(&metrics::UNREADABLE_EVENTS)
                    .with_label_values::<&str>(&[])
                    .inc();
            })
            .ok()?;
        let matches = self.query.matches(&tree, &event, self.master);
        matches.then_some(Found { tree, at })
    }

    async fn candidates(
        &self,
        after: Option<&Position>,
        limit: usize,
    ) -> Result<Vec<Candidate>, EpcisProblem> {
        let (column, order) = (self.column(), self.order());
        let mut select = prefilter(self.query, self.master);
        if let Some(Position(time, id, hash, declaration)) = after {
            let operator = if self.query.ascending { ">" } else { "<" };
            let after = "fromUnixTimestamp64Micro({after_time:Int64}, 'UTC')";
            select = select
                .and(format!("{column} {operator}= {after}"))
                .and(format!(
                    "({column}, event_id, content_hash, toInt64(declaration)) {operator} \
                     ({after}, {{after_id:String}}, {{after_hash:String}}, {{after_kind:Int64}})"
                ))
                .bind("after_time", *time)
                .bind("after_id", id.as_str())
                .bind("after_hash", hash.as_str())
                .bind("after_kind", i64::from(*declaration));
        }
        let sql = format!(
            "SELECT event_id, content_hash, declaration, event_time, record_time FROM events \
             WHERE {{where}} ORDER BY {order} LIMIT {limit}"
        );
        let rows = select.query(self.client, &sql, Pace::Answer).fetch_all();
        Ok(rows.await?)
    }

    /// Positions of the accepted captures among the candidates; `itself`: a repeat does not stand for
    /// the capture it repeats.
    async fn accepted(
        &self,
        candidates: &[Candidate],
        itself: bool,
    ) -> Result<HashSet<Position>, EpcisProblem> {
        let sql = "SELECT event_id, content_hash, declaration, record_time, source_party \
                   FROM events FINAL WHERE {where}";
        let rows: Vec<Version> = Select::new()
            .and("event_id IN {ids:Array(String)}")
            .bind("ids", ids(candidates))
            .query(self.client, sql, Pace::Answer)
            .fetch_all()
            .await?;
        let mut versions: HashMap<&str, Vec<&Version>> = HashMap::new();
        for row in &rows {
            versions.entry(&row.event_id).or_default().push(row);
        }
        let is_accepted = |candidate: &Candidate| {
            let versions = versions.get(candidate.event_id.as_str());
            versions.is_some_and(|versions| {
                versions.iter().any(|version| {
                    version.content_hash == candidate.content_hash
                        && version.declaration == candidate.declaration
                        && (!itself || version.record_time == candidate.record_time)
                        && stands(version, versions)
                })
            })
        };
        Ok(candidates
            .iter()
            .filter(|candidate| is_accepted(candidate))
            .map(|candidate| self.at(candidate))
            .collect())
    }

    fn events(&self, candidates: &[Candidate]) -> clickhouse::query::Query {
        let order = self.order();
        let sql = format!("SELECT {COLUMNS} FROM events FINAL WHERE {{where}} ORDER BY {order}");
        let times = candidates.iter().map(|candidate| candidate.event_time);
        Select::new()
            .and("event_id IN {ids:Array(String)}")
            .and("event_time >= fromUnixTimestamp64Micro({first:Int64}, 'UTC')")
            .and("event_time <= fromUnixTimestamp64Micro({last:Int64}, 'UTC')")
            .bind("ids", ids(candidates))
            .bind("first", times.clone().min().unwrap_or_default())
            .bind("last", times.max().unwrap_or_default())
            .query(self.client, &sql, Pace::Answer)
    }
}

fn too_large(most: u64) -> EpcisProblem {
    EpcisProblem {
        parameter: Some("maxEventCount".to_owned()),
        ..EpcisProblem::new(
            Exception::QueryTooLarge,
            format!("more than {most} events match; maxEventCount={most}"),
        )
    }
}

fn ids(candidates: &[Candidate]) -> Vec<String> {
    let mut ids: Vec<String> = candidates.iter().map(|c| c.event_id.clone()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Whether a capture of an event id is accepted, of all that there are: the dispatcher's rule.
fn stands(version: &Version, all: &[&Version]) -> bool {
    let first = all
        .iter()
        .filter(|other| !other.declaration)
        .min_by_key(|other| (other.record_time, &other.content_hash));
    match (version.declaration, first) {
        (_, None) => true,
        (false, Some(first)) => first.content_hash == version.content_hash,
        (true, Some(first)) => first.source_party == version.source_party,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(hash: &str, declaration: bool, record_time: i64, party: &str) -> Version {
        Version {
            event_id: "e".to_owned(),
            content_hash: hash.to_owned(),
            declaration,
            record_time,
            source_party: party.to_owned(),
        }
    }

    #[test]
    fn of_contents_under_one_id_the_earliest_stands_with_its_publishers_declarations() {
        let all = [
            version("b", false, 5, "P"),
            version("a", false, 5, "Q"),
            version("c", false, 4, "P"),
            version("x", true, 1, "P"),
            version("y", true, 9, "Q"),
        ];
        let refs: Vec<&Version> = all.iter().collect();
        let standing: Vec<&str> = refs
            .iter()
            .filter(|version| stands(version, &refs))
            .map(|version| version.content_hash.as_str())
            .collect();
        assert_eq!(standing, ["c", "x"]);
        let tie: Vec<&Version> = all[..2].iter().collect();
        assert!(!stands(tie[0], &tie) && stands(tie[1], &tie));
        let alone: Vec<&Version> = all[4..].iter().collect();
        assert!(
            stands(alone[0], &alone),
            "a declaration may come before its event"
        );
    }
}
