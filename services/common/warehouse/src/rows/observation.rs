//! Table `observations` and its history.

use super::{Origin, lent, revision, state, text};
use crate::native::Times;
use crate::table_row;
use clickhouse::Row;
use serde::Serialize;
use serialtrail_records::{EnrichedObservation, Micros};

/// Pairs of type and identifier.
macro_rules! typed {
    ($ids:expr) => {
        $ids.into_iter()
            .map(|id| (text(id.r#type), id.id))
            .collect()
    };
}

macro_rules! of_record {
    ($read:ident, $origin:ident) => {{
        let (body, site, facts) = ($read.body, $read.site, $read.facts);
        Self {
            unit: $read.unit,
            kind: $read.kind,
            event_id: $read.event_id,
            revision: revision($read.revision),
            state: state($read.asserted),
            direct: $read.direct,
            role: $read.role,
            parent: text($read.parent),
            path: $read.path,
            quantity: $read.quantity,
            uom: text($read.uom),
            event_type: body.event_type,
            action: text(body.action),
            event_time: body.event_time,
            zone_offset_minutes: body.zone_offset_minutes,
            record_time: body.record_time,
            captured_at: body.captured_at,
            clock_suspect: $read.clock_suspect,
            beyond_horizon: $read.beyond_horizon,
            biz_step: text(body.biz_step),
            disposition: text(body.disposition),
            persistent_set: body.persistent_set,
            persistent_unset: body.persistent_unset,
            read_point: text(body.read_point),
            biz_location: text(body.biz_location),
            site: text(site.gln),
            site_name: text(site.name),
            site_kind: text(site.kind),
            country: text(site.country),
            party: text(site.party),
            party_role: text(site.party_role),
            latitude: site.latitude,
            longitude: site.longitude,
            radius_km: site.radius_km,
            gtin: text(facts.gtin),
            lot: text(facts.lot),
            expiry: text(facts.expiry),
            profile: text(facts.profile),
            product_name: text(facts.product_name),
            brand: text(facts.brand),
            known: facts.known,
            known_by: text(facts.known_by),
            unit_status: text(facts.status),
            event_lot: text(body.lot),
            event_expiry: text(body.expiry),
            biz_transactions: typed!(body.biz_transactions),
            sources: typed!(body.sources),
            destinations: typed!(body.destinations),
            custodian: text(body.custodian),
            owner: text(body.owner),
            parties_named: body.parties_named,
            scan_kind: text(body.scan_kind),
            device: text(body.device),
            session: text(body.session),
            source_party: body.source_party,
            visible_to: body.visible_to,
            capture_id: body.capture_id,
            document_id: text(body.document_id),
            kafka_topic: $origin.topic,
            kafka_partition: $origin.partition,
            kafka_offset: $origin.offset,
            kafka_index: $origin.index,
        }
    }};
}

table_row! {
    /// A row of `observations` and of `observations_history`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct ObservationRow<S = String> {
        pub unit: S,
        pub kind: S,
        pub event_id: S,
        pub revision: u64,
        pub state: &'static str,
        pub direct: bool,
        pub role: S,
        pub parent: S,
        pub path: Vec<S>,
        pub quantity: Option<f64>,
        pub uom: S,
        pub event_type: S,
        pub action: S,
        pub event_time: Micros as Times,
        pub zone_offset_minutes: i32,
        pub record_time: Micros as Times,
        pub captured_at: Micros as Times,
        pub clock_suspect: bool,
        pub beyond_horizon: bool,
        pub biz_step: S,
        pub disposition: S,
        pub persistent_set: Vec<S>,
        pub persistent_unset: Vec<S>,
        pub read_point: S,
        pub biz_location: S,
        pub site: S,
        pub site_name: S,
        pub site_kind: S,
        pub country: S,
        pub party: S,
        pub party_role: S,
        pub latitude: Option<f64>,
        pub longitude: Option<f64>,
        pub radius_km: Option<f64>,
        pub gtin: S,
        pub lot: S,
        pub expiry: S,
        pub profile: S,
        pub product_name: S,
        pub brand: S,
        pub known: bool,
        pub known_by: S,
        pub unit_status: S,
        pub event_lot: S,
        pub event_expiry: S,
        pub biz_transactions: Vec<(S, S)>,
        pub sources: Vec<(S, S)>,
        pub destinations: Vec<(S, S)>,
        pub custodian: S,
        pub owner: S,
        pub parties_named: Vec<S>,
        pub scan_kind: S,
        pub device: S,
        pub session: S,
        pub source_party: S,
        pub visible_to: Vec<S>,
        pub capture_id: S,
        pub document_id: S,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: i64,
        pub kafka_index: u32,
    }
}

impl ObservationRow {
    /// The row of a record.
    #[must_use]
    pub fn new(read: EnrichedObservation, origin: &Origin) -> Self {
        of_record!(read, origin)
    }
}

impl<'a> ObservationRow<&'a str> {
    /// The row of a record's bytes.
    #[must_use]
    pub fn lent(read: lent::EnrichedObservation<'a>, origin: &Origin) -> Self {
        of_record!(read, origin)
    }
}
