//! Sums over a lot.

use crate::alerts::some;
use crate::places::places;
use crate::problem::Problem;
use crate::select::Pace;
use crate::whereabouts::{Now, SCANNED, Scope, WHEREABOUTS, next_range};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use serialtrail_gs1::place_gln;
use std::collections::{BTreeMap, HashMap};

/// Units summed up by one statement.
const SUMMED: u64 = 4 * SCANNED;
/// Places shown.
const SITES: usize = 200;

/// Units by where they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Totals {
    units: u64,
    by_whereabouts: HashMap<String, u64>,
    /// Country to whereabouts.
    by_country: BTreeMap<String, HashMap<String, u64>>,
    /// (GLN, on the way to it).
    by_site: HashMap<(String, bool), u64>,
}

#[derive(Debug, Row, Deserialize)]
struct Group {
    whereabouts: String,
    country: String,
    site: String,
    destination: String,
    units: u64,
}

/// Sums up a lot, range by range.
pub(super) async fn totals(client: &Client, scope: &Scope) -> Result<Totals, Problem> {
    let mut totals = Totals::default();
    let mut after = scope.everything().after;
    loop {
        let (range, is_last) = next_range(client, scope, after, SUMMED).await?;
        let Now { sql, select } = Now::of(scope, &range);
        let sql = format!(
            "SELECT whereabouts, country, site, destination, count() AS units FROM ({sql}) GROUP BY ALL"
        );
        let mut groups = select.query(client, &sql, Pace::Long).fetch::<Group>()?;
        while let Some(group) = groups.next().await? {
            totals.add(group);
        }
        if is_last {
            return Ok(totals);
        }
        after = range.until;
    }
}

impl Totals {
    fn add(&mut self, group: Group) {
        let units = group.units;
        self.units += units;
        if !group.country.is_empty() {
            let country = self.by_country.entry(group.country).or_default();
            *country.entry(group.whereabouts.clone()).or_default() += units;
        }
        let place = match group.whereabouts.as_str() {
            "at_site" => some(group.site).map(|site| (site, false)),
            "in_transit" => place_gln(&group.destination).map(|to| (to, true)),
            _ => None,
        };
        if let Some(place) = place {
            *self.by_site.entry(place).or_default() += units;
        }
        *self.by_whereabouts.entry(group.whereabouts).or_default() += units;
    }

    /// As in the answer, with what is known of the places.
    pub(super) async fn json(self, client: &Client) -> Result<Value, Problem> {
        let mut sites: Vec<((String, bool), u64)> = self.by_site.into_iter().collect();
        sites.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        sites.truncate(SITES);
        let glns = sites.iter().map(|((gln, _), _)| gln.clone()).collect();
        let known = places(client, Some(glns)).await?;
        let sites: Vec<Value> = sites
            .into_iter()
            .map(|((gln, on_the_way), units)| {
                let place = known.get(&gln).cloned().unwrap_or_default();
                json!({
                    "site": gln,
                    "name": place.name,
                    "kind": place.kind,
                    "country": place.country,
                    "latitude": place.latitude,
                    "longitude": place.longitude,
                    "units": units,
                    "in_transit_to": on_the_way,
                })
            })
            .collect();
        let of = |map: &HashMap<String, u64>, names: &[&str]| -> Map<String, Value> {
            let count = |name: &&str| map.get(*name).copied().unwrap_or(0);
            names
                .iter()
                .map(|name| ((*name).to_owned(), count(name).into()))
                .collect()
        };
        let seen: Vec<&str> = WHEREABOUTS
            .iter()
            .copied()
            .filter(|w| *w != "unseen")
            .collect();
        let mut countries: Vec<(String, u64, Map<String, Value>)> = self
            .by_country
            .into_iter()
            .map(|(country, sums)| (country, sums.values().sum(), of(&sums, &seen)))
            .collect();
        countries.sort_by_key(|(_, units, _)| std::cmp::Reverse(*units));
        let by_country: Vec<Value> = countries
            .into_iter()
            .map(|(country, units, sums)| {
                let mut json = Map::new();
                json.insert("country".into(), country.into());
                json.insert("units".into(), units.into());
                json.extend(sums);
                Value::Object(json)
            })
            .collect();
        Ok(json!({
            "units": self.units,
            "by_whereabouts": of(&self.by_whereabouts, WHEREABOUTS),
            "by_country": by_country,
            "sites": sites,
        }))
    }
}
