//! STATUS_VIOLATION: a unit moves in trade although it is recalled, withdrawn or expired; anything
//! happens to it after theft or decommissioning; or an end is taken back against the conditions.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serialtrail_records::Micros;

use crate::facts::Facts;
use crate::finding::{Finding, SPELLED_OUT, iso, spelled};
use crate::history::History;
use crate::lot::LotView;
use crate::policy::Profile;
use crate::read::{Read, is_past};
use crate::rules::undo::{Undo, Verdict, is_decommissioning, undos};

/// Steps that bring a unit nearer to somebody who would use it.
const TRADING: [&str; 4] = ["shipping", "picking", "dispensing", "retail_selling"];
/// Steps of the way back, and of the end.
const RETURN_STEPS: [&str; 4] = [
    "commissioning",
    "destroying",
    "decommissioning",
    "void_shipping",
];
/// Dispositions of the way back.
const RETURN_DISPOSITIONS: [&str; 8] = [
    "recalled",
    "returned",
    "stolen",
    "expired",
    "destroyed",
    "inactive",
    "disposed",
    "non_sellable_other",
];

/// A state that forbids something, from its beginning to its end.
struct Ban<'a, 'f> {
    reason: &'static str,
    /// None: since before the first event.
    since: Option<Micros>,
    set_by: Option<&'a Read<'a>>,
    /// Place of the event that set it, when an event did.
    set_at: Option<&'f str>,
    lifted_by: Option<&'a Read<'a>>,
    /// Where it holds; empty = everywhere.
    markets: &'f [String],
    /// `registry`, `load`, or the id of the event that says so.
    source: &'f str,
}

impl Ban<'_, '_> {
    fn forbids(&self, read: &Read<'_>, profile: &Profile) -> bool {
        let any_read = matches!(self.reason, "stolen" | "decommissioned");
        let here = self.markets.is_empty()
            || read
                .country
                .is_some_and(|c| self.markets.iter().any(|m| m == c));
        let after = self
            .since
            .is_none_or(|s| read.event_time - s > apart(self.set_at, read, profile));
        let before_end = self
            .lifted_by
            .is_none_or(|l| l.event_time - read.event_time > apart(l.place, read, profile));
        here && after && before_end && (any_read || TRADING.contains(&read.step()))
    }
}

/// By how much the clocks of a place and of a read may differ.
fn apart(place: Option<&str>, read: &Read<'_>, profile: &Profile) -> Micros {
    if place.is_some() && place == read.place {
        0
    } else {
        profile.clock_tolerance()
    }
}

/// On its way back, or at the end of it.
fn is_return_flow(read: &Read<'_>) -> bool {
    RETURN_STEPS.contains(&read.step())
        || RETURN_DISPOSITIONS.iter().any(|d| read.says(d))
        || read.site_kind == Some("returns_centre")
        || (read.step() == "shipping"
            && read
                .destination_kinds
                .iter()
                .any(|k| matches!(*k, "returns_centre" | "returns_processor")))
}

/// Everything forbidden to the unit at some time.
fn bans<'a: 'f, 'f>(
    history: &History<'a>,
    facts: &'f Facts<'f>,
    lot: &'f LotView,
    profile: &Profile,
    undos: &[Undo<'a>],
) -> Vec<Ban<'a, 'f>> {
    let lifts = |reason: &str, r: &Read<'_>| match reason {
        "stolen" => r.takes_back("stolen"),
        "decommissioned" => {
            r.step() == "commissioning"
                || undos
                    .iter()
                    .any(|u| u.reactivates() && u.read.event_id == r.event_id)
        }
        // Recall and withdrawal are irreversible.
        _ => false,
    };
    let lifted_by = |reason: &str, since: Option<Micros>, set_at: Option<&str>| {
        history.reads.iter().copied().find(|r| {
            let after = |s| r.event_time > s - apart(set_at, r, profile);
            lifts(reason, r) && since.is_none_or(after)
        })
    };
    let reason_of = |status: &str| match status {
        "recalled" => Some("recalled"),
        "withdrawn" => Some("withdrawn"),
        "stolen" => Some("stolen"),
        "decommissioned" => Some("decommissioned"),
        _ => None,
    };
    let ban = |reason, since, set_at, source: &'f str| Ban {
        reason,
        since,
        set_by: None,
        set_at,
        lifted_by: lifted_by(reason, since, set_at),
        markets: &[],
        source,
    };
    let mut out = Vec::new();
    for m in &lot.measures {
        if let Some(reason) = reason_of(&m.status) {
            let ban = ban(reason, m.since, m.place.as_deref(), &m.source);
            out.push(Ban {
                markets: &m.markets,
                ..ban
            });
        }
    }
    if let Some(reason) = facts.status.and_then(reason_of) {
        out.push(ban(reason, facts.status_since, None, "registry"));
    }
    for read in history.reads.iter().copied() {
        let said = ["recalled", "withdrawn", "stolen"];
        let said = said.into_iter().filter(|word| read.says(word));
        for reason in said.chain(is_decommissioning(read).then_some("decommissioned")) {
            let ban = ban(reason, Some(read.event_time), read.place, read.event_id);
            out.push(Ban {
                set_by: Some(read),
                ..ban
            });
        }
    }
    out
}

struct Violation<'a> {
    read: &'a Read<'a>,
    reason: &'static str,
    detail: Value,
    set_by: Option<&'a Read<'a>>,
}

fn by_ban<'a>(read: &'a Read<'a>, ban: &Ban<'a, '_>) -> Violation<'a> {
    Violation {
        read,
        reason: ban.reason,
        detail: json!({"since": ban.since.map(iso), "source": ban.source}),
        set_by: ban.set_by,
    }
}

/// Anchored at the first violating read; cites the reads that set the state as well.
pub fn judge<'a>(
    history: &History<'a>,
    facts: &Facts<'_>,
    lot: &LotView,
    profile: &Profile,
    _stream_time: Micros,
) -> Option<Finding<'a>> {
    let undos = undos(history, facts, lot, profile);
    let violations = violations(history, facts, lot, profile, &undos);
    let first = violations.first()?;
    let mut by_reason: BTreeMap<&str, usize> = BTreeMap::new();
    for v in &violations {
        *by_reason.entry(v.reason).or_default() += 1;
    }
    let spelled: Value = violations
        .iter()
        .take(SPELLED_OUT)
        .map(|v| json!({"read": spelled(v.read), "reason": v.reason, "because": v.detail}))
        .collect();
    let cited = violations
        .iter()
        .flat_map(|v| v.set_by.into_iter().chain([v.read]));
    let mut finding = Finding::new(first.read, cited)
        .with("violations", spelled)
        .with("by_reason", json!(by_reason));
    finding.sub_reason = Some(first.reason.to_owned());
    Some(finding)
}

/// One violation a read at most, in event-time order.
fn violations<'a>(
    history: &History<'a>,
    facts: &Facts<'_>,
    lot: &LotView,
    profile: &Profile,
    undos: &[Undo<'a>],
) -> Vec<Violation<'a>> {
    let bans = bans(history, facts, lot, profile, undos);
    let expiry = facts.expiry.or(lot.expiry.as_deref());
    let judged = |read: &&'a Read<'a>| {
        let read: &'a Read<'a> = read;
        let undo = undos.iter().find(|u| u.read.event_id == read.event_id);
        if let Some(Verdict::Outside(broken)) = undo.map(|u| &u.verdict) {
            let detail = json!({"broken": broken, "days": profile.undo_days});
            return Some(Violation {
                read,
                reason: "undo",
                detail,
                set_by: None,
            });
        }
        if is_return_flow(read) {
            return None;
        }
        if let Some(ban) = bans.iter().find(|b| b.forbids(read, profile)) {
            return Some(by_ban(read, ban));
        }
        let trading = TRADING.contains(&read.step()) && !read.is_consumer_scan();
        let expiry = expiry.filter(|_| trading)?;
        let late = read.local_date().is_some_and(|d| is_past(expiry, d));
        late.then(|| Violation {
            read,
            reason: "expired",
            detail: json!({"expiry": expiry}),
            set_by: None,
        })
    };
    let recent = history.reads.iter().filter(|r| history.may_raise(r));
    recent.filter_map(judged).collect()
}
