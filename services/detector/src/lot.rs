//! What is said about a lot, by loads and by recall events, whatever order it arrived in.

use serialtrail_gs1::place_gln;
use serialtrail_records::state_detector::DetectorLotStatement;
use serialtrail_records::{LotStatus, Micros};

/// A recall or withdrawal in force.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LotMeasure {
    /// Since when; null = since before the first event.
    pub since: Option<Micros>,
    /// `recalled` or `withdrawn`.
    pub status: String,
    /// Where it holds; empty = everywhere.
    pub markets: Vec<String>,
    /// `load`, or the id of the event that says so.
    pub source: String,
    /// GLN of the place of that event; null for a load.
    pub place: Option<String>,
}

/// What the rules know of a unit's lot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LotView {
    /// Last good day, ISO date.
    pub expiry: Option<String>,
    /// Replaces the product's markets; empty inherits.
    pub markets: Vec<String>,
    /// Recalls and withdrawals, earliest first.
    pub measures: Vec<LotMeasure>,
}

fn is_measure(status: &str) -> bool {
    matches!(status, "recalled" | "withdrawn")
}

/// Takes one statement in. Per (source, status) the highest version stays; a tie is settled by content,
/// so that order never decides. Returns whether anything changed.
pub fn state(statements: &mut Vec<DetectorLotStatement>, said: LotStatus) -> bool {
    let said = DetectorLotStatement {
        source: said.source,
        version: said.version,
        asserted: said.asserted,
        authorised: said.authorised,
        expiry: said.expiry,
        markets: said.markets,
        status: said.status,
        status_since: said.status_since,
        status_markets: said.status_markets,
        place: said.site.map(|site| place_gln(&site).unwrap_or(site)),
    };
    let key = |s: &DetectorLotStatement| (s.source.clone(), s.status.clone());
    match statements.binary_search_by_key(&key(&said), key) {
        Err(at) => statements.insert(at, said),
        Ok(at) if rank(&said) > rank(&statements[at]) => statements[at] = said,
        Ok(_) => return false,
    }
    true
}

type Rank<'a> = (
    i64,
    bool,
    bool,
    Option<Micros>,
    &'a [String],
    Option<&'a str>,
    &'a [String],
);

fn rank(s: &DetectorLotStatement) -> Rank<'_> {
    (
        s.version,
        !s.asserted,
        s.authorised,
        s.status_since,
        &s.status_markets,
        s.expiry.as_deref(),
        &s.markets,
    )
}

/// The view all statements together give. An event holds as its highest version says. A load's recall
/// or withdrawal is irreversible: a later `active` row does not take it back, only a statement that is
/// not asserted does. Statements of the unauthorised change nothing.
#[must_use]
pub fn view(statements: &[DetectorLotStatement]) -> LotView {
    let mut view = LotView::default();
    let mut start = 0;
    while start < statements.len() {
        let source = &statements[start].source;
        let count = statements[start..]
            .iter()
            .take_while(|s| s.source == *source)
            .count();
        add_source(&mut view, &statements[start..start + count]);
        start += count;
    }
    view.measures.sort();
    view
}

fn add_source(view: &mut LotView, statements: &[DetectorLotStatement]) {
    let Some(top) = statements.iter().max_by(|a, b| rank(a).cmp(&rank(b))) else {
        return;
    };
    let irreversible = top.source == "load";
    let taken_back = statements
        .iter()
        .filter(|s| !s.asserted)
        .map(|s| s.version)
        .max();
    let holds = |s: &&DetectorLotStatement| {
        s.asserted
            && s.authorised
            && taken_back.is_none_or(|t| s.version > t)
            && (irreversible || s.version == top.version)
    };
    for s in statements
        .iter()
        .filter(holds)
        .filter(|s| is_measure(&s.status))
    {
        view.measures.push(LotMeasure {
            since: s.status_since,
            status: s.status.clone(),
            markets: s.status_markets.clone(),
            source: s.source.clone(),
            place: s.place.clone(),
        });
    }
    // A load speaks for the lot's data before any event does.
    if holds(&top) {
        if top.expiry.is_some() && (irreversible || view.expiry.is_none()) {
            view.expiry.clone_from(&top.expiry);
        }
        if !top.markets.is_empty() && (irreversible || view.markets.is_empty()) {
            view.markets.clone_from(&top.markets);
        }
    }
}

#[cfg(test)]
#[path = "lot_tests.rs"]
mod tests;
