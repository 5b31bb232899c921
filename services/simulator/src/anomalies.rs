//! Labelled anomalies: each is one thing that really went wrong, cut into the ordinary flow so that it
//! raises its rule and no other. Ordinary lookalikes (returns in fashion, sales declared in error,
//! recalled goods on their way back) are cut in too, unlabelled: they must raise nothing.

use rand::Rng;
use rand::seq::IndexedRandom;

use crate::event::{DAY, Event, HOUR, MINUTE, Micros, Shape};
use crate::flow::{Flow, last_time};
use crate::geography::{countries, distance_km};
use crate::identifiers as id;
use crate::truth::Label;
use crate::world::{Options, World};

fn observe(epcs: Vec<String>) -> Shape {
    Shape::Object {
        action: "OBSERVE",
        epcs,
        classes: Vec::new(),
    }
}

pub(crate) fn label(rule: &str, urn: &str, events: Vec<String>, what: &str) -> Label {
    Label {
        rule: rule.to_owned(),
        epc: id::link(urn),
        events,
        what: what.to_owned(),
    }
}

pub(crate) struct Cutter<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) flow: &'a mut Flow,
    pub(crate) truth: Vec<Label>,
    /// Nothing labelled happens later: stream time must still pass every grace period.
    pub(crate) until: Micros,
}

/// Cuts anomalies and lookalikes into the flow and returns the labels.
pub(crate) fn inject(world: &mut World, flow: &mut Flow, options: &Options) -> Vec<Label> {
    let until = last_time(flow) - 6 * DAY;
    let mut c = Cutter {
        world,
        flow,
        truth: Vec::new(),
        until,
    };
    let n = options.anomalies_per_rule;
    if n > 0 {
        c.recall();
        c.expired(n);
    }
    for _ in 0..n {
        c.unknown_serial();
        c.duplicate_scan();
        c.out_of_territory();
        c.impossible_travel();
        c.stolen();
    }
    for _ in 0..options.noise.lookalikes {
        c.declared_in_error();
        c.returned_in_fashion();
    }
    let mut truth = c.truth;
    truth.sort_by(|a, b| (&a.rule, &a.epc).cmp(&(&b.rule, &b.epc)));
    truth
}

impl Cutter<'_> {
    /// Takes a pack that satisfies `wanted` and that nothing else has used.
    fn take(&mut self, wanted: impl Fn(&World, &Flow, &str) -> bool) -> Option<String> {
        let free: Vec<&String> = self
            .flow
            .fates
            .iter()
            .filter(|(_, f)| !f.taken && self.world.lots[f.lot].recalled.is_none())
            .map(|(u, _)| u)
            .collect();
        // A few random tries, then a scan: most wishes are easy to meet.
        let mut picked = None;
        for _ in 0..200 {
            let u = (*free.choose(&mut self.flow.rng)?).clone();
            if wanted(self.world, self.flow, &u) {
                picked = Some(u);
                break;
            }
        }
        let picked = picked.or_else(|| {
            free.iter()
                .find(|u| wanted(self.world, self.flow, u))
                .map(|u| (*u).clone())
        })?;
        if let Some(f) = self.flow.fates.get_mut(&picked) {
            f.taken = true;
        }
        Some(picked)
    }

    fn sold_before(&self) -> impl Fn(&World, &Flow, &str) -> bool + use<> {
        let until = self.until;
        move |_, f, u| {
            let sold = f.fates[u].sold.and_then(|i| f.events[i].as_ref());
            sold.is_some_and(|e| e.time < until)
        }
    }

    pub(crate) fn unsell(&mut self, unit: &str) {
        let Some(i) = self.flow.fates.get_mut(unit).and_then(|f| f.sold.take()) else {
            return;
        };
        self.flow.events[i] = None;
    }

    pub(crate) fn read(
        &mut self,
        place: usize,
        time: Micros,
        step: &'static str,
        disposition: Option<&'static str>,
        unit: &str,
    ) -> Event {
        self.flow.event(
            self.world,
            place,
            time,
            step,
            disposition,
            observe(vec![unit.to_owned()]),
        )
    }

    fn unknown_serial(&mut self) {
        let Some(model) = self.take(|_, _, _| true) else {
            return;
        };
        let fate = self.flow.fates[&model].clone();
        let product = &self.world.products[self.world.lots[fate.lot].product];
        let (gtin, terminal) = (product.gtin.clone(), product.terminal);
        let fake = id::sgtin_urn(
            &gtin,
            &format!("FAKE{:08}", self.flow.rng.random_range(0..100_000_000)),
        );
        let at = fate.delivered.min(self.until - 2 * DAY);
        let first = self.read(fate.outlet, at, "receiving", Some("in_progress"), &fake);
        let second = self.read(fate.outlet, at + 20 * HOUR, terminal, None, &fake);
        let events = vec![first.id.clone(), second.id.clone()];
        self.flow.push(first);
        self.flow.push(second);
        self.truth.push(label(
            "UNKNOWN_SERIAL",
            &fake,
            events,
            "a serial nobody issued is received and sold",
        ));
    }

    fn duplicate_scan(&mut self) {
        let until = self.until - 4 * DAY;
        let Some(unit) = self.take(move |w, f, u| {
            let fate = &f.fates[u];
            let sold = fate.sold.and_then(|i| f.events[i].as_ref());
            let product = &w.products[w.lots[fate.lot].product];
            sold.is_some_and(|e| e.time < until)
                && w.places(product.outlet, Some(w.locations[fate.outlet].country))
                    .len()
                    > 1
        }) else {
            return;
        };
        let fate = self.flow.fates[&unit].clone();
        let Some(sold) = fate.sold.and_then(|i| self.flow.events[i].clone()) else {
            return;
        };
        let outlet_kind = self.world.locations[fate.outlet].kind;
        let country = self.world.locations[fate.outlet].country;
        let others: Vec<usize> = self
            .world
            .places(outlet_kind, Some(country))
            .into_iter()
            .filter(|&p| p != fate.outlet)
            .collect();
        let Some(&other) = others.choose(&mut self.flow.rng) else {
            return;
        };
        let e = self.read(
            other,
            sold.time + 3 * DAY,
            sold.step,
            sold.disposition,
            &unit,
        );
        let events = vec![sold.id, e.id.clone()];
        self.flow.push(e);
        self.truth.push(label(
            "DUPLICATE_SCAN",
            &unit,
            events,
            "a copy of a sold pack is sold again elsewhere",
        ));
    }

    fn out_of_territory(&mut self) {
        let until = self.until - 8 * DAY;
        let Some(unit) = self.take(move |w, f, u| {
            let fate = &f.fates[u];
            fate.shipped < until
                && w.products[w.lots[fate.lot].product].markets.len() < countries().len()
        }) else {
            return;
        };
        self.unsell(&unit);
        let fate = self.flow.fates[&unit].clone();
        let product = &self.world.products[self.world.lots[fate.lot].product];
        let abroad: Vec<usize> = self
            .world
            .places(product.outlet, None)
            .into_iter()
            .filter(|&p| !product.markets.contains(&self.world.locations[p].country))
            .collect();
        let Some(&place) = abroad.choose(&mut self.flow.rng) else {
            return;
        };
        let time = fate.delivered + 6 * DAY;
        let e = self.read(place, time, "receiving", Some("in_progress"), &unit);
        let events = vec![e.id.clone()];
        self.flow.push(e);
        self.truth.push(label(
            "OUT_OF_TERRITORY",
            &unit,
            events,
            "a diverted pack is received outside its markets",
        ));
    }

    fn impossible_travel(&mut self) {
        let until = self.until - 2 * DAY;
        let Some(unit) = self.take(move |w, f, u| {
            let fate = &f.fates[u];
            // The genuine read at the outlet must have happened, the first product is sold everywhere.
            fate.delivered < until
                && w.products[w.lots[fate.lot].product].markets.len() == countries().len()
                && f.events.iter().flatten().any(|e| {
                    e.time == fate.delivered && e.place == fate.outlet && e.units().any(|x| x == u)
                })
        }) else {
            return;
        };
        self.unsell(&unit);
        let fate = self.flow.fates[&unit].clone();
        let here = self.world.locations[fate.outlet].position();
        let kind = self.world.locations[fate.outlet].kind;
        let far: Vec<usize> = self
            .world
            .places(kind, None)
            .into_iter()
            .filter(|&p| distance_km(here, self.world.locations[p].position()) > 2500.0)
            .collect();
        let Some(&place) = far.choose(&mut self.flow.rng) else {
            return;
        };
        let e = self.read(
            place,
            fate.delivered + 30 * MINUTE,
            "receiving",
            Some("in_progress"),
            &unit,
        );
        let events = vec![e.id.clone()];
        self.flow.push(e);
        self.truth.push(label(
            "IMPOSSIBLE_TRAVEL",
            &unit,
            events,
            "a copy is received half an hour later, thousands of kilometres away",
        ));
    }

    fn stolen(&mut self) {
        let until = self.until - 5 * DAY;
        let Some(unit) = self.take(move |_, f, u| f.fates[u].delivered < until) else {
            return;
        };
        self.unsell(&unit);
        let fate = self.flow.fates[&unit].clone();
        let theft = self.read(
            fate.outlet,
            fate.delivered + 5 * HOUR,
            "inspecting",
            Some("stolen"),
            &unit,
        );
        let kind = self.world.locations[fate.outlet].kind;
        let country = self.world.locations[fate.outlet].country;
        let Some(&fence) = self
            .world
            .places(kind, Some(country))
            .choose(&mut self.flow.rng)
        else {
            return;
        };
        let seen = self.read(
            fence,
            fate.delivered + 4 * DAY,
            "receiving",
            Some("in_progress"),
            &unit,
        );
        let events = vec![seen.id.clone()];
        self.flow.push(theft);
        self.flow.push(seen);
        self.truth.push(label(
            "STATUS_VIOLATION",
            &unit,
            events,
            "a stolen pack turns up again",
        ));
    }

    /// Ordinary: a sale booked by mistake, declared in error, and the real sale later elsewhere.
    fn declared_in_error(&mut self) {
        let wanted = self.sold_before();
        let Some(unit) = self.take(wanted) else {
            return;
        };
        let fate = self.flow.fates[&unit].clone();
        let Some(sold) = fate.sold.and_then(|i| self.flow.events[i].clone()) else {
            return;
        };
        if sold.time - fate.delivered < 3 * HOUR {
            return;
        }
        let mut mistake = self.read(
            fate.outlet,
            fate.delivered + HOUR,
            sold.step,
            sold.disposition,
            &unit,
        );
        mistake.publishes_id = true;
        let mut declared = mistake.clone();
        declared.declared_in_error = Some(mistake.time + 2 * HOUR);
        self.flow.push(mistake);
        self.flow.push(declared);
    }

    /// Ordinary in fashion: sold, brought back, sold again.
    fn returned_in_fashion(&mut self) {
        let until = self.until - 5 * DAY;
        let Some(unit) = self.take(move |w, f, u| {
            let fate = &f.fates[u];
            let sold = fate.sold.and_then(|i| f.events[i].as_ref());
            w.products[w.lots[fate.lot].product].profile == "fashion"
                && sold.is_some_and(|e| e.time < until)
        }) else {
            return;
        };
        let fate = self.flow.fates[&unit].clone();
        let Some(sold) = fate.sold.and_then(|i| self.flow.events[i].clone()) else {
            return;
        };
        let back = self.read(
            fate.outlet,
            sold.time + 2 * DAY,
            "receiving",
            Some("returned"),
            &unit,
        );
        let again = self.read(
            fate.outlet,
            sold.time + 4 * DAY,
            sold.step,
            sold.disposition,
            &unit,
        );
        self.flow.push(back);
        self.flow.push(again);
    }
}
