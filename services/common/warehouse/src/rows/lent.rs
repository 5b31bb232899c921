//! Records as rows need them: texts lent by the record's bytes, and only the fields a table has a column
//! for. What reads one passes over the rest.

use serde::Deserialize;
use serialtrail_records::Micros;

/// Of [`serialtrail_records::Membership`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Membership<'a> {
    pub(super) child: &'a str,
    pub(super) parent: &'a str,
    pub(super) from: Micros,
    pub(super) from_event: &'a str,
    pub(super) to: Option<Micros>,
    #[serde(borrow)]
    pub(super) to_event: Option<&'a str>,
    #[serde(borrow)]
    pub(super) end_cause: Option<&'a str>,
    pub(super) revision: i64,
    pub(super) asserted: bool,
    pub(super) source_party: &'a str,
    #[serde(borrow)]
    pub(super) visible_to: Vec<&'a str>,
}

/// Of [`serialtrail_records::TypedId`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TypedId<'a> {
    pub(super) r#type: Option<&'a str>,
    pub(super) id: &'a str,
}

/// Of [`serialtrail_records::Site`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Site<'a> {
    #[serde(borrow)]
    pub(super) gln: Option<&'a str>,
    #[serde(borrow)]
    pub(super) name: Option<&'a str>,
    #[serde(borrow)]
    pub(super) kind: Option<&'a str>,
    #[serde(borrow)]
    pub(super) country: Option<&'a str>,
    #[serde(borrow)]
    pub(super) party: Option<&'a str>,
    #[serde(borrow)]
    pub(super) party_role: Option<&'a str>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) radius_km: Option<f64>,
}

/// Of [`serialtrail_records::UnitFacts`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UnitFacts<'a> {
    pub(super) known: bool,
    #[serde(borrow)]
    pub(super) known_by: Option<&'a str>,
    #[serde(borrow)]
    pub(super) gtin: Option<&'a str>,
    #[serde(borrow)]
    pub(super) lot: Option<&'a str>,
    #[serde(borrow)]
    pub(super) expiry: Option<&'a str>,
    #[serde(borrow)]
    pub(super) status: Option<&'a str>,
    #[serde(borrow)]
    pub(super) profile: Option<&'a str>,
    #[serde(borrow)]
    pub(super) product_name: Option<&'a str>,
    #[serde(borrow)]
    pub(super) brand: Option<&'a str>,
}

/// Of [`serialtrail_records::ReadBody`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReadBody<'a> {
    pub(super) event_type: &'a str,
    #[serde(borrow)]
    pub(super) action: Option<&'a str>,
    pub(super) event_time: Micros,
    pub(super) zone_offset_minutes: i32,
    pub(super) record_time: Micros,
    pub(super) captured_at: Micros,
    #[serde(borrow)]
    pub(super) biz_step: Option<&'a str>,
    #[serde(borrow)]
    pub(super) disposition: Option<&'a str>,
    #[serde(borrow)]
    pub(super) persistent_set: Vec<&'a str>,
    #[serde(borrow)]
    pub(super) persistent_unset: Vec<&'a str>,
    #[serde(borrow)]
    pub(super) read_point: Option<&'a str>,
    #[serde(borrow)]
    pub(super) biz_location: Option<&'a str>,
    #[serde(borrow)]
    pub(super) biz_transactions: Vec<TypedId<'a>>,
    #[serde(borrow)]
    pub(super) sources: Vec<TypedId<'a>>,
    #[serde(borrow)]
    pub(super) destinations: Vec<TypedId<'a>>,
    #[serde(borrow)]
    pub(super) lot: Option<&'a str>,
    #[serde(borrow)]
    pub(super) expiry: Option<&'a str>,
    #[serde(borrow)]
    pub(super) custodian: Option<&'a str>,
    #[serde(borrow)]
    pub(super) owner: Option<&'a str>,
    #[serde(borrow)]
    pub(super) parties_named: Vec<&'a str>,
    #[serde(borrow)]
    pub(super) scan_kind: Option<&'a str>,
    #[serde(borrow)]
    pub(super) device: Option<&'a str>,
    #[serde(borrow)]
    pub(super) session: Option<&'a str>,
    pub(super) source_party: &'a str,
    #[serde(borrow)]
    pub(super) visible_to: Vec<&'a str>,
    pub(super) capture_id: &'a str,
    #[serde(borrow)]
    pub(super) document_id: Option<&'a str>,
}

/// Of [`serialtrail_records::EnrichedObservation`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EnrichedObservation<'a> {
    pub(super) unit: &'a str,
    pub(super) kind: &'a str,
    pub(super) event_id: &'a str,
    pub(super) revision: i64,
    pub(super) asserted: bool,
    pub(super) direct: bool,
    pub(super) role: &'a str,
    #[serde(borrow)]
    pub(super) parent: Option<&'a str>,
    #[serde(borrow)]
    pub(super) path: Vec<&'a str>,
    pub(super) quantity: Option<f64>,
    #[serde(borrow)]
    pub(super) uom: Option<&'a str>,
    pub(super) clock_suspect: bool,
    pub(super) beyond_horizon: bool,
    #[serde(borrow)]
    pub(super) site: Site<'a>,
    #[serde(borrow)]
    pub(super) facts: UnitFacts<'a>,
    #[serde(borrow)]
    pub(super) body: ReadBody<'a>,
}
