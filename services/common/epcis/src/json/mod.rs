//! EPCIS 2.0 JSON-LD: documents, query documents, single events and lists of events, in two passes
//! over a text of any length; the second over one in memory goes straight to its events.
//!
//! | module | subject |
//! |---|---|
//! | `source` | a text in memory, or one that is read as it is needed |
//! | `scan` | where the parts of a text begin and end |
//! | `header` | the first pass: the document around the events |
//! | `master_data` | vocabularies in the header |

mod header;
mod master_data;
mod scan;
mod source;

use std::io::BufRead;
use std::ops::ControlFlow;
use std::str::Utf8Error;

use crate::context::Context;
use crate::document::{Capture, CapturedEvent, Header, Limits, ReadOptions};
use crate::reason::{DocumentError, EventError, Fault, Reason};
use crate::strict::{self, Events};
use crate::tree::{self, Found, Tree};
use scan::{PREFIX_BYTES, Scanned, Scanner, Span};
use source::{Source, Stream, Whole};

/// The first pass over a body.
pub(crate) fn header(body: impl BufRead, options: &ReadOptions) -> Result<Header, DocumentError> {
    header::read(&mut Scanner::new(Stream::new(body))?, options).map(|(header, _)| header)
}

/// The second pass over a body.
pub(crate) fn events(
    body: impl BufRead,
    header: &Header,
    options: &ReadOptions,
    mut on_event: impl FnMut(CapturedEvent) -> ControlFlow<()>,
) -> Result<(), DocumentError> {
    let mut scanner = Scanner::new(Stream::new(body))?;
    let mut reading = Reading::new(header, options)?;
    let mut index = 0;
    let mut over = false;
    let passed = descend(&mut scanner, path(header), &mut |scanner| {
        let extent = scanner.value(options.limits.max_event_bytes)?;
        let length = extent.too_long.as_ref().map(|(length, _)| *length);
        let event = reading.event(index, extent.line, scanner.bytes(&extent), length);
        index += 1;
        if on_event(event).is_break() {
            over = true;
            return Err(scanner.malformed("its reader wants no more"));
        }
        Ok(())
    });
    match passed {
        // The fault that ends a pass nobody wants more of.
        Err(_) if over => Ok(()),
        done => done,
    }
}

/// Both passes over a body that is in memory: the first tells where the events are.
pub(crate) fn parse(body: &[u8], options: &ReadOptions) -> Result<Capture, DocumentError> {
    let (header, places) = header::read(&mut Scanner::new(Whole(body))?, options)?;
    if !is_document(&header) {
        // Of an event alone the first pass took each field for itself, one level less deep.
        for place in &places {
            Scanner::new(Whole(&body[place.start as usize..place.end as usize]))?.skip()?;
        }
    }
    let mut reading = Reading::new(&header, options)?;
    let limit = options.limits.max_event_bytes;
    let event = |(index, place): (usize, &Span)| {
        // Offsets within the body, which is in memory.
        let text = &body[place.start as usize..place.end as usize];
        let too_long = (text.len() > limit).then_some(text.len() as u64);
        let kept = too_long.map_or(text.len(), |_| text.len().min(PREFIX_BYTES));
        reading.event(index, place.line, &text[..kept], too_long)
    };
    let events = places.iter().enumerate().map(event).collect();
    Ok(Capture { header, events })
}

/// The tree of a stored event.
pub(crate) fn tree(original: &[u8], context: Option<&str>) -> Result<Tree, EventError> {
    let context = Context::from_json(context).map_err(|what| {
        fault(
            Reason::WrongType,
            format!("the context kept with the event: {what}"),
        )
    })?;
    let text = std::str::from_utf8(original).map_err(|e| not_utf8(&e))?;
    // It was within the limits of its day when it was captured.
    read_text(&mut Events::new(usize::MAX), text, 1, &context)
}

/// The objects around a list of events; none around an event or a list that is the whole text.
fn path(header: &Header) -> &'static [&'static str] {
    match (is_document(header), is_query(header)) {
        (false, _) => &[],
        (true, false) => &["epcisBody", "eventList"],
        (true, true) => &["epcisBody", "queryResults", "resultsBody", "eventList"],
    }
}

fn is_query(header: &Header) -> bool {
    header.query_name.is_some()
}

fn is_document(header: &Header) -> bool {
    is_query(header) || header.schema_version.is_some()
}

/// Passes the objects on the way to a list of events, and the list.
fn descend<S: Source>(
    scanner: &mut Scanner<S>,
    path: &[&str],
    on_event: &mut dyn FnMut(&mut Scanner<S>) -> Scanned<()>,
) -> Scanned<()> {
    match path.split_first() {
        Some((wanted, deeper)) => scanner.object(|scanner, name| {
            if name == **wanted {
                descend(scanner, deeper, on_event)
            } else {
                scanner.skip().map(drop)
            }
        }),
        None if scanner.peek()? == Some(b'[') => scanner.list(on_event),
        None => on_event(scanner),
    }
}

/// What the events of one document have in common.
struct Reading<'a> {
    context: Context,
    /// Each event has to bring its `@context`.
    own_context: bool,
    limits: &'a Limits,
    events: Events,
}

impl<'a> Reading<'a> {
    fn new(header: &Header, options: &'a ReadOptions) -> Result<Self, DocumentError> {
        let wrong = |what: String| DocumentError::new(Reason::WrongType, "@context", what);
        let is_document = is_document(header);
        let context = if is_document {
            Context::from_json(header.context.as_deref()).map_err(wrong)?
        } else {
            Context::standard()
        };
        Ok(Self {
            context,
            own_context: !is_document,
            limits: &options.limits,
            events: Events::new(options.limits.max_event_nodes),
        })
    }

    /// An event from its text; of one above the limit the text is only how it begins, and
    /// `too_long` its length.
    fn event(
        &mut self,
        index: usize,
        line: u64,
        bytes: &[u8],
        too_long: Option<u64>,
    ) -> CapturedEvent {
        let text = std::str::from_utf8(bytes);
        let tree = match (too_long, text) {
            (Some(length), _) => Err(self.too_long(length)),
            (None, Ok(text)) => self.tree(text, line),
            (None, Err(e)) => Err(not_utf8(&e)),
        };
        let found = Found {
            index,
            line,
            original: text.map_or_else(
                |_| String::from_utf8_lossy(bytes).into_owned(),
                str::to_owned,
            ),
        };
        tree::captured(found, tree, &self.context, self.limits)
    }

    fn too_long(&self, length: u64) -> EventError {
        fault(
            Reason::EventTooLarge,
            format!(
                "the event takes {length} bytes, at most {} are taken; split it into several events",
                self.limits.max_event_bytes
            ),
        )
    }

    fn tree(&mut self, text: &str, line: u64) -> Result<Tree, EventError> {
        let tree = read_text(&mut self.events, text, line, &self.context)?;
        if self.own_context && tree.event.is_object() && tree.field("@context").is_none() {
            return Err(Fault {
                field: "@context".to_owned(),
                reason: Reason::MissingField,
                message: "@context: an event without a document needs its own (EPCIS 2.0 §10.2)"
                    .to_owned(),
            }
            .of_event(0, 0));
        }
        Ok(tree)
    }
}

/// One event from its text, which starts at a line.
fn read_text(
    events: &mut Events,
    text: &str,
    line: u64,
    context: &Context,
) -> Result<Tree, EventError> {
    let value = events.read(text).map_err(|e| {
        let reason = strict::reason(&e, Reason::EventTooLarge);
        let line = line_of(&e, line);
        let message = match reason {
            Reason::EventTooLarge => format!(
                "the event has more than {} values (line {line})",
                events.most()
            ),
            _ => placed(&e, line),
        };
        fault(reason, message)
    })?;
    Tree::new(value, context)
}

fn not_utf8(e: &Utf8Error) -> EventError {
    fault(
        Reason::MalformedJson,
        format!("the event is not UTF-8 (byte {} of it)", e.valid_up_to()),
    )
}

fn fault(reason: Reason, message: String) -> EventError {
    Fault {
        field: String::new(),
        reason,
        message,
    }
    .of_event(0, 0)
}

/// The line in the document of an error in a piece that starts at `start`.
fn line_of(e: &serde_json::Error, start: u64) -> u64 {
    // One about the whole piece has no place: 0.
    start + (e.line() as u64).saturating_sub(1)
}

/// What serde_json complains of, with the line in the document instead of that in the piece.
fn placed(e: &serde_json::Error, line: u64) -> String {
    let text = e.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(what, _)| what);
    format!("{what} at line {line} column {}", e.column())
}
