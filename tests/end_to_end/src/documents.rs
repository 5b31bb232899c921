//! Short ways to spell EPCIS 2.0 JSON-LD.

use serde_json::{Value, json};

/// A document around events.
#[must_use]
pub fn document(events: Vec<Value>) -> Value {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-01T00:00:00Z",
        "epcisBody": { "eventList": events },
    })
}

/// A single event as `POST /epcis/v2/events` takes it: with its own context.
#[must_use]
pub fn bare(mut event: Value) -> Value {
    if let Value::Object(o) = &mut event {
        o.insert(
            "@context".into(),
            json!(["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"]),
        );
    }
    event
}

fn base(kind: &str, action: &str, time: &str, step: &str, place: &str) -> Value {
    json!({
        "type": kind, "action": action, "eventTime": time, "eventTimeZoneOffset": "+00:00",
        "bizStep": step, "readPoint": {"id": place}, "bizLocation": {"id": place},
    })
}

fn with(mut event: Value, key: &str, value: Value) -> Value {
    if let Value::Object(o) = &mut event {
        o.insert(key.into(), value);
    }
    event
}

/// ObjectEvent over units.
#[must_use]
pub fn object(action: &str, time: &str, step: &str, place: &str, epcs: &[String]) -> Value {
    with(
        base("ObjectEvent", action, time, step, place),
        "epcList",
        json!(epcs),
    )
}

/// ObjectEvent ADD that commissions units of a lot.
#[must_use]
pub fn commissioning(time: &str, place: &str, lot: &str, expiry: &str, epcs: &[String]) -> Value {
    let event = object("ADD", time, "commissioning", place, epcs);
    with(
        event,
        "ilmd",
        json!({"cbvmda:lotNumber": lot, "cbvmda:itemExpirationDate": expiry}),
    )
}

/// AggregationEvent; no children means all.
#[must_use]
pub fn aggregation(
    action: &str,
    time: &str,
    step: &str,
    place: &str,
    parent: &str,
    children: &[String],
) -> Value {
    let event = with(
        base("AggregationEvent", action, time, step, place),
        "parentID",
        json!(parent),
    );
    if children.is_empty() {
        event
    } else {
        with(event, "childEPCs", json!(children))
    }
}

/// ObjectEvent naming a lot with a disposition (a recall, for one).
#[must_use]
pub fn lot_event(time: &str, place: &str, class: &str, disposition: &str) -> Value {
    let event = base("ObjectEvent", "OBSERVE", time, "holding", place);
    let event = with(event, "quantityList", json!([{"epcClass": class}]));
    with(event, "disposition", json!(disposition))
}

/// The same event with an id of its own.
#[must_use]
pub fn identified(event: Value, id: &str) -> Value {
    with(event, "eventID", json!(id))
}

/// The same event with a disposition.
#[must_use]
pub fn disposed(event: Value, disposition: &str) -> Value {
    with(event, "disposition", json!(disposition))
}

/// The same event, declared in error.
#[must_use]
pub fn declared_in_error(event: Value, time: &str) -> Value {
    with(
        event,
        "errorDeclaration",
        json!({"declarationTime": time, "reason": "incorrect_data"}),
    )
}
