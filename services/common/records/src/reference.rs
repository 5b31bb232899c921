//! Reference data: products, places, parties, lanes; master data as documents gave it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// The kinds a place can be of.
pub const LOCATION_KINDS: &[&str] = &[
    "factory",
    "distribution_centre",
    "transit_hub",
    "wholesaler",
    "pharmacy",
    "hospital",
    "shop",
    "supermarket",
    "returns_centre",
    "consumer",
];

/// Topic reference-data, key product/<gtin>/<valid_from>. Master data of a trade item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product {
    /// GTIN-14.
    pub gtin: String,
    /// Name.
    pub name: String,
    /// Brand.
    pub brand: String,
    /// pharma, fashion or food: which policy judges it.
    pub profile: String,
    /// Countries it may be sold in; empty = anywhere.
    pub markets: Vec<String>,
    /// GLNs that may commission, transform into or recall it; empty = anyone.
    pub issuers: Vec<String>,
    /// Unknown extra columns, kept.
    pub attributes: BTreeMap<String, String>,
    /// Event time from which it holds; null = always.
    pub valid_from: Option<Micros>,
}

avro_record!(Product, "Product");

/// Topic reference-data, key location/<gln>/<valid_from>. A place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// GLN-13.
    pub gln: String,
    /// Name.
    pub name: String,
    /// GLN of the operating party.
    pub party: Option<String>,
    /// One of [`LOCATION_KINDS`].
    pub kind: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Where one GLN stands for many places.
    pub radius_km: Option<f64>,
    /// Unknown extra columns, kept.
    pub attributes: BTreeMap<String, String>,
    /// Event time from which it holds; null = always.
    pub valid_from: Option<Micros>,
}

avro_record!(Location, "Location");

/// Topic reference-data, key party/<gln>/<valid_from>. A company.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Party {
    /// GLN-13.
    pub gln: String,
    /// Name.
    pub name: String,
    /// manufacturer logistics_provider carrier wholesaler retailer dispenser returns_processor consumer_app repackager parallel_distributor authority.
    pub role: String,
    /// False: receives but publishes nothing.
    pub reports: bool,
    /// Unknown extra columns, kept.
    pub attributes: BTreeMap<String, String>,
    /// Event time from which it holds; null = always.
    pub valid_from: Option<Micros>,
}

avro_record!(Party, "Party");

/// Topic reference-data, key lane/<from>/<to>/<valid_from>. A route between two places.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lane {
    /// GLN-13.
    pub from: String,
    /// GLN-13.
    pub to: String,
    /// Longest ordinary transit, days.
    pub limit_days: Option<f64>,
    /// Unknown extra columns, kept.
    pub attributes: BTreeMap<String, String>,
    /// Event time from which it holds; null = always.
    pub valid_from: Option<Micros>,
}

avro_record!(Lane, "Lane");

/// One attribute of a master data element.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MasterAttribute {
    /// Attribute as given: a URI or a prefixed name.
    pub name: String,
    /// Value: text as it is, anything else as JSON.
    pub value: String,
}

/// Topic reference-data, key master/<vocabulary>/<id>. One element of a master data vocabulary as a document gave it (EPCIS 2.0 §9.4.2, CBV 2.0 §9); the latest stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MasterData {
    /// The vocabulary, for example urn:epcglobal:epcis:vtype:BusinessLocation.
    pub vocabulary: String,
    /// What is described, as given.
    pub id: String,
    /// Key of what is described, equal for every spelling; the identifier itself where it is none.
    pub key: String,
    /// In their order; a name may stand more than once.
    pub attributes: Vec<MasterAttribute>,
    /// What belongs to it, as given.
    pub children: Vec<String>,
    /// Authenticated publisher.
    pub source_party: String,
    /// Record time of its document.
    pub record_time: Micros,
    /// Capture job it came by.
    pub capture_id: String,
}

avro_record!(MasterData, "MasterData");
