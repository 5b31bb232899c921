//! What is registered about a unit, its product, its lot and the parties that had it.

use super::of;
use crate::alerts::some;
use crate::custody::Custody;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::{iso, iso_unless_epoch};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use serialtrail_gs1::{Epc, KeyText};
use std::collections::HashMap;

/// The serial registry's view of a unit.
#[derive(Debug, Clone, Row, Deserialize)]
pub(super) struct Entry {
    gtin: String,
    serial: String,
    lot: String,
    expiry: String,
    markets: Vec<String>,
    status: String,
    status_since: Option<i64>,
    known: bool,
    known_by: String,
    commissioned_at: Option<i64>,
    issued_by: String,
    source_event: String,
    attributes: Vec<(String, String)>,
    source_party: String,
}

impl Entry {
    /// Lot, where the registry knows it.
    pub(super) fn lot(&self) -> Option<&str> {
        Some(self.lot.as_str()).filter(|lot| !lot.is_empty())
    }

    /// As in the answer. The registry keeps a state for every unit it ever heard of; one that was
    /// neither loaded nor commissioned and has no status of its own is no entry.
    pub(super) fn json(self) -> Option<Value> {
        if !self.known && self.status.is_empty() {
            return None;
        }
        Some(json!({
            "gtin": some(self.gtin),
            "serial": some(self.serial),
            "lot": some(self.lot),
            "expiry": some(self.expiry),
            "markets": self.markets,
            "status": some(self.status),
            "status_since": self.status_since.map(iso),
            "known": self.known,
            "known_by": some(self.known_by),
            "commissioned_at": self.commissioned_at.map(iso),
            "issued_by": some(self.issued_by),
            "source_event": some(self.source_event),
            "attributes": attributes(self.attributes),
            "source_party": some(self.source_party),
        }))
    }
}

fn attributes(pairs: Vec<(String, String)>) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
}

/// The registry's row of a unit.
pub(super) async fn entry(client: &Client, unit: &Epc) -> Result<Option<Entry>, Problem> {
    let sql = "SELECT gtin, serial, lot, expiry, markets, status, status_since, known, known_by, \
               commissioned_at, issued_by, source_event, attributes, source_party \
               FROM serials FINAL WHERE {where}";
    Ok(of(unit)
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?)
}

#[derive(Row, Deserialize)]
struct ProductRow {
    gtin: String,
    name: String,
    brand: String,
    profile: String,
    markets: Vec<String>,
    issuers: Vec<String>,
    valid_from: i64,
    attributes: Vec<(String, String)>,
}

/// The version of a product that is valid today.
pub(super) async fn product(client: &Client, gtin: Option<&str>) -> Result<Option<Value>, Problem> {
    let Some(gtin) = gtin else { return Ok(None) };
    let sql = "SELECT gtin, name, brand, profile, markets, issuers, valid_from, attributes \
               FROM products FINAL WHERE {where} ORDER BY valid_from DESC LIMIT 1";
    let select = Select::new()
        .and("gtin = {gtin:String}")
        .and("valid_from <= now64(6)")
        .bind("gtin", gtin);
    let row: Option<ProductRow> = select
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?;
    Ok(row.map(|row| {
        json!({
            "gtin": row.gtin,
            "name": row.name,
            "brand": some(row.brand),
            "profile": row.profile,
            "markets": row.markets,
            "issuers": row.issuers,
            "valid_from": iso_unless_epoch(row.valid_from),
            "attributes": attributes(row.attributes),
        })
    }))
}

#[derive(Row, Deserialize)]
struct LotRow {
    lot: String,
    source: String,
    expiry: String,
    markets: Vec<String>,
    status: String,
    status_since: Option<i64>,
    status_markets: Vec<String>,
    authorised: bool,
    record_time: i64,
    source_party: String,
}

/// What is said about the unit's lot: loads and recalls, oldest first.
pub(super) async fn lot_statements(
    client: &Client,
    unit: &Epc,
    lot: Option<&str>,
) -> Result<Vec<Value>, Problem> {
    let (Some(gtin), Some(lot)) = (unit.gtin(), unit.lot().or(lot.map(KeyText::from))) else {
        return Ok(Vec::new());
    };
    let sql = "SELECT lot, source, expiry, markets, status, status_since, status_markets, authorised, \
               record_time, source_party FROM lots FINAL WHERE {where} \
               ORDER BY record_time, source LIMIT 100";
    let select = Select::new()
        .and("gtin = {gtin:String}")
        .and("lot = {lot:String}")
        .and("state = 'asserted'")
        .bind("gtin", gtin)
        .bind("lot", lot);
    let rows: Vec<LotRow> = select.query(client, sql, Pace::Answer).fetch_all().await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            json!({
                "lot": row.lot,
                "source": row.source,
                "expiry": some(row.expiry),
                "markets": row.markets,
                "status": row.status,
                "status_since": row.status_since.map(iso),
                "status_markets": row.status_markets,
                "authorised": row.authorised,
                "record_time": iso(row.record_time),
                "source_party": some(row.source_party),
            })
        })
        .collect())
}

#[derive(Row, Deserialize)]
struct PartyRow {
    gln: String,
    name: String,
}

/// Names of the parties that had the unit, by GLN.
pub(super) async fn party_names(
    client: &Client,
    custody: &[Custody],
) -> Result<HashMap<String, String>, Problem> {
    let mut glns: Vec<String> = custody
        .iter()
        .map(|custody| custody.party.clone())
        .collect();
    glns.sort();
    glns.dedup();
    if glns.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT gln, name FROM parties FINAL WHERE {where} ORDER BY valid_from";
    let select = Select::new()
        .and("gln IN {glns:Array(String)}")
        .and("valid_from <= now64(6)")
        .bind("glns", glns);
    let rows: Vec<PartyRow> = select.query(client, sql, Pace::Answer).fetch_all().await?;
    // Later versions replace earlier ones.
    Ok(rows.into_iter().map(|row| (row.gln, row.name)).collect())
}
