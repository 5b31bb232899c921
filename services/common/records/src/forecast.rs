//! Forecasts of demand.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// Topic demand-forecasts, key gtin/country or gtin/country/uom. The forecast of one series in one
/// version. A version is immutable: a record of the same version and key is always the same.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DemandForecast {
    /// Identity of the version: its data cutoff and a hash of configuration and data, for example 2026-03-01-1f0c3a52.
    pub forecast_version: String,
    /// Product, GTIN-14.
    pub gtin: String,
    /// Market, ISO 3166-1 alpha-2.
    pub country: String,
    /// Unit of measure of class quantities (UN/ECE Recommendation 20); null = units.
    pub uom: Option<String>,
    /// Last day whose demand was used, ISO date.
    pub data_cutoff: String,
    /// Wall clock when the version was made.
    pub created_at: Micros,
    /// ok, too_short or empty.
    pub status: String,
    /// Why there are no points, for a person.
    pub message: Option<String>,
    /// Model that made the points; empty without points.
    pub method: String,
    /// Length of the season the model used, days; 1 = none.
    pub season_days: i32,
    /// Days of demand the model saw.
    pub days_used: i32,
    /// Levels of the quantiles of every point, rising, for example 0.1, 0.5, 0.9.
    pub quantile_levels: Vec<f64>,
    /// One a day, from the day after the cutoff.
    pub points: Vec<ForecastPoint>,
    /// Null when the series is too short for one window.
    pub backtest: Option<ForecastBacktest>,
}

/// One day ahead.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForecastPoint {
    /// ISO date, in the local time of the market.
    pub day: String,
    /// Expected demand, units (or uom).
    pub mean: f64,
    /// One value a level, never below 0.
    pub quantiles: Vec<f64>,
}

/// Rolling origin: how well the same model would have forecast days that are known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForecastBacktest {
    /// Origins tried.
    pub windows: i32,
    /// Days compared over all windows.
    pub days: i32,
    /// Sum of absolute errors / sum of demand; null when there was no demand.
    pub wape: Option<f64>,
    /// Mean absolute error / that of the seasonal naive forecast in sample; null when that is 0.
    pub mase: Option<f64>,
    /// Sum of (forecast - demand) / sum of demand; null when there was no demand.
    pub bias: Option<f64>,
    /// Share of days whose demand lay between the lowest and the highest quantile.
    pub coverage: Option<f64>,
}

avro_record!(DemandForecast, "DemandForecast");
