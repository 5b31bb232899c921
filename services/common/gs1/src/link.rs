//! GS1 Digital Link URIs, on any domain and with any stem (GS1 Digital Link
//! Standard: URI Syntax 1.x §4).

use percent_encoding::percent_decode_str;

use crate::ai;
use crate::element::ElementString;
use crate::epc::Epc;
use crate::error::IdError;
use crate::parse::{padded, private_uri};

/// The resolver of GS1: whatever is there must be a Digital Link.
const GS1_HOST: &str = "id.gs1.org";

/// Whether the text is a web address.
pub(crate) fn is_web(text: &str) -> bool {
    let starts = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
    };
    starts("https://") || starts("http://")
}

/// The key of a Digital Link, made of its path alone; an address without GS1
/// key stays itself.
pub(crate) fn parse(uri: &str) -> Result<Epc, IdError> {
    match path_elements(uri)? {
        Some((elements, _)) => elements.key(),
        None => private_uri(uri),
    }
}

/// The key of a Digital Link and all its AIs, those of its query included. None
/// if the address holds no GS1 key.
pub(crate) fn scan(uri: &str) -> Result<Option<(Epc, ElementString)>, IdError> {
    let Some((mut elements, query)) = path_elements(uri)? else {
        return Ok(None);
    };
    let key = elements.key()?;
    for parameter in query.split(['&', ';']) {
        let Some((name, raw)) = parameter.split_once('=') else {
            continue;
        };
        // Keys in the query are about other things than the one in the path.
        if ai::is_known(name) && !ai::is_primary_key(name) {
            let value = decode(uri, raw)?;
            ai::check_value(name, &value).map_err(|e| within(uri, e))?;
            elements.push(name, &value).map_err(|e| within(uri, e))?;
        }
    }
    Ok(Some((key, elements)))
}

/// The AIs of a Digital Link's path, the primary key first, and its query.
fn path_elements(uri: &str) -> Result<Option<(ElementString, &str)>, IdError> {
    let without_fragment = uri.split('#').next().unwrap_or_default();
    let (address, query) = without_fragment
        .split_once('?')
        .unwrap_or((without_fragment, ""));
    let after_scheme = address.split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = after_scheme.split_once('/').unwrap_or((after_scheme, ""));
    if host.is_empty() {
        return Err(IdError::malformed(format!(
            "{}: an address without host",
            IdError::quote(uri)
        )));
    }
    let gs1_host = host.eq_ignore_ascii_case(GS1_HOST);

    let mut segments: Vec<&str> = path.split('/').collect();
    let mut pairs = key_and_qualifiers(&segments);
    if pairs.is_none() && segments.last() == Some(&"") {
        segments.pop();
        pairs = key_and_qualifiers(&segments);
    }
    let Some(pairs) = pairs else {
        if gs1_host {
            return Err(IdError::malformed(format!(
                "{}: no GS1 key in the path of a GS1 Digital Link",
                IdError::quote(uri)
            )));
        }
        return Ok(None);
    };

    let mut elements = ElementString::default();
    for (at, (ai, raw)) in pairs.iter().enumerate() {
        let value = decode(uri, raw)?;
        // Elsewhere `/01/…` may be a private address: a key must look like one
        // before its faults count as faults.
        if at == 0 && !gs1_host && pairs.len() == 1 && !looks_like(ai, &value) {
            return Ok(None);
        }
        let value = padded(ai, &value).map_err(|e| within(uri, e))?;
        ai::check_value(ai, &value).map_err(|e| within(uri, e))?;
        elements.push(ai, &value).map_err(|e| within(uri, e))?;
    }
    Ok(Some((elements, query)))
}

/// The pairs of AI and value at the end of a path, from the primary key on.
fn key_and_qualifiers<'a>(segments: &[&'a str]) -> Option<Vec<(&'a str, &'a str)>> {
    let mut pairs = Vec::new();
    for pair in segments.rchunks_exact(2) {
        let ai = ai::of_short_name(pair[0]).map_or(pair[0], |ai| ai.code);
        if !ai::is_known(ai) {
            return None;
        }
        pairs.push((ai, pair[1]));
        if ai::is_primary_key(ai) {
            pairs.reverse();
            return Some(pairs);
        }
    }
    None
}

fn looks_like(ai: &str, value: &str) -> bool {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    match ai {
        "01" => digits == value.len() && matches!(digits, 8 | 12 | 13 | 14),
        "00" | "402" | "414" | "415" | "417" | "8006" | "8017" | "8018" => {
            digits == value.len() && digits == ai::max_length(ai)
        }
        "253" | "255" => digits >= 13,
        "8003" => digits >= 14 && value.starts_with('0'),
        _ => digits >= 4,
    }
}

fn decode(uri: &str, raw: &str) -> Result<String, IdError> {
    let bytes = raw.as_bytes();
    let broken = bytes.iter().enumerate().any(|(at, b)| {
        *b == b'%'
            && !bytes
                .get(at + 1..at + 3)
                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    let text = percent_decode_str(raw).decode_utf8();
    match text {
        Ok(text) if !broken => Ok(text.into_owned()),
        _ => Err(IdError::character(format!(
            "{}: broken percent-encoding in {}",
            IdError::quote(uri),
            IdError::quote(raw)
        ))),
    }
}

fn within(uri: &str, e: IdError) -> IdError {
    IdError::new(e.reason, format!("{}: {}", IdError::quote(uri), e.message))
}
