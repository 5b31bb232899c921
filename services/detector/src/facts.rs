//! What the registry knows of a unit, in the words of the rules.

use serde::{Deserialize, Serialize};
use serialtrail_records::Micros;

use crate::texts::Texts;

/// `UnitFacts` of the schema, its texts lent by the state or the message it stands in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts<'s> {
    /// In the registry, or commissioned by someone entitled to.
    pub known: bool,
    /// registry, commissioning or transformation; null when unknown.
    #[serde(borrow)]
    pub known_by: Option<&'s str>,
    /// Party that commissioned it without being among the product's issuers.
    #[serde(borrow)]
    pub unauthorised_issuer: Option<&'s str>,
    /// Event time of its earliest commissioning.
    pub commissioned_at: Option<Micros>,
    /// Party that commissioned it.
    #[serde(borrow)]
    pub commissioned_by: Option<&'s str>,
    /// Event that commissioned it.
    #[serde(borrow)]
    pub source_event: Option<&'s str>,
    /// GTIN-14 for items and classes.
    #[serde(borrow)]
    pub gtin: Option<&'s str>,
    /// A GTIN that no product record knows.
    pub foreign_gtin: bool,
    /// Lot: registry's, else the first commissioning's.
    #[serde(borrow)]
    pub lot: Option<&'s str>,
    /// Expiry of the unit: registry's, else the first commissioning's; null leaves it to the lot.
    #[serde(borrow)]
    pub expiry: Option<&'s str>,
    /// The unit's own list; empty inherits.
    #[serde(borrow)]
    pub markets: Texts<'s>,
    /// The product's list; empty = anywhere.
    #[serde(borrow)]
    pub product_markets: Texts<'s>,
    /// Registry status; null when not registered.
    #[serde(borrow)]
    pub status: Option<&'s str>,
    /// Since when; null = since before the first event.
    pub status_since: Option<Micros>,
    /// Policy profile of the product.
    #[serde(borrow)]
    pub profile: Option<&'s str>,
    /// Name of the product.
    #[serde(borrow)]
    pub product_name: Option<&'s str>,
    /// Brand of the product.
    #[serde(borrow)]
    pub brand: Option<&'s str>,
    /// Issued by the enricher, rising with each change of these facts; the highest wins.
    pub revision: i64,
}

/// `DetectorProduct` of the schema: what reference data say of the unit's product at the event time of some
/// of its reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Product<'s> {
    /// A GTIN that no product record knows.
    pub foreign_gtin: bool,
    /// The product's countries; empty = anywhere.
    #[serde(borrow)]
    pub markets: Texts<'s>,
    /// Policy profile of the product.
    #[serde(borrow)]
    pub profile: Option<&'s str>,
}
