//! The first pass: the document's own fields, and how many events it has; of a text in memory also
//! where they are.

use std::collections::BTreeMap;

use serde_json::Value;
use serialtrail_gs1::IdReason;

use super::master_data;
use super::scan::{Scanned, Scanner, Span};
use super::source::Source;
use crate::context::Context;
use crate::document::{BodyKind, Format, Header, Limits, ReadOptions};
use crate::fields::is_uri;
use crate::reason::{At, DocumentError, Fault, Reason};
use crate::strict;
use crate::time;

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
const QUERY_DOCUMENT_FIELDS: &[&str] = &[
    "@context",
    "id",
    "type",
    "schemaVersion",
    "creationDate",
    "epcisBody",
];

/// An object around the events, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Document,
    Body,
    Results,
    ResultsBody,
}

impl Level {
    /// A field of it by its path in the document.
    fn path(self, name: &str) -> String {
        let above = match self {
            Self::Document => return name.to_owned(),
            Self::Body => "epcisBody",
            Self::Results => "epcisBody.queryResults",
            Self::ResultsBody => "epcisBody.queryResults.resultsBody",
        };
        format!("{above}.{name}")
    }
}

/// What was met on the way: every field but the events and what is above them.
#[derive(Default)]
struct Met {
    fields: BTreeMap<(Level, String), Value>,
    /// The objects above the events that are there.
    levels: Vec<Level>,
    bytes: usize,
    /// Values in the fields, with all that is in them.
    nodes: usize,
    /// `epcisBody.eventList`.
    captured: Option<Listed>,
    /// `epcisBody.queryResults.resultsBody.eventList`.
    results: Option<Listed>,
}

/// A list of events that was passed.
#[derive(Default)]
struct Listed {
    events: u64,
    /// Where each is, if the text is in memory.
    places: Vec<Span>,
}

/// The header, and where the events are if the text is in memory.
pub(super) fn read<S: Source>(
    scanner: &mut Scanner<S>,
    options: &ReadOptions,
) -> Scanned<(Header, Vec<Span>)> {
    let limits = &options.limits;
    match scanner.peek()? {
        Some(b'[') if options.kind != BodyKind::Document => {
            let Listed { events, places } = count(scanner, "", limits)?;
            scanner.end()?;
            let header = Header {
                events,
                ..Header::default()
            };
            return Ok((header, places));
        }
        Some(b'{') => {}
        _ => {
            let what = match options.kind {
                BodyKind::Document => "an EPCISDocument is expected",
                _ => "an event, a list of events or a document is expected",
            };
            return Err(scanner.malformed(what));
        }
    }
    let mut met = Met::default();
    let whole = scanner.spanning(|scanner| object(scanner, &mut met, Level::Document, limits))?;
    scanner.end()?;
    let document_type = met
        .text(Level::Document, "type")?
        .ok_or_else(|| missing("type"))?;
    match (document_type.as_str(), options.kind) {
        ("EPCISDocument" | "EPCISQueryDocument", BodyKind::SingleEvent) => Err(unsupported(
            "a document is captured at /capture; here one event is expected",
        )),
        ("EPCISDocument", _) => Ok((met.document()?, places(met.captured))),
        ("EPCISQueryDocument", _) => Ok((met.query_document()?, places(met.results))),
        ("EPCISMasterDataDocument", _) => Err(unsupported(
            "EPCIS 2.0 JSON has no master data documents; master data is taken in the header of an EPCISDocument",
        )),
        (event, BodyKind::Document) => Err(unsupported(format!(
            "{event:?} is not an EPCISDocument; single events are captured at /events"
        ))),
        (_, BodyKind::SingleEvent | BodyKind::Either) => Ok((met.single_event()?, vec![whole])),
    }
}

fn places(listed: Option<Listed>) -> Vec<Span> {
    listed.unwrap_or_default().places
}

/// An object around the events, and those within it.
fn object<S: Source>(
    scanner: &mut Scanner<S>,
    met: &mut Met,
    level: Level,
    limits: &Limits,
) -> Scanned<()> {
    met.levels.push(level);
    scanner.object(
        |scanner, name| match (level, name.as_str(), scanner.peek()?) {
            (Level::Document, "epcisBody", Some(b'{')) => object(scanner, met, Level::Body, limits),
            (Level::Body, "queryResults", Some(b'{')) => {
                object(scanner, met, Level::Results, limits)
            }
            (Level::Results, "resultsBody", Some(b'{')) => {
                object(scanner, met, Level::ResultsBody, limits)
            }
            (Level::Body, "eventList", Some(b'[')) => {
                met.captured = Some(count(scanner, &level.path(&name), limits)?);
                Ok(())
            }
            (Level::ResultsBody, "eventList", Some(b'[')) => {
                met.results = Some(count(scanner, &level.path(&name), limits)?);
                Ok(())
            }
            _ => met.keep(scanner, level, name, limits),
        },
    )
}

/// Passes a list of events.
fn count<S: Source>(scanner: &mut Scanner<S>, path: &str, limits: &Limits) -> Scanned<Listed> {
    let mut listed = Listed::default();
    scanner.list(|scanner| {
        listed.events += 1;
        if listed.events > limits.max_events as u64 {
            return Err(DocumentError::new(
                Reason::TooManyEvents,
                path,
                format!(
                    "more than {} events, which is all that is taken in one document",
                    limits.max_events
                ),
            ));
        }
        let place = scanner.skip()?;
        if S::IN_MEMORY {
            listed.places.push(place);
        }
        Ok(())
    })?;
    Ok(listed)
}

impl Met {
    /// Reads a value that is no event.
    fn keep<S: Source>(
        &mut self,
        scanner: &mut Scanner<S>,
        level: Level,
        name: String,
        limits: &Limits,
    ) -> Scanned<()> {
        let path = &level.path(&name);
        self.bytes = self.bytes.saturating_add(name.len());
        let left = limits.max_header_bytes.saturating_sub(self.bytes);
        let extent = scanner.value(left)?;
        let line = extent.line;
        if extent.too_long.is_some() {
            return Err(DocumentError::new(
                Reason::HeaderTooLarge,
                path,
                format!(
                    "{path}: what surrounds the events is longer than the {} bytes taken",
                    limits.max_header_bytes
                ),
            )
            .at_line(line));
        }
        let bytes = scanner.bytes(&extent);
        self.bytes += bytes.len();
        let most = limits.max_header_nodes;
        let mut nodes_left = most.saturating_sub(self.nodes);
        let value = strict::value(bytes, &mut nodes_left).map_err(|e| {
            let reason = strict::reason(&e, Reason::HeaderTooLarge);
            let line = super::line_of(&e, line);
            let what = match reason {
                Reason::HeaderTooLarge => {
                    format!("more than {most} values around the events (line {line})")
                }
                _ => super::placed(&e, line),
            };
            DocumentError::new(reason, path, format!("{path}: {what}")).at_line(line)
        })?;
        self.nodes = most - nodes_left;
        self.fields.insert((level, name), value);
        Ok(())
    }

    fn single_event(&self) -> Scanned<Header> {
        Ok(Header {
            context: self.context()?.to_json(),
            events: 1,
            ..Header::default()
        })
    }

    fn document(&self) -> Scanned<Header> {
        let context = self.context()?;
        self.id_is_uri()?;
        self.only(Level::Document, DOCUMENT_FIELDS, &context)?;
        let schema_version = self
            .schema_version()?
            .ok_or_else(|| missing("schemaVersion"))?;
        let creation_date = self
            .creation_date()?
            .ok_or_else(|| missing("creationDate"))?;
        let mut sbdh = Vec::new();
        for name in ["sender", "receiver", "instanceIdentifier"] {
            if let Some(text) = self.id(Level::Document, name)? {
                sbdh.push(format!("{}:{}", Value::from(name), Value::from(text)));
            }
        }
        let mut master_data = Vec::new();
        if let Some(header) = self.get(Level::Document, "epcisHeader") {
            master_data = master_data::of_header(header, &context)?;
            sbdh.push(format!("\"epcisHeader\":{header}"));
        }
        Ok(Header {
            format: Format::JsonLd,
            document_id: self.id(Level::Document, "id")?,
            schema_version: Some(schema_version),
            creation_date: Some(creation_date),
            sbdh: (!sbdh.is_empty()).then(|| format!("{{{}}}", sbdh.join(","))),
            context: context.to_json(),
            events: self.events(
                self.captured.as_ref(),
                &[(Level::Document, "epcisBody")],
                Level::Body,
            )?,
            query_name: None,
            subscription_id: None,
            master_data,
        })
    }

    fn query_document(&self) -> Scanned<Header> {
        let context = self.context()?;
        self.id_is_uri()?;
        self.only(Level::Document, QUERY_DOCUMENT_FIELDS, &context)?;
        self.only(Level::Body, &["queryResults"], &context)?;
        let known = ["queryName", "subscriptionID", "resultsBody"];
        self.only(Level::Results, &known, &context)?;
        let known = ["eventList", "vocabularyList"];
        self.only(Level::ResultsBody, &known, &context)?;
        let above = [
            (Level::Document, "epcisBody"),
            (Level::Body, "queryResults"),
            (Level::Results, "resultsBody"),
        ];
        let events = self.events(self.results.as_ref(), &above, Level::ResultsBody)?;
        let query_name = self
            .id(Level::Results, "queryName")?
            .ok_or_else(|| missing(&Level::Results.path("queryName")))?;
        let master_data = match self.get(Level::ResultsBody, "vocabularyList") {
            Some(list) => master_data::of_list(list, &Level::ResultsBody.path("vocabularyList"))?,
            None => Vec::new(),
        };
        Ok(Header {
            format: Format::JsonLd,
            document_id: self.id(Level::Document, "id")?,
            schema_version: self.schema_version()?,
            creation_date: self.creation_date()?,
            sbdh: None,
            context: context.to_json(),
            events,
            query_name: Some(query_name),
            subscription_id: self.id(Level::Results, "subscriptionID")?,
            master_data,
        })
    }

    fn get(&self, level: Level, name: &str) -> Option<&Value> {
        self.fields.get(&(level, name.to_owned()))
    }

    /// The number of events; a list that is missing is named by the outermost object above it that
    /// is missing or is none.
    fn events(
        &self,
        listed: Option<&Listed>,
        above: &[(Level, &str)],
        level: Level,
    ) -> Scanned<u64> {
        if let Some(listed) = listed {
            return Ok(listed.events);
        }
        for &(level, name) in above {
            if self.get(level, name).is_some() {
                return Err(wrong_type(&level.path(name), "an object"));
            }
        }
        match self.get(level, "eventList") {
            Some(_) => Err(wrong_type(&level.path("eventList"), "a list")),
            None => {
                let missed = above
                    .iter()
                    .zip(above.iter().skip(1).map(|(l, _)| *l).chain([level]))
                    .find(|(_, below)| !self.levels.contains(below))
                    .map_or_else(
                        || level.path("eventList"),
                        |((level, name), _)| level.path(name),
                    );
                Err(missing(&missed))
            }
        }
    }

    fn context(&self) -> Scanned<Context> {
        let given = self
            .get(Level::Document, "@context")
            .ok_or_else(|| missing("@context"))?;
        Context::standard().extended(given).map_err(|what| {
            DocumentError::new(Reason::WrongType, "@context", format!("@context: {what}"))
        })
    }

    /// Refuses a field that is neither known nor an extension under a declared prefix.
    fn only(&self, level: Level, known: &[&str], context: &Context) -> Scanned<()> {
        let names = self.fields.keys().filter(|(at, _)| *at == level);
        for (_, name) in names.filter(|(_, name)| !known.contains(&name.as_str())) {
            let (reason, what) = if !name.contains(':') {
                (
                    Reason::UnknownField,
                    "EPCIS 2.0 has no such field in a document; an extension needs a namespace prefix",
                )
            } else if !context.declares(name) {
                (Reason::UndeclaredPrefix, "no @context declares this prefix")
            } else {
                continue;
            };
            let field = level.path(name);
            let message = format!("{field}: {what}");
            return Err(DocumentError::new(reason, &field, message));
        }
        Ok(())
    }

    fn schema_version(&self) -> Scanned<Option<String>> {
        let Some(version) = self.text(Level::Document, "schemaVersion")? else {
            return Ok(None);
        };
        let is_version = version
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        if is_version && version.split('.').next() == Some("2") {
            return Ok(Some(version));
        }
        Err(DocumentError::new(
            Reason::UnsupportedVersion,
            "schemaVersion",
            format!("schemaVersion: {version:?} is not a version of EPCIS 2"),
        ))
    }

    fn creation_date(&self) -> Scanned<Option<chrono::DateTime<chrono::Utc>>> {
        let at = At::Field(&At::Root, "creationDate");
        self.text(Level::Document, "creationDate")?
            .map(|text| time::time(&at, &text).map_err(Fault::of_document))
            .transpose()
    }

    fn text(&self, level: Level, name: &str) -> Scanned<Option<String>> {
        match self.get(level, name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong_type(&level.path(name), "a string")),
        }
    }

    fn id_is_uri(&self) -> Scanned<()> {
        match self.text(Level::Document, "id")? {
            Some(id) if !is_uri(&id) => Err(DocumentError::new(
                Reason::BadValue,
                "id",
                format!("id: {id:?} is not a URI"),
            )),
            _ => Ok(()),
        }
    }

    /// A text that names the document or one of its parties.
    fn id(&self, level: Level, name: &str) -> Scanned<Option<String>> {
        let text = self.text(level, name)?;
        match &text {
            Some(long) if long.len() > MAX_ID_BYTES => Err(DocumentError::new(
                Reason::Identifier(IdReason::BadLength),
                &level.path(name),
                format!(
                    "{}: {} bytes, at most {MAX_ID_BYTES} are taken",
                    level.path(name),
                    long.len()
                ),
            )),
            _ => Ok(text),
        }
    }
}

fn unsupported(message: impl Into<String>) -> DocumentError {
    DocumentError::new(Reason::UnsupportedDocument, "type", message)
}

pub(super) fn wrong_type(name: &str, expected: &str) -> DocumentError {
    DocumentError::new(
        Reason::WrongType,
        name,
        format!("{name}: {expected} is expected"),
    )
}

pub(super) fn missing(name: &str) -> DocumentError {
    DocumentError::new(
        Reason::MissingField,
        name,
        format!("{name}: this field is required (EPCIS 2.0 §10.1)"),
    )
}
