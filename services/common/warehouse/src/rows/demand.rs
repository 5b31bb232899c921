//! Tables of demand and of its forecast. A `Date` is days since 1970-01-01.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use serialtrail_records::Micros;

/// A row of `daily_demand`: one local day of one series.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DailyDemandRow {
    pub gtin: String,
    pub country: String,
    pub uom: String,
    pub day: u16,
    pub demand: f64,
    pub sold: f64,
    pub returned: f64,
    pub repeated: f64,
    pub complete: bool,
    pub as_of: Micros,
    pub revision: u64,
}

/// A row of `demand_progress`: the last offset seen of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DemandProgressRow {
    pub source: String,
    pub kafka_topic: String,
    pub kafka_partition: i32,
    pub kafka_offset: i64,
    pub revision: u64,
}

/// A row of `forecast_versions`.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ForecastVersionRow {
    pub version: String,
    pub data_cutoff: u16,
    pub as_of: Micros,
    pub created_at: Micros,
    pub confirmed_at: Micros,
    pub horizon_days: u16,
    pub quantile_levels: Vec<f64>,
    pub configuration: String,
    pub series: u32,
    pub series_ok: u32,
    pub series_too_short: u32,
    pub series_empty: u32,
}

/// A row of `forecast_series`: one series of one version.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ForecastSeriesRow {
    pub version: String,
    pub gtin: String,
    pub country: String,
    pub uom: String,
    pub status: String,
    pub message: String,
    pub method: String,
    pub season_days: u16,
    pub days_used: u32,
    pub first_day: Option<u16>,
    pub windows: u16,
    pub days_compared: u32,
    pub wape: Option<f64>,
    pub mase: Option<f64>,
    pub bias: Option<f64>,
    pub coverage: Option<f64>,
}

/// A row of `forecasts`: one day of one series of one version.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ForecastRow {
    pub version: String,
    pub gtin: String,
    pub country: String,
    pub uom: String,
    pub day: u16,
    pub days_ahead: u16,
    pub mean: f64,
    pub quantiles: Vec<f64>,
}
