//! One element with all that is in it.

use std::io::BufRead;

use super::names::{Name, Namespace, XSI};
use super::scanner::{Attribute, Scanner, Tag, Token};
use crate::reason::DocumentError;

/// An element of the document, complete.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Element {
    pub(super) name: Name,
    pub(super) attributes: Vec<Attribute>,
    pub(super) content: Vec<Node>,
    /// Line it begins on, from 1.
    pub(super) line: u64,
}

/// What is in an element.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

impl From<Tag> for Element {
    fn from(tag: Tag) -> Self {
        Self {
            name: tag.name,
            attributes: tag.attributes,
            content: Vec::new(),
            line: tag.line,
        }
    }
}

impl Element {
    /// Reads the element whose start tag was read, to its end. None where `go_on`, asked before
    /// each token, says that it has become too large; it is then read to its end all the same.
    pub(super) fn read<R: BufRead>(
        tag: Tag,
        scanner: &mut Scanner<R>,
        mut go_on: impl FnMut(&Scanner<R>) -> bool,
    ) -> Result<Option<Self>, DocumentError> {
        let outside = scanner.depth() - 1;
        let mut open = vec![Self::from(tag)];
        loop {
            if !go_on(scanner) {
                scanner.skip_to(outside)?;
                return Ok(None);
            }
            match scanner.next()? {
                Token::Start(tag) => open.push(tag.into()),
                Token::Text(text) => {
                    if let Some(inner) = open.last_mut() {
                        inner.push_text(text);
                    }
                }
                Token::End => match (open.pop(), open.last_mut()) {
                    (Some(done), Some(parent)) => parent.content.push(Node::Element(done)),
                    (done, _) => return Ok(done),
                },
                // Elements are open, so the scanner refuses an end here.
                Token::Eof => return Ok(None),
            }
        }
    }

    fn push_text(&mut self, text: String) {
        match self.content.last_mut() {
            Some(Node::Text(before)) => before.push_str(&text),
            _ => self.content.push(Node::Text(text)),
        }
    }

    /// The elements in it.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.content.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements in it, for keeping.
    pub(super) fn into_elements(self) -> impl Iterator<Item = Element> {
        self.content.into_iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The texts in it that are not blank.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(|node| match node {
            Node::Text(text) if !text.trim().is_empty() => Some(text.as_str()),
            _ => None,
        })
    }

    /// The value of an attribute without namespace.
    pub(super) fn attribute(&self, local: &str) -> Option<&str> {
        attribute(&self.attributes, local)
    }

    /// `xsi:nil="true"`.
    pub(super) fn is_nil(&self) -> bool {
        self.attributes.iter().any(|attribute| {
            attribute.name.uri() == XSI
                && &*attribute.name.local == "nil"
                && matches!(&*attribute.value, "true" | "1")
        })
    }

    /// Whether it is this element of the standard.
    pub(super) fn is(&self, local: &str) -> bool {
        self.name.is_standard() && &*self.name.local == local
    }
}

/// The value of an attribute without namespace.
pub(super) fn attribute<'a>(attributes: &'a [Attribute], local: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|attribute| {
            attribute.name.namespace == Namespace::None && &*attribute.name.local == local
        })
        .map(|attribute| attribute.value.as_str())
}
