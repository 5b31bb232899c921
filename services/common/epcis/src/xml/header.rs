//! What a document says about itself: the Standard Business Document Header and master data
//! (EPCIS 2.0 §9.2, §9.4).
//!
//! The Standard Business Document Header is kept twice: its sender, receiver and instance identifier
//! as EPCIS 2.0 JSON-LD has them, and whole, as the extension it is there.

use serde_json::{Map, Value};

use super::element::Element;
use super::extension;
use super::prefixes::Prefixes;
use crate::document::{Header, VocabularyElement};
use crate::reason::{At, Fault, Parsed, Reason};

/// The namespace of the Standard Business Document Header.
pub(super) const SBDH: &str =
    "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader";

/// Reads an `EPCISHeader`.
pub(super) fn read(
    element: &Element<'_>,
    header: &mut Header,
    prefixes: &mut Prefixes,
) -> Parsed<()> {
    let at = At::Root.field("EPCISHeader");
    let mut said = Map::new();
    let mut extensions = Map::new();
    content(&at, element, header, prefixes, &mut said, &mut extensions)?;
    if !extensions.is_empty() {
        said.insert("epcisHeader".to_owned(), extensions.into());
    }
    if !said.is_empty() {
        header.sbdh = Some(Value::from(said).to_string());
    }
    Ok(())
}

fn content(
    at: &At<'_>,
    element: &Element<'_>,
    header: &mut Header,
    prefixes: &mut Prefixes,
    said: &mut Map<String, Value>,
    extensions: &mut Map<String, Value>,
) -> Parsed<()> {
    for inner in element.elements() {
        match inner.name.local {
            "StandardBusinessDocumentHeader" if inner.name.uri() == SBDH => {
                business_header(&inner, said);
                extension::add(at, extensions, &inner, prefixes)?;
            }
            _ if !inner.name.is_standard() => extension::add(at, extensions, &inner, prefixes)?,
            "extension" => content(at, &inner, header, prefixes, said, extensions)?,
            "EPCISMasterData" => {
                let at = at.field("EPCISMasterData");
                for inner in inner.elements() {
                    match inner.name.local {
                        "VocabularyList" if inner.name.is_standard() => {
                            vocabularies(&at, &inner, &mut header.master_data, prefixes)?;
                        }
                        "extension" if inner.name.is_standard() => {}
                        _ => return Err(unknown(&at, &inner)),
                    }
                }
            }
            _ => return Err(unknown(at, &inner)),
        }
    }
    Ok(())
}

/// The fields that EPCIS 2.0 JSON-LD keeps of it; the first of several senders or receivers.
fn business_header(header: &Element<'_>, said: &mut Map<String, Value>) {
    let find = |names: [&str; 2]| {
        let mut outer = header
            .elements()
            .filter(|element| element.name.local == names[0]);
        let mut inner = outer
            .next()?
            .elements()
            .filter(|element| element.name.local == names[1]);
        let text = inner.next()?.text();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    for (name, path) in [
        ("sender", ["Sender", "Identifier"]),
        ("receiver", ["Receiver", "Identifier"]),
        (
            "instanceIdentifier",
            ["DocumentIdentification", "InstanceIdentifier"],
        ),
    ] {
        if let Some(text) = find(path) {
            said.insert(name.to_owned(), text.into());
        }
    }
}

/// Reads a `VocabularyList`.
pub(super) fn vocabularies(
    at: &At<'_>,
    list: &Element<'_>,
    elements: &mut Vec<VocabularyElement>,
    prefixes: &mut Prefixes,
) -> Parsed<()> {
    let at = at.field("VocabularyList");
    for (i, vocabulary) in list.elements().enumerate() {
        let at = at.index(i);
        if !vocabulary.is("Vocabulary") {
            return Err(unknown(&at, &vocabulary));
        }
        let kind = required(&at, &vocabulary, "type")?;
        for inner in vocabulary.elements() {
            match inner.name.local {
                "VocabularyElementList" if inner.name.is_standard() => {
                    for element in inner.elements() {
                        if !element.is("VocabularyElement") {
                            return Err(unknown(&at, &element));
                        }
                        elements.push(vocabulary_element(&at, &element, &kind, prefixes)?);
                    }
                }
                "extension" => {}
                _ if !inner.name.is_standard() => {}
                _ => return Err(unknown(&at, &inner)),
            }
        }
    }
    Ok(())
}

fn vocabulary_element(
    at: &At<'_>,
    element: &Element<'_>,
    vocabulary: &str,
    prefixes: &mut Prefixes,
) -> Parsed<VocabularyElement> {
    let mut read = VocabularyElement {
        vocabulary: vocabulary.to_owned(),
        id: required(at, element, "id")?,
        attributes: Vec::new(),
        children: Vec::new(),
    };
    for inner in element.elements() {
        match inner.name.local {
            "attribute" if inner.name.is_standard() => {
                let id = required(at, &inner, "id")?;
                let value = extension::value_without(at, &inner, prefixes, "id")?;
                read.attributes.push((id, value));
            }
            "children" if inner.name.is_standard() => {
                for child in inner.elements() {
                    if !child.is("id") {
                        return Err(unknown(at, &child));
                    }
                    read.children.push(child.text().trim().to_owned());
                }
            }
            // What a sender adds to an element is an attribute of it.
            _ if !inner.name.is_standard() => {
                let name = prefixes.name(&inner.name);
                read.attributes
                    .push((name, extension::value(at, &inner, prefixes)?));
            }
            "extension" => {}
            _ => return Err(unknown(at, &inner)),
        }
    }
    Ok(read)
}

fn required(at: &At<'_>, element: &Element<'_>, attribute: &str) -> Parsed<String> {
    element
        .attribute(attribute)
        .map(|text| text.trim().to_owned())
        .ok_or_else(|| {
            Fault::new(
                &at.field(attribute),
                Reason::MissingField,
                format_args!(
                    "<{}> needs this attribute (line {})",
                    element.name.as_written(),
                    element.line
                ),
            )
        })
}

fn unknown(at: &At<'_>, element: &Element<'_>) -> Fault {
    Fault::new(
        &at.field(&element.name.as_written()),
        Reason::UnknownField,
        format_args!("EPCIS has no such element here (line {})", element.line),
    )
}
