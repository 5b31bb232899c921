//! The document around the events: EPCISDocument, EPCISQueryDocument, a list of events, one event.

use std::io::BufRead;
use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

use super::element::{Element, attribute};
use super::event;
use super::faults::{about_root, missing_attribute, missing_element, twice, unknown};
use super::header;
use super::names::{Namespace, Scope};
use super::prefixes::Prefixes;
use super::scanner::{Scanner, Tag, Token, malformed};
use super::version::{Version, of_another_version, one_version};
use crate::context::Context;
use crate::document::{BodyKind, CapturedEvent, Format, Header, ReadOptions};
use crate::reason::{At, DocumentError, EventError, Fault, Reason};
use crate::time;
use crate::tree::{self, Found, Tree};

/// What the events are given to.
pub(super) type OnEvent<'a> = &'a mut dyn FnMut(CapturedEvent) -> ControlFlow<()>;

/// A document being read.
pub(super) struct Walk<'a, R> {
    pub(super) scanner: Scanner<R>,
    options: &'a ReadOptions,
    version: Option<Version>,
    pub(super) header: Header,
    /// None where events are only counted.
    on_event: Option<OnEvent<'a>>,
}

impl<'a, R: BufRead> Walk<'a, R> {
    pub(super) fn new(body: R, options: &'a ReadOptions, on_event: Option<OnEvent<'a>>) -> Self {
        Self {
            scanner: Scanner::new(body, Scope::default(), &options.limits),
            options,
            version: None,
            header: Header {
                format: Format::Xml,
                ..Header::default()
            },
            on_event,
        }
    }

    /// Reads the body to its end, or until an event is answered with a break.
    pub(super) fn read(mut self) -> Result<Header, DocumentError> {
        let Token::Start(root) = self.scanner.next()? else {
            return Err(malformed(self.scanner.line(), "there is no element"));
        };
        if self.root(root)?.is_continue() {
            while !matches!(self.scanner.next()?, Token::Eof) {}
        }
        Ok(self.header)
    }

    fn root(&mut self, root: Tag) -> Result<ControlFlow<()>, DocumentError> {
        let local = root.name.local.clone();
        let takes = |kind| self.options.kind == kind || self.options.kind == BodyKind::Either;
        if let Some(version) = Version::of_namespace(root.name.uri()) {
            self.version = Some(version);
        } else if root.name.namespace != Namespace::None {
            return Err(about_root(
                &root,
                Reason::UnsupportedVersion,
                &format!("its namespace {:?} is none of EPCIS", root.name.uri()),
            ));
        }
        match &*local {
            "EPCISDocument" | "EPCISQueryDocument" if !takes(BodyKind::Document) => {
                Err(about_root(
                    &root,
                    Reason::UnsupportedDocument,
                    "a document is captured at /capture; here one event is expected",
                ))
            }
            "EPCISDocument" | "EPCISQueryDocument" => {
                self.own_fields(&root)?;
                self.document(&*local == "EPCISQueryDocument")
            }
            "EPCISMasterDataDocument" => Err(about_root(
                &root,
                Reason::UnsupportedDocument,
                "master data documents are not captured",
            )),
            "EventList"
            | "ObjectEvent"
            | "AggregationEvent"
            | "TransactionEvent"
            | "TransformationEvent"
            | "AssociationEvent"
            | "QuantityEvent"
                if !takes(BodyKind::SingleEvent) =>
            {
                Err(about_root(
                    &root,
                    Reason::UnsupportedDocument,
                    "it is not an EPCISDocument; single events are captured at /events",
                ))
            }
            "EventList" => self.event_list(),
            name if name.ends_with("Event") => {
                if let Some(version) = attribute(&root.attributes, "schemaVersion") {
                    self.schema_version(&root, version)?;
                }
                self.event(root)
            }
            _ => Err(about_root(
                &root,
                Reason::UnsupportedDocument,
                "it is no document of EPCIS events; EPCISDocument, EPCISQueryDocument, EventList or one event is expected",
            )),
        }
    }

    /// `schemaVersion` and `creationDate` of a document.
    fn own_fields(&mut self, root: &Tag) -> Result<(), DocumentError> {
        if self.version.is_none() {
            return Err(about_root(
                root,
                Reason::UnsupportedVersion,
                "it has no namespace; EPCIS needs one",
            ));
        }
        self.header.document_id = attribute(&root.attributes, "id").map(str::to_owned);
        let version = attribute(&root.attributes, "schemaVersion")
            .ok_or_else(|| missing_attribute(root, "schemaVersion"))?;
        self.schema_version(root, version)?;
        let created = attribute(&root.attributes, "creationDate")
            .ok_or_else(|| missing_attribute(root, "creationDate"))?;
        self.header.creation_date =
            creation_date(created.trim()).map_err(|e| e.at_line(root.line))?;
        Ok(())
    }

    fn schema_version(&mut self, root: &Tag, version: &str) -> Result<(), DocumentError> {
        let known = Version::of_schema(version);
        let refuse = |what: String| {
            let message = format!("schemaVersion: {what} (line {})", root.line);
            Err(
                DocumentError::new(Reason::UnsupportedVersion, "schemaVersion", message)
                    .at_line(root.line),
            )
        };
        match (known, self.version) {
            (None, _) => refuse(format!("{version:?} is not read; 1.1, 1.2 and 2.0 are")),
            (Some(known), Some(named)) if known != named => refuse(format!(
                "{version:?} and the namespace {:?} are of two versions",
                root.name.uri()
            )),
            _ => {
                self.version = known;
                self.header.schema_version = Some(version.trim().to_owned());
                Ok(())
            }
        }
    }

    fn document(&mut self, is_query: bool) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        let prefixes = Prefixes::of_document(self.scanner.scope());
        self.header.context = prefixes.context().to_json();
        let (mut header_seen, mut body_seen) = (false, false);
        while let Some(tag) = self.next_in(depth)? {
            if !self.is_standard(&tag)? {
                self.scanner.skip_to(depth)?;
                continue;
            }
            match &*tag.name.local {
                "EPCISHeader" if !std::mem::replace(&mut header_seen, true) => self.header(tag)?,
                "EPCISBody" if !std::mem::replace(&mut body_seen, true) => {
                    let inner = if is_query {
                        self.query_body()?
                    } else {
                        self.body()?
                    };
                    if inner.is_break() {
                        return Ok(inner);
                    }
                }
                "EPCISHeader" | "EPCISBody" => return Err(twice(&tag)),
                "extension" => self.scanner.skip_to(depth)?,
                _ => return Err(unknown(&tag)),
            }
        }
        if body_seen {
            Ok(ControlFlow::Continue(()))
        } else {
            Err(missing_element(
                "EPCISBody",
                "EPCIS 2.0 §9.5",
                self.scanner.line(),
            ))
        }
    }

    fn header(&mut self, tag: Tag) -> Result<(), DocumentError> {
        let line = tag.line;
        let element = self.small(tag)?;
        let mut prefixes = Prefixes::of_document(self.scanner.scope());
        let read =
            header::read(element, &mut self.header, &mut prefixes).and_then(|()| prefixes.verify());
        read.map_err(|fault| fault.of_document().at_line(line))?;
        self.header.context = prefixes.context().to_json();
        Ok(())
    }

    fn body(&mut self) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        let mut list_seen = false;
        while let Some(tag) = self.next_in(depth)? {
            if !self.is_standard(&tag)? {
                self.scanner.skip_to(depth)?;
                continue;
            }
            match &*tag.name.local {
                "EventList" if !std::mem::replace(&mut list_seen, true) => {
                    let inner = self.event_list()?;
                    if inner.is_break() {
                        return Ok(inner);
                    }
                }
                "EventList" => return Err(twice(&tag)),
                "extension" => self.scanner.skip_to(depth)?,
                _ => return Err(unknown(&tag)),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The events of a list. EPCIS 1.x has the events of later versions in `extension`.
    pub(super) fn event_list(&mut self) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        while let Some(tag) = self.next_in(depth)? {
            let is_wrapper = self.is_standard(&tag)? && &*tag.name.local == "extension";
            let inner = if is_wrapper {
                self.event_list()?
            } else {
                self.event(tag)?
            };
            if inner.is_break() {
                return Ok(inner);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn event(&mut self, tag: Tag) -> Result<ControlFlow<()>, DocumentError> {
        let limits = &self.options.limits;
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
            .at_line(tag.line));
        }
        self.header.events += 1;
        let Some(on_event) = &mut self.on_event else {
            let outside = self.scanner.depth() - 1;
            self.scanner.skip_to(outside)?;
            return Ok(ControlFlow::Continue(()));
        };
        let line = tag.line;
        let within = self.scanner.scope().clone();
        self.scanner.keep(true);
        let element = Element::read(tag, &mut self.scanner, |s| {
            s.kept().len() <= limits.max_event_bytes
        })?;
        self.scanner.keep(false);
        let kept = self.scanner.kept();
        let original =
            String::from_utf8_lossy(&kept[..kept.len().min(limits.max_event_bytes)]).into_owned();
        let element = element.filter(|_| kept.len() <= limits.max_event_bytes);
        let tree = match element {
            Some(element) => tree(&element, &within, &original, self.version)
                .map_err(|f| f.of_event(index, line)),
            None => Err(Fault::new(
                &At::Root,
                Reason::EventTooLarge,
                format_args!("the event has more than {} bytes", limits.max_event_bytes),
            )
            .of_event(index, line)),
        };
        let context = context_kept(tree.as_ref().ok(), self.scanner.scope(), &original);
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

    /// The next element within the one at `depth`; None at its end.
    pub(super) fn next_in(&mut self, depth: usize) -> Result<Option<Tag>, DocumentError> {
        loop {
            match self.scanner.next()? {
                Token::Start(tag) => return Ok(Some(tag)),
                Token::End if self.scanner.depth() < depth => return Ok(None),
                Token::End => {}
                Token::Eof => return Ok(None),
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) => {
                    let what = "text where only elements may stand";
                    return Err(malformed(self.scanner.line(), what));
                }
            }
        }
    }

    /// Whether a tag is one of the standard's; one of another version is refused.
    pub(super) fn is_standard(&self, tag: &Tag) -> Result<bool, DocumentError> {
        if tag.name.namespace == Namespace::Undeclared {
            let name = tag.name.as_written();
            let message = format!(
                "<{name}>: no xmlns declares this prefix (line {})",
                tag.line
            );
            return Err(
                DocumentError::new(Reason::UndeclaredPrefix, &name, message).at_line(tag.line)
            );
        }
        if of_another_version(&tag.name, self.version) {
            let name = tag.name.as_written();
            let message = format!(
                "<{name}>: the namespace {:?} is of another version than the document (line {})",
                tag.name.uri(),
                tag.line
            );
            return Err(
                DocumentError::new(Reason::UnsupportedVersion, &name, message).at_line(tag.line),
            );
        }
        Ok(tag.name.is_standard())
    }

    /// An element of the document itself, whole.
    pub(super) fn small(&mut self, tag: Tag) -> Result<Element, DocumentError> {
        let line = tag.line;
        let start = self.scanner.position();
        let limit = self.options.limits.max_header_bytes as u64;
        let element = Element::read(tag, &mut self.scanner, |s| s.position() - start <= limit)?;
        element.ok_or_else(|| {
            let message = format!("more than {limit} bytes around the events");
            DocumentError::new(Reason::HeaderTooLarge, "EPCISHeader", message).at_line(line)
        })
    }

    pub(super) fn text(&mut self, tag: Tag) -> Result<String, DocumentError> {
        let element = self.small(tag)?;
        let text: String = element.texts().collect();
        Ok(text.trim().to_owned())
    }
}

/// The tree of an event element.
pub(super) fn whole_tree(
    element: &Element,
    within: &Scope,
    original: &str,
) -> Result<Tree, EventError> {
    tree(element, within, original, None).map_err(|fault| fault.of_event(0, element.line))
}

fn tree(
    element: &Element,
    within: &Scope,
    original: &str,
    version: Option<Version>,
) -> Result<Tree, Fault> {
    if version.is_some() {
        one_version(element, version)?;
    }
    let mut prefixes = Prefixes::new(within, original);
    let event = event::event(element, &mut prefixes)?;
    prefixes.verify()?;
    Ok(Tree {
        event,
        context: prefixes.context(),
    })
}

/// What has to be kept with an event to understand it alone: what the prefixes in its tree mean,
/// and the bindings its text needs.
fn context_kept(tree: Option<&Tree>, outside: &Scope, original: &str) -> Option<String> {
    let mut parts: Vec<Value> = tree
        .map(|tree| tree.context.given().to_vec())
        .unwrap_or_default();
    parts.extend(outside.needed_by(original));
    match parts.as_slice() {
        [] => None,
        [one] => Some(one.to_string()),
        _ => Some(Value::from(parts).to_string()),
    }
}

/// `xsd:dateTime`: one without a zone is a time of no known moment, so there is none.
fn creation_date(text: &str) -> Result<Option<DateTime<Utc>>, DocumentError> {
    match time::time(&At::Root.field("creationDate"), text) {
        Ok(time) => Ok(Some(time)),
        Err(_) if text.parse::<NaiveDateTime>().is_ok() => Ok(None),
        Err(fault) => Err(fault.of_document()),
    }
}
