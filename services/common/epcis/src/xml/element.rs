//! Elements with all that is in them.
//!
//! Names, values and texts stand one after the other in one text, and nodes point into it: an element
//! costs no allocation of its own, and what one event needed serves for the next.

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::Range;

use super::names::{Name, Namespace, XSI};
use super::scanner::Scanner;
use crate::reason::DocumentError;

/// Elements in the order they are read in.
#[derive(Debug, Default)]
pub(super) struct Elements {
    nodes: Vec<Node>,
    attributes: Vec<KeptAttribute>,
    /// What names, values and texts point into.
    text: String,
    /// The elements that have no end yet, outermost first.
    open: Vec<usize>,
    /// The last node is a text that what follows may go on with.
    in_text: bool,
    /// How many of the nodes are elements.
    elements: usize,
}

#[derive(Debug)]
enum Node {
    Element {
        name: KeptName,
        attributes: Range<usize>,
        line: u64,
        /// The first node that is not in it.
        after: usize,
    },
    Text(Range<usize>),
}

#[derive(Debug)]
struct KeptName {
    prefix: Range<usize>,
    local: Range<usize>,
    namespace: Namespace,
}

#[derive(Debug)]
struct KeptAttribute {
    name: KeptName,
    value: Range<usize>,
}

impl Elements {
    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.attributes.clear();
        self.text.clear();
        self.open.clear();
        self.in_text = false;
        self.elements = 0;
    }

    /// Elements and attributes.
    pub(super) fn count(&self) -> usize {
        self.elements + self.attributes.len()
    }

    /// An element begins.
    pub(super) fn start(&mut self, prefix: &str, local: &str, namespace: Namespace, line: u64) {
        let name = self.kept_name(prefix, local, namespace);
        self.open.push(self.nodes.len());
        self.nodes.push(Node::Element {
            name,
            attributes: self.attributes.len()..self.attributes.len(),
            line,
            after: 0,
        });
        self.in_text = false;
        self.elements += 1;
    }

    /// An attribute, no declaration of a namespace, of the element that begins.
    pub(super) fn attribute(
        &mut self,
        prefix: &str,
        local: &str,
        namespace: Namespace,
        value: &str,
    ) {
        let name = self.kept_name(prefix, local, namespace);
        let value = self.kept(value);
        self.attributes.push(KeptAttribute { name, value });
        if let Some(Node::Element { attributes, .. }) = self.nodes.last_mut() {
            attributes.end = self.attributes.len();
        }
    }

    /// The innermost element ends.
    pub(super) fn end(&mut self) {
        self.in_text = false;
        let end = self.nodes.len();
        let open = self.open.pop().and_then(|at| self.nodes.get_mut(at));
        if let Some(Node::Element { after, .. }) = open {
            *after = end;
        }
    }

    /// Text within the innermost element; it goes on with the text before it.
    pub(super) fn text(&mut self, text: &str) {
        let text = self.kept(text);
        match self.nodes.last_mut() {
            Some(Node::Text(before)) if self.in_text => before.end = text.end,
            _ => self.nodes.push(Node::Text(text)),
        }
        self.in_text = true;
    }

    fn kept(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn kept_name(&mut self, prefix: &str, local: &str, namespace: Namespace) -> KeptName {
        KeptName {
            prefix: self.kept(prefix),
            local: self.kept(local),
            namespace,
        }
    }

    fn name<'a>(&'a self, name: &'a KeptName) -> Name<'a> {
        Name {
            prefix: &self.text[name.prefix.clone()],
            local: &self.text[name.local.clone()],
            namespace: &name.namespace,
        }
    }

    /// The text read last; what came after it is not.
    pub(super) fn last_text(&self) -> &str {
        match self.nodes.last() {
            Some(Node::Text(text)) => &self.text[text.clone()],
            _ => "",
        }
    }

    /// The first element, around all others; one without a name where there is none.
    pub(super) fn outermost(&self) -> Element<'_> {
        match self.node(0) {
            Some(Content::Element(element)) => element,
            _ => Element {
                name: Name {
                    prefix: "",
                    local: "",
                    namespace: &Namespace::None,
                },
                line: 0,
                all: self,
                attributes: &[],
                content: (0, 0),
            },
        }
    }

    fn node(&self, at: usize) -> Option<Content<'_>> {
        Some(match self.nodes.get(at)? {
            Node::Element {
                name,
                attributes,
                line,
                after,
            } => Content::Element(Element {
                name: self.name(name),
                line: *line,
                all: self,
                attributes: &self.attributes[attributes.clone()],
                content: (at + 1, *after),
            }),
            Node::Text(text) => Content::Text(&self.text[text.clone()]),
        })
    }

    /// Reads on to the end of the outermost element, whose start was read. False where `go_on`, asked
    /// before each token, says that it has become too large; it is then passed over to its end.
    pub(super) fn read<R: BufRead>(
        &mut self,
        scanner: &mut Scanner<R>,
        mut go_on: impl FnMut(&Scanner<R>, &Self) -> bool,
    ) -> Result<bool, DocumentError> {
        let outside = scanner.depth().saturating_sub(1);
        while scanner.depth() > outside {
            if !go_on(scanner, self) {
                scanner.skip_to(outside)?;
                return Ok(false);
            }
            scanner.next(self)?;
        }
        Ok(true)
    }
}

/// What is in an element.
pub(super) enum Content<'a> {
    Element(Element<'a>),
    Text(&'a str),
}

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) name: Name<'a>,
    /// Line it begins on, from 1.
    pub(super) line: u64,
    all: &'a Elements,
    attributes: &'a [KeptAttribute],
    /// The first node in it and the first after it.
    content: (usize, usize),
}

/// An attribute that is no declaration of a namespace.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) name: Name<'a>,
    pub(super) value: &'a str,
}

impl Attribute<'_> {
    /// Whether it is one of XML Schema's about the XML itself: `xsi:type`, `xsi:nil`.
    pub(super) fn is_xsi(&self, local: &str) -> bool {
        self.name.local == local && self.name.uri() == XSI
    }
}

impl<'a> Element<'a> {
    /// Elements and texts in it, in their order.
    pub(super) fn content(&self) -> impl Iterator<Item = Content<'a>> + use<'a> {
        let (all, (mut next, after)) = (self.all, self.content);
        std::iter::from_fn(move || {
            let node = all.node(next).filter(|_| next < after)?;
            next = match &node {
                Content::Element(element) => element.content.1,
                Content::Text(_) => next + 1,
            };
            Some(node)
        })
    }

    /// The elements in it.
    pub(super) fn elements(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        self.content().filter_map(|node| match node {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// The text in it. Where elements divide it: its parts that are not blank, together.
    pub(super) fn text(&self) -> Cow<'a, str> {
        let texts = || {
            self.content().filter_map(|node| match node {
                Content::Text(text) => Some(text),
                Content::Element(_) => None,
            })
        };
        let mut parts = texts();
        let first = parts.next().unwrap_or_default();
        match parts.next() {
            None => first.into(),
            Some(_) => texts()
                .filter(|text| !text.trim().is_empty())
                .collect::<String>()
                .into(),
        }
    }

    /// Whether there is text in it that is not blank.
    pub(super) fn has_text(&self) -> bool {
        self.content()
            .any(|node| matches!(node, Content::Text(text) if !text.trim().is_empty()))
    }

    /// Its attributes, declarations of namespaces left out.
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let all = self.all;
        self.attributes.iter().map(move |kept| Attribute {
            name: all.name(&kept.name),
            value: &all.text[kept.value.clone()],
        })
    }

    /// The value of an attribute without namespace.
    pub(super) fn attribute(&self, local: &str) -> Option<&'a str> {
        self.attributes()
            .find(|attribute| {
                *attribute.name.namespace == Namespace::None && attribute.name.local == local
            })
            .map(|attribute| attribute.value)
    }

    /// `xsi:nil="true"`.
    pub(super) fn is_nil(&self) -> bool {
        self.attributes()
            .any(|attribute| attribute.is_xsi("nil") && matches!(attribute.value, "true" | "1"))
    }

    /// Whether it is this element of the standard.
    pub(super) fn is(&self, local: &str) -> bool {
        self.name.local == local && self.name.is_standard()
    }
}
