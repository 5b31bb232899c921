//! Tables `serials` and `lots`.

use super::{Origin, map, revision, state, text};
use crate::native::{Maps, Nullables, Times};
use crate::table_row;
use clickhouse::Row;
use serde::Serialize;
use serialtrail_records::{LotStatus, Micros, SerialState};

table_row! {
    /// A row of `serials`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct SerialRow {
        pub unit: String,
        pub kind: String,
        pub gtin: String,
        pub serial: String,
        pub lot: String,
        pub expiry: String,
        pub markets: Vec<String>,
        pub status: String,
        pub status_since: Option<Micros> as Nullables<Times>,
        pub known: bool,
        pub known_by: String,
        pub commissioned_at: Option<Micros> as Nullables<Times>,
        pub issued_by: String,
        pub source_event: String,
        pub parent: String,
        pub attributes: Vec<(String, String)> as Maps,
        pub revision: u64,
        pub source_party: String,
        pub visible_to: Vec<String>,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: i64,
        pub kafka_index: u32,
    }
}

impl SerialRow {
    /// The row of a record.
    #[must_use]
    pub fn new(serial: SerialState, origin: &Origin) -> Self {
        Self {
            unit: serial.unit,
            kind: serial.kind,
            gtin: text(serial.gtin),
            serial: text(serial.serial),
            lot: text(serial.lot),
            expiry: text(serial.expiry),
            markets: serial.markets,
            status: text(serial.status),
            status_since: serial.status_since,
            known: serial.known,
            known_by: text(serial.known_by),
            commissioned_at: serial.commissioned_at,
            issued_by: text(serial.issued_by),
            source_event: text(serial.source_event),
            parent: text(serial.parent),
            attributes: map(serial.attributes),
            revision: revision(serial.revision),
            source_party: serial.source_party,
            visible_to: serial.visible_to,
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: origin.offset,
            kafka_index: origin.index,
        }
    }
}

table_row! {
    /// A row of `lots`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct LotRow {
        pub gtin: String,
        pub lot: String,
        pub source: String,
        pub version: u64,
        pub state: &'static str,
        pub expiry: String,
        pub markets: Vec<String>,
        pub status: String,
        pub status_since: Option<Micros> as Nullables<Times>,
        pub status_markets: Vec<String>,
        pub authorised: bool,
        pub attributes: Vec<(String, String)> as Maps,
        pub record_time: Micros as Times,
        pub source_party: String,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: i64,
        pub kafka_index: u32,
    }
}

impl LotRow {
    /// The row of a record.
    #[must_use]
    pub fn new(lot: LotStatus, origin: &Origin) -> Self {
        Self {
            gtin: lot.gtin,
            lot: lot.lot,
            source: lot.source,
            version: revision(lot.version),
            state: state(lot.asserted),
            expiry: text(lot.expiry),
            markets: lot.markets,
            status: lot.status,
            status_since: lot.status_since,
            status_markets: lot.status_markets,
            authorised: lot.authorised,
            attributes: map(lot.attributes),
            record_time: lot.record_time,
            source_party: lot.source_party,
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: origin.offset,
            kafka_index: origin.index,
        }
    }
}
