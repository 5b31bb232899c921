//! Sample events and ways to change them.

use serde_json::{Value, json};
use serialtrail_epcis::{Context, Event, EventError, Limits, parse_event_value};

pub(crate) fn object_event() -> Value {
    json!({
        "type": "ObjectEvent", "action": "OBSERVE",
        "eventTime": "2026-03-04T11:00:30.5+01:00", "eventTimeZoneOffset": "+01:00",
        "epcList": ["urn:epc:id:sgtin:4012345.011111.987"],
        "bizStep": "shipping", "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"}
    })
}

pub(crate) fn aggregation() -> Value {
    json!({
        "type": "AggregationEvent", "action": "ADD",
        "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00",
        "parentID": "urn:epc:id:sscc:0614141.1234567890",
        "childEPCs": ["urn:epc:id:sgtin:4012345.011111.1", "https://example.com/01/04012345111118/21/2"]
    })
}

pub(crate) fn transaction() -> Value {
    json!({
        "type": "TransactionEvent", "action": "ADD",
        "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "-05:30",
        "bizTransactionList": [{"type": "po", "bizTransaction": "http://transaction.acme.com/po/1"}],
        "epcList": ["urn:epc:id:sscc:0614141.1234567890"]
    })
}

/// `event` with the field at a JSON pointer set, or taken away where it is null.
pub(crate) fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    event
}

pub(crate) fn context() -> Context {
    Context::standard()
        .extended(&json!([{"ex": "http://ns.example.com/"}]))
        .unwrap()
}

pub(crate) fn read(event: &Value) -> Result<Event, EventError> {
    parse_event_value(event, 3, &context(), &Limits::default()).map(|(event, _)| event)
}
