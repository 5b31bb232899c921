//! Tables `products`, `locations`, `parties`, `lanes` and `master_data`.

use super::{Origin, map, text};
use crate::native::{Maps, Times};
use crate::table_row;
use clickhouse::Row;
use serde::Serialize;
use serialtrail_records::{Lane, Location, MasterData, Micros, Party, Product};

/// What version of a record stands is decided by its offset: the topic has one partition.
fn version(origin: &Origin) -> u64 {
    u64::try_from(origin.offset).unwrap_or(0)
}

table_row! {
    /// A row of `products`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct ProductRow {
        pub gtin: String,
        pub valid_from: Micros as Times,
        pub name: String,
        pub brand: String,
        pub profile: String,
        pub markets: Vec<String>,
        pub issuers: Vec<String>,
        pub attributes: Vec<(String, String)> as Maps,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: u64,
        pub kafka_index: u32,
    }
}

impl ProductRow {
    /// The row of a record.
    #[must_use]
    pub fn new(product: Product, origin: &Origin) -> Self {
        Self {
            gtin: product.gtin,
            valid_from: product.valid_from.unwrap_or(0),
            name: product.name,
            brand: product.brand,
            profile: product.profile,
            markets: product.markets,
            issuers: product.issuers,
            attributes: map(product.attributes),
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: version(origin),
            kafka_index: origin.index,
        }
    }
}

table_row! {
    /// A row of `locations`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct LocationRow {
        pub gln: String,
        pub valid_from: Micros as Times,
        pub name: String,
        pub party: String,
        pub kind: String,
        pub country: String,
        pub latitude: Option<f64>,
        pub longitude: Option<f64>,
        pub radius_km: Option<f64>,
        pub attributes: Vec<(String, String)> as Maps,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: u64,
        pub kafka_index: u32,
    }
}

impl LocationRow {
    /// The row of a record.
    #[must_use]
    pub fn new(location: Location, origin: &Origin) -> Self {
        Self {
            gln: location.gln,
            valid_from: location.valid_from.unwrap_or(0),
            name: location.name,
            party: text(location.party),
            kind: location.kind,
            country: location.country,
            latitude: location.latitude,
            longitude: location.longitude,
            radius_km: location.radius_km,
            attributes: map(location.attributes),
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: version(origin),
            kafka_index: origin.index,
        }
    }
}

table_row! {
    /// A row of `parties`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct PartyRow {
        pub gln: String,
        pub valid_from: Micros as Times,
        pub name: String,
        pub role: String,
        pub reports: bool,
        pub attributes: Vec<(String, String)> as Maps,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: u64,
        pub kafka_index: u32,
    }
}

impl PartyRow {
    /// The row of a record.
    #[must_use]
    pub fn new(party: Party, origin: &Origin) -> Self {
        Self {
            gln: party.gln,
            valid_from: party.valid_from.unwrap_or(0),
            name: party.name,
            role: party.role,
            reports: party.reports,
            attributes: map(party.attributes),
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: version(origin),
            kafka_index: origin.index,
        }
    }
}

table_row! {
    /// A row of `lanes`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct LaneRow {
        pub from_gln: String,
        pub to_gln: String,
        pub valid_from: Micros as Times,
        pub limit_days: Option<f64>,
        pub attributes: Vec<(String, String)> as Maps,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: u64,
        pub kafka_index: u32,
    }
}

impl LaneRow {
    /// The row of a record.
    #[must_use]
    pub fn new(lane: Lane, origin: &Origin) -> Self {
        Self {
            from_gln: lane.from,
            to_gln: lane.to,
            valid_from: lane.valid_from.unwrap_or(0),
            limit_days: lane.limit_days,
            attributes: map(lane.attributes),
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: version(origin),
            kafka_index: origin.index,
        }
    }
}

table_row! {
    /// A row of `master_data`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct MasterDataRow {
        pub vocabulary: String,
        pub id: String,
        pub id_key: String,
        pub attributes: Vec<(String, String)>,
        pub children: Vec<String>,
        pub source_party: String,
        pub record_time: Micros as Times,
        pub capture_id: String,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: u64,
        pub kafka_index: u32,
    }
}

impl MasterDataRow {
    /// The row of a record.
    #[must_use]
    pub fn new(element: MasterData, origin: &Origin) -> Self {
        Self {
            vocabulary: element.vocabulary,
            id: element.id,
            id_key: element.key,
            attributes: element
                .attributes
                .into_iter()
                .map(|attribute| (attribute.name, attribute.value))
                .collect(),
            children: element.children,
            source_party: element.source_party,
            record_time: element.record_time,
            capture_id: element.capture_id,
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: version(origin),
            kafka_index: origin.index,
        }
    }
}
