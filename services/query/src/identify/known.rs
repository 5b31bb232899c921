//! What is known of the readings of a text: whether it exists, and how to call it.

use super::readings::{Candidate, Kind};
use crate::alerts::some;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::whereabouts::Scope;
use clickhouse::{Client, Row};
use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_gs1::Epc;

/// What is known of one reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// Whether anything was loaded or reported about it.
    pub(super) known: bool,
    /// Name of the product, the place or the alert's rule.
    pub(super) name: Option<String>,
    /// Lot of a unit.
    pub(super) lot: Option<String>,
}

impl Facts {
    /// As in the answer.
    pub(super) fn json(self, candidate: Candidate) -> Value {
        let key = (candidate.kind != Kind::Alert).then(|| Epc::from_record(&*candidate.key));
        let key = key.as_ref();
        let gtin = key.and_then(Epc::gtin).map(String::from);
        let serial = key.and_then(Epc::serial).map(String::from);
        let lot = self.lot.or(key.and_then(Epc::lot).map(String::from));
        let product = || {
            let gtin = gtin.as_deref().map(|gtin| format!("GTIN {gtin}"));
            self.name.clone().or(gtin).unwrap_or_default()
        };
        let label = match candidate.kind {
            Kind::Unit => match (&serial, candidate.key.strip_prefix("00/")) {
                (Some(serial), _) if gtin.is_some() => format!("{}, serial {serial}", product()),
                (_, Some(sscc)) => format!("logistic unit {sscc}"),
                _ => candidate.key.clone(),
            },
            Kind::Lot => format!("{}, lot {}", product(), lot.as_deref().unwrap_or_default()),
            Kind::Product => product(),
            Kind::Place => {
                let gln = candidate.key.trim_start_matches("414/");
                let name = self.name.unwrap_or_else(|| "place".to_owned());
                format!("{name}, GLN {gln}")
            }
            Kind::Alert => self.name.unwrap_or_else(|| "alert".to_owned()),
        };
        json!({
            "kind": candidate.kind.as_str(),
            "key": candidate.key,
            "epc": key.map(|key| key.digital_link()),
            "gtin": gtin,
            "lot": lot,
            "serial": serial,
            "label": label,
            "known": self.known,
        })
    }
}

/// What is known of each candidate, in their order.
pub(super) async fn look_up(
    client: &Client,
    candidates: &[Candidate],
) -> Result<Vec<Facts>, Problem> {
    try_join_all(candidates.iter().map(|candidate| one(client, candidate))).await
}

async fn one(client: &Client, candidate: &Candidate) -> Result<Facts, Problem> {
    let key = Epc::from_record(&*candidate.key);
    let gtin = key.gtin();
    let name = product_name(client, gtin.as_deref());
    match candidate.kind {
        Kind::Unit => {
            let (name, registered, read) =
                futures::try_join!(name, registered(client, &key), read(client, &key))?;
            let lot = [&registered, &read].into_iter().flatten().flatten().next();
            Ok(Facts {
                known: registered.is_some() || read.is_some(),
                name,
                lot: lot.cloned(),
            })
        }
        Kind::Lot => {
            let scope = Scope::of_key(&key);
            let (name, known) = futures::try_join!(name, async {
                match scope {
                    Some(scope) => scope.is_known(client).await,
                    None => Ok(false),
                }
            })?;
            Ok(Facts {
                known,
                name,
                lot: None,
            })
        }
        Kind::Product => {
            let scope = Scope::of_key(&key);
            let name = name.await?;
            let known = match (&name, scope) {
                (None, Some(scope)) => scope.is_known(client).await?,
                (name, _) => name.is_some(),
            };
            Ok(Facts {
                known,
                name,
                lot: None,
            })
        }
        Kind::Place => {
            let name = place_name(client, key.gln().as_deref().unwrap_or_default()).await?;
            Ok(Facts {
                known: name.is_some(),
                name,
                lot: None,
            })
        }
        Kind::Alert => {
            let name = alert_name(client, &candidate.key).await?;
            Ok(Facts {
                known: name.is_some(),
                name,
                lot: None,
            })
        }
    }
}

/// The first column of the first row.
async fn text(client: &Client, select: Select, sql: &str) -> Result<Option<String>, Problem> {
    #[derive(Row, Deserialize)]
    struct Text {
        text: String,
    }
    let row: Option<Text> = select
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?;
    Ok(row.map(|row| row.text))
}

/// Of a unit the registry knows: its lot, where it has one.
async fn registered(client: &Client, key: &Epc) -> Result<Option<Option<String>>, Problem> {
    let select = Select::new()
        .and("unit = {unit:String}")
        .and("known OR status != ''")
        .bind("unit", key.key());
    let sql = "SELECT lot AS text FROM serials FINAL WHERE {where}";
    Ok(text(client, select, sql).await?.map(some))
}

/// Of a unit that was ever read: its lot, where a read says it.
async fn read(client: &Client, key: &Epc) -> Result<Option<Option<String>>, Problem> {
    let select = Select::new()
        .and("unit = {unit:String}")
        .bind("unit", key.key());
    let sql = "SELECT if(lot = '', event_lot, lot) AS text FROM observations WHERE {where} \
               ORDER BY text DESC LIMIT 1";
    Ok(text(client, select, sql).await?.map(some))
}

async fn product_name(client: &Client, gtin: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(gtin) = gtin else { return Ok(None) };
    let select = Select::new()
        .and("gtin = {gtin:String}")
        .and("valid_from <= now64(6)")
        .bind("gtin", gtin);
    let sql =
        "SELECT name AS text FROM products FINAL WHERE {where} ORDER BY valid_from DESC LIMIT 1";
    text(client, select, sql).await
}

async fn place_name(client: &Client, gln: &str) -> Result<Option<String>, Problem> {
    let select = Select::new()
        .and("gln = {gln:String}")
        .and("valid_from <= now64(6)")
        .bind("gln", gln);
    let newest = "WHERE {where} ORDER BY valid_from DESC LIMIT 1";
    let place = format!("SELECT name AS text FROM locations FINAL {newest}");
    let party = format!("SELECT name AS text FROM parties FINAL {newest}");
    match text(client, select.clone(), &place).await? {
        Some(name) => Ok(Some(name)),
        None => text(client, select, &party).await,
    }
}

async fn alert_name(client: &Client, id: &str) -> Result<Option<String>, Problem> {
    let select = Select::new().and("alert_id = {id:String}").bind("id", id);
    let sql = "SELECT concat(rule, ', ', epc) AS text FROM alerts FINAL WHERE {where} LIMIT 1";
    text(client, select, sql).await
}
