//! `GET /v1/trace`: everything known about one unit.
//!
//! Each part is one statement whose first condition is the unit (or its product), the leading column
//! of the table's sort key: a trace reads a few granules however large the tables are.

mod containment;
mod journey;
mod registry;

pub use journey::journey_query;

use crate::alerts::AlertRow;
use crate::cursor::Listing;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use axum::http::Uri;
use clickhouse::Client;
use serde_json::{Value, json};
use serialtrail_gs1::{Epc, parse_identifier};

/// Parameters of `/v1/trace`.
pub const PARAMETERS: &[&str] = &["id", "limit", "cursor"];
/// Parameters of `/v1/trace/{unit}`.
pub const PATH_PARAMETERS: &[&str] = &["limit", "cursor"];

/// Reads on a page unless asked otherwise.
const PAGE: u16 = 200;
/// Alerts shown; a unit has one open alert a rule, the rest are retracted ones.
const ALERTS: i64 = 1000;

/// Answers `/v1/trace?id=`.
///
/// # Errors
/// See [`Problem`].
pub async fn by_id(client: &Client, uri: &Uri) -> Result<Value, Problem> {
    let given = Parameters::read(uri, PARAMETERS)?;
    let id = given.text("id").ok_or_else(|| {
        Problem::parameter(
            "id",
            "give the unit as id=: an EPC URN, a GS1 Digital Link, a key such as \
             01/<gtin>/21/<serial> or an element string such as (01)…(21)…, percent-encoded",
        )
    })?;
    let unit = parse_identifier(id).map_err(|error| Problem::identifier("id", &error))?;
    answer(client, &unit, &given).await
}

/// Answers `/v1/trace/{unit}`; `unit` is decoded.
///
/// # Errors
/// See [`Problem`].
pub async fn by_path(client: &Client, unit: &str, uri: &Uri) -> Result<Value, Problem> {
    let given = Parameters::read(uri, PATH_PARAMETERS)?;
    let unit = parse_identifier(unit).map_err(|error| Problem::identifier("unit", &error))?;
    answer(client, &unit, &given).await
}

/// Condition and value of a unit.
fn of(unit: &Epc) -> Select {
    Select::new()
        .and("unit = {unit:String}")
        .bind("unit", unit.key())
}

async fn answer(client: &Client, unit: &Epc, given: &Parameters) -> Result<Value, Problem> {
    let limit = given.limit()?.unwrap_or(PAGE);
    let after = given.cursor(Listing::Journey)?;
    let gtin = unit.gtin();
    let (entry, product, journey, custody, containment, contents, alerts) = futures::try_join!(
        registry::entry(client, unit),
        registry::product(client, gtin.as_deref()),
        journey::page(client, unit, limit, after),
        journey::custody(client, unit),
        containment::of_child(client, unit),
        containment::contents(client, unit, limit),
        alerts_of(client, unit),
    )?;
    let nothing = entry.is_none()
        && journey.reads.is_empty()
        && containment.is_empty()
        && contents.is_none()
        && alerts.is_empty();
    if nothing && !journey::was_ever_read(client, unit).await? {
        return Err(Problem::not_found(
            "unknown_unit",
            format!("{unit} is well-formed, but nothing was ever loaded or reported about it"),
        ));
    }
    let lot = entry
        .as_ref()
        .and_then(|entry| entry.lot())
        .or(journey.lot.as_deref());
    let lot_statements = registry::lot_statements(client, unit, lot).await?;
    let parties = registry::party_names(client, &custody).await?;
    let containment = containment::json(client, containment).await?;
    Ok(json!({
        "unit": &*unit.key(),
        "epc": unit.digital_link(),
        "kind": unit.kind().as_str(),
        "registry": entry.and_then(registry::Entry::json),
        "product": product,
        "lot_statements": lot_statements,
        "journey": journey.reads,
        "next": journey.next,
        "custody": journey::custody_json(custody, &parties),
        "containment": containment,
        "contents": contents,
        "alerts": alerts,
    }))
}

async fn alerts_of(client: &Client, unit: &Epc) -> Result<Vec<Value>, Problem> {
    let sql = format!(
        "SELECT {} FROM alerts FINAL WHERE {{where}} ORDER BY event_time DESC, alert_id DESC \
         LIMIT {{limit:UInt64}}",
        crate::alerts::COLUMNS
    );
    let select = Select::new()
        .and("subject = {unit:String}")
        .bind("unit", unit.key())
        .bind("limit", ALERTS);
    let rows: Vec<AlertRow> = select.query(client, &sql, Pace::Answer).fetch_all().await?;
    Ok(rows.into_iter().map(AlertRow::json).collect())
}

/// A key of ours as a Digital Link.
fn link(key: impl AsRef<str>) -> String {
    Epc::from_record(key).digital_link()
}
