//! Spells uploads as EPCIS 2.0 JSON-LD documents.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::Simulation;
use crate::event::{Event, Micros, Shape};
use crate::identifiers as id;
use crate::noise::Upload;

/// ISO 8601 with milliseconds, UTC.
pub(crate) fn iso(t: Micros) -> String {
    DateTime::<Utc>::from_timestamp_micros(t).map_or_else(String::new, |d| {
        d.to_rfc3339_opts(SecondsFormat::Millis, true)
    })
}

fn offset(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The document of one upload.
pub(crate) fn document(sim: &Simulation, upload: &Upload) -> Value {
    let events: Vec<Value> = upload
        .events
        .iter()
        .map(|&i| spell(sim, &sim.events[i]))
        .collect();
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": iso(upload.time),
        "epcisBody": { "eventList": events },
    })
}

fn spell(sim: &Simulation, e: &Event) -> Value {
    let party = &sim.world.parties[e.party];
    let place = &sim.world.locations[e.place];
    let unit = |urn: &String| {
        if party.spells_links {
            id::link(urn)
        } else {
            urn.clone()
        }
    };
    let site = |gln: &str| {
        if party.spells_links {
            id::sgln_link(gln, 0)
        } else {
            id::sgln_urn(gln, 0)
        }
    };
    let mut o = Map::new();
    let mut put = |k: &str, v: Value| {
        o.insert(k.to_owned(), v);
    };
    let (kind, action) = match &e.shape {
        Shape::Object { action, .. } => ("ObjectEvent", action),
        Shape::Aggregation { action, .. } => ("AggregationEvent", action),
        Shape::Transaction { action, .. } => ("TransactionEvent", action),
    };
    put("type", json!(kind));
    if e.publishes_id {
        put("eventID", json!(e.id));
    }
    put("eventTime", json!(iso(e.time)));
    put("eventTimeZoneOffset", json!(offset(place.offset_minutes)));
    put("action", json!(action));
    match &e.shape {
        Shape::Object { epcs, classes, .. } => {
            if !epcs.is_empty() {
                put("epcList", json!(epcs.iter().map(unit).collect::<Vec<_>>()));
            }
            if !classes.is_empty() {
                let list: Vec<Value> = classes
                    .iter()
                    .map(|(c, q)| json!({"epcClass": unit(c), "quantity": q}))
                    .collect();
                put("quantityList", json!(list));
            }
        }
        Shape::Aggregation {
            parent, children, ..
        } => {
            put("parentID", json!(unit(parent)));
            if !children.is_empty() {
                put(
                    "childEPCs",
                    json!(children.iter().map(unit).collect::<Vec<_>>()),
                );
            }
        }
        Shape::Transaction {
            epcs, transactions, ..
        } => {
            let list: Vec<Value> = transactions
                .iter()
                .map(|(t, i)| json!({"type": t, "bizTransaction": i}))
                .collect();
            put("bizTransactionList", json!(list));
            put("epcList", json!(epcs.iter().map(unit).collect::<Vec<_>>()));
        }
    }
    put("bizStep", json!(e.step));
    if let Some(d) = e.disposition {
        put("disposition", json!(d));
    }
    put(
        "readPoint",
        json!({"id": if party.spells_links { id::sgln_link(&place.gln, 1) } else { id::sgln_urn(&place.gln, 1) }}),
    );
    put("bizLocation", json!({"id": site(&place.gln)}));
    if let Some(to) = e.destination {
        let to = &sim.world.locations[to];
        let receiver = &sim.world.parties[to.party];
        put(
            "sourceList",
            json!([{"type": "possessing_party", "source": id::pgln_urn(&party.gln)},
                   {"type": "location", "source": site(&place.gln)}]),
        );
        put(
            "destinationList",
            json!([{"type": "possessing_party", "destination": id::pgln_urn(&receiver.gln)},
                   {"type": "location", "destination": site(&to.gln)}]),
        );
    }
    if let Some((lot, expiry)) = &e.lot {
        put(
            "ilmd",
            json!({"cbvmda:lotNumber": lot, "cbvmda:itemExpirationDate": expiry}),
        );
    }
    if let Some(t) = e.declared_in_error {
        put(
            "errorDeclaration",
            json!({"declarationTime": iso(t), "reason": "incorrect_data"}),
        );
    }
    Value::Object(o)
}
