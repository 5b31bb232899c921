//! The event hash: an identity made of an event's content (CBV 2.0 §8.9).
//!
//! The event is written out as one string, the pre-hash: fields in the
//! standard's order, names and values joined without separator, lists and
//! extensions sorted, every value in its canonical form, so that all spellings
//! of one event give one string. `eventID`, `recordTime` and `errorDeclaration`
//! do not take part, nor do comments.
//!
//! Where the text of the standard leaves room, the published test vectors
//! decide: business transactions, destinations, ILMD, sources and event-level
//! extensions follow the ordered fields, sorted among each other; extensions of
//! an inner element stand at that element's end.

mod value;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::model::{Event, Identifier};
use crate::vocabulary::Vocabulary;
use value::{canonical, canonical_id, canonical_time, canonical_word, text_of};

/// How a field of the ordered part is written.
enum Shape {
    /// `name=value`
    Plain,
    /// `name=value`, a time
    Time,
    /// `name=value`, a word of the vocabulary
    Word(Vocabulary),
    /// `nameepc=…epc=…`, sorted
    Epcs,
    /// `name`, then an object
    Object(&'static [Field]),
    /// `name`, then `itemname` and an object for each item, sorted
    Objects(&'static str, &'static [Field]),
    /// `nameobject…nameobject…`, sorted, without an enclosing name
    Repeated(&'static [Field]),
}

type Field = (&'static str, Shape);

const QUANTITY: &[Field] = &[
    ("epcClass", Shape::Plain),
    ("quantity", Shape::Plain),
    ("uom", Shape::Plain),
];
const PLACE: &[Field] = &[("id", Shape::Plain)];
const PERSISTENT: &[Field] = &[
    ("set", Shape::Word(Vocabulary::Disposition)),
    ("unset", Shape::Word(Vocabulary::Disposition)),
];
const METADATA: &[Field] = &[
    ("time", Shape::Time),
    ("startTime", Shape::Time),
    ("endTime", Shape::Time),
    ("deviceID", Shape::Plain),
    ("deviceMetadata", Shape::Plain),
    ("rawData", Shape::Plain),
    ("dataProcessingMethod", Shape::Plain),
    ("bizRules", Shape::Plain),
];
const REPORT: &[Field] = &[
    ("type", Shape::Word(Vocabulary::MeasurementType)),
    ("exception", Shape::Word(Vocabulary::SensorAlert)),
    ("deviceID", Shape::Plain),
    ("deviceMetadata", Shape::Plain),
    ("rawData", Shape::Plain),
    ("dataProcessingMethod", Shape::Plain),
    ("bizRules", Shape::Plain),
    ("time", Shape::Time),
    ("microorganism", Shape::Plain),
    ("chemicalSubstance", Shape::Plain),
    ("value", Shape::Plain),
    ("component", Shape::Word(Vocabulary::Component)),
    ("stringValue", Shape::Plain),
    ("booleanValue", Shape::Plain),
    ("hexBinaryValue", Shape::Plain),
    ("uriValue", Shape::Plain),
    ("minValue", Shape::Plain),
    ("maxValue", Shape::Plain),
    ("meanValue", Shape::Plain),
    ("sDev", Shape::Plain),
    ("percRank", Shape::Plain),
    ("percValue", Shape::Plain),
    ("uom", Shape::Plain),
    ("coordinateReferenceSystem", Shape::Plain),
];
const SENSOR_ELEMENT: &[Field] = &[
    ("sensorMetadata", Shape::Object(METADATA)),
    ("sensorReport", Shape::Repeated(REPORT)),
];
const EVENT: &[Field] = &[
    ("eventTime", Shape::Time),
    ("eventTimeZoneOffset", Shape::Plain),
    ("certificationInfo", Shape::Plain),
    ("epcList", Shape::Epcs),
    ("parentID", Shape::Plain),
    ("inputEPCList", Shape::Epcs),
    ("childEPCs", Shape::Epcs),
    ("quantityList", Shape::Objects("quantityElement", QUANTITY)),
    (
        "childQuantityList",
        Shape::Objects("quantityElement", QUANTITY),
    ),
    (
        "inputQuantityList",
        Shape::Objects("quantityElement", QUANTITY),
    ),
    ("outputEPCList", Shape::Epcs),
    (
        "outputQuantityList",
        Shape::Objects("quantityElement", QUANTITY),
    ),
    ("action", Shape::Plain),
    ("transformationID", Shape::Plain),
    ("bizStep", Shape::Word(Vocabulary::BizStep)),
    ("disposition", Shape::Word(Vocabulary::Disposition)),
    ("persistentDisposition", Shape::Object(PERSISTENT)),
    ("readPoint", Shape::Object(PLACE)),
    ("bizLocation", Shape::Object(PLACE)),
    (
        "sensorElementList",
        Shape::Objects("sensorElement", SENSOR_ELEMENT),
    ),
];

/// What never takes part.
const IGNORED: &[&str] = &[
    "@context",
    "type",
    "eventID",
    "recordTime",
    "errorDeclaration",
    "rdfs:comment",
];

/// The event hash, `ni:///sha-256;<hex>?ver=CBV2.0`, of an event in EPCIS 2.0
/// JSON; `context` holds the prefixes in force for it.
pub fn event_hash(event: &Value, context: &Context) -> String {
    digest(&pre_hash(event, context))
}

/// [`event_hash`] of an event that was read from this value: its EPCs need not be parsed again.
pub(crate) fn event_hash_of(event: &Value, context: &Context, read: &Event) -> String {
    digest(&written(event, context, Some(read)))
}

fn digest(pre_hash: &str) -> String {
    let digest = Sha256::digest(pre_hash.as_bytes());
    format!("ni:///sha-256;{}?ver=CBV2.0", hex::encode(digest))
}

/// The string the event hash is made of. An event that is no JSON object gives
/// the string of an empty one.
pub fn pre_hash(event: &Value, context: &Context) -> String {
    written(event, context, None)
}

fn written(event: &Value, context: &Context, read: Option<&Event>) -> String {
    let empty = Map::new();
    let event = event.as_object().unwrap_or(&empty);
    let mut out = String::from("eventType=");
    out.push_str(
        event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default(),
    );
    for (name, shape) in EVENT {
        let Some(value) = event.get(*name) else {
            continue;
        };
        match read.and_then(|read| epcs_of(read, name)) {
            Some(epcs) => {
                let ids = epcs.iter().map(|epc| canonical_id(epc, context));
                let mut epcs = String::new();
                push_sorted(&mut epcs, ids.map(|id| format!("epc={id}")).collect());
                enclose(&mut out, name, &epcs);
            }
            None => field(&mut out, name, shape, value, context),
        }
    }
    let mut rest = Vec::new();
    for (name, value) in event {
        let handled =
            EVENT.iter().any(|(field, _)| field == name) || IGNORED.contains(&name.as_str());
        match name.as_str() {
            _ if handled => {}
            "bizTransactionList" => {
                rest.extend(typed_list(
                    name,
                    value,
                    "bizTransaction",
                    Vocabulary::BizTransactionType,
                    context,
                ));
            }
            "sourceList" => {
                rest.extend(typed_list(
                    name,
                    value,
                    "source",
                    Vocabulary::SourceDestinationType,
                    context,
                ));
            }
            "destinationList" => {
                rest.extend(typed_list(
                    name,
                    value,
                    "destination",
                    Vocabulary::SourceDestinationType,
                    context,
                ));
            }
            _ => generic(&mut rest, name, value, context),
        }
    }
    push_sorted(&mut out, rest);
    out
}

/// The EPCs of a list, as they were read.
fn epcs_of<'e>(read: &'e Event, name: &str) -> Option<&'e [Identifier]> {
    match name {
        "epcList" => Some(&read.epc_list),
        "childEPCs" => Some(&read.child_epcs),
        "inputEPCList" => Some(&read.input_epc_list),
        "outputEPCList" => Some(&read.output_epc_list),
        _ => None,
    }
}

/// The fields of an object that stand in the order, then nothing else.
fn ordered(out: &mut String, object: &Map<String, Value>, fields: &[Field], context: &Context) {
    for (name, shape) in fields {
        if let Some(value) = object.get(*name) {
            field(out, name, shape, value, context);
        }
    }
}

/// An inner object: its ordered fields, then its extensions, sorted.
fn object(value: &Value, fields: &[Field], context: &Context) -> String {
    let mut out = String::new();
    let Some(map) = value.as_object() else {
        return out;
    };
    ordered(&mut out, map, fields, context);
    let mut rest = Vec::new();
    for (name, value) in map {
        if !fields.iter().any(|(field, _)| field == name) {
            generic(&mut rest, name, value, context);
        }
    }
    push_sorted(&mut out, rest);
    out
}

fn field(out: &mut String, name: &str, shape: &Shape, value: &Value, context: &Context) {
    match shape {
        Shape::Plain => pairs(out, name, value, |text| canonical(text, context)),
        Shape::Time => pairs(out, name, value, canonical_time),
        Shape::Word(vocabulary) => {
            pairs(out, name, value, |text| {
                canonical_word(*vocabulary, text, context)
            });
        }
        Shape::Epcs => {
            let mut epcs = String::new();
            pairs(&mut epcs, "epc", value, |text| canonical(text, context));
            enclose(out, name, &epcs);
        }
        Shape::Object(fields) => enclose(out, name, &object(value, fields, context)),
        Shape::Objects(item_name, fields) => {
            let mut items = String::new();
            repeated(&mut items, item_name, fields, value, context);
            enclose(out, name, &items);
        }
        Shape::Repeated(fields) => repeated(out, name, fields, value, context),
    }
}

/// `name=value` for one value or each of a list, sorted.
fn pairs(out: &mut String, name: &str, value: &Value, canonical: impl Fn(&str) -> String) {
    let values = items(value)
        .iter()
        .filter_map(text_of)
        .map(|text| format!("{name}={}", canonical(&text)))
        .collect();
    push_sorted(out, values);
}

fn repeated(out: &mut String, name: &str, fields: &[Field], value: &Value, context: &Context) {
    let values = items(value)
        .iter()
        .map(|item| object(item, fields, context))
        .filter(|text| !text.is_empty())
        .map(|text| format!("{name}{text}"))
        .collect();
    push_sorted(out, values);
}

/// `bizTransactionList` and its kin: type, then identifier, pairs sorted. The
/// first without a type sorts by its identifier.
fn typed_list(
    list: &str,
    value: &Value,
    name: &str,
    vocabulary: Vocabulary,
    context: &Context,
) -> Option<String> {
    let mut out = String::new();
    let pairs_of = |item: &Value| {
        let mut pair = String::new();
        if let Some(kind) = item.get("type") {
            pairs(&mut pair, "type", kind, |text| {
                canonical_word(vocabulary, text, context)
            });
        }
        if let Some(id) = item.get(name) {
            pairs(&mut pair, name, id, |text| canonical(text, context));
        }
        pair
    };
    push_sorted(&mut out, items(value).iter().map(pairs_of).collect());
    (!out.is_empty()).then(|| format!("{list}{out}"))
}

/// An extension, ILMD, or whatever the standard does not order: name in its
/// namespace, value, then what is inside, sorted; a list repeats its name. An attribute of XML
/// (`@name`) is written as an element would be; those about the XML itself (`xsi:type`) say nothing.
/// Values and references of JSON-LD keep their names as they are.
fn generic(out: &mut Vec<String>, name: &str, value: &Value, context: &Context) {
    if name == "rdfs:comment" {
        return;
    }
    let name = match context.expand(name) {
        Some((namespace, _)) if namespace == SCHEMA_INSTANCE => return,
        Some((namespace, local)) => format!("{{{namespace}}}{local}"),
        None => name.to_owned(),
    };
    for item in items(value) {
        let mut text = name.clone();
        match item {
            Value::Null => continue,
            Value::Object(map) => {
                let mut inner = Vec::new();
                let as_is = is_json_ld(map);
                for (name, value) in map {
                    match name.as_str() {
                        _ if as_is => generic(&mut inner, name, value, context),
                        "#text" => push_value(&mut text, value, context),
                        "#mixed" => mixed(&mut text, &mut inner, value, context),
                        _ => {
                            let name = name.strip_prefix('@').unwrap_or(name);
                            generic(&mut inner, name, value, context);
                        }
                    }
                }
                push_sorted(&mut text, inner);
            }
            Value::Array(_) => {
                let mut inner = Vec::new();
                generic(&mut inner, "", item, context);
                push_sorted(&mut text, inner);
            }
            scalar => push_value(&mut text, scalar, context),
        }
        out.push(text);
    }
}

/// A value with its type or language, or a reference (JSON-LD 1.1 §4.2, §9.5): its `@` makes no
/// attributes of XML. The value of an attribute `id` is taken for a reference where it is an IRI.
fn is_json_ld(object: &Map<String, Value>) -> bool {
    let refers = |id: &Value| id.as_str().is_some_and(|id| id.contains(':'));
    object.contains_key("@value") || (object.len() == 1 && object.get("@id").is_some_and(refers))
}

/// Attributes of this namespace are about the XML, not the event.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

fn push_value(text: &mut String, value: &Value, context: &Context) {
    if let Some(value) = text_of(value) {
        text.push('=');
        text.push_str(&canonical(&value, context));
    }
}

/// Text and elements in turn: the text before the first element is the value, as the reference
/// implementation has it; text after an element takes no part.
fn mixed(text: &mut String, inner: &mut Vec<String>, parts: &Value, context: &Context) {
    for (i, part) in items(parts).iter().enumerate() {
        match part {
            Value::Object(elements) => {
                for (name, value) in elements {
                    generic(inner, name, value, context);
                }
            }
            before if i == 0 => push_value(text, before, context),
            _ => {}
        }
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn enclose(out: &mut String, name: &str, content: &str) {
    if !content.is_empty() {
        out.push_str(name);
        out.push_str(content);
    }
}

fn push_sorted(out: &mut String, mut values: Vec<String>) {
    values.sort_unstable();
    out.extend(values);
}
