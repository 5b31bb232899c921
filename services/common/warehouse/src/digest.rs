//! The canonical projection of what the pipeline concluded, and its SHA-256.
//!
//! One line a asserted read, then one line an asserted alert, each a JSON array without spaces:
//! - `["read",event_id,unit,event_time,"direct"|parent,step,disposition,place]`, sorted by bytes of
//!   (event id, unit); `event_time` in microseconds UTC; `place` is the site's GLN, else the read point
//!   as given;
//! - `["alert",rule,subject,anchor_event,[event_ids],evidence]`, sorted by bytes of (rule, subject,
//!   anchor).
//!
//! Kafka coordinates, revisions, detection and ingestion times are not part of it, so two runs over the
//! same inputs agree byte for byte whatever their order and whatever crashed. ClickHouse sorts (spilling
//! to disk); here only one line is held at a time.

use crate::tables;
use clickhouse::{Client, Row};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Bytes ClickHouse may sort in memory before it spills to disk.
const SORT_BYTES: &str = "500000000";

/// The digest and what went into it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Digest {
    /// SHA-256 over all lines, each ended by a newline, hex.
    pub sha256: String,
    /// Asserted reads.
    pub reads: u64,
    /// Asserted alerts.
    pub alerts: u64,
}

// The highest revision of each identity, whatever other sort key an earlier revision had; see
// schemas/clickhouse/0002_observations.sql.
const READS: &str = "
SELECT event_id, unit, event_time, direct, parent, biz_step, disposition,
       if(site = '', read_point, toString(site)) AS place
FROM (
    SELECT event_id, unit, event_time, direct, parent, biz_step, disposition, site, read_point, state
    FROM observations
    ORDER BY event_id, unit, revision DESC
    LIMIT 1 BY event_id, unit
)
WHERE state = 'asserted'
ORDER BY event_id, unit";

const ALERTS: &str = "
SELECT rule, subject, anchor_event, event_ids, evidence
FROM alerts FINAL
WHERE state = 'asserted'
ORDER BY rule, subject, anchor_event, alert_id";

#[derive(Row, Deserialize)]
struct Read<'a> {
    event_id: &'a str,
    unit: &'a str,
    event_time: i64,
    direct: bool,
    parent: &'a str,
    biz_step: &'a str,
    disposition: &'a str,
    place: &'a str,
}

#[derive(Row, Deserialize)]
struct Alert<'a> {
    rule: &'a str,
    subject: &'a str,
    anchor_event: &'a str,
    event_ids: Vec<&'a str>,
    evidence: &'a str,
}

/// Computes the digest; `line` sees every line (without its newline) in order.
///
/// # Errors
/// ClickHouse could not be reached or refused, or `line` failed.
pub async fn digest(
    client: &Client,
    mut line: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<Digest> {
    let mut hash = Sha256::new();
    let mut take = |text: String| {
        hash.update(text.as_bytes());
        hash.update(b"\n");
        line(&text)
    };
    let (mut reads, mut alerts) = (0, 0);
    let mut rows = query(client, READS).fetch::<Read<'_>>()?;
    while let Some(r) = rows.next().await? {
        let by = if r.direct { "direct" } else { r.parent };
        take(serde_json::to_string(&(
            "read",
            r.event_id,
            r.unit,
            r.event_time,
            by,
            r.biz_step,
            r.disposition,
            r.place,
        ))?)?;
        reads += 1;
    }
    let mut rows = query(client, ALERTS).fetch::<Alert<'_>>()?;
    while let Some(a) = rows.next().await? {
        take(serde_json::to_string(&(
            "alert",
            a.rule,
            a.subject,
            a.anchor_event,
            &a.event_ids,
            a.evidence,
        ))?)?;
        alerts += 1;
    }
    Ok(Digest {
        sha256: hex::encode(hash.finalize()),
        reads,
        alerts,
    })
}

fn query(client: &Client, text: &str) -> clickhouse::query::Query {
    client
        .query_raw(text)
        .with_setting("max_bytes_before_external_sort", SORT_BYTES)
        .with_setting("max_bytes_ratio_before_external_sort", "0")
}

/// What holds in each of [`crate::tables::SETTLED`]: equal for equal inputs. How many retracted rows
/// there are beside it depends on the order of arrival; they are not counted.
///
/// # Errors
/// ClickHouse could not be reached or refused.
pub async fn row_counts(
    client: &Client,
) -> Result<Vec<(&'static str, u64)>, clickhouse::error::Error> {
    let mut counts = Vec::new();
    for table in crate::tables::SETTLED {
        let sql = format!("SELECT count() FROM {}", holding(table));
        counts.push((*table, query(client, &sql).fetch_one::<u64>().await?));
    }
    Ok(counts)
}

/// What to count of a table.
fn holding(table: &str) -> String {
    match table {
        // As in READS.
        tables::OBSERVATIONS => format!(
            "(SELECT state FROM {table} ORDER BY event_id, unit, revision DESC \
             LIMIT 1 BY event_id, unit) WHERE state = 'asserted'"
        ),
        tables::CONTAINMENT | tables::CONTENTS | tables::LOTS | tables::ALERTS => {
            format!("{table} FINAL WHERE state = 'asserted'")
        }
        _ => format!("{table} FINAL"),
    }
}
