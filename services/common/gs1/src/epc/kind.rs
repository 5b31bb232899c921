//! What a key identifies.

use std::fmt;

/// What a key identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitKind {
    /// A serialised trade item.
    Sgtin,
    /// A unique pack identifier of the EU tobacco directive (GTIN and TPX).
    Upui,
    /// A batch or lot of a trade item: a class.
    Lgtin,
    /// A trade item: a class.
    Gtin,
    /// A logistic unit: case, pallet, container.
    Sscc,
    /// A returnable asset; without serial a class.
    Grai,
    /// An individual asset.
    Giai,
    /// A document; without serial a class.
    Gdti,
    /// A coupon; without serial a class.
    Sgcn,
    /// A service relation, recipient.
    Gsrn,
    /// A service relation, provider.
    Gsrnp,
    /// A physical location.
    Sgln,
    /// A party.
    Pgln,
    /// A shipment.
    Gsin,
    /// A consignment.
    Ginc,
    /// A component or part; without serial a class.
    Cpi,
    /// A piece of a trade item; without serial a class.
    Itip,
    /// Any other identifier: GID, ADI, BIC, `urn:uuid`, private URI.
    Other,
}

impl UnitKind {
    /// The lower-case name used in records, metrics and API answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sgtin => "sgtin",
            Self::Upui => "upui",
            Self::Lgtin => "lgtin",
            Self::Gtin => "gtin",
            Self::Sscc => "sscc",
            Self::Grai => "grai",
            Self::Giai => "giai",
            Self::Gdti => "gdti",
            Self::Sgcn => "sgcn",
            Self::Gsrn => "gsrn",
            Self::Gsrnp => "gsrnp",
            Self::Sgln => "sgln",
            Self::Pgln => "pgln",
            Self::Gsin => "gsin",
            Self::Ginc => "ginc",
            Self::Cpi => "cpi",
            Self::Itip => "itip",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
