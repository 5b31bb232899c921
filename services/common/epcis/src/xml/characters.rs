//! Which characters a text may have, and what stands for others.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesRef};

use super::faults::malformed;
use crate::reason::DocumentError;

/// An attribute's value: entities are refused, line breaks are blanks (XML 1.0 §3.3.3).
pub(super) fn value<'a>(
    attribute: &Attribute<'a>,
    line: u64,
) -> Result<Cow<'a, str>, DocumentError> {
    if memchr::memchr(b'<', attribute.value.as_bytes()).is_some() {
        return Err(malformed(line, "\"<\" within the value of an attribute"));
    }
    let value = attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .map_err(|e| malformed(line, &e.to_string()))?;
    only_characters(&value, line)?;
    Ok(value)
}

/// What a reference in a text stands for: a character by number or one of the five names of XML.
pub(super) fn character(reference: &BytesRef<'_>, line: u64) -> Result<char, DocumentError> {
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

pub(super) fn utf_8(declaration: &BytesDecl<'_>, line: u64) -> Result<(), DocumentError> {
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

pub(super) fn only_characters(text: &str, line: u64) -> Result<(), DocumentError> {
    // Below U+0080 only controls are none; above, U+FFFE and U+FFFF, whose first byte is EF.
    let surely = |b: u8| ((b >= 0x20) & (b != 0xEF)) | (b == b'\t') | (b == b'\n') | (b == b'\r');
    // Without a way out before the end, so that many bytes are compared at once.
    if text.bytes().fold(true, |all, b| all & surely(b)) {
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
