//! `GET /v1/recall`: how many units of a lot there are, and where each is now.
//!
//! As JSON the sums over the whole lot and a page of its units; as NDJSON or CSV every unit, one a line.
//! What a unit's whereabouts are: [`crate::whereabouts`].

mod lines;
mod lot;
mod totals;
mod units;

pub(crate) use lot::{as_of, must_be_known, product};
pub use units::Unit;

use crate::cursor::{Cursor, Listing, next_page};
use crate::media::Format;
use crate::parameters::Parameters;
use crate::places::places;
use crate::problem::Problem;
use crate::whereabouts::{Scope, WHEREABOUTS};
use axum::Json;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use clickhouse::Client;
use serde_json::json;
use serialtrail_runtime::Shutdown;
use units::Wanted;

/// Parameters this resource knows.
pub const PARAMETERS: &[&str] = &[
    "gtin",
    "lot",
    "country",
    "whereabouts",
    "format",
    "limit",
    "cursor",
];

/// Forms of the answer.
const FORMATS: &[Format] = &[Format::Json, Format::Ndjson, Format::Csv];
/// Units on a page unless asked otherwise.
const PAGE: u16 = 100;

/// Answers the request; a stream that runs when the process ends is given a moment.
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
    let gtin = given.product("gtin", "product")?;
    let gtin = gtin.ok_or_else(|| Problem::missing("gtin", "the product, as gtin=<GTIN>"))?;
    let lot = given.text("lot");
    let lot =
        lot.ok_or_else(|| Problem::missing("lot", "the lot, as lot=<batch or lot number>"))?;
    let scope = Scope {
        gtin,
        lot: Some(lot.to_owned()),
    };
    let wanted = Wanted {
        country: given.country("country")?,
        whereabouts: given.words("whereabouts", WHEREABOUTS)?,
    };
    let limit = given.limit()?;
    let after = given.cursor(Listing::Recall)?;
    let format = Format::negotiate(&given, headers, FORMATS)?;
    let after = after.map(|Cursor(_, unit)| unit);
    lot::must_be_known(client, &scope).await?;
    if format != Format::Json {
        return lines::stream(client, scope, wanted, after, format, shutdown).await;
    }

    let limit = usize::from(limit.unwrap_or(PAGE));
    let (product, status, as_of, totals, mut rows) = futures::try_join!(
        lot::product(client, &scope.gtin),
        lot::status(client, &scope),
        lot::as_of(client),
        totals::totals(client, &scope),
        units::page(client, &scope, &wanted, after, limit),
    )?;
    let next = next_page(&mut rows, limit, |last| {
        Cursor(0, last.unit.clone()).encode(Listing::Recall)
    });
    let sites = rows.iter().map(|row| row.site.clone()).collect();
    let names = places(client, Some(sites)).await?;
    let units: Vec<Unit> = rows.into_iter().map(|row| Unit::new(row, &names)).collect();
    Ok(Json(json!({
        "gtin": scope.gtin,
        "lot": lot,
        "product": product,
        "status": status,
        "as_of": as_of,
        "totals": totals.json(client).await?,
        "units": units,
        "next": next,
    }))
    .into_response())
}
