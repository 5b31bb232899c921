//! Trees as EPCIS 2.0 JSON-LD.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::{DocumentHead, DocumentKind};
use crate::context::Context;
use crate::document::VocabularyElement;
use crate::tree::Tree;

/// Where the standard's own context is published (EPCIS 2.0 §10.2).
const STANDARD_CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// One event by itself, with everything its prefixes mean in its `@context`.
pub fn json_event(event: &Tree) -> String {
    with_context(&event.event, Some(whole_context(&event.context))).to_string()
}

/// A document or query document with its events in their order.
pub fn json_document(head: &DocumentHead, events: &[Tree]) -> String {
    let mut document = Map::new();
    document.insert("@context".into(), whole_context(&head.context));
    if let Some(id) = &head.document_id {
        document.insert("id".into(), id.as_str().into());
    }
    let kind = match head.kind {
        DocumentKind::Capture => "EPCISDocument",
        DocumentKind::Query { .. } => "EPCISQueryDocument",
    };
    document.insert("type".into(), kind.into());
    document.insert("schemaVersion".into(), "2.0".into());
    let created = head
        .creation_date
        .to_rfc3339_opts(SecondsFormat::AutoSi, true);
    document.insert("creationDate".into(), created.into());
    let events: Vec<Value> = events
        .iter()
        .map(|event| with_context(&event.event, own_context(event, &head.context)))
        .collect();
    let master_data = vocabulary_list(&head.master_data);
    match &head.kind {
        DocumentKind::Capture => {
            for (name, text) in [
                ("instanceIdentifier", &head.instance_identifier),
                ("sender", &head.sender),
                ("receiver", &head.receiver),
            ] {
                if let Some(text) = text {
                    document.insert(name.into(), text.as_str().into());
                }
            }
            let mut header = Map::new();
            if let Some(list) = master_data {
                header.insert("epcisMasterData".into(), json!({ "vocabularyList": list }));
            }
            header.extend(head.header_extensions.clone());
            if !header.is_empty() {
                document.insert("epcisHeader".into(), header.into());
            }
            document.insert("epcisBody".into(), json!({ "eventList": events }));
        }
        DocumentKind::Query {
            query_name,
            subscription_id,
        } => {
            let mut results = Map::new();
            if let Some(id) = subscription_id {
                results.insert("subscriptionID".into(), id.as_str().into());
            }
            results.insert("queryName".into(), query_name.as_str().into());
            let mut body = Map::new();
            body.insert("eventList".into(), events.into());
            if let Some(list) = master_data {
                body.insert("vocabularyList".into(), list);
            }
            results.insert("resultsBody".into(), body.into());
            document.insert("epcisBody".into(), json!({ "queryResults": results }));
        }
    }
    Value::Object(document).to_string()
}

/// The event with its `@context` first, or without one.
fn with_context(event: &Value, context: Option<Value>) -> Value {
    let Value::Object(fields) = event else {
        return event.clone();
    };
    let context = context.map(|context| ("@context".to_owned(), context));
    let fields = fields.iter().filter(|(name, _)| *name != "@context");
    Value::Object(
        context
            .into_iter()
            .chain(fields.map(|(name, value)| (name.clone(), value.clone())))
            .collect(),
    )
}

/// A context as an `@context`: the standard's address and what was given beside.
fn whole_context(context: &Context) -> Value {
    let names_standard = context.given().iter().any(|part| {
        part.as_str()
            .is_some_and(|address| address.contains("/epcis-context"))
    });
    let given = context.given().iter().filter_map(without_scope);
    let standard = (!names_standard).then(|| Value::from(STANDARD_CONTEXT));
    Value::Array(standard.into_iter().chain(given).collect())
}

/// A part of a context without what only the XML binding keeps there (`@xmlns`); None where nothing
/// is left.
fn without_scope(part: &Value) -> Option<Value> {
    let Value::Object(terms) = part else {
        return Some(part.clone());
    };
    let terms: Map<String, Value> = terms
        .iter()
        .filter(|(term, _)| *term != "@xmlns")
        .map(|(term, meaning)| (term.clone(), meaning.clone()))
        .collect();
    (!terms.is_empty()).then_some(Value::Object(terms))
}

/// What an event's context says beyond its document's; None where nothing.
fn own_context(event: &Tree, document: &Context) -> Option<Value> {
    if event.context == *document {
        return None;
    }
    let given: Vec<Value> = event
        .context
        .given()
        .iter()
        .filter_map(without_scope)
        .collect();
    let is_address = |part: &&Value| {
        part.as_str()
            .is_some_and(|address| address.contains("/epcis-context"))
    };
    let beyond: Vec<Value> = given
        .iter()
        .filter(|part| !is_address(part) && !document.given().contains(part))
        .cloned()
        .collect();
    let beyond = Value::Array(beyond);
    let same = document.extended(&beyond).is_ok_and(|both| {
        event
            .context
            .prefixes()
            .all(|term| both.prefixes().any(|t| t == term))
    });
    let own = if same {
        beyond
    } else {
        given
            .iter()
            .filter(|part| !is_address(part))
            .cloned()
            .collect()
    };
    own.as_array()
        .is_some_and(|parts| !parts.is_empty())
        .then_some(own)
}

fn vocabulary_list(elements: &[VocabularyElement]) -> Option<Value> {
    let mut lists: Vec<(&str, Vec<Value>)> = Vec::new();
    for element in elements {
        let mut object = Map::new();
        object.insert("id".into(), element.id.as_str().into());
        if !element.attributes.is_empty() {
            let attributes: Vec<Value> = element
                .attributes
                .iter()
                .map(|(id, value)| json!({ "id": id, "attribute": value }))
                .collect();
            object.insert("attributes".into(), attributes.into());
        }
        if !element.children.is_empty() {
            object.insert("children".into(), element.children.clone().into());
        }
        match lists
            .iter_mut()
            .find(|(kind, _)| *kind == element.vocabulary)
        {
            Some((_, list)) => list.push(object.into()),
            None => lists.push((&element.vocabulary, vec![object.into()])),
        }
    }
    (!lists.is_empty()).then(|| {
        lists
            .into_iter()
            .map(|(kind, list)| json!({ "type": kind, "vocabularyElementList": list }))
            .collect()
    })
}
