//! Faults of the document itself.

use super::scanner::Tag;
use crate::reason::{DocumentError, Reason};

pub(super) fn about_root(root: &Tag, reason: Reason, what: &str) -> DocumentError {
    let name = root.name.as_written();
    DocumentError::new(
        reason,
        &name,
        format!("<{name}>: {what} (line {})", root.line),
    )
    .at_line(root.line)
}

pub(super) fn missing_attribute(root: &Tag, name: &str) -> DocumentError {
    let message = format!(
        "{name}: this attribute is required (EPCIS 2.0 §9.5) (line {})",
        root.line
    );
    DocumentError::new(Reason::MissingField, name, message).at_line(root.line)
}

pub(super) fn twice(tag: &Tag) -> DocumentError {
    let name = tag.name.as_written();
    let message = format!("<{name}>: this element stands twice (line {})", tag.line);
    DocumentError::new(Reason::DuplicateField, &name, message).at_line(tag.line)
}

pub(super) fn unknown(tag: &Tag) -> DocumentError {
    let name = tag.name.as_written();
    let message = format!(
        "<{name}>: EPCIS has no such element here (line {})",
        tag.line
    );
    DocumentError::new(Reason::UnknownField, &name, message).at_line(tag.line)
}

pub(super) fn missing_element(name: &str, clause: &str, line: u64) -> DocumentError {
    let message = format!("{name}: this element is required ({clause}) (line {line})");
    DocumentError::new(Reason::MissingField, name, message).at_line(line)
}
