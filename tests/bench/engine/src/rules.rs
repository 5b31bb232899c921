//! The contract as a plain function: what one scan means, given its serial's registry row and history.

use crate::wire::{EventId, Malformed, Row, Scan};

/// How many event ids of kept scans a serial remembers.
pub const REMEMBERED: usize = 16;

/// Mean radius of the Earth, km.
const EARTH_KM: f64 = 6371.0088;
/// A shorter way is no travel, km: positions are not that good.
const NEAR_KM: f64 = 50.0;
/// Faster than goods fly, km/h.
const TOO_FAST_KM_H: f64 = 900.0;
/// The shortest time between two scans, s: clocks are not better.
const SHORTEST_S: f64 = 1.0;

/// Steps after which a unit has left the chain.
const TERMINAL: [&str; 2] = ["dispensing", "retail_selling"];

/// What an alert says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The serial is not in the registry.
    Unknown,
    /// Dispensed or sold, and elsewhere than the first time.
    Duplicate,
    /// In a country that is none of its markets.
    Diversion,
    /// Too far from where it was last, for the time between.
    Travel,
}

impl Rule {
    /// Every rule, in the order of the alerts of one scan.
    pub const ALL: [Self; 4] = [
        Self::Unknown,
        Self::Duplicate,
        Self::Diversion,
        Self::Travel,
    ];

    /// The name in an alert.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Duplicate => "DUPLICATE",
            Self::Diversion => "DIVERSION",
            Self::Travel => "TRAVEL",
        }
    }
}

/// When and where a serial was last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Last {
    /// Time of the event, milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
}

/// What is known of a serial's kept scans.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct History<'a> {
    /// Event ids, oldest first, each as 16 bytes little-endian; at most [`REMEMBERED`].
    pub ids: &'a [[u8; 16]],
    /// The last one; `None` before the first.
    pub last: Option<Last>,
    /// Read point of the first terminal one.
    pub first_terminal: Option<&'a str>,
}

impl History<'_> {
    fn has(&self, id: EventId) -> bool {
        self.ids.contains(&id.0.to_le_bytes())
    }
}

/// The rules a kept scan fired: none, one or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fired([bool; 4]);

impl Fired {
    /// The rules, in the order of [`Rule::ALL`].
    pub fn rules(self) -> impl Iterator<Item = Rule> {
        Rule::ALL
            .into_iter()
            .filter(move |rule| self.0[*rule as usize])
    }
}

/// Judges a scan; `None` for one that was kept before and is to be dropped.
///
/// # Errors
/// The registry row's bytes are none.
pub fn judge(
    scan: &Scan<'_>,
    row: Option<Row<'_>>,
    history: &History<'_>,
) -> Result<Option<Fired>, Malformed> {
    if history.has(scan.id) {
        return Ok(None);
    }
    let diverted = match row {
        Some(row) => !row.allows(scan.country)?,
        None => false,
    };
    let elsewhere = |first: &str| is_terminal(scan) && first != scan.read_point;
    Ok(Some(Fired([
        row.is_none(),
        history.first_terminal.is_some_and(elsewhere),
        diverted,
        history.last.is_some_and(|last| travelled(last, scan)),
    ])))
}

/// Whether the unit leaves the chain with this scan.
#[must_use]
pub fn is_terminal(scan: &Scan<'_>) -> bool {
    TERMINAL.contains(&scan.biz_step)
}

fn travelled(last: Last, scan: &Scan<'_>) -> bool {
    let km = distance_km((last.lat, last.lon), (scan.lat, scan.lon));
    #[allow(clippy::cast_precision_loss)] // far more digits than times have
    let seconds = (scan.event_time_ms.saturating_sub(last.time_ms)) as f64 / 1000.0;
    km > NEAR_KM && km / (seconds.max(SHORTEST_S) / 3600.0) > TOO_FAST_KM_H
}

/// Great-circle distance of two positions in degrees, by the haversine formula.
#[must_use]
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let half_chord = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let (lat, other) = (from.0.to_radians(), to.0.to_radians());
    let h = half_chord(from.0, to.0) + lat.cos() * other.cos() * half_chord(from.1, to.1);
    2.0 * EARTH_KM * h.min(1.0).sqrt().asin()
}
