//! `serialtrail forecast`: have demand recomputed and forecast now.

use crate::context::Context;
use crate::forecasts;
use anyhow::Context as _;
use std::process::ExitCode;

/// Arguments of `serialtrail forecast`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The forecaster also does so by itself every refresh_seconds (forecast.toml). A version is made only \
                  if data or configuration changed. Read it by GET /v1/forecasts, or on the console's page of \
                  demand."
)]
pub struct Args {}

/// Asks the forecaster for a pass and prints the version that holds now, its series and its error.
///
/// # Errors
/// The forecaster or ClickHouse does not answer.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = context.settings()?;
    let bar = context.progress(0, "forecasting");
    let mut report = forecasts::run(settings).await?;
    bar.finish_and_clear();
    let client = serialtrail_warehouse::client(&settings.clickhouse);
    let place = || format!("ClickHouse at {}", settings.clickhouse.url);
    let demand = forecasts::latest(&client).await.with_context(place)?;
    if context.json {
        report["demand"] = serde_json::to_value(&demand)?;
        println!("{report}");
        return Ok(ExitCode::SUCCESS);
    }
    let recomputed = report["days_recomputed"].as_u64().unwrap_or_default();
    let made = if report["created"] == true {
        "a new version"
    } else if report["confirmed"] == true {
        "an earlier version holds again"
    } else {
        "nothing changed that would make a new version"
    };
    println!("{recomputed} days recomputed, {made}");
    for line in demand.lines() {
        println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}
