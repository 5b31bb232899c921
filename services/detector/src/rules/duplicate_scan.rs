//! DUPLICATE_SCAN: a unit ends twice. One of two scans of a unit that can be sold once is of a copy.

use serde_json::json;
use serialtrail_records::Micros;

use crate::facts::Facts;
use crate::finding::{Finding, iso, spelled_all};
use crate::history::{History, is_sample, tolerance};
use crate::lot::LotView;
use crate::policy::Profile;
use crate::read::{HOUR, MINUTE, Read};
use crate::rules::undo::{is_sale, undos};

/// Something that ends a unit: a read, or the registry's word.
#[derive(Clone, Copy)]
struct End<'a> {
    /// None: the registry says so.
    read: Option<&'a Read<'a>>,
    /// None: since before the first event.
    time: Option<Micros>,
    /// `destroying` and what else leaves nothing to sell or destroy.
    is_final: bool,
    /// A terminal read; everything else only restates that the unit has ended.
    is_terminal: bool,
}

impl<'a> End<'a> {
    fn of_read(read: &'a Read<'a>) -> Option<Self> {
        let is_terminal = read.is_terminal();
        let restates_final = ["destroyed", "exported"]
            .iter()
            .any(|d| read.persistent_set.contains(d) && read.step() != "decommissioning");
        let is_final =
            (is_terminal && read.step() == "destroying") || (!is_terminal && restates_final);
        (is_terminal || is_final || is_sale(read)).then_some(Self {
            read: Some(read),
            time: Some(read.event_time),
            is_final,
            is_terminal,
        })
    }

    fn of_registry(facts: &Facts<'_>) -> Option<Self> {
        let is_final = match facts.status? {
            "dispensed" => false,
            "destroyed" | "exported" => true,
            _ => return None,
        };
        Some(Self {
            read: None,
            time: facts.status_since,
            is_final,
            is_terminal: false,
        })
    }

    /// Whether this end certainly came before `later`: two sites' clocks may differ.
    fn certainly_before(&self, later: &End<'_>, profile: &Profile) -> bool {
        let Some(time) = self.time else { return true };
        let tolerance = match (self.read, later.read) {
            (Some(a), Some(b)) => tolerance(a, b, profile),
            _ => profile.clock_tolerance(),
        };
        later.time.is_some_and(|t| t - time > tolerance)
    }
}

/// One scan or one sale in several events; the first counts.
type Group<'a> = Vec<End<'a>>;

/// Whether `end` belongs to the same scan or sale as the group.
fn belongs(group: &Group<'_>, end: &End<'_>, profile: &Profile) -> bool {
    let Some(first) = group.first() else {
        return false;
    };
    let (Some(time), Some(read)) = (end.time, end.read) else {
        return false;
    };
    let scan = i64::from(profile.same_scan_minutes) * MINUTE;
    let sale = i64::from(profile.one_sale_hours) * HOUR;
    let same_step = group
        .iter()
        .filter(|e| e.is_terminal && end.is_terminal)
        .filter_map(|e| e.read)
        .find(|r| r.step() == read.step());
    if let Some(same) = same_step {
        return same.same_place(read) && time - same.event_time <= scan;
    }
    match first.read {
        Some(r) if !end.is_final => {
            r.party_at_work() == read.party_at_work() && time - r.event_time <= sale
        }
        Some(r) => r.same_place(read) && time - r.event_time <= scan,
        // The registry's word for this very sale, clocks aside.
        None => !first.certainly_before(end, profile),
    }
}

/// Reads that open a sold unit again; each does so once.
struct Openings<'a> {
    left: Vec<&'a Read<'a>>,
}

impl<'a> Openings<'a> {
    fn new(history: &History<'a>, facts: &Facts<'_>, lot: &LotView, profile: &Profile) -> Self {
        let undone = undos(history, facts, lot, profile);
        let undone = undone.iter().filter(|u| u.reopens_sale()).map(|u| u.read);
        let is_return = |r: &&Read<'_>| r.step() == "receiving" && r.says("returned");
        let returned = history
            .reads
            .iter()
            .copied()
            .filter(|r| profile.returns_reopen && is_return(r));
        let mut left: Vec<_> = undone.chain(returned).collect();
        left.sort_by_key(|r| r.order());
        Self { left }
    }

    /// Takes the first opening that may lie between a sale and the next end.
    fn take(&mut self, sale: &Group<'_>, next: &End<'_>, profile: &Profile) -> bool {
        let (Some(first), Some(next)) = (sale.first(), next.read) else {
            return false;
        };
        let found = self.left.iter().position(|o| {
            let after = match (first.read, first.time) {
                (Some(r), _) => o.event_time > r.event_time - tolerance(o, r, profile),
                (None, Some(since)) => o.event_time > since - profile.clock_tolerance(),
                (None, None) => true,
            };
            after && o.event_time < next.event_time + tolerance(o, next, profile)
        });
        found.map(|at| self.left.remove(at)).is_some()
    }
}

/// Anchored at the first read that ends the unit again; cites what it repeats as well.
pub fn judge<'a>(
    history: &History<'a>,
    facts: &Facts<'_>,
    lot: &LotView,
    profile: &Profile,
    _stream_time: Micros,
) -> Option<Finding<'a>> {
    if is_sample(facts) {
        return None;
    }
    let registered = End::of_registry(facts);
    let mut ends: Vec<_> = history
        .reads
        .iter()
        .filter_map(|r| End::of_read(r))
        .collect();
    if let Some(r) = registered {
        ends.insert(ends.partition_point(|e| e.time < r.time), r);
    }
    if !ends.iter().any(|e| e.is_terminal) || ends.len() < 2 {
        return None;
    }
    let mut openings = Openings::new(history, facts, lot, profile);
    let (mut sale, mut last): (Group<'a>, Group<'a>) = (Vec::new(), Vec::new());
    let mut repeats: Vec<(Option<&Read<'_>>, &Read<'_>)> = Vec::new();
    for end in ends {
        let group = if end.is_final { &mut last } else { &mut sale };
        if belongs(group, &end, profile) {
            group.push(end);
            continue;
        }
        if !end.is_terminal {
            let reopened = !end.is_final && openings.take(group, &end, profile);
            if group.is_empty() || reopened {
                *group = vec![end];
            }
            continue;
        }
        let after_final = last
            .first()
            .is_some_and(|l| end.is_final || l.certainly_before(&end, profile));
        let again = if after_final {
            last.first()
        } else if !end.is_final && !sale.is_empty() && !openings.take(&sale, &end, profile) {
            sale.first()
        } else {
            None
        };
        if let (Some(first), Some(read)) = (again, end.read)
            && history.may_raise(read)
        {
            repeats.push((first.read, read));
        }
        let group = if end.is_final { &mut last } else { &mut sale };
        *group = vec![end];
    }
    let anchor = repeats.first()?.1;
    let scans = repeats
        .iter()
        .flat_map(|(first, again)| first.iter().copied().chain([*again]));
    let finding = Finding::new(anchor, scans);
    let spelled = spelled_all(finding.reads.iter().copied());
    let finding = finding
        .with("scans", spelled)
        .with("repeats", repeats.len());
    Some(match registered {
        Some(r) => finding.with(
            "registered",
            json!({"status": facts.status, "since": r.time.map(iso)}),
        ),
        None => finding,
    })
}
