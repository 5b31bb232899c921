//! Names and their namespaces (Namespaces in XML 1.0).

use std::sync::Arc;

/// Attributes about the XML itself: type, nil, where the schema is.
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The types of XML Schema.
pub(super) const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// The namespace of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// None: an element of the standard, or one within an extension.
    None,
    /// A namespace.
    Uri(Arc<str>),
    /// The prefix is declared nowhere.
    Undeclared,
}

/// The name of an element or attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    /// Empty where there is none.
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) namespace: &'a Namespace,
}

impl<'a> Name<'a> {
    /// The namespace, empty where there is none.
    pub(super) fn uri(&self) -> &'a str {
        match self.namespace {
            Namespace::Uri(uri) => uri,
            Namespace::None | Namespace::Undeclared => "",
        }
    }

    /// As it is written.
    pub(super) fn as_written(&self) -> String {
        if self.prefix.is_empty() {
            self.local.to_owned()
        } else {
            format!("{}:{}", self.prefix, self.local)
        }
    }

    /// Whether the standard defines it: names of the standard have no namespace, or that of EPCIS,
    /// which many senders give them.
    pub(super) fn is_standard(&self) -> bool {
        match self.namespace {
            Namespace::None => true,
            Namespace::Uri(uri) => is_epcis(uri),
            Namespace::Undeclared => false,
        }
    }
}

/// Whether a namespace is one of EPCIS itself, of any version.
pub(super) fn is_epcis(uri: &str) -> bool {
    uri.strip_prefix("urn:epcglobal:epcis").is_some_and(|rest| {
        rest.starts_with(":xsd:")
            || rest.starts_with("-query:xsd:")
            || rest.starts_with("-masterdata:xsd:")
    })
}

/// Prefix, empty where there is none, and local part of a name; None for what is no name.
pub(super) fn parts(written: &str) -> Option<(&str, &str)> {
    match memchr::memchr(b':', written.as_bytes()) {
        None => is_ncname(written).then_some(("", written)),
        Some(colon) => {
            let (prefix, local) = (&written[..colon], &written[colon + 1..]);
            (is_ncname(prefix) && is_ncname(local)).then_some((prefix, local))
        }
    }
}

/// Whether a text can be the name of an element without its prefix (NCName, XML 1.0 §2.3).
pub(super) fn is_ncname(text: &str) -> bool {
    // Most are ASCII, and need no look at characters.
    let ascii = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let begins = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
    if text.as_bytes().first().is_some_and(begins) && text.bytes().all(ascii) {
        return true;
    }
    let starts = |c: char| {
        matches!(c, 'a'..='z' | 'A'..='Z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
            | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
            | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}')
    };
    let goes_on = |c: char| {
        starts(c)
            || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}'
                | '\u{203F}'..='\u{2040}')
    };
    let mut characters = text.chars();
    characters.next().is_some_and(starts) && characters.all(goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_is_none() {
        for name in ["a", "_a-1.b", "Größe", "日付"] {
            assert!(is_ncname(name), "{name}");
        }
        for none in ["", "1a", "-a", "a b", "a:b", "a\"", "×"] {
            assert!(!is_ncname(none), "{none}");
        }
    }
}
