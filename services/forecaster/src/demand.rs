//! What demand is: the reads of one unit in, days of demand out. Plain functions, no clock, no I/O.
//!
//! Demand is what was dispensed or sold, by the event's local date and the site's country, less what
//! came back, what was declared in error (such reads no longer stand and are not handed in) and the
//! second sale of a DUPLICATE_SCAN.
//!
//! - A sale is `retail_selling`, or `dispensing` unless `partially_dispensed`: a pack given out in
//!   parts counts when it is ended, once. `destroying` sells nothing.
//! - Several events can be one sale: the same step at the same place within minutes, or `dispensing`
//!   and `retail_selling` by one party within hours. The first of them counts.
//! - A return is `receiving` with disposition `returned`, or an undo (`persistentDisposition.unset` of a
//!   sold or inactive state) that STATUS_VIOLATION does not refuse. It counts on its own date in its own
//!   country, and only where it takes back a sale: of the several places that receive a returned
//!   pack on its way back the first counts, and a pack that comes back unsold counts nowhere.
//! - Of a class (a lot or product by quantity) every sale and every return counts with its quantity.

use crate::day::{Day, HOUR, MINUTE, local_day};
use serialtrail_records::Micros;
use std::collections::{BTreeMap, HashSet};

/// Version of what is written in this module. Raise it with every change of meaning: all days are then
/// computed anew.
pub const RULE: u32 = 1;

/// Dispositions an undo takes back.
pub const UNDONE: [&str; 3] = ["dispensed", "retail_sold", "inactive"];

/// Two sites' clocks may differ by this much.
const CLOCK_TOLERANCE: Micros = 10 * MINUTE;

/// When several events are one sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneSale {
    /// Minutes within which the same step at the same place is one scan.
    pub same_scan_minutes: u32,
    /// Hours within which `dispensing` and `retail_selling` by one party are one sale.
    pub one_sale_hours: u32,
}

/// A read that stands, as far as demand asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DemandRead {
    /// Event.
    pub event_id: String,
    /// When it happened, UTC.
    pub event_time: Micros,
    /// Minutes east of UTC.
    pub zone_offset_minutes: i32,
    /// `ObjectEvent`, ….
    pub event_type: String,
    /// Business step, bare CBV word.
    pub biz_step: String,
    /// Disposition, bare CBV word.
    pub disposition: String,
    /// Dispositions set.
    pub persistent_set: Vec<String>,
    /// Dispositions taken back.
    pub persistent_unset: Vec<String>,
    /// Where: the site's GLN, else the read point or location as given; empty when nowhere is named.
    pub place: String,
    /// Country of the site, empty when reference data does not know the place.
    pub country: String,
    /// The party at work: the site's operator, else the publisher.
    pub party: String,
    /// Quantity of a class; none of a unit.
    pub quantity: Option<f64>,
    /// Unit of measure of that quantity; empty = a count.
    pub uom: String,
}

impl DemandRead {
    /// A terminal read that is demand.
    #[must_use]
    pub fn is_sale(&self) -> bool {
        match self.biz_step.as_str() {
            "dispensing" => self.disposition != "partially_dispensed",
            "retail_selling" => true,
            _ => false,
        }
    }

    /// A read that brings goods back.
    #[must_use]
    pub fn is_return(&self) -> bool {
        let says = self.disposition == "returned"
            || self.persistent_set.iter().any(|word| word == "returned");
        self.biz_step == "receiving" && says
    }

    /// A read that takes a sale back.
    #[must_use]
    pub fn is_undo(&self) -> bool {
        let named = |word: &String| UNDONE.contains(&word.as_str());
        self.event_type == "ObjectEvent" && self.persistent_unset.iter().any(named)
    }

    fn same_place(&self, other: &Self) -> bool {
        !self.place.is_empty() && self.place == other.place
    }

    fn slot(&self, uom: &str) -> Slot {
        Slot {
            country: self.country.clone(),
            uom: uom.to_owned(),
            day: local_day(self.event_time, self.zone_offset_minutes),
        }
    }
}

/// What the alerts that stand say about one unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdicts {
    /// DUPLICATE_SCAN: the reads it cites and how many of them repeat another.
    pub duplicates: Vec<DuplicateScan>,
    /// Events that STATUS_VIOLATION refuses as undo.
    pub refused_undos: HashSet<String>,
}

/// One DUPLICATE_SCAN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DuplicateScan {
    /// Events it cites: what repeats, and what is repeated.
    pub event_ids: Vec<String>,
    /// How many of them repeat (evidence `repeats`).
    pub repeats: usize,
}

/// Where demand of one product counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Country of the site.
    pub country: String,
    /// Unit of measure, empty = units.
    pub uom: String,
    /// Local date.
    pub day: Day,
}

/// What one day adds up to, units or unit of measure.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// Dispensed or sold.
    pub sold: f64,
    /// Came back.
    pub returned: f64,
    /// Second sales of a DUPLICATE_SCAN.
    pub repeated: f64,
}

impl Sums {
    /// Demand of the day; below 0 when more came back than was sold.
    #[must_use]
    pub fn demand(&self) -> f64 {
        self.sold - self.returned - self.repeated
    }
}

/// Days of one product.
pub type Days = BTreeMap<Slot, Sums>;

/// Adds what one serialised unit did. `reads` are its standing reads, in any order.
pub fn add_unit(days: &mut Days, reads: &[DemandRead], verdicts: &Verdicts, rule: OneSale) {
    let mut reads: Vec<&DemandRead> = reads.iter().collect();
    reads.sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
    let mut sales: Vec<Sale<'_>> = Vec::new();
    let mut returns: Vec<(&DemandRead, usize)> = Vec::new();
    for read in reads.iter().copied() {
        if read.is_sale() {
            match sales.last_mut().filter(|sale| sale.includes(read, rule)) {
                Some(sale) => sale.events.push(read),
                None => sales.push(Sale::new(read)),
            }
        } else if takes_back(read, verdicts) {
            returns.push((read, sales.len()));
            if let Some(sale) = sales.last_mut() {
                sale.closed = true;
            }
        }
    }
    let repeated: HashSet<&str> = verdicts
        .duplicates
        .iter()
        .flat_map(|alert| repeats(alert, &reads, verdicts))
        .collect();
    for sale in &mut sales {
        sale.repeated = sale
            .events
            .iter()
            .any(|event| repeated.contains(event.event_id.as_str()));
        let sums = days.entry(sale.events[0].slot("")).or_default();
        sums.sold += 1.0;
        if sale.repeated {
            sums.repeated += 1.0;
        }
    }
    let mut taken = 0;
    for (read, before) in returns {
        // A sale at another site may carry a later time than the return of its own pack.
        let sold = sales
            .iter()
            .enumerate()
            .filter(|(at, sale)| {
                let time = sale.events[0].event_time;
                *at < before || time - read.event_time <= CLOCK_TOLERANCE
            })
            .filter(|(_, sale)| !sale.repeated)
            .count();
        if taken < sold {
            taken += 1;
            days.entry(read.slot("")).or_default().returned += 1.0;
        }
    }
}

/// Adds what one event did to a class. A quantity that is not told cannot be counted; one that is not a
/// number either.
pub fn add_class(days: &mut Days, read: &DemandRead) {
    let Some(quantity) = read.quantity.filter(|quantity| quantity.is_finite()) else {
        return;
    };
    if read.is_sale() {
        days.entry(read.slot(&read.uom)).or_default().sold += quantity;
    } else if read.is_return() {
        days.entry(read.slot(&read.uom)).or_default().returned += quantity;
    }
}

/// One sale in one or several events.
struct Sale<'a> {
    events: Vec<&'a DemandRead>,
    /// The goods came back: what is sold next is another sale.
    closed: bool,
    repeated: bool,
}

impl<'a> Sale<'a> {
    fn new(read: &'a DemandRead) -> Self {
        Self {
            events: vec![read],
            closed: false,
            repeated: false,
        }
    }

    /// Whether `read`, which is not earlier, belongs to this sale. The detector groups alike.
    fn includes(&self, read: &DemandRead, rule: OneSale) -> bool {
        let since = |earlier: &DemandRead| read.event_time - earlier.event_time;
        if self.closed {
            return false;
        }
        match self.events.iter().find(|e| e.biz_step == read.biz_step) {
            Some(same) => {
                same.same_place(read) && since(same) <= i64::from(rule.same_scan_minutes) * MINUTE
            }
            None => {
                self.events[0].party == read.party
                    && since(self.events[0]) <= i64::from(rule.one_sale_hours) * HOUR
            }
        }
    }
}

fn takes_back(read: &DemandRead, verdicts: &Verdicts) -> bool {
    read.is_return() || (read.is_undo() && !verdicts.refused_undos.contains(&read.event_id))
}

/// The cited reads that repeat another. An alert cites chains: what is repeated, then its repeats. It
/// tells how many repeat, so the rest begin chains: the earliest cited, then, as many as are left, the
/// first `destroying` or a sale after goods came back.
fn repeats<'a>(
    alert: &DuplicateScan,
    reads: &[&'a DemandRead],
    verdicts: &Verdicts,
) -> Vec<&'a str> {
    let mut begin = alert.event_ids.len().saturating_sub(alert.repeats);
    let (mut out, mut came_back, mut destroyed) = (Vec::new(), false, false);
    let mut is_earliest = true;
    for read in reads {
        came_back |= takes_back(read, verdicts);
        if !alert.event_ids.contains(&read.event_id) {
            continue;
        }
        let first_destroying = read.biz_step == "destroying" && !destroyed;
        destroyed |= first_destroying;
        let begins = is_earliest || first_destroying || came_back;
        (is_earliest, came_back) = (false, false);
        if begins && begin > 0 {
            begin -= 1;
        } else {
            out.push(read.event_id.as_str());
        }
    }
    out
}

#[cfg(test)]
#[path = "demand_tests.rs"]
mod tests;
