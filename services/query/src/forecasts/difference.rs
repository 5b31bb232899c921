//! What changed from one version to another.

use super::FORMATS;
use super::versions::version;
use crate::cursor::{Listing, next_page};
use crate::media::Format;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::series::{Key, day_cursor, days_after, filters};
use crate::table;
use axum::Json;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_runtime::Shutdown;

/// Parameters of `/v1/forecasts/difference`.
pub const PARAMETERS: &[&str] = &[
    "from", "to", "gtin", "country", "uom", "format", "limit", "cursor",
];

/// Days on a page unless asked otherwise.
const PAGE: u16 = 1000;
/// Series of one version alone that are listed.
const ALONE: i64 = 10_000;

#[derive(Debug, Row, Deserialize)]
struct Changed {
    gtin: String,
    country: String,
    uom: String,
    date: String,
    from_mean: f64,
    to_mean: f64,
    from_quantiles: Vec<f64>,
    to_quantiles: Vec<f64>,
}

/// The days that are in both versions, with what `{columns}` takes of `a` (from) and `b` (to).
const BOTH: &str = "SELECT {columns} FROM \
    (SELECT * FROM forecasts FINAL WHERE {where} AND version = {from:String}) AS a \
    INNER JOIN (SELECT * FROM forecasts FINAL WHERE {where} AND version = {to:String}) AS b \
    ON a.gtin = b.gtin AND a.country = b.country AND a.uom = b.uom AND a.day = b.day \
    ORDER BY a.gtin, a.country, a.uom, a.day";

const KEY: &str = "a.gtin AS gtin, toString(a.country) AS country, toString(a.uom) AS uom";

/// Answers `/v1/forecasts/difference`.
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
    let named = |name: &'static str| {
        let what = format!("two versions, as from= and to=; {name} is missing");
        given
            .text(name)
            .ok_or_else(|| Problem::missing(name, &what))
    };
    let (from, to) = (named("from")?, named("to")?);
    let select = filters(&given)?;
    let limit = given.limit()?;
    let after = given.cursor(Listing::Difference)?;
    let format = Format::negotiate(&given, headers, FORMATS)?;
    let from = version(client, "from", Some(from)).await?.version;
    let to = version(client, "to", Some(to)).await?.version;
    let alone = select
        .clone()
        .bind("from", from.as_str())
        .bind("to", to.as_str());
    let select = days_after(alone.clone(), after);
    if format != Format::Json {
        let columns = format!(
            "{KEY}, a.day AS day, a.mean AS from_mean, b.mean AS to_mean, b.mean - a.mean AS change"
        );
        let sql = BOTH.replace("{columns}", &columns);
        let query = select.query(client, &sql, Pace::Stream);
        return table::file(query, format, &["difference", &from, &to], shutdown).await;
    }
    let limit = usize::from(limit.unwrap_or(PAGE));
    let columns = format!(
        "{KEY}, toString(a.day) AS date, a.mean AS from_mean, b.mean AS to_mean, \
         a.quantiles AS from_quantiles, b.quantiles AS to_quantiles"
    );
    let sql = BOTH.replace("{columns}", &columns).replace(
        "ORDER BY a.gtin, a.country, a.uom, a.day",
        "ORDER BY concat(a.gtin, '/', a.country, '/', a.uom, '/', toString(a.day))",
    ) + " LIMIT {limit:UInt64}";
    let rows = async {
        let select = select.bind("limit", limit as i64 + 1);
        let rows: Vec<Changed> = select.query(client, &sql, Pace::Answer).fetch_all().await?;
        Ok::<_, Problem>(rows)
    };
    let (mut rows, only_from, only_to) = futures::try_join!(
        rows,
        only_in(client, &alone, "{from:String}", "{to:String}"),
        only_in(client, &alone, "{to:String}", "{from:String}"),
    )?;
    let next = next_page(&mut rows, limit, |last| {
        let day = [&*last.gtin, &*last.country, &*last.uom, &*last.date];
        day_cursor(day, Listing::Difference)
    });
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            json!({
                "gtin": row.gtin,
                "country": row.country,
                "uom": row.uom,
                "day": row.date,
                "from_mean": row.from_mean,
                "to_mean": row.to_mean,
                "change": row.to_mean - row.from_mean,
                "from_quantiles": row.from_quantiles,
                "to_quantiles": row.to_quantiles,
            })
        })
        .collect();
    Ok(Json(json!({
        "from": from,
        "to": to,
        "rows": rows,
        "only_from": only_from,
        "only_to": only_to,
        "next": next,
    }))
    .into_response())
}

/// Series with a forecast in one version and none in the other.
async fn only_in(
    client: &Client,
    select: &Select,
    one: &str,
    other: &str,
) -> Result<Vec<Value>, Problem> {
    #[derive(Row, Deserialize)]
    struct Alone {
        gtin: String,
        country: String,
        uom: String,
    }
    let sql = format!(
        "SELECT gtin, toString(country) AS country, toString(uom) AS uom FROM forecast_series FINAL \
         WHERE {{where}} AND version = {one} AND status = 'ok' AND (gtin, country, uom) NOT IN \
         (SELECT gtin, toString(country), toString(uom) FROM forecast_series FINAL \
          WHERE version = {other} AND status = 'ok') \
         ORDER BY gtin, country, uom LIMIT {{alone:UInt64}}"
    );
    let rows: Vec<Alone> = select
        .clone()
        .bind("alone", ALONE)
        .query(client, &sql, Pace::Answer)
        .fetch_all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Key::new(&row.gtin, &row.country, &row.uom).json())
        .collect())
}
