//! `serialtrail where`: units in stock by place, or where one unit is.

use crate::context::Context;
use crate::query::{QueryApi, columns, given, table, text, unless_unread};
use serde_json::Value;
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `serialtrail where`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// A product (GTIN), or one unit (EPC URN, Digital Link, key or element string)
    #[arg(value_name = "GTIN or ID")]
    pub what: String,
    /// Only this lot
    #[arg(long)]
    pub lot: Option<String>,
    /// Only places in this country (ISO 3166 alpha-2)
    #[arg(long)]
    pub country: Option<String>,
    /// Only this place (GLN, SGLN URN or Digital Link)
    #[arg(long)]
    pub site: Option<String>,
    /// Only places of these kinds, joined by commas, for example pharmacy,hospital
    #[arg(long)]
    pub kind: Option<String>,
    /// Most places to show, 1 to 1000; default: 100
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
}

impl Args {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let is_gtin = self.what.len() <= 14 && self.what.bytes().all(|b| b.is_ascii_digit());
        let limit = self.limit.map(|limit| limit.to_string());
        let mut parameters = vec![(if is_gtin { "gtin" } else { "id" }, self.what.clone())];
        parameters.extend(given([
            ("lot", &self.lot),
            ("country", &self.country),
            ("site", &self.site),
            ("kind", &self.kind),
            ("limit", &limit),
        ]));
        parameters
    }
}

/// Prints where units are now: a table, a unit's place, or the service's JSON.
///
/// # Errors
/// The query service does not answer, refuses a filter, or knows nothing of it.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let api = QueryApi::new(context.settings()?)?;
    let answer = api.json("/v1/where", &args.parameters()).await?;
    let text = if context.json {
        format!("{answer}\n")
    } else {
        match answer["rows"].as_array() {
            Some(rows) => places(rows),
            None => place(&answer),
        }
    };
    unless_unread(std::io::stdout().write_all(text.as_bytes()))?;
    if !context.json && answer["next"].is_string() {
        eprintln!("there are more: --limit (up to 1000) shows more of them");
    }
    Ok(ExitCode::SUCCESS)
}

fn places(rows: &[Value]) -> String {
    if rows.is_empty() {
        return "nothing of it is in stock there\n".to_owned();
    }
    let head = [
        "units",
        "place",
        "kind",
        "country",
        "lot",
        "whereabouts",
        "newest read",
    ];
    let row = |row: &Value| {
        let name = format!("{} {}", text(row, "site"), text(row, "site_name"));
        let cell = |field| text(row, field).to_owned();
        [
            row["units"].to_string(),
            name.trim().to_owned(),
            cell("site_kind"),
            cell("country"),
            cell("lot"),
            cell("whereabouts"),
            cell("newest"),
        ]
    };
    table(head, rows.iter().map(row))
}

fn place(unit: &Value) -> String {
    let site = format!("{} {}", text(unit, "site"), text(unit, "site_name"));
    let facts = [
        ("unit", text(unit, "epc")),
        ("product", text(unit, "product")),
        ("lot", text(unit, "lot")),
        ("is", text(unit, "whereabouts")),
        ("place", site.trim()),
        ("country", text(unit, "country")),
        ("to", text(unit, "to_site")),
        ("inside", text(unit, "container")),
        ("by", text(unit, "last_step")),
        ("since", text(unit, "since")),
    ];
    let there = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let rows: Vec<Vec<String>> = there
        .map(|(name, value)| vec![name.to_owned(), value.to_owned()])
        .collect();
    columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digits_are_a_product_and_anything_else_one_unit() {
        let asked = |what: &str| {
            let args = Args {
                what: what.into(),
                ..Args::default()
            };
            args.parameters()[0].0
        };
        assert_eq!(asked("09521234543213"), "gtin");
        assert_eq!(asked("00/095212345678900016"), "id");
        assert_eq!(asked("00095212345678900016"), "id", "an element string");
    }

    #[test]
    fn a_row_says_how_many_units_are_where() {
        let row = json!({"units": 5, "site": "952", "site_name": "Zum Löwen", "site_kind": "pharmacy",
                         "country": "DE", "lot": "L1", "whereabouts": "at_site", "newest": "t9"});
        let text = places(&[row]);
        assert!(
            text.contains("5      952 Zum Löwen  pharmacy  DE       L1   at_site      t9"),
            "{text}"
        );
        assert!(places(&[]).starts_with("nothing"));
        let unit = json!({"epc": "https://id.gs1.org/00/1", "whereabouts": "in_transit", "site": "952", "site_name": null});
        assert_eq!(
            place(&unit),
            "unit   https://id.gs1.org/00/1\nis     in_transit\nplace  952\n"
        );
    }
}
