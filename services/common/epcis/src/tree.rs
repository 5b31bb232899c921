//! One event as the object it is in EPCIS 2.0 JSON-LD, whatever it was written in.

use serde_json::Value;

use crate::cbv;
use crate::context::Context;
use crate::document::{CapturedEvent, Format, Limits};
use crate::event;
use crate::fields::field_of;
use crate::json;
use crate::model::Event;
use crate::reason::{At, EventError, Fault, Reason};
use crate::xml;

/// An event in the form of EPCIS 2.0 JSON-LD, names as given.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The event object.
    pub event: Value,
    /// What the prefixes in it mean: its document's context and its own.
    pub context: Context,
}

impl Tree {
    /// The tree of an event object; `context` is what its document declared, an `@context` of its
    /// own is added.
    ///
    /// # Errors
    /// Its `@context` is none.
    pub fn new(event: Value, context: &Context) -> Result<Self, EventError> {
        let context = match field(&event, "@context") {
            None => context.clone(),
            Some(own) => context.extended(own).map_err(|what| {
                Fault::new(&At::Root.field("@context"), Reason::WrongType, what).of_event(0, 0)
            })?,
        };
        Ok(Self { event, context })
    }

    /// A field of the event.
    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        field(&self.event, name)
    }
}

fn field<'a>(event: &'a Value, name: &str) -> Option<&'a Value> {
    field_of(event.as_object()?, name)
}

/// The tree of a stored event: its original bytes (not compressed) and the contexts that were in
/// force for it, as [`CapturedEvent::context`] has them.
///
/// # Errors
/// The bytes are no event of this format, or the context is none.
pub fn event_tree(
    original: &[u8],
    format: Format,
    context: Option<&str>,
) -> Result<Tree, EventError> {
    match format {
        Format::JsonLd => json::tree(original, context),
        Format::Xml => xml::tree(original, context),
    }
}

/// Reads a tree: the only place that knows what an event may say. `index` is for the error.
///
/// # Errors
/// The first fault found, with field and reason.
pub fn read_tree(tree: &Tree, index: usize, limits: &Limits) -> Result<Event, EventError> {
    event::read(&tree.event, &tree.context, limits).map_err(|fault| fault.of_event(index, 0))
}

/// An event as it stood in a document, before it is read.
pub(crate) struct Found {
    pub(crate) index: usize,
    pub(crate) line: u64,
    pub(crate) original: String,
}

/// The outcome of an event of a document: read from its tree, or refused with it. `context` is what
/// was in force where the tree itself could not be made.
pub(crate) fn captured(
    found: Found,
    tree: Result<Tree, EventError>,
    context: &Context,
    limits: &Limits,
) -> CapturedEvent {
    let Found {
        index,
        line,
        original,
    } = found;
    let (outcome, warnings, context) = match tree {
        Ok(tree) => {
            let outcome = read_tree(&tree, index, limits);
            let warnings = outcome
                .as_ref()
                .map_or_else(|_| Vec::new(), |event| cbv::warnings(&tree, event));
            (outcome, warnings, tree.context.to_json())
        }
        Err(e) => (
            Err(EventError { index, ..e }),
            Vec::new(),
            context.to_json(),
        ),
    };
    CapturedEvent {
        index,
        line,
        original,
        context,
        outcome: outcome.map_err(|e| EventError { line, ..e }),
        warnings,
    }
}
