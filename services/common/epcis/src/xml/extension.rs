//! Extensions: elements of other namespaces, as JSON.
//!
//! | XML | JSON |
//! |---|---|
//! | an element with text only | the text |
//! | text with `xsi:type` a number or truth value of XML Schema | a number, true or false |
//! | `xsi:nil="true"` | null |
//! | elements in it | an object of their names |
//! | elements of one name | a list |
//! | an attribute | `"@name"` in the object |
//! | text beside attributes | `"#text"` |
//! | text between elements | `"#mixed"`: texts, and an object of one name for each element, in their order |
//!
//! The order among elements of different names, comments and processing instructions are left out.

use serde_json::{Map, Number, Value};

use super::element::{Attribute, Content, Element};
use super::names::{Name, Namespace};
use super::prefixes::Prefixes;
use crate::reason::{At, Fault, Parsed, Reason};

/// Adds an extension to the object it stands in; a second of its name makes a list.
pub(super) fn add(
    at: &At<'_>,
    object: &mut Map<String, Value>,
    element: &Element<'_>,
    prefixes: &mut Prefixes,
) -> Parsed<()> {
    declared(at, &element.name, element.line)?;
    let name = prefixes.name(&element.name);
    let value = value(&at.field(&name), element, prefixes)?;
    put(object, name, value);
    Ok(())
}

/// Adds an attribute of another namespace on an element of the standard.
pub(super) fn add_attribute(
    at: &At<'_>,
    object: &mut Map<String, Value>,
    attribute: &Attribute<'_>,
    prefixes: &mut Prefixes,
    line: u64,
) -> Parsed<()> {
    declared(at, &attribute.name, line)?;
    put(
        object,
        prefixes.name(&attribute.name),
        attribute.value.into(),
    );
    Ok(())
}

fn declared(at: &At<'_>, name: &Name<'_>, line: u64) -> Parsed<()> {
    match name.namespace {
        Namespace::Undeclared => Err(Fault::new(
            &at.field(&name.as_written()),
            Reason::UndeclaredPrefix,
            format_args!("no xmlns declares this prefix (line {line})"),
        )),
        Namespace::None | Namespace::Uri(_) => Ok(()),
    }
}

fn put(object: &mut Map<String, Value>, name: String, value: Value) {
    match object.get_mut(&name) {
        None => {
            object.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => {
            let first_value = first.take();
            *first = Value::Array(vec![first_value, value]);
        }
    }
}

/// The value of an extension.
pub(super) fn value(at: &At<'_>, element: &Element<'_>, prefixes: &mut Prefixes) -> Parsed<Value> {
    value_without(at, element, prefixes, "")
}

/// The value of an extension but for one attribute without namespace.
pub(super) fn value_without(
    at: &At<'_>,
    element: &Element<'_>,
    prefixes: &mut Prefixes,
    left_out: &str,
) -> Parsed<Value> {
    let attributes = || {
        element.attributes().filter(|attribute| {
            !(attribute.name.prefix.is_empty() && attribute.name.local == left_out)
        })
    };
    let has_elements = element.elements().next().is_some();
    if !has_elements {
        let text = element.text();
        let mut given = attributes();
        match (given.next(), given.next()) {
            (None, _) => return Ok(text.into()),
            (Some(only), None) if only.is_xsi("nil") && element.is_nil() && text.is_empty() => {
                return Ok(Value::Null);
            }
            (Some(only), None) if only.is_xsi("type") => {
                if let Some(value) = native(only.value, &text, prefixes) {
                    return Ok(value);
                }
            }
            _ => {}
        }
    }
    let mut object = Map::new();
    for attribute in attributes() {
        declared(at, &attribute.name, element.line)?;
        let name = format!("@{}", prefixes.name(&attribute.name));
        let value = match prefixes.schema_type(attribute.value) {
            Some(local) if attribute.is_xsi("type") => format!("xsd:{local}"),
            _ => attribute.value.to_owned(),
        };
        object.insert(name, value.into());
    }
    if !has_elements {
        let text = element.text();
        if !text.is_empty() {
            object.insert("#text".to_owned(), text.into());
        }
        return Ok(object.into());
    }
    if !element.has_text() {
        for inner in element.elements() {
            add(at, &mut object, &inner, prefixes)?;
        }
        return Ok(object.into());
    }
    let mut mixed = Vec::new();
    for node in element.content() {
        mixed.push(match node {
            Content::Text(text) => Value::from(text),
            Content::Element(inner) => {
                let mut one = Map::new();
                add(at, &mut one, &inner, prefixes)?;
                one.into()
            }
        });
    }
    object.insert("#mixed".to_owned(), mixed.into());
    Ok(object.into())
}

/// A text whose type of XML Schema (Part 2) JSON has too.
fn native(kind: &str, text: &str, prefixes: &Prefixes) -> Option<Value> {
    match prefixes.schema_type(kind)? {
        "string" => Some(text.into()),
        "boolean" => truth(text.trim()).map(Value::Bool),
        "integer" | "int" | "long" | "short" | "byte" | "nonNegativeInteger"
        | "positiveInteger" | "unsignedInt" | "unsignedLong" => number(text.trim(), false)
            .filter(|n| !n.is_f64())
            .map(Value::Number),
        "decimal" => number(text.trim(), false).map(Value::Number),
        "double" | "float" => number(text.trim(), true).map(Value::Number),
        _ => None,
    }
}

/// `xsd:boolean`.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// `xsd:decimal`, or with `exponent` also the finite values of `xsd:double`. None for a number that
/// JSON, or a double, cannot hold.
pub(super) fn number(text: &str, exponent: bool) -> Option<Number> {
    let allowed = |b: u8| {
        b.is_ascii_digit()
            || matches!(b, b'+' | b'-' | b'.')
            || (exponent && matches!(b, b'e' | b'E'))
    };
    if !text.bytes().all(allowed) {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}
