//! The units of a lot, range by range.

use crate::alerts::some;
use crate::places::Place;
use crate::problem::Problem;
use crate::select::Pace;
use crate::time::iso_unless_epoch;
use crate::whereabouts::{Now, NowRow, Range, SCANNED, Scope, next_range};
use clickhouse::Client;
use clickhouse::query::RowCursor;
use serde::Serialize;
use std::collections::HashMap;

/// Which of the lot's units are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Country of the last read.
    pub(super) country: Option<String>,
    /// Whereabouts.
    pub(super) whereabouts: Option<Vec<String>>,
}

impl Wanted {
    fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The units of a range, by key.
    pub(super) fn rows(
        &self,
        client: &Client,
        scope: &Scope,
        range: &Range,
        pace: Pace,
    ) -> Result<RowCursor<NowRow>, Problem> {
        let Now { sql, select } = Now::of(scope, range);
        let select = select
            .when(
                "country",
                self.country.clone(),
                "country = {country:String}",
            )
            .when(
                "wanted",
                self.whereabouts.clone(),
                "whereabouts IN {wanted:Array(String)}",
            );
        let sql = format!("SELECT * FROM ({sql}) WHERE {{where}} ORDER BY unit");
        Ok(select.query(client, &sql, pace).fetch()?)
    }
}

/// The units after `after`, at most `limit` and one more, which tells whether there is a next page.
pub(super) async fn page(
    client: &Client,
    scope: &Scope,
    wanted: &Wanted,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<NowRow>, Problem> {
    // Of a lot as a whole every unit is shown: a range need not be larger than the page.
    let units = match wanted.is_everything() {
        true => limit as u64 + 1,
        false => SCANNED,
    };
    let mut after = after.unwrap_or_else(|| scope.everything().after);
    let mut page = Vec::new();
    loop {
        let (range, is_last) = next_range(client, scope, after, units).await?;
        let mut rows = wanted.rows(client, scope, &range, Pace::Answer)?;
        while let Some(row) = rows.next().await? {
            page.push(row);
            if page.len() > limit {
                return Ok(page);
            }
        }
        if is_last {
            return Ok(page);
        }
        after = range.until;
    }
}

/// A unit as in an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unit {
    /// GS1 Digital Link.
    pub epc: String,
    /// Key.
    pub unit: String,
    /// Where it is.
    pub whereabouts: String,
    /// GLN of the last read's place.
    pub site: Option<String>,
    /// Its name.
    pub site_name: Option<String>,
    /// Country of the last read's place.
    pub country: Option<String>,
    /// Party that has it.
    pub party: Option<String>,
    /// bizStep of the last read.
    pub last_step: Option<String>,
    /// Time of the last read.
    pub last_time: Option<String>,
    /// Key of the container it is in.
    pub container: Option<String>,
    /// GLN it is shipped to.
    pub to_site: Option<String>,
}

impl Unit {
    /// A unit with the name of its place.
    #[must_use]
    pub fn new(row: NowRow, names: &HashMap<String, Place>) -> Self {
        Self {
            epc: row.key().digital_link(),
            to_site: row.to_site(),
            site_name: names.get(&row.site).and_then(|place| place.name.clone()),
            unit: row.unit,
            whereabouts: row.whereabouts,
            site: some(row.site),
            country: some(row.country),
            party: some(row.party),
            last_step: some(row.last_step),
            last_time: iso_unless_epoch(row.last_time),
            container: some(row.container),
        }
    }
}
