//! What is known of the lot itself.

use crate::alerts::some;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::{iso, iso_unless_epoch};
use crate::whereabouts::Scope;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};

/// 404 that says what is not known: the product, or the lot of it.
pub(crate) async fn must_be_known(client: &Client, scope: &Scope) -> Result<(), Problem> {
    if scope.is_known(client).await? {
        return Ok(());
    }
    let Scope { gtin, lot } = scope;
    let lot = lot.as_deref().unwrap_or_default();
    let product = Scope {
        gtin: gtin.clone(),
        lot: None,
    };
    let known = product.is_known(client).await? || self::product(client, gtin).await?.is_some();
    let detail = if lot.is_empty() || !known {
        format!("nothing was ever loaded or reported about units of the product {gtin}")
    } else {
        format!(
            "the product {gtin} is known, but nothing was ever loaded or reported about a lot {lot:?} \
             of it; lots are compared letter by letter"
        )
    };
    let reason = if lot.is_empty() {
        "unknown_product"
    } else {
        "unknown_lot"
    };
    Err(Problem::not_found(reason, detail))
}

/// Name and brand of a product, where it is known.
pub(crate) async fn product(client: &Client, gtin: &str) -> Result<Option<Value>, Problem> {
    #[derive(Row, Deserialize)]
    struct ProductRow {
        name: String,
        brand: String,
    }
    let sql = "SELECT name, toString(brand) AS brand FROM products FINAL WHERE {where} \
               ORDER BY valid_from DESC LIMIT 1";
    let row: Option<ProductRow> = Select::new()
        .and("gtin = {gtin:String}")
        .and("valid_from <= now64(6)")
        .bind("gtin", gtin)
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?;
    Ok(row.map(|row| json!({"name": row.name, "brand": some(row.brand)})))
}

/// The gravest of what is said about the lot by those who may; of equals the earliest.
pub(super) async fn status(client: &Client, scope: &Scope) -> Result<Option<Value>, Problem> {
    #[derive(Row, Deserialize)]
    struct StatusRow {
        said: String,
        since: Option<i64>,
        markets: Vec<String>,
        authorised: bool,
        source_party: String,
    }
    let sql = "SELECT toString(if(status = '', 'active', status)) AS said, status_since AS since, \
               status_markets AS markets, authorised, toString(source_party) AS source_party \
               FROM lots FINAL WHERE {where} \
               ORDER BY authorised DESC, indexOf(['recalled', 'withdrawn', 'active'], said), \
               since NULLS FIRST, record_time, source LIMIT 1";
    let row: Option<StatusRow> = Select::new()
        .and("gtin = {gtin:String}")
        .and("lot = {lot:String}")
        .and("state = 'asserted'")
        .bind("gtin", scope.gtin.as_str())
        .bind("lot", scope.lot.clone().unwrap_or_default())
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?;
    Ok(row.map(|row| {
        json!({
            "status": row.said,
            "since": row.since.map(iso),
            "markets": row.markets,
            "by": some(row.source_party),
            "authorised": row.authorised,
        })
    }))
}

/// Up to which record time reads have landed.
pub(crate) async fn as_of(client: &Client) -> Result<Option<String>, Problem> {
    let sql = "SELECT max(record_time) FROM observations";
    let latest: i64 = Select::new()
        .query(client, sql, Pace::Answer)
        .fetch_one()
        .await?;
    Ok(iso_unless_epoch(latest))
}
