//! A partition's input from a seed: packs on their way from the factory to the pharmacy, inside their cases
//! and pallets, and what goes wrong with a share of them.

mod journey;

use journey::{JOURNEY, Place, Step, places};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serialtrail_records::{
    Codec, EnrichedObservation, LotStatus, Mark, Membership, Micros, ReadBody, Site, UnitFacts,
};
use serialtrail_stream::InputRecord;
use serialtrail_stream::testing::record;

const MINUTE: Micros = 60_000_000;
const HOUR: Micros = 60 * MINUTE;
const DAY: Micros = 24 * HOUR;
/// 1 June 2026.
const START: Micros = 1_780_272_000_000_000;

/// Packs in a case, cases on a pallet, pallets of a lot.
const PACKED: [usize; 3] = [20, 10, 2];

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// Everything follows from it.
    pub(crate) seed: u64,
    /// Packs.
    pub(crate) packs: usize,
    /// Share of packs something happens to: 0 to 1.
    pub(crate) trouble: f64,
}

struct Teller<'c> {
    codec: &'c Codec,
    random: ChaCha8Rng,
    /// (stream position, order of telling, key, value)
    told: Vec<(Micros, usize, Option<String>, Vec<u8>)>,
    revision: i64,
}

impl Teller<'_> {
    fn event_id(&mut self) -> String {
        let id: u128 = self.random.random();
        format!(
            "urn:uuid:{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            id as u32,
            (id >> 32) as u16,
            (id >> 48) as u16 & 0xfff,
            (id >> 64) as u16 & 0xfff,
            (id >> 80) as u64
        )
    }

    fn tell(&mut self, at: Micros, key: Option<&str>, value: Vec<u8>) {
        let order = self.told.len();
        self.told.push((at, order, key.map(str::to_owned), value));
    }

    fn see(&mut self, at: Micros, mut seen: EnrichedObservation) {
        self.revision += 1;
        seen.revision = self.revision;
        let value = self.codec.encode(&seen).unwrap();
        self.tell(at, Some(&seen.unit), value);
    }
}

fn body(event: &str, step: &Step, at: Micros, place: &Place) -> ReadBody {
    ReadBody {
        event_type: match step.0 {
            "packing" | "unpacking" => "AggregationEvent",
            _ => "ObjectEvent",
        }
        .into(),
        action: Some(
            match step.0 {
                "commissioning" | "packing" => "ADD",
                "unpacking" => "DELETE",
                _ => "OBSERVE",
            }
            .into(),
        ),
        event_time: at,
        zone_offset_minutes: 120,
        record_time: at + 3 * MINUTE,
        captured_at: at + 4 * MINUTE,
        biz_step: Some(step.0.into()),
        disposition: Some(step.1.into()),
        read_point: Some(format!("414/{}/254/dock-{}", place.gln, event.len() % 7)),
        biz_location: Some(format!("414/{}", place.gln)),
        source_party: place.party.clone(),
        visible_to: vec![place.party.clone(), "9521900000010".into()],
        capture_id: format!("job-{}", &event[9..17]),
        document_id: Some(format!("doc-{}", &event[9..17])),
        reference_offset: 4711,
        ..ReadBody::default()
    }
}

fn site(place: &Place) -> Site {
    Site {
        gln: Some(place.gln.clone()),
        name: Some(place.name.clone()),
        kind: Some(place.kind.into()),
        country: Some(place.country.into()),
        party: Some(place.party.clone()),
        party_role: Some(place.role.into()),
        latitude: Some(place.at.0),
        longitude: Some(place.at.1),
        radius_km: None,
    }
}

/// The records of one partition, in their order.
pub(crate) fn records(world: World, codec: &Codec) -> Vec<InputRecord> {
    let mut teller = Teller {
        codec,
        random: ChaCha8Rng::seed_from_u64(world.seed),
        told: Vec::new(),
        revision: 0,
    };
    let places = places();
    let pallet_of = PACKED[0] * PACKED[1];
    let lot_of = pallet_of * PACKED[2];
    let pallets = world.packs.div_ceil(pallet_of);
    for pallet in 0..pallets {
        let lot = pallet * pallet_of / lot_of;
        let packs = pallet * pallet_of..world.packs.min((pallet + 1) * pallet_of);
        let from = START + teller.random.random_range(0..30 * DAY);
        tell_pallet(
            &mut teller,
            &places,
            (pallet, lot),
            packs,
            from,
            world.trouble,
        );
    }
    for day in 0..60 * 24 {
        let time = START + day * HOUR;
        let mark = Mark {
            source: "unit-inbox/0".into(),
            sources: 1,
            time,
        };
        let value = codec.encode(&mark).unwrap();
        teller.tell(time, None, value);
    }
    teller.told.sort_by_key(|(at, order, ..)| (*at, *order));
    let records = teller.told.into_iter().enumerate();
    records
        .map(|(offset, (_, _, key, value))| {
            record(
                "enriched",
                0,
                offset as i64,
                key.as_ref().map(String::as_bytes),
                &value,
            )
        })
        .collect()
}

fn tell_pallet(
    t: &mut Teller<'_>,
    places: &[Vec<Place>],
    (pallet, lot): (usize, usize),
    packs: std::ops::Range<usize>,
    from: Micros,
    trouble: f64,
) {
    let gtin = format!("0952132100{:02}10", lot % 40);
    let lot_name = format!("LOT{lot:05}");
    let route: Vec<usize> = (0..4).map(|_| t.random.random_range(0..2)).collect();
    let product = UnitFacts {
        known: true,
        known_by: Some("commissioning".into()),
        commissioned_at: Some(from),
        commissioned_by: Some(places[0][route[0]].party.clone()),
        gtin: Some(gtin.clone()),
        lot: Some(lot_name.clone()),
        expiry: Some("2028-05-31".into()),
        product_markets: vec!["DE".into(), "FR".into(), "PL".into()],
        profile: Some(if lot % 3 == 0 { "fashion" } else { "pharma" }.into()),
        product_name: Some("Example tablets, 20 mg, 30 pieces".into()),
        brand: Some("Example".into()),
        ..UnitFacts::default()
    };
    let pallet_key = format!("00/{:018}", 952_132_000_000_000_000_u64 + pallet as u64);
    let packs: Vec<usize> = packs.collect();
    let mut at = from;
    let events: Vec<(String, Micros)> = JOURNEY
        .iter()
        .map(|step| {
            at += step.3 * HOUR + t.random.random_range(0..HOUR);
            (t.event_id(), at)
        })
        .collect();
    let case_key = |case: usize| format!("00/{:018}", 952_132_100_000_000_000_u64 + case as u64);
    let mut cases: Vec<usize> = packs.iter().map(|p| p / PACKED[0]).collect();
    cases.dedup();
    for (number, (step, (event, at))) in JOURNEY.iter().zip(&events).enumerate() {
        let place = &places[step.2][route[step.2]];
        let inherited = (2..=8).contains(&number);
        for container in inherited.then_some(&pallet_key).into_iter().cloned().chain(
            cases
                .iter()
                .filter(|_| inherited || number == 1 || number == 9)
                .map(|c| case_key(*c)),
        ) {
            let is_pallet = container == pallet_key;
            let seen = EnrichedObservation {
                unit: container,
                kind: "sscc".into(),
                event_id: event.clone(),
                asserted: true,
                direct: is_pallet || !inherited,
                role: if !inherited {
                    "parent"
                } else if is_pallet {
                    "epc"
                } else {
                    "inherited"
                }
                .into(),
                parent: (inherited && !is_pallet).then(|| pallet_key.clone()),
                path: if inherited && !is_pallet {
                    vec![pallet_key.clone()]
                } else {
                    Vec::new()
                },
                site: site(place),
                body: body(event, step, *at, place),
                ..EnrichedObservation::default()
            };
            t.see(*at, seen);
        }
        for pack in &packs {
            let case = case_key(pack / PACKED[0]);
            let mut facts = product.clone();
            facts.source_event = Some(events[0].0.clone());
            facts.revision = 1;
            // The last step of each pack is an event of its own.
            let (event, at) = if number < 10 {
                (event.clone(), *at)
            } else {
                (t.event_id(), *at + t.random.random_range(0..3 * DAY))
            };
            let seen = EnrichedObservation {
                unit: format!("01/{gtin}/21/{pack:012}"),
                kind: "sgtin".into(),
                event_id: event.clone(),
                asserted: true,
                direct: !inherited,
                role: match number {
                    1 | 9 => "child",
                    _ if inherited => "inherited",
                    _ => "epc",
                }
                .into(),
                parent: (inherited || number == 1 || number == 9).then(|| case.clone()),
                path: if inherited {
                    vec![pallet_key.clone(), case]
                } else {
                    Vec::new()
                },
                destination_kinds: if step.0 == "shipping" {
                    vec![
                        places[step.2 + 1][0].kind.into(),
                        places[step.2 + 1][0].role.into(),
                    ]
                } else {
                    Vec::new()
                },
                site: site(place),
                facts,
                body: body(&event, step, at, place),
                ..EnrichedObservation::default()
            };
            if t.random.random_bool(trouble / JOURNEY.len() as f64) {
                go_wrong(t, places, at, &seen);
            } else {
                t.see(at, seen);
            }
        }
    }
    if t.random.random_bool(trouble.min(0.5)) {
        let day = t.random.random_range(0..12);
        state_lot(t, from + day * DAY, &gtin, &lot_name);
    }
}

fn state_lot(t: &mut Teller<'_>, at: Micros, gtin: &str, lot: &str) {
    let status = ["active", "recalled", "withdrawn"]
        .choose(&mut t.random)
        .unwrap();
    for version in 1..=t.random.random_range(1..3) {
        let said = LotStatus {
            gtin: gtin.into(),
            lot: lot.into(),
            source: ["load", "recall-1"]
                .choose(&mut t.random)
                .map(|s| (*s).into())
                .unwrap(),
            version,
            asserted: t.random.random_bool(0.8),
            authorised: t.random.random_bool(0.9),
            status: (*status).into(),
            status_since: t.random.random_bool(0.7).then_some(at),
            status_markets: if t.random.random_bool(0.3) {
                vec!["DE".into()]
            } else {
                Vec::new()
            },
            expiry: t.random.random_bool(0.2).then(|| "2026-06-15".into()),
            markets: if t.random.random_bool(0.2) {
                vec!["JP".into()]
            } else {
                Vec::new()
            },
            site: Some("urn:epc:id:sgln:4000001.00000.dock-3".into()),
            ..LotStatus::default()
        };
        let value = t.codec.encode(&said).unwrap();
        t.tell(at + version * 5 * HOUR, None, value);
    }
}

/// Something happens to a pack around one of its reads.
fn go_wrong(t: &mut Teller<'_>, places: &[Vec<Place>], at: Micros, seen: &EnrichedObservation) {
    let mut other = seen.clone();
    other.event_id = t.event_id();
    let japan = &places[3][3];
    match t.random.random_range(0..14) {
        // Sold twice, at another place and time.
        0 | 1 => {
            for (n, place) in [(1, &places[3][0]), (3, japan)] {
                let event = t.event_id();
                let at = at + n * DAY;
                let step = &JOURNEY[11];
                let again = EnrichedObservation {
                    event_id: event.clone(),
                    direct: true,
                    role: "epc".into(),
                    path: Vec::new(),
                    parent: None,
                    site: site(place),
                    body: body(&event, step, at, place),
                    ..seen.clone()
                };
                t.see(at, again);
            }
        }
        // Read far away within the hour.
        2 => {
            other.site = site(japan);
            other.body.event_time += 40 * MINUTE;
            t.see(at + 40 * MINUTE, other);
        }
        // Not known yet, later known.
        3 | 4 => {
            let mut unknown = seen.clone();
            unknown.facts = UnitFacts {
                product_markets: unknown.facts.product_markets,
                profile: unknown.facts.profile,
                foreign_gtin: t.random.random_bool(0.3),
                unauthorised_issuer: t.random.random_bool(0.3).then(|| "9521999000017".into()),
                ..UnitFacts::default()
            };
            unknown.facts.revision = 2;
            t.see(at, unknown.clone());
            if t.random.random_bool(0.6) {
                let mut known = seen.clone();
                known.facts.revision = 3;
                let days = t.random.random_range(0..6);
                t.see(at + days * DAY, known);
            }
        }
        // Withdrawn, perhaps asserted again.
        5 | 6 => {
            let mut gone = seen.clone();
            gone.asserted = false;
            t.see(at + DAY, gone);
            if t.random.random_bool(0.5) {
                t.see(at + 2 * DAY, seen.clone());
            }
        }
        // A state said by events, and taken back.
        7 | 8 => {
            let state = ["stolen", "recalled", "inactive", "dispensed"]
                .choose(&mut t.random)
                .unwrap();
            other.body.persistent_set = vec![(*state).into()];
            t.see(at, other.clone());
            if t.random.random_bool(0.5) {
                other.event_id = t.event_id();
                other.body.persistent_set.clear();
                other.body.persistent_unset = vec![(*state).into()];
                other.body.event_time += 30 * HOUR;
                other.body.event_type = "ObjectEvent".into();
                t.see(at + 30 * HOUR, other);
            }
        }
        // Registry facts change: status, expiry, the product's version.
        9 | 10 => {
            let statuses = [
                "stolen",
                "decommissioned",
                "dispensed",
                "sample",
                "exported",
            ];
            other.facts.status = statuses.choose(&mut t.random).map(|s| (*s).into());
            other.facts.status_since = t.random.random_bool(0.5).then_some(at - DAY);
            other.facts.expiry = Some("2026-06-10".into());
            other.facts.product_markets = vec!["PL".into()];
            other.facts.markets = if t.random.random_bool(0.3) {
                vec!["FR".into()]
            } else {
                Vec::new()
            };
            other.facts.revision = 5;
            t.see(at, other);
        }
        // A consumer's scan with a position of its own, its clock off.
        11 => {
            other.direct = true;
            other.role = "epc".into();
            other.path.clear();
            other.site = Site::default();
            other.clock_suspect = t.random.random_bool(0.5);
            other.body.biz_step = Some("inspecting".into());
            other.body.scan_kind = Some("consumer".into());
            other.body.latitude = Some(40.0);
            other.body.longitude = Some(-74.0);
            other.body.accuracy_m = Some(80.0);
            t.see(at, other);
        }
        // Beyond the horizon; a class; a place.
        12 => {
            let mut old = seen.clone();
            old.beyond_horizon = true;
            t.see(at, old);
            let gtin = seen.facts.gtin.clone().unwrap_or_default();
            other.unit = format!("01/{gtin}/10/L1");
            other.role = "class".into();
            t.see(at, other);
        }
        // What does not belong here, or cannot be read.
        _ => {
            let value = t.codec.encode(seen).unwrap();
            t.tell(at, Some("01/09521321000010/21/OTHER"), value.clone());
            t.tell(at, Some(&seen.unit), value[..value.len() / 2].to_vec());
            t.tell(at, Some(&seen.unit), b"{\"json\":1}".to_vec());
            t.tell(
                at,
                Some("parent"),
                t.codec.encode(&Membership::default()).unwrap(),
            );
        }
    }
}
