//! `GET /v1/rejects`: what was refused, why, where, and its original bytes.

use crate::alerts::some;
use crate::cursor::{Cursor, Listing, next_page};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::iso;
use axum::http::Uri;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_gs1::Epc;
use std::collections::HashMap;

/// Parameters this resource knows.
pub const PARAMETERS: &[&str] = &[
    "publisher",
    "capture_id",
    "reason",
    "since",
    "until",
    "limit",
    "cursor",
];

/// Rows on a page unless asked otherwise.
const PAGE: u16 = 100;
/// A page ends early once its originals reach this many bytes (one larger original still comes whole).
const PAGE_BYTES: u64 = 8 << 20;

/// A rejection without its original.
#[derive(Debug, Clone, Row, Deserialize)]
struct RejectRow {
    reject_id: String,
    parts: u32,
    stage: String,
    reason: String,
    message: String,
    place: String,
    event_id: String,
    unit: String,
    path: Vec<String>,
    capture_id: String,
    event_index: Option<i32>,
    document_id: String,
    record_time: i64,
    source_topic: String,
    source_partition: Option<i32>,
    source_offset: Option<i64>,
    source_party: String,
}

const COLUMNS: &str = "reject_id, parts, stage, reason, message, place, event_id, unit, path, \
    capture_id, event_index, document_id, record_time, source_topic, source_partition, source_offset, \
    source_party";

#[derive(Row, Deserialize)]
struct Size {
    reject_id: String,
    bytes: u64,
}

#[derive(Row, Deserialize)]
struct Part {
    reject_id: String,
    part: u32,
    #[serde(with = "serde_bytes")]
    original: Vec<u8>,
}

/// The original as far as its parts are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Original {
    bytes: Vec<u8>,
    /// Parts joined so far, from part 0 without a gap.
    joined: u32,
    /// A part is missing before one that is there.
    gap: bool,
}

impl Original {
    /// Adds the next part, in rising order.
    fn add(&mut self, part: u32, bytes: &[u8]) {
        if part == self.joined {
            self.joined += 1;
        } else {
            self.gap = true;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn json(&self, parts: u32) -> Value {
        json!({
            "bytes": self.bytes.len(),
            "complete": !self.gap && self.joined == parts,
            "text": std::str::from_utf8(&self.bytes).ok(),
            "base64": STANDARD.encode(&self.bytes),
        })
    }
}

impl RejectRow {
    fn cursor(&self) -> Cursor {
        Cursor(self.record_time, self.reject_id.clone())
    }

    fn json(self, original: &Original) -> Value {
        let link = |key: String| Epc::from_record(key).digital_link();
        json!({
            "reject_id": self.reject_id,
            "reason": self.reason,
            "message": self.message,
            "place": some(self.place),
            "stage": self.stage,
            "event_id": some(self.event_id),
            "unit": some(self.unit),
            "path": self.path.into_iter().map(link).collect::<Vec<_>>(),
            "capture_id": some(self.capture_id),
            "event_index": self.event_index,
            "document_id": some(self.document_id),
            "publisher": some(self.source_party),
            "record_time": iso(self.record_time),
            "source": some(self.source_topic).map(|topic| json!({
                "topic": topic,
                "partition": self.source_partition,
                "offset": self.source_offset,
            })),
            "original": original.json(self.parts),
        })
    }
}

fn question(given: &Parameters) -> Result<Select, Problem> {
    let select = Select::new()
        .when(
            "publisher",
            given.text("publisher"),
            "source_party = {publisher:String}",
        )
        .when(
            "capture",
            given.text("capture_id"),
            "capture_id = {capture:String}",
        )
        .when("reason", given.text("reason"), "reason = {reason:String}")
        .when(
            "since",
            given.time("since")?,
            "record_time >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')",
        )
        .when(
            "until",
            given.time("until")?,
            "record_time < fromUnixTimestamp64Micro({until:Int64}, 'UTC')",
        );
    Ok(match given.cursor(Listing::Rejects)? {
        None => select,
        Some(Cursor(time, id)) => select
            .and(
                "(record_time, reject_id) < \
                 (fromUnixTimestamp64Micro({after_time:Int64}, 'UTC'), {after_id:String})",
            )
            .bind("after_time", time)
            .bind("after_id", id),
    })
}

/// Answers the request.
///
/// # Errors
/// See [`Problem`].
pub async fn list(client: &Client, uri: &Uri) -> Result<Value, Problem> {
    let given = Parameters::read(uri, PARAMETERS)?;
    let limit = usize::from(given.limit()?.unwrap_or(PAGE));
    let select = question(&given)?.bind("limit", limit as i64 + 1);
    let sql = format!(
        "SELECT {COLUMNS} FROM rejected FINAL WHERE {{where}} \
         ORDER BY record_time DESC, reject_id DESC, part LIMIT 1 BY reject_id LIMIT {{limit:UInt64}}"
    );
    let mut page: Vec<RejectRow> = select.query(client, &sql, Pace::Answer).fetch_all().await?;
    let fitting = fitting(client, &page).await?;
    let next = next_page(&mut page, limit.min(fitting), |last| {
        last.cursor().encode(Listing::Rejects)
    });
    let mut originals = originals(client, &page).await?;
    let rejects: Vec<Value> = page
        .into_iter()
        .map(|row| {
            let original = originals.remove(&row.reject_id).unwrap_or_default();
            row.json(&original)
        })
        .collect();
    Ok(json!({ "rejects": rejects, "next": next }))
}

fn of(page: &[RejectRow]) -> Select {
    let ids: Vec<String> = page.iter().map(|row| row.reject_id.clone()).collect();
    Select::new()
        .and("reject_id IN {ids:Array(String)}")
        .bind("ids", ids)
}

/// How many of the page's rows fit with their originals; at least one.
async fn fitting(client: &Client, page: &[RejectRow]) -> Result<usize, Problem> {
    if page.is_empty() {
        return Ok(0);
    }
    let sql = "SELECT reject_id, sum(length(original)) AS bytes FROM rejected FINAL WHERE {where} \
               GROUP BY reject_id";
    let sizes: Vec<Size> = of(page)
        .query(client, sql, Pace::Answer)
        .fetch_all()
        .await?;
    let sizes: HashMap<String, u64> = sizes.into_iter().map(|s| (s.reject_id, s.bytes)).collect();
    let mut total = 0;
    let over = page.iter().position(|row| {
        total += sizes.get(&row.reject_id).copied().unwrap_or(0);
        total > PAGE_BYTES
    });
    Ok(over.unwrap_or(page.len()).max(1))
}

async fn originals(
    client: &Client,
    page: &[RejectRow],
) -> Result<HashMap<String, Original>, Problem> {
    let mut originals: HashMap<String, Original> = HashMap::new();
    if page.is_empty() {
        return Ok(originals);
    }
    let sql = "SELECT reject_id, part, original FROM rejected FINAL WHERE {where} \
               ORDER BY reject_id, part";
    let mut rows = of(page).query(client, sql, Pace::Answer).fetch::<Part>()?;
    while let Some(row) = rows.next().await? {
        originals
            .entry(row.reject_id)
            .or_default()
            .add(row.part, &row.original);
    }
    Ok(originals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &[(u32, &[u8])], of: u32) -> Value {
        let mut original = Original::default();
        for (part, bytes) in parts {
            original.add(*part, bytes);
        }
        original.json(of)
    }

    #[test]
    fn an_original_is_complete_only_with_all_its_parts() {
        let whole = joined(&[(0, b"ab"), (1, b"c")], 2);
        assert_eq!(
            whole,
            json!({"bytes": 3, "complete": true, "text": "abc", "base64": "YWJj"})
        );
        for missing in [
            joined(&[(0, b"ab")], 2),
            joined(&[(1, b"c")], 2),
            joined(&[], 1),
        ] {
            assert_eq!(missing["complete"], false);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_given_as_bytes_only() {
        let bytes = joined(&[(0, &[0, 255, 200])], 1);
        assert_eq!(bytes["text"], Value::Null);
        assert_eq!(bytes["base64"], "AP/I");
    }
}
