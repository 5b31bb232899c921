//! Any JSON value as an event: a hash without a panic, the same for fields and lists in another order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use serialtrail_epcis::{Context, event_hash};

fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .rev()
                // The order of text and elements mixed says something.
                .map(|(name, value)| match name.as_str() {
                    "#mixed" => (name.clone(), value.clone()),
                    _ => (name.clone(), reversed(value)),
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

fuzz_target!(|text: &[u8]| {
    let Ok(event) = serde_json::from_slice::<Value>(text) else {
        return;
    };
    let context = event
        .get("@context")
        .and_then(|context| Context::standard().extended(context).ok())
        .unwrap_or_else(Context::standard);
    assert_eq!(
        event_hash(&event, &context),
        event_hash(&reversed(&event), &context)
    );
});
