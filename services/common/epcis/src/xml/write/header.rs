//! The header of a document as XML: Standard Business Document Header and master data.

use std::collections::HashMap;

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::super::header::SBDH;
use super::event::{EventWriter, Written};
use super::out::{Attributes, Used};
use crate::document::VocabularyElement;
use crate::tree::Tree;
use crate::write::{DocumentHead, WriteError, XmlVersion};

/// What is in the `EPCISHeader`, and in the results of a query for master data.
pub(super) struct WrittenHeader {
    pub(super) content: Option<String>,
    pub(super) results: Option<String>,
    pub(super) used: Used,
}

/// Writes the header; with `in_results` master data stands in the results of the query document.
pub(super) fn write(
    version: XmlVersion,
    head: &DocumentHead,
    in_results: bool,
) -> Result<WrittenHeader, WriteError> {
    let tree = Tree {
        event: Value::Null,
        context: head.context.clone(),
    };
    let mut used = Used::new();
    let mut results = None;
    let has_master_data = !head.master_data.is_empty();
    if in_results && has_master_data {
        let mut writer = EventWriter::new(version, &tree, None, 5);
        vocabularies(&mut writer, &head.master_data)?;
        results = Some(writer.out.into_text());
        used = writer.used;
    }
    let is_business_header = |key: &str| {
        head.context
            .expand(key)
            .is_some_and(|(uri, local)| uri == SBDH && local == "StandardBusinessDocumentHeader")
    };
    let mut writer = EventWriter::new(version, &tree, None, 2);
    writer.used = used;
    let given = head
        .header_extensions
        .iter()
        .find(|(key, _)| is_business_header(key));
    let mut any = true;
    match given {
        Some((key, value)) => writer.extension(key, key, value)?,
        None => any = business_header(&mut writer, version, head)?,
    }
    if has_master_data && results.is_none() {
        if version == XmlVersion::V1_2 && !any {
            return Err(writer.error(
                "sender",
                "an EPCISHeader of EPCIS 1.2 needs a Standard Business Document Header: sender, receiver and instanceIdentifier",
            ));
        }
        writer.open("EPCISHeader", "extension", &Attributes::new())?;
        writer.open("EPCISHeader", "EPCISMasterData", &Attributes::new())?;
        vocabularies(&mut writer, &head.master_data)?;
        writer.out.close("EPCISMasterData");
        writer.out.close("extension");
        any = true;
    }
    for (key, value) in head
        .header_extensions
        .iter()
        .filter(|(key, _)| !is_business_header(key))
    {
        if version == XmlVersion::V2_0 || !any {
            return Err(writer.error(
                &format!("epcisHeader.{key}"),
                "an EPCISHeader in XML has no place for it (1.2 has one after a Standard Business Document Header)",
            ));
        }
        writer.extension(&format!("epcisHeader.{key}"), key, value)?;
    }
    Ok(WrittenHeader {
        content: any.then(|| writer.out.into_text()),
        results,
        used: writer.used,
    })
}

/// A Standard Business Document Header of what EPCIS 2.0 JSON-LD keeps of it; whether there is one.
fn business_header(
    writer: &mut EventWriter<'_>,
    version: XmlVersion,
    head: &DocumentHead,
) -> Result<bool, WriteError> {
    let (sender, receiver, instance) =
        match (&head.sender, &head.receiver, &head.instance_identifier) {
            (None, None, None) => return Ok(false),
            (Some(sender), Some(receiver), Some(instance)) => (sender, receiver, instance),
            (sender, receiver, _) => {
                let missing = match (sender, receiver) {
                    (None, _) => "sender",
                    (_, None) => "receiver",
                    _ => "instanceIdentifier",
                };
                return Err(writer.error(
                missing,
                "a Standard Business Document Header needs sender, receiver and instanceIdentifier",
            ));
            }
        };
    let prefix = writer.prefix_for("sbdh", SBDH);
    let type_version = match version {
        XmlVersion::V1_2 => "1.0",
        XmlVersion::V2_0 => "2.0",
    };
    let created = head
        .creation_date
        .to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let header = json!({
        "HeaderVersion": "1.0",
        "Sender": { "Identifier": sender },
        "Receiver": { "Identifier": receiver },
        "DocumentIdentification": {
            "Standard": "EPCglobal", "TypeVersion": type_version, "InstanceIdentifier": instance,
            "Type": "Events", "CreationDateAndTime": created
        }
    });
    plain(writer, &prefix, "StandardBusinessDocumentHeader", &header)?;
    Ok(true)
}

/// An object of texts and objects, all of one namespace.
fn plain(writer: &mut EventWriter<'_>, prefix: &str, local: &str, value: &Value) -> Written {
    let name = format!("{prefix}:{local}");
    let empty = Map::new();
    match value {
        Value::String(text) => writer.leaf(local, &name, &Attributes::new(), text),
        value => {
            writer.open(local, &name, &Attributes::new())?;
            for (local, value) in value.as_object().unwrap_or(&empty) {
                plain(writer, prefix, local, value)?;
            }
            writer.out.close(&name);
            Ok(())
        }
    }
}

/// A `VocabularyList`: a `Vocabulary` for each type, in the order of their first elements.
fn vocabularies(writer: &mut EventWriter<'_>, elements: &[VocabularyElement]) -> Written {
    let path = "VocabularyList";
    let mut kinds: Vec<(&str, Vec<&VocabularyElement>)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for element in elements {
        let at = *known.entry(&element.vocabulary).or_insert(kinds.len());
        match kinds.get_mut(at) {
            Some((_, same)) => same.push(element),
            None => kinds.push((&element.vocabulary, vec![element])),
        }
    }
    writer.open(path, "VocabularyList", &Attributes::new())?;
    for (kind, elements) in kinds {
        writer.open(
            path,
            "Vocabulary",
            &vec![("type".to_owned(), kind.to_owned())],
        )?;
        writer.open(path, "VocabularyElementList", &Attributes::new())?;
        for element in elements {
            vocabulary_element(writer, path, element)?;
        }
        writer.out.close("VocabularyElementList");
        writer.out.close("Vocabulary");
    }
    writer.out.close("VocabularyList");
    Ok(())
}

fn vocabulary_element(
    writer: &mut EventWriter<'_>,
    path: &str,
    element: &VocabularyElement,
) -> Written {
    let id = vec![("id".to_owned(), element.id.clone())];
    if element.attributes.is_empty() && element.children.is_empty() {
        return writer.leaf(path, "VocabularyElement", &id, "");
    }
    writer.open(path, "VocabularyElement", &id)?;
    for (name, value) in &element.attributes {
        let path = format!("{path}.{}.{name}", element.id);
        writer.master_data(&path, name, value)?;
    }
    if !element.children.is_empty() {
        writer.open(path, "children", &Attributes::new())?;
        for child in &element.children {
            writer.leaf(path, "id", &Attributes::new(), child)?;
        }
        writer.out.close("children");
    }
    writer.out.close("VocabularyElement");
    Ok(())
}
