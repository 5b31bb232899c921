//! A query that stands: what of it was captured since, asked for as cheaply as it can be.

use crate::epcis::events;
use crate::epcis::format;
use crate::epcis::negotiate::EpcFormat;
use crate::epcis::poller::{self, Poller};
use crate::epcis::problem::EpcisProblem;
use crate::epcis::scan::Found;
use crate::feed::Position;
use crate::time::iso;
use chrono::{DateTime, Utc};
use clickhouse::Client;
use serde_json::{Map, json};
use serialtrail_epcis::Tree;
use serialtrail_epcis::query::SimpleEventQuery;
use serialtrail_epcis::write::{DocumentHead, DocumentKind, json_document, json_event};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};

/// How often it is looked whether anything was captured.
pub const LOOK: Duration = Duration::from_millis(500);
/// Standing queries that ask ClickHouse at once.
const AT_ONCE: usize = 4;
/// Events of a document, at most.
pub const MOST_EVENTS: usize = 100;
/// Bytes after which a document ends; one larger event still goes whole.
const DOCUMENT_BYTES: usize = 1 << 20;

/// How far was captured, asked for once for all that listen; clones are the same.
#[derive(Debug, Clone)]
pub struct Captures {
    last: Arc<Mutex<Option<(Instant, Position)>>>,
    asking: Arc<Semaphore>,
}

impl Default for Captures {
    fn default() -> Self {
        Self {
            last: Arc::default(),
            asking: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Captures {
    /// The end of what was captured, not older than [`LOOK`].
    async fn end(&self, client: &Client) -> Result<Position, EpcisProblem> {
        let mut last = self.last.lock().await;
        if let Some((_, end)) = last.as_ref().filter(|(at, _)| at.elapsed() < LOOK) {
            return Ok(end.clone());
        }
        let end = poller::end(client).await?;
        *last = Some((Instant::now(), end.clone()));
        Ok(end)
    }
}

/// Where a subscription begins: with everything that was recorded since a time, or with what is captured
/// from now on.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn beginning(
    client: &Client,
    initial_record_time: Option<i64>,
) -> Result<Position, EpcisProblem> {
    match initial_record_time {
        Some(_) => Ok(Position::default()),
        None => poller::end(client).await,
    }
}

/// One standing query.
#[derive(Debug)]
pub struct Standing {
    query: SimpleEventQuery,
    poller: Poller,
    captures: Captures,
    /// Up to here there is nothing.
    idle: Option<Position>,
}

impl Standing {
    /// A query from a position on, of what was recorded at a time (microseconds UTC) or later.
    ///
    /// # Errors
    /// The time is none.
    pub fn new(
        mut query: SimpleEventQuery,
        initial_record_time: Option<i64>,
        from: Position,
        captures: Captures,
    ) -> Result<Self, EpcisProblem> {
        if let Some(time) = initial_record_time {
            let condition = Map::from_iter([("GE_recordTime".to_owned(), json!(iso(time)))]);
            let condition = SimpleEventQuery::from_json(&condition)?;
            query.conditions.extend(condition.conditions);
        }
        Ok(Self {
            poller: Poller::new(query.clone(), from),
            query,
            captures,
            idle: None,
        })
    }

    /// The next events; empty where there are none now.
    ///
    /// # Errors
    /// ClickHouse does not answer; nothing counts as handed out.
    pub async fn next(&mut self, client: &Client) -> Result<Vec<Found>, EpcisProblem> {
        let end = self.captures.end(client).await?;
        if self.idle.as_ref() == Some(&end) {
            return Ok(Vec::new());
        }
        // The semaphore is never closed.
        let _turn = self.captures.asking.acquire().await;
        let found = self.poller.next(client).await?;
        if found.is_empty() {
            self.idle = Some(end);
        }
        Ok(found)
    }

    /// How far events were handed out.
    #[must_use]
    pub fn seen(&self) -> &Position {
        self.poller.seen()
    }

    /// Goes back, or on, to a position.
    pub fn go_to(&mut self, position: Position) {
        self.poller = Poller::new(self.query.clone(), position);
        self.idle = None;
    }
}

/// Who a report is for.
#[derive(Debug, Clone)]
pub struct Report {
    /// `queryName`.
    pub query_name: String,
    /// `subscriptionID`.
    pub subscription_id: Option<String>,
    /// How EPCs are written.
    pub epc: EpcFormat,
}

impl Report {
    /// The events as query documents of at most `most` events each; one without events where there are
    /// none.
    #[must_use]
    pub fn documents(&self, found: Vec<Found>, most: usize, now: DateTime<Utc>) -> Vec<String> {
        let mut parts: Vec<Vec<Tree>> = vec![Vec::new()];
        let mut bytes = 0;
        for mut tree in found.into_iter().map(|found| found.tree) {
            format::epcs(&mut tree.event, self.epc);
            let length = json_event(&tree).len();
            bytes += length;
            let more = parts
                .last_mut()
                .filter(|part| part.is_empty() || part.len() < most && bytes <= DOCUMENT_BYTES);
            if let Some(part) = more {
                part.push(tree);
                continue;
            }
            bytes = length;
            parts.push(vec![tree]);
        }
        let document = |events: Vec<Tree>| {
            let kind = DocumentKind::Query {
                query_name: self.query_name.clone(),
                subscription_id: self.subscription_id.clone(),
            };
            let mut head = DocumentHead::new(kind, now);
            head.context = events::shared(&events);
            json_document(&head, &events)
        };
        parts.into_iter().map(document).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::scan;
    use serde_json::Value;
    use serialtrail_epcis::Context;

    fn found(id: &str) -> Found {
        Found {
            tree: Tree {
                event: json!({"type": "ObjectEvent", "eventID": id, "epcList": ["urn:epc:id:sgtin:9521234.054321.A"]}),
                context: Context::standard(),
            },
            at: scan::Position(0, id.to_owned(), String::new(), false),
        }
    }

    fn documents(found: Vec<Found>, most: usize) -> Vec<Value> {
        let report = Report {
            query_name: "q".to_owned(),
            subscription_id: Some("s".to_owned()),
            epc: EpcFormat::DigitalLink,
        };
        let documents = report.documents(found, most, DateTime::UNIX_EPOCH);
        documents
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    }

    #[test]
    fn events_go_in_documents_of_a_bounded_size_and_none_is_left_out() {
        let lengths = |documents: &[Value]| -> Vec<usize> {
            let list = |d: &Value| {
                d["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
                    .as_array()
                    .unwrap()
                    .len()
            };
            documents.iter().map(list).collect()
        };
        let five = || ["a", "b", "c", "d", "e"].map(found).into();
        assert_eq!(lengths(&documents(five(), 2)), [2, 2, 1]);
        assert_eq!(lengths(&documents(five(), 5)), [5]);
        assert_eq!(lengths(&documents(Vec::new(), 5)), [0]);
        let large = || found(&"x".repeat(DOCUMENT_BYTES * 2 / 3));
        assert_eq!(
            lengths(&documents(
                vec![large(), large(), found("a"), found("b")],
                100
            )),
            [1, 3]
        );
        let one = &documents(vec![found("a")], 5)[0];
        let results = &one["epcisBody"]["queryResults"];
        assert_eq!(
            (&results["queryName"], &results["subscriptionID"]),
            (&json!("q"), &json!("s"))
        );
        assert_eq!(one["type"], "EPCISQueryDocument");
        assert_eq!(
            results["resultsBody"]["eventList"][0]["epcList"][0],
            "https://id.gs1.org/01/09521234543213/21/A"
        );
    }
}
