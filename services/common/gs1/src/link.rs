//! GS1 Digital Link URIs, on any domain and with any stem (GS1 Digital Link
//! Standard: URI Syntax 1.1 to 1.4).
//!
//! The path holds the primary key and, in their order, its qualifiers; the query
//! holds data attributes, and parameters of others, which are kept as they are.
//! One reader of the path serves all: [`DigitalLink::parse`], which also holds
//! the query to the standard, and the entrance for identifiers, which asks
//! nothing but the key.

mod path;
pub mod percent;
mod query;
mod write;

use crate::ai::Ai;
use crate::check::at_most;
use crate::element::ElementString;
use crate::epc::Epc;
use crate::error::IdError;
use crate::parse::private_uri;
use path::Path;

/// Longer links are refused unread (bytes): what RFC 9110 §4.1 asks all to support.
const MAX_LENGTH: usize = 8000;

/// An AI and its value, decoded and verified.
type Element = (&'static Ai, String);

/// What the standard has allowed at one time and not at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkOptions {
    /// Short names for AIs in the path, `/gtin/…/ser/…`: allowed up to 1.1.
    pub short_names: bool,
    /// GTINs of 8, 12 or 13 digits for AI 01, then padded: allowed up to 1.1.
    pub short_gtins: bool,
    /// Parameters with names of digits alone that are no AI of today: kept
    /// among the other parameters. The standard reserves such names.
    pub unknown_ais: bool,
}

/// Links of all versions are read; only a new AI is not.
impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            short_names: true,
            short_gtins: true,
            unknown_ais: false,
        }
    }
}

/// A GS1 Digital Link URI, taken apart and verified.
#[derive(Clone, Debug)]
pub struct DigitalLink {
    /// Scheme, host and path before the primary key, without a slash at the end.
    stem: String,
    /// The primary key, then its qualifiers in their order.
    path: Vec<Element>,
    /// In the order they stand in the query.
    attributes: Vec<Element>,
    /// Parameters that are no AIs, as they were written.
    others: Vec<String>,
}

impl DigitalLink {
    /// Reads a link of any version of the standard.
    ///
    /// Errors: an address without GS1 key, a value that does not fit its AI, a
    /// qualifier that is not one of the key's or out of order, an attribute that
    /// belongs in the path or is there twice, an unknown AI, a character that
    /// no URI holds. The associations between AIs (General Specifications 4.13,
    /// 4.14) are a matter of [`ElementString`].
    pub fn parse(uri: &str) -> Result<Self, IdError> {
        Self::parse_with(uri, LinkOptions::default())
    }

    /// Reads a link as the options say.
    pub fn parse_with(uri: &str, options: LinkOptions) -> Result<Self, IdError> {
        at_most(uri, MAX_LENGTH, "characters")?;
        let path = match path::read(uri, options)? {
            Some(path) if is_web(uri) => path,
            _ => {
                return Err(IdError::malformed(format!(
                    "{}: not an http or https address with a GS1 key in its path",
                    IdError::quote(uri)
                )));
            }
        };
        path::check_host(uri, path.host)?;
        percent::check_characters(uri)?;
        let query = query::read(uri, &path, options)?;
        Ok(Self {
            stem: path.stem.to_owned(),
            attributes: query.attributes,
            others: query.others,
            path: path
                .pairs
                .into_iter()
                .map(|(ai, value)| (ai, value.into_owned()))
                .collect(),
        })
    }

    /// Scheme, host and the path before the primary key, as written, without a
    /// slash at the end: `https://example.com/some/stem`.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// The primary key and its value.
    pub fn primary_key(&self) -> (&'static Ai, &str) {
        // There is no link without one: both constructors see to it.
        let (ai, value) = &self.path[0];
        (ai, value)
    }

    /// The qualifiers of the key in their order, coarse to fine.
    pub fn qualifiers(&self) -> impl Iterator<Item = (&'static Ai, &str)> {
        self.path[1..].iter().map(|(ai, value)| (*ai, &**value))
    }

    /// The data attributes in their order.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static Ai, &str)> {
        self.attributes.iter().map(|(ai, value)| (*ai, &**value))
    }

    /// The parameters of the query that are no AIs, as they were written:
    /// `linkType=gs1:pip`.
    pub fn other_parameters(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// What the path identifies.
    pub fn epc(&self) -> Epc {
        let (ai, value) = self.primary_key();
        Epc::compose(ai.code, value, |wanted| {
            self.qualifiers()
                .find_map(|(ai, value)| (ai.code == wanted).then_some(value))
        })
    }

    /// All AIs: primary key, qualifiers, attributes.
    pub fn elements(&self) -> Result<ElementString, IdError> {
        let mut elements = ElementString::default();
        for (ai, value) in self.path.iter().chain(&self.attributes) {
            elements.insert(ai, value)?;
        }
        Ok(elements)
    }
}

impl std::str::FromStr for DigitalLink {
    type Err = IdError;

    fn from_str(uri: &str) -> Result<Self, IdError> {
        Self::parse(uri)
    }
}

/// Whether the text is a web address; schemes are case-insensitive (RFC 3986 §3.1).
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
    match path::read(uri, LinkOptions::default())? {
        Some(path) => Ok(path.epc()),
        None => private_uri(uri),
    }
}

/// The key of a Digital Link and all its AIs, those of its query included,
/// wherever the standard would have them. None if the address holds no GS1 key.
pub(crate) fn scan(uri: &str) -> Result<Option<(Epc, ElementString)>, IdError> {
    let Some(path) = path::read(uri, LinkOptions::default())? else {
        return Ok(None);
    };
    let mut elements = ElementString::default();
    for (ai, value) in &path.pairs {
        elements.insert(ai, value)?;
    }
    query::add_all(uri, &path, &mut elements)?;
    Ok(Some((path.epc(), elements)))
}

impl Path<'_> {
    fn epc(&self) -> Epc {
        let (ai, value) = &self.pairs[0];
        Epc::compose(ai.code, value, |wanted| {
            self.pairs
                .iter()
                .find(|(ai, _)| ai.code == wanted)
                .map(|(_, value)| &**value)
        })
    }
}
