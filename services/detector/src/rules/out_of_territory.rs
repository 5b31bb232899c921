//! OUT_OF_TERRITORY: a unit is read, directly or inside its container, at a point of trade in a country
//! it may not be sold in.

use std::collections::BTreeSet;

use serde_json::json;
use serialtrail_records::Micros;

use crate::facts::Facts;
use crate::finding::{Finding, spelled_all};
use crate::history::{History, is_sample};
use crate::lot::LotView;
use crate::policy::Profile;
use crate::read::Read;

/// Where a unit is in trade; everywhere else it passes through.
const TRADE: [&str; 5] = ["wholesaler", "pharmacy", "hospital", "shop", "supermarket"];
/// Parties whose sites count as transit.
const TRANSIT_PARTIES: [&str; 3] = ["repackager", "parallel_distributor", "authority"];

/// The countries that hold for the unit at a read, and whose list it is: the unit's, else the lot's, else
/// the product's at that time. Empty: anywhere.
fn markets<'m>(
    history: &History<'m>,
    facts: &'m Facts<'_>,
    lot: &'m LotView,
    read: &Read<'_>,
) -> Markets<'m> {
    if !facts.markets.is_empty() {
        Markets::of("unit", &facts.markets)
    } else if !lot.markets.is_empty() {
        Markets {
            whose: "lot",
            listed: &[],
            of_lot: &lot.markets,
        }
    } else {
        Markets::of("product", history.product_markets(read))
    }
}

/// A list of countries; one of the two is empty.
struct Markets<'m> {
    whose: &'static str,
    listed: &'m [&'m str],
    of_lot: &'m [String],
}

impl<'m> Markets<'m> {
    fn of(whose: &'static str, listed: &'m [&'m str]) -> Self {
        Self {
            whose,
            listed,
            of_lot: &[],
        }
    }

    fn iter(&self) -> impl Iterator<Item = &'m str> {
        let of_lot = self.of_lot.iter().map(String::as_str);
        self.listed.iter().copied().chain(of_lot)
    }

    /// Whether a country is not among them; never where there are none.
    fn exclude(&self, country: &str) -> bool {
        let mut any = false;
        let listed = self.iter().any(|m| {
            any = true;
            m.eq_ignore_ascii_case(country)
        });
        any && !listed
    }
}

fn in_trade(read: &Read<'_>) -> bool {
    read.site_kind.is_some_and(|kind| TRADE.contains(&kind))
        && !read
            .party_role
            .is_some_and(|role| TRANSIT_PARTIES.contains(&role))
        && !read.is_consumer_scan()
}

/// One finding a unit, citing every read in a foreign market.
pub fn judge<'a>(
    history: &History<'a>,
    facts: &Facts<'_>,
    lot: &LotView,
    _profile: &Profile,
    _stream_time: Micros,
) -> Option<Finding<'a>> {
    if !facts.known || is_sample(facts) || history.is_container() {
        return None;
    }
    let abroad = |r: &&Read<'_>| {
        let elsewhere = |c: &str| markets(history, facts, lot, r).exclude(c);
        in_trade(r) && history.may_raise(r) && r.country.is_some_and(elsewhere)
    };
    let reads = || history.reads.iter().copied().filter(abroad);
    let anchor = reads().next()?;
    let countries: BTreeSet<_> = reads().filter_map(|r| r.country).collect();
    let allowed = markets(history, facts, lot, anchor);
    let countries_allowed: BTreeSet<_> = allowed.iter().collect();
    Some(
        Finding::new(anchor, reads())
            .with("reads", spelled_all(reads()))
            .with("countries", json!(countries))
            .with("markets", json!(countries_allowed))
            .with("markets_of", allowed.whose),
    )
}
