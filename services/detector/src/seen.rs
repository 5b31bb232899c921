//! What the detector takes from an observation: the fields of `EnrichedObservation` it needs, lent by the
//! message.

use serde::Deserialize;
use serialtrail_records::Micros;
use serialtrail_records::avro::Encoded;

use crate::facts::Facts;
use crate::texts::Texts;

/// One read of one unit, as it stands on `enriched`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs)]
pub struct Seen<'s> {
    pub unit: &'s str,
    pub kind: &'s str,
    pub event_id: &'s str,
    pub revision: i64,
    pub asserted: bool,
    pub direct: bool,
    pub role: &'s str,
    #[serde(borrow)]
    pub parent: Option<&'s str>,
    #[serde(borrow)]
    pub path: Texts<'s>,
    pub clock_suspect: bool,
    pub beyond_horizon: bool,
    #[serde(borrow)]
    pub site: SeenSite<'s>,
    #[serde(borrow)]
    pub destination_kinds: Texts<'s>,
    #[serde(borrow)]
    pub facts: Encoded<'s, Facts<'s>>,
    #[serde(borrow)]
    pub body: SeenBody<'s>,
}

/// Its place.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs)]
pub struct SeenSite<'s> {
    #[serde(borrow)]
    pub gln: Option<&'s str>,
    #[serde(borrow)]
    pub kind: Option<&'s str>,
    #[serde(borrow)]
    pub country: Option<&'s str>,
    #[serde(borrow)]
    pub party: Option<&'s str>,
    #[serde(borrow)]
    pub party_role: Option<&'s str>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub radius_km: Option<f64>,
}

/// What its event says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs)]
pub struct SeenBody<'s> {
    pub event_type: &'s str,
    #[serde(borrow)]
    pub action: Option<&'s str>,
    pub event_time: Micros,
    pub zone_offset_minutes: i32,
    pub record_time: Micros,
    pub captured_at: Micros,
    #[serde(borrow)]
    pub biz_step: Option<&'s str>,
    #[serde(borrow)]
    pub disposition: Option<&'s str>,
    #[serde(borrow)]
    pub persistent_set: Texts<'s>,
    #[serde(borrow)]
    pub persistent_unset: Texts<'s>,
    #[serde(borrow)]
    pub read_point: Option<&'s str>,
    #[serde(borrow)]
    pub biz_location: Option<&'s str>,
    #[serde(borrow)]
    pub lot: Option<&'s str>,
    #[serde(borrow)]
    pub expiry: Option<&'s str>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub accuracy_m: Option<f64>,
    #[serde(borrow)]
    pub scan_kind: Option<&'s str>,
    pub source_party: &'s str,
    #[serde(borrow)]
    pub visible_to: Texts<'s>,
    pub capture_id: &'s str,
    #[serde(borrow)]
    pub document_id: Option<&'s str>,
}
