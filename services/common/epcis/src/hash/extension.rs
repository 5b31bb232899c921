//! What the standard does not order: extensions, ILMD, and whatever else an event holds.

use serde_json::{Map, Value};

use super::fields::Form;
use super::value::has_text;
use super::write::{Writer, items};

/// Attributes of this namespace are about the XML, not the event.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl Writer<'_> {
    /// One part, or one for each item of a list: name in its namespace, value, then what is inside,
    /// sorted. An attribute of XML (`@name`) is written as an element would be; those about the XML
    /// itself (`xsi:type`) say nothing. Values and references of JSON-LD keep their names as they are.
    pub(super) fn extension(&mut self, name: &str, value: &Value) {
        if name == "rdfs:comment" {
            return;
        }
        let context = self.values.context();
        let expanded = context.namespace_of(name);
        if expanded.is_some_and(|(namespace, _)| namespace == SCHEMA_INSTANCE) {
            return;
        }
        for item in items(value) {
            if item.is_null() {
                continue;
            }
            let text = self.out.text();
            match expanded {
                Some((namespace, local)) => {
                    text.extend(["{", namespace, "}", local]);
                }
                None => text.push_str(name),
            }
            match item {
                Value::Object(object) => self.inner(object),
                Value::Array(_) => {
                    let mark = self.out.mark();
                    self.extension("", item);
                    self.out.sort(mark);
                }
                scalar => self.optional_value(scalar),
            }
            self.out.end_part();
        }
    }

    /// What stands inside of an extension: first the values of its own, then the rest, sorted.
    fn inner(&mut self, object: &Map<String, Value>) {
        let as_is = is_json_ld(object);
        for (name, value) in object.iter().filter(|_| !as_is) {
            match name.as_str() {
                "#text" => self.optional_value(value),
                // The text before the first element is the value, as the reference implementation
                // has it; text after an element takes no part.
                "#mixed" => {
                    if let Some(before) = items(value).first() {
                        self.optional_value(before);
                    }
                }
                _ => {}
            }
        }
        let mark = self.out.mark();
        for (name, value) in object {
            match name.as_str() {
                _ if as_is => self.extension(name, value),
                "#text" => {}
                "#mixed" => {
                    let elements = items(value).iter().filter_map(Value::as_object);
                    for (name, value) in elements.flatten() {
                        self.extension(name, value);
                    }
                }
                _ => self.extension(name.strip_prefix('@').unwrap_or(name), value),
            }
        }
        self.out.sort(mark);
    }

    fn optional_value(&mut self, value: &Value) {
        if has_text(value) {
            self.value(value, Form::Any);
        }
    }
}

/// A value with its type or language, or a reference (JSON-LD 1.1 §4.2, §9.5): its `@` makes no
/// attributes of XML. The value of an attribute `id` is taken for a reference where it is an IRI.
fn is_json_ld(object: &Map<String, Value>) -> bool {
    let refers = |id: &Value| id.as_str().is_some_and(|id| id.contains(':'));
    // Mostly few names: looked through sooner than looked up.
    object.keys().any(|name| name == "@value")
        || (object.len() == 1 && object.get("@id").is_some_and(refers))
}
