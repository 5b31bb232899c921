//! One unit's reads in event-time order: what every rule is a function of.

use serialtrail_gs1::{Epc, UnitKind};
use serialtrail_records::Micros;

use crate::facts::{Facts, Product};
use crate::policy::Profile;
use crate::read::{HOUR, Read};

/// The asserted reads of one unit, by event time, ties by event id: the same list whatever order they
/// arrived in.
#[derive(Debug)]
pub struct History<'a> {
    /// Unit key.
    pub unit: &'a str,
    /// Kind of unit.
    pub kind: UnitKind,
    /// Asserted reads within the horizon, and older ones that never age out.
    pub reads: Vec<&'a Read<'a>>,
    /// Versions of the unit's product; reads refer to them by position.
    pub products: &'a [Product<'a>],
    /// Reads before this time (microseconds) raise nothing any more; they are context.
    pub raises_from: Micros,
}

impl<'a> History<'a> {
    /// Orders the reads; `raises_from` is stream time less the horizon.
    #[must_use]
    pub fn new(
        unit: &'a str,
        reads: impl IntoIterator<Item = &'a Read<'a>>,
        products: &'a [Product<'a>],
        raises_from: Micros,
    ) -> Self {
        let mut reads: Vec<_> = reads
            .into_iter()
            .filter(|r| r.asserted && (r.event_time >= raises_from || r.outlives_horizon()))
            .collect();
        // Mostly they come in order, which takes one look at each.
        reads.sort_by_key(|r| r.order());
        Self {
            unit,
            kind: Epc::from_record(unit).kind(),
            reads,
            products,
            raises_from,
        }
    }

    /// Countries the product may be sold in as of a read's event time; empty = anywhere.
    #[must_use]
    pub fn product_markets(&self, read: &Read<'_>) -> &'a [&'a str] {
        let version = usize::try_from(read.product)
            .ok()
            .and_then(|at| self.products.get(at));
        version.map_or(&[], |p| &p.markets)
    }

    /// Whether a read is recent enough to raise something.
    #[must_use]
    pub fn may_raise(&self, read: &Read<'_>) -> bool {
        read.event_time >= self.raises_from
    }

    /// A logistic unit or asset, or a trade item that has been read as a container.
    #[must_use]
    pub fn is_container(&self) -> bool {
        matches!(
            self.kind,
            UnitKind::Sscc | UnitKind::Grai | UnitKind::Giai | UnitKind::Gsin | UnitKind::Ginc
        ) || self.reads.iter().any(|r| r.role == "parent")
    }
}

/// How much later than `a` a read `b` may claim to be, or the other way round, before their order is
/// certain: nothing at one place, the clock tolerance between two (microseconds).
#[must_use]
pub fn tolerance(a: &Read<'_>, b: &Read<'_>, profile: &Profile) -> Micros {
    if a.same_place(b) {
        0
    } else {
        profile.clock_tolerance()
    }
}

/// Whether the clock behind a read is in doubt: flagged by the enricher, or long before commissioning.
#[must_use]
pub fn clock_suspect(read: &Read<'_>, facts: &Facts<'_>, profile: &Profile) -> bool {
    let early = i64::from(profile.clock_suspect_before_commissioning_hours) * HOUR;
    read.clock_suspect
        || facts
            .commissioned_at
            .is_some_and(|at| read.event_time < at - early)
}

/// Samples are outside trade: most rules leave them alone.
#[must_use]
pub fn is_sample(facts: &Facts<'_>) -> bool {
    matches!(facts.status, Some("sample" | "free_sample"))
}
