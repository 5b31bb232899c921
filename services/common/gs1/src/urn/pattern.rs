//! Pure identity patterns, `urn:epc:idpat:…`: sets of things, open at their end
//! (TDS 2.x §8). The standard's list of them leaves out LGTIN; it is taken, since
//! queries for the lots of a product have no other pattern.

use std::fmt;
use std::str::FromStr;

use super::component::escape;
use super::components::Value;
use super::identity::{PureIdentity, check, unescape};
use super::scheme::EpcScheme;
use super::split::{self, PrefixLength};
use crate::epc::Epc;
use crate::error::IdError;

/// A set of identities: the first components given, the others open (`*`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdPattern {
    scheme: EpcScheme,
    /// The given components as characters; fewer than the scheme has, or all.
    given: Vec<String>,
}

impl IdPattern {
    /// The pattern of a class key: a GTIN, or a GRAI, GDTI, GCN, CPI or ITIP
    /// without serial.
    ///
    /// # Errors
    /// As [`PureIdentity::of`]; `malformed` for what is no class.
    pub fn of(epc: &Epc, prefix: Option<PrefixLength>) -> Result<Self, IdError> {
        let text = epc.to_string();
        if super::is_epc(&text) {
            return text.parse();
        }
        let (scheme, given) = split::components_of(&text, prefix)?;
        if given.len() >= scheme.components().len() {
            return Err(IdError::malformed(format!(
                "{}: not a class",
                IdError::quote(&text)
            )));
        }
        Self::checked(scheme, given)
    }

    /// The scheme.
    pub fn scheme(&self) -> EpcScheme {
        self.scheme
    }

    /// Whether an identity belongs to the set (TDS 2.x §8.2).
    pub fn matches(&self, identity: &PureIdentity) -> bool {
        self.scheme == identity.scheme()
            && self
                .given
                .iter()
                .zip(identity.components())
                .all(|(given, found)| found == *given)
    }

    /// The key: with all components given that of the identity; with only the
    /// serial open that of the class; else the URI itself.
    pub fn epc(&self) -> Epc {
        let expected = self.scheme.components().len();
        if let Ok(identity) = PureIdentity::new(self.scheme, &self.given) {
            return identity.epc();
        }
        if self.given.len() + 1 == expected && self.given.len() >= 2 {
            // Any serial will do: the class is what is left without it.
            let mut instance = self.given.clone();
            instance.push("1".to_owned());
            if let Ok(identity) = PureIdentity::new(self.scheme, &instance) {
                let elements = identity.elements();
                if let Some((ai, value)) = elements.first() {
                    let class = match elements.len() {
                        1 => value.strip_suffix('1').unwrap_or(value),
                        _ => value,
                    };
                    return Epc::compose(ai, class, |_| None);
                }
            }
        }
        Epc::other(&self.to_string())
    }

    /// A pattern whose given components fit the grammar.
    fn checked(scheme: EpcScheme, given: Vec<String>) -> Result<Self, IdError> {
        let expected = scheme.components();
        if given.len() == expected.len() {
            // All given: the rules over several components hold too.
            PureIdentity::new(scheme, &given)?;
        }
        let prefix = given.first().map_or(0, String::len);
        for (component, value) in expected.iter().zip(&given) {
            check(scheme, *component, Value::Text(value), prefix)?;
        }
        Ok(Self { scheme, given })
    }
}

impl FromStr for IdPattern {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (form, scheme, body) = super::pieces(text)?;
        let scheme = EpcScheme::of_name(scheme)
            .filter(|_| form == "idpat")
            .ok_or_else(|| super::unknown(text))?;
        let expected = scheme.components();
        let raw: Vec<&str> = body.splitn(expected.len(), '.').collect();
        let malformed = |what: &str| IdError::malformed(format!("{scheme}: {what}")).within(text);
        if raw.len() != expected.len() {
            return Err(malformed(&format!(
                "{} components are expected, with a dot between",
                expected.len()
            )));
        }
        // A serial of set 82 may be a star itself; as the grammar has it, a star
        // alone is the pattern.
        let open = raw.iter().rev().take_while(|raw| **raw == "*").count();
        let (given, _) = raw.split_at(expected.len() - open);
        if given.contains(&"*") {
            return Err(malformed("a pattern may be open only at its end"));
        }
        // Piece and total are open together (§8.1, ITIPPatURIMain).
        if scheme == EpcScheme::Itip && given.len() == 3 {
            return Err(malformed("piece and total are given or open together"));
        }
        let given = expected
            .iter()
            .zip(given)
            .map(|(component, raw)| {
                let mut value = String::new();
                unescape(scheme, *component, raw, &mut value).map(|()| value)
            })
            .collect::<Result<_, _>>()
            .map_err(|e| e.within(text))?;
        Self::checked(scheme, given).map_err(|e| e.within(text))
    }
}

impl fmt::Display for IdPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = String::new();
        for at in 0..self.scheme.components().len() {
            if at > 0 {
                body.push('.');
            }
            match self.given.get(at) {
                Some(given) => escape(given, &mut body),
                None => body.push('*'),
            }
        }
        write!(f, "urn:epc:idpat:{}:{body}", self.scheme)
    }
}
