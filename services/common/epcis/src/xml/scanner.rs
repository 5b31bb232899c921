//! XML as tags and texts. What may harm or mean two things is refused here: document types (DTD)
//! that declare anything, entities, encodings other than UTF-8, elements without bottom.

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::characters::{character, only_characters, utf_8, value};
use super::element::Elements;
use super::faults::{malformed, unreadable};
use super::names::{Namespace, is_ncname, parts};
use super::scope::{MAX_BINDINGS, Scope};
use super::source::Source;
use crate::document::Limits;
use crate::reason::{DocumentError, Reason};

/// Elements within each other, at most. The standard's own need 12.
const MAX_DEPTH: usize = 100;
/// Attributes of one element, declarations of namespaces among them, at most.
const MAX_ATTRIBUTES: usize = 256;

/// A piece of XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Start,
    End,
    /// Text between tags; several may follow each other.
    Text,
    /// The root element is complete and nothing follows.
    Eof,
}

/// Reads tokens one after the other.
pub(super) struct Scanner<R> {
    reader: Reader<Source<R>>,
    buffer: Vec<u8>,
    scope: Scope,
    depth: usize,
    /// The root element was begun.
    begun: bool,
    /// A tag, text or comment was seen: an XML declaration comes too late.
    late: bool,
    keep: bool,
}

impl<R: BufRead> Scanner<R> {
    /// `scope` holds the bindings of what is around the text.
    pub(super) fn new(body: R, scope: Scope, limits: &Limits) -> Self {
        let mut reader = Reader::from_reader(Source::new(body, limits.max_event_bytes));
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            scope,
            depth: 0,
            begun: false,
            late: false,
            keep: false,
        }
    }

    /// Elements open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The line that was read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    /// The bindings in force.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Keeps, or stops keeping, the text from the token read last on.
    pub(super) fn keep(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// The text kept.
    pub(super) fn kept(&self) -> &[u8] {
        self.reader.get_ref().kept()
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// The next token; what it holds is added to `elements`.
    pub(super) fn next(&mut self, elements: &mut Elements) -> Result<Token, DocumentError> {
        self.step(Some(elements))
    }

    /// Reads on until no more than `depth` elements are open, verifying what is read and making
    /// nothing of it.
    pub(super) fn skip_to(&mut self, depth: usize) -> Result<(), DocumentError> {
        while self.depth > depth {
            self.step(None)?;
        }
        Ok(())
    }

    fn step(&mut self, mut elements: Option<&mut Elements>) -> Result<Token, DocumentError> {
        if self.position() == 0 {
            let start = self.reader.get_mut().fill_buf().unwrap_or_default();
            if matches!(
                start,
                [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [b'<', 0, ..] | [0, b'<', ..]
            ) {
                return Err(malformed(1, "the encoding UTF-16 is not read; send UTF-8"));
            }
        }
        loop {
            self.reader.get_mut().begin_token(self.keep);
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let event = self.reader.read_event_into(&mut buffer);
            let line = self.reader.get_ref().line();
            let token = match event {
                Err(e) => Err(unreadable(&e, line)),
                Ok(event) => self.token(event, line, elements.as_deref_mut()),
            };
            self.buffer = buffer;
            if let Some(token) = token? {
                return Ok(token);
            }
        }
    }

    /// None for what says nothing: comments, processing instructions, the XML declaration.
    fn token(
        &mut self,
        event: Event<'_>,
        line: u64,
        elements: Option<&mut Elements>,
    ) -> Result<Option<Token>, DocumentError> {
        let late = std::mem::replace(&mut self.late, true);
        match event {
            Event::Start(start) => self.start(&start, line, elements),
            Event::End(_) => {
                self.scope.leave(self.depth);
                self.depth = self.depth.saturating_sub(1);
                if let Some(elements) = elements {
                    elements.end();
                }
                Ok(Some(Token::End))
            }
            Event::Text(text) => self.text(&text.xml10_content(), line, elements),
            Event::CData(text) => self.text(&text.xml10_content(), line, elements),
            Event::GeneralRef(reference) => {
                let character = character(&reference, line)?;
                self.text(character.encode_utf8(&mut [0; 4]), line, elements)
            }
            Event::Decl(declaration) if !late => {
                utf_8(&declaration, line)?;
                Ok(None)
            }
            Event::Decl(_) => Err(malformed(
                line,
                "an XML declaration stands at the very beginning only",
            )),
            Event::Comment(_) | Event::PI(_) => Ok(None),
            Event::DocType(declared) => {
                // A document type that declares nothing can do nothing.
                if self.begun || !is_ncname(declared.trim()) {
                    return Err(malformed(
                        line,
                        "a document type definition (DTD) is not read: it could declare entities or name other files; leave <!DOCTYPE ...> out",
                    ));
                }
                Ok(None)
            }
            Event::Eof if self.depth > 0 => {
                Err(malformed(line, "the text ends before its root element"))
            }
            Event::Eof if !self.begun => Err(malformed(line, "there is no element")),
            Event::Eof => Ok(Some(Token::Eof)),
            // An empty element is read as a start and an end.
            Event::Empty(_) => Ok(None),
        }
    }

    fn text(
        &mut self,
        text: &str,
        line: u64,
        elements: Option<&mut Elements>,
    ) -> Result<Option<Token>, DocumentError> {
        only_characters(text, line)?;
        if self.depth > 0 {
            if let Some(elements) = elements {
                elements.text(text);
            }
            return Ok(Some(Token::Text));
        }
        if text.trim().is_empty() {
            return Ok(None);
        }
        Err(malformed(line, "there is text outside the root element"))
    }

    fn start(
        &mut self,
        start: &BytesStart<'_>,
        line: u64,
        elements: Option<&mut Elements>,
    ) -> Result<Option<Token>, DocumentError> {
        let line = line - memchr::memchr_iter(b'\n', start.as_bytes()).count() as u64;
        if self.depth == 0 && self.begun {
            return Err(malformed(line, "there is a second root element"));
        }
        if self.depth >= MAX_DEPTH {
            return Err(DocumentError::new(
                Reason::TooDeep,
                "",
                format!("line {line}: elements are nested deeper than {MAX_DEPTH}"),
            )
            .at_line(line));
        }
        self.depth += 1;
        self.begun = true;
        let given = self.attributes(start, line)?;
        let (prefix, local) = name(start.name().into_inner(), line)?;
        let Some(elements) = elements else {
            for (key, _) in given {
                name(key, line)?;
            }
            return Ok(Some(Token::Start));
        };
        elements.start(prefix, local, self.scope.namespace(prefix), line);
        for (key, value) in given {
            let (prefix, local) = name(key, line)?;
            let namespace = match prefix {
                "" => Namespace::None,
                _ => self.scope.namespace(prefix),
            };
            elements.attribute(prefix, local, namespace, &value);
        }
        Ok(Some(Token::Start))
    }

    /// The attributes of a tag with their values; its declarations of namespaces come into force.
    fn attributes<'a>(
        &mut self,
        start: &'a BytesStart<'_>,
        line: u64,
    ) -> Result<Vec<(&'a str, Cow<'a, str>)>, DocumentError> {
        let mut given = Vec::new();
        for (n, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(|e| malformed(line, &e.to_string()))?;
            if n == MAX_ATTRIBUTES {
                return Err(malformed(
                    line,
                    &format!("an element has more than {MAX_ATTRIBUTES} attributes"),
                ));
            }
            let value = value(&attribute, line)?;
            let key = attribute.key.into_inner();
            match key.strip_prefix("xmlns") {
                Some("") => self.bind("", &value, line)?,
                Some(prefix) if prefix.starts_with(':') => {
                    self.declare(&prefix[1..], &value, line)?
                }
                _ => given.push((key, value)),
            }
        }
        Ok(given)
    }

    fn declare(&mut self, prefix: &str, uri: &str, line: u64) -> Result<(), DocumentError> {
        if !is_ncname(prefix) || uri.is_empty() || matches!(prefix, "xml" | "xmlns") {
            return Err(malformed(
                line,
                &format!("xmlns:{prefix}={uri:?} is no declaration of a prefix"),
            ));
        }
        self.bind(prefix, uri, line)
    }

    fn bind(&mut self, prefix: &str, uri: &str, line: u64) -> Result<(), DocumentError> {
        if self.scope.bind(self.depth, prefix, uri) {
            return Ok(());
        }
        Err(malformed(
            line,
            &format!("more than {MAX_BINDINGS} namespaces are declared at once"),
        ))
    }
}

/// Prefix and local part of a name.
fn name(written: &str, line: u64) -> Result<(&str, &str), DocumentError> {
    parts(written).ok_or_else(|| malformed(line, &format!("{written:?} is not a name")))
}
