//! Sample events and ways to change them; each test file takes those it needs.
#![allow(dead_code)]

use serde_json::{Value, json};
use serialtrail_epcis::{Context, Event, EventError, Limits, Tree, read_tree};

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

pub(crate) fn transformation() -> Value {
    json!({
        "type": "TransformationEvent",
        "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00",
        "inputEPCList": ["urn:epc:id:sgtin:4012345.011111.1"],
        "outputQuantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 20}]
    })
}

pub(crate) fn association() -> Value {
    json!({
        "type": "AssociationEvent", "action": "ADD",
        "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00",
        "parentID": "urn:epc:id:grai:4012345.55555.987",
        "childEPCs": ["urn:epc:id:giai:4000001.12345"]
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
    let tree = Tree::new(event.clone(), &context()).map_err(|e| EventError { index: 3, ..e })?;
    read_tree(&tree, 3, &Limits::default())
}
