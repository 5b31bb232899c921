//! Records like those of a running deployment, from a seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serialtrail_records::state_detector::{
    DetectorAlert, DetectorProduct, DetectorRead, DetectorUnit,
};
use serialtrail_records::{EnrichedObservation, ReadBody, Site, TypedId, UnitEvent, UnitFacts};

/// So many of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// What stands on `enriched`.
    pub enriched: Vec<EnrichedObservation>,
    /// What stands on `unit-inbox`.
    pub units: Vec<UnitEvent>,
    /// What the detector keeps of a unit, with four reads on average.
    pub states: Vec<DetectorUnit>,
}

impl Samples {
    /// `count` of each.
    #[must_use]
    pub fn new(seed: u64, count: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            enriched: (0..count).map(|_| enriched(&mut random)).collect(),
            units: (0..count).map(|_| unit_event(&mut random)).collect(),
            states: (0..count).map(|_| state(&mut random)).collect(),
        }
    }
}

type Random = ChaCha8Rng;

fn one_of(random: &mut Random, all: &[&str]) -> String {
    all[random.random_range(0..all.len())].to_owned()
}

fn maybe<T>(random: &mut Random, share: f64, value: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.random_bool(share).then(|| value(random))
}

fn gln(random: &mut Random) -> String {
    format!("9521321{:06}", random.random_range(0..1_000_000))
}

fn event_id(random: &mut Random) -> String {
    format!("urn:uuid:{:032x}", random.random::<u128>())
}

fn time(random: &mut Random) -> i64 {
    1_770_000_000_000_000 + random.random_range(0..30_000_000_000_000)
}

fn unit(random: &mut Random) -> String {
    format!(
        "01/09521321{:06}/21/{:012}",
        random.random_range(0..50),
        random.random::<u32>()
    )
}

fn countries(random: &mut Random) -> Vec<String> {
    let count = random.random_range(0..3);
    (0..count)
        .map(|_| one_of(random, &["DE", "FR", "ES", "IT", "PL"]))
        .collect()
}

fn body(random: &mut Random) -> ReadBody {
    let at = time(random);
    ReadBody {
        event_type: one_of(random, &["ObjectEvent", "AggregationEvent"]),
        action: Some(one_of(random, &["ADD", "OBSERVE", "DELETE"])),
        event_time: at,
        zone_offset_minutes: 60,
        record_time: at + 3_000_000,
        captured_at: at + 3_100_000,
        biz_step: Some(one_of(
            random,
            &["commissioning", "packing", "shipping", "receiving"],
        )),
        disposition: Some(one_of(random, &["active", "in_progress", "in_transit"])),
        read_point: Some(format!(
            "urn:epc:id:sgln:9521321.{:05}.0",
            random.random_range(0..100)
        )),
        biz_location: maybe(random, 0.7, |r| {
            format!("urn:epc:id:sgln:9521321.{:05}.0", r.random_range(0..100))
        }),
        biz_transactions: maybe(random, 0.3, |r| TypedId {
            r#type: Some("desadv".into()),
            id: format!("urn:epcglobal:cbv:bt:9521321000001:{}", r.random::<u32>()),
        })
        .into_iter()
        .collect(),
        lot: maybe(random, 0.2, |r| {
            format!("LOT{:05}", r.random_range(0..99_999))
        }),
        custodian: maybe(random, 0.3, gln),
        parties_named: maybe(random, 0.3, gln).into_iter().collect(),
        source_party: gln(random),
        visible_to: vec![gln(random)],
        capture_id: format!("{:032x}", random.random::<u128>()),
        document_id: maybe(random, 0.5, event_id),
        reference_offset: random.random_range(0..5_000),
        ..ReadBody::default()
    }
}

fn unit_event(random: &mut Random) -> UnitEvent {
    UnitEvent {
        unit: unit(random),
        event_id: event_id(random),
        revision: 1,
        asserted: true,
        role: one_of(random, &["epc", "child"]),
        parent: maybe(random, 0.4, |r| format!("00/{:018}", r.random::<u32>())),
        parts: 1,
        body: body(random),
        ..UnitEvent::default()
    }
}

fn facts(random: &mut Random) -> UnitFacts {
    UnitFacts {
        known: true,
        known_by: Some("commissioning".into()),
        commissioned_at: Some(time(random)),
        commissioned_by: Some(gln(random)),
        source_event: Some(event_id(random)),
        gtin: Some("09521321000012".into()),
        lot: Some(format!("LOT{:05}", random.random_range(0..99_999))),
        expiry: Some("2028-03-31".into()),
        markets: countries(random),
        product_markets: countries(random),
        status: maybe(random, 0.5, |_| "active".into()),
        profile: Some("pharma".into()),
        product_name: Some("Examplin 20 mg".into()),
        brand: Some("Examplin".into()),
        revision: 3,
        ..UnitFacts::default()
    }
}

fn enriched(random: &mut Random) -> EnrichedObservation {
    EnrichedObservation {
        unit: unit(random),
        kind: "sgtin".into(),
        event_id: event_id(random),
        revision: random.random_range(1..4),
        asserted: true,
        direct: random.random_bool(0.3),
        role: one_of(random, &["epc", "inherited"]),
        parent: maybe(random, 0.7, |r| format!("00/{:018}", r.random::<u32>())),
        path: maybe(random, 0.5, |r| format!("00/{:018}", r.random::<u32>()))
            .into_iter()
            .collect(),
        site: Site {
            gln: Some(gln(random)),
            name: Some("Warehouse Example West".into()),
            kind: Some("distribution_centre".into()),
            country: Some(one_of(random, &["DE", "FR", "ES"])),
            party: Some(gln(random)),
            party_role: Some("wholesaler".into()),
            latitude: Some(random.random_range(40.0..55.0)),
            longitude: Some(random.random_range(-5.0..20.0)),
            radius_km: None,
        },
        facts: facts(random),
        body: body(random),
        ..EnrichedObservation::default()
    }
}

fn read(random: &mut Random) -> DetectorRead {
    let at = time(random);
    DetectorRead {
        event_id: event_id(random),
        revision: 1,
        asserted: true,
        event_time: at,
        record_time: at + 3_000_000,
        zone_offset_minutes: 60,
        direct: random.random_bool(0.3),
        role: one_of(random, &["epc", "inherited"]),
        parent: maybe(random, 0.7, |r| format!("00/{:018}", r.random::<u32>())),
        event_type: "ObjectEvent".into(),
        action: Some("OBSERVE".into()),
        biz_step: Some(one_of(random, &["shipping", "receiving", "inspecting"])),
        disposition: Some("in_transit".into()),
        place: Some(gln(random)),
        site_kind: Some("distribution_centre".into()),
        country: Some("DE".into()),
        party: Some(gln(random)),
        party_role: Some("wholesaler".into()),
        latitude: Some(random.random_range(40.0..55.0)),
        longitude: Some(random.random_range(-5.0..20.0)),
        source_party: gln(random),
        visible_to: vec![gln(random)],
        capture_id: format!("{:032x}", random.random::<u128>()),
        ..DetectorRead::default()
    }
}

fn state(random: &mut Random) -> DetectorUnit {
    let reads = random.random_range(1..8);
    DetectorUnit {
        products: vec![DetectorProduct {
            profile: Some("pharma".into()),
            ..DetectorProduct::default()
        }],
        facts: facts(random),
        facts_revision: 3,
        alerts: maybe(random, 0.1, |r| DetectorAlert {
            rule: "DUPLICATE_SCAN".into(),
            alert_id: format!("{:032x}", r.random::<u128>()),
            content_hash: format!("{:032x}", r.random::<u128>()),
            event_time: time(r),
            last_event_time: time(r),
        })
        .into_iter()
        .collect(),
        reads: (0..reads).map(|_| read(random)).collect(),
        indexed_lot: Some("09521321000012/LOT00001".into()),
        timer: maybe(random, 0.5, time),
        ..DetectorUnit::default()
    }
}
