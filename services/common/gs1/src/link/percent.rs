//! Percent-encoding in the path and the query of a link (RFC 3986 §2).

use std::borrow::Cow;

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_decode_str, utf8_percent_encode,
};

use crate::error::IdError;

/// Everything but the unreserved characters of RFC 3986 §2.3.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value as a segment of a path: everything but unreserved characters is encoded.
pub fn escape_path(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

/// A value in a query: as in a path, and a space is `+`.
pub fn escape_query(value: &str) -> String {
    escape_path(value).replace("%20", "+")
}

/// The bytes of a path segment; a `%` that no two hex digits follow stays.
/// [`DigitalLink::parse`](super::DigitalLink::parse) refuses such a one.
pub fn unescape_path(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// The bytes of a value in a query: as in a path, and `+` is a space.
pub fn unescape_query(text: &str) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .bytes()
        .map(|b| if b == b'+' { b' ' } else { b })
        .collect();
    percent_decode(&spaced).collect()
}

/// A path segment of a link as text.
pub(super) fn decode<'a>(uri: &str, raw: &'a str) -> Result<Cow<'a, str>, IdError> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let bytes = raw.as_bytes();
    let broken = bytes.iter().enumerate().any(|(at, b)| {
        *b == b'%'
            && !bytes
                .get(at + 1..at + 3)
                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    match percent_decode_str(raw).decode_utf8() {
        Ok(text) if !broken => Ok(text),
        _ => Err(IdError::character(format!(
            "{}: broken percent-encoding in {}",
            IdError::quote(uri),
            IdError::quote(raw)
        ))),
    }
}

/// A value in a query of a link as text.
pub(super) fn decode_query<'a>(uri: &str, raw: &'a str) -> Result<Cow<'a, str>, IdError> {
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        return decode(uri, &spaced).map(|text| Cow::Owned(text.into_owned()));
    }
    decode(uri, raw)
}

/// Refuses what RFC 3986 §2 has in no URI.
pub(super) fn check_characters(uri: &str) -> Result<(), IdError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    match uri.chars().zip(1..).find(|(c, _)| !allowed(*c)) {
        None => Ok(()),
        Some((c, place)) => Err(IdError::character(format!(
            "{}: character {place} ({c:?}) must be percent-encoded in a URI",
            IdError::quote(uri)
        ))),
    }
}
