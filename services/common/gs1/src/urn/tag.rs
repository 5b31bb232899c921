//! EPC Tag URIs, `urn:epc:tag:…`: an identity, how a tag holds it, and the
//! control fields of the tag's EPC memory bank (TDS 2.x §12).

use std::fmt;
use std::str::FromStr;

use super::identity::PureIdentity;
use crate::error::{IdError, IdReason};
use crate::tds::{TagScheme, classic};

/// Control fields of the EPC memory bank (TDS 2.x §12.2.2); all zero by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ControlFields {
    /// Attribute bits, 18h to 1Fh.
    pub attributes: u8,
    /// User memory indicator, bit 15h.
    pub user_memory: bool,
    /// Extended PC bits: one word, or two with the first in the upper half.
    pub extended_pc: u32,
}

impl ControlFields {
    /// Reads the fields at the start of a body and gives the rest after their colon.
    pub(crate) fn read(body: &str) -> Result<(Self, &str), IdError> {
        let mut fields = Self::default();
        let mut rest = body;
        let mut last = "";
        while let Some(after) = rest.strip_prefix('[') {
            let malformed =
                || IdError::malformed(format!("{}: not a control field", IdError::quote(rest)));
            let (field, after) = after.split_once(']').ok_or_else(malformed)?;
            let (name, value) = field.split_once('=').ok_or_else(malformed)?;
            if name <= last {
                return Err(IdError::malformed(format!(
                    "control field [{name}] is there twice or out of order"
                )));
            }
            let hex = |lengths: &[usize]| {
                value
                    .strip_prefix('x')
                    .filter(|hex| {
                        lengths.contains(&hex.len())
                            && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
                    })
                    .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                    .ok_or_else(malformed)
            };
            match (name, value) {
                ("att", _) => fields.attributes = hex(&[2])? as u8,
                ("umi", "0") => fields.user_memory = false,
                ("umi", "1") => fields.user_memory = true,
                ("xpc", _) => fields.extended_pc = hex(&[4, 8])?,
                _ => return Err(malformed()),
            }
            last = name;
            rest = after;
        }
        if !last.is_empty() {
            rest = rest.strip_prefix(':').ok_or_else(|| {
                IdError::malformed("a colon is expected after the control fields")
            })?;
        }
        Ok((fields, rest))
    }
}

/// The fields that are not zero, and the colon after them.
impl fmt::Display for ControlFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return Ok(());
        }
        if self.attributes != 0 {
            write!(f, "[att=x{:02X}]", self.attributes)?;
        }
        if self.user_memory {
            f.write_str("[umi=1]")?;
        }
        match self.extended_pc {
            0 => {}
            xpc @ 1..=0xffff => write!(f, "[xpc=x{xpc:04X}]")?,
            xpc => write!(f, "[xpc=x{xpc:08X}]")?,
        }
        f.write_str(":")
    }
}

/// An EPC as a tag of TDS 1.x holds it: coding scheme, filter value, identity.
/// Valid by construction: its binary encoding exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagUri {
    scheme: TagScheme,
    filter: u8,
    identity: PureIdentity,
    control: ControlFields,
}

impl TagUri {
    /// A tag of an identity.
    ///
    /// # Errors
    /// `unknown_scheme` if the coding scheme is not one of the identity's EPC
    /// scheme or has no URI; `does_not_fit` if the identity or the filter value
    /// goes beyond what the coding scheme holds (TDS 2.x table 12-2).
    pub fn new(
        scheme: TagScheme,
        filter: u8,
        identity: PureIdentity,
        control: ControlFields,
    ) -> Result<Self, IdError> {
        if scheme.is_plus() || scheme.epc_scheme() != identity.scheme() {
            return Err(IdError::new(
                IdReason::UnknownScheme,
                format!("{scheme} does not hold {identity}"),
            ));
        }
        classic::encode(scheme, filter, &identity)?;
        Ok(Self::of_decoded(scheme, filter, identity, control))
    }

    /// A tag just decoded, which therefore has a binary encoding.
    pub(crate) fn of_decoded(
        scheme: TagScheme,
        filter: u8,
        identity: PureIdentity,
        control: ControlFields,
    ) -> Self {
        Self {
            scheme,
            filter,
            identity,
            control,
        }
    }

    /// The binary coding scheme.
    pub fn scheme(&self) -> TagScheme {
        self.scheme
    }

    /// The filter value; 0 for GID, which has none.
    pub fn filter(&self) -> u8 {
        self.filter
    }

    /// The identity.
    pub fn identity(&self) -> &PureIdentity {
        &self.identity
    }

    /// The control fields.
    pub fn control(&self) -> ControlFields {
        self.control
    }
}

impl FromStr for TagUri {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let body = text
            .get(12..)
            .filter(|_| super::is_epc(text) && text.get(8..12) == Some("tag:"))
            .ok_or_else(|| super::unknown(text))?;
        let (control, rest) = ControlFields::read(body).map_err(|e| e.within(text))?;
        let (name, body) = rest.split_once(':').unwrap_or((rest, ""));
        let scheme = TagScheme::of_uri_name(name).ok_or_else(|| super::unknown(text))?;
        let read = || {
            let (filter, body) = if scheme.filter_bits() == 0 {
                (0, body)
            } else {
                let (filter, body) = body.split_once('.').ok_or_else(|| {
                    IdError::malformed("a filter value and a dot are expected first")
                })?;
                (read_filter(filter)?, body)
            };
            let identity = PureIdentity::from_body(scheme.epc_scheme(), body)?;
            Self::new(scheme, filter, identity, control)
        };
        read().map_err(|e| e.within(text))
    }
}

/// A filter value: a number without leading zeros.
pub(crate) fn read_filter(filter: &str) -> Result<u8, IdError> {
    filter
        .parse::<u8>()
        .ok()
        .filter(|value| value.to_string() == filter)
        .ok_or_else(|| {
            IdError::character(format!(
                "the filter value {} is not a number",
                IdError::quote(filter)
            ))
        })
}

impl fmt::Display for TagUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:epc:tag:{}{}:", self.control, self.scheme.uri_name())?;
        if self.scheme.filter_bits() > 0 {
            write!(f, "{}.", self.filter)?;
        }
        f.write_str(&self.identity.body())
    }
}
