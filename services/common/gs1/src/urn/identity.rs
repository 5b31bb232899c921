//! Pure identity URIs, `urn:epc:id:…` and `urn:epc:class:lgtin:…`, with the
//! company prefix kept apart, and their GS1 keys (TDS 2.x §6.3, §6.4, §7).

use std::fmt;
use std::str::FromStr;

use super::component::{Component, Fault, escape};
use super::components::{Components, Value};
use super::scheme::{EpcScheme, Key, KeyForm};
use super::split::{self, PrefixLength};
use crate::element::ElementString;
use crate::epc::{Composer, Epc, KeyText, Parts};
use crate::error::{IdError, IdReason};

/// An EPC as its pure identity URI says it: scheme and components, the company
/// prefix among them. Valid by construction.
///
/// The key ([`Epc`]) leaves the split of company prefix and reference out,
/// because Digital Links and element strings do not carry it; so the way back,
/// [`of`](Self::of), needs the length of the prefix.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PureIdentity {
    scheme: EpcScheme,
    /// The characters the components stand for, not escaped.
    components: Components,
}

impl PureIdentity {
    /// An identity of components as characters (not escaped), in the order of
    /// the URI.
    ///
    /// # Errors
    /// With reason and component where one does not fit the scheme's grammar.
    pub fn new(scheme: EpcScheme, components: &[impl AsRef<str>]) -> Result<Self, IdError> {
        Self::checked(scheme, Components::of(components))
    }

    pub(crate) fn checked(scheme: EpcScheme, components: Components) -> Result<Self, IdError> {
        let expected = scheme.components();
        if components.len() != expected.len() {
            return Err(count(scheme));
        }
        let prefix = components.get(0).len();
        for (component, value) in expected.iter().zip(components.iter()) {
            check(scheme, *component, value, prefix)?;
        }
        if scheme == EpcScheme::Itip {
            let (piece, total) = (components.get(2).text(), components.get(3).text());
            if piece == "00" || *piece > *total {
                return Err(IdError::new(
                    IdReason::BadValue,
                    format!("{scheme}: piece {piece} of {total} is not one of them"),
                ));
            }
        }
        // The grammar of EPC URIs has such a serial, AI 8011 has not, and there would
        // be no element string of it (General Specifications 3.9).
        if scheme == EpcScheme::Cpi && matches!(components.get(2), Value::Number(0, 1)) {
            return Err(IdError::new(
                IdReason::BadValue,
                format!("{scheme}: the serial must not be 0"),
            ));
        }
        Ok(Self { scheme, components })
    }

    /// Reads the body of a URI, `<prefix>.<reference>…`.
    pub(crate) fn from_body(scheme: EpcScheme, body: &str) -> Result<Self, IdError> {
        let expected = scheme.components();
        let mut components = Components::with_capacity(body.len());
        let mut raw = body.splitn(expected.len(), '.');
        for component in expected {
            let raw = raw.next().ok_or_else(|| count(scheme))?;
            unescape(scheme, *component, raw, components.open())?;
            components.close();
        }
        Self::checked(scheme, components)
    }

    /// The identity of a key.
    ///
    /// # Errors
    /// `prefix_length_unknown` where the scheme has a company prefix and
    /// `prefix` is None (but for a GTIN-8, whose split TDS §7.3.2 fixes);
    /// `malformed` for a class without identity of its own (see
    /// [`IdPattern::of`](super::IdPattern::of)) and for a key that is no EPC.
    pub fn of(epc: &Epc, prefix: Option<PrefixLength>) -> Result<Self, IdError> {
        let text = epc.key();
        if super::is_epc(&text) {
            return text.parse();
        }
        let (scheme, components) = split::components_of(&text, prefix)?;
        if components.len() < scheme.components().len() {
            return Err(IdError::malformed(format!(
                "{}: a class, which only a pattern URI can name",
                IdError::quote(&text)
            )));
        }
        Self::new(scheme, &components)
    }

    /// The scheme.
    pub fn scheme(&self) -> EpcScheme {
        self.scheme
    }

    /// The components as characters, not escaped.
    pub fn components(&self) -> impl Iterator<Item = KeyText<'_>> {
        self.components.iter().map(Value::text)
    }

    /// The company prefix, for schemes that have one.
    pub fn company_prefix(&self) -> Option<KeyText<'_>> {
        self.scheme
            .has_company_prefix()
            .then(|| self.components.get(0).text())
    }

    /// The length of the company prefix, for schemes that have one.
    pub fn prefix_length(&self) -> Option<PrefixLength> {
        self.company_prefix()
            .and_then(|prefix| PrefixLength::new(prefix.len()).ok())
    }

    /// The key: without the split, the same for every spelling of the unit.
    pub fn epc(&self) -> Epc {
        self.scheme
            .key()
            .and_then(|key| self.gs1_key(&key))
            .unwrap_or_else(|| Epc::other(&self.to_string()))
    }

    /// The GS1 key, which every valid identity of a scheme with one has.
    fn gs1_key(&self, key: &Key) -> Option<Epc> {
        let (prefix, reference) = (self.components.get(0), self.components.get(1));
        let own = self.components.len() - usize::from(key.qualifier.is_some());
        let qualifier = key
            .qualifier
            .map(|ai| (ai, self.components.get(own)))
            // An SGLN without extension (TDS 2.x §6.3.3).
            .filter(|found| !matches!(found, ("254", Value::Number(0, 1))));
        let mut composer = Composer::new(key.ai, qualifier.map(|(ai, _)| ai))?;
        let parts = match key.form {
            KeyForm::Leading => {
                // A leading reference has at least one digit: 13 or 17 less 12.
                let (first, rest) = reference.split_first()?;
                [first, prefix, rest]
            }
            KeyForm::Plain | KeyForm::Unchecked => [prefix, reference, Value::Text("")],
            KeyForm::AfterZero => [Value::Number(0, 1), prefix, reference],
        };
        for part in parts {
            composer.push(part)?;
        }
        if key.form != KeyForm::Unchecked {
            composer.push_check_digit()?;
        }
        for at in 2..own {
            composer.push(self.components.get(at))?;
        }
        if let Some((_, value)) = qualifier {
            composer.qualify(value)?;
        }
        composer.epc()
    }

    /// The AIs and values of the identifier, the primary key first; none for
    /// schemes without GS1 key. An SGLN with extension `0` has no (254).
    pub fn elements(&self) -> Vec<(&'static str, String)> {
        let epc = self.epc();
        let text = epc.key();
        let Some((key, parts)) = self.scheme.key().zip(Parts::of(&text)) else {
            return Vec::new();
        };
        let qualifier = key.qualifier.zip(parts.qualifier);
        let mut elements = vec![(key.ai, parts.value.to_owned())];
        elements.extend(qualifier.map(|(ai, (_, value))| (ai, value.to_owned())));
        elements
    }

    /// The element string, None for schemes without GS1 key.
    pub fn element_string(&self) -> Option<ElementString> {
        self.epc().element_string()
    }

    /// The body of the URI, escaped.
    pub(crate) fn body(&self) -> String {
        let mut body = String::with_capacity(40);
        for (at, component) in self.components.iter().enumerate() {
            if at > 0 {
                body.push('.');
            }
            escape(&component.text(), &mut body);
        }
        body
    }
}

/// Reads one component of a URI, not yet checked.
pub(crate) fn unescape(
    scheme: EpcScheme,
    component: Component,
    raw: &str,
    into: &mut String,
) -> Result<(), IdError> {
    component
        .unescape(raw, into)
        .map_err(|fault| refused(scheme, component, raw, fault))
}

/// Verifies one component; `prefix` is the length of the company prefix.
#[inline]
pub(crate) fn check(
    scheme: EpcScheme,
    component: Component,
    value: Value<'_>,
    prefix: usize,
) -> Result<(), IdError> {
    component
        .check(value, prefix)
        .map_err(|fault| refused(scheme, component, &value.text(), fault))
}

fn refused(scheme: EpcScheme, component: Component, value: &str, fault: Fault) -> IdError {
    IdError::new(
        fault.reason,
        format!(
            "{scheme}: {} {} {}",
            component.name(),
            IdError::quote(value),
            fault.what
        ),
    )
}

fn count(scheme: EpcScheme) -> IdError {
    IdError::malformed(format!(
        "{scheme}: {} components are expected, with a dot between",
        scheme.components().len()
    ))
}

/// A pure identity or class URI.
impl FromStr for PureIdentity {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (form, scheme, body) = super::pieces(text)?;
        let class = match form {
            "id" => false,
            "class" => true,
            _ => return Err(super::unknown(text)),
        };
        let scheme = EpcScheme::of_name(scheme)
            .filter(|scheme| scheme.is_class() == class)
            .ok_or_else(|| super::unknown(text))?;
        Self::from_body(scheme, body).map_err(|e| e.within(text))
    }
}

impl fmt::Display for PureIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.scheme.is_class() {
            "class"
        } else {
            "id"
        };
        write!(f, "urn:epc:{form}:{}:{}", self.scheme, self.body())
    }
}

impl fmt::Debug for PureIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PureIdentity({self})")
    }
}

/// `prefix_length_unknown`: what a key alone does not tell.
pub(crate) fn prefix_length_unknown(key: &str) -> IdError {
    IdError::new(
        IdReason::PrefixLengthUnknown,
        format!(
            "{}: its EPC URI needs the length of the GS1 company prefix, which the key does not tell",
            IdError::quote(key)
        ),
    )
}
