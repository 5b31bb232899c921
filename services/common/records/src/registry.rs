//! Statements of the serial registry: serials and lots.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// Topics registry-loads and unit-inbox, key unit. The registry's statement about one serial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegistryEntry {
    /// Unit key.
    pub unit: String,
    /// Lot.
    pub lot: Option<String>,
    /// Last good day, ISO date.
    pub expiry: Option<String>,
    /// active, sample, free_sample, locked, stolen, decommissioned, dispensed, destroyed or exported.
    pub status: String,
    /// Since when; null = since before the first event.
    pub status_since: Option<Micros>,
    /// ISO 3166-1 alpha-2; replaces the lot's and the product's list; empty inherits.
    pub markets: Vec<String>,
    /// Unknown extra columns, kept.
    pub attributes: BTreeMap<String, String>,
    /// GLN of the party that issued the serial.
    pub issued_by: Option<String>,
    /// Event it rests on; null for a load.
    pub source_event: Option<String>,
    /// Authenticated loader.
    pub source_party: String,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
    /// Rising per load (micros of the load); the highest wins.
    pub version: i64,
}

avro_record!(RegistryEntry, "RegistryEntry");

/// Topics registry-loads (key LGTIN), unit-inbox and enriched (every partition, no key). A statement about one lot: a load's row or a recall event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LotStatus {
    /// GTIN-14.
    pub gtin: String,
    /// Lot.
    pub lot: String,
    /// `load`, or the id of the event that says so.
    pub source: String,
    /// Rising per source; the highest wins.
    pub version: i64,
    /// False takes the statement back.
    pub asserted: bool,
    /// Last good day of the lot, ISO date.
    pub expiry: Option<String>,
    /// Replaces the product's list; empty inherits.
    pub markets: Vec<String>,
    /// active, recalled or withdrawn.
    pub status: String,
    /// Since when; null = since before the first event.
    pub status_since: Option<Micros>,
    /// Where it holds; empty = everywhere.
    pub status_markets: Vec<String>,
    /// Unknown extra columns, kept.
    pub attributes: BTreeMap<String, String>,
    /// Authenticated publisher.
    pub source_party: String,
    /// When it was captured.
    pub record_time: Micros,
    /// Whether the publisher is among the product's issuers (decided by the enricher; true where nothing restricts it).
    pub authorised: bool,
    /// Reference-data offset (exclusive) needed to decide it.
    pub reference_offset: i64,
    /// Place of the event that says so, as given; its operating party stands in for the source party `operator`.
    pub site: Option<String>,
}

avro_record!(LotStatus, "LotStatus");

/// Topic serial-registry (compacted), key unit. The registry's latest view of one serial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SerialState {
    /// Unit key.
    pub unit: String,
    /// Kind of unit.
    pub kind: String,
    /// GTIN-14.
    pub gtin: Option<String>,
    /// Serial.
    pub serial: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Expiry, ISO date.
    pub expiry: Option<String>,
    /// The unit's own list.
    pub markets: Vec<String>,
    /// Registry status.
    pub status: Option<String>,
    /// Since when.
    pub status_since: Option<Micros>,
    /// Registered or commissioned.
    pub known: bool,
    /// registry, commissioning or transformation.
    pub known_by: Option<String>,
    /// Earliest commissioning.
    pub commissioned_at: Option<Micros>,
    /// Issuing party.
    pub issued_by: Option<String>,
    /// Event it rests on.
    pub source_event: Option<String>,
    /// Container it is in by the latest packing; null = loose.
    pub parent: Option<String>,
    /// Extra registry columns.
    pub attributes: BTreeMap<String, String>,
    /// Rising per unit.
    pub revision: i64,
    /// Whose statement it rests on.
    pub source_party: String,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
}

avro_record!(SerialState, "SerialState");
