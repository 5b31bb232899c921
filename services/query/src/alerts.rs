//! `GET /v1/alerts`: alerts by filter, newest event first; a page as JSON, or all of them as NDJSON.

use crate::cursor::{Cursor, Listing, next_page};
use crate::media::Format;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::iso;
use axum::body::Body;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clickhouse::query::RowCursor;
use clickhouse::{Client, Row};
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_records::alert::{RULES, SEVERITIES};

/// Parameters this resource knows.
pub const PARAMETERS: &[&str] = &[
    "alert_id",
    "rule",
    "severity",
    "unit",
    "epc",
    "product",
    "gtin",
    "lot",
    "country",
    "site",
    "status",
    "since",
    "until",
    "detected_since",
    "format",
    "limit",
    "cursor",
];

/// What `status` may be.
pub const STATUSES: &[&str] = &["open", "retracted", "any"];

/// Rows on a page unless asked otherwise.
const PAGE: u16 = 100;

/// The columns of [`AlertRow`].
pub(crate) const COLUMNS: &str = "alert_id, rule, sub_reason, subject, subject_kind, epc, revision, state, \
    retract_reason, superseded_by, severity, event_ids, event_time, record_time, detected_at, country, \
    site, party, gtin, lot, profile, evidence, likely_cause, policy_version, source_party, container, \
    (toString(kafka_topic), kafka_partition, kafka_offset) AS place";

/// Bytes of NDJSON gathered before they are handed on.
const CHUNK: usize = 32 * 1024;

/// An alert as stored.
#[derive(Debug, Clone, Default, Row, Deserialize)]
pub(crate) struct AlertRow {
    pub(crate) alert_id: String,
    pub(crate) rule: String,
    pub(crate) sub_reason: String,
    pub(crate) subject: String,
    pub(crate) subject_kind: String,
    pub(crate) epc: String,
    pub(crate) revision: u64,
    pub(crate) state: String,
    pub(crate) retract_reason: String,
    pub(crate) superseded_by: String,
    pub(crate) severity: String,
    pub(crate) event_ids: Vec<String>,
    pub(crate) event_time: i64,
    pub(crate) record_time: i64,
    pub(crate) detected_at: i64,
    pub(crate) country: String,
    pub(crate) site: String,
    pub(crate) party: String,
    pub(crate) gtin: String,
    pub(crate) lot: String,
    pub(crate) profile: String,
    pub(crate) evidence: String,
    pub(crate) likely_cause: String,
    pub(crate) policy_version: String,
    pub(crate) source_party: String,
    pub(crate) container: String,
    /// Topic, partition and offset of this revision.
    pub(crate) place: (String, i32, i64),
}

/// Empty text is none.
pub(crate) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

impl AlertRow {
    fn cursor(&self) -> Cursor {
        Cursor(self.event_time, self.alert_id.clone())
    }

    /// As in every answer.
    pub(crate) fn json(self) -> Value {
        let status = if self.state == "asserted" {
            "open"
        } else {
            "retracted"
        };
        let evidence = match serde_json::from_str(&self.evidence) {
            Ok(evidence) => evidence,
            Err(_) => some(self.evidence).map_or(Value::Null, Value::String),
        };
        json!({
            "alert_id": self.alert_id,
            "rule": self.rule,
            "sub_reason": some(self.sub_reason),
            "epc": self.epc,
            "unit": self.subject,
            "subject_kind": self.subject_kind,
            "event_ids": self.event_ids,
            "event_time": iso(self.event_time),
            "record_time": iso(self.record_time),
            "detected_at": iso(self.detected_at),
            "status": status,
            "severity": self.severity,
            "country": some(self.country),
            "site": some(self.site),
            "party": some(self.party),
            "gtin": some(self.gtin),
            "lot": some(self.lot),
            "profile": some(self.profile),
            "likely_cause": some(self.likely_cause),
            "policy_version": self.policy_version,
            "revision": self.revision,
            "evidence": evidence,
            "retract_reason": some(self.retract_reason),
            "superseded_by": some(self.superseded_by),
            "source_party": self.source_party,
            "container": some(self.container),
        })
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
struct Question {
    select: Select,
    limit: Option<u16>,
    format: Format,
}

impl Question {
    fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        let given = Parameters::read(uri, PARAMETERS)?;
        let format = Format::negotiate(&given, headers, &[Format::Json, Format::Ndjson])?;
        let state = match given.words("status", STATUSES)?.as_deref() {
            None => Some("asserted"),
            Some([status]) if status == "open" => Some("asserted"),
            Some([status]) if status == "retracted" => Some("retracted"),
            Some(_) => None,
        };
        let select = Select::new()
            .when("state", state, "state = {state:String}")
            .when("alert", given.text("alert_id"), "alert_id = {alert:String}")
            .when(
                "severities",
                given.words("severity", SEVERITIES)?,
                "severity IN {severities:Array(String)}",
            )
            .when(
                "rules",
                given.words("rule", RULES)?,
                "rule IN {rules:Array(String)}",
            )
            .when(
                "subject",
                given.unit("unit", "epc")?.map(String::from),
                "subject = {subject:String}",
            )
            .when(
                "gtin",
                given.product("product", "gtin")?,
                "gtin = {gtin:String}",
            )
            .when("lot", given.text("lot"), "lot = {lot:String}")
            .when(
                "country",
                given.country("country")?,
                "country = {country:String}",
            )
            .when("site", given.place("site")?, "site = {site:String}")
            .when(
                "since",
                given.time("since")?,
                "event_time >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')",
            )
            .when(
                "until",
                given.time("until")?,
                "event_time < fromUnixTimestamp64Micro({until:Int64}, 'UTC')",
            )
            .when(
                "detected",
                given.time("detected_since")?,
                "detected_at >= fromUnixTimestamp64Micro({detected:Int64}, 'UTC')",
            );
        let select = match given.cursor(Listing::Alerts)? {
            None => select,
            Some(Cursor(time, id)) => select
                .and(
                    "(event_time, alert_id) < \
                     (fromUnixTimestamp64Micro({after_time:Int64}, 'UTC'), {after_id:String})",
                )
                .bind("after_time", time)
                .bind("after_id", id),
        };
        Ok(Self {
            select,
            limit: given.limit()?,
            format,
        })
    }

    fn rows(
        &self,
        client: &Client,
        limit: Option<i64>,
        pace: Pace,
    ) -> Result<RowCursor<AlertRow>, Problem> {
        let mut sql = format!(
            "SELECT {COLUMNS} FROM alerts FINAL WHERE {{where}} ORDER BY event_time DESC, alert_id DESC"
        );
        let mut select = self.select.clone();
        if let Some(limit) = limit {
            sql += " LIMIT {limit:UInt64}";
            select = select.bind("limit", limit);
        }
        Ok(select.query(client, &sql, pace).fetch()?)
    }
}

/// Answers the request.
///
/// # Errors
/// See [`Problem`].
pub async fn list(client: &Client, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let question = Question::read(uri, headers)?;
    if question.format == Format::Ndjson {
        return ndjson(client, &question).await;
    }
    let limit = usize::from(question.limit.unwrap_or(PAGE));
    let mut rows = question.rows(client, Some(limit as i64 + 1), Pace::Answer)?;
    let mut page = Vec::new();
    while let Some(row) = rows.next().await? {
        page.push(row);
    }
    let next = next_page(&mut page, limit, |last| {
        last.cursor().encode(Listing::Alerts)
    });
    let alerts: Vec<Value> = page.into_iter().map(AlertRow::json).collect();
    Ok(axum::Json(json!({ "alerts": alerts, "next": next })).into_response())
}

/// All that match (at most `limit`, where given), one a line. Rows are held a chunk at a time; an error
/// after the first chunk breaks the connection off, so that a part cannot be taken for the whole.
async fn ndjson(client: &Client, question: &Question) -> Result<Response, Problem> {
    let rows = question.rows(client, question.limit.map(i64::from), Pace::Stream)?;
    let (first, rows) = chunk(rows).await?;
    let rest = stream::try_unfold(rows, |rows| async move {
        let Some(rows) = rows else { return Ok(None) };
        chunk(rows).await.map(Some)
    });
    let first = stream::once(async move { Ok::<Bytes, clickhouse::error::Error>(first) });
    let body = Body::from_stream(futures::StreamExt::chain(first, rest));
    let content_type = Format::Ndjson.content_type();
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

/// The next lines, and the cursor while there may be more.
async fn chunk(
    mut rows: RowCursor<AlertRow>,
) -> Result<(Bytes, Option<RowCursor<AlertRow>>), clickhouse::error::Error> {
    let mut lines = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.next().await? {
        lines.extend_from_slice(row.json().to_string().as_bytes());
        lines.push(b'\n');
        if lines.len() >= CHUNK {
            return Ok((lines.into(), Some(rows)));
        }
    }
    Ok((lines.into(), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(query: &str) -> String {
        let uri = format!("/v1/alerts?{query}").parse().unwrap();
        let question = Question::read(&uri, &HeaderMap::new()).unwrap();
        question.select.condition()
    }

    #[test]
    fn open_alerts_are_asked_for_unless_said_otherwise() {
        assert_eq!(condition(""), "(state = {state:String})");
        assert_eq!(condition("status=open"), condition(""));
        assert_eq!(condition("status=any"), "1");
        assert!(condition("status=retracted&lot=L").contains("(lot = {lot:String})"));
    }

    #[test]
    fn lines_are_wanted_only_where_the_client_says_so() {
        let format = |query: &str, accept: Option<&str>| {
            let uri = format!("/v1/alerts?{query}").parse().unwrap();
            let accept = accept.map(|accept| (header::ACCEPT, accept.parse().unwrap()));
            Question::read(&uri, &HeaderMap::from_iter(accept)).map(|question| question.format)
        };
        for (query, accept, expected) in [
            ("", Some("application/x-ndjson"), Format::Ndjson),
            ("", Some("application/ndjson"), Format::Ndjson),
            (
                "",
                Some("application/json;q=0.9, application/x-ndjson"),
                Format::Ndjson,
            ),
            (
                "",
                Some("application/json, application/x-ndjson;q=0.9"),
                Format::Json,
            ),
            ("", Some("*/*"), Format::Json),
            ("", Some("application/json"), Format::Json),
            ("", None, Format::Json),
            ("format=ndjson", Some("application/json"), Format::Ndjson),
        ] {
            assert_eq!(format(query, accept), Ok(expected), "{query} {accept:?}");
        }
        assert_eq!(format("", Some("text/html")).unwrap_err().status, 406);
    }
}
