//! `GET /v1/stream/alerts`: alerts as they land, as server-sent events.
//!
//! Invariants:
//! - A listener's place is the offset it has seen of each partition of the alerts topic ([`Position`]),
//!   which is the id of every event it is sent: going on from an id skips nothing and repeats nothing.
//!   It is told its place before its first alert (event `live`), or a connection that breaks before that
//!   would begin anew.
//! - One poller reads what is new for all listeners, and only while there are any.
//! - What the poller hands round is only ever ahead of a listener or known to it. A listener that could
//!   not keep up reads what it missed from ClickHouse by its own place, then goes on with the others.
//! - A stream ends when its client leaves or the process does; ClickHouse being away does not end it.

mod filter;
mod listener;
mod poller;
mod position;

pub use filter::{Filter, PARAMETERS};
pub use position::Position;

use crate::access::Access;
use crate::alerts::{AlertRow, COLUMNS};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use axum::http::{HeaderMap, Uri, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use clickhouse::query::RowCursor;
use clickhouse::{Client, Row};
use futures::StreamExt;
use listener::Listener;
use serde::Deserialize;
use serialtrail_runtime::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// Time between two comments that keep the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time between two looks for new alerts.
const POLL: Duration = Duration::from_secs(1);
/// What a listener may be behind before it has to catch up on its own.
const KEPT: usize = 1024;

/// What goes round among the listeners.
#[derive(Debug, Clone)]
enum News {
    Alert(Arc<AlertRow>),
    /// ClickHouse did not answer then.
    Away(Arc<Problem>, Instant),
    /// It answers again.
    Back,
}

/// The listeners and their poller; clones are the same.
#[derive(Debug, Clone)]
pub struct Feed {
    access: Access,
    news: broadcast::Sender<News>,
    poller: Arc<poller::Poller>,
    shutdown: Shutdown,
}

impl Feed {
    /// Nobody listens yet, and nothing is asked.
    #[must_use]
    pub fn new(access: Access, shutdown: Shutdown) -> Self {
        Self {
            access,
            news: broadcast::Sender::new(KEPT),
            poller: Arc::default(),
            shutdown,
        }
    }

    /// Answers the request with a stream, once it is certain that nothing which lands from here on is
    /// missed; while ClickHouse is away, at once.
    ///
    /// # Errors
    /// A parameter or the `Last-Event-ID` is not valid.
    pub async fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
        let given = Parameters::read(uri, PARAMETERS)?;
        let filter = Filter::read(&given)?;
        let header = headers.get("last-event-id");
        let after = match (header.map(|value| value.to_str()), given.text("after")) {
            // A browser that connects again says where it was; the address it uses is still the first.
            (Some(id), _) => Some(("Last-Event-ID", id.unwrap_or_default())),
            (None, after) => after.map(|id| ("after", id)),
        };
        let after = match after {
            None => None,
            Some((name, id)) => Some(Position::decode(id).ok_or_else(|| {
                Problem::parameter(
                    name,
                    format!("{name}={id}: expected the id of an earlier event"),
                )
            })?),
        };
        // Before anything is read: what lands from here on is heard of.
        let (heard, begun) = self.poller.join(self);
        let client = self.access.client().clone();
        let mut listener = Listener::new(client, heard, begun, filter, after);
        listener.begin().await;
        // A proxy that waits for the first bytes of a body gets some, whatever ClickHouse does.
        let hello = Event::default().comment("alerts as they land");
        let hello = futures::stream::iter([Ok(hello)]);
        let events = hello.chain(listener.events());
        let shutdown = self.shutdown.clone();
        let events = events.take_until(Box::pin(async move { shutdown.wait().await }));
        let stream =
            Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"));
        let unbuffered = [
            (header::CACHE_CONTROL, "no-store"),
            (header::HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        Ok((unbuffered, stream).into_response())
    }
}

/// The end of the topic as far as it has landed.
async fn end(client: &Client) -> Result<Position, Problem> {
    #[derive(Row, Deserialize)]
    struct End {
        topic: String,
        partition: i32,
        offset: i64,
    }
    let sql = "SELECT toString(kafka_topic) AS topic, kafka_partition AS partition, \
               max(kafka_offset) AS offset FROM alerts_history GROUP BY topic, partition";
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

/// What landed after a position, by partition and offset.
fn after(client: &Client, position: &Position, pace: Pace) -> Result<RowCursor<AlertRow>, Problem> {
    let (known, offsets) = position.lists();
    let sql = format!(
        "SELECT {COLUMNS} FROM alerts_history WHERE {{where}} \
         ORDER BY kafka_topic, kafka_partition, kafka_offset"
    );
    let select = Select::new()
        .and(
            "kafka_offset >= toInt64(transform(concat(kafka_topic, '/', toString(kafka_partition)), \
             {known:Array(String)}, {offsets:Array(String)}, '0'))",
        )
        .bind("known", known)
        .bind("offsets", offsets);
    Ok(select.query(client, &sql, pace).fetch()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_runtime::config::ClickHouseSettings;

    #[tokio::test]
    async fn nobody_looks_for_alerts_when_nobody_listens() {
        let nowhere = ClickHouseSettings {
            url: "http://127.0.0.1:1".into(),
            ..Default::default()
        };
        let feed = Feed::new(Access::new(&nowhere), Shutdown::new());
        assert!(!feed.poller.is_running());
        let uri = "/v1/stream/alerts".parse().unwrap();
        let stream = feed.answer(&uri, &HeaderMap::new()).await.unwrap();
        assert!(feed.poller.is_running());
        tokio::time::sleep(2 * POLL).await;
        assert!(feed.poller.is_running(), "as long as anybody does");
        drop(stream);
        tokio::time::sleep(2 * POLL).await;
        assert!(!feed.poller.is_running());
    }
}
