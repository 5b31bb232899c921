//! From the text of a key back to the components of its URI: the company prefix
//! is split off by its length (TDS 2.x §7).

use super::identity::prefix_length_unknown;
use super::scheme::{EpcScheme, KeyForm};
use crate::epc::Parts;
use crate::error::{IdError, IdReason};

/// The number of digits of a GS1 company prefix in EPC URIs: 6 to 12. A prefix
/// of 4 or 5 digits counts as 6, an individually assigned key as 12 (TDS 2.x §7.1, §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrefixLength(u8);

impl PrefixLength {
    /// A length of 6 to 12 digits.
    ///
    /// # Errors
    /// `bad_length` for any other.
    pub fn new(digits: usize) -> Result<Self, IdError> {
        match u8::try_from(digits) {
            Ok(digits @ 6..=12) => Ok(Self(digits)),
            _ => Err(IdError::length(format!(
                "a company prefix has 6 to 12 digits, not {digits}"
            ))),
        }
    }

    /// The number of digits.
    pub fn digits(self) -> usize {
        self.0.into()
    }
}

/// The prefix of a GTIN-8 is eight digits: five zeros and its first three
/// (TDS 2.x §7.3.2).
const GTIN_8: PrefixLength = PrefixLength(8);

/// Scheme and components of a key's text. A class has fewer components than its
/// scheme: the serial is missing.
pub(crate) fn components_of(
    key: &str,
    prefix: Option<PrefixLength>,
) -> Result<(EpcScheme, Vec<String>), IdError> {
    let malformed = || {
        IdError::malformed(format!(
            "{}: no EPC scheme has this key",
            IdError::quote(key)
        ))
    };
    let Parts {
        ai,
        value,
        qualifier: serial,
    } = Parts::of(key).ok_or_else(malformed)?;
    let scheme = EpcScheme::ALL
        .into_iter()
        .find(|scheme| {
            scheme.key().is_some_and(|k| {
                k.ai == ai && serial.is_none_or(|(qualifier, _)| k.qualifier == Some(qualifier))
            })
        })
        .ok_or_else(malformed)?;
    // The filter above found a key.
    let form = scheme.key().ok_or_else(malformed)?.form;

    let prefix = if form == KeyForm::Leading && value.starts_with("000000") && ai != "00" {
        GTIN_8
    } else {
        prefix.ok_or_else(|| prefix_length_unknown(key))?
    }
    .digits();
    let too_short = || {
        IdError::new(
            IdReason::BadLength,
            format!(
                "{}: no company prefix of {prefix} digits",
                IdError::quote(key)
            ),
        )
    };
    let part = |from: usize, to: usize| value.get(from..to).ok_or_else(too_short);

    let mut components = match form {
        KeyForm::Leading => {
            let digits = if ai == "00" { 17 } else { 13 };
            vec![
                part(1, 1 + prefix)?.to_owned(),
                format!("{}{}", part(0, 1)?, part(1 + prefix, digits)?),
            ]
        }
        KeyForm::Plain => {
            let digits = match ai {
                "8017" | "8018" => 17,
                "402" => 16,
                _ => 12,
            };
            vec![
                part(0, prefix)?.to_owned(),
                part(prefix, digits)?.to_owned(),
            ]
        }
        KeyForm::AfterZero => vec![
            part(1, 1 + prefix)?.to_owned(),
            part(1 + prefix, 13)?.to_owned(),
        ],
        KeyForm::Unchecked => vec![
            part(0, prefix)?.to_owned(),
            part(prefix, value.len())?.to_owned(),
        ],
    };
    match ai {
        "8006" => components.extend([part(14, 16)?.to_owned(), part(16, 18)?.to_owned()]),
        "8003" if value.len() > 14 => components.push(part(14, value.len())?.to_owned()),
        "253" | "255" if value.len() > 13 => components.push(part(13, value.len())?.to_owned()),
        // A GLN without extension is an SGLN with extension 0 (TDS 2.x §6.3.3).
        "414" if serial.is_none() => components.push("0".to_owned()),
        _ => {}
    }
    if let Some((_, serial)) = serial {
        components.push(serial.to_owned());
    }
    Ok((scheme, components))
}
