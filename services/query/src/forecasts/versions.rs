//! The versions of the forecast.

use crate::cursor::{Cursor, Listing, next_page};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::iso;
use axum::http::Uri;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};

/// Parameters of `/v1/forecasts/versions`.
pub const PARAMETERS: &[&str] = &["limit", "cursor"];

/// Versions on a page unless asked otherwise.
const PAGE: u16 = 100;

/// A version as stored.
#[derive(Debug, Clone, PartialEq, Row, Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
    /// Last day whose demand was used.
    pub(super) cutoff: String,
    pub(super) known_at: i64,
    pub(super) made_at: i64,
    /// When a pass last found it to be the version of the data: the latest is the one confirmed last.
    held_at: i64,
    pub(super) horizon_days: u16,
    pub(super) quantile_levels: Vec<f64>,
    series: u32,
    series_ok: u32,
    series_too_short: u32,
    series_empty: u32,
}

const COLUMNS: &str = "version, toString(data_cutoff) AS cutoff, as_of AS known_at, \
    created_at AS made_at, confirmed_at AS held_at, horizon_days, quantile_levels, series, series_ok, series_too_short, \
    series_empty";

impl Version {
    /// `, quantiles[1] AS q10, …`: a column a level.
    pub(super) fn quantile_columns(&self) -> String {
        let levels = self.quantile_levels.iter().enumerate();
        levels
            .map(|(at, level)| format!(", quantiles[{}] AS {}", at + 1, column(*level)))
            .collect()
    }

    fn json(self) -> Value {
        json!({
            "version": self.version,
            "data_cutoff": self.cutoff,
            "as_of": iso(self.known_at),
            "created_at": iso(self.made_at),
            "confirmed_at": iso(self.held_at),
            "horizon_days": self.horizon_days,
            "quantile_levels": self.quantile_levels,
            "series": self.series,
            "series_ok": self.series_ok,
            "series_too_short": self.series_too_short,
            "series_empty": self.series_empty,
        })
    }
}

/// Name of a level's column: `q10` for 0.1, `q97_5` for 0.975.
fn column(level: f64) -> String {
    let percent = format!("{:.3}", level * 100.0);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    format!("q{}", percent.replace(['.', '-'], "_"))
}

/// The version of a name; the one confirmed last where none is named, or `latest`.
pub(super) async fn version(
    client: &Client,
    parameter: &str,
    name: Option<&str>,
) -> Result<Version, Problem> {
    let named = name.filter(|name| *name != "latest");
    let sql = format!(
        "SELECT {COLUMNS} FROM forecast_versions FINAL WHERE {{where}} \
         ORDER BY confirmed_at DESC, version DESC LIMIT 1"
    );
    let found: Option<Version> = Select::new()
        .when("version", named, "version = {version:String}")
        .query(client, &sql, Pace::Answer)
        .fetch_optional()
        .await?;
    found.ok_or_else(|| match named {
        Some(name) => Problem::not_found(
            "unknown_version",
            format!("{parameter}={name}: there is no such version; /v1/forecasts/versions lists them"),
        ),
        None => Problem::not_found(
            "no_forecast_yet",
            "no forecast was made yet: start the forecaster, or POST /v1/run to it, once sales have \
             been captured",
        ),
    })
}

/// Answers `/v1/forecasts/versions`.
///
/// # Errors
/// See [`Problem`].
pub async fn answer(client: &Client, uri: &Uri) -> Result<Value, Problem> {
    let given = Parameters::read(uri, PARAMETERS)?;
    let limit = usize::from(given.limit()?.unwrap_or(PAGE));
    let select = Select::new().bind("limit", limit as i64 + 1);
    let select = match given.cursor(Listing::Versions)? {
        None => select,
        Some(Cursor(time, version)) => select
            .and(
                "(confirmed_at, version) < \
                 (fromUnixTimestamp64Micro({after_time:Int64}, 'UTC'), {after_version:String})",
            )
            .bind("after_time", time)
            .bind("after_version", version),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM forecast_versions FINAL WHERE {{where}} \
         ORDER BY confirmed_at DESC, version DESC LIMIT {{limit:UInt64}}"
    );
    let mut rows: Vec<Version> = select.query(client, &sql, Pace::Answer).fetch_all().await?;
    let next = next_page(&mut rows, limit, |last| {
        Cursor(last.held_at, last.version.clone()).encode(Listing::Versions)
    });
    let versions: Vec<Value> = rows.into_iter().map(Version::json).collect();
    Ok(json!({ "versions": versions, "next": next }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_names_its_column() {
        for (level, name) in [
            (0.1, "q10"),
            (0.5, "q50"),
            (0.975, "q97_5"),
            (0.05, "q5"),
            (0.9, "q90"),
        ] {
            assert_eq!(column(level), name);
        }
    }
}
