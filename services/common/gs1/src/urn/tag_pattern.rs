//! Tag patterns, `urn:epc:pat:…`: sets of tag encodings, with ranges (TDS 2.x §13).

use std::fmt;
use std::str::FromStr;

use super::component::{Component, escape};
use super::components::Value;
use super::identity::{check, unescape};
use super::tag::{TagUri, read_filter};
use crate::error::{IdError, IdReason};
use crate::tds::TagScheme;

/// One component of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Match {
    /// Anything at all.
    Any,
    /// These characters.
    Given(String),
    /// A number from the first to the second, both included.
    Range(u64, u64),
}

impl Match {
    fn takes(&self, found: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Given(given) => given == found,
            Self::Range(low, high) => found
                .parse::<u64>()
                .is_ok_and(|found| (*low..=*high).contains(&found)),
        }
    }
}

/// A set of tag encodings of one coding scheme.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagPattern {
    scheme: TagScheme,
    /// None for GID, which has no filter value.
    filter: Option<Match>,
    components: Vec<Match>,
}

impl TagPattern {
    /// The coding scheme.
    pub fn scheme(&self) -> TagScheme {
        self.scheme
    }

    /// Whether a tag belongs to the set (TDS 2.x §13.2).
    pub fn matches(&self, tag: &TagUri) -> bool {
        self.scheme == tag.scheme()
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.takes(&tag.filter().to_string()))
            && self
                .components
                .iter()
                .zip(tag.identity().components())
                .all(|(pattern, found)| pattern.takes(&found))
    }

    fn from_body(scheme: TagScheme, body: &str) -> Result<Self, IdError> {
        let epc_scheme = scheme.epc_scheme();
        let expected = epc_scheme.components();
        let (filter, body) = if scheme.filter_bits() == 0 {
            (None, body)
        } else {
            let (filter, body) = body.split_once('.').ok_or_else(|| {
                IdError::malformed("a filter value, range or star and a dot are expected first")
            })?;
            let filter = match wild(filter)? {
                Some(wild) => wild,
                None => Match::Given(read_filter(filter)?.to_string()),
            };
            let top = (1u64 << scheme.filter_bits()) - 1;
            let highest = match &filter {
                Match::Any => 0,
                Match::Given(filter) => filter.parse().unwrap_or(u64::MAX),
                Match::Range(_, high) => *high,
            };
            if highest > top {
                return Err(IdError::new(
                    IdReason::DoesNotFit,
                    format!("{scheme}: filter value {highest}, at most {top}"),
                ));
            }
            (Some(filter), body)
        };
        let raw: Vec<&str> = body.splitn(expected.len(), '.').collect();
        if raw.len() != expected.len() {
            return Err(IdError::malformed(format!(
                "{scheme}: {} components are expected after the filter value",
                expected.len()
            )));
        }
        // Company prefix and reference: both open, or the prefix given; the part of
        // a CPI-var is open only with everything (§13.1).
        if epc_scheme.has_company_prefix()
            && let [prefix, reference, rest @ ..] = raw.as_slice()
        {
            let (open, reference_open) = (*prefix == "*", *reference == "*");
            let var = scheme == TagScheme::CpiVar;
            if (open && !reference_open)
                || (var && reference_open != open)
                || (var && open && rest != ["*"])
            {
                return Err(IdError::malformed(format!(
                    "{scheme}: company prefix and reference may not be open in this combination"
                )));
            }
        }
        let prefix = raw.first().map_or(0, |raw| raw.len());
        let components = expected
            .iter()
            .zip(&raw)
            .map(|(component, raw)| match wild(raw)? {
                Some(Match::Range(..)) if !ranged(scheme, *component) => Err(IdError::malformed(
                    format!("{scheme}: {} takes no range", component.name()),
                )),
                Some(wild) => Ok(wild),
                None => {
                    let mut value = String::new();
                    unescape(epc_scheme, *component, raw, &mut value)?;
                    check(epc_scheme, *component, Value::Text(&value), prefix)?;
                    Ok(Match::Given(value))
                }
            })
            .collect::<Result<Vec<_>, IdError>>()?;
        Ok(Self {
            scheme,
            filter,
            components,
        })
    }
}

/// A star or a range; None for anything else.
fn wild(raw: &str) -> Result<Option<Match>, IdError> {
    if raw == "*" {
        return Ok(Some(Match::Any));
    }
    let Some(range) = raw.strip_prefix('[') else {
        return Ok(None);
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .ok()
            .filter(|number| number.to_string() == text)
    };
    range
        .strip_suffix(']')
        .and_then(|range| range.split_once('-'))
        .and_then(|(low, high)| Some((number(low)?, number(high)?)))
        .filter(|(low, high)| low <= high)
        .map(|(low, high)| Some(Match::Range(low, high)))
        .ok_or_else(|| {
            IdError::malformed(format!(
                "{}: not a range [low-high] of numbers",
                IdError::quote(raw)
            ))
        })
}

/// Whether a component of a coding scheme may be a range: numbers, but for the
/// coupon and document serials that keep leading zeros (§13.1).
fn ranged(scheme: TagScheme, component: Component) -> bool {
    match component {
        Component::Digits { .. } => false,
        // The serials of the 96-bit schemes and of ITIP-110 are numbers.
        Component::Text { .. } | Component::Asset | Component::Part => {
            scheme.is_numeric() && scheme != TagScheme::Gdti113
        }
        component => component.is_numeric(),
    }
}

impl FromStr for TagPattern {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (form, scheme, body) = super::pieces(text)?;
        let scheme = TagScheme::of_uri_name(scheme)
            .filter(|_| form == "pat")
            .ok_or_else(|| super::unknown(text))?;
        Self::from_body(scheme, body).map_err(|e| e.within(text))
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:epc:pat:{}:", self.scheme.uri_name())?;
        for (at, component) in self.filter.iter().chain(&self.components).enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            match component {
                Match::Any => f.write_str("*")?,
                Match::Range(low, high) => write!(f, "[{low}-{high}]")?,
                Match::Given(given) => {
                    let mut escaped = String::new();
                    escape(given, &mut escaped);
                    f.write_str(&escaped)?;
                }
            }
        }
        Ok(())
    }
}
