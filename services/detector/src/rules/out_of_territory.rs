//! OUT_OF_TERRITORY: a unit is read, directly or inside its container, at a point of trade in a country
//! it may not be sold in.

use std::collections::BTreeSet;

use serde_json::json;
use serialtrail_records::state_detector::DetectorRead;
use serialtrail_records::{Micros, UnitFacts};

use crate::finding::{Finding, spelled_all};
use crate::history::{History, is_sample};
use crate::lot::LotView;
use crate::policy::Profile;
use crate::read::Reading;

/// Where a unit is in trade; everywhere else it passes through.
const TRADE: [&str; 5] = ["wholesaler", "pharmacy", "hospital", "shop", "supermarket"];
/// Parties whose sites count as transit.
const TRANSIT_PARTIES: [&str; 3] = ["repackager", "parallel_distributor", "authority"];

/// The countries that hold for the unit at a read, and whose list it is: the unit's, else the lot's, else
/// the product's at that time. Empty: anywhere.
fn markets<'m>(
    history: &History<'m>,
    facts: &'m UnitFacts,
    lot: &'m LotView,
    read: &DetectorRead,
) -> (&'m [String], &'static str) {
    if !facts.markets.is_empty() {
        (&facts.markets, "unit")
    } else if !lot.markets.is_empty() {
        (&lot.markets, "lot")
    } else {
        (history.product_markets(read), "product")
    }
}

fn in_trade(read: &DetectorRead) -> bool {
    read.site_kind
        .as_deref()
        .is_some_and(|kind| TRADE.contains(&kind))
        && !read
            .party_role
            .as_deref()
            .is_some_and(|role| TRANSIT_PARTIES.contains(&role))
        && !read.is_consumer_scan()
}

/// One finding a unit, citing every read in a foreign market.
pub fn judge<'a>(
    history: &History<'a>,
    facts: &UnitFacts,
    lot: &LotView,
    _profile: &Profile,
    _stream_time: Micros,
) -> Option<Finding<'a>> {
    if !facts.known || is_sample(facts) || history.is_container() {
        return None;
    }
    let abroad = |r: &&DetectorRead| {
        let (allowed, _) = markets(history, facts, lot, r);
        let elsewhere = |c: &str| !allowed.iter().any(|m| m.eq_ignore_ascii_case(c));
        in_trade(r)
            && history.may_raise(r)
            && !allowed.is_empty()
            && r.country.as_deref().is_some_and(elsewhere)
    };
    let reads = || history.reads.iter().copied().filter(abroad);
    let anchor = reads().next()?;
    let countries: BTreeSet<_> = reads().filter_map(|r| r.country.as_deref()).collect();
    let (allowed, whose) = markets(history, facts, lot, anchor);
    let allowed: BTreeSet<_> = allowed.iter().collect();
    Some(
        Finding::new(anchor, reads())
            .with("reads", spelled_all(reads()))
            .with("countries", json!(countries))
            .with("markets", json!(allowed))
            .with("markets_of", whose),
    )
}
