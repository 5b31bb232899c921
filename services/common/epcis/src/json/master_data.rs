//! Master data in a document (EPCIS 2.0 §9.4.2, CBV 2.0 §9): vocabularies, their elements,
//! attributes and children.

use serde_json::{Map, Value};

use super::header::{missing, wrong_type};
use super::scan::Scanned;
use crate::context::Context;
use crate::document::VocabularyElement;
use crate::reason::{DocumentError, Reason};

/// The master data of an `epcisHeader`; its other fields have to be extensions.
pub(super) fn of_header(header: &Value, context: &Context) -> Scanned<Vec<VocabularyElement>> {
    let header = object(header, "epcisHeader")?;
    for name in header.keys().filter(|name| *name != "epcisMasterData") {
        let field = format!("epcisHeader.{name}");
        let (reason, what) = if !name.contains(':') {
            (
                Reason::UnknownField,
                "an extension needs a namespace prefix",
            )
        } else if !context.declares(name) {
            (Reason::UndeclaredPrefix, "no @context declares this prefix")
        } else {
            continue;
        };
        let message = format!("{field}: {what}");
        return Err(DocumentError::new(reason, &field, message));
    }
    let path = "epcisHeader.epcisMasterData";
    let Some(master_data) = header.get("epcisMasterData") else {
        return Ok(Vec::new());
    };
    match object(master_data, path)?.get("vocabularyList") {
        Some(list) => of_list(list, &format!("{path}.vocabularyList")),
        None => Ok(Vec::new()),
    }
}

/// The elements of a `vocabularyList`.
pub(super) fn of_list(list: &Value, path: &str) -> Scanned<Vec<VocabularyElement>> {
    let mut elements = Vec::new();
    for (i, vocabulary) in items(list, path)?.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let vocabulary = object(vocabulary, &path)?;
        let kind = uri(vocabulary, "type", &path)?;
        let Some(list) = vocabulary.get("vocabularyElementList") else {
            continue;
        };
        let path = format!("{path}.vocabularyElementList");
        for (i, item) in items(list, &path)?.iter().enumerate() {
            elements.push(element(kind, item, &format!("{path}[{i}]"))?);
        }
    }
    Ok(elements)
}

fn element(vocabulary: &str, item: &Value, path: &str) -> Scanned<VocabularyElement> {
    let item = object(item, path)?;
    let mut attributes = Vec::new();
    if let Some(list) = item.get("attributes") {
        let path = format!("{path}.attributes");
        for (i, attribute) in items(list, &path)?.iter().enumerate() {
            let path = format!("{path}[{i}]");
            let attribute = object(attribute, &path)?;
            let value = match attribute.get("attribute") {
                Some(value @ (Value::Number(_) | Value::String(_) | Value::Object(_))) => {
                    value.clone()
                }
                None => Value::Null,
                Some(_) => {
                    return Err(wrong_type(
                        &format!("{path}.attribute"),
                        "a number, a string or an object",
                    ));
                }
            };
            attributes.push((uri(attribute, "id", &path)?.to_owned(), value));
        }
    }
    let mut children = Vec::new();
    if let Some(list) = item.get("children") {
        let path = format!("{path}.children");
        for (i, child) in items(list, &path)?.iter().enumerate() {
            let path = format!("{path}[{i}]");
            let child = child
                .as_str()
                .ok_or_else(|| wrong_type(&path, "a string"))?;
            children.push(a_uri(child, &path)?.to_owned());
        }
    }
    Ok(VocabularyElement {
        vocabulary: vocabulary.to_owned(),
        id: uri(item, "id", path)?.to_owned(),
        attributes,
        children,
    })
}

fn object<'v>(value: &'v Value, path: &str) -> Scanned<&'v Map<String, Value>> {
    value
        .as_object()
        .ok_or_else(|| wrong_type(path, "an object"))
}

fn items<'v>(value: &'v Value, path: &str) -> Scanned<&'v [Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| wrong_type(path, "a list"))
}

fn uri<'v>(object: &'v Map<String, Value>, name: &str, path: &str) -> Scanned<&'v str> {
    let path = format!("{path}.{name}");
    let value = object.get(name).ok_or_else(|| missing(&path))?;
    let text = value
        .as_str()
        .ok_or_else(|| wrong_type(&path, "a string"))?;
    a_uri(text, &path)
}

fn a_uri<'v>(text: &'v str, path: &str) -> Scanned<&'v str> {
    if crate::fields::is_uri(text) {
        return Ok(text);
    }
    Err(DocumentError::new(
        Reason::BadValue,
        path,
        format!("{path}: {text:?} is not a URI"),
    ))
}
