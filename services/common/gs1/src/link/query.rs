//! The query of a link: data attributes, and the parameters of others.

use std::borrow::Cow;

use super::path::Path;
use super::{Element, LinkOptions, percent};
use crate::ai::{self, Ai};
use crate::element::ElementString;
use crate::error::{IdError, IdReason};
use crate::parse::padded;

#[derive(Default)]
pub(super) struct Query {
    pub(super) attributes: Vec<Element>,
    pub(super) others: Vec<String>,
}

/// The parameters between `&`, or `;` as the standard's grammar also has it.
fn parameters(query: &str) -> impl Iterator<Item = &str> {
    query.split(['&', ';']).filter(|p| !p.is_empty())
}

/// Reads a query as the standard has it.
pub(super) fn read(uri: &str, path: &Path<'_>, options: LinkOptions) -> Result<Query, IdError> {
    let mut query = Query::default();
    for parameter in parameters(path.query) {
        let reserved = parameter
            .split_once('=')
            .map(|(name, raw)| (percent::unescape_path(name), raw))
            .filter(|(name, _)| !name.is_empty() && name.iter().all(u8::is_ascii_digit));
        let Some((name, raw)) = reserved else {
            query.others.push(parameter.to_owned());
            continue;
        };
        // All are digits.
        let name = std::str::from_utf8(&name).unwrap_or_default();
        let Some(ai) = ai::lookup(name) else {
            if options.unknown_ais {
                query.others.push(parameter.to_owned());
                continue;
            }
            return Err(IdError::new(
                IdReason::UnknownAi,
                format!(
                    "{}: ({name}) in the query is not a GS1 Application Identifier, and names of \
                     digits are kept for those",
                    IdError::quote(uri)
                ),
            ));
        };
        may_be_attribute(ai, path.pairs[0].0).map_err(|e| e.within(uri))?;
        let there = path.pairs.iter().any(|(other, _)| other.code == ai.code)
            || query.attributes.iter().any(|(a, _)| a.code == ai.code);
        if there {
            return Err(IdError::malformed(format!(
                "{}: {ai} is there twice",
                IdError::quote(uri)
            )));
        }
        let value = percent::decode_query(uri, raw)?;
        let value = match options.short_gtins {
            true => padded(ai.code, &value).map_err(|e| e.within(uri))?,
            false => Cow::Borrowed(&*value),
        };
        ai.check(&value).map_err(|e| e.within(uri))?;
        query.attributes.push((ai, value.into_owned()));
    }
    Ok(query)
}

/// Whether an AI may stand in the query of a link with this primary key: a
/// qualifier of the key belongs in the path.
pub(super) fn may_be_attribute(ai: &Ai, key: &Ai) -> Result<(), IdError> {
    let sequences = key.primary_key.unwrap_or_default();
    let qualifier = sequences.iter().any(|sequence| sequence.contains(&ai.code));
    if ai.attribute && !qualifier {
        return Ok(());
    }
    Err(IdError::malformed(format!(
        "{ai} is no data attribute of a link with {key}{}",
        if qualifier {
            ": it belongs in the path, with the other qualifiers of its sequence"
        } else {
            ""
        }
    )))
}

/// Adds what AIs a query holds to those of the path, wherever the standard
/// would have them. Keys in the query are about other things than the one in the path.
pub(super) fn add_all(
    uri: &str,
    path: &Path<'_>,
    elements: &mut ElementString,
) -> Result<(), IdError> {
    for parameter in parameters(path.query) {
        let Some((name, raw)) = parameter.split_once('=') else {
            continue;
        };
        if ai::lookup(name).is_some_and(|ai| ai.primary_key.is_none()) {
            let value = percent::decode_query(uri, raw)?;
            elements.push(name, &value).map_err(|e| e.within(uri))?;
        }
    }
    Ok(())
}
