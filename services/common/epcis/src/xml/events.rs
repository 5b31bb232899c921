//! The events of a document, each read on its own.

use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::Value;

use super::document::Walk;
use super::element::{Element, Elements};
use super::event;
use super::prefixes::Prefixes;
use super::scope::Scope;
use super::version::{Version, one_version};
use crate::context::Context;
use crate::document::CapturedEvent;
use crate::reason::{At, DocumentError, EventError, Fault, Reason};
use crate::tree::{self, Found, Tree};

/// What the events are given to.
pub(super) type OnEvent<'a> = &'a mut dyn FnMut(CapturedEvent) -> ControlFlow<()>;

impl<R: BufRead> Walk<'_, R> {
    /// The events of a list. EPCIS 1.x has the events of later versions in `extension`.
    pub(super) fn event_list(&mut self) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        while let Some(start) = self.next_in(depth)? {
            let tag = start.outermost();
            let is_wrapper = self.is_standard(&tag)? && tag.name.local == "extension";
            let inner = if is_wrapper {
                self.event_list()?
            } else {
                self.event(start)?
            };
            if inner.is_break() {
                return Ok(inner);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The event whose start was read.
    pub(super) fn event(
        &mut self,
        mut elements: Elements,
    ) -> Result<ControlFlow<()>, DocumentError> {
        let limits = &self.options.limits;
        let line = elements.outermost().line;
        let index = usize::try_from(self.header.events).unwrap_or(usize::MAX);
        if index >= limits.max_events {
            return Err(DocumentError::new(
                Reason::TooManyEvents,
                "EventList",
                format!(
                    "more than {} events; so many are taken in one document at most",
                    limits.max_events
                ),
            )
            .at_line(line));
        }
        self.header.events += 1;
        let Some(on_event) = &mut self.on_event else {
            let outside = self.scanner.depth() - 1;
            self.scanner.skip_to(outside)?;
            self.spare = elements;
            return Ok(ControlFlow::Continue(()));
        };
        let within = self.scanner.scope().clone();
        let (bytes, nodes) = (limits.max_event_bytes, limits.max_event_nodes);
        let mut last_line = line;
        self.scanner.keep(true);
        let whole = elements.read(&mut self.scanner, |scanner, elements| {
            last_line = scanner.line();
            scanner.kept().len() <= bytes && elements.count() <= nodes
        })?;
        self.scanner.keep(false);
        let kept = self.scanner.kept();
        let original = String::from_utf8_lossy(&kept[..kept.len().min(bytes)]).into_owned();
        let too_large = |what: String| Err(Fault::new(&At::Root, Reason::EventTooLarge, what));
        let outside = self.scanner.scope();
        let tree = if kept.len() > bytes {
            too_large(format!("the event has more than {bytes} bytes"))
        } else if !whole {
            too_large(format!(
                "the event has more than {nodes} elements and attributes (line {last_line})"
            ))
        } else {
            let around = Around {
                within: &within,
                outside,
            };
            let element = elements.outermost();
            tree(&element, &around, &original, self.version, &mut self.before)
        };
        let (tree, context) = match tree {
            Ok((tree, context)) => (Ok(tree), context),
            Err(fault) => (
                Err(fault.of_event(index, line)),
                context_kept(None, outside, &original),
            ),
        };
        self.spare = elements;
        let found = Found {
            index,
            line,
            original,
        };
        let captured = tree::captured(found, tree, &Context::standard(), limits);
        Ok(on_event(CapturedEvent {
            context,
            ..captured
        }))
    }
}

/// The bindings an event is read with.
struct Around<'a> {
    /// In force in it, those of its own start tag among them.
    within: &'a Scope,
    /// In force around it.
    outside: &'a Scope,
}

/// What an event was read with that declares no namespace of its own. The next mostly needs the same.
pub(super) struct Before {
    scope: Scope,
    /// Which prefixes its text mentions.
    mentioned: u128,
    prefixes: Prefixes,
    context: Context,
    /// What was kept with it.
    kept: Option<String>,
}

/// The tree of an event element in memory.
pub(super) fn whole_tree(
    element: &Element<'_>,
    within: &Scope,
    original: &str,
) -> Result<Tree, EventError> {
    let mut prefixes = Prefixes::new(within, original);
    let event = event::event(element, &mut prefixes).and_then(|event| {
        prefixes.verify()?;
        Ok(event)
    });
    match event {
        Ok(event) => Ok(Tree {
            event,
            context: prefixes.context(),
        }),
        Err(fault) => Err(fault.of_event(0, element.line)),
    }
}

/// The tree of an event, and what has to be kept with it.
fn tree(
    element: &Element<'_>,
    around: &Around<'_>,
    original: &str,
    version: Option<Version>,
    before: &mut Option<Before>,
) -> Result<(Tree, Option<String>), Fault> {
    if version.is_some() {
        one_version(element, version)?;
    }
    let scope = around.within;
    let mentioned = scope.mentioned(original);
    let known = before
        .as_ref()
        .filter(|before| before.mentioned == mentioned && before.scope.is_same(scope));
    let at_first = known.map_or_else(
        || Prefixes::new(scope, original),
        |before| before.prefixes.clone(),
    );
    let mut prefixes = at_first.clone();
    let event = event::event(element, &mut prefixes)?;
    prefixes.verify()?;
    let is_plain = prefixes.is_same(&at_first) && around.outside.is_same(scope);
    if let Some(before) = known.filter(|_| is_plain) {
        let context = before.context.clone();
        return Ok((Tree { event, context }, before.kept.clone()));
    }
    let context = prefixes.context();
    let kept = context_kept(Some(&context), around.outside, original);
    if is_plain {
        *before = Some(Before {
            scope: scope.clone(),
            mentioned,
            prefixes,
            context: context.clone(),
            kept: kept.clone(),
        });
    }
    Ok((Tree { event, context }, kept))
}

/// What has to be kept with an event to understand it alone: what the prefixes in its tree mean,
/// and the bindings its text needs.
fn context_kept(context: Option<&Context>, outside: &Scope, original: &str) -> Option<String> {
    let mut parts: Vec<Value> = context
        .map(|context| context.given().to_vec())
        .unwrap_or_default();
    parts.extend(outside.needed_by(original));
    match parts.as_slice() {
        [] => None,
        [one] => Some(one.to_string()),
        _ => Some(Value::from(parts).to_string()),
    }
}
