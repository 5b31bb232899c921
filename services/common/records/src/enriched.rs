//! Reads with their place and facts: what stands on `enriched`.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;
use crate::unit::ReadBody;

/// The place of a read, resolved from reference data at the read's event time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// GLN-13; null for a position without a GLN.
    pub gln: Option<String>,
    /// Name; null when reference data does not know the place.
    pub name: Option<String>,
    /// Kind of location.
    pub kind: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// GLN of the operating party.
    pub party: Option<String>,
    /// Role of that party.
    pub party_role: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Radius of the place or accuracy of the position, km.
    pub radius_km: Option<f64>,
}

/// What the registry knows of the unit: product, lot, markets, status. Lot-level statements are joined by the reader (LotStatus).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitFacts {
    /// In the registry, or commissioned by someone entitled to.
    pub known: bool,
    /// registry, commissioning or transformation; null when unknown.
    pub known_by: Option<String>,
    /// Party that commissioned it without being among the product's issuers.
    pub unauthorised_issuer: Option<String>,
    /// Event time of its earliest commissioning.
    pub commissioned_at: Option<Micros>,
    /// Party that commissioned it.
    pub commissioned_by: Option<String>,
    /// Event that commissioned it.
    pub source_event: Option<String>,
    /// GTIN-14 for items and classes.
    pub gtin: Option<String>,
    /// A GTIN that no product record knows.
    pub foreign_gtin: bool,
    /// Lot: registry's, else the first commissioning's.
    pub lot: Option<String>,
    /// Expiry of the unit: registry's, else the first commissioning's; null leaves it to the lot.
    pub expiry: Option<String>,
    /// The unit's own list; empty inherits.
    pub markets: Vec<String>,
    /// The product's list; empty = anywhere.
    pub product_markets: Vec<String>,
    /// Registry status; null when not registered.
    pub status: Option<String>,
    /// Since when; null = since before the first event.
    pub status_since: Option<Micros>,
    /// Policy profile of the product.
    pub profile: Option<String>,
    /// Name of the product.
    pub product_name: Option<String>,
    /// Brand of the product.
    pub brand: Option<String>,
    /// Issued by the enricher per (event id, unit), rising.with each change of these facts (the product's part apart); the highest wins.
    pub revision: i64,
}

/// Topic enriched, key unit. One read of one unit, direct or inherited, with place, product and registry facts. Identity (event_id, unit); the highest revision wins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnrichedObservation {
    /// Unit key.
    pub unit: String,
    /// Kind of unit: sgtin, sscc, grai, class, ...
    pub kind: String,
    /// Event id.
    pub event_id: String,
    /// Issued by the enricher per (event id, unit), rising.
    pub revision: i64,
    /// False: the read no longer holds.
    pub asserted: bool,
    /// True when the event names the unit; false when inherited from a container.
    pub direct: bool,
    /// Role of the unit in the event; `inherited` when not direct.
    pub role: String,
    /// Direct child: the parent named. Inherited: the immediate container.
    pub parent: Option<String>,
    /// Containers from the one read directly to the immediate one; empty when direct.
    pub path: Vec<String>,
    /// For classes: amount.
    pub quantity: Option<f64>,
    /// For classes: unit of measure.
    pub uom: Option<String>,
    /// Event time 10 minutes to 24 h after record time.
    pub clock_suspect: bool,
    /// Older than the history horizon at its record time: raises nothing.
    pub beyond_horizon: bool,
    /// Place.
    pub site: Site,
    /// Kinds of the places and roles of the parties among the event's destinations, resolved at event time, sorted.
    pub destination_kinds: Vec<String>,
    /// Unit facts as of this revision.
    pub facts: UnitFacts,
    /// What the event says.
    pub body: ReadBody,
}

avro_record!(EnrichedObservation, "EnrichedObservation");

/// Topic enriched, key parent. One interval of one child in one container. Identity (child, parent, from_event); the highest revision wins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Membership {
    /// Unit packed.
    pub child: String,
    /// Container.
    pub parent: String,
    /// Packed at.
    pub from: Micros,
    /// Packing event.
    pub from_event: String,
    /// Left at; null while inside.
    pub to: Option<Micros>,
    /// Event that ended it.
    pub to_event: Option<String>,
    /// unpacked, unpacked_all, packed_elsewhere, terminal_read or new_life.
    pub end_cause: Option<String>,
    /// Issued by the parent's partition, rising.
    pub revision: i64,
    /// False: the packing no longer holds.
    pub asserted: bool,
    /// Publisher of the packing.
    pub source_party: String,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
}

avro_record!(Membership, "Membership");
