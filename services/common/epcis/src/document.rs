//! The document around the events (EPCIS 2.0 §10.1, §12.6): what it may hold, and the two passes
//! that read one.

use std::io::BufRead;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::model::Event;
use crate::reason::{DocumentError, EventError, Warning};
use crate::{json, xml};

/// What a body is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// An `EPCISDocument` or an `EPCISQueryDocument`, as `POST /capture` takes them.
    Document,
    /// One event with its own `@context`, as `POST /events` takes it, or a list of such events.
    SingleEvent,
    /// Either, told apart by `type`.
    Either,
}

/// The binding a body is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON-LD (EPCIS 2.0 §10).
    #[default]
    JsonLd,
    /// XML (EPCIS 2.0 §9; EPCIS 1.1 and 1.2 §9).
    Xml,
}

impl Format {
    /// The format of a body by its first bytes: XML begins with `<`, after blanks and a byte order
    /// mark. What holds only blanks is taken for JSON-LD, whose reader refuses it.
    pub fn of(start: &[u8]) -> Self {
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        match start.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'<') => Self::Xml,
            _ => Self::JsonLd,
        }
    }

    /// The media type of an event in this format: `application/ld+json` or `application/xml`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::JsonLd => "application/ld+json",
            Self::Xml => "application/xml",
        }
    }
}

/// What one document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events in one document.
    pub max_events: usize,
    /// EPCs in one event, parent not counted.
    pub max_epcs_per_event: usize,
    /// Bytes of one event's text. A longer one is passed over without being kept, and refused.
    pub max_event_bytes: usize,
    /// Nodes of one event, itself counted. In XML these are elements and attributes (declarations of
    /// namespaces are none), in JSON values: every member of an object and every item of a list, at
    /// any depth. So an EPC of a list is one node in both. An event with more is refused with the
    /// reason of one with too many bytes: a short node takes many times its bytes in memory.
    pub max_event_nodes: usize,
    /// Bytes of everything around the events: header, master data, contexts.
    pub max_header_bytes: usize,
    /// Nodes, as of an event, around the events: in XML of the header, or of another element there;
    /// in JSON of all fields of the document but the events and the objects that lead to them. The
    /// fields of an event that is a body by itself are first read as such, before it is known to be one.
    pub max_header_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_events: 100_000,
            max_epcs_per_event: 100_000,
            max_event_bytes: 8 * 1024 * 1024,
            max_event_nodes: 250_000,
            max_header_bytes: 16 * 1024 * 1024,
            max_header_nodes: 500_000,
        }
    }
}

/// How a body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// What it has to be.
    pub kind: BodyKind,
    /// What it may hold.
    pub limits: Limits,
}

/// A document's own fields; all empty for a single event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The binding it is written in.
    pub format: Format,
    /// `id` of the document.
    pub document_id: Option<String>,
    /// `schemaVersion`: 2.x, in XML also 1.1, 1.2, 1.
    pub schema_version: Option<String>,
    /// `creationDate`.
    pub creation_date: Option<DateTime<Utc>>,
    /// `sender`, `receiver`, `instanceIdentifier` and `epcisHeader` as one JSON
    /// object: what EPCIS 2.0 keeps of the Standard Business Document Header.
    pub sbdh: Option<String>,
    /// `@context` as JSON; of an XML document the namespaces it declares.
    pub context: Option<String>,
    /// Events in the document.
    pub events: u64,
    /// `queryName` of a query document.
    pub query_name: Option<String>,
    /// `subscriptionID` of a query document.
    pub subscription_id: Option<String>,
    /// Master data of the header, or of the results of a query document.
    pub master_data: Vec<VocabularyElement>,
}

/// One element of a master data vocabulary (EPCIS 2.0 §9.4.2, §10.1; CBV 2.0 §9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyElement {
    /// The vocabulary, a URI such as `urn:epcglobal:epcis:vtype:Location`.
    pub vocabulary: String,
    /// What is described, a URI as given.
    pub id: String,
    /// Attributes in their order: a URI or prefixed name, and its value.
    pub attributes: Vec<(String, Value)>,
    /// What belongs to it, URIs as given.
    pub children: Vec<String>,
}

/// One event of a document: read or refused, with its original text.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturedEvent {
    /// Position in the event list, from 0.
    pub index: usize,
    /// Line of the document it starts at, from 1.
    pub line: u64,
    /// The event exactly as it stood in the document. Of one above
    /// [`Limits::max_event_bytes`] only the beginning; bytes that are not UTF-8 are replaced by U+FFFD.
    pub original: String,
    /// All contexts in force for it as JSON: the document's and its own.
    pub context: Option<String>,
    /// The event, or why it is refused.
    pub outcome: Result<Event, EventError>,
    /// What is strange about an event that is read all the same.
    pub warnings: Vec<Warning>,
}

/// A document read.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// The document's own fields.
    pub header: Header,
    /// Its events in their order.
    pub events: Vec<CapturedEvent>,
}

/// The first pass: verifies the structure of the whole document and counts its events. What is wrong
/// within an event is left to [`read_events`].
///
/// Memory is bounded by [`Limits::max_header_bytes`] and [`Limits::max_header_nodes`], whatever the length
/// of the body.
///
/// # Errors
/// The document as a whole is refused: none of its events can be taken.
pub fn read_header(
    body: impl BufRead,
    format: Format,
    options: &ReadOptions,
) -> Result<Header, DocumentError> {
    match format {
        Format::JsonLd => json::header(body, options),
        Format::Xml => xml::header(body, options),
    }
}

/// The second pass, over the same bytes: hands over each event until there is none left or
/// `on_event` breaks.
///
/// Memory is bounded by one event ([`Limits::max_event_bytes`], [`Limits::max_event_nodes`]).
///
/// # Errors
/// The body is not the one the header is from.
pub fn read_events(
    body: impl BufRead,
    format: Format,
    header: &Header,
    options: &ReadOptions,
    on_event: impl FnMut(CapturedEvent) -> ControlFlow<()>,
) -> Result<(), DocumentError> {
    match format {
        Format::JsonLd => json::events(body, header, options, on_event),
        Format::Xml => xml::events(body, header, options, on_event),
    }
}

/// Reads a body that is in memory, its format told from its first bytes. An error is about the
/// document as a whole; a fault within one event is that event's outcome.
///
/// # Errors
/// As [`read_header`].
pub fn parse_body(body: &[u8], kind: BodyKind, limits: &Limits) -> Result<Capture, DocumentError> {
    let options = ReadOptions {
        kind,
        limits: *limits,
    };
    match Format::of(body) {
        Format::JsonLd => json::parse(body, &options),
        Format::Xml => xml::parse(body, &options),
    }
}
