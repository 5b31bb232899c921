//! EPCIS 2.0 JSON-LD.

use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::Value;
use serde_json::value::RawValue;
use serialtrail_gs1::IdReason;

use crate::context::Context;
use crate::document::{BodyKind, Capture, CapturedEvent, Format, Header, Limits, ReadOptions};
use crate::reason::{At, DocumentError, EventError, Fault, Reason};
use crate::strict::{DUPLICATE, RawFields, Strict};
use crate::time;
use crate::tree::{self, Found, Tree};

/// The first pass over a body.
pub(crate) fn header(body: impl BufRead, options: &ReadOptions) -> Result<Header, DocumentError> {
    parse(&whole(body)?, options).map(|capture| capture.header)
}

/// The second pass over a body.
pub(crate) fn events(
    body: impl BufRead,
    _header: &Header,
    options: &ReadOptions,
    mut on_event: impl FnMut(CapturedEvent) -> ControlFlow<()>,
) -> Result<(), DocumentError> {
    for event in parse(&whole(body)?, options)?.events {
        if on_event(event).is_break() {
            break;
        }
    }
    Ok(())
}

fn whole(mut body: impl BufRead) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)
        .map_err(|e| DocumentError::new(Reason::Unreadable, "", e.to_string()))?;
    Ok(bytes)
}

/// The tree of a stored event.
pub(crate) fn tree(original: &[u8], context: Option<&str>) -> Result<Tree, EventError> {
    let fault = |reason, message: String| {
        Fault {
            field: String::new(),
            reason,
            message,
        }
        .of_event(0, 0)
    };
    let context = Context::from_json(context).map_err(|what| {
        fault(
            Reason::WrongType,
            format!("the context kept with the event: {what}"),
        )
    })?;
    let text = std::str::from_utf8(original).map_err(|e| {
        fault(
            Reason::MalformedJson,
            format!("not UTF-8 (byte {})", e.valid_up_to()),
        )
    })?;
    event(text, &context)
}

/// One event from its text.
fn event(text: &str, context: &Context) -> Result<Tree, EventError> {
    let Strict(value) = serde_json::from_str(text).map_err(|e| {
        let message = e.to_string();
        let reason = if message.starts_with(DUPLICATE) {
            Reason::DuplicateField
        } else {
            Reason::MalformedJson
        };
        Fault {
            field: String::new(),
            reason,
            message,
        }
        .of_event(0, 0)
    })?;
    Tree::new(value, context)
}

/// Reads a body. An error is about the document as a whole; a fault within one
/// event is that event's outcome.
pub(crate) fn parse(body: &[u8], options: &ReadOptions) -> Result<Capture, DocumentError> {
    let ReadOptions { kind, limits } = options;
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|e| malformed(format!("the body is not UTF-8 (byte {})", e.valid_up_to())))?;
    let fields: RawFields<'_> = serde_json::from_str(text).map_err(|e| {
        let message = format!("the body is not a JSON object as expected: {e}");
        if e.to_string().starts_with(DUPLICATE) {
            DocumentError::new(Reason::DuplicateField, "", message)
        } else {
            malformed(message)
        }
        .at_line(e.line() as u64)
    })?;
    let document_type = string(&fields, "type")?.ok_or_else(|| missing("type"))?;
    match (document_type.as_str(), *kind) {
        ("EPCISDocument", BodyKind::Document | BodyKind::Either) => {
            document(&fields, &["epcisBody"], limits)
        }
        ("EPCISDocument" | "EPCISQueryDocument", BodyKind::SingleEvent) => Err(unsupported(
            "a document is captured at /capture; here one event is expected",
        )),
        ("EPCISQueryDocument", BodyKind::Document | BodyKind::Either) => document(
            &fields,
            &["epcisBody", "queryResults", "resultsBody"],
            limits,
        ),
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
            events: 1,
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

fn document(
    fields: &RawFields<'_>,
    path: &[&str],
    limits: &Limits,
) -> Result<Capture, DocumentError> {
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
    let mut header = document_header(fields, &context, path.len() > 1)?;
    let events = event_texts(fields, path)?;
    header.events = events.len() as u64;
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
    let found = Found {
        index,
        line: 1,
        original: original.to_owned(),
    };
    tree::captured(found, event(original, context), context, limits)
}

fn document_header(
    fields: &RawFields<'_>,
    context: &Context,
    query: bool,
) -> Result<Header, DocumentError> {
    let required = |name: &str| match string(fields, name)? {
        None if !query => Err(missing(name)),
        text => Ok(text),
    };
    if let Some(schema_version) = required("schemaVersion")? {
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
    }
    let at = At::Field(&At::Root, "creationDate");
    let creation_date = required("creationDate")?
        .map(|created| time::time(&at, &created).map_err(Fault::of_document))
        .transpose()?;
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
        schema_version: string(fields, "schemaVersion")?,
        creation_date,
        sbdh: (!sbdh.is_empty()).then(|| format!("{{{}}}", sbdh.join(","))),
        context: context.to_json(),
        format: Format::JsonLd,
        ..Header::default()
    })
}

/// The texts of the event list at the end of a path of objects.
fn event_texts<'a>(
    fields: &RawFields<'a>,
    path: &[&str],
) -> Result<Vec<&'a RawValue>, DocumentError> {
    match path {
        [] => {
            let list = fields
                .get("eventList")
                .ok_or_else(|| missing("eventList"))?;
            serde_json::from_str(list.get()).map_err(|_| wrong_type("eventList", "a list"))
        }
        [name, deeper @ ..] => {
            let inner = fields.get(name).ok_or_else(|| missing(name))?;
            let inner: RawFields<'a> =
                serde_json::from_str(inner.get()).map_err(|_| wrong_type(name, "an object"))?;
            event_texts(&inner, deeper)
        }
    }
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
