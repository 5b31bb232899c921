//! `daily_demand`: one row a day of a series, the highest revision counts.

use super::{Result, Store};
use crate::day::Day;
use crate::demand::{Days, Slot, Sums};
use clickhouse::Row;
use serde::Deserialize;
use serialtrail_records::Micros;
use serialtrail_warehouse::rows::DailyDemandRow;
use serialtrail_warehouse::tables;
use std::collections::HashMap;

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Stream time up to which all reads had landed.
    pub as_of: Micros,
    /// Last complete day.
    pub cutoff: Option<Day>,
}

impl Recorded {
    fn is_complete(&self, day: Day) -> bool {
        self.cutoff.is_some_and(|cutoff| day <= cutoff)
    }
}

/// What writing days changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// Days whose row was written.
    pub written: usize,
    /// Days that already said the same.
    pub unchanged: usize,
}

/// The newest row of each day of a product, or of all.
const CURRENT: &str = "SELECT gtin, country, uom, day, l.1 AS demand, l.2 AS sold, l.3 AS returned, \
            l.4 AS repeated, l.5 AS complete, l.6 AS as_of, last AS revision \
     FROM (SELECT gtin, country, uom, day, max(revision) AS last, \
         argMax(tuple(demand, sold, returned, repeated, complete, as_of), revision) AS l \
       FROM daily_demand {where} GROUP BY gtin, country, uom, day) ";

#[derive(Row, Deserialize)]
struct AsOf {
    as_of: Micros,
    rows: u64,
}

impl Store {
    /// Writes days of a product, each with a higher revision than before; a day that already says the
    /// same is left alone.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn record(&self, gtin: &str, days: &Days, recorded: Recorded) -> Result<Change> {
        let sql = CURRENT.replace("{where}", "WHERE gtin = {gtin:String}");
        let query = self.query(&sql).param("gtin", gtin);
        let mut now: HashMap<Slot, DailyDemandRow> = HashMap::new();
        let mut found = query.fetch::<DailyDemandRow>()?;
        while let Some(row) = found.next().await? {
            now.insert(slot(&row), row);
        }
        let changed: Vec<DailyDemandRow> = days
            .iter()
            .filter_map(|(slot, sums)| {
                let complete = recorded.is_complete(slot.day);
                let before = now.get(slot);
                let same = before.is_some_and(|b| sums_of(b) == *sums && b.complete == complete);
                (!same).then(|| DailyDemandRow {
                    gtin: gtin.to_owned(),
                    country: slot.country.clone(),
                    uom: slot.uom.clone(),
                    day: slot.day,
                    demand: sums.demand(),
                    sold: sums.sold,
                    returned: sums.returned,
                    repeated: sums.repeated,
                    complete,
                    as_of: recorded.as_of,
                    revision: before.map_or(1, |row| row.revision + 1),
                })
            })
            .collect();
        self.insert(tables::DAILY_DEMAND, &changed).await?;
        Ok(Change {
            written: changed.len(),
            unchanged: days.len() - changed.len(),
        })
    }

    /// Marks the days that became complete (or, after a longer grace was configured, open again).
    /// Returns how many rows that took.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn close_days(&self, recorded: Recorded) -> Result<usize> {
        let mut sql = CURRENT.replace("{where}", "");
        sql.push_str("WHERE complete <> (day <= toDate({cutoff:UInt16}) AND {any:UInt8})");
        let query = self
            .query(&sql)
            .param("cutoff", recorded.cutoff.unwrap_or(0))
            .param("any", u8::from(recorded.cutoff.is_some()));
        let mut rows = query.fetch_all::<DailyDemandRow>().await?;
        for row in &mut rows {
            row.complete = recorded.is_complete(row.day);
            row.as_of = recorded.as_of;
            row.revision += 1;
        }
        self.insert(tables::DAILY_DEMAND, &rows).await?;
        Ok(rows.len())
    }

    /// Days with demand up to the cutoff, ordered by series and day, handed to `take` one by one.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn each_day(&self, cutoff: Day, mut take: impl FnMut(DailyDemandRow)) -> Result<()> {
        let mut sql = CURRENT.replace("{where}", "WHERE day <= toDate({cutoff:UInt16})");
        sql.push_str("ORDER BY gtin, country, uom, day");
        let query = self.query(&sql).param("cutoff", cutoff);
        let mut rows = query.fetch::<DailyDemandRow>()?;
        while let Some(row) = rows.next().await? {
            take(row);
        }
        Ok(())
    }

    /// The latest stream time any day was computed at, or any version was made at.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn latest_as_of(&self) -> Result<Option<Micros>> {
        let sql = "SELECT max(d.as_of) AS as_of, count() AS rows \
                   FROM (SELECT as_of FROM daily_demand UNION ALL SELECT as_of FROM forecast_versions) AS d";
        let found = self.query(sql).fetch_one::<AsOf>().await?;
        Ok((found.rows > 0).then_some(found.as_of))
    }
}

fn slot(row: &DailyDemandRow) -> Slot {
    Slot {
        country: row.country.clone(),
        uom: row.uom.clone(),
        day: row.day,
    }
}

fn sums_of(row: &DailyDemandRow) -> Sums {
    Sums {
        sold: row.sold,
        returned: row.returned,
        repeated: row.repeated,
    }
}
