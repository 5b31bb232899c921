//! What the forecaster has made, as commands print it: days of demand, the latest version and its error.

use anyhow::{Context as _, bail};
use clickhouse::Client;
use serde::Serialize;
use serde_json::Value;
use serialtrail_runtime::Settings;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A first pass reads the whole history.
const RUN_TIMEOUT: Duration = Duration::from_secs(900);

/// Demand and its latest forecast.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Demand {
    /// Rows of `daily_demand`: days of all series.
    pub days: u64,
    /// Series: a product in a country (and a unit of measure).
    pub series: u64,
    /// The version that holds now; `None` before the first.
    pub forecast: Option<Forecast>,
}

/// A version of the forecast.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// Its name.
    pub version: String,
    /// Last day whose demand it uses, ISO date.
    pub data_cutoff: String,
    /// Days forecast.
    pub horizon_days: u16,
    /// Series with a forecast.
    pub ok: u32,
    /// Series with too few days for one.
    pub too_short: u32,
    /// Series without demand.
    pub empty: u32,
    /// What its backtests say; `None` where no series was long enough for one.
    pub error: Option<Error>,
}

/// Error of a version in its rolling backtests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Error {
    /// Series with a backtest.
    pub series: u64,
    /// Median over the series of WAPE: sum of absolute errors / sum of demand.
    pub wape_median: f64,
    /// Median over the series of MASE: mean absolute error / that of last season's value.
    pub mase_median: f64,
    /// Share of all compared days between the lowest and the highest quantile.
    pub coverage: f64,
    /// Share that should lie there by the quantiles.
    pub coverage_wanted: f64,
}

/// Asks the forecaster to recompute what was touched and to make a version if anything changed; what it
/// answers (`version`, `created`, `days_recomputed`, ...).
///
/// # Errors
/// It does not answer, or refuses: the message is what it says.
pub async fn run(settings: &Settings) -> anyhow::Result<Value> {
    let url = format!("http://{}/v1/run", settings.http.forecaster);
    let http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(RUN_TIMEOUT)
        .build()?;
    let answer = http.post(&url).send().await.with_context(|| {
        format!(
            "the forecaster does not answer at {url}: is it up? `serialtrail status` shows what runs"
        )
    })?;
    let status = answer.status();
    let text = answer.text().await.context("the forecaster's answer")?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    if status.is_success() && body.is_object() {
        return Ok(body);
    }
    match body["detail"].as_str() {
        Some(detail) => bail!("the forecaster: {detail}"),
        None => bail!("the forecaster at {url} answered {status}: {text}"),
    }
}

type VersionRow = (String, String, u16, u32, u32, u32, f64);
type ErrorRow = (u64, f64, f64, f64);

/// Demand and the latest version, out of ClickHouse.
///
/// # Errors
/// ClickHouse does not answer, or has no such tables.
pub async fn latest(client: &Client) -> anyhow::Result<Demand> {
    let (days, series) = client
        .query("SELECT count(), uniqExact(gtin, country, uom) FROM daily_demand FINAL")
        .fetch_one::<(u64, u64)>()
        .await
        .context("the days of demand")?;
    let version = client
        .query(
            "SELECT version, toString(data_cutoff), horizon_days, series_ok, series_too_short, series_empty, \
             round(quantile_levels[-1] - quantile_levels[1], 6) FROM forecast_versions FINAL ORDER BY confirmed_at DESC, version DESC LIMIT 1",
        )
        .fetch_optional::<VersionRow>()
        .await
        .context("the versions of the forecast")?;
    let forecast = match version {
        Some(row) => Some(forecast(client, row).await?),
        None => None,
    };
    Ok(Demand {
        days,
        series,
        forecast,
    })
}

async fn forecast(client: &Client, row: VersionRow) -> anyhow::Result<Forecast> {
    let (version, data_cutoff, horizon_days, ok, too_short, empty, coverage_wanted) = row;
    let (series, wape_median, mase_median, coverage) = client
        .query(
            "SELECT count(), ifNull(quantileExact(0.5)(assumeNotNull(wape)), 0), \
             ifNull(quantileExactIf(0.5)(ifNull(mase, 0), mase IS NOT NULL), 0), \
             ifNull(sum(ifNull(coverage, 0) * days_compared) / sum(days_compared), 0) \
             FROM forecast_series FINAL WHERE version = ? AND wape IS NOT NULL",
        )
        .bind(&version)
        .fetch_one::<ErrorRow>()
        .await
        .context("the errors of the forecast")?;
    Ok(Forecast {
        version,
        data_cutoff,
        horizon_days,
        ok,
        too_short,
        empty,
        error: (series > 0).then_some(Error {
            series,
            wape_median,
            mase_median,
            coverage,
            coverage_wanted,
        }),
    })
}

impl Demand {
    /// As lines of text, each with its subject in the first 11 columns.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "demand     {} days in {} series (product and country)",
            crate::summary::grouped(self.days),
            crate::summary::grouped(self.series)
        )];
        let Some(forecast) = &self.forecast else {
            lines.push("forecast   none yet: no day with demand is complete".into());
            return lines;
        };
        lines.push(format!(
            "forecast   {}, {} days from {}: {} series, {} too short, {} without demand",
            forecast.version,
            forecast.horizon_days,
            forecast.data_cutoff,
            forecast.ok,
            forecast.too_short,
            forecast.empty
        ));
        if let Some(error) = forecast.error {
            lines.push(format!(
                "           backtest of {} series: WAPE {:.0} % and MASE {:.2} (medians), {:.0} % of days within the \
                 {:.0} % band",
                error.series,
                error.wape_median * 100.0,
                error.mase_median,
                error.coverage * 100.0,
                error.coverage_wanted * 100.0
            ));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_is_told_with_its_error_and_what_it_leaves_out() {
        let demand = Demand {
            days: 9_800,
            series: 40,
            forecast: Some(Forecast {
                version: "2026-01-31-ab12".into(),
                data_cutoff: "2026-01-31".into(),
                horizon_days: 28,
                ok: 37,
                too_short: 2,
                empty: 1,
                error: Some(Error {
                    series: 37,
                    wape_median: 0.314,
                    mase_median: 0.82,
                    coverage: 0.884,
                    coverage_wanted: 0.9,
                }),
            }),
        };
        let text = demand.lines().join("\n");
        for expected in [
            "9,800 days in 40 series",
            "2026-01-31-ab12, 28 days from 2026-01-31: 37 series, 2 too short, 1 without",
            "WAPE 31 % and MASE 0.82",
            "88 % of days within the 90 % band",
        ] {
            assert!(text.contains(expected), "{text} lacks {expected}");
        }
    }

    #[test]
    fn before_the_first_version_that_is_said() {
        let demand = Demand {
            days: 0,
            series: 0,
            forecast: None,
        };
        assert!(demand.lines()[1].contains("none yet"));
    }
}
