//! XML text being written: elements, indented; what XML cannot hold is said.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::characters::is_xml_character;

/// What is wrong with a text or name, for a person.
pub(super) type Unwritable = String;

/// Attributes: written name and value.
pub(super) type Attributes = Vec<(String, String)>;

/// Elements, one within the other.
#[derive(Default)]
pub(super) struct Out {
    text: String,
    depth: usize,
    /// Within mixed content blanks would be content.
    inline: usize,
}

impl Out {
    pub(super) fn at_depth(depth: usize) -> Self {
        Self {
            depth,
            ..Self::default()
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// An element that will have others in it.
    pub(super) fn open(&mut self, name: &str, attributes: &Attributes) -> Result<(), Unwritable> {
        self.start(name, attributes)?;
        self.text.push('>');
        self.depth += 1;
        Ok(())
    }

    pub(super) fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.new_line();
        self.end(name);
    }

    /// An element with text only.
    pub(super) fn leaf(
        &mut self,
        name: &str,
        attributes: &Attributes,
        text: &str,
    ) -> Result<(), Unwritable> {
        self.start(name, attributes)?;
        if text.is_empty() {
            self.text.push_str("/>");
            return Ok(());
        }
        self.text.push('>');
        escape(&mut self.text, text, false)?;
        self.end(name);
        Ok(())
    }

    /// An element of text and elements in their order: until [`close_mixed`](Self::close_mixed)
    /// nothing is indented.
    pub(super) fn open_mixed(
        &mut self,
        name: &str,
        attributes: &Attributes,
    ) -> Result<(), Unwritable> {
        self.start(name, attributes)?;
        self.text.push('>');
        self.inline += 1;
        Ok(())
    }

    pub(super) fn mixed_text(&mut self, text: &str) -> Result<(), Unwritable> {
        escape(&mut self.text, text, false)
    }

    pub(super) fn close_mixed(&mut self, name: &str) {
        self.end(name);
        self.inline -= 1;
    }

    /// Text already written, such as an event.
    pub(super) fn raw(&mut self, written: &str) {
        self.text.push_str(written);
    }

    fn start(&mut self, name: &str, attributes: &Attributes) -> Result<(), Unwritable> {
        self.new_line();
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"");
            escape(&mut self.text, value, true)?;
            self.text.push('"');
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        let _ = write!(self.text, "</{name}>");
    }

    fn new_line(&mut self) {
        if self.inline == 0 {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n("  ", self.depth));
        }
    }
}

/// Declarations of prefixes as attributes.
pub(super) fn declarations<'a>(prefixes: impl Iterator<Item = (&'a str, &'a str)>) -> Attributes {
    prefixes
        .map(|(prefix, uri)| (format!("xmlns:{prefix}"), uri.to_owned()))
        .collect()
}

/// Prefixes and namespaces in use.
pub(super) type Used = BTreeMap<String, String>;

fn escape(out: &mut String, text: &str, is_attribute: bool) -> Result<(), Unwritable> {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' if is_attribute => out.push_str("&quot;"),
            // Readers would make blanks or line feeds of them.
            '\r' => out.push_str("&#13;"),
            '\n' if is_attribute => out.push_str("&#10;"),
            '\t' if is_attribute => out.push_str("&#9;"),
            c if is_xml_character(c) => out.push(c),
            c => return Err(format!("U+{:04X} is no character of XML", c as u32)),
        }
    }
    Ok(())
}
