//! EPC URIs in every form (GS1 EPC Tag Data Standard 2.x §6, §8, §12, §13):
//!
//! | form | type |
//! |---|---|
//! | `urn:epc:id:…`, `urn:epc:class:lgtin:…` | [`PureIdentity`] |
//! | `urn:epc:tag:…` | [`TagUri`] |
//! | `urn:epc:raw:…` | [`RawUri`] |
//! | `urn:epc:idpat:…` | [`IdPattern`] |
//! | `urn:epc:pat:…` | [`TagPattern`] |
//!
//! Each is parsed once, held to the grammar, and written in one spelling:
//! escapes in upper case and only where the grammar asks for them.

mod component;
mod components;
mod identity;
mod pattern;
mod raw;
mod scheme;
mod split;
mod tag;
mod tag_pattern;

use std::fmt;
use std::str::FromStr;

pub(crate) use component::is_cage;
pub(crate) use components::{Components, POWERS, Value};
pub use identity::PureIdentity;
pub use pattern::IdPattern;
pub use raw::RawUri;
pub use scheme::EpcScheme;
pub use split::PrefixLength;
pub use tag::{ControlFields, TagUri};
pub use tag_pattern::TagPattern;

use crate::epc::Epc;
use crate::error::{IdError, IdReason};

/// An EPC URI of any form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EpcUri {
    /// One thing, or one lot (`id`, `class`).
    Identity(PureIdentity),
    /// One thing and how its tag holds it (`tag`).
    Tag(TagUri),
    /// The bits of a tag, whatever they mean (`raw`).
    Raw(RawUri),
    /// A set of things (`idpat`).
    IdPattern(IdPattern),
    /// A set of tags (`pat`).
    TagPattern(TagPattern),
}

impl EpcUri {
    /// The key of what the URI names: a thing, a lot, or a class of things.
    ///
    /// # Errors
    /// `unknown_scheme` for `raw` and `pat`, which name bits and sets of tags.
    pub fn epc(&self) -> Result<Epc, IdError> {
        match self {
            Self::Identity(identity) => Ok(identity.epc()),
            Self::Tag(tag) => Ok(tag.identity().epc()),
            Self::IdPattern(pattern) => Ok(pattern.epc()),
            Self::Raw(_) | Self::TagPattern(_) => Err(unknown(&self.to_string())),
        }
    }
}

impl FromStr for EpcUri {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if !is_epc(text) {
            return Err(unknown(text));
        }
        let form = text.get(8..).and_then(|rest| rest.split(':').next());
        Ok(match form.unwrap_or_default() {
            "id" | "class" => Self::Identity(text.parse()?),
            "tag" => Self::Tag(text.parse()?),
            "raw" => Self::Raw(text.parse()?),
            "idpat" => Self::IdPattern(text.parse()?),
            "pat" => Self::TagPattern(text.parse()?),
            _ => return Err(unknown(text)),
        })
    }
}

impl fmt::Display for EpcUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(uri) => uri.fmt(f),
            Self::Tag(uri) => uri.fmt(f),
            Self::Raw(uri) => uri.fmt(f),
            Self::IdPattern(uri) => uri.fmt(f),
            Self::TagPattern(uri) => uri.fmt(f),
        }
    }
}

/// Whether the text is an EPC URN; `urn` and `epc` are case-insensitive (RFC 8141 §3.1).
pub(crate) fn is_epc(text: &str) -> bool {
    text.get(..8)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("urn:epc:"))
}

/// The key of an EPC URN (which [`is_epc`] has recognised).
pub(crate) fn parse(text: &str) -> Result<Epc, IdError> {
    text.parse::<EpcUri>()?.epc()
}

/// Form, scheme and body of `urn:epc:<form>:<scheme>:<body>`.
fn pieces(text: &str) -> Result<(&str, &str, &str), IdError> {
    if !is_epc(text) {
        return Err(unknown(text));
    }
    let mut pieces = text.get(8..).unwrap_or_default().splitn(3, ':');
    Ok((
        pieces.next().unwrap_or_default(),
        pieces.next().unwrap_or_default(),
        pieces.next().unwrap_or_default(),
    ))
}

fn unknown(text: &str) -> IdError {
    IdError::new(
        IdReason::UnknownScheme,
        format!(
            "{}: no EPC identity scheme has this name",
            IdError::quote(text)
        ),
    )
}
