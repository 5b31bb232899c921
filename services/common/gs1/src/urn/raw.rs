//! EPC Raw URIs, `urn:epc:raw:…`: the bits of a tag whose meaning is not read,
//! with or without an application family identifier (TDS 2.x §12.4, §15.1.2).

use std::fmt;
use std::str::FromStr;

use super::tag::ControlFields;
use crate::error::{IdError, IdReason};
use crate::tds::{BitReader, Bits, MAX_BITS};

/// The contents of an EPC memory bank as bits. Written in hexadecimal; the
/// decimal form, which the standard advises against, is read and can be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawUri {
    bits: Bits,
    family: Option<u8>,
    control: ControlFields,
}

impl RawUri {
    /// Bits from 20h on; `family` is the application family identifier (AFI) of
    /// a tag that holds no EPC (toggle bit 17h set).
    ///
    /// # Errors
    /// `bad_length` without bits or with more than a tag can hold;
    /// `does_not_fit` for attribute bits beside an AFI, whose place it takes.
    pub fn new(bits: Bits, family: Option<u8>, control: ControlFields) -> Result<Self, IdError> {
        if bits.is_empty() || bits.len() > MAX_BITS {
            return Err(IdError::length(format!(
                "{} bits, a tag holds 1 to {MAX_BITS}",
                bits.len()
            )));
        }
        if family.is_some() && control.attributes != 0 {
            return Err(IdError::new(
                IdReason::DoesNotFit,
                "a tag with an AFI has no attribute bits",
            ));
        }
        Ok(Self {
            bits,
            family,
            control,
        })
    }

    /// The bits from 20h on.
    pub fn bits(&self) -> &Bits {
        &self.bits
    }

    /// The application family identifier, if the tag says it holds no EPC.
    pub fn family(&self) -> Option<u8> {
        self.family
    }

    /// The control fields.
    pub fn control(&self) -> ControlFields {
        self.control
    }

    /// The decimal form; None for a tag with an AFI, which has none.
    pub fn to_decimal(&self) -> Option<String> {
        let value = BitReader::new(&self.bits)
            .read_decimal(self.bits.len())
            .ok()
            .filter(|_| self.family.is_none())?;
        Some(format!(
            "urn:epc:raw:{}{}.{value}",
            self.control,
            self.bits.len()
        ))
    }

    fn from_body(body: &str) -> Result<Self, IdError> {
        let (control, rest) = ControlFields::read(body)?;
        let malformed = || {
            IdError::malformed(format!(
                "{}: not <bits>.x<hex>, <bits>.x<AFI>.x<hex> or <bits>.<decimal>",
                IdError::quote(rest)
            ))
        };
        let (length, payload) = rest.split_once('.').ok_or_else(malformed)?;
        if length.starts_with('0') || !length.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed());
        }
        let width = length
            .parse::<usize>()
            .ok()
            .filter(|width| (1..=MAX_BITS).contains(width))
            .ok_or_else(|| {
                IdError::length(format!(
                    "{} bits, a tag holds 1 to {MAX_BITS}",
                    IdError::quote(length)
                ))
            })?;
        let upper_hex = |hex: &str| hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        let does_not_fit = || {
            IdError::new(
                IdReason::DoesNotFit,
                format!("{} is more than {width} bits hold", IdError::quote(payload)),
            )
        };
        let mut bits = Bits::default();
        let Some(hex) = payload.strip_prefix('x') else {
            let digits = payload.bytes().all(|b| b.is_ascii_digit());
            if !digits || payload.is_empty() || (payload.len() > 1 && payload.starts_with('0')) {
                return Err(malformed());
            }
            if !bits.push_decimal(payload, width) {
                return Err(does_not_fit());
            }
            return Self::new(bits, None, control);
        };
        let (family, hex) = match hex.split_once(".x") {
            None => (None, hex),
            Some((family, hex)) if upper_hex(family) && !family.is_empty() => {
                let family = u8::from_str_radix(family, 16).map_err(|_| malformed())?;
                (Some(family), hex)
            }
            Some(_) => return Err(malformed()),
        };
        if !upper_hex(hex) {
            return Err(malformed());
        }
        let digits = Bits::from_hex(hex)?;
        let mut reader = BitReader::new(&digits);
        while reader.remaining() > width {
            if reader.read(1)? != 0 {
                return Err(does_not_fit());
            }
        }
        bits.push_zeros(width - reader.remaining());
        bits.extend(&reader.rest());
        Self::new(bits, family, control)
    }
}

impl FromStr for RawUri {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let body = text
            .get(12..)
            .filter(|_| super::is_epc(text) && text.get(8..12) == Some("raw:"))
            .ok_or_else(|| super::unknown(text))?;
        Self::from_body(body).map_err(|e| e.within(text))
    }
}

impl fmt::Display for RawUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:epc:raw:{}{}.", self.control, self.bits.len())?;
        if let Some(family) = self.family {
            write!(f, "x{family:02X}.")?;
        }
        // The digits stand for a number: what is missing to a digit is missing on the left.
        let mut number = Bits::default();
        number.push_zeros(self.bits.len().next_multiple_of(4) - self.bits.len());
        number.extend(&self.bits);
        write!(f, "x{}", number.to_hex())
    }
}
