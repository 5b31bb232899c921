//! The reads of a unit in event-time order, and the custody they tell of.

use super::{link, of};
use crate::alerts::some;
use crate::cursor::{Cursor, Listing, next_page};
use crate::custody::{self, Custody, Held};
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::{iso, offset};
use clickhouse::query::Query;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_gs1::Epc;
use std::collections::HashMap;

/// Reads custody is derived from, at most: the earliest ones.
const CUSTODY_READS: i64 = 10_000;

/// A read as stored.
#[derive(Debug, Clone, Row, Deserialize)]
struct ReadRow {
    event_id: String,
    direct: bool,
    role: String,
    parent: String,
    path: Vec<String>,
    quantity: Option<f64>,
    uom: String,
    event_type: String,
    action: String,
    event_time: i64,
    zone_offset_minutes: i32,
    record_time: i64,
    clock_suspect: bool,
    beyond_horizon: bool,
    biz_step: String,
    disposition: String,
    persistent_set: Vec<String>,
    persistent_unset: Vec<String>,
    read_point: String,
    biz_location: String,
    site: String,
    site_name: String,
    site_kind: String,
    country: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    party: String,
    party_role: String,
    custodian: String,
    owner: String,
    lot: String,
    event_lot: String,
    event_expiry: String,
    biz_transactions: Vec<(String, String)>,
    sources: Vec<(String, String)>,
    destinations: Vec<(String, String)>,
    scan_kind: String,
    source_party: String,
    capture_id: String,
    document_id: String,
}

const COLUMNS: &str = "event_id, direct, role, parent, path, quantity, uom, event_type, action, \
    event_time, zone_offset_minutes, record_time, clock_suspect, beyond_horizon, biz_step, disposition, \
    persistent_set, persistent_unset, read_point, biz_location, site, site_name, site_kind, country, \
    latitude, longitude, party, party_role, custodian, owner, lot, event_lot, event_expiry, \
    biz_transactions, sources, destinations, scan_kind, source_party, capture_id, document_id";

/// The highest revision of each read of the unit, whatever event time an earlier revision had.
const CURRENT: &str = "(SELECT * FROM observations WHERE unit = {unit:String} \
    ORDER BY event_id, revision DESC LIMIT 1 BY event_id)";

fn typed(list: Vec<(String, String)>) -> Vec<Value> {
    list.into_iter()
        .map(|(kind, id)| json!({ "type": some(kind), "id": id }))
        .collect()
}

impl ReadRow {
    fn site(&self) -> Value {
        if self.site.is_empty() && self.country.is_empty() && self.latitude.is_none() {
            return Value::Null;
        }
        json!({
            "gln": some(self.site.clone()),
            "name": some(self.site_name.clone()),
            "kind": some(self.site_kind.clone()),
            "country": some(self.country.clone()),
            "latitude": self.latitude,
            "longitude": self.longitude,
        })
    }

    fn json(self) -> Value {
        json!({
            "event_id": self.event_id,
            "event_time": iso(self.event_time),
            "zone_offset": offset(self.zone_offset_minutes),
            "record_time": iso(self.record_time),
            "event_type": self.event_type,
            "action": some(self.action.clone()),
            "biz_step": some(self.biz_step.clone()),
            "disposition": some(self.disposition.clone()),
            "persistent_set": self.persistent_set,
            "persistent_unset": self.persistent_unset,
            "inherited": !self.direct,
            "role": self.role,
            "parent": some(self.parent.clone()).map(link),
            "path": self.path.iter().map(|key| link(key.as_str())).collect::<Vec<_>>(),
            "quantity": self.quantity,
            "uom": some(self.uom.clone()),
            "site": self.site(),
            "read_point": some(self.read_point),
            "biz_location": some(self.biz_location),
            "party": some(self.party),
            "party_role": some(self.party_role),
            "custodian": some(self.custodian),
            "owner": some(self.owner),
            "event_lot": some(self.event_lot),
            "event_expiry": some(self.event_expiry),
            "biz_transactions": typed(self.biz_transactions),
            "sources": typed(self.sources),
            "destinations": typed(self.destinations),
            "scan_kind": some(self.scan_kind),
            "clock_suspect": self.clock_suspect,
            "beyond_horizon": self.beyond_horizon,
            "source_party": some(self.source_party),
            "capture_id": some(self.capture_id),
            "document_id": some(self.document_id),
        })
    }
}

/// One page of a journey.
#[derive(Debug, Default)]
pub(super) struct Journey {
    /// Reads, as in the answer.
    pub(super) reads: Vec<Value>,
    /// Cursor of the next page.
    pub(super) next: Option<String>,
    /// Lot by the latest read of the page that knows it.
    pub(super) lot: Option<String>,
}

/// The statement for the reads after `after`, at most `limit` and one more, which tells whether there
/// is a next page.
pub fn journey_query(client: &Client, unit: &Epc, limit: u16, after: Option<Cursor>) -> Query {
    let mut select = Select::new()
        .and("state = 'asserted'")
        .bind("unit", unit.key())
        .bind("limit", i64::from(limit) + 1);
    if let Some(Cursor(time, event)) = after {
        select = select
            .and(
                "(event_time, event_id) > \
                 (fromUnixTimestamp64Micro({after_time:Int64}, 'UTC'), {after_event:String})",
            )
            .bind("after_time", time)
            .bind("after_event", event);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM {CURRENT} WHERE {{where}} \
         ORDER BY event_time, event_id LIMIT {{limit:UInt64}}"
    );
    select.query(client, &sql, Pace::Answer)
}

/// The reads after `after`, at most `limit`.
pub(super) async fn page(
    client: &Client,
    unit: &Epc,
    limit: u16,
    after: Option<Cursor>,
) -> Result<Journey, Problem> {
    let mut rows: Vec<ReadRow> = journey_query(client, unit, limit, after)
        .fetch_all()
        .await?;
    let next = next_page(&mut rows, usize::from(limit), |last| {
        Cursor(last.event_time, last.event_id.clone()).encode(Listing::Journey)
    });
    let lot = rows
        .iter()
        .rev()
        .map(|row| &row.lot)
        .find(|lot| !lot.is_empty())
        .cloned();
    let reads = rows.into_iter().map(ReadRow::json).collect();
    Ok(Journey { reads, next, lot })
}

/// Whether any read of the unit was ever stored, those taken back included.
pub(super) async fn was_ever_read(client: &Client, unit: &Epc) -> Result<bool, Problem> {
    let sql = "SELECT count() FROM (SELECT 1 FROM observations WHERE {where} LIMIT 1)";
    let found: u64 = of(unit)
        .query(client, sql, Pace::Answer)
        .fetch_one()
        .await?;
    Ok(found > 0)
}

#[derive(Row, Deserialize)]
struct HeldRow {
    event_id: String,
    event_time: i64,
    party: String,
    custodian: String,
    biz_step: String,
    disposition: String,
}

/// Who had the unit; nobody has a class of things.
pub(super) async fn custody(client: &Client, unit: &Epc) -> Result<Vec<Custody>, Problem> {
    if unit.is_class() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT event_id, event_time, party, custodian, biz_step, disposition FROM {CURRENT} \
         WHERE {{where}} ORDER BY event_time, event_id LIMIT {{limit:UInt64}}"
    );
    let select = Select::new()
        .and("state = 'asserted'")
        .bind("unit", unit.key())
        .bind("limit", CUSTODY_READS);
    let rows: Vec<HeldRow> = select.query(client, &sql, Pace::Answer).fetch_all().await?;
    Ok(custody::custody(rows.into_iter().map(|row| Held {
        event_id: row.event_id,
        event_time: row.event_time,
        party: row.party,
        custodian: row.custodian,
        biz_step: row.biz_step,
        disposition: row.disposition,
    })))
}

/// As in the answer, with the parties' names.
pub(super) fn custody_json(list: Vec<Custody>, names: &HashMap<String, String>) -> Vec<Value> {
    list.into_iter()
        .map(|custody| {
            json!({
                "name": names.get(&custody.party),
                "party": custody.party,
                "from": iso(custody.from),
                "to": custody.to.map(iso),
                "from_event": custody.from_event,
                "to_event": custody.to_event,
                "basis": custody.basis.as_str(),
            })
        })
        .collect()
}
