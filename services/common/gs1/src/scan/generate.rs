//! From the message of a barcode to what a scanner sends of it.

use std::borrow::Cow;

use super::symbology::Symbology;
use super::upce::{upc_a_of_upc_e, upc_e_of_upc_a};
use crate::check::{check_digit, verify_check_digit};
use crate::element::{FNC1, fits_a_symbol, unbracketed};
use crate::error::IdError;

/// Whether the message of an EAN/UPC, ITF-14 or DataBar symbol has its check digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDigit {
    /// It is in the message, and verified.
    Given,
    /// It is left out of the message, and added.
    Added,
}

/// What a scanner sends of a barcode with this message, in the text form of
/// [`super::Message`]: `^` for FNC1, `|` before a composite component. Errors: a
/// message the symbology cannot carry.
pub fn generate_scan(
    symbology: Symbology,
    message: &str,
    digit: CheckDigit,
) -> Result<String, IdError> {
    use Symbology as S;
    fits_a_symbol(message)?;
    let (primary, composite) = match message.split_once('|') {
        Some((primary, composite)) => (primary, Some(composite)),
        None => (message, None),
    };
    let gtin = |length| gtin(primary, length, digit);
    match symbology {
        S::QrCode => matrix(message, "]Q1", "]Q3"),
        S::DataMatrix => matrix(message, "]d1", "]d2"),
        S::DotCode => matrix(message, "]J0", "]J1"),
        S::Ean13 => linear(format!("]E0{}", gtin(13)?), composite),
        S::Ean8 => linear(format!("]E4{}", gtin(8)?), composite),
        S::UpcA => linear(format!("]E00{}", gtin(12)?), composite),
        S::UpcE => linear(format!("]E00{}", upc_e(primary, digit)?), composite),
        S::Itf14 if composite.is_none() => Ok(format!("]I1{}", gtin(14)?)),
        S::Itf14 => Err(IdError::malformed("ITF-14 has no composite component")),
        S::DataBarOmni
        | S::DataBarTruncated
        | S::DataBarStacked
        | S::DataBarStackedOmni
        | S::DataBarLimited => {
            let gtin = gtin(14)?;
            if symbology == S::DataBarLimited && !gtin.starts_with(['0', '1']) {
                return Err(IdError::malformed(format!(
                    "GTIN {gtin}: GS1 DataBar Limited holds those that begin with 0 or 1"
                )));
            }
            joined("]e0", &format!("^01{gtin}"), composite)
        }
        S::DataBarExpanded | S::Gs1128CompositeC => joined("]e0", primary, composite),
        S::Gs1128 if composite.is_none() => joined("]C1", primary, None),
        S::Gs1128 => joined("]e0", primary, composite),
    }
}

/// A 2D symbol: an element string, or any text. It has no composite component.
fn matrix(message: &str, text: &str, elements: &str) -> Result<String, IdError> {
    if message.starts_with('^') {
        return Ok(format!("{elements}{}", sent(message)?));
    }
    // A backslash in front keeps text that begins with ^ from being FNC1.
    let escaped = message.trim_start_matches('\\').starts_with('^');
    let data = message
        .strip_prefix('\\')
        .filter(|_| escaped)
        .unwrap_or(message);
    Ok(format!("{text}{data}"))
}

/// An EAN/UPC symbol, whose composite component is sent on its own.
fn linear(scan: String, composite: Option<&str>) -> Result<String, IdError> {
    match composite {
        None => Ok(scan),
        Some(composite) => Ok(format!("{scan}|]e0{}", sent(composite)?)),
    }
}

/// A symbol whose composite component continues its element string.
fn joined(identifier: &str, primary: &str, composite: Option<&str>) -> Result<String, IdError> {
    let mut scan = format!("{identifier}{}", sent(primary)?);
    if let Some(composite) = composite {
        let composite = sent(composite)?;
        if !scan.ends_with(FNC1) && needs_separator(primary)? {
            scan.push(FNC1);
        }
        scan.push_str(&composite);
    }
    Ok(scan)
}

/// Whether something may follow an element string only behind FNC1.
fn needs_separator(elements: &str) -> Result<bool, IdError> {
    let elements = unbracketed(elements)?;
    Ok(elements
        .elements()
        .last()
        .is_some_and(|(ai, _)| !ai.predefined_length))
}

/// An element string, `^` in front and between, as it is sent; verified first.
fn sent(message: &str) -> Result<String, IdError> {
    let Some(data) = message.strip_prefix('^') else {
        return Err(IdError::malformed(format!(
            "{}: an element string that begins with ^ is expected",
            IdError::quote(message)
        )));
    };
    unbracketed(message)?;
    Ok(data.replace('^', FNC1.encode_utf8(&mut [0; 4])))
}

/// The GTIN of so many digits, its check digit verified or added.
fn gtin(digits: &str, length: usize, digit: CheckDigit) -> Result<Cow<'_, str>, IdError> {
    let given = match digit {
        CheckDigit::Given => length,
        CheckDigit::Added => length - 1,
    };
    if digits.len() != given || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(IdError::length(format!(
            "GTIN {}: {given} digits are expected",
            IdError::quote(digits)
        )));
    }
    match (digit, check_digit(digits)) {
        (CheckDigit::Added, Some(check)) => Ok(Cow::Owned(format!("{digits}{check}"))),
        _ => {
            verify_check_digit("GTIN", digits)?;
            Ok(Cow::Borrowed(digits))
        }
    }
}

/// The twelve digits of a UPC-E symbol, given so, or as the eight printed.
fn upc_e(digits: &str, digit: CheckDigit) -> Result<String, IdError> {
    if digits.len() == 8 && digit == CheckDigit::Given {
        return upc_a_of_upc_e(digits);
    }
    let upc_a = gtin(digits, 12, digit)?;
    upc_e_of_upc_a(&upc_a)?;
    Ok(upc_a.into_owned())
}
