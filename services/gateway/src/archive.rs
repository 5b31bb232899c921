//! What ClickHouse knows of an event id: so that a conflict is told at once also after a restart, or by
//! an instance that did not capture the first event.
//!
//! Asked for single events only. It refuses nothing the dispatcher would not refuse in any order of
//! arrival ([`decides`]), and what it does not know, or not in time, is let through: the dispatcher then
//! makes it an error of the job.

use clickhouse::Row;
use serde::Deserialize;
use serialtrail_records::Micros;
use serialtrail_warehouse::tables;
use std::time::Duration;

use crate::known::Identity;
use crate::rejected::EVENT_ID_CONFLICT;

/// An event does not wait longer for what is only a courtesy.
const PATIENCE: Duration = Duration::from_millis(500);

/// A version of an event that was captured.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Version {
    /// CBV event hash.
    pub content_hash: String,
    /// When it was recorded.
    pub record_time: Micros,
    /// Whether it withdraws the event.
    pub declaration: bool,
}

/// Whether an event certainly loses against one of the versions captured before: a smaller one
/// (record time, content hash) stands, and none was withdrawn.
#[must_use]
pub fn decides(event: &Identity, captured: &[Version]) -> bool {
    if event.declaration || captured.iter().any(|version| version.declaration) {
        return false;
    }
    let ours = (event.record_time, event.content_hash.as_str());
    captured.iter().any(|version| {
        version.content_hash != event.content_hash
            && (version.record_time, version.content_hash.as_str()) < ours
    })
}

/// The way to ClickHouse.
pub struct Archive {
    client: clickhouse::Client,
}

impl Archive {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(client: clickhouse::Client) -> Self {
        Self { client }
    }

    /// Whether an event certainly loses against one that was captured before.
    pub async fn loses(&self, event: &Identity) -> bool {
        if event.declaration || event.event_id == event.content_hash {
            return false;
        }
        match tokio::time::timeout(PATIENCE, self.ask(event)).await {
            Ok(Ok(loses)) => loses,
            Ok(Err(error)) => {
                tracing::debug!(%error, "event ids cannot be looked up");
                false
            }
            Err(_) => false,
        }
    }

    async fn ask(&self, event: &Identity) -> Result<bool, clickhouse::error::Error> {
        let captured: Vec<Version> = self
            .client
            .query(&format!(
                "SELECT content_hash, toUnixTimestamp64Micro(record_time) AS record_time, declaration \
                 FROM {} FINAL WHERE event_id = ?",
                tables::EVENTS
            ))
            .bind(&event.event_id)
            .fetch_all()
            .await?;
        if !decides(event, &captured) {
            return Ok(false);
        }
        // One that a later stage refused for another reason does not stand.
        let refused: u64 = self
            .client
            .query(&format!(
                "SELECT count() FROM {} WHERE event_id = ? AND stage != 'gateway' AND reason != ?",
                tables::REJECTED
            ))
            .bind(&event.event_id)
            .bind(EVENT_ID_CONFLICT)
            .fetch_one()
            .await?;
        Ok(refused == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(content_hash: &str, record_time: Micros, declaration: bool) -> Version {
        Version {
            content_hash: content_hash.into(),
            record_time,
            declaration,
        }
    }

    #[test]
    fn only_what_loses_in_any_order_of_arrival_is_a_conflict() {
        let event = |content_hash: &str, record_time, declaration| Identity {
            event_id: "e1".into(),
            content_hash: content_hash.into(),
            record_time,
            declaration,
        };
        let first = || vec![version("h2", 100, false)];
        let withdrawn = || vec![version("h2", 100, false), version("h2", 150, true)];
        for (ours, captured, loses) in [
            (event("h3", 200, false), Vec::new(), false),
            (event("h3", 200, false), first(), true),
            (event("h2", 200, false), first(), false),
            (event("h1", 100, false), first(), false),
            (event("h3", 100, false), first(), true),
            (event("h3", 99, false), first(), false),
            (event("h3", 200, true), first(), false),
            (event("h3", 200, false), withdrawn(), false),
        ] {
            assert_eq!(decides(&ours, &captured), loses, "{ours:?} {captured:?}");
        }
    }
}
