//! `GET /v1/forecasts`: what is expected to be sold, by version; `/versions`: which versions there are;
//! `/difference`: what changed between two.
//!
//! A version never changes. Where none is named, the one made last is meant.

mod difference;
mod versions;

pub use difference::{PARAMETERS as DIFFERENCE_PARAMETERS, answer as difference};
pub use versions::{PARAMETERS as VERSIONS_PARAMETERS, answer as versions};

use crate::alerts::some;
use crate::cursor::{Listing, next_page};
use crate::media::Format;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::products::names;
use crate::select::{Pace, Select};
use crate::series::{Key, filters, key_cursor};
use crate::table;
use crate::time::iso;
use axum::Json;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_runtime::Shutdown;
use std::collections::HashMap;
use versions::{Version, version};

/// Parameters of `/v1/forecasts`.
pub const PARAMETERS: &[&str] = &[
    "version", "gtin", "country", "uom", "format", "limit", "cursor",
];

/// Forms of the answer.
const FORMATS: &[Format] = &[Format::Json, Format::Csv, Format::Parquet];
/// Series on a page unless asked otherwise.
const PAGE: u16 = 100;

#[derive(Debug, Row, Deserialize)]
struct SeriesRow {
    gtin: String,
    country: String,
    uom: String,
    status: String,
    message: String,
    method: String,
    season_days: u16,
    days_used: u32,
    windows: u16,
    days_compared: u32,
    wape: Option<f64>,
    mase: Option<f64>,
    bias: Option<f64>,
    coverage: Option<f64>,
}

const SERIES_COLUMNS: &str = "gtin, toString(country) AS country, toString(uom) AS uom, \
    toString(status) AS status, message, toString(method) AS method, season_days, days_used, windows, \
    days_compared, wape, mase, bias, coverage";

impl SeriesRow {
    fn key(&self) -> Key {
        Key::new(&self.gtin, &self.country, &self.uom)
    }

    fn json(self, product: Option<&String>, points: Vec<Value>) -> Value {
        let backtest = (self.windows > 0).then(|| {
            json!({
                "windows": self.windows,
                "days": self.days_compared,
                "wape": self.wape,
                "mase": self.mase,
                "bias": self.bias,
                "coverage": self.coverage,
            })
        });
        json!({
            "gtin": self.gtin,
            "product": product,
            "country": self.country,
            "uom": self.uom,
            "status": self.status,
            "message": some(self.message),
            "method": some(self.method),
            "season_days": self.season_days,
            "days_used": self.days_used,
            "backtest": backtest,
            "points": points,
        })
    }
}

#[derive(Debug, Row, Deserialize)]
struct PointRow {
    gtin: String,
    country: String,
    uom: String,
    date: String,
    mean: f64,
    quantiles: Vec<f64>,
}

/// Answers `/v1/forecasts`.
///
/// # Errors
/// See [`Problem`].
pub async fn answer(
    client: &Client,
    uri: &Uri,
    headers: &HeaderMap,
    shutdown: Shutdown,
) -> Result<Response, Problem> {
    let given = Parameters::read(uri, PARAMETERS)?;
    let select = filters(&given)?;
    let limit = given.limit()?;
    let after = given.cursor(Listing::Series)?;
    let format = Format::negotiate(&given, headers, FORMATS)?;
    let version = version(client, "version", given.text("version")).await?;
    let select = key_cursor(select, after)
        .and("version = {version:String}")
        .bind("version", version.version.as_str());
    if format != Format::Json {
        let sql = format!(
            "SELECT version, gtin, toString(country) AS country, toString(uom) AS uom, day, days_ahead, \
             mean{} FROM forecasts FINAL WHERE {{where}} ORDER BY gtin, country, uom, day",
            version.quantile_columns()
        );
        let query = select.query(client, &sql, Pace::Stream);
        let name = ["forecast", version.version.as_str()];
        return table::file(query, format, &name, shutdown).await;
    }
    let limit = usize::from(limit.unwrap_or(PAGE));
    let sql = format!(
        "SELECT {SERIES_COLUMNS} FROM forecast_series FINAL WHERE {{where}} \
         ORDER BY gtin, country, uom LIMIT {{limit:UInt64}}"
    );
    let mut rows: Vec<SeriesRow> = select
        .clone()
        .bind("limit", limit as i64 + 1)
        .query(client, &sql, Pace::Answer)
        .fetch_all()
        .await?;
    let next = next_page(&mut rows, limit, |last| last.key().cursor());
    let (mut points, names) = futures::try_join!(
        points(client, select, rows.last()),
        names(client, rows.iter().map(|row| row.gtin.clone()))
    )?;
    let series: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let key = row.key();
            let points = points.remove(&(key.gtin, key.country, key.uom));
            let product = names.get(&row.gtin);
            row.json(product, points.unwrap_or_default())
        })
        .collect();
    let Version {
        version,
        cutoff,
        known_at,
        made_at,
        horizon_days,
        quantile_levels,
        ..
    } = version;
    Ok(Json(json!({
        "version": version,
        "data_cutoff": cutoff,
        "as_of": iso(known_at),
        "created_at": iso(made_at),
        "horizon_days": horizon_days,
        "quantile_levels": quantile_levels,
        "series": series,
        "next": next,
    }))
    .into_response())
}

type Points = HashMap<(String, String, String), Vec<Value>>;

/// The days of the series up to and with `last`.
async fn points(
    client: &Client,
    select: Select,
    last: Option<&SeriesRow>,
) -> Result<Points, Problem> {
    let mut points = Points::new();
    let Some(last) = last else {
        return Ok(points);
    };
    let sql = "SELECT gtin, toString(country) AS country, toString(uom) AS uom, \
               toString(day) AS date, mean, quantiles FROM forecasts FINAL WHERE {where} \
               ORDER BY gtin, country, uom, day";
    let mut rows = select
        .and(
            "(gtin, toString(country), toString(uom)) <= \
             ({last_gtin:String}, {last_country:String}, {last_uom:String})",
        )
        .bind("last_gtin", last.gtin.as_str())
        .bind("last_country", last.country.as_str())
        .bind("last_uom", last.uom.as_str())
        .query(client, sql, Pace::Answer)
        .fetch::<PointRow>()?;
    while let Some(row) = rows.next().await? {
        let point = json!({"day": row.date, "mean": row.mean, "quantiles": row.quantiles});
        let key = (row.gtin, row.country, row.uom);
        points.entry(key).or_default().push(point);
    }
    Ok(points)
}
