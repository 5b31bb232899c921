//! Where packs pass on their way from the factory to the pharmacy, and when.

/// A site, and who runs it.
pub(super) struct Place {
    pub(super) gln: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) country: &'static str,
    pub(super) party: String,
    pub(super) role: &'static str,
    pub(super) at: (f64, f64),
}

/// A step of a journey: business step, disposition, the site's position in the journey, hours after the
/// step before.
pub(super) type Step = (&'static str, &'static str, usize, i64);

pub(super) const JOURNEY: [Step; 12] = [
    ("commissioning", "active", 0, 0),
    ("packing", "in_progress", 0, 1),
    ("shipping", "in_transit", 0, 6),
    ("receiving", "in_progress", 1, 9),
    ("storing", "in_progress", 1, 2),
    ("shipping", "in_transit", 1, 20),
    ("receiving", "in_progress", 2, 11),
    ("shipping", "in_transit", 2, 30),
    ("receiving", "in_progress", 3, 5),
    ("unpacking", "in_progress", 3, 2),
    ("stocking", "sellable_accessible", 3, 1),
    ("dispensing", "dispensed", 3, 40),
];

/// The sites a pack can pass, by their position in the journey.
pub(super) fn places() -> Vec<Vec<Place>> {
    let kinds = [
        ("factory", "manufacturer"),
        ("distribution_centre", "logistics_provider"),
        ("wholesaler", "wholesaler"),
        ("pharmacy", "dispenser"),
    ];
    let towns = [
        ("DE", (52.52, 13.405)),
        ("FR", (48.8566, 2.3522)),
        ("PL", (52.2297, 21.0122)),
        ("JP", (35.6762, 139.6503)),
    ];
    let of = |level: usize| {
        let (kind, role) = kinds[level];
        let at = |(n, (country, at)): (usize, (&'static str, (f64, f64)))| Place {
            gln: format!("95210{level}{n}000017"),
            name: format!("{kind} number {n}"),
            kind,
            country,
            party: format!("95219{level}{n}000010"),
            role,
            at,
        };
        towns.into_iter().enumerate().map(at).collect()
    };
    (0..kinds.len()).map(of).collect()
}
