//! The document around the events (EPCIS 2.0 §10.1, §12.6).

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use serialtrail_gs1::IdReason;

use crate::context::Context;
use crate::event::parse_event;
use crate::model::Event;
use crate::reason::{At, DocumentError, EventError, Reason};
use crate::strict::{DUPLICATE, RawFields};
use crate::time;

/// What a body is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// An `EPCISDocument`, as `POST /capture` takes it.
    Document,
    /// One event with its own `@context`, as `POST /events` takes it.
    SingleEvent,
    /// Either, told apart by `type`.
    Either,
}

/// What one document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events in one document.
    pub max_events: usize,
    /// EPCs in one event, parent not counted.
    pub max_epcs_per_event: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_events: 100_000,
            max_epcs_per_event: 100_000,
        }
    }
}

/// A document's own fields; all empty for a single event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// `id` of the document.
    pub document_id: Option<String>,
    /// `schemaVersion`, 2.x.
    pub schema_version: Option<String>,
    /// `creationDate`.
    pub creation_date: Option<DateTime<Utc>>,
    /// `sender`, `receiver`, `instanceIdentifier` and `epcisHeader` as one JSON
    /// object: what EPCIS 2.0 keeps of the Standard Business Document Header.
    pub sbdh: Option<String>,
    /// `@context` as JSON.
    pub context: Option<String>,
}

/// One event of a document: read or refused, with its original text.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedEvent {
    /// Position in the event list, from 0.
    pub index: usize,
    /// The event exactly as it stood in the document.
    pub original: String,
    /// All contexts in force for it as JSON: the document's and its own.
    pub context: Option<String>,
    /// The event, or why it is refused.
    pub outcome: Result<Event, EventError>,
}

/// A document read.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// The document's own fields.
    pub header: Header,
    /// Its events in their order.
    pub events: Vec<CapturedEvent>,
}

/// Reads a body. An error is about the document as a whole; a fault within one
/// event is that event's outcome.
pub fn parse_body(body: &[u8], kind: BodyKind, limits: &Limits) -> Result<Capture, DocumentError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|e| malformed(format!("the body is not UTF-8 (byte {})", e.valid_up_to())))?;
    if text.trim_start().starts_with('<') {
        return Err(DocumentError::new(
            Reason::UnsupportedDocument,
            "",
            "XML is not taken by this version yet; send EPCIS 2.0 JSON-LD",
        ));
    }
    let fields: RawFields<'_> = serde_json::from_str(text).map_err(|e| {
        let message = format!("the body is not a JSON object as expected: {e}");
        if e.to_string().starts_with(DUPLICATE) {
            DocumentError::new(Reason::DuplicateField, "", message)
        } else {
            malformed(message)
        }
    })?;
    let document_type = string(&fields, "type")?.ok_or_else(|| missing("type"))?;
    match (document_type.as_str(), kind) {
        ("EPCISDocument", BodyKind::Document | BodyKind::Either) => document(&fields, limits),
        ("EPCISDocument", BodyKind::SingleEvent) => Err(unsupported(
            "an EPCISDocument is captured at /capture; here one event is expected",
        )),
        ("EPCISQueryDocument", _) => Err(unsupported(
            "an EPCISQueryDocument is the answer to a query, not something to capture",
        )),
        ("EPCISMasterDataDocument", _) => {
            Err(unsupported("master data documents are not captured"))
        }
        (event, BodyKind::Document) => Err(unsupported(format!(
            "{event:?} is not an EPCISDocument; single events are captured at /events"
        ))),
        (_, BodyKind::SingleEvent | BodyKind::Either) => single_event(text, &fields, limits),
    }
}

fn single_event(
    text: &str,
    fields: &RawFields<'_>,
    limits: &Limits,
) -> Result<Capture, DocumentError> {
    if fields.get("@context").is_none() {
        return Err(missing("@context"));
    }
    let event = captured(0, text.trim(), &Context::standard(), limits);
    Ok(Capture {
        header: Header {
            context: event.context.clone(),
            ..Header::default()
        },
        events: vec![event],
    })
}

/// Longest name a document gives itself or its parties (bytes), as for every other identifier.
const MAX_ID_BYTES: usize = 1024;

const DOCUMENT_FIELDS: &[&str] = &[
    "@context",
    "id",
    "type",
    "schemaVersion",
    "creationDate",
    "instanceIdentifier",
    "sender",
    "receiver",
    "epcisHeader",
    "epcisBody",
];

fn document(fields: &RawFields<'_>, limits: &Limits) -> Result<Capture, DocumentError> {
    let given = fields.get("@context").ok_or_else(|| missing("@context"))?;
    let context = Context::standard()
        .extended(&value(given, "@context")?)
        .map_err(|what| {
            DocumentError::new(Reason::WrongType, "@context", format!("@context: {what}"))
        })?;
    for (name, _) in &fields.0 {
        if DOCUMENT_FIELDS.contains(&name.as_str()) {
            continue;
        }
        if !name.contains(':') {
            return Err(DocumentError::new(
                Reason::UnknownField,
                name,
                format!(
                    "{name}: EPCIS 2.0 has no such field in a document; an extension needs a namespace prefix"
                ),
            ));
        }
        if !context.declares(name) {
            return Err(DocumentError::new(
                Reason::UndeclaredPrefix,
                name,
                format!("{name}: no @context declares this prefix"),
            ));
        }
    }
    let header = header(fields, &context)?;
    let events = event_texts(fields)?;
    if events.len() > limits.max_events {
        return Err(DocumentError::new(
            Reason::TooManyEvents,
            "epcisBody.eventList",
            format!(
                "{} events, at most {} are taken in one document",
                events.len(),
                limits.max_events
            ),
        ));
    }
    let events = events
        .iter()
        .enumerate()
        .map(|(index, event)| captured(index, event.get(), &context, limits))
        .collect();
    Ok(Capture { header, events })
}

fn captured(index: usize, original: &str, context: &Context, limits: &Limits) -> CapturedEvent {
    let (outcome, context) = match parse_event(original, index, context, limits) {
        Ok((event, context)) => (Ok(event), context.to_json()),
        Err(e) => (Err(e), context.to_json()),
    };
    CapturedEvent {
        index,
        original: original.to_owned(),
        context,
        outcome,
    }
}

fn header(fields: &RawFields<'_>, context: &Context) -> Result<Header, DocumentError> {
    let schema_version =
        string(fields, "schemaVersion")?.ok_or_else(|| missing("schemaVersion"))?;
    let is_version = schema_version
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !is_version || schema_version.split('.').next() != Some("2") {
        return Err(DocumentError::new(
            Reason::UnsupportedVersion,
            "schemaVersion",
            format!("schemaVersion: {schema_version:?} is not a version of EPCIS 2"),
        ));
    }
    let created = string(fields, "creationDate")?.ok_or_else(|| missing("creationDate"))?;
    let at = At::Field(&At::Root, "creationDate");
    let creation_date = time::time(&at, &created).map_err(crate::reason::Fault::of_document)?;
    let mut sbdh = Vec::new();
    for name in ["sender", "receiver", "instanceIdentifier"] {
        if let Some(text) = id(fields, name)? {
            sbdh.push(format!("{}:{}", Value::from(name), Value::from(text)));
        }
    }
    if let Some(header) = fields.get("epcisHeader") {
        if !value(header, "epcisHeader")?.is_object() {
            return Err(wrong_type("epcisHeader", "an object"));
        }
        sbdh.push(format!("\"epcisHeader\":{}", header.get()));
    }
    Ok(Header {
        document_id: id(fields, "id")?,
        schema_version: Some(schema_version),
        creation_date: Some(creation_date),
        sbdh: (!sbdh.is_empty()).then(|| format!("{{{}}}", sbdh.join(","))),
        context: context.to_json(),
    })
}

/// The texts of `epcisBody.eventList`.
fn event_texts<'a>(fields: &RawFields<'a>) -> Result<Vec<&'a RawValue>, DocumentError> {
    let body = fields
        .get("epcisBody")
        .ok_or_else(|| missing("epcisBody"))?;
    let body: RawFields<'a> =
        serde_json::from_str(body.get()).map_err(|_| wrong_type("epcisBody", "an object"))?;
    if let Some(list) = body.get("eventList") {
        return serde_json::from_str(list.get())
            .map_err(|_| wrong_type("epcisBody.eventList", "a list"));
    }
    Err(missing("epcisBody.eventList"))
}

fn value(raw: &RawValue, name: &str) -> Result<Value, DocumentError> {
    serde_json::from_str(raw.get()).map_err(|e| malformed(format!("{name}: {e}")))
}

fn string(fields: &RawFields<'_>, name: &str) -> Result<Option<String>, DocumentError> {
    fields
        .get(name)
        .map(|raw| serde_json::from_str(raw.get()).map_err(|_| wrong_type(name, "a string")))
        .transpose()
}

/// A text that names the document or one of its parties.
fn id(fields: &RawFields<'_>, name: &str) -> Result<Option<String>, DocumentError> {
    let text = string(fields, name)?;
    match &text {
        Some(long) if long.len() > MAX_ID_BYTES => Err(DocumentError::new(
            Reason::Identifier(IdReason::BadLength),
            name,
            format!(
                "{name}: {} bytes, at most {MAX_ID_BYTES} are taken",
                long.len()
            ),
        )),
        _ => Ok(text),
    }
}

fn malformed(message: String) -> DocumentError {
    DocumentError::new(Reason::MalformedJson, "", message)
}

fn unsupported(message: impl Into<String>) -> DocumentError {
    DocumentError::new(Reason::UnsupportedDocument, "type", message)
}

fn wrong_type(name: &str, expected: &str) -> DocumentError {
    DocumentError::new(
        Reason::WrongType,
        name,
        format!("{name}: {expected} is expected"),
    )
}

fn missing(name: &str) -> DocumentError {
    DocumentError::new(
        Reason::MissingField,
        name,
        format!("{name}: this field is required (EPCIS 2.0 §10.1)"),
    )
}
