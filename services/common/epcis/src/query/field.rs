//! Extension fields within an event.

use serde_json::{Map, Value};

use super::condition::{Comparison, FieldName, Operand, Scope};
use super::given;
use crate::tree::Tree;

/// Whether a value of the field satisfies `test`.
pub(super) fn any(
    tree: &Tree,
    scope: Scope,
    inner: bool,
    name: &FieldName,
    test: &mut dyn FnMut(&Value) -> bool,
) -> bool {
    objects(tree, scope).into_iter().any(|object| {
        object.iter().any(|(key, value)| {
            if inner {
                // Nested at any depth within an extension; within ILMD everything is one.
                (scope == Scope::Ilmd || key.contains(':')) && within(tree, value, name, test)
            } else {
                name.is(key, &tree.context) && test(value)
            }
        })
    })
}

fn within(
    tree: &Tree,
    value: &Value,
    name: &FieldName,
    test: &mut dyn FnMut(&Value) -> bool,
) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| within(tree, item, name, test)),
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            name.is(key, &tree.context) && test(value) || within(tree, value, name, test)
        }),
        _ => false,
    }
}

/// The objects of an event that a scope names.
pub(super) fn objects(tree: &Tree, scope: Scope) -> Vec<&Map<String, Value>> {
    let event = &tree.event;
    let elements = || event["sensorElementList"].as_array().into_iter().flatten();
    let found: Vec<&Value> = match scope {
        Scope::Event => vec![event],
        Scope::Ilmd => vec![&event["ilmd"]],
        Scope::ErrorDeclaration => vec![&event["errorDeclaration"]],
        Scope::ReadPoint => vec![&event["readPoint"]],
        Scope::BizLocation => vec![&event["bizLocation"]],
        Scope::SensorElement => elements().collect(),
        Scope::SensorMetadata => elements().map(|e| &e["sensorMetadata"]).collect(),
        Scope::SensorReport => elements()
            .flat_map(|element| match &element["sensorReport"] {
                Value::Array(reports) => reports.as_slice(),
                one => std::slice::from_ref(one),
            })
            .collect(),
    };
    found.into_iter().filter_map(Value::as_object).collect()
}

/// Whether a value says something: not null, not empty.
pub(super) fn is_there(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// Whether a value, or one of a list of them, stands in the relation to one of the operands.
pub(super) fn compares(value: &Value, comparison: Comparison, operands: &[Operand]) -> bool {
    let one = |text: &str, number: Option<f64>| {
        operands.iter().any(|operand| {
            if comparison == Comparison::Equal && text == operand.text {
                return true;
            }
            let number = operand
                .number
                .and_then(|wanted| Some((number.or_else(|| given::number(text))?, wanted)));
            let time = || Some((given::time(text)?, operand.time?));
            match number {
                Some((found, wanted)) => comparison.holds(&found, &wanted),
                None => time().is_some_and(|(found, wanted)| comparison.holds(&found, &wanted)),
            }
        })
    };
    match value {
        Value::String(text) => one(text, None),
        Value::Number(number) => one(&number.to_string(), number.as_f64()),
        Value::Bool(truth) => one(&truth.to_string(), None),
        Value::Array(items) => items
            .iter()
            .any(|item| compares(item, comparison, operands)),
        // A typed value, a reference, or an element with attributes (JSON-LD 1.1 §4.2, §9.4).
        Value::Object(fields) => ["@value", "@id", "#text"]
            .iter()
            .filter_map(|name| fields.get(*name))
            .any(|value| compares(value, comparison, operands)),
        Value::Null => false,
    }
}
