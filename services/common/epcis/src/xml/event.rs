//! One event element as the object it is in EPCIS 2.0 JSON-LD.
//!
//! Lists lose their inner element names, words of the Core Business Vocabulary become bare, and what
//! EPCIS 1.x puts into `extension` and `baseExtension` stands where 2.0 has it. The order of elements
//! is not held against an event. What the values mean is verified where trees are read.

use serde_json::{Map, Value};

use super::content::{attributes, list, no_text, once, text, unknown, word};
use super::element::Element;
use super::extension;
use super::parts::{declaration, extended, persistent, place, quantity, sensors, typed};
use super::prefixes::Prefixes;
use crate::reason::{At, Fault, Parsed, Reason};
use crate::vocabulary::Vocabulary;

/// How an element of the standard stands in JSON.
#[derive(Clone, Copy)]
enum Shape {
    /// Its text.
    Text,
    /// Its text, a word of the vocabulary.
    Word(Vocabulary),
    /// A list of the texts of the elements of this name.
    Texts(&'static str),
    /// A list of quantities.
    Quantities,
    /// An object of `id` and extensions.
    Place,
    /// A list of objects: the attribute `type`, and the text under this name.
    Typed(&'static str, Vocabulary),
    /// An object of the lists `set` and `unset`.
    Persistent,
    /// A list of sensor elements.
    Sensors,
    /// An object of extensions.
    Ilmd,
    /// An object of fields and extensions.
    Declaration,
}

/// How a field of an event stands in JSON; None for what is no field.
fn shape(field: &str) -> Option<Shape> {
    Some(match field {
        "eventTime"
        | "recordTime"
        | "eventTimeZoneOffset"
        | "eventID"
        | "certificationInfo"
        | "parentID"
        | "transformationID"
        | "action" => Shape::Text,
        "errorDeclaration" => Shape::Declaration,
        "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => Shape::Texts("epc"),
        "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
            Shape::Quantities
        }
        "bizStep" => Shape::Word(Vocabulary::BizStep),
        "disposition" => Shape::Word(Vocabulary::Disposition),
        "readPoint" | "bizLocation" => Shape::Place,
        "bizTransactionList" => Shape::Typed("bizTransaction", Vocabulary::BizTransactionType),
        "sourceList" => Shape::Typed("source", Vocabulary::SourceDestinationType),
        "destinationList" => Shape::Typed("destination", Vocabulary::SourceDestinationType),
        "sensorElementList" => Shape::Sensors,
        "persistentDisposition" => Shape::Persistent,
        "ilmd" => Shape::Ilmd,
        _ => return None,
    })
}

/// Where EPCIS keeps what a later version, or a sender, adds.
const WRAPPERS: [&str; 2] = ["extension", "baseExtension"];

/// Room for fields made at first; most events have no more.
const USUAL_FIELDS: usize = 14;

/// Attributes of a document that some senders give a single event.
const OF_DOCUMENTS: [&str; 2] = ["schemaVersion", "creationDate"];

/// An event element as a tree's object.
pub(super) fn event(element: &Element<'_>, prefixes: &mut Prefixes) -> Parsed<Value> {
    let at = At::Root;
    if !element.name.is_standard() || !element.name.local.ends_with("Event") {
        let what = format!(
            "{} is no event of EPCIS (line {})",
            element.name.as_written(),
            element.line
        );
        return Err(Fault::new(
            &at.field("type"),
            Reason::UnsupportedEventType,
            what,
        ));
    }
    if element.name.local == "QuantityEvent" {
        return Err(Fault::new(
            &at.field("type"),
            Reason::UnsupportedEventType,
            format_args!(
                "QuantityEvent is deprecated since EPCIS 1.1 and gone in 2.0; send an ObjectEvent with a quantityList (line {})",
                element.line
            ),
        ));
    }
    let mut object = Map::with_capacity(USUAL_FIELDS);
    object.insert("type".to_owned(), element.name.local.into());
    attributes(&at, element, &OF_DOCUMENTS, Some((&mut object, prefixes)))?;
    fields(&at, &mut object, element, prefixes)?;
    Ok(object.into())
}

/// The fields of an event, those within extension elements among them.
fn fields(
    at: &At<'_>,
    object: &mut Map<String, Value>,
    element: &Element<'_>,
    prefixes: &mut Prefixes,
) -> Parsed<()> {
    no_text(at, element)?;
    for inner in element.elements() {
        if !inner.name.is_standard() {
            extension::add(at, object, &inner, prefixes)?;
            continue;
        }
        let name = inner.name.local;
        if WRAPPERS.contains(&name) {
            attributes(at, &inner, &[], Some((&mut *object, &mut *prefixes)))?;
            fields(at, object, &inner, prefixes)?;
            continue;
        }
        let Some(shape) = shape(name) else {
            return Err(unknown(at, &inner));
        };
        let value = shaped(&at.field(name), shape, &inner, prefixes)?;
        once(at, object, name, value, inner.line)?;
    }
    Ok(())
}

fn shaped(
    at: &At<'_>,
    shape: Shape,
    element: &Element<'_>,
    prefixes: &mut Prefixes,
) -> Parsed<Value> {
    match shape {
        Shape::Text => Ok(text(at, element)?.into()),
        Shape::Word(vocabulary) => Ok(word(vocabulary, &text(at, element)?).into()),
        Shape::Texts(item) => list(at, element, item, 0, |at, item| Ok(text(at, item)?.into())),
        Shape::Quantities => list(at, element, "quantityElement", 0, quantity),
        Shape::Place => place(at, element, prefixes),
        Shape::Typed(item, vocabulary) => list(at, element, item, 1, |at, found| {
            typed(at, found, item, vocabulary)
        }),
        Shape::Persistent => persistent(at, element),
        Shape::Sensors => sensors(at, element, prefixes),
        Shape::Ilmd => {
            let mut object = Map::new();
            attributes(at, element, &[], Some((&mut object, &mut *prefixes)))?;
            extended(
                at,
                &mut object,
                element,
                prefixes,
                &mut |at, _, inner, _| Err(unknown(at, inner)),
            )?;
            Ok(object.into())
        }
        Shape::Declaration => declaration(at, element, prefixes),
    }
}
