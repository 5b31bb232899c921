//! One event element as the object it is in EPCIS 2.0 JSON-LD.
//!
//! Lists lose their inner element names, words of the Core Business Vocabulary become bare, and what
//! EPCIS 1.x puts into `extension` and `baseExtension` stands where 2.0 has it. The order of elements
//! is not held against an event. What the values mean is verified where trees are read.

use serde_json::{Map, Value};

use super::element::Element;
use super::extension::{self, number, truth};
use super::names::XSI;
use super::prefixes::Prefixes;
use crate::reason::{At, Fault, Parsed, Reason};
use crate::vocabulary::{self, Vocabulary};

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

const FIELDS: &[(&str, Shape)] = &[
    ("eventTime", Shape::Text),
    ("recordTime", Shape::Text),
    ("eventTimeZoneOffset", Shape::Text),
    ("eventID", Shape::Text),
    ("errorDeclaration", Shape::Declaration),
    ("certificationInfo", Shape::Text),
    ("epcList", Shape::Texts("epc")),
    ("parentID", Shape::Text),
    ("childEPCs", Shape::Texts("epc")),
    ("inputEPCList", Shape::Texts("epc")),
    ("outputEPCList", Shape::Texts("epc")),
    ("quantityList", Shape::Quantities),
    ("childQuantityList", Shape::Quantities),
    ("inputQuantityList", Shape::Quantities),
    ("outputQuantityList", Shape::Quantities),
    ("transformationID", Shape::Text),
    ("action", Shape::Text),
    ("bizStep", Shape::Word(Vocabulary::BizStep)),
    ("disposition", Shape::Word(Vocabulary::Disposition)),
    ("readPoint", Shape::Place),
    ("bizLocation", Shape::Place),
    (
        "bizTransactionList",
        Shape::Typed("bizTransaction", Vocabulary::BizTransactionType),
    ),
    (
        "sourceList",
        Shape::Typed("source", Vocabulary::SourceDestinationType),
    ),
    (
        "destinationList",
        Shape::Typed("destination", Vocabulary::SourceDestinationType),
    ),
    ("sensorElementList", Shape::Sensors),
    ("persistentDisposition", Shape::Persistent),
    ("ilmd", Shape::Ilmd),
];

/// Where EPCIS keeps what a later version, or a sender, adds.
const WRAPPERS: [&str; 2] = ["extension", "baseExtension"];

/// Attributes of a document that some senders give a single event.
const OF_DOCUMENTS: [&str; 2] = ["schemaVersion", "creationDate"];

/// An event element as a tree's object.
pub(super) fn event(element: &Element, prefixes: &mut Prefixes) -> Parsed<Value> {
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
    if &*element.name.local == "QuantityEvent" {
        return Err(Fault::new(
            &at.field("type"),
            Reason::UnsupportedEventType,
            format_args!(
                "QuantityEvent is deprecated since EPCIS 1.1 and gone in 2.0; send an ObjectEvent with a quantityList (line {})",
                element.line
            ),
        ));
    }
    let mut object = Map::new();
    object.insert("type".to_owned(), (*element.name.local).into());
    attributes(&at, element, &OF_DOCUMENTS, Some((&mut object, prefixes)))?;
    fields(&at, &mut object, element, prefixes)?;
    Ok(object.into())
}

/// The fields of an event, those within extension elements among them.
fn fields(
    at: &At<'_>,
    object: &mut Map<String, Value>,
    element: &Element,
    prefixes: &mut Prefixes,
) -> Parsed<()> {
    no_text(at, element)?;
    for inner in element.elements() {
        if !inner.name.is_standard() {
            extension::add(at, object, inner, prefixes)?;
            continue;
        }
        let name = &*inner.name.local;
        if WRAPPERS.contains(&name) {
            attributes(at, inner, &[], Some((&mut *object, &mut *prefixes)))?;
            fields(at, object, inner, prefixes)?;
            continue;
        }
        let Some((name, shape)) = FIELDS.iter().find(|(known, _)| *known == name) else {
            return Err(unknown(at, inner));
        };
        let value = shaped(&at.field(name), *shape, inner, prefixes)?;
        once(at, object, name, value, inner.line)?;
    }
    Ok(())
}

fn shaped(at: &At<'_>, shape: Shape, element: &Element, prefixes: &mut Prefixes) -> Parsed<Value> {
    match shape {
        Shape::Text => Ok(text(at, element)?.into()),
        Shape::Word(vocabulary) => Ok(word(vocabulary, text(at, element)?).into()),
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

/// Handles an element of the standard within one that may have extensions.
type Own<'a> =
    &'a mut dyn FnMut(&At<'_>, &mut Map<String, Value>, &Element, &mut Prefixes) -> Parsed<()>;

/// The content of an element that may have extensions; `own` takes the standard's elements in it.
fn extended(
    at: &At<'_>,
    object: &mut Map<String, Value>,
    element: &Element,
    prefixes: &mut Prefixes,
    own: Own<'_>,
) -> Parsed<()> {
    no_text(at, element)?;
    for inner in element.elements() {
        if !inner.name.is_standard() {
            extension::add(at, object, inner, prefixes)?;
        } else if inner.is("extension") {
            extended(at, object, inner, prefixes, own)?;
        } else {
            own(at, object, inner, prefixes)?;
        }
    }
    Ok(())
}

fn place(at: &At<'_>, element: &Element, prefixes: &mut Prefixes) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], None)?;
    extended(
        at,
        &mut object,
        element,
        prefixes,
        &mut |at, object, inner, _| match &*inner.name.local {
            "id" => {
                let id = text(&at.field("id"), inner)?;
                once(at, object, "id", id.into(), inner.line)
            }
            _ => Err(unknown(at, inner)),
        },
    )?;
    Ok(object.into())
}

fn declaration(at: &At<'_>, element: &Element, prefixes: &mut Prefixes) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], Some((&mut object, &mut *prefixes)))?;
    extended(
        at,
        &mut object,
        element,
        prefixes,
        &mut |at, object, inner, _| {
            let name = &*inner.name.local;
            let inner_at = at.field(name);
            let value = match name {
                "declarationTime" => text(&inner_at, inner)?.into(),
                "reason" => word(Vocabulary::ErrorReason, text(&inner_at, inner)?).into(),
                "correctiveEventIDs" => {
                    list(&inner_at, inner, "correctiveEventID", 0, |at, item| {
                        Ok(text(at, item)?.into())
                    })?
                }
                _ => return Err(unknown(at, inner)),
            };
            once(at, object, name, value, inner.line)
        },
    )?;
    Ok(object.into())
}

fn quantity(at: &At<'_>, element: &Element) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], None)?;
    no_text(at, element)?;
    for inner in element.elements() {
        let name = &*inner.name.local;
        let inner_at = at.field(name);
        let value = match name {
            _ if !inner.name.is_standard() => return Err(unknown(at, inner)),
            "epcClass" | "uom" => text(&inner_at, inner)?.into(),
            // A quantity that is nil is not known (EPCIS 1.1 §7.3.3.3).
            "quantity" if inner.is_nil() => {
                text(&inner_at, inner)?;
                continue;
            }
            "quantity" => numeric(text(&inner_at, inner)?, false),
            _ => return Err(unknown(at, inner)),
        };
        once(at, &mut object, name, value, inner.line)?;
    }
    Ok(object.into())
}

/// A business transaction, source or destination.
fn typed(at: &At<'_>, element: &Element, name: &str, vocabulary: Vocabulary) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &["type"], None)?;
    if let Some(kind) = element.attribute("type") {
        object.insert(
            "type".to_owned(),
            word(vocabulary, kind.trim().to_owned()).into(),
        );
    }
    object.insert(name.to_owned(), plain(&at.field(name), element)?.into());
    Ok(object.into())
}

fn persistent(at: &At<'_>, element: &Element) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], None)?;
    no_text(at, element)?;
    for inner in element.elements() {
        let name = &*inner.name.local;
        if !inner.name.is_standard() || !matches!(name, "set" | "unset") {
            return Err(unknown(at, inner));
        }
        let disposition = word(Vocabulary::Disposition, text(&at.field(name), inner)?);
        if let Value::Array(words) = object
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()))
        {
            words.push(disposition.into());
        }
    }
    Ok(object.into())
}

fn sensors(at: &At<'_>, element: &Element, prefixes: &mut Prefixes) -> Parsed<Value> {
    list(at, element, "sensorElement", 1, |at, element| {
        let mut object = Map::new();
        let mut reports = Vec::new();
        attributes(at, element, &[], None)?;
        extended(
            at,
            &mut object,
            element,
            prefixes,
            &mut |at, object, inner, prefixes| match &*inner.name.local {
                "sensorMetadata" => {
                    let metadata = sensed(&at.field("sensorMetadata"), inner, prefixes)?;
                    once(at, object, "sensorMetadata", metadata, inner.line)
                }
                "sensorReport" => {
                    let list = at.field("sensorReport");
                    reports.push(sensed(&list.index(reports.len()), inner, prefixes)?);
                    Ok(())
                }
                _ => Err(unknown(at, inner)),
            },
        )?;
        if !reports.is_empty() {
            object.insert("sensorReport".to_owned(), reports.into());
        }
        Ok(object.into())
    })
}

/// Sensor metadata or a report: its attributes are its fields.
fn sensed(at: &At<'_>, element: &Element, prefixes: &mut Prefixes) -> Parsed<Value> {
    let mut object = Map::new();
    plain(at, element)?
        .is_empty()
        .then_some(())
        .ok_or_else(|| {
            Fault::new(
                at,
                Reason::BadValue,
                format_args!("a text has no meaning here (line {})", element.line),
            )
        })?;
    for attribute in &element.attributes {
        if !attribute.name.prefix.is_empty() {
            if attribute.name.uri() != XSI {
                extension::add_attribute(at, &mut object, attribute, prefixes, element.line)?;
            }
            continue;
        }
        let name = &*attribute.name.local;
        let given = attribute.value.trim().to_owned();
        let value = match name {
            "type" => word(Vocabulary::MeasurementType, given).into(),
            "exception" => word(Vocabulary::SensorAlert, given).into(),
            "component" => word(Vocabulary::Component, given).into(),
            "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue" => {
                numeric(given, true)
            }
            "booleanValue" => truth(&given).map_or(Value::String(given), Value::Bool),
            "stringValue" => attribute.value.as_str().into(),
            _ => given.into(),
        };
        object.insert(name.to_owned(), value);
    }
    Ok(object.into())
}

/// A list of the elements of one name.
fn list(
    at: &At<'_>,
    element: &Element,
    item: &str,
    at_least: usize,
    mut value: impl FnMut(&At<'_>, &Element) -> Parsed<Value>,
) -> Parsed<Value> {
    attributes(at, element, &[], None)?;
    no_text(at, element)?;
    let mut items = Vec::new();
    for inner in element.elements() {
        if !inner.is(item) {
            return Err(unknown(at, inner));
        }
        items.push(value(&at.index(items.len()), inner)?);
    }
    if items.len() < at_least {
        return Err(Fault::new(
            at,
            Reason::MissingField,
            format_args!("at least one {item} is required (line {})", element.line),
        ));
    }
    Ok(items.into())
}

/// The text of an element that has no attributes and no elements, without the blanks around it.
fn text(at: &At<'_>, element: &Element) -> Parsed<String> {
    attributes(at, element, &[], None)?;
    plain(at, element)
}

fn plain(at: &At<'_>, element: &Element) -> Parsed<String> {
    if let Some(inner) = element.elements().next() {
        return Err(Fault::new(
            at,
            Reason::WrongType,
            format_args!(
                "a text is expected, not <{}> (line {})",
                inner.name.as_written(),
                inner.line
            ),
        ));
    }
    let text: String = element.texts().collect();
    Ok(text.trim().to_owned())
}

fn no_text(at: &At<'_>, element: &Element) -> Parsed<()> {
    match element.texts().next() {
        None => Ok(()),
        Some(_) => Err(Fault::new(
            at,
            Reason::WrongType,
            format_args!(
                "elements are expected within <{}>, not text (line {})",
                element.name.as_written(),
                element.line
            ),
        )),
    }
}

/// Refuses attributes that are not among `known`; those of other namespaces are added to an object
/// that may have extensions. Attributes about the XML itself (`xsi:`) say nothing.
fn attributes(
    at: &At<'_>,
    element: &Element,
    known: &[&str],
    mut extensions: Option<(&mut Map<String, Value>, &mut Prefixes)>,
) -> Parsed<()> {
    for attribute in &element.attributes {
        let about_xml = attribute.name.uri() == XSI;
        let is_known = attribute.name.prefix.is_empty() && known.contains(&&*attribute.name.local);
        if about_xml || is_known {
            continue;
        }
        match &mut extensions {
            Some((object, prefixes)) if !attribute.name.prefix.is_empty() => {
                extension::add_attribute(at, object, attribute, prefixes, element.line)?;
            }
            _ => {
                let name = attribute.name.as_written();
                return Err(Fault::new(
                    &at.field(&name),
                    Reason::UnknownField,
                    format_args!(
                        "<{}> has no such attribute (line {})",
                        element.name.as_written(),
                        element.line
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn once(
    at: &At<'_>,
    object: &mut Map<String, Value>,
    name: &str,
    value: Value,
    line: u64,
) -> Parsed<()> {
    match object.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Fault::new(
            &at.field(name),
            Reason::DuplicateField,
            format_args!("this element stands twice (line {line})"),
        )),
    }
}

fn unknown(at: &At<'_>, element: &Element) -> Fault {
    let name = element.name.as_written();
    if element.name.namespace == super::names::Namespace::Undeclared {
        return Fault::new(
            &at.field(&name),
            Reason::UndeclaredPrefix,
            format_args!("no xmlns declares this prefix (line {})", element.line),
        );
    }
    Fault::new(
        &at.field(&name),
        Reason::UnknownField,
        format_args!(
            "EPCIS has no such element here; an extension needs a namespace of its own (line {})",
            element.line
        ),
    )
}

/// The bare word of any spelling; what is no word of the vocabulary stays as it is.
fn word(vocabulary: Vocabulary, text: String) -> String {
    if let Some(known) = vocabulary::normalise(vocabulary, &text) {
        return known.to_owned();
    }
    match vocabulary {
        // The GS1 Web Vocabulary grows: its words are bare in JSON, known or not.
        Vocabulary::MeasurementType | Vocabulary::SensorAlert => {
            ["gs1:", "https://gs1.org/voc/", "https://ref.gs1.org/voc/"]
                .iter()
                .find_map(|prefix| text.strip_prefix(prefix))
                .map_or_else(|| text.clone(), str::to_owned)
        }
        _ => text,
    }
}

/// A number; a text that is none stays one, and is refused where the tree is read.
fn numeric(text: String, exponent: bool) -> Value {
    number(&text, exponent).map_or(Value::String(text), Value::Number)
}
