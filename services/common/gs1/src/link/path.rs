//! The path of a link: where its stem ends, the primary key, the qualifiers.

use std::borrow::Cow;

use super::{LinkOptions, percent};
use crate::ai::{self, Ai};
use crate::error::IdError;
use crate::parse::{check_characters, padded};

/// The resolver of GS1: whatever is there must be a Digital Link.
const GS1_HOST: &str = "id.gs1.org";

/// More pairs than this are no path of a link: no key has more qualifiers.
const MAX_PAIRS: usize = 8;

/// The parts of a link before its query, and the query as it stands.
pub(super) struct Path<'a> {
    /// Scheme, host and path before the primary key.
    pub(super) stem: &'a str,
    pub(super) host: &'a str,
    /// The primary key first; never empty.
    pub(super) pairs: Vec<(&'static Ai, Cow<'a, str>)>,
    pub(super) query: &'a str,
}

/// Reads an address up to its query. None where it claims no GS1 key. Host and
/// stem say nothing of the key: they are held to no more than other identifiers are.
pub(super) fn read(uri: &str, options: LinkOptions) -> Result<Option<Path<'_>>, IdError> {
    let without_fragment = uri.split('#').next().unwrap_or_default();
    let (address, query) = without_fragment
        .split_once('?')
        .unwrap_or((without_fragment, ""));
    let after_scheme = address.split_once("://").map_or("", |(_, rest)| rest);
    let host = after_scheme.split('/').next().unwrap_or_default();
    if host.is_empty() {
        return Err(IdError::malformed(format!(
            "{}: an address without host",
            IdError::quote(uri)
        )));
    }
    let gs1_host = host.eq_ignore_ascii_case(GS1_HOST);
    let path_start = address.len() - after_scheme.len() + host.len();
    let path = &address[path_start..];
    let found = pairs(path, options).or_else(|| pairs(path.strip_suffix('/')?, options));
    let Some((stem_end, raw)) = found else {
        if gs1_host {
            return Err(IdError::malformed(format!(
                "{}: no GS1 key in the path of a GS1 Digital Link",
                IdError::quote(uri)
            )));
        }
        return Ok(None);
    };
    check_characters(uri, address)?;
    let alone = raw.len() == 1;
    let mut pairs = Vec::with_capacity(raw.len());
    for (ai, text) in raw {
        let value = percent::decode(uri, text)?;
        // Elsewhere `/01/…` may be a private address: a key must look like one
        // before its faults count as faults.
        if alone && !gs1_host && !looks_like(ai, &value) {
            return Ok(None);
        }
        pairs.push((ai, value));
    }
    in_order(uri, &pairs)?;
    for (ai, value) in &mut pairs {
        if options.short_gtins
            && let Cow::Owned(gtin) = padded(ai.code, value).map_err(|e| e.within(uri))?
        {
            *value = Cow::Owned(gtin);
        }
        ai.check(value).map_err(|e| e.within(uri))?;
    }
    Ok(Some(Path {
        stem: &address[..path_start + stem_end],
        host,
        pairs,
        query,
    }))
}

/// Where the stem ends in a path, and the pairs of AI and value after it, from
/// the rightmost primary key on.
#[allow(clippy::type_complexity)]
fn pairs(path: &str, options: LinkOptions) -> Option<(usize, Vec<(&'static Ai, &str)>)> {
    let mut pairs = Vec::with_capacity(4);
    let mut stem = path;
    while pairs.len() < MAX_PAIRS {
        let (rest, value) = stem.rsplit_once('/')?;
        let (rest, name) = rest.rsplit_once('/')?;
        stem = rest;
        let short = || {
            options
                .short_names
                .then(|| ai::of_short_name(name))
                .flatten()
        };
        let ai = ai::lookup(name).or_else(short)?;
        pairs.push((ai, value));
        if ai.primary_key.is_some() {
            pairs.reverse();
            return Some((stem.len(), pairs));
        }
    }
    None
}

/// The qualifiers must be of one of the key's sequences, and in its order.
fn in_order(uri: &str, pairs: &[(&'static Ai, Cow<'_, str>)]) -> Result<(), IdError> {
    let Some(((key, _), qualifiers)) = pairs.split_first() else {
        return Ok(());
    };
    let sequences = key.primary_key.unwrap_or_default();
    let fits = |sequence: &&[&str]| {
        let mut rest = sequence.iter();
        qualifiers
            .iter()
            .all(|(ai, _)| rest.any(|code| *code == ai.code))
    };
    if qualifiers.is_empty() || sequences.iter().any(fits) {
        return Ok(());
    }
    let found: Vec<&str> = qualifiers.iter().map(|(ai, _)| ai.code).collect();
    let allowed: Vec<String> = sequences.iter().map(|s| s.join(", ")).collect();
    Err(IdError::malformed(format!(
        "{}: {} after {key}: {}",
        IdError::quote(uri),
        found.join(", "),
        match allowed.as_slice() {
            [] => "it has no qualifiers".to_owned(),
            allowed => format!(
                "its qualifiers are {}, in this order",
                allowed.join(", or ")
            ),
        },
    )))
}

/// A host name or an address, and a port (RFC 3986 §3.2.2, without user and
/// registered names of other systems).
pub(super) fn check_host(uri: &str, host: &str) -> Result<(), IdError> {
    let ok = match host.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((v6, port)) => {
            let hex = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
            !v6.is_empty() && v6.bytes().all(hex) && (port.is_empty() || is_port(port))
        }
        None => {
            let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
            !name.is_empty() && name.bytes().all(letter) && (port.is_empty() || is_port(port))
        }
    };
    if ok {
        return Ok(());
    }
    Err(IdError::character(format!(
        "{}: {} is not the name of a host",
        IdError::quote(uri),
        IdError::quote(host)
    )))
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':')
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

fn looks_like(ai: &Ai, value: &str) -> bool {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    match ai.code {
        "01" => digits == value.len() && matches!(digits, 8 | 12 | 13 | 14),
        "00" | "402" | "414" | "415" | "417" | "8006" | "8017" | "8018" => {
            digits == value.len() && digits == ai.max_length()
        }
        "253" | "255" => digits >= 13,
        "8003" => digits >= 14 && value.starts_with('0'),
        _ => digits >= 4,
    }
}

/// Scheme, host and path of an address that a link is to be built on.
pub(super) fn stem(text: &str) -> Result<&str, IdError> {
    let stem = text.trim_end_matches('/');
    let host = super::is_web(stem)
        .then(|| stem.split_once("://"))
        .flatten()
        .map(|(_, rest)| rest.split('/').next().unwrap_or_default())
        .filter(|_| !stem.contains(['?', '#']));
    let Some(host) = host else {
        return Err(IdError::malformed(format!(
            "{}: http:// or https://, a host and a path are expected, without query or fragment",
            IdError::quote(text)
        )));
    };
    check_host(text, host)?;
    percent::check_characters(stem)?;
    Ok(stem)
}
