//! What an event says, however it is spelled: for comparing events of two bindings.

use serde_json::{Map, Value};
use serialtrail_epcis::{Event, Tree};

/// The event as JSON with identifiers as their keys, names in their namespaces, attributes of XML as
/// elements, and extensions as values, of which numbers and truth values may be texts.
pub(crate) fn meaning(event: &Event, tree: &Tree) -> Value {
    let mut value = serde_json::to_value(event).unwrap();
    normalise(&mut value, tree);
    value
}

fn normalise(value: &mut Value, tree: &Tree) {
    match value {
        Value::Object(map) => {
            if let (true, Some(key)) = (map.contains_key("given"), map.get("key")) {
                *value = key.clone();
                return;
            }
            let named: Map<String, Value> = std::mem::take(map)
                .into_iter()
                .map(|(name, mut inner)| {
                    normalise(&mut inner, tree);
                    (
                        expanded(name.strip_prefix('@').unwrap_or(&name), tree),
                        inner,
                    )
                })
                .collect();
            *map = named;
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| normalise(item, tree));
            if let [one] = items.as_slice() {
                *value = one.clone();
            }
        }
        Value::String(text) if text.starts_with(['{', '[', '"']) => {
            *value = serde_json::from_str(text).unwrap();
            normalise(value, tree);
        }
        Value::Number(number) => *value = number.as_f64().unwrap().to_string().into(),
        Value::Bool(truth) => *value = truth.to_string().into(),
        Value::String(text) => *value = canonical(text).into(),
        Value::Null => {}
    }
}

fn expanded(name: &str, tree: &Tree) -> String {
    let known = name.split_once(':').and_then(|(prefix, local)| {
        let (_, uri) = tree
            .context
            .prefixes()
            .find(|(known, _)| *known == prefix)?;
        Some(format!("{{{uri}}}{local}"))
    });
    known.unwrap_or_else(|| name.to_owned())
}

/// One spelling of a number, a time, and a word of a vocabulary.
fn canonical(text: &str) -> String {
    if let Ok(number) = text.parse::<f64>() {
        return number.to_string();
    }
    if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
        return time.to_utc().to_rfc3339();
    }
    [
        "gs1:",
        "https://gs1.org/voc/",
        "cbv:Comp-",
        "https://ref.gs1.org/cbv/Comp-",
    ]
    .iter()
    .find_map(|prefix| text.strip_prefix(prefix))
    .unwrap_or(text)
    .to_owned()
}
