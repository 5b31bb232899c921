//! EPCIS 1.1, 1.2 and 2.0 XML: each event as the tree it is in EPCIS 2.0 JSON-LD, and trees as XML.
//!
//! | module | subject |
//! |---|---|
//! | `source` | bytes: lines, the original text of an event, the length of a token |
//! | `scanner` | tags and texts; what may harm is refused |
//! | `characters` | characters, and what stands for them |
//! | `names`, `scope` | names and their namespaces; what a prefix means where |
//! | `element` | elements with all that is in them |
//! | `document`, `events`, `results`, `version`, `faults` | the walk through a document to its events |
//! | `header` | Standard Business Document Header and master data |
//! | `event`, `parts`, `content` | an event element as a tree's object |
//! | `extension` | elements of other namespaces as JSON |
//! | `prefixes` | the prefixes a tree's names are written with |
//! | `write` | trees as XML |
//!
//! Memory: the document's header and one event at a time. What a stored event needs from around it
//! is kept in its context as `@xmlns`: prefix and namespace, the empty prefix for the default one.

mod characters;
mod content;
mod document;
mod element;
mod event;
mod events;
mod extension;
mod faults;
mod header;
mod names;
mod parts;
mod prefixes;
mod results;
mod scanner;
mod scope;
mod source;
mod version;
pub(crate) mod write;

use std::io::BufRead;
use std::ops::ControlFlow;

use crate::document::{Capture, CapturedEvent, Header, Limits, ReadOptions};
use crate::reason::{DocumentError, EventError, Fault, Reason};
use crate::tree::Tree;
use document::Walk;
use element::Elements;
use scanner::{Scanner, Token};
use scope::Scope;

/// Reads a whole XML document: its structure is checked, its events are counted.
pub(crate) fn header(body: impl BufRead, options: &ReadOptions) -> Result<Header, DocumentError> {
    Walk::new(body, options, None).read()
}

/// Reads a document that is in memory in one pass: an error of the document is found in either.
pub(crate) fn parse(body: &[u8], options: &ReadOptions) -> Result<Capture, DocumentError> {
    let mut events = Vec::new();
    let mut on_event = |event| {
        events.push(event);
        ControlFlow::Continue(())
    };
    let header = Walk::new(body, options, Some(&mut on_event)).read()?;
    Ok(Capture { header, events })
}

/// Hands over each event of a document whose header was read before.
pub(crate) fn events(
    body: impl BufRead,
    _header: &Header,
    options: &ReadOptions,
    mut on_event: impl FnMut(CapturedEvent) -> ControlFlow<()>,
) -> Result<(), DocumentError> {
    Walk::new(body, options, Some(&mut on_event))
        .read()
        .map(drop)
}

/// The tree of one stored event element; `context` holds what it needs from its document.
pub(crate) fn tree(original: &[u8], context: Option<&str>) -> Result<Tree, EventError> {
    let fault = |reason, message: String| {
        Fault {
            field: String::new(),
            reason,
            message,
        }
        .of_event(0, 0)
    };
    let malformed = |e: DocumentError| EventError {
        line: e.line.unwrap_or(0),
        ..fault(e.reason, e.message)
    };
    let scope = match context {
        None => Scope::default(),
        Some(json) => {
            let context = serde_json::from_str(json).map_err(|e| {
                fault(
                    Reason::WrongType,
                    format!("the context kept with the event: {e}"),
                )
            })?;
            Scope::kept(&context)
        }
    };
    let limits = Limits {
        max_event_bytes: original.len().saturating_add(1),
        ..Limits::default()
    };
    let mut scanner = Scanner::new(original, scope, &limits);
    let mut elements = Elements::default();
    if scanner.next(&mut elements).map_err(malformed)? != Token::Start {
        return Err(fault(
            Reason::MalformedXml,
            "there is no element".to_owned(),
        ));
    }
    let within = scanner.scope().clone();
    elements
        .read(&mut scanner, |_, _| true)
        .map_err(malformed)?;
    scanner.next(&mut Elements::default()).map_err(malformed)?;
    events::whole_tree(
        &elements.outermost(),
        &within,
        &String::from_utf8_lossy(original),
    )
}
