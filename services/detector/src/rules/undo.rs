//! Taking back a sale or a decommissioning (`persistentDisposition.unset`), and the conditions of the
//! European Medicines Verification System on it.

use serialtrail_records::Micros;

use crate::facts::Facts;
use crate::history::History;
use crate::lot::LotView;
use crate::policy::{Profile, UndoConditions};
use crate::read::{DAY, Read, SOLD, is_past};

/// What an undo amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It takes back what it names.
    Valid,
    /// The unit was active: nothing happens.
    NothingToUndo,
    /// It breaks these conditions and takes nothing back.
    Outside(Vec<&'static str>),
}

/// An undo and its judgement.
#[derive(Debug)]
pub struct Undo<'a> {
    /// The event that takes back.
    pub read: &'a Read<'a>,
    /// What it amounts to.
    pub verdict: Verdict,
}

impl Undo<'_> {
    /// Whether it validly takes back a sale.
    #[must_use]
    pub fn reopens_sale(&self) -> bool {
        self.verdict == Verdict::Valid && self.names_sale()
    }

    /// Whether it validly takes back a decommissioning.
    #[must_use]
    pub fn reactivates(&self) -> bool {
        self.verdict == Verdict::Valid && self.read.takes_back("inactive")
    }

    /// In the EMVS a dispensed pack is inactive too.
    fn names_sale(&self) -> bool {
        self.read.takes_back("inactive") || SOLD.iter().any(|d| self.read.takes_back(d))
    }
}

/// Whether a read says that the unit was sold or dispensed.
#[must_use]
pub fn is_sale(read: &Read<'_>) -> bool {
    let restated = SOLD.iter().any(|d| read.says(d)) && read.scan_kind.is_none();
    match read.step() {
        "destroying" | "decommissioning" => false,
        _ => read.is_terminal() || restated,
    }
}

/// Whether a read decommissions the unit.
#[must_use]
pub fn is_decommissioning(read: &Read<'_>) -> bool {
    read.step() == "decommissioning" || (read.says("inactive") && !read.is_terminal())
}

/// Every undo in the history, judged in event-time order.
#[must_use]
pub fn undos<'a>(
    history: &History<'a>,
    facts: &Facts<'_>,
    lot: &LotView,
    profile: &Profile,
) -> Vec<Undo<'a>> {
    let mut out: Vec<Undo<'a>> = Vec::new();
    // Reads from here on may have set what is taken back: what came before a valid undo is settled.
    let mut since = 0;
    for (at, read) in history.reads.iter().copied().enumerate() {
        let mut undo = Undo {
            read,
            verdict: Verdict::Valid,
        };
        if read.event_type != "ObjectEvent" || !undo.names_sale() {
            continue;
        }
        let before = &history.reads[since..at];
        undo.verdict = match profile.undo_conditions {
            UndoConditions::None => Verdict::Valid,
            UndoConditions::Emvs => judge(&undo, before, facts, lot, profile),
        };
        if undo.verdict == Verdict::Valid {
            since = at + 1;
        }
        out.push(undo);
    }
    out
}

/// When and, if an event says so, where the state named was set.
fn setter<'a>(
    undo: &Undo<'_>,
    before: &[&'a Read<'a>],
    facts: &Facts<'_>,
) -> Option<(Option<Micros>, Option<&'a Read<'a>>)> {
    let inactive = undo.read.takes_back("inactive");
    let sets = |r: &&&Read<'_>| is_sale(r) || (inactive && is_decommissioning(r));
    if let Some(read) = before.iter().rev().find(sets) {
        return Some((Some(read.event_time), Some(read)));
    }
    let registered = match facts.status {
        Some("dispensed") => true,
        Some("decommissioned") => inactive,
        _ => false,
    };
    let in_time = facts.status_since.is_none_or(|s| s <= undo.read.event_time);
    (registered && in_time).then_some((facts.status_since, None))
}

fn judge(
    undo: &Undo<'_>,
    before: &[&Read<'_>],
    facts: &Facts<'_>,
    lot: &LotView,
    profile: &Profile,
) -> Verdict {
    let at = undo.read.event_time;
    let holds = |word: &str| {
        let last = before
            .iter()
            .rev()
            .find(|r| r.says(word) || r.takes_back(word));
        let registered = facts.status == Some(word)
            && facts.status_since.is_none_or(|s| s <= at)
            && last.is_none();
        registered || last.is_some_and(|r| r.says(word))
    };
    let mut broken = Vec::new();
    if holds("stolen") {
        broken.push("stolen");
    }
    let destroyed = before
        .iter()
        .any(|r| r.step() == "destroying" || r.says("destroyed"));
    if destroyed || holds("destroyed") {
        broken.push("for_destruction");
    }
    match setter(undo, before, facts) {
        None if broken.is_empty() => return Verdict::NothingToUndo,
        None => broken.insert(0, "other_state"),
        Some((since, read)) => {
            if since.is_some_and(|s| at - s > i64::from(profile.undo_days) * DAY) {
                broken.push("too_late");
            }
            if read.is_some_and(|r| r.party_at_work() != undo.read.party_at_work()) {
                broken.push("other_party");
            }
            if read.is_some_and(|r| !r.same_place(undo.read)) {
                broken.push("other_premises");
            }
        }
    }
    let expiry = facts.expiry.or(lot.expiry.as_deref());
    if let (Some(expiry), Some(date)) = (expiry, undo.read.local_date())
        && is_past(expiry, date)
    {
        broken.push("expired");
    }
    for word in ["recalled", "withdrawn"] {
        let by_lot = lot.measures.iter().any(|m| {
            m.status == word
                && m.since.is_none_or(|s| s <= at)
                && (m.markets.is_empty()
                    || undo
                        .read
                        .country
                        .is_some_and(|c| m.markets.iter().any(|m| m == c)))
        });
        if by_lot || before.iter().any(|r| r.says(word)) {
            broken.push(word);
        }
    }
    if broken.is_empty() {
        Verdict::Valid
    } else {
        Verdict::Outside(broken)
    }
}
