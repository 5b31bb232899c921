//! The lists of an event: EPCs, quantities, business transactions, sources and
//! destinations; and its places.

use std::collections::HashSet;

use serde_json::Value;
use serialtrail_gs1::{UnitKind, parse_identifier};

use crate::context::Context;
use crate::fields::{Object, item_text, json_text};
use crate::model::{Identifier, PersistentDisposition, Place, Quantity, TypedId};
use crate::reason::{At, Fault, Parsed, Reason};
use crate::vocabulary::{self, Vocabulary};

/// An identifier of any kind.
pub(crate) fn identifier(at: &At<'_>, text: &str) -> Parsed<Identifier> {
    let key = match text.as_bytes() {
        _ if is_of_tag(text) => {
            return Err(Fault::new(
                at,
                Reason::Identifier(serialtrail_gs1::IdReason::Malformed),
                format_args!(
                    "{text:?} says what is on a tag: the pure identity (urn:epc:id:…) or a GS1 Digital Link is expected"
                ),
            ));
        }
        // Identifiers in EPCIS are URIs (CBV 2.0 §8.1): keys and element strings are not.
        [b'a'..=b'z' | b'A'..=b'Z', ..] => {
            parse_identifier(text).map_err(|e| Fault::identifier(at, &e))?
        }
        _ => {
            return Err(Fault::new(
                at,
                Reason::Identifier(serialtrail_gs1::IdReason::Malformed),
                format_args!("{text:?} is not a URI: an EPC URN or a GS1 Digital Link is expected"),
            ));
        }
    };
    Ok(Identifier {
        given: text.to_owned(),
        key,
    })
}

/// Whether it is an EPC as a tag holds it, with filter and encoding; an event names what was read, not
/// how (CBV 2.0 §8.2, TDS 2.0 §6).
pub(crate) fn is_of_tag(text: &str) -> bool {
    let start = match text.as_bytes().get("urn:epc:".len()) {
        Some(b't' | b'T') => "urn:epc:tag:",
        Some(b'r' | b'R') => "urn:epc:raw:",
        _ => return false,
    };
    text.get(..start.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// The items of a list in their order, each read at its place.
pub(crate) fn each<T>(
    list: &At<'_>,
    items: &[Value],
    read: impl Fn(&At<'_>, &Value) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    let mut found = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        found.push(read(&list.index(i), item)?);
    }
    Ok(found)
}

/// An identifier of one thing.
fn instance(at: &At<'_>, text: &str) -> Parsed<Identifier> {
    let found = identifier(at, text)?;
    if found.key.is_class() {
        return Err(Fault::new(
            at,
            Reason::NotAnInstance,
            format_args!("{text:?} names a class; classes belong into a quantity list"),
        ));
    }
    Ok(found)
}

pub(crate) fn parent_id(event: &Object<'_>) -> Parsed<Option<Identifier>> {
    event
        .text("parentID")?
        .map(|text| instance(&event.at.field("parentID"), text))
        .transpose()
}

pub(crate) fn epcs(event: &Object<'_>, name: &str) -> Parsed<Vec<Identifier>> {
    each(&event.at.field(name), event.list(name)?, |at, item| {
        instance(at, item_text(at, item)?)
    })
}

/// [`epcs`] of a list that is a set: an EPC stands in it once.
pub(crate) fn distinct_epcs(event: &Object<'_>, name: &str) -> Parsed<Vec<Identifier>> {
    let found = epcs(event, name)?;
    distinct(
        &event.at.field(name),
        found.iter().map(|epc| epc.given.as_str()),
    )?;
    Ok(found)
}

/// Texts up to which comparing each with all is faster than hashing them.
const FEW: usize = 16;

/// Refuses a text that stands twice in a list.
fn distinct<'t>(at: &At<'_>, texts: impl ExactSizeIterator<Item = &'t str> + Clone) -> Parsed<()> {
    let repeated = if texts.len() <= FEW {
        let mut found = texts.clone().enumerate();
        found.find(|(i, text)| texts.clone().take(*i).any(|before| before == *text))
    } else {
        let mut seen = HashSet::with_capacity(texts.len());
        texts.enumerate().find(|(_, text)| !seen.insert(*text))
    };
    match repeated {
        None => Ok(()),
        Some((i, text)) => Err(Fault::new(
            &at.index(i),
            Reason::BadValue,
            format_args!("{text:?} stands twice in this list"),
        )),
    }
}

pub(crate) fn quantities(event: &Object<'_>, name: &str) -> Parsed<Vec<Quantity>> {
    each(&event.at.field(name), event.list(name)?, quantity)
}

fn quantity(at: &At<'_>, value: &Value) -> Parsed<Quantity> {
    let element = Object::new(at, value)?;
    let known = |name: &str| matches!(name, "epcClass" | "quantity" | "uom");
    element.only(known, None)?;
    let class_at = at.field("epcClass");
    let epc_class = identifier(&class_at, element.required_text("epcClass")?)?;
    if !epc_class.key.is_class() && epc_class.key.kind() != UnitKind::Other {
        return Err(Fault::new(
            &class_at,
            Reason::NotAClass,
            format_args!("{:?} names one thing, not a class", epc_class.given),
        ));
    }
    let quantity = element.number("quantity")?;
    if quantity.is_some_and(|q| q < 0.0) {
        return Err(Fault::new(
            &at.field("quantity"),
            Reason::BadValue,
            "a quantity is not negative",
        ));
    }
    let uom = element.text("uom")?;
    if let Some(code) = uom.filter(|code| {
        !matches!(code.len(), 2..=3)
            || !code
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    }) {
        return Err(Fault::new(
            &at.field("uom"),
            Reason::BadValue,
            format_args!("{code:?} is not a unit of UN/CEFACT Recommendation 20"),
        ));
    }
    Ok(Quantity {
        epc_class,
        quantity,
        uom: uom.map(str::to_owned),
    })
}

/// `bizTransactionList`, `sourceList` or `destinationList`; `name` is the field
/// that holds the identifier. Sources and destinations must have a type.
pub(crate) fn typed_ids(event: &Object<'_>, list_name: &str, name: &str) -> Parsed<Vec<TypedId>> {
    let list = event.at.field(list_name);
    let (vocabulary, type_required) = match name {
        "bizTransaction" => (Vocabulary::BizTransactionType, false),
        _ => (Vocabulary::SourceDestinationType, true),
    };
    each(&list, event.list(list_name)?, |at, item| {
        let element = Object::new(at, item)?;
        element.only(|field| field == "type" || field == name, None)?;
        let kind = match element.text("type")? {
            Some(text) => Some(vocabulary::word(&at.field("type"), vocabulary, text)?),
            None if type_required => return Err(element.missing("type")),
            None => None,
        };
        let id = identifier(&at.field(name), element.required_text(name)?)?;
        Ok(TypedId { kind, id })
    })
}

/// `readPoint` or `bizLocation`.
pub(crate) fn place(event: &Object<'_>, name: &str) -> Parsed<Option<Place>> {
    let Some(value) = event.get(name) else {
        return Ok(None);
    };
    let at = event.at.field(name);
    let place = Object::new(&at, value)?;
    let Identifier { given, key } = identifier(&at.field("id"), place.required_text("id")?)?;
    Ok(Some(Place { given, key }))
}

pub(crate) fn persistent_disposition(event: &Object<'_>) -> Parsed<PersistentDisposition> {
    let Some(value) = event.get("persistentDisposition") else {
        return Ok(PersistentDisposition::default());
    };
    let at = event.at.field("persistentDisposition");
    let object = Object::new(&at, value)?;
    object.only(|name| matches!(name, "set" | "unset"), None)?;
    if object.fields.is_empty() {
        return Err(object.missing("set"));
    }
    let words = |name: &str| -> Parsed<Vec<String>> {
        let list = at.field(name);
        let items = object.list(name)?;
        if items.is_empty() && object.get(name).is_some() {
            return Err(Fault::new(&list, Reason::BadValue, "an empty list"));
        }
        let words = each(&list, items, |at, item| {
            vocabulary::word(at, Vocabulary::Disposition, item_text(at, item)?)
        })?;
        distinct(&list, words.iter().map(String::as_str))?;
        Ok(words)
    };
    Ok(PersistentDisposition {
        set: words("set")?,
        unset: words("unset")?,
    })
}

/// `certificationInfo`: a URI or a list of them (EPCIS 2.0 §7.4.1), as JSON.
pub(crate) fn certification_info(event: &Object<'_>) -> Parsed<Option<String>> {
    let Some(value) = event.get("certificationInfo") else {
        return Ok(None);
    };
    let at = event.at.field("certificationInfo");
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let at = at.index(i);
                crate::fields::uri(&at, item_text(&at, item)?)?;
            }
        }
        item => crate::fields::uri(&at, item_text(&at, item)?)?,
    }
    Ok(Some(json_text(value)))
}

/// `ilmd`: an object of extensions (EPCIS 2.0 §7.3.6), as JSON.
pub(crate) fn ilmd(event: &Object<'_>, context: &Context) -> Parsed<Option<String>> {
    let Some(value) = event.get("ilmd") else {
        return Ok(None);
    };
    let at = event.at.field("ilmd");
    Object::new(&at, value)?.only(|_| false, Some(context))?;
    Ok(Some(json_text(value)))
}
