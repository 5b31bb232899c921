//! EPCIS 2.0 JSON-LD: documents, query documents, single events and lists of events, in two passes
//! over a text of any length.
//!
//! | module | subject |
//! |---|---|
//! | `scan` | where the parts of a text begin and end |
//! | `header` | the first pass: the document around the events |
//! | `master_data` | vocabularies in the header |

mod header;
mod master_data;
mod scan;

use std::io::BufRead;
use std::ops::ControlFlow;

use crate::context::Context;
use crate::document::{Capture, CapturedEvent, Header, Limits, ReadOptions};
use crate::reason::{DocumentError, EventError, Fault, Reason};
use crate::strict::{DUPLICATE, Strict};
use crate::tree::{self, Found, Tree};
use scan::{Extent, Scanned, Scanner, Source, Stream, Whole};

/// The first pass over a body.
pub(crate) fn header(body: impl BufRead, options: &ReadOptions) -> Result<Header, DocumentError> {
    header::read(&mut Scanner::new(Stream::new(body))?, options)
}

/// The second pass over a body.
pub(crate) fn events(
    body: impl BufRead,
    header: &Header,
    options: &ReadOptions,
    on_event: impl FnMut(CapturedEvent) -> ControlFlow<()>,
) -> Result<(), DocumentError> {
    let mut scanner = Scanner::new(Stream::new(body))?;
    each_event(&mut scanner, header, options, on_event)
}

/// Both passes over a body that is in memory.
pub(crate) fn parse(body: &[u8], options: &ReadOptions) -> Result<Capture, DocumentError> {
    let header = header::read(&mut Scanner::new(Whole(body))?, options)?;
    let mut events = Vec::with_capacity(usize::try_from(header.events).unwrap_or(0));
    each_event(&mut Scanner::new(Whole(body))?, &header, options, |event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
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
    read_text(original, 1, &context)
}

/// Hands over the events of a document whose header was read before.
fn each_event<S: Source>(
    scanner: &mut Scanner<S>,
    header: &Header,
    options: &ReadOptions,
    mut on_event: impl FnMut(CapturedEvent) -> ControlFlow<()>,
) -> Result<(), DocumentError> {
    let wrong = |what: String| DocumentError::new(Reason::WrongType, "@context", what);
    let is_query = header.query_name.is_some();
    let is_document = is_query || header.schema_version.is_some();
    let context = if is_document {
        Context::from_json(header.context.as_deref()).map_err(wrong)?
    } else {
        Context::standard()
    };
    let mut reading = Reading {
        index: 0,
        over: false,
        context,
        own_context: !is_document,
        limits: options.limits,
        on_event: &mut on_event,
    };
    let path: &[&str] = match (is_document, is_query) {
        (false, _) => &[],
        (true, false) => &["epcisBody", "eventList"],
        (true, true) => &["epcisBody", "queryResults", "resultsBody", "eventList"],
    };
    match descend(scanner, path, &mut reading) {
        // The fault that ends a pass nobody wants more of.
        Err(_) if reading.over => Ok(()),
        done => done,
    }
}

/// Passes the objects on the way to a list of events, and the list.
fn descend<S: Source>(
    scanner: &mut Scanner<S>,
    path: &[&str],
    reading: &mut Reading<'_>,
) -> Scanned<()> {
    match path.split_first() {
        Some((wanted, deeper)) => scanner.object(|scanner, name| {
            if name == **wanted {
                descend(scanner, deeper, reading)
            } else {
                scanner.skip()
            }
        }),
        None if scanner.peek()? == Some(b'[') => scanner.list(|scanner| reading.event(scanner)),
        None => reading.event(scanner),
    }
}

/// The second pass on its way.
struct Reading<'a> {
    index: usize,
    /// Nobody wants further events.
    over: bool,
    context: Context,
    /// Each event has to bring its `@context`.
    own_context: bool,
    limits: Limits,
    on_event: &'a mut dyn FnMut(CapturedEvent) -> ControlFlow<()>,
}

impl Reading<'_> {
    fn event<S: Source>(&mut self, scanner: &mut Scanner<S>) -> Scanned<()> {
        let extent = scanner.value(self.limits.max_event_bytes)?;
        let tree = self.tree(scanner.bytes(&extent), &extent);
        let found = Found {
            index: self.index,
            line: extent.line,
            original: String::from_utf8_lossy(scanner.bytes(&extent)).into_owned(),
        };
        let event = tree::captured(found, tree, &self.context, &self.limits);
        self.index += 1;
        if (self.on_event)(event).is_break() {
            self.over = true;
            return Err(scanner.malformed("its reader wants no more"));
        }
        Ok(())
    }

    fn tree(&self, text: &[u8], extent: &Extent) -> Result<Tree, EventError> {
        if let Some((length, _)) = extent.too_long {
            return Err(fault(
                Reason::EventTooLarge,
                format!(
                    "the event takes {length} bytes, at most {} are taken; split it into several events",
                    self.limits.max_event_bytes
                ),
            ));
        }
        let tree = read_text(text, extent.line, &self.context)?;
        if self.own_context && tree.event.get("@context").is_none() && tree.event.is_object() {
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
fn read_text(text: &[u8], line: u64, context: &Context) -> Result<Tree, EventError> {
    let text = std::str::from_utf8(text).map_err(|e| {
        fault(
            Reason::MalformedJson,
            format!("the event is not UTF-8 (byte {} of it)", e.valid_up_to()),
        )
    })?;
    let Strict(value) = serde_json::from_str(text).map_err(|e| {
        let reason = if e.to_string().starts_with(DUPLICATE) {
            Reason::DuplicateField
        } else {
            Reason::MalformedJson
        };
        fault(reason, placed(&e, line + e.line() as u64 - 1))
    })?;
    Tree::new(value, context)
}

fn fault(reason: Reason, message: String) -> EventError {
    Fault {
        field: String::new(),
        reason,
        message,
    }
    .of_event(0, 0)
}

/// What serde_json complains of, with the line in the document instead of that in the piece.
fn placed(e: &serde_json::Error, line: u64) -> String {
    let text = e.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(what, _)| what);
    format!("{what} at line {line} column {}", e.column())
}
