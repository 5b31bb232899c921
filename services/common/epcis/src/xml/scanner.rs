//! XML as tags and texts. What may harm or mean two things is refused here: document types (DTD)
//! that declare anything, entities, encodings other than UTF-8, elements without bottom.

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::events::attributes::Attribute as RawAttribute;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::names::{MAX_BINDINGS, Name, Namespace, Scope, is_ncname};
use super::source::{Source, TokenTooLong};
use crate::document::Limits;
use crate::reason::{DocumentError, Reason};

/// Elements within each other, at most. The standard's own need 12.
const MAX_DEPTH: usize = 100;
/// Attributes of one element, declarations of namespaces among them, at most.
const MAX_ATTRIBUTES: usize = 256;

/// A piece of XML.
#[derive(Debug)]
pub(super) enum Token {
    Start(Tag),
    End,
    /// Text between tags; several may follow each other.
    Text(String),
    /// The root element is complete and nothing follows.
    Eof,
}

/// The start of an element.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: Name,
    pub(super) attributes: Vec<Attribute>,
    /// Line it begins on, from 1.
    pub(super) line: u64,
}

/// An attribute that is no declaration of a namespace.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attribute {
    pub(super) name: Name,
    pub(super) value: String,
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
    /// What is read is verified and not handed on.
    pass_over: bool,
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
            pass_over: false,
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

    /// Reads on until no more than `depth` elements are open, making nothing of what is read.
    pub(super) fn skip_to(&mut self, depth: usize) -> Result<(), DocumentError> {
        self.pass_over = true;
        while self.depth > depth {
            self.next()?;
        }
        self.pass_over = false;
        Ok(())
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Token, DocumentError> {
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
                Ok(event) => self.token(event, line),
            };
            self.buffer = buffer;
            if let Some(token) = token? {
                return Ok(token);
            }
        }
    }

    /// None for what says nothing: comments, processing instructions, the XML declaration.
    fn token(&mut self, event: Event<'_>, line: u64) -> Result<Option<Token>, DocumentError> {
        let late = std::mem::replace(&mut self.late, true);
        match event {
            Event::Start(start) => self.start(&start, line),
            Event::End(_) => {
                self.scope.leave(self.depth);
                self.depth = self.depth.saturating_sub(1);
                Ok(Some(Token::End))
            }
            Event::Text(text) => self.text(text.xml10_content(), line),
            Event::CData(text) => self.text(text.xml10_content(), line),
            Event::GeneralRef(reference) => {
                let character = character(&reference, line)?;
                self.text(character.to_string().into(), line)
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

    fn text(&mut self, text: Cow<'_, str>, line: u64) -> Result<Option<Token>, DocumentError> {
        only_characters(&text, line)?;
        if self.pass_over {
            return Ok(None);
        }
        if self.depth > 0 {
            return Ok(Some(Token::Text(text.into_owned())));
        }
        if text.trim().is_empty() {
            return Ok(None);
        }
        Err(malformed(line, "there is text outside the root element"))
    }

    fn start(&mut self, start: &BytesStart<'_>, line: u64) -> Result<Option<Token>, DocumentError> {
        let line = line - start.bytes().filter(|b| *b == b'\n').count() as u64;
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
        let written = start.name().into_inner();
        if self.pass_over {
            let mut names = given.iter().map(|(key, _)| *key).chain([written]);
            return names
                .try_for_each(|name| parts(name, line).map(drop))
                .map(|()| None);
        }
        let name = self.name(written, true, line)?;
        let attributes = given
            .into_iter()
            .map(|(key, value)| {
                Ok(Attribute {
                    name: self.name(key, false, line)?,
                    value: value.into_owned(),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Token::Start(Tag {
            name,
            attributes,
            line,
        })))
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

    fn name(&self, written: &str, is_element: bool, line: u64) -> Result<Name, DocumentError> {
        let (prefix, local) = parts(written, line)?;
        let namespace = if prefix.is_empty() && !is_element {
            Namespace::None
        } else {
            self.scope.namespace(prefix)
        };
        Ok(Name {
            prefix: prefix.into(),
            local: local.into(),
            namespace,
        })
    }
}

/// Prefix, empty where there is none, and local part of a name.
fn parts(written: &str, line: u64) -> Result<(&str, &str), DocumentError> {
    let (prefix, local) = written.split_once(':').unwrap_or(("", written));
    let has_prefix = local.len() < written.len();
    if is_ncname(local) && (is_ncname(prefix) || !has_prefix) {
        return Ok((prefix, local));
    }
    Err(malformed(line, &format!("{written:?} is not a name")))
}

/// An attribute's value: entities are refused, line breaks are blanks (XML 1.0 §3.3.3).
fn value<'a>(attribute: &RawAttribute<'a>, line: u64) -> Result<Cow<'a, str>, DocumentError> {
    if attribute.value.contains('<') {
        return Err(malformed(line, "\"<\" within the value of an attribute"));
    }
    let value = attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .map_err(|e| malformed(line, &e.to_string()))?;
    only_characters(&value, line)?;
    Ok(value)
}

/// What a reference in a text stands for: a character by number or one of the five names of XML.
fn character(reference: &BytesRef<'_>, line: u64) -> Result<char, DocumentError> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => return Ok(c),
        Err(e) => return Err(malformed(line, &e.to_string())),
        Ok(None) => {}
    }
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        other => Err(malformed(
            line,
            &format!(
                "&{other}; is not defined: entities other than lt, gt, amp, apos and quot are not read"
            ),
        )),
    }
}

fn utf_8(declaration: &BytesDecl<'_>, line: u64) -> Result<(), DocumentError> {
    let version = declaration
        .version()
        .map_err(|e| malformed(line, &e.to_string()))?;
    if version != "1.0" {
        return Err(malformed(
            line,
            &format!("XML {version} is not read; XML 1.0 is"),
        ));
    }
    let Some(encoding) = declaration.encoding() else {
        return Ok(());
    };
    let encoding = encoding.map_err(|e| malformed(line, &e.to_string()))?;
    if ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|known| encoding.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    Err(malformed(
        line,
        &format!("the encoding {encoding} is not read; send UTF-8"),
    ))
}

fn only_characters(text: &str, line: u64) -> Result<(), DocumentError> {
    // Below U+0080 only controls are none; above, U+FFFE and U+FFFF, whose first byte is EF.
    let surely = |b: u8| (b >= 0x20 && b != 0xEF) || matches!(b, b'\t' | b'\n' | b'\r');
    if text.bytes().all(surely) {
        return Ok(());
    }
    match text.chars().find(|c| !is_xml_character(*c)) {
        None => Ok(()),
        Some(c) => Err(malformed(
            line,
            &format!("U+{:04X} is no character of XML", c as u32),
        )),
    }
}

/// XML 1.0 §2.2.
pub(super) fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

pub(super) fn malformed(line: u64, what: &str) -> DocumentError {
    DocumentError::new(Reason::MalformedXml, "", format!("line {line}: {what}")).at_line(line)
}

fn unreadable(e: &quick_xml::Error, line: u64) -> DocumentError {
    match e {
        quick_xml::Error::Io(io) => {
            match io.get_ref().and_then(|e| e.downcast_ref::<TokenTooLong>()) {
                Some(long) => {
                    DocumentError::new(Reason::EventTooLarge, "", format!("line {line}: {long}"))
                        .at_line(line)
                }
                None => DocumentError::new(Reason::Unreadable, "", format!("line {line}: {io}"))
                    .at_line(line),
            }
        }
        quick_xml::Error::Encoding(e) => malformed(line, &format!("the text is not UTF-8: {e}")),
        other => malformed(line, &other.to_string()),
    }
}
