//! `serialtrail recall`: where the units of a lot are.

use crate::context::Context;
use crate::query::{QueryApi, columns, given, table, text, unless_unread};
use serde_json::Value;
use std::io::Write;
use std::process::ExitCode;

/// Places that are listed; `--json` has more.
const LISTED: usize = 20;

/// Arguments of `serialtrail recall`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Product (GTIN of 8, 12, 13 or 14 digits)
    #[arg(value_name = "GTIN")]
    pub gtin: String,
    /// Lot, letter by letter
    #[arg(value_name = "LOT")]
    pub lot: String,
    /// Only units last read in this country (ISO 3166 alpha-2), for --ndjson and --csv
    #[arg(long)]
    pub country: Option<String>,
    /// Only units that are at_site, in_transit, sold, ended or unseen (joined by commas), for --ndjson
    /// and --csv
    #[arg(long)]
    pub whereabouts: Option<String>,
    /// Every unit, one JSON object a line
    #[arg(long, conflicts_with = "csv")]
    pub ndjson: bool,
    /// Every unit, as CSV with a header
    #[arg(long)]
    pub csv: bool,
}

impl Args {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("gtin", self.gtin.clone()), ("lot", self.lot.clone())];
        parameters.extend(given([
            ("country", &self.country),
            ("whereabouts", &self.whereabouts),
        ]));
        parameters
    }
}

/// Prints how many units a lot has and where they are, or every unit.
///
/// # Errors
/// The query service does not answer, or knows nothing of the lot.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let api = QueryApi::new(context.settings()?)?;
    let parameters = args.parameters();
    if args.ndjson || args.csv {
        let form = if args.csv {
            "text/csv"
        } else {
            "application/x-ndjson"
        };
        api.hand_on("/v1/recall", &parameters, form, "units")
            .await?;
        return Ok(ExitCode::SUCCESS);
    }
    let recall = api.json("/v1/recall", &parameters).await?;
    let text = if context.json {
        format!("{recall}\n")
    } else {
        report(&recall)
    };
    unless_unread(std::io::stdout().write_all(text.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

fn report(recall: &Value) -> String {
    let status = &recall["status"];
    let said = match text(status, "status") {
        "" => "nothing is said about the lot".to_owned(),
        said => format!(
            "{said} since {}",
            status["since"].as_str().unwrap_or("ever")
        ),
    };
    let totals = &recall["totals"];
    let head = [
        (
            "product",
            format!(
                "{} {}",
                text(recall, "gtin"),
                text(&recall["product"], "name")
            ),
        ),
        ("lot", format!("{}, {said}", text(recall, "lot"))),
        ("as of", text(recall, "as_of").to_owned()),
        ("units", totals["units"].to_string()),
    ];
    let head: Vec<Vec<String>> = head
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value.trim_end().to_owned()])
        .collect();
    let row = |name: &str, sums: &Value| {
        let count = |place: &str| sums[place].as_u64().unwrap_or(0).to_string();
        [
            name.to_owned(),
            count("at_site"),
            count("in_transit"),
            count("sold"),
            count("ended"),
            count("unseen"),
        ]
    };
    let all = row("all", &totals["by_whereabouts"]);
    let countries = totals["by_country"].as_array().into_iter().flatten();
    let by_country = table(
        [
            "country",
            "at_site",
            "in_transit",
            "sold",
            "ended",
            "unseen",
        ],
        std::iter::once(all).chain(countries.map(|sums| row(text(sums, "country"), sums))),
    );

    let sites = totals["sites"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let place = |site: &Value| {
        let way = if site["in_transit_to"] == true {
            "on the way there"
        } else {
            ""
        };
        let name = format!("{} {}", text(site, "site"), text(site, "name"));
        [
            site["units"].to_string(),
            name.trim_end().to_owned(),
            text(site, "kind").to_owned(),
            text(site, "country").to_owned(),
            way.to_owned(),
        ]
    };
    let places = table(
        ["units", "place", "kind", "country", ""],
        sites.iter().take(LISTED).map(place),
    );
    let more = if sites.len() > LISTED { "…\n" } else { "" };
    let head = columns(&head);
    format!("{head}\n{by_country}\n{places}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_says_how_many_units_are_where() {
        let text = report(&json!({
            "gtin": "09521234543213", "lot": "L1", "product": {"name": "Examplin"}, "as_of": "t9",
            "status": {"status": "recalled", "since": "t1"},
            "totals": {
                "units": 12,
                "by_whereabouts": {"at_site": 7, "in_transit": 2, "sold": 3, "ended": 0, "unseen": 0},
                "by_country": [{"country": "DE", "units": 12, "at_site": 7, "in_transit": 2, "sold": 3, "ended": 0}],
                "sites": [{"site": "952", "name": "Zum Löwen", "kind": "pharmacy", "country": "DE",
                           "units": 2, "in_transit_to": true}],
            },
        }));
        for line in [
            "product  09521234543213 Examplin",
            "lot      L1, recalled since t1",
            "units    12",
            "all      7        2           3     0      0",
            "DE       7        2           3     0      0",
            "2      952 Zum Löwen  pharmacy  DE       on the way there",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
