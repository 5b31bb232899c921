//! From what a scanner sends to the message of the barcode.

use std::fmt;

use super::symbology::{Carries, Symbology, split_symbology};
use crate::check::verify_check_digit;
use crate::element::{ElementString, fits_a_symbol, unbracketed};
use crate::error::IdError;

/// A scan taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanData {
    /// The symbology, as far as its identifier tells.
    pub symbology: Symbology,
    /// What the barcode says.
    pub message: Message,
}

/// What a barcode says. Its text form marks FNC1 as `^` and a composite
/// component by `|`; text that begins as FNC1 does has a backslash in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text of no form of GS1's own; it may be a GS1 Digital Link.
    Plain(String),
    /// An element string.
    Elements(ElementString),
    /// The GTIN of an EAN/UPC or ITF-14 symbol, and its composite component.
    Gtin {
        /// The digits as the symbol has them: 8, 13 or 14.
        gtin: String,
        /// The composite component.
        composite: Option<ElementString>,
    },
}

/// Takes a scan with its symbology identifier apart. Errors: no or an unknown
/// identifier, or data that is not what the identifier says.
pub fn process_scan(text: &str) -> Result<ScanData, IdError> {
    let (Some(identifier), data) = split_symbology(text)? else {
        return Err(IdError::malformed(format!(
            "{}: a scan begins with a symbology identifier, such as ]d2",
            IdError::quote(text)
        )));
    };
    fits_a_symbol(data)?;
    let message = match identifier.carries {
        Carries::Text => Message::Plain(data.to_owned()),
        Carries::Elements => Message::Elements(unbracketed(data)?),
        Carries::Gtin(digits) => gtin(data, digits)?,
    };
    Ok(ScanData {
        symbology: identifier.symbology,
        message,
    })
}

fn gtin(data: &str, digits: usize) -> Result<Message, IdError> {
    let (gtin, component) = match data.split_once('|') {
        None => (data, None),
        Some((gtin, component)) => (gtin, Some(component)),
    };
    if gtin.len() != digits {
        return Err(IdError::length(format!(
            "GTIN {}: {} characters, expected {digits} digits",
            IdError::quote(gtin),
            gtin.len()
        )));
    }
    verify_check_digit("GTIN", gtin)?;
    let composite = match component {
        None => None,
        Some(component) => match component.strip_prefix("]e0") {
            Some(data) => Some(unbracketed(data)?),
            None => {
                return Err(IdError::malformed(format!(
                    "{}: a composite component begins with ]e0",
                    IdError::quote(component)
                )));
            }
        },
    };
    Ok(Message::Gtin {
        gtin: gtin.to_owned(),
        composite,
    })
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => {
                if text.trim_start_matches('\\').starts_with('^') {
                    f.write_str("\\")?;
                }
                f.write_str(text)
            }
            Self::Elements(elements) => write!(f, "^{}", elements.unbracketed('^')),
            Self::Gtin { gtin, composite } => {
                f.write_str(gtin)?;
                match composite {
                    Some(elements) => write!(f, "|^{}", elements.unbracketed('^')),
                    None => Ok(()),
                }
            }
        }
    }
}
