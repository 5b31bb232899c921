//! Barcode symbologies and their identifiers.

use crate::error::IdError;

/// A barcode symbology of GS1's, with its composite component where one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbology {
    /// GS1 DataBar Omnidirectional.
    DataBarOmni,
    /// GS1 DataBar Truncated.
    DataBarTruncated,
    /// GS1 DataBar Stacked.
    DataBarStacked,
    /// GS1 DataBar Stacked Omnidirectional.
    DataBarStackedOmni,
    /// GS1 DataBar Limited.
    DataBarLimited,
    /// GS1 DataBar Expanded; also what a scan says of any DataBar symbol.
    DataBarExpanded,
    /// UPC-A.
    UpcA,
    /// UPC-E.
    UpcE,
    /// EAN-13; also what a scan says of a UPC-A or UPC-E symbol.
    Ean13,
    /// EAN-8.
    Ean8,
    /// ITF-14.
    Itf14,
    /// GS1-128, alone or with a composite component A or B.
    Gs1128,
    /// GS1-128 with a composite component C.
    Gs1128CompositeC,
    /// QR Code, GS1 or not.
    QrCode,
    /// Data Matrix, GS1 or not.
    DataMatrix,
    /// DotCode, GS1 or not.
    DotCode,
}

impl Symbology {
    /// All symbologies.
    pub const ALL: [Self; 16] = [
        Self::DataBarOmni,
        Self::DataBarTruncated,
        Self::DataBarStacked,
        Self::DataBarStackedOmni,
        Self::DataBarLimited,
        Self::DataBarExpanded,
        Self::UpcA,
        Self::UpcE,
        Self::Ean13,
        Self::Ean8,
        Self::Itf14,
        Self::Gs1128,
        Self::Gs1128CompositeC,
        Self::QrCode,
        Self::DataMatrix,
        Self::DotCode,
    ];
}

/// What the data behind a symbology identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// Text, as it stands.
    Text,
    /// An element string.
    Elements,
    /// A GTIN of so many digits.
    Gtin(usize),
}

/// A symbology identifier: the symbology and what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identifier {
    pub(crate) symbology: Symbology,
    pub(crate) carries: Carries,
}

impl Identifier {
    /// Whether the data is an element string.
    pub(crate) fn carries_elements(self) -> bool {
        self.carries == Carries::Elements
    }
}

/// The symbology identifiers of GS1 symbols (General Specifications 5.1.2) and of
/// the 2D symbols that carry Digital Links.
#[rustfmt::skip]
const IDENTIFIERS: &[(&str, Symbology, Carries)] = &[
    ("]d2", Symbology::DataMatrix, Carries::Elements),
    ("]C1", Symbology::Gs1128, Carries::Elements),
    ("]E0", Symbology::Ean13, Carries::Gtin(13)),
    ("]E4", Symbology::Ean8, Carries::Gtin(8)),
    ("]I1", Symbology::Itf14, Carries::Gtin(14)),
    ("]e0", Symbology::DataBarExpanded, Carries::Elements),
    ("]Q3", Symbology::QrCode, Carries::Elements),
    ("]Q1", Symbology::QrCode, Carries::Text),
    ("]d1", Symbology::DataMatrix, Carries::Text),
    ("]J1", Symbology::DotCode, Carries::Elements),
    ("]J0", Symbology::DotCode, Carries::Text),
];

/// The symbology identifier in front of a text, None where there is none, and the
/// text after it.
pub(crate) fn split_symbology(text: &str) -> Result<(Option<Identifier>, &str), IdError> {
    if !text.starts_with(']') {
        return Ok((None, text));
    }
    IDENTIFIERS
        .iter()
        .find_map(|(code, symbology, carries)| {
            let identifier = Identifier {
                symbology: *symbology,
                carries: *carries,
            };
            Some((Some(identifier), text.strip_prefix(code)?))
        })
        .ok_or_else(|| {
            IdError::malformed(format!(
                "{}: the symbology identifier is not one of a GS1 barcode, QR Code or Data Matrix",
                IdError::quote(text)
            ))
        })
}
