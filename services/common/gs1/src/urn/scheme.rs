//! The EPC schemes and the components of their URIs (TDS 2.x §6.3, §6.4).

use std::fmt;

use super::component::Component::{self, *};

/// An EPC scheme, as the pure identity URI names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EpcScheme {
    /// Serialised trade item.
    Sgtin,
    /// Logistic unit.
    Sscc,
    /// Place, with or without extension.
    Sgln,
    /// Returnable asset.
    Grai,
    /// Individual asset.
    Giai,
    /// Service relation, recipient.
    Gsrn,
    /// Service relation, provider.
    Gsrnp,
    /// Document.
    Gdti,
    /// Component or part.
    Cpi,
    /// Coupon.
    Sgcn,
    /// Consignment.
    Ginc,
    /// Shipment.
    Gsin,
    /// Piece of a trade item.
    Itip,
    /// Unit pack of the EU tobacco directive.
    Upui,
    /// Party.
    Pgln,
    /// General identifier.
    Gid,
    /// Item delivered to the US Department of Defense.
    Usdod,
    /// Aerospace and defense part.
    Adi,
    /// Intermodal container.
    Bic,
    /// Vessel.
    Imovn,
    /// Lot of a trade item: the one class scheme (`urn:epc:class:`).
    Lgtin,
}

/// How company prefix and reference make the number of a GS1 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// The reference's first digit goes before the company prefix, a check digit
    /// after the rest (GTIN, SSCC).
    Leading,
    /// Company prefix, reference, check digit.
    Plain,
    /// The same after a zero (GRAI).
    AfterZero,
    /// Company prefix and reference, which may be letters; no check digit.
    Unchecked,
}

/// The GS1 key of a scheme: its AI, how its number is made, and the AI of what
/// comes after; without one the serial is part of the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) ai: &'static str,
    pub(crate) form: KeyForm,
    pub(crate) qualifier: Option<&'static str>,
}

impl EpcScheme {
    /// All schemes.
    pub const ALL: [Self; 21] = [
        Self::Sgtin,
        Self::Sscc,
        Self::Sgln,
        Self::Grai,
        Self::Giai,
        Self::Gsrn,
        Self::Gsrnp,
        Self::Gdti,
        Self::Cpi,
        Self::Sgcn,
        Self::Ginc,
        Self::Gsin,
        Self::Itip,
        Self::Upui,
        Self::Pgln,
        Self::Gid,
        Self::Usdod,
        Self::Adi,
        Self::Bic,
        Self::Imovn,
        Self::Lgtin,
    ];

    /// The lower-case name in URIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgtin => "sgtin",
            Self::Sscc => "sscc",
            Self::Sgln => "sgln",
            Self::Grai => "grai",
            Self::Giai => "giai",
            Self::Gsrn => "gsrn",
            Self::Gsrnp => "gsrnp",
            Self::Gdti => "gdti",
            Self::Cpi => "cpi",
            Self::Sgcn => "sgcn",
            Self::Ginc => "ginc",
            Self::Gsin => "gsin",
            Self::Itip => "itip",
            Self::Upui => "upui",
            Self::Pgln => "pgln",
            Self::Gid => "gid",
            Self::Usdod => "usdod",
            Self::Adi => "adi",
            Self::Bic => "bic",
            Self::Imovn => "imovn",
            Self::Lgtin => "lgtin",
        }
    }

    /// The scheme of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        // In the order of how often they are met.
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// Whether the scheme names classes (`urn:epc:class:`), not instances.
    pub fn is_class(self) -> bool {
        self == Self::Lgtin
    }

    /// Whether the identifier starts with a company prefix, so that its length
    /// must be known to write the URI of a key.
    pub fn has_company_prefix(self) -> bool {
        self.components().first() == Some(&Prefix)
    }

    /// The components of its URI, in order.
    pub(crate) fn components(self) -> &'static [Component] {
        match self {
            Self::Sgtin | Self::Lgtin => &[Prefix, Reference { total: 13 }, Text { max: 20 }],
            Self::Upui => &[Prefix, Reference { total: 13 }, Text { max: 28 }],
            Self::Itip => &[
                Prefix,
                Reference { total: 13 },
                Pair,
                Pair,
                Text { max: 20 },
            ],
            Self::Sscc | Self::Gsrn | Self::Gsrnp => &[Prefix, Reference { total: 17 }],
            Self::Sgln => &[Prefix, Reference { total: 12 }, Text { max: 20 }],
            Self::Pgln => &[Prefix, Reference { total: 12 }],
            Self::Grai => &[Prefix, Reference { total: 12 }, Text { max: 16 }],
            Self::Gdti => &[Prefix, Reference { total: 12 }, Text { max: 17 }],
            Self::Sgcn => &[Prefix, Reference { total: 12 }, Digits { max: 12 }],
            Self::Gsin => &[Prefix, Reference { total: 16 }],
            Self::Giai | Self::Ginc => &[Prefix, Asset],
            Self::Cpi => &[Prefix, Part, Number { max: 12 }],
            // Their grammar sets no length; the binary encodings do.
            Self::Gid => &[Number { max: 99 }, Number { max: 99 }, Number { max: 99 }],
            Self::Usdod => &[Cage, Number { max: 99 }],
            Self::Adi => &[Cage, PartNumber, PartSerial],
            Self::Bic => &[Container],
            Self::Imovn => &[Vessel],
        }
    }

    /// The GS1 key, None for the schemes that have none (GID, USDoD, ADI, BIC, IMOVN).
    pub(crate) fn key(self) -> Option<Key> {
        let key = |ai, form, qualifier| {
            Some(Key {
                ai,
                form,
                qualifier,
            })
        };
        match self {
            Self::Sgtin => key("01", KeyForm::Leading, Some("21")),
            Self::Lgtin => key("01", KeyForm::Leading, Some("10")),
            Self::Upui => key("01", KeyForm::Leading, Some("235")),
            Self::Itip => key("8006", KeyForm::Leading, Some("21")),
            Self::Sscc => key("00", KeyForm::Leading, None),
            Self::Sgln => key("414", KeyForm::Plain, Some("254")),
            Self::Pgln => key("417", KeyForm::Plain, None),
            Self::Grai => key("8003", KeyForm::AfterZero, None),
            Self::Gdti => key("253", KeyForm::Plain, None),
            Self::Sgcn => key("255", KeyForm::Plain, None),
            Self::Gsrn => key("8018", KeyForm::Plain, None),
            Self::Gsrnp => key("8017", KeyForm::Plain, None),
            Self::Gsin => key("402", KeyForm::Plain, None),
            Self::Giai => key("8004", KeyForm::Unchecked, None),
            Self::Ginc => key("401", KeyForm::Unchecked, None),
            Self::Cpi => key("8010", KeyForm::Unchecked, Some("8011")),
            Self::Gid | Self::Usdod | Self::Adi | Self::Bic | Self::Imovn => None,
        }
    }
}

impl fmt::Display for EpcScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_found_by_its_name() {
        for scheme in EpcScheme::ALL {
            assert_eq!(EpcScheme::of_name(scheme.name()), Some(scheme));
            assert_eq!(
                scheme.has_company_prefix(),
                scheme.key().is_some(),
                "{scheme}"
            );
        }
        assert_eq!(EpcScheme::of_name("sgtim"), None);
    }
}
