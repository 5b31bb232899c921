//! What scanners send: a symbology identifier of ISO/IEC 15424 and data. An
//! EAN/UPC symbol gives a GTIN, a GS1 barcode an element string, a QR Code or
//! Data Matrix any text, which may be a GS1 Digital Link; a composite component
//! follows its linear symbol (GS1 General Specifications 5.10, 7.8).

mod generate;
mod process;
mod symbology;
mod upce;

use crate::check::parse_gtin;
use crate::date::Expiry;
use crate::element::{ElementString, fits_a_symbol, is_element_string, parse_element_string};
use crate::epc::Epc;
use crate::error::IdError;
use crate::link;

pub use generate::{CheckDigit, generate_scan};
pub use process::{Message, ScanData, process_scan};
pub use symbology::Symbology;
pub(crate) use symbology::split_symbology;
pub use upce::{upc_a_of_upc_e, upc_e_of_upc_a};

/// What one scan of a pack tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The unit, or the class where the code carries no serial.
    pub key: Epc,
    /// Batch or lot (AI 10).
    pub lot: Option<String>,
    /// Expiry (AI 17, or the date of AI 7003).
    pub expiry: Option<Expiry>,
}

/// Reads a scan: what a scanner sends with its symbology identifier, an element
/// string, a Digital Link with lot and expiry in path or query, or any
/// identifier [`crate::parse_identifier`] reads.
pub fn parse_scan(text: &str) -> Result<Scan, IdError> {
    fits_a_symbol(text)?;
    if text.starts_with(']') {
        return match process_scan(text)?.message {
            Message::Plain(data) => plain(&data),
            Message::Elements(elements) => of_elements(elements.key()?, &elements),
            Message::Gtin { gtin, composite } => {
                let mut elements = ElementString::default();
                elements.push("01", &parse_gtin(&gtin)?)?;
                for (ai, value) in composite.iter().flat_map(ElementString::elements) {
                    elements.insert(ai, value)?;
                }
                elements.check_exclusions()?;
                of_elements(elements.key()?, &elements)
            }
        };
    }
    if is_element_string(text) {
        let elements = parse_element_string(text)?;
        return of_elements(elements.key()?, &elements);
    }
    plain(text)
}

/// The scan of text that is no element string.
fn plain(text: &str) -> Result<Scan, IdError> {
    if link::is_web(text)
        && let Some((key, elements)) = link::scan(text)?
    {
        return of_elements(key, &elements);
    }
    Ok(Scan {
        key: crate::parse_identifier(text)?,
        lot: None,
        expiry: None,
    })
}

fn of_elements(key: Epc, elements: &ElementString) -> Result<Scan, IdError> {
    let expiry = match (elements.get("17"), elements.get("7003")) {
        (Some(date), _) => Some(Expiry::from_yymmdd(date)?),
        (None, Some(moment)) => Some(Expiry::from_yymmdd(moment.get(..6).unwrap_or_default())?),
        (None, None) => None,
    };
    Ok(Scan {
        key,
        lot: elements.get("10").map(str::to_owned),
        expiry,
    })
}
