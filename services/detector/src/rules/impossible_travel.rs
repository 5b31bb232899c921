//! IMPOSSIBLE_TRAVEL: two reads next to each other in event time are farther apart than anything travels.

use serde_json::{Value, json};
use serialtrail_records::Micros;

use crate::distance::{Position, km, km_at_most};
use crate::facts::Facts;
use crate::finding::{Finding, SPELLED_OUT, iso};
use crate::history::{History, clock_suspect, is_sample};
use crate::lot::LotView;
use crate::policy::Profile;
use crate::read::{HOUR, MINUTE, Read};

/// Reads on either side of an impossible pair that a time zone error is tried on.
const AROUND: usize = 10;

/// A read with a position and a time that may be shifted.
#[derive(Clone, Copy)]
struct Stop<'a> {
    read: &'a Read<'a>,
    at: Position,
    time: Micros,
}

struct Leg<'a> {
    from: Stop<'a>,
    to: Stop<'a>,
    km: f64,
    kmh: f64,
}

impl<'a> Leg<'a> {
    fn new(from: Stop<'a>, to: Stop<'a>, profile: &Profile) -> Self {
        Self::of(from, to, km(from.at, to.at), profile)
    }

    fn of(from: Stop<'a>, to: Stop<'a>, km: f64, profile: &Profile) -> Self {
        let radii = [from, to].map(|s| s.read.radius_km.unwrap_or(0.0).max(0.0));
        let free = profile.travel_free_km.max(radii[0] + radii[1]);
        let time = to.time - from.time + profile.clock_tolerance();
        // A tolerance of nothing and two reads at one moment: any distance is too far.
        let hours = (time as f64 / HOUR as f64).max(1e-9);
        let kmh = (km - free) / hours;
        Self { from, to, km, kmh }
    }

    fn is_impossible(&self, profile: &Profile) -> bool {
        self.kmh > profile.travel_max_kmh
    }

    /// Both reads are also reads of one container, and the pair rests on what the unit inherits from it:
    /// the container raises.
    fn is_the_containers(&self) -> bool {
        let (from, to) = (self.from.read, self.to.read);
        !(from.direct && to.direct)
            && from
                .containers()
                .iter()
                .any(|c| to.containers().contains(c))
    }

    fn spelled(&self) -> Value {
        let (from, to) = (self.from.read, self.to.read);
        json!({
            "from": from.event_id, "to": to.event_id,
            "left": iso(from.event_time), "arrived": iso(to.event_time),
            "from_place": from.place, "to_place": to.place,
            "km": (self.km * 10.0).round() / 10.0,
            "kmh": self.kmh.round() as i64,
        })
    }
}

/// Whether no leg is impossible even by the way round, which is cheaply reckoned: so it is of nearly every
/// unit.
fn possible_at_a_glance<'a>(mut stops: impl Iterator<Item = Stop<'a>>, profile: &Profile) -> bool {
    let mut before: Option<Stop<'a>> = None;
    stops.all(|to| {
        before.replace(to).is_none_or(|from| {
            let km = km_at_most(from.at, to.at);
            !Leg::of(from, to, km, profile).is_impossible(profile)
        })
    })
}

fn legs<'a>(stops: &[Stop<'a>], profile: &Profile) -> impl Iterator<Item = Leg<'a>> {
    stops.windows(2).map(|w| Leg::new(w[0], w[1], profile))
}

/// Anchored at the arrival of the first impossible leg: the read that cannot have happened after the one
/// before it.
pub fn judge<'a>(
    history: &History<'a>,
    facts: &Facts<'_>,
    _lot: &LotView,
    profile: &Profile,
    _stream_time: Micros,
) -> Option<Finding<'a>> {
    if is_sample(facts) {
        return None;
    }
    let stops = || {
        let trusted = history.reads.iter().copied();
        let trusted = trusted.filter(|r| !clock_suspect(r, facts, profile));
        trusted.filter_map(|read| {
            let at = Position::new(read.latitude?, read.longitude?)?;
            let time = read.event_time;
            Some(Stop { read, at, time })
        })
    };
    if possible_at_a_glance(stops(), profile) {
        return None;
    }
    let stops: Vec<_> = stops().collect();
    let wrong: Vec<_> = legs(&stops, profile)
        .enumerate()
        .filter(|(_, leg)| leg.is_impossible(profile) && !leg.is_the_containers())
        .filter(|(_, leg)| history.may_raise(leg.to.read))
        .collect();
    let anchor = wrong.first()?.1.to.read;
    let reads = wrong
        .iter()
        .flat_map(|(_, leg)| [leg.from.read, leg.to.read]);
    let spelled: Value = wrong
        .iter()
        .take(SPELLED_OUT)
        .map(|(_, leg)| leg.spelled())
        .collect();
    let mut finding = Finding::new(anchor, reads)
        .with("legs", spelled)
        .with("legs_total", wrong.len());
    let first = wrong.first().map_or(0, |(i, _)| *i);
    let last = wrong.last().map_or(0, |(i, _)| *i);
    if let Some((read, minutes)) = time_zone_error(&stops, first, last, profile) {
        finding.likely_cause = Some("likely_time_zone_error");
        finding = finding.with(
            "shifted",
            json!({"event": read.event_id, "minutes": minutes}),
        );
    }
    Some(finding)
}

/// A read among the impossible legs whose shift, by its UTC offset or by an hour, makes the whole
/// journey around them possible; with the shift in minutes.
fn time_zone_error<'a>(
    stops: &[Stop<'a>],
    first: usize,
    last: usize,
    profile: &Profile,
) -> Option<(&'a Read<'a>, i64)> {
    let from = first.saturating_sub(AROUND);
    let to = (last + 2 + AROUND).min(stops.len());
    let around = &stops[from..to];
    for moved in first - from..=last + 1 - from {
        let read = around[moved].read;
        for minutes in shifts(read, around[moved].at) {
            let mut shifted = around.to_vec();
            shifted[moved].time += minutes * MINUTE;
            shifted.sort_by_key(|s| (s.time, s.read.event_id));
            if legs(&shifted, profile).all(|leg| !leg.is_impossible(profile)) {
                return Some((read, minutes));
            }
        }
    }
    None
}

/// Shifts to try on a read, minutes: an hour either way (summer time) and the site's UTC offset, as the
/// event names it or, where it names none, as the longitude suggests.
fn shifts(read: &Read<'_>, at: Position) -> Vec<i64> {
    let named = i64::from(read.zone_offset_minutes);
    let solar = (at.longitude / 15.0).round() as i64 * 60;
    let offset = if named == 0 { solar } else { named };
    let mut out = vec![60, -60];
    if offset != 0 && offset.abs() != 60 {
        out.extend([offset, -offset]);
    }
    out
}
