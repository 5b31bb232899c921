//! The parts of an event that have parts of their own, each as JSON.

use serde_json::{Map, Value};

use super::content::{attributes, list, no_text, numeric, once, plain, text, unknown, word};
use super::element::Element;
use super::extension::{self, truth};
use super::names::XSI;
use super::prefixes::Prefixes;
use crate::reason::{At, Fault, Parsed, Reason};
use crate::vocabulary::Vocabulary;

/// Handles an element of the standard within one that may have extensions.
pub(super) type Own<'a> =
    &'a mut dyn FnMut(&At<'_>, &mut Map<String, Value>, &Element<'_>, &mut Prefixes) -> Parsed<()>;

/// The content of an element that may have extensions; `own` takes the standard's elements in it.
pub(super) fn extended(
    at: &At<'_>,
    object: &mut Map<String, Value>,
    element: &Element<'_>,
    prefixes: &mut Prefixes,
    own: Own<'_>,
) -> Parsed<()> {
    no_text(at, element)?;
    for inner in element.elements() {
        if !inner.name.is_standard() {
            extension::add(at, object, &inner, prefixes)?;
        } else if inner.is("extension") {
            extended(at, object, &inner, prefixes, own)?;
        } else {
            own(at, object, &inner, prefixes)?;
        }
    }
    Ok(())
}

pub(super) fn place(at: &At<'_>, element: &Element<'_>, prefixes: &mut Prefixes) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], None)?;
    extended(
        at,
        &mut object,
        element,
        prefixes,
        &mut |at, object, inner, _| match inner.name.local {
            "id" => {
                let id = text(&at.field("id"), inner)?;
                once(at, object, "id", id.into(), inner.line)
            }
            _ => Err(unknown(at, inner)),
        },
    )?;
    Ok(object.into())
}

pub(super) fn declaration(
    at: &At<'_>,
    element: &Element<'_>,
    prefixes: &mut Prefixes,
) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], Some((&mut object, &mut *prefixes)))?;
    extended(
        at,
        &mut object,
        element,
        prefixes,
        &mut |at, object, inner, _| {
            let name = inner.name.local;
            let inner_at = at.field(name);
            let value = match name {
                "declarationTime" => text(&inner_at, inner)?.into(),
                "reason" => word(Vocabulary::ErrorReason, &text(&inner_at, inner)?).into(),
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

pub(super) fn quantity(at: &At<'_>, element: &Element<'_>) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], None)?;
    no_text(at, element)?;
    for inner in element.elements() {
        let name = inner.name.local;
        let inner_at = at.field(name);
        let value = match name {
            _ if !inner.name.is_standard() => return Err(unknown(at, &inner)),
            "epcClass" | "uom" => text(&inner_at, &inner)?.into(),
            // A quantity that is nil is not known (EPCIS 1.1 §7.3.3.3).
            "quantity" if inner.is_nil() => {
                text(&inner_at, &inner)?;
                continue;
            }
            "quantity" => numeric(&text(&inner_at, &inner)?, false),
            _ => return Err(unknown(at, &inner)),
        };
        once(at, &mut object, name, value, inner.line)?;
    }
    Ok(object.into())
}

/// A business transaction, source or destination.
pub(super) fn typed(
    at: &At<'_>,
    element: &Element<'_>,
    name: &str,
    vocabulary: Vocabulary,
) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &["type"], None)?;
    if let Some(kind) = element.attribute("type") {
        object.insert("type".to_owned(), word(vocabulary, kind.trim()).into());
    }
    object.insert(name.to_owned(), plain(&at.field(name), element)?.into());
    Ok(object.into())
}

pub(super) fn persistent(at: &At<'_>, element: &Element<'_>) -> Parsed<Value> {
    let mut object = Map::new();
    attributes(at, element, &[], None)?;
    no_text(at, element)?;
    for inner in element.elements() {
        let name = inner.name.local;
        if !inner.name.is_standard() || !matches!(name, "set" | "unset") {
            return Err(unknown(at, &inner));
        }
        let disposition = word(Vocabulary::Disposition, &text(&at.field(name), &inner)?);
        if let Value::Array(words) = object
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()))
        {
            words.push(disposition.into());
        }
    }
    Ok(object.into())
}

pub(super) fn sensors(
    at: &At<'_>,
    element: &Element<'_>,
    prefixes: &mut Prefixes,
) -> Parsed<Value> {
    list(at, element, "sensorElement", 1, |at, element| {
        let mut object = Map::new();
        let mut reports = Vec::new();
        attributes(at, element, &[], None)?;
        extended(
            at,
            &mut object,
            element,
            prefixes,
            &mut |at, object, inner, prefixes| match inner.name.local {
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
pub(super) fn sensed(at: &At<'_>, element: &Element<'_>, prefixes: &mut Prefixes) -> Parsed<Value> {
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
    for attribute in element.attributes() {
        if !attribute.name.prefix.is_empty() {
            if attribute.name.uri() != XSI {
                extension::add_attribute(at, &mut object, &attribute, prefixes, element.line)?;
            }
            continue;
        }
        let name = attribute.name.local;
        let given = attribute.value.trim();
        let value = match name {
            "type" => word(Vocabulary::MeasurementType, given).into(),
            "exception" => word(Vocabulary::SensorAlert, given).into(),
            "component" => word(Vocabulary::Component, given).into(),
            "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue" => {
                numeric(given, true)
            }
            "booleanValue" => truth(given).map_or_else(|| given.into(), Value::Bool),
            "stringValue" => attribute.value.into(),
            _ => given.into(),
        };
        object.insert(name.to_owned(), value);
    }
    Ok(object.into())
}
