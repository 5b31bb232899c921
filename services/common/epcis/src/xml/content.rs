//! What may be in an element of the standard: texts, lists, attributes; each refused elsewhere.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::element::Element;
use super::extension::{self, number};
use super::names::{Namespace, XSI};
use super::prefixes::Prefixes;
use crate::reason::{At, Fault, Parsed, Reason};
use crate::vocabulary::{self, Vocabulary};

/// A list of the elements of one name.
pub(super) fn list(
    at: &At<'_>,
    element: &Element<'_>,
    item: &str,
    at_least: usize,
    mut value: impl FnMut(&At<'_>, &Element<'_>) -> Parsed<Value>,
) -> Parsed<Value> {
    attributes(at, element, &[], None)?;
    no_text(at, element)?;
    let mut items = Vec::new();
    for inner in element.elements() {
        if !inner.is(item) {
            return Err(unknown(at, &inner));
        }
        items.push(value(&at.index(items.len()), &inner)?);
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
pub(super) fn text<'a>(at: &At<'_>, element: &Element<'a>) -> Parsed<Cow<'a, str>> {
    attributes(at, element, &[], None)?;
    plain(at, element)
}

pub(super) fn plain<'a>(at: &At<'_>, element: &Element<'a>) -> Parsed<Cow<'a, str>> {
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
    Ok(match element.text() {
        Cow::Borrowed(text) => text.trim().into(),
        Cow::Owned(text) => text.trim().to_owned().into(),
    })
}

pub(super) fn no_text(at: &At<'_>, element: &Element<'_>) -> Parsed<()> {
    if !element.has_text() {
        return Ok(());
    }
    Err(Fault::new(
        at,
        Reason::WrongType,
        format_args!(
            "elements are expected within <{}>, not text (line {})",
            element.name.as_written(),
            element.line
        ),
    ))
}

/// Refuses attributes that are not among `known`; those of other namespaces are added to an object
/// that may have extensions. Attributes about the XML itself (`xsi:`) say nothing.
pub(super) fn attributes(
    at: &At<'_>,
    element: &Element<'_>,
    known: &[&str],
    mut extensions: Option<(&mut Map<String, Value>, &mut Prefixes)>,
) -> Parsed<()> {
    for attribute in element.attributes() {
        let about_xml = attribute.name.uri() == XSI;
        let is_known = attribute.name.prefix.is_empty() && known.contains(&attribute.name.local);
        if about_xml || is_known {
            continue;
        }
        match &mut extensions {
            Some((object, prefixes)) if !attribute.name.prefix.is_empty() => {
                extension::add_attribute(at, object, &attribute, prefixes, element.line)?;
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

pub(super) fn once(
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

pub(super) fn unknown(at: &At<'_>, element: &Element<'_>) -> Fault {
    let name = element.name.as_written();
    if *element.name.namespace == Namespace::Undeclared {
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
pub(super) fn word(vocabulary: Vocabulary, text: &str) -> String {
    if let Some(known) = vocabulary::normalise(vocabulary, text) {
        return known.to_owned();
    }
    match vocabulary {
        // The GS1 Web Vocabulary grows: its words are bare in JSON, known or not.
        Vocabulary::MeasurementType | Vocabulary::SensorAlert => {
            ["gs1:", "https://gs1.org/voc/", "https://ref.gs1.org/voc/"]
                .iter()
                .find_map(|prefix| text.strip_prefix(prefix))
                .unwrap_or(text)
                .to_owned()
        }
        _ => text.to_owned(),
    }
}

/// A number; a text that is none stays one, and is refused where the tree is read.
pub(super) fn numeric(text: &str, exponent: bool) -> Value {
    number(text, exponent).map_or_else(|| text.into(), Value::Number)
}
