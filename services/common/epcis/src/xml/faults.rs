//! Faults of the document itself.

use super::element::Element;
use super::source::TokenTooLong;
use crate::reason::{DocumentError, Reason};

pub(super) fn about_root(root: &Element<'_>, reason: Reason, what: &str) -> DocumentError {
    let name = root.name.as_written();
    DocumentError::new(
        reason,
        &name,
        format!("<{name}>: {what} (line {})", root.line),
    )
    .at_line(root.line)
}

pub(super) fn missing_attribute(root: &Element<'_>, name: &str) -> DocumentError {
    let message = format!(
        "{name}: this attribute is required (EPCIS 2.0 §9.5) (line {})",
        root.line
    );
    DocumentError::new(Reason::MissingField, name, message).at_line(root.line)
}

pub(super) fn twice(tag: &Element<'_>) -> DocumentError {
    let name = tag.name.as_written();
    let message = format!("<{name}>: this element stands twice (line {})", tag.line);
    DocumentError::new(Reason::DuplicateField, &name, message).at_line(tag.line)
}

pub(super) fn unknown(tag: &Element<'_>) -> DocumentError {
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

pub(super) fn malformed(line: u64, what: &str) -> DocumentError {
    DocumentError::new(Reason::MalformedXml, "", format!("line {line}: {what}")).at_line(line)
}

pub(super) fn unreadable(e: &quick_xml::Error, line: u64) -> DocumentError {
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
