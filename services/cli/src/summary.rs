//! The figures of a settled deployment, as `serialtrail demo` prints them.

use crate::forecasts::{self, Demand};
use crate::notified::Notified;
use anyhow::Context as _;
use clickhouse::Client;
use serde::Serialize;
use serialtrail_runtime::Settings;
use serialtrail_simulator::Score;

/// What a simulated world became.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Distinct events captured.
    pub events: u64,
    /// Inputs refused, with the most frequent reasons first.
    pub refused: Vec<(String, u64)>,
    /// Reads that stand: an event touching a unit, directly or through its containers.
    pub reads: u64,
    /// Of those, the inherited ones.
    pub inherited: u64,
    /// Rows of each table.
    pub rows: Vec<(&'static str, u64)>,
    /// Alerts by rule beside the simulator's truth.
    pub score: Score,
    /// From an event's capture to the alert it raised.
    pub latency: Option<Latency>,
    /// Seconds from the first upload to the settled result; `None` where nothing was uploaded now.
    pub seconds: Option<f64>,
    /// Demand by day, and its forecast.
    pub demand: Demand,
    /// What the notifier did; `None` where it does not answer.
    pub notified: Option<Notified>,
}

/// Distribution of the time from capture to alert, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half of the alerts came at least this fast.
    pub p50_ms: f64,
    /// 99 of 100 did.
    pub p99_ms: f64,
    /// Alerts raised by an event (others are raised by a timer).
    pub alerts: u64,
}

/// Reads the figures.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn summary(
    settings: &Settings,
    score: Score,
    seconds: Option<f64>,
    notified: Option<Notified>,
) -> anyhow::Result<Summary> {
    let client = serialtrail_warehouse::client(&settings.clickhouse);
    let figures = Figures { client, settings };
    let rows = serialtrail_warehouse::digest::row_counts(&figures.client)
        .await
        .with_context(|| figures.place())?;
    let reads = "SELECT count() FROM observations FINAL WHERE state = 'asserted'";
    Ok(Summary {
        events: figures
            .count("SELECT uniqExact(event_id) FROM events")
            .await?,
        refused: figures.refused().await?,
        reads: figures.count(reads).await?,
        inherited: figures.count(&format!("{reads} AND NOT direct")).await?,
        rows,
        score,
        latency: figures.latency().await?,
        seconds,
        demand: forecasts::latest(&figures.client)
            .await
            .with_context(|| figures.place())?,
        notified,
    })
}

struct Figures<'a> {
    client: Client,
    settings: &'a Settings,
}

impl Figures<'_> {
    fn place(&self) -> String {
        format!("ClickHouse at {}", self.settings.clickhouse.url)
    }

    async fn count(&self, sql: &str) -> anyhow::Result<u64> {
        let counted = self.client.query(sql).fetch_one::<u64>().await;
        counted.with_context(|| self.place())
    }

    async fn refused(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let sql = "SELECT toString(reason), uniqExact(reject_id) AS times FROM rejected \
                   GROUP BY reason ORDER BY times DESC, reason";
        let rows = self.client.query(sql).fetch_all::<(String, u64)>().await;
        rows.with_context(|| self.place())
    }

    async fn latency(&self) -> anyhow::Result<Option<Latency>> {
        // The first assertion of each alert; a later revision repeats it.
        let sql = "SELECT quantileExact(0.5)(us) / 1000, quantileExact(0.99)(us) / 1000, count() FROM \
                   (SELECT argMin(date_diff('microsecond', trigger_captured_at, detected_at), revision) AS us \
                    FROM alerts_history WHERE state = 'asserted' AND toYear(trigger_captured_at) > 1970 \
                    GROUP BY alert_id)";
        let row = self.client.query(sql).fetch_one::<(f64, f64, u64)>().await;
        let (p50_ms, p99_ms, alerts) = row.with_context(|| self.place())?;
        Ok((alerts > 0).then_some(Latency {
            p50_ms,
            p99_ms,
            alerts,
        }))
    }
}

impl Summary {
    /// The summary as lines of text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        let refused: u64 = self.refused.iter().map(|(_, times)| times).sum();
        lines.push(format!(
            "events     {} captured, {} refused",
            grouped(self.events),
            grouped(refused)
        ));
        for (reason, times) in &self.refused {
            lines.push(format!(
                "           refused as {reason}: {}",
                grouped(*times)
            ));
        }
        lines.push(format!(
            "reads      {}, of which {} inherited from a container",
            grouped(self.reads),
            grouped(self.inherited)
        ));
        if let Some(seconds) = self.seconds {
            lines.push(format!(
                "throughput {} events/s, {} reads/s over {seconds:.1} s, first upload to settled",
                grouped((self.events as f64 / seconds) as u64),
                grouped((self.reads as f64 / seconds) as u64)
            ));
        }
        if let Some(latency) = self.latency {
            lines.push(format!(
                "latency    event to alert p50 {:.0} ms, p99 {:.0} ms ({} alerts, under the load of the import)",
                latency.p50_ms,
                latency.p99_ms,
                grouped(latency.alerts)
            ));
        }
        if let Some(notified) = &self.notified {
            lines.push(notified.line());
        }
        lines.extend(self.demand.lines());
        lines.push(String::new());
        lines.push("rows in ClickHouse".into());
        for (table, count) in &self.rows {
            lines.push(format!("  {table:<20} {:>12}", grouped(*count)));
        }
        lines.join("\n") + "\n"
    }
}

/// A number with commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn the_text_names_what_was_captured_refused_and_stored() {
        let summary = Summary {
            events: 12_000,
            refused: vec![("event_id_conflict".into(), 2), ("bad_time".into(), 1)],
            reads: 300_000,
            inherited: 280_000,
            rows: vec![("observations", 300_000)],
            score: serialtrail_simulator::score(&[], []),
            latency: Some(Latency {
                p50_ms: 41.4,
                p99_ms: 120.0,
                alerts: 80,
            }),
            seconds: Some(60.0),
            demand: Demand {
                days: 98,
                series: 1,
                forecast: None,
            },
            notified: Some(Notified {
                delivered: 79,
                parked: 1,
                waiting: 0,
            }),
        };
        let text = summary.text();
        for expected in [
            "12,000 captured, 3 refused",
            "event_id_conflict: 2",
            "300,000, of which 280,000 inherited",
            "200 events/s, 5,000 reads/s over 60.0 s",
            "p50 41 ms, p99 120 ms",
            "observations",
            "98 days in 1 series",
            "79 notifications delivered, 1 parked",
        ] {
            assert!(text.contains(expected), "{text} lacks {expected}");
        }
    }
}
