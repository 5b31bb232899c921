//! The ordinary life of a lot: made, packed, shipped, received, unpacked, sold.

use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::event::{DAY, Event, HOUR, MINUTE, Micros, Shape};
use crate::geography::{distance_km, transit_hours};
use crate::identifiers as id;
use crate::world::{CASES_PER_LOT, Options, PACKS_PER_CASE, World, rng};

/// Where one pack ended up: what anomalies are cut from.
#[derive(Debug, Clone)]
pub(crate) struct Fate {
    /// Lot, index.
    pub(crate) lot: usize,
    /// Outlet it was delivered to, index of a location.
    pub(crate) outlet: usize,
    /// When the outlet got it (event time of its receiving, even if that read was missed).
    pub(crate) delivered: Micros,
    /// When the wholesaler shipped it.
    pub(crate) shipped: Micros,
    /// Index of the selling event, if sold.
    pub(crate) sold: Option<usize>,
    /// Taken by an anomaly or by noise that must stay alone.
    pub(crate) taken: bool,
}

/// Events so far, and the fate of each pack.
pub(crate) struct Flow {
    pub(crate) events: Vec<Option<Event>>,
    pub(crate) fates: BTreeMap<String, Fate>,
    pub(crate) rng: ChaCha8Rng,
    containers: u64,
    next_id: u64,
    seed: u64,
}

impl Flow {
    /// A new event by the party of a place; ids are unique in the world.
    pub(crate) fn event(
        &mut self,
        world: &World,
        place: usize,
        time: Micros,
        step: &'static str,
        disposition: Option<&'static str>,
        shape: Shape,
    ) -> Event {
        self.next_id += 1;
        let party = world.locations[place].party;
        let h = self.next_id.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.seed;
        Event {
            id: format!(
                "urn:uuid:{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                h >> 32,
                (h >> 16) & 0xffff,
                h & 0xfff,
                self.seed & 0xfff,
                self.next_id
            ),
            publishes_id: world.parties[party].publishes_ids,
            time,
            party,
            place,
            shape,
            step,
            disposition,
            lot: None,
            destination: None,
            declared_in_error: None,
            held_back: 0,
        }
    }

    pub(crate) fn push(&mut self, event: Event) -> usize {
        self.events.push(Some(event));
        self.events.len() - 1
    }

    fn sscc(&mut self, world: &World, party: usize) -> String {
        self.containers += 1;
        id::sscc_urn(&world.parties[party].prefix, self.containers)
    }

    pub(crate) fn into_events(self) -> Vec<Event> {
        self.events.into_iter().flatten().collect()
    }

    /// Pure identity of an ordinary pack that was sold.
    pub(crate) fn example(&self) -> String {
        self.fates
            .iter()
            .find(|(_, f)| f.sold.is_some() && !f.taken)
            .or_else(|| self.fates.iter().next())
            .map(|(u, _)| u.clone())
            .unwrap_or_default()
    }

    /// Ordinary time between two places, with a little spread.
    pub(crate) fn transit(&mut self, world: &World, from: usize, to: usize) -> Micros {
        let km = distance_km(
            world.locations[from].position(),
            world.locations[to].position(),
        );
        let hours = transit_hours(km) * self.rng.random_range(1.0..1.4);
        (hours * 60.0).round() as Micros * MINUTE
    }

    /// Takes away what happens from `end` on: packs sold later are still on their shelves.
    fn cut_off(&mut self, end: Micros) {
        for event in &mut self.events {
            event.take_if(|event| event.time >= end);
        }
        for fate in self.fates.values_mut() {
            fate.sold.take_if(|sold| self.events[*sold].is_none());
        }
    }

    /// When a customer comes who would have come at `time`: few on Saturdays, fewer on Sundays, and who
    /// finds the shop closed comes on Monday.
    fn customer(&mut self, world: &World, place: usize, time: Micros) -> Micros {
        let local = time + i64::from(world.locations[place].offset_minutes) * MINUTE;
        // 1970-01-01 was a Thursday.
        let weekday = (local.div_euclid(DAY) + 3).rem_euclid(7);
        let (closed, days) = match weekday {
            5 => (0.3, 2),
            6 => (0.7, 1),
            _ => (0.0, 0),
        };
        time + if self.rng.random_bool(closed) {
            days * DAY
        } else {
            0
        }
    }

    fn minutes(&mut self, from: i64, to: i64) -> Micros {
        self.rng.random_range(from..=to) * MINUTE
    }
}

fn object(action: &'static str, epcs: Vec<String>) -> Shape {
    Shape::Object {
        action,
        epcs,
        classes: Vec::new(),
    }
}

fn aggregation(action: &'static str, parent: &str, children: Vec<String>) -> Shape {
    Shape::Aggregation {
        action,
        parent: parent.to_owned(),
        children,
    }
}

/// Runs every lot through the chain.
pub(crate) fn run(world: &mut World, options: &Options) -> Flow {
    let mut flow = Flow {
        events: Vec::new(),
        fates: BTreeMap::new(),
        rng: rng(options, 2),
        containers: 0,
        next_id: 0,
        seed: options.seed,
    };
    for lot in 0..world.lots.len() {
        run_lot(world, lot, &mut flow, options);
    }
    if let Some(end) = options.end() {
        flow.cut_off(end);
    }
    flow
}

fn run_lot(world: &World, lot: usize, f: &mut Flow, options: &Options) {
    let product = &world.products[world.lots[lot].product];
    let (factory, maker) = (product.factory, product.maker);
    let mut t = world.lots[lot].made;
    let named = (
        world.lots[lot].lot.clone(),
        world.lots[lot].expiry.to_string(),
    );

    // Commissioning, 100 packs an event; sometimes the report comes much later.
    for packs in world.lots[lot].packs.chunks(100) {
        let mut e = f.event(
            world,
            factory,
            t,
            "commissioning",
            Some("active"),
            object("ADD", packs.to_vec()),
        );
        e.lot = Some(named.clone());
        if f.rng.random_bool(options.noise.late_commissioning) {
            e.held_back = f.rng.random_range(10..50) * HOUR;
        }
        f.push(e);
        t += f.minutes(5, 20);
    }
    // Packs into cases, cases onto a pallet.
    t += HOUR;
    let mut cases = Vec::with_capacity(CASES_PER_LOT);
    for packs in world.lots[lot].packs.chunks(PACKS_PER_CASE) {
        let case = f.sscc(world, maker);
        let e = f.event(
            world,
            factory,
            t,
            "packing",
            Some("in_progress"),
            aggregation("ADD", &case, packs.to_vec()),
        );
        f.push(e);
        t += f.minutes(3, 8);
        cases.push((case, packs.to_vec()));
    }
    t += HOUR;
    let pallet = f.sscc(world, maker);
    let on_pallet = cases.iter().map(|c| c.0.clone()).collect();
    let mut e = f.event(
        world,
        factory,
        t,
        "packing",
        Some("in_progress"),
        aggregation("ADD", &pallet, on_pallet),
    );
    if f.rng.random_bool(options.noise.late_packing) {
        e.held_back = f.rng.random_range(24..60) * HOUR;
    }
    f.push(e);

    // To a distribution centre.
    let centres = world.places("distribution_centre", None);
    let centre = centres.choose(&mut f.rng).copied().unwrap_or(factory);
    t += f.minutes(60, 240);
    ship(world, f, factory, centre, t, vec![pallet.clone()], options);
    t += f.transit(world, factory, centre);
    receive(world, f, centre, t, vec![pallet.clone()], options);
    t += f.minutes(60, 300);
    unpack(
        world,
        f,
        centre,
        t,
        &pallet,
        cases.iter().map(|c| c.0.clone()).collect(),
        options,
        false,
    );

    // Cases to wholesalers in the product's markets; several to one of them share a pallet.
    let mut by_wholesaler: BTreeMap<usize, Vec<(String, Vec<String>)>> = BTreeMap::new();
    let markets = product.markets.clone();
    let picks: Vec<&str> = markets.choose_multiple(&mut f.rng, 3).copied().collect();
    for case in cases {
        let country = picks.choose(&mut f.rng).copied().unwrap_or("DE");
        if let Some(&w) = world.places("wholesaler", Some(country)).first() {
            by_wholesaler.entry(w).or_default().push(case);
        }
    }
    for (wholesaler, cases) in by_wholesaler {
        to_wholesaler(world, f, lot, centre, wholesaler, t, cases, options);
    }
}

#[allow(clippy::too_many_arguments)]
fn to_wholesaler(
    world: &World,
    f: &mut Flow,
    lot: usize,
    centre: usize,
    wholesaler: usize,
    mut t: Micros,
    cases: Vec<(String, Vec<String>)>,
    options: &Options,
) {
    let names: Vec<String> = cases.iter().map(|c| c.0.clone()).collect();
    t += f.minutes(120, 600);
    let load = if names.len() > 1 {
        let pallet = f.sscc(world, world.locations[centre].party);
        let e = f.event(
            world,
            centre,
            t,
            "packing",
            Some("in_progress"),
            aggregation("ADD", &pallet, names.clone()),
        );
        f.push(e);
        t += f.minutes(30, 120);
        vec![pallet]
    } else {
        names.clone()
    };
    ship(world, f, centre, wholesaler, t, load.clone(), options);
    t += f.transit(world, centre, wholesaler);
    receive(world, f, wholesaler, t, load.clone(), options);
    t += f.minutes(60, 240);
    if names.len() > 1 {
        unpack(world, f, wholesaler, t, &load[0], names, options, true);
        t += f.minutes(30, 90);
    }
    for (case, packs) in cases {
        t += f.minutes(20, 180);
        unpack(world, f, wholesaler, t, &case, packs.clone(), options, true);
        to_outlets(world, f, lot, wholesaler, t, packs, options);
    }
}

fn to_outlets(
    world: &World,
    f: &mut Flow,
    lot: usize,
    wholesaler: usize,
    t: Micros,
    mut packs: Vec<String>,
    options: &Options,
) {
    let product = &world.products[world.lots[lot].product];
    let outlets = world.places(product.outlet, Some(world.locations[wholesaler].country));
    packs.shuffle(&mut f.rng);
    for parcel in packs.chunks(5) {
        let Some(&outlet) = outlets.choose(&mut f.rng) else {
            continue;
        };
        let shipped = t + f.minutes(60, 1800);
        ship(
            world,
            f,
            wholesaler,
            outlet,
            shipped,
            parcel.to_vec(),
            options,
        );
        let delivered = shipped + f.transit(world, wholesaler, outlet);
        receive(world, f, outlet, delivered, parcel.to_vec(), options);
        for pack in parcel {
            let mut sold = None;
            if f.rng.random_bool(0.7) {
                let time = delivered + f.rng.random_range(2 * 60..options.shelf_minutes()) * MINUTE;
                let time = f.customer(world, outlet, time);
                let e = f.event(
                    world,
                    outlet,
                    time,
                    product.terminal,
                    Some(if product.terminal == "dispensing" {
                        "dispensed"
                    } else {
                        "retail_sold"
                    }),
                    object("OBSERVE", vec![pack.clone()]),
                );
                sold = Some(f.push(e));
            }
            f.fates.insert(
                pack.clone(),
                Fate {
                    lot,
                    outlet,
                    delivered,
                    shipped,
                    sold,
                    taken: false,
                },
            );
        }
    }
}

fn ship(
    world: &World,
    f: &mut Flow,
    from: usize,
    to: usize,
    time: Micros,
    epcs: Vec<String>,
    options: &Options,
) {
    // Some publish the shipment against a despatch advice, as a TransactionEvent.
    let shape = if f.rng.random_bool(0.15) {
        let n = f.events.len();
        Shape::Transaction {
            action: "ADD",
            epcs,
            transactions: vec![(
                "desadv",
                format!(
                    "urn:epcglobal:cbv:bt:{}:DA{n:07}",
                    world.locations[from].gln
                ),
            )],
        }
    } else {
        object("OBSERVE", epcs)
    };
    let mut e = f.event(world, from, time, "shipping", Some("in_transit"), shape);
    e.destination = Some(to);
    if f.rng.random_bool(options.noise.missed_reads) {
        return;
    }
    f.push(e);
}

fn receive(
    world: &World,
    f: &mut Flow,
    at: usize,
    time: Micros,
    epcs: Vec<String>,
    options: &Options,
) {
    if f.rng.random_bool(options.noise.missed_reads) {
        return;
    }
    let e = f.event(
        world,
        at,
        time,
        "receiving",
        Some("in_progress"),
        object("OBSERVE", epcs),
    );
    f.push(e);
}

#[allow(clippy::too_many_arguments)]
fn unpack(
    world: &World,
    f: &mut Flow,
    at: usize,
    time: Micros,
    parent: &str,
    children: Vec<String>,
    options: &Options,
    may_be_missed: bool,
) {
    if may_be_missed && f.rng.random_bool(options.noise.missed_reads) {
        return;
    }
    let named = if f.rng.random_bool(0.3) {
        Vec::new()
    } else {
        children
    };
    let mut e = f.event(
        world,
        at,
        time,
        "unpacking",
        Some("in_progress"),
        aggregation("DELETE", parent, named),
    );
    if f.rng.random_bool(options.noise.late_packing) {
        e.held_back = f.rng.random_range(24..60) * HOUR;
    }
    f.push(e);
}

/// The last ordinary moment of the world.
pub(crate) fn last_time(f: &Flow) -> Micros {
    f.events
        .iter()
        .flatten()
        .map(|e| e.time)
        .max()
        .unwrap_or(0)
        .max(DAY)
}
