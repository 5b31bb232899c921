//! Anomalies of a whole lot: recalled while its packs are on shelves, expired while on sale.

use crate::anomalies::{Cutter, label};
use crate::event::{DAY, HOUR, Micros, Shape};
use crate::identifiers as id;

impl Cutter<'_> {
    /// Recalls one lot: what is still on shelves goes back, but some packs are sold regardless.
    pub(crate) fn recall(&mut self) {
        let Some(lot) = (0..self.world.lots.len()).find(|&l| {
            let product = &self.world.products[self.world.lots[l].product];
            product.profile != "fashion" && self.last_delivery(l) < self.until - 4 * DAY
        }) else {
            return;
        };
        let at = self.last_delivery(lot) + 12 * HOUR;
        self.world.lots[lot].recalled = Some(at);
        let product = &self.world.products[self.world.lots[lot].product];
        let (gtin, factory) = (product.gtin.clone(), product.factory);
        let class = id::lgtin_urn(&gtin, &self.world.lots[lot].lot);
        let recall = self.flow.event(
            self.world,
            factory,
            at,
            "holding",
            Some("recalled"),
            Shape::Object {
                action: "OBSERVE",
                epcs: Vec::new(),
                classes: vec![(class, 200.0)],
            },
        );
        self.flow.push(recall);
        let after: Vec<(String, usize)> = self
            .flow
            .fates
            .iter()
            .filter(|(_, f)| f.lot == lot)
            .filter_map(|(u, f)| Some((u.clone(), f.sold?)))
            .filter(|(_, i)| self.flow.events[*i].as_ref().is_some_and(|e| e.time > at))
            .collect();
        for (n, (unit, sold)) in after.iter().enumerate() {
            let Some(e) = self.flow.events[*sold].clone() else {
                continue;
            };
            let careless = n % 3 == 0 && e.time > at + HOUR && e.time < self.until;
            if careless {
                self.truth.push(label(
                    "STATUS_VIOLATION",
                    unit,
                    vec![e.id],
                    "sold after the recall of its lot",
                ));
            } else {
                self.unsell(unit);
                let back = self.read(
                    e.place,
                    e.time.max(at + DAY),
                    "shipping",
                    Some("recalled"),
                    unit,
                );
                self.flow.push(back);
            }
        }
        for f in self.flow.fates.values_mut().filter(|f| f.lot == lot) {
            f.taken = true;
        }
    }

    fn last_delivery(&self, lot: usize) -> Micros {
        self.flow
            .fates
            .values()
            .filter(|f| f.lot == lot)
            .map(|f| f.delivered)
            .max()
            .unwrap_or(Micros::MAX)
    }

    /// Lets one lot expire while on sale: sold after its last good day.
    pub(crate) fn expired(&mut self, n: usize) {
        let Some(lot) = (0..self.world.lots.len()).find(|&l| {
            self.world.lots[l].recalled.is_none()
                && self.world.products[self.world.lots[l].product].profile == "food"
                && self.last_delivery(l) < self.until - 4 * DAY
        }) else {
            return;
        };
        let last_good = self.last_delivery(lot) + DAY;
        let Some(day) = chrono::DateTime::from_timestamp_micros(last_good).map(|d| d.date_naive())
        else {
            return;
        };
        self.world.lots[lot].expiry = day;
        let spelled = day.to_string();
        let number = self.world.lots[lot].lot.clone();
        for e in self.flow.events.iter_mut().flatten() {
            if let Some((l, expiry)) = &mut e.lot
                && *l == number
            {
                expiry.clone_from(&spelled);
            }
        }
        // The day ends at different moments around the world: keep well clear of it.
        let over = last_good + 2 * DAY;
        let mut left = n;
        let units: Vec<String> = self
            .flow
            .fates
            .iter()
            .filter(|(_, f)| f.lot == lot)
            .map(|(u, _)| u.clone())
            .collect();
        for unit in units {
            let Some(sold) = self.flow.fates[&unit].sold else {
                continue;
            };
            let Some(e) = self.flow.events[sold].clone() else {
                continue;
            };
            if e.time > over && e.time < self.until && left > 0 {
                left -= 1;
                self.truth.push(label(
                    "STATUS_VIOLATION",
                    &unit,
                    vec![e.id],
                    "sold after its last good day",
                ));
            } else if e.time > last_good - DAY {
                self.unsell(&unit);
            }
        }
        for f in self.flow.fates.values_mut().filter(|f| f.lot == lot) {
            f.taken = true;
        }
    }
}
