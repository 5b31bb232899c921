//! The one entrance: any spelling of an identifier to its key.

use std::borrow::Cow;

use crate::ai;
use crate::check::{CharSet, at_most, parse_gtin, set_of};
use crate::element;
use crate::epc::{Epc, UnitKind};
use crate::error::IdError;
use crate::{link, urn};

/// Longer strings are no identifiers of ours (bytes).
const MAX_LENGTH: usize = 1024;

/// Reads an identifier in any spelling: EPC URN (pure identity, class,
/// pattern), GS1 Digital Link on any domain and stem, element string
/// (bracketed, or from a scanner), the key form itself, or any other URI,
/// which stays itself.
///
/// A bare number is refused: `4012345999990` may be a GTIN, a GLN, or, read as
/// an element string, a GINC.
pub fn parse_identifier(text: &str) -> Result<Epc, IdError> {
    at_most(text, MAX_LENGTH, "bytes")?;
    match text.as_bytes() {
        [] => Err(IdError::malformed("an empty identifier")),
        _ if element::is_element_string(text) => element::parse_elements(text)?.key(),
        _ if urn::is_epc(text) => urn::parse(text),
        _ if link::is_web(text) => link::parse(text),
        [b'0'..=b'9', ..] if is_key_form(text) => parse_key(text),
        [b'0'..=b'9', ..] if text.bytes().all(|b| b.is_ascii_digit()) => {
            Err(IdError::malformed(format!(
                "{}: a bare number does not say what it identifies; write its AI before it, like (01)…",
                IdError::quote(text)
            )))
        }
        _ => private_uri(text),
    }
}

/// Reads the key form, `01/<gtin14>/21/<serial>` and its kin, or an identifier
/// without GS1 key; values are taken as they stand, not percent-decoded.
pub fn parse_key(text: &str) -> Result<Epc, IdError> {
    at_most(text, MAX_LENGTH, "bytes")?;
    if !is_key_form(text) {
        return match text.as_bytes() {
            [] | [b'0'..=b'9', ..] => Err(IdError::malformed(format!(
                "{}: not a unit's key",
                IdError::quote(text)
            ))),
            _ if urn::is_epc(text) || link::is_web(text) => parse_identifier(text),
            _ => private_uri(text),
        };
    }
    // is_key_form found the slash.
    let (ai, rest) = text.split_once('/').unwrap_or((text, ""));
    let value_end = match ai {
        "01" | "414" | "415" | "8006" => rest.find('/').unwrap_or(rest.len()),
        "8010" => rest.rfind("/8011/").unwrap_or(rest.len()),
        _ => rest.len(),
    };
    let (value, rest) = rest.split_at(value_end);
    let value = padded(ai, value)?;
    ai::check_value(ai, &value)?;
    let qualifier = match rest.strip_prefix('/') {
        None => None,
        Some(rest) => {
            let Some((q, v)) = rest.split_once('/') else {
                return Err(IdError::malformed(format!(
                    "{}: an AI and its value are expected after {ai}/{value}",
                    IdError::quote(text)
                )));
            };
            if !matches!(
                (ai, q),
                ("01", "21" | "235" | "10")
                    | ("8006", "21" | "10")
                    | ("414", "254")
                    | ("415", "8020")
                    | ("8010", "8011")
            ) {
                return Err(IdError::malformed(format!(
                    "{}: ({q}) does not belong to the key of ({ai})",
                    IdError::quote(text)
                )));
            }
            ai::check_value(q, v)?;
            Some((q, v))
        }
    };
    Ok(Epc::compose(ai, &value, |wanted| {
        qualifier.and_then(|(q, v)| (q == wanted).then_some(v))
    }))
}

/// The GLN, 13 digits, of a place given as SGLN URN, Digital Link or key; None
/// for what is no SGLN (a `geo:` URI, a private URI).
pub fn place_gln(identifier: &str) -> Option<String> {
    let epc = parse_identifier(identifier).ok()?;
    (epc.kind() == UnitKind::Sgln)
        .then(|| epc.gln().map(String::from))
        .flatten()
}

/// A GTIN-8, -12 or -13 in the place of a GTIN is padded; anything else stays.
pub(crate) fn padded<'a>(ai: &str, value: &'a str) -> Result<Cow<'a, str>, IdError> {
    if ai == "01" && matches!(value.len(), 8 | 12 | 13) && value.bytes().all(|b| b.is_ascii_digit())
    {
        return parse_gtin(value).map(Cow::Owned);
    }
    Ok(Cow::Borrowed(value))
}

pub(crate) fn is_key_form(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(ai, _)| ai::is_primary_key(ai))
}

/// The characters of URIs, as most identifiers have no others.
static URI: CharSet = set_of(
    b"!#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~",
);

/// Refuses what no URI holds (RFC 3986 §2; letters beyond ASCII are let through,
/// as in IRIs) in a text or in its `start`, which alone is to be checked.
pub(crate) fn check_characters(text: &str, start: &str) -> Result<(), IdError> {
    if start.bytes().all(|b| URI[usize::from(b)]) {
        return Ok(());
    }
    let refused = |c: char| c.is_control() || c.is_whitespace() || r#"<>"{}|\^`"#.contains(c);
    match start.chars().zip(1..).find(|(c, _)| refused(*c)) {
        None => Ok(()),
        Some((c, place)) => Err(IdError::character(format!(
            "{}: character {place} ({c:?}) is not allowed in an identifier",
            IdError::quote(text)
        ))),
    }
}

/// A URI without GS1 key: `scheme:` and something after it.
pub(crate) fn private_uri(text: &str) -> Result<Epc, IdError> {
    check_characters(text, text)?;
    let scheme_ok = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            && !rest.is_empty()
    });
    if scheme_ok {
        Ok(Epc::other(text))
    } else {
        Err(IdError::malformed(format!(
            "{}: neither an EPC URN, a GS1 Digital Link, an element string, a key nor a URI",
            IdError::quote(text)
        )))
    }
}
