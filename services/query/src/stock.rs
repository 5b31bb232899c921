//! `GET /v1/where`: units in stock by place, or where one unit is.

use crate::alerts::some;
use crate::cursor::{Cursor, Listing, next_page};
use crate::parameters::Parameters;
use crate::places::{Place, places};
use crate::problem::Problem;
use crate::recall::{as_of, must_be_known, product};
use crate::select::{Pace, Select};
use crate::time::{iso, iso_unless_epoch};
use crate::whereabouts::{Now, NowRow, Scope};
use axum::http::Uri;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_gs1::Epc;
use serialtrail_records::reference::LOCATION_KINDS;

/// Parameters this resource knows.
pub const PARAMETERS: &[&str] = &[
    "gtin", "lot", "country", "site", "kind", "id", "limit", "cursor",
];

/// Rows on a page unless asked otherwise.
const PAGE: u16 = 100;

/// Answers the request.
///
/// # Errors
/// See [`Problem`].
pub async fn answer(client: &Client, uri: &Uri) -> Result<Value, Problem> {
    let given = Parameters::read(uri, PARAMETERS)?;
    if given.text("id").is_some() {
        let given = Parameters::read(uri, &["id"])?;
        return match given.unit("id", "epc")? {
            Some(unit) => of_unit(client, &unit).await,
            None => Err(missing()),
        };
    }
    let gtin = given.product("gtin", "product")?.ok_or_else(missing)?;
    let scope = Scope {
        gtin,
        lot: given.text("lot").map(str::to_owned),
    };
    let limit = given.limit()?.unwrap_or(PAGE);
    let Now { sql, select } = Now::of(&scope, &scope.everything());
    let select = select
        .and("whereabouts IN ('at_site', 'in_transit')")
        .when(
            "country",
            given.country("country")?,
            "country = {country:String}",
        )
        .when("site", given.place("site")?, "site = {site:String}")
        .when(
            "kinds",
            given.words("kind", LOCATION_KINDS)?,
            "site IN (SELECT gln FROM locations FINAL WHERE kind IN {kinds:Array(String)})",
        )
        .bind("limit", i64::from(limit) + 1);
    let (select, having) = match given.cursor(Listing::Where)? {
        None => (select, ""),
        Some(Cursor(units, id)) => (
            select.bind("after_units", units).bind("after_id", id),
            "HAVING (-toInt64(units), id) > (-{after_units:Int64}, {after_id:String})",
        ),
    };
    let sql = format!(
        "SELECT lot, site, country, whereabouts, count() AS units, min(last_time) AS oldest, \
         max(last_time) AS newest, toString((lot, site, country, whereabouts)) AS id FROM ({sql}) \
         WHERE {{where}} GROUP BY lot, site, country, whereabouts {having} \
         ORDER BY -toInt64(units), id LIMIT {{limit:UInt64}}"
    );
    must_be_known(client, &scope).await?;
    page(client, &scope, select, &sql, limit).await
}

fn missing() -> Problem {
    Problem::missing(
        "gtin",
        "a product as gtin=<GTIN>, or one unit as id=<identifier>",
    )
}

#[derive(Row, Deserialize)]
struct Stock {
    lot: String,
    site: String,
    country: String,
    whereabouts: String,
    units: u64,
    oldest: i64,
    newest: i64,
    id: String,
}

async fn page(
    client: &Client,
    scope: &Scope,
    select: Select,
    sql: &str,
    limit: u16,
) -> Result<Value, Problem> {
    let rows = async {
        let rows: Vec<Stock> = select.query(client, sql, Pace::Long).fetch_all().await?;
        Ok::<_, Problem>(rows)
    };
    let (product, as_of, mut rows) =
        futures::try_join!(product(client, &scope.gtin), as_of(client), rows)?;
    let next = next_page(&mut rows, usize::from(limit), |last| {
        Cursor(last.units as i64, last.id.clone()).encode(Listing::Where)
    });
    let glns = rows.iter().map(|row| row.site.clone()).collect();
    let known = places(client, Some(glns)).await?;
    let name = product.map(|product| product["name"].clone());
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let place = known.get(&row.site).cloned().unwrap_or_default();
            json!({
                "gtin": scope.gtin,
                "product": name,
                "lot": some(row.lot),
                "site": some(row.site),
                "site_name": place.name,
                "site_kind": place.kind,
                "country": some(row.country),
                "latitude": place.latitude,
                "longitude": place.longitude,
                "whereabouts": row.whereabouts,
                "units": row.units,
                "oldest": iso(row.oldest),
                "newest": iso(row.newest),
            })
        })
        .collect();
    Ok(json!({ "as_of": as_of, "rows": rows, "next": next }))
}

async fn of_unit(client: &Client, unit: &Epc) -> Result<Value, Problem> {
    let Now { sql, select } = Now::of_unit(unit);
    let row: Option<NowRow> = select
        .query(client, &sql, Pace::Answer)
        .fetch_optional()
        .await?;
    let row = row.ok_or_else(|| {
        let detail = format!(
            "{unit} is well-formed, but nothing that holds was loaded or reported about it"
        );
        Problem::not_found("unknown_unit", detail)
    })?;
    let place: Place = places(client, Some(vec![row.site.clone()]))
        .await?
        .remove(&row.site)
        .unwrap_or_default();
    let product = match unit.gtin() {
        Some(gtin) => product(client, &gtin).await?,
        None => None,
    };
    Ok(json!({
        "unit": row.unit,
        "epc": unit.digital_link(),
        "product": product.map(|product| product["name"].clone()),
        "lot": some(row.lot.clone()),
        "whereabouts": row.whereabouts,
        "site": some(row.site.clone()),
        "site_name": place.name,
        "site_kind": place.kind,
        "country": some(row.country.clone()),
        "latitude": place.latitude,
        "longitude": place.longitude,
        "party": some(row.party.clone()),
        "last_step": some(row.last_step.clone()),
        "container": some(row.container.clone()),
        "to_site": row.to_site(),
        "since": iso_unless_epoch(row.last_time),
    }))
}
