//! The document around the events: EPCISDocument, EPCISQueryDocument, a list of events, one event.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::element::{Element, Elements};
use super::events::{Before, OnEvent};
use super::faults::{about_root, malformed, missing_attribute, missing_element, twice, unknown};
use super::header;
use super::names::Namespace;
use super::prefixes::Prefixes;
use super::scanner::{Scanner, Token};
use super::scope::Scope;
use super::version::{Version, of_another_version};
use crate::document::{BodyKind, Format, Header, ReadOptions};
use crate::reason::{At, DocumentError, Reason};
use crate::time;
use chrono::{DateTime, NaiveDateTime, Utc};

/// A document being read.
pub(super) struct Walk<'a, R> {
    pub(super) scanner: Scanner<R>,
    pub(super) options: &'a ReadOptions,
    pub(super) version: Option<Version>,
    pub(super) header: Header,
    /// None where events are only counted.
    pub(super) on_event: Option<OnEvent<'a>>,
    pub(super) before: Option<Before>,
    /// What an element was read into that is done with.
    pub(super) spare: Elements,
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
            before: None,
            spare: Elements::default(),
        }
    }

    /// Reads the body to its end, or until an event is answered with a break.
    pub(super) fn read(mut self) -> Result<Header, DocumentError> {
        let mut start = Elements::default();
        if self.scanner.next(&mut start)? != Token::Start {
            return Err(malformed(self.scanner.line(), "there is no element"));
        }
        if self.root(start)?.is_continue() {
            while self.scanner.next(&mut self.spare)? != Token::Eof {}
        }
        Ok(self.header)
    }

    fn root(&mut self, start: Elements) -> Result<ControlFlow<()>, DocumentError> {
        let root = start.outermost();
        let takes = |kind| self.options.kind == kind || self.options.kind == BodyKind::Either;
        if let Some(version) = Version::of_namespace(root.name.uri()) {
            self.version = Some(version);
        } else if *root.name.namespace != Namespace::None {
            return Err(about_root(
                &root,
                Reason::UnsupportedVersion,
                &format!("its namespace {:?} is none of EPCIS", root.name.uri()),
            ));
        }
        match root.name.local {
            "EPCISDocument" | "EPCISQueryDocument" if !takes(BodyKind::Document) => {
                Err(about_root(
                    &root,
                    Reason::UnsupportedDocument,
                    "a document is captured at /capture; here one event is expected",
                ))
            }
            "EPCISDocument" | "EPCISQueryDocument" => {
                self.own_fields(&root)?;
                self.document(root.name.local == "EPCISQueryDocument")
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
                if let Some(version) = root.attribute("schemaVersion") {
                    self.schema_version(&root, version)?;
                }
                self.event(start)
            }
            _ => Err(about_root(
                &root,
                Reason::UnsupportedDocument,
                "it is no document of EPCIS events; EPCISDocument, EPCISQueryDocument, EventList or one event is expected",
            )),
        }
    }

    /// `schemaVersion` and `creationDate` of a document.
    fn own_fields(&mut self, root: &Element<'_>) -> Result<(), DocumentError> {
        if self.version.is_none() {
            return Err(about_root(
                root,
                Reason::UnsupportedVersion,
                "it has no namespace; EPCIS needs one",
            ));
        }
        self.header.document_id = root.attribute("id").map(str::to_owned);
        let version = root
            .attribute("schemaVersion")
            .ok_or_else(|| missing_attribute(root, "schemaVersion"))?;
        self.schema_version(root, version)?;
        let created = root
            .attribute("creationDate")
            .ok_or_else(|| missing_attribute(root, "creationDate"))?;
        self.header.creation_date =
            creation_date(created.trim()).map_err(|e| e.at_line(root.line))?;
        Ok(())
    }

    fn schema_version(&mut self, root: &Element<'_>, version: &str) -> Result<(), DocumentError> {
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
        while let Some(start) = self.next_in(depth)? {
            let tag = start.outermost();
            if !self.is_standard(&tag)? {
                self.scanner.skip_to(depth)?;
                continue;
            }
            match tag.name.local {
                "EPCISHeader" if !std::mem::replace(&mut header_seen, true) => {
                    self.header(start)?
                }
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

    fn header(&mut self, start: Elements) -> Result<(), DocumentError> {
        let line = start.outermost().line;
        let header = self.small(start)?;
        let mut prefixes = Prefixes::of_document(self.scanner.scope());
        let read = header::read(&header.outermost(), &mut self.header, &mut prefixes)
            .and_then(|()| prefixes.verify());
        read.map_err(|fault| fault.of_document().at_line(line))?;
        self.header.context = prefixes.context().to_json();
        Ok(())
    }

    fn body(&mut self) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        let mut list_seen = false;
        while let Some(start) = self.next_in(depth)? {
            let tag = start.outermost();
            if !self.is_standard(&tag)? {
                self.scanner.skip_to(depth)?;
                continue;
            }
            match tag.name.local {
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

    /// The start of the next element within the one at `depth`; None at its end.
    pub(super) fn next_in(&mut self, depth: usize) -> Result<Option<Elements>, DocumentError> {
        let mut start = std::mem::take(&mut self.spare);
        loop {
            start.clear();
            match self.scanner.next(&mut start)? {
                Token::Start => return Ok(Some(start)),
                Token::End if self.scanner.depth() < depth => break,
                Token::End => {}
                Token::Eof => break,
                Token::Text if start.last_text().trim().is_empty() => {}
                Token::Text => {
                    let what = "text where only elements may stand";
                    return Err(malformed(self.scanner.line(), what));
                }
            }
        }
        self.spare = start;
        Ok(None)
    }

    /// Whether a tag is one of the standard's; one of another version is refused.
    pub(super) fn is_standard(&self, tag: &Element<'_>) -> Result<bool, DocumentError> {
        if *tag.name.namespace == Namespace::Undeclared {
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
    pub(super) fn small(&mut self, mut start: Elements) -> Result<Elements, DocumentError> {
        let line = start.outermost().line;
        let begin = self.scanner.position();
        let bytes = self.options.limits.max_header_bytes as u64;
        let nodes = self.options.limits.max_header_nodes;
        let mut too_large = None;
        start.read(&mut self.scanner, |scanner, elements| {
            if scanner.position() - begin > bytes {
                too_large = Some(format!("more than {bytes} bytes around the events"));
            } else if elements.count() > nodes {
                too_large = Some(format!(
                    "more than {nodes} elements and attributes around the events (line {})",
                    scanner.line()
                ));
            }
            too_large.is_none()
        })?;
        match too_large {
            None => Ok(start),
            Some(message) => {
                Err(
                    DocumentError::new(Reason::HeaderTooLarge, "EPCISHeader", message)
                        .at_line(line),
                )
            }
        }
    }

    pub(super) fn text(&mut self, start: Elements) -> Result<String, DocumentError> {
        let whole = self.small(start)?;
        Ok(whole.outermost().text().trim().to_owned())
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
