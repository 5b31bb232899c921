//! Alerts as ClickHouse holds them: what stands now, and earlier revisions.

use crate::routes::{Addressed, Routes};
use clickhouse::query::RowCursor;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serialtrail_records::{Alert, Micros};

const COLUMNS: &str = "alert_id, rule, sub_reason, subject, subject_kind, epc, revision, state, severity, \
    event_time, detected_at, country, site, party, gtin, lot, container, profile, evidence, likely_cause, \
    kafka_partition, kafka_offset";

/// A row of `alerts` or `alerts_history`: what routing and Alertmanager need.
#[derive(Debug, Row, Deserialize)]
pub(crate) struct StoredAlert {
    alert_id: String,
    rule: String,
    sub_reason: String,
    subject: String,
    subject_kind: String,
    epc: String,
    revision: u64,
    state: String,
    severity: String,
    event_time: Micros,
    detected_at: Micros,
    country: String,
    site: String,
    party: String,
    gtin: String,
    lot: String,
    container: String,
    profile: String,
    evidence: String,
    likely_cause: String,
    /// Where its record stood.
    pub(crate) kafka_partition: i32,
    /// Where its record stood.
    pub(crate) kafka_offset: i64,
}

impl From<StoredAlert> for Alert {
    fn from(row: StoredAlert) -> Self {
        // Empty text is none.
        let some = |text: String| (!text.is_empty()).then_some(text);
        Self {
            alert_id: row.alert_id,
            rule: row.rule,
            sub_reason: some(row.sub_reason),
            subject: row.subject,
            subject_kind: row.subject_kind,
            epc: row.epc,
            revision: i64::try_from(row.revision).unwrap_or(i64::MAX),
            state: row.state,
            severity: row.severity,
            event_time: row.event_time,
            detected_at: row.detected_at,
            country: some(row.country),
            site: some(row.site),
            party: some(row.party),
            gtin: some(row.gtin),
            lot: some(row.lot),
            container: some(row.container),
            profile: some(row.profile),
            evidence: row.evidence,
            likely_cause: some(row.likely_cause),
            ..Self::default()
        }
    }
}

/// Alerts that stand, of these partitions of topic `alerts`.
pub(crate) fn standing(
    client: &Client,
    partitions: impl IntoIterator<Item = i32>,
) -> clickhouse::error::Result<RowCursor<StoredAlert>> {
    let partitions: Vec<String> = partitions.into_iter().map(|p| p.to_string()).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM alerts FINAL WHERE state = 'asserted' AND kafka_partition IN ({})",
        partitions.join(", ")
    );
    client.query_raw(&sql).fetch()
}

/// Whether a receiver was told of an earlier revision of `alert`.
///
/// # Errors
/// ClickHouse did not answer, or the revision before has not landed there yet.
pub(crate) async fn was_told(
    client: &Client,
    routes: &Routes,
    receiver: &str,
    alert: &Alert,
) -> anyhow::Result<bool> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alerts_history WHERE subject = {{subject:String}} \
         AND alert_id = {{alert_id:String}} AND revision < {{revision:Int64}}"
    );
    let mut rows = client
        .query_raw(&sql)
        .param("subject", &alert.subject)
        .param("alert_id", &alert.alert_id)
        .param("revision", alert.revision)
        .fetch::<StoredAlert>()?;
    let mut latest = 0;
    while let Some(row) = rows.next().await? {
        let earlier = Alert::from(row);
        latest = latest.max(earlier.revision);
        if matches!(routes.addressed(&earlier, receiver), Addressed::Yes(_)) {
            return Ok(true);
        }
    }
    anyhow::ensure!(
        latest + 1 >= alert.revision,
        "revision {} has not landed yet",
        alert.revision - 1
    );
    Ok(false)
}
