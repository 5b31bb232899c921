//! Trees as EPCIS XML, 1.2 and 2.0: documents and query documents that hold to the schema.
//!
//! A prefix that means one thing in all events is declared once, at the root; an event in which it
//! means something else declares it again.

mod event;
mod extension;
mod fields;
mod header;
mod order;
mod out;
mod values;

use chrono::SecondsFormat;

use crate::tree::Tree;
use crate::write::{DocumentHead, DocumentKind, WriteError, XmlVersion};
use event::{EventWriter, WrittenEvent};
use out::{Attributes, Out, Used, declarations};

/// Depth of events in a document and in a query document.
const DEPTH: usize = 3;

/// A document or query document with its events.
///
/// # Errors
/// The version has no place for something an event or the head says.
pub(crate) fn document(
    version: XmlVersion,
    head: &DocumentHead,
    events: &[Tree],
) -> Result<String, WriteError> {
    let n = match version {
        XmlVersion::V1_2 => 1,
        XmlVersion::V2_0 => 2,
    };
    let is_query = matches!(head.kind, DocumentKind::Query { .. });
    let depth = if is_query { DEPTH + 2 } else { DEPTH };
    let written = events
        .iter()
        .enumerate()
        .map(|(index, tree)| {
            EventWriter::new(version, tree, Some(index), depth + depth_of(version, tree)).event()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let master_data_in_results = is_query && events.is_empty();
    let header = header::write(version, head, master_data_in_results)?;

    let (root, prefix, namespace) = if is_query {
        (
            "epcisq:EPCISQueryDocument",
            "epcisq",
            format!("urn:epcglobal:epcis-query:xsd:{n}"),
        )
    } else {
        (
            "epcis:EPCISDocument",
            "epcis",
            format!("urn:epcglobal:epcis:xsd:{n}"),
        )
    };
    let mut at_root = Used::from([(prefix.to_owned(), namespace)]);
    for used in written
        .iter()
        .map(|event| &event.used)
        .chain([&header.used])
    {
        for (prefix, uri) in used {
            at_root.entry(prefix.clone()).or_insert_with(|| uri.clone());
        }
    }
    let mut attributes = declarations(
        at_root
            .iter()
            .map(|(prefix, uri)| (prefix.as_str(), uri.as_str())),
    );
    attributes.push((
        "schemaVersion".to_owned(),
        if n == 1 { "1.2" } else { "2.0" }.to_owned(),
    ));
    let created = head
        .creation_date
        .to_rfc3339_opts(SecondsFormat::AutoSi, true);
    attributes.push(("creationDate".to_owned(), created));
    if let Some(id) = &head.document_id {
        attributes.push(("id".to_owned(), id.clone()));
    }

    let of_head = |what| WriteError {
        index: None,
        field: String::new(),
        message: what,
    };
    let mut out = Out::default();
    out.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    out.open(root, &attributes).map_err(of_head)?;
    if let Some(content) = &header.content {
        out.open("EPCISHeader", &own_declarations(&header.used, &at_root))
            .map_err(of_head)?;
        out.raw(content);
        out.close("EPCISHeader");
    }
    out.open("EPCISBody", &Attributes::new()).map_err(of_head)?;
    if let DocumentKind::Query {
        query_name,
        subscription_id,
    } = &head.kind
    {
        out.open("epcisq:QueryResults", &Attributes::new())
            .map_err(of_head)?;
        out.leaf("queryName", &Attributes::new(), query_name)
            .map_err(of_head)?;
        if let Some(id) = subscription_id {
            out.leaf("subscriptionID", &Attributes::new(), id)
                .map_err(of_head)?;
        }
        out.open("resultsBody", &Attributes::new())
            .map_err(of_head)?;
    }
    if let Some(list) = &header.results {
        out.raw(list);
    } else {
        out.open("EventList", &Attributes::new()).map_err(of_head)?;
        for event in &written {
            event_element(&mut out, version, event, &at_root).map_err(of_head)?;
        }
        out.close("EventList");
    }
    if is_query {
        out.close("resultsBody");
        out.close("epcisq:QueryResults");
    }
    out.close("EPCISBody");
    out.close(root);
    let mut text = out.into_text();
    text.push('\n');
    Ok(text)
}

/// EPCIS 1.2 has TransformationEvent in an `extension` of the event list.
fn is_wrapped(version: XmlVersion, kind: &str) -> bool {
    version == XmlVersion::V1_2 && kind == "TransformationEvent"
}

/// How much deeper than others this event stands, its own element included.
fn depth_of(version: XmlVersion, tree: &Tree) -> usize {
    let kind = tree
        .event
        .get("type")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    1 + usize::from(is_wrapped(version, kind))
}

fn event_element(
    out: &mut Out,
    version: XmlVersion,
    event: &WrittenEvent,
    at_root: &Used,
) -> Result<(), String> {
    let wrapped = is_wrapped(version, &event.kind);
    if wrapped {
        out.open("extension", &Attributes::new())?;
    }
    out.open(&event.kind, &own_declarations(&event.used, at_root))?;
    out.raw(&event.content);
    out.close(&event.kind);
    if wrapped {
        out.close("extension");
    }
    Ok(())
}

/// What the root declares otherwise.
fn own_declarations(used: &Used, at_root: &Used) -> Attributes {
    declarations(
        used.iter()
            .filter(|(prefix, uri)| at_root.get(*prefix) != Some(*uri))
            .map(|(prefix, uri)| (prefix.as_str(), uri.as_str())),
    )
}
