//! Records as a reader sees them who keeps nothing: texts lent by the bytes.

use serde::Deserialize;

/// [`serialtrail_records::TypedId`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TypedId<'a> {
    #[serde(borrow)]
    r#type: Option<&'a str>,
    id: &'a str,
}

/// [`serialtrail_records::ReadBody`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReadBody<'a> {
    event_type: &'a str,
    #[serde(borrow)]
    action: Option<&'a str>,
    event_time: i64,
    zone_offset_minutes: i32,
    record_time: i64,
    captured_at: i64,
    #[serde(borrow)]
    biz_step: Option<&'a str>,
    #[serde(borrow)]
    disposition: Option<&'a str>,
    #[serde(borrow)]
    persistent_set: Vec<&'a str>,
    #[serde(borrow)]
    persistent_unset: Vec<&'a str>,
    #[serde(borrow)]
    read_point: Option<&'a str>,
    #[serde(borrow)]
    biz_location: Option<&'a str>,
    #[serde(borrow)]
    biz_transactions: Vec<TypedId<'a>>,
    #[serde(borrow)]
    sources: Vec<TypedId<'a>>,
    #[serde(borrow)]
    destinations: Vec<TypedId<'a>>,
    #[serde(borrow)]
    lot: Option<&'a str>,
    #[serde(borrow)]
    expiry: Option<&'a str>,
    #[serde(borrow)]
    custodian: Option<&'a str>,
    #[serde(borrow)]
    owner: Option<&'a str>,
    #[serde(borrow)]
    parties_named: Vec<&'a str>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    accuracy_m: Option<f64>,
    #[serde(borrow)]
    scan_kind: Option<&'a str>,
    #[serde(borrow)]
    device: Option<&'a str>,
    #[serde(borrow)]
    session: Option<&'a str>,
    source_party: &'a str,
    #[serde(borrow)]
    visible_to: Vec<&'a str>,
    capture_id: &'a str,
    #[serde(borrow)]
    document_id: Option<&'a str>,
    reference_offset: i64,
}

/// [`serialtrail_records::UnitEvent`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UnitEvent<'a> {
    unit: &'a str,
    event_id: &'a str,
    revision: i64,
    asserted: bool,
    role: &'a str,
    #[serde(borrow)]
    parent: Option<&'a str>,
    #[serde(borrow)]
    children: Vec<&'a str>,
    part: i32,
    parts: i32,
    all_children: bool,
    quantity: Option<f64>,
    #[serde(borrow)]
    uom: Option<&'a str>,
    #[serde(borrow)]
    body: ReadBody<'a>,
}

/// [`serialtrail_records::Site`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Site<'a> {
    #[serde(borrow)]
    gln: Option<&'a str>,
    #[serde(borrow)]
    name: Option<&'a str>,
    #[serde(borrow)]
    kind: Option<&'a str>,
    #[serde(borrow)]
    country: Option<&'a str>,
    #[serde(borrow)]
    party: Option<&'a str>,
    #[serde(borrow)]
    party_role: Option<&'a str>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    radius_km: Option<f64>,
}

/// [`serialtrail_records::UnitFacts`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UnitFacts<'a> {
    known: bool,
    #[serde(borrow)]
    known_by: Option<&'a str>,
    #[serde(borrow)]
    unauthorised_issuer: Option<&'a str>,
    commissioned_at: Option<i64>,
    #[serde(borrow)]
    commissioned_by: Option<&'a str>,
    #[serde(borrow)]
    source_event: Option<&'a str>,
    #[serde(borrow)]
    gtin: Option<&'a str>,
    foreign_gtin: bool,
    #[serde(borrow)]
    lot: Option<&'a str>,
    #[serde(borrow)]
    expiry: Option<&'a str>,
    #[serde(borrow)]
    markets: Vec<&'a str>,
    #[serde(borrow)]
    product_markets: Vec<&'a str>,
    #[serde(borrow)]
    status: Option<&'a str>,
    status_since: Option<i64>,
    #[serde(borrow)]
    profile: Option<&'a str>,
    #[serde(borrow)]
    product_name: Option<&'a str>,
    #[serde(borrow)]
    brand: Option<&'a str>,
    revision: i64,
}

/// [`serialtrail_records::EnrichedObservation`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EnrichedObservation<'a> {
    unit: &'a str,
    kind: &'a str,
    event_id: &'a str,
    revision: i64,
    asserted: bool,
    direct: bool,
    role: &'a str,
    #[serde(borrow)]
    parent: Option<&'a str>,
    #[serde(borrow)]
    path: Vec<&'a str>,
    quantity: Option<f64>,
    #[serde(borrow)]
    uom: Option<&'a str>,
    clock_suspect: bool,
    beyond_horizon: bool,
    #[serde(borrow)]
    site: Site<'a>,
    #[serde(borrow)]
    destination_kinds: Vec<&'a str>,
    #[serde(borrow)]
    facts: UnitFacts<'a>,
    #[serde(borrow)]
    body: ReadBody<'a>,
}

/// Of an observation what says which it is, and when.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Identity<'a> {
    unit: &'a str,
    event_id: &'a str,
    revision: i64,
    body: When,
}

/// Of what an event says, when.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct When {
    event_time: i64,
}
