//! `GET /v1/demand`: what was sold by product, market and local day, as far as is known.
//! `GET /v1/demand/series`: which series there are.

use crate::cursor::{Listing, next_page};
use crate::media::Format;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::products::names;
use crate::select::Pace;
use crate::series::{Key, day_cursor, days_after, filters, key_cursor};
use crate::table;
use crate::time::{days, iso};
use axum::Json;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_runtime::Shutdown;

/// Parameters of `/v1/demand`.
pub const PARAMETERS: &[&str] = &[
    "gtin", "country", "uom", "from", "to", "format", "limit", "cursor",
];
/// Parameters of `/v1/demand/series`.
pub const SERIES_PARAMETERS: &[&str] = &["gtin", "country", "uom", "limit", "cursor"];

/// Forms of the answer.
const FORMATS: &[Format] = &[Format::Json, Format::Csv, Format::Parquet];
/// Days on a page unless asked otherwise.
const PAGE: u16 = 1000;
/// Series on a page unless asked otherwise.
const SERIES: u16 = 100;

#[derive(Debug, Row, Deserialize)]
struct DayRow {
    gtin: String,
    country: String,
    uom: String,
    date: String,
    demand: f64,
    sold: f64,
    returned: f64,
    repeated: f64,
    complete: bool,
    known_at: i64,
}

const DAY_COLUMNS: &str = "gtin, toString(country) AS country, toString(uom) AS uom, \
    toString(day) AS date, demand, sold, returned, repeated, complete, as_of AS known_at";

/// Answers `/v1/demand`.
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
    let (from, to) = days(&given)?;
    let select = filters(&given)?
        .when("from", from, "day >= toDate({from:String})")
        .when("to", to, "day <= toDate({to:String})");
    let limit = given.limit()?;
    let after = given.cursor(Listing::Demand)?;
    let format = Format::negotiate(&given, headers, FORMATS)?;
    let select = days_after(select, after);
    let order = "ORDER BY concat(gtin, '/', country, '/', uom, '/', toString(day))";
    if format != Format::Json {
        let sql = format!(
            "SELECT gtin, toString(country) AS country, toString(uom) AS uom, day, demand, sold, \
             returned, repeated, complete, as_of FROM daily_demand FINAL WHERE {{where}} \
             ORDER BY gtin, country, uom, day{}",
            if limit.is_some() {
                " LIMIT {limit:UInt64}"
            } else {
                ""
            }
        );
        let select = match limit {
            Some(limit) => select.bind("limit", i64::from(limit)),
            None => select,
        };
        let query = select.query(client, &sql, Pace::Stream);
        return table::file(query, format, &["demand"], shutdown).await;
    }
    let limit = usize::from(limit.unwrap_or(PAGE));
    let sql = format!(
        "SELECT {DAY_COLUMNS} FROM daily_demand FINAL WHERE {{where}} {order} LIMIT {{limit:UInt64}}"
    );
    let select = select.bind("limit", limit as i64 + 1);
    let mut rows: Vec<DayRow> = select.query(client, &sql, Pace::Answer).fetch_all().await?;
    let next = next_page(&mut rows, limit, |last| {
        let day = [&*last.gtin, &*last.country, &*last.uom, &*last.date];
        day_cursor(day, Listing::Demand)
    });
    let names = names(client, rows.iter().map(|row| row.gtin.clone())).await?;
    let as_of = rows.iter().map(|row| row.known_at).max().map(iso);
    let mut series: Vec<(Key, Vec<Value>)> = Vec::new();
    for row in rows {
        let key = Key::new(&row.gtin, &row.country, &row.uom);
        let day = json!({
            "day": row.date,
            "demand": row.demand,
            "sold": row.sold,
            "returned": row.returned,
            "repeated": row.repeated,
            "complete": row.complete,
        });
        match series.last_mut() {
            Some((last, list)) if *last == key => list.push(day),
            _ => series.push((key, vec![day])),
        }
    }
    let message = series
        .is_empty()
        .then_some("no demand is known for this product, market and time: nothing was sold there, or nobody reported it");
    let series: Vec<Value> = series
        .into_iter()
        .map(|(key, list)| {
            json!({
                "gtin": key.gtin,
                "product": names.get(&key.gtin),
                "country": key.country,
                "uom": key.uom,
                "days": list,
            })
        })
        .collect();
    let answer = json!({"series": series, "message": message, "as_of": as_of, "next": next});
    Ok(Json(answer).into_response())
}

#[derive(Debug, Row, Deserialize)]
struct SeriesRow {
    gtin: String,
    country: String,
    uom: String,
    first: String,
    last: String,
    days: u64,
    total: f64,
    forecast: String,
}

/// Answers `/v1/demand/series`.
///
/// # Errors
/// See [`Problem`].
pub async fn series(client: &Client, uri: &Uri) -> Result<Value, Problem> {
    let given = Parameters::read(uri, SERIES_PARAMETERS)?;
    let limit = usize::from(given.limit()?.unwrap_or(SERIES));
    let select = key_cursor(filters(&given)?, given.cursor(Listing::Series)?)
        .bind("limit", limit as i64 + 1);
    let sql = "SELECT d.gtin AS gtin, d.country AS country, d.uom AS uom, d.first AS first, \
        d.last AS last, d.days AS days, d.total AS total, \
        if(f.status = '', 'none', f.status) AS forecast FROM \
        (SELECT gtin, toString(country) AS country, toString(uom) AS uom, toString(min(day)) AS first, \
         toString(max(day)) AS last, count() AS days, sum(demand) AS total \
         FROM daily_demand FINAL WHERE {where} GROUP BY gtin, country, uom \
         ORDER BY gtin, country, uom LIMIT {limit:UInt64}) AS d \
        LEFT JOIN (SELECT gtin, toString(country) AS country, toString(uom) AS uom, \
         toString(status) AS status FROM forecast_series FINAL WHERE version = \
         (SELECT version FROM forecast_versions FINAL ORDER BY confirmed_at DESC, version DESC LIMIT 1)) AS f \
        ON d.gtin = f.gtin AND d.country = f.country AND d.uom = f.uom \
        ORDER BY gtin, country, uom";
    let mut rows: Vec<SeriesRow> = select.query(client, sql, Pace::Answer).fetch_all().await?;
    let next = next_page(&mut rows, limit, |last| {
        Key::new(&last.gtin, &last.country, &last.uom).cursor()
    });
    let names = names(client, rows.iter().map(|row| row.gtin.clone())).await?;
    let series: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            json!({
                "product": names.get(&row.gtin),
                "gtin": row.gtin,
                "country": row.country,
                "uom": row.uom,
                "first_day": row.first,
                "last_day": row.last,
                "days": row.days,
                "demand": row.total,
                "forecast": row.forecast,
            })
        })
        .collect();
    Ok(json!({ "series": series, "next": next }))
}
