//! A supply chain from a seed: pallets of cases of packs, made, registered, packed, shipped, received,
//! unpacked and dispensed, with bodies as long as real ones.

use crate::world::{GTIN, MAKER, SITES, sscc};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serialtrail_records::{EpcisEvent, ErrorDeclaration, RegistryEntry, TypedId};

const CASES: usize = 10;
const PACKS: usize = 20;
/// Packs of one pallet.
pub(crate) const PALLET: usize = CASES * PACKS;
const HOUR: i64 = 3_600_000_000;

/// What one pallet's goods leave behind, in the order it happened.
pub(crate) struct Pallet {
    pub(crate) entries: Vec<RegistryEntry>,
    pub(crate) events: Vec<EpcisEvent>,
}

/// The pallets of a world.
pub(crate) fn pallets(number: usize, seed: u64) -> Vec<Pallet> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..number).map(|at| pallet(at, &mut rng)).collect()
}

fn pack(pallet: usize, pack: usize) -> String {
    format!("01/{GTIN}/21/P{:08}", pallet * PALLET + pack)
}

/// Makes events, one after the other.
struct Maker<'a> {
    rng: &'a mut ChaCha8Rng,
    pallet: usize,
    time: i64,
    events: Vec<EpcisEvent>,
}

impl Maker<'_> {
    fn event(&mut self, kind: &str, action: &str, step: &str, site: usize) -> &mut EpcisEvent {
        self.time += self.rng.random_range(1..HOUR);
        let number = self.events.len();
        let hash = format!("{:064x}", u128::from(self.rng.random::<u64>()));
        self.events.push(EpcisEvent {
            event_id: format!("ni:///sha-256;{hash}?ver=CBV2.0&n={}-{number}", self.pallet),
            content_hash: hash,
            event_type: kind.into(),
            action: Some(action.into()),
            event_time: self.time,
            event_time_zone_offset: "+01:00".into(),
            record_time: self.time + 60_000_000,
            captured_at: self.time + 61_000_000,
            biz_step: Some(step.into()),
            disposition: Some("in_progress".into()),
            read_point: Some(format!("414/{}/254/gate{site}", SITES[site % 2])),
            biz_location: Some(format!("414/{}", SITES[site % 2])),
            source_party: MAKER.into(),
            capture_id: format!("0192c3d4-e5f6-7a8b-9c0d-{:012x}", self.pallet),
            document_id: Some(format!("document-{}-{number}", self.pallet)),
            original: vec![b'o'; 64],
            ..EpcisEvent::default()
        });
        let last = self.events.len() - 1;
        &mut self.events[last]
    }

    fn object(&mut self, action: &str, step: &str, site: usize, epcs: Vec<String>) {
        self.event("ObjectEvent", action, step, site).epc_list = epcs;
    }

    fn packing(&mut self, action: &str, step: &str, parent: &str, children: Vec<String>) {
        let event = self.event("AggregationEvent", action, step, 0);
        event.parent_id = Some(parent.to_owned());
        event.child_epcs = children;
    }

    fn journey(&mut self, unit: &str) {
        for (site, step) in [(0, "shipping"), (1, "receiving")] {
            let order = format!("urn:epcglobal:cbv:bt:{MAKER}:PO{}", self.pallet);
            let typed = |kind: &str, id: String| TypedId {
                r#type: Some(kind.into()),
                id,
            };
            let event = self.event("ObjectEvent", "OBSERVE", step, site);
            event.epc_list = vec![unit.to_owned()];
            event.biz_transactions = vec![typed("po", order)];
            event.sources = vec![typed("owning_party", format!("417/{MAKER}"))];
            event.destinations = vec![typed("location", format!("414/{}", SITES[1]))];
        }
    }
}

fn pallet(number: usize, rng: &mut ChaCha8Rng) -> Pallet {
    let packs: Vec<String> = (0..PALLET).map(|at| pack(number, at)).collect();
    let case = |at: usize| sscc(1_000_000 + number * CASES + at);
    let cases: Vec<String> = (0..CASES).map(case).collect();
    let on = sscc(number + 1);
    let entries = packs
        .iter()
        .filter(|_| rng.random_bool(0.5))
        .map(|unit| RegistryEntry {
            unit: unit.clone(),
            lot: Some(format!("L{number}")),
            status: "active".into(),
            markets: vec!["DE".into(), "FR".into()],
            source_party: "operator".into(),
            version: 1,
            ..RegistryEntry::default()
        })
        .collect();
    let mut made = Maker {
        rng,
        pallet: number,
        time: 1_790_000_000_000_000,
        events: Vec::new(),
    };
    for part in packs.chunks(50) {
        made.object("ADD", "commissioning", 0, part.to_vec());
        if let Some(event) = made.events.last_mut() {
            event.lot = Some(format!("L{number}"));
            event.expiry = Some("2028-01-31".into());
        }
    }
    for (case, packs) in cases.iter().zip(packs.chunks(PACKS)) {
        made.packing("ADD", "packing", case, packs.to_vec());
    }
    made.packing("ADD", "packing", &on, cases.clone());
    made.journey(&on);
    made.packing("DELETE", "unpacking", &on, cases.clone());
    for (case, packs) in cases.iter().zip(packs.chunks(PACKS)) {
        made.journey(case);
        made.packing("DELETE", "unpacking", case, packs.to_vec());
        for pack in packs {
            if made.rng.random_bool(0.2) {
                made.object("OBSERVE", "inspecting", 1, vec![pack.clone()]);
            }
            made.object("OBSERVE", "dispensing", 1, vec![pack.clone()]);
        }
    }
    let mut events = made.events;
    let withdrawn: Vec<EpcisEvent> = events
        .iter()
        .filter(|_| rng.random_bool(0.01))
        .map(|event| EpcisEvent {
            error_declaration: Some(ErrorDeclaration::default()),
            record_time: event.record_time + 24 * HOUR,
            ..event.clone()
        })
        .collect();
    events.extend(withdrawn);
    Pallet { entries, events }
}
