//! `serialtrail alerts`: alerts, filtered.

use crate::context::Context;
use crate::query::{QueryApi, given, table, text, unless_unread};
use serde_json::Value;
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `serialtrail alerts`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Only these rules, joined by commas, for example DUPLICATE_SCAN,UNKNOWN_SERIAL
    #[arg(long)]
    pub rule: Option<String>,
    /// Only this unit (EPC URN, Digital Link, key or element string)
    #[arg(long, visible_alias = "epc")]
    pub unit: Option<String>,
    /// Only this product (GTIN)
    #[arg(long, visible_alias = "gtin")]
    pub product: Option<String>,
    /// Only this lot
    #[arg(long)]
    pub lot: Option<String>,
    /// Only reads in this country (ISO 3166 alpha-2)
    #[arg(long)]
    pub country: Option<String>,
    /// Only reads at this place (GLN, SGLN URN or Digital Link)
    #[arg(long)]
    pub site: Option<String>,
    /// open, retracted or any; default: open
    #[arg(long)]
    pub status: Option<String>,
    /// Only event times from here on (2026-03-01T09:30:00Z, or a date: its midnight UTC)
    #[arg(long, visible_alias = "from", value_name = "TIME")]
    pub since: Option<String>,
    /// Only event times before this
    #[arg(long, visible_alias = "to", value_name = "TIME")]
    pub until: Option<String>,
    /// Only alerts detected from here on, by the detector's wall clock
    #[arg(long, value_name = "TIME")]
    pub detected_since: Option<String>,
    /// Most alerts to show, 1 to 1000; default: 100, with --ndjson all
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// All that match, one JSON object a line
    #[arg(long)]
    pub ndjson: bool,
}

impl Args {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let limit = self.limit.map(|limit| limit.to_string());
        given([
            ("rule", &self.rule),
            ("unit", &self.unit),
            ("product", &self.product),
            ("lot", &self.lot),
            ("country", &self.country),
            ("site", &self.site),
            ("status", &self.status),
            ("since", &self.since),
            ("until", &self.until),
            ("detected_since", &self.detected_since),
            ("limit", &limit),
        ])
    }
}

/// Prints alerts, newest event first: a table, the service's JSON, or lines.
///
/// # Errors
/// The query service does not answer, or refuses a filter.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let api = QueryApi::new(context.settings()?)?;
    let parameters = args.parameters();
    if args.ndjson {
        api.hand_on("/v1/alerts", &parameters, "application/x-ndjson", "alerts")
            .await?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = api.json("/v1/alerts", &parameters).await?;
    if context.json {
        println!("{page}");
        return Ok(ExitCode::SUCCESS);
    }
    let alerts = page["alerts"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    unless_unread(std::io::stdout().write_all(listed(alerts).as_bytes()))?;
    if page["next"].is_string() {
        eprintln!("there are more: --limit (up to 1000) shows more of them, --ndjson all");
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(alerts: &[Value]) -> String {
    if alerts.is_empty() {
        return "no alert matches\n".to_owned();
    }
    let head = [
        "event time",
        "rule",
        "severity",
        "status",
        "country",
        "lot",
        "epc",
    ];
    table(head, alerts.iter().map(row))
}

fn row(alert: &Value) -> [String; 7] {
    let rule = match text(alert, "sub_reason") {
        "" => text(alert, "rule").to_owned(),
        reason => format!("{} ({reason})", text(alert, "rule")),
    };
    let status = match text(alert, "likely_cause") {
        "" => text(alert, "status").to_owned(),
        cause => format!("{} ({cause})", text(alert, "status")),
    };
    let cell = |field| text(alert, field).to_owned();
    [
        cell("event_time"),
        rule,
        cell("severity"),
        status,
        cell("country"),
        cell("lot"),
        cell("epc"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_says_what_when_where_and_how_sure() {
        let alert = json!({
            "event_time": "2026-02-01T00:00:00Z", "rule": "STATUS_VIOLATION", "sub_reason": "recalled",
            "severity": "high", "status": "open", "likely_cause": "likely_operator_error",
            "country": "DE", "lot": null, "epc": "https://id.gs1.org/00/1",
        });
        let text = listed(&[alert]);
        let row = text.lines().nth(1).unwrap();
        let cells = [
            "STATUS_VIOLATION (recalled)",
            "open (likely_operator_error)",
            "DE",
            "/00/1",
        ];
        assert!(cells.iter().all(|cell| row.contains(cell)), "{text}");
        assert_eq!(listed(&[]), "no alert matches\n");
    }

    #[test]
    fn only_filters_that_were_given_are_sent() {
        let args = Args {
            lot: Some("L 1".into()),
            limit: Some(5),
            ..Args::default()
        };
        assert_eq!(
            args.parameters(),
            [("lot", "L 1".to_owned()), ("limit", "5".to_owned())]
        );
    }
}
