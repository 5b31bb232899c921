//! Alerts as ClickHouse holds them: what stands now, and earlier revisions.

use crate::routes::{Addressed, Routes};
use clickhouse::query::RowCursor;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serialtrail_records::{Alert, Micros};
use std::time::Duration;

/// Longest wait for the next row of an answer: a ClickHouse that says nothing must not hold deliveries.
const ROW_WITHIN: Duration = Duration::from_secs(30);

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

/// Rows of an answer.
pub(crate) struct Rows {
    cursor: RowCursor<StoredAlert>,
    within: Duration,
}

impl Rows {
    /// The next one.
    ///
    /// # Errors
    /// ClickHouse could not be reached, refused, or says nothing.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<StoredAlert>> {
        let silent = |_| anyhow::anyhow!("ClickHouse said nothing for {:?}", self.within);
        let row = tokio::time::timeout(self.within, self.cursor.next()).await;
        Ok(row.map_err(silent)??)
    }
}

/// Alerts that stand, of these partitions of topic `alerts`.
pub(crate) fn standing(
    client: &Client,
    partitions: impl IntoIterator<Item = i32>,
) -> clickhouse::error::Result<Rows> {
    let partitions: Vec<String> = partitions.into_iter().map(|p| p.to_string()).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM alerts FINAL WHERE state = 'asserted' AND kafka_partition IN ({})",
        partitions.join(", ")
    );
    Ok(Rows {
        cursor: client.query_raw(&sql).fetch()?,
        within: ROW_WITHIN,
    })
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
    let query = client
        .query_raw(&sql)
        .param("subject", &alert.subject)
        .param("alert_id", &alert.alert_id)
        .param("revision", alert.revision);
    let mut rows = Rows {
        cursor: query.fetch()?,
        within: ROW_WITHIN,
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_clickhouse_that_takes_a_question_and_says_nothing_is_not_waited_for() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let mut rows = standing(&Client::default().with_url(url), [0, 1]).unwrap();
        rows.within = Duration::from_millis(50);
        let error = rows.next().await.unwrap_err().to_string();
        assert_eq!(error, "ClickHouse said nothing for 50ms");
    }
}
