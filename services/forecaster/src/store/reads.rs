//! Which days were touched, and the reads that make them up.

use super::{Result, Store};
use crate::day::Day;
use crate::demand::{
    Days, DemandRead, DuplicateScan, OneSale, RULE, Slot, Verdicts, add_class, add_unit,
};
use clickhouse::Row;
use serde::Deserialize;
use serialtrail_records::Micros;
use serialtrail_warehouse::rows::DemandProgressRow;
use serialtrail_warehouse::tables;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Histories whose rows are followed.
const SOURCES: [&str; 2] = [tables::OBSERVATIONS_HISTORY, tables::ALERTS_HISTORY];

/// Kinds of units and classes whose reads are demand; all have keys `01/<gtin>…`.
macro_rules! kinds {
    () => {
        "('sgtin', 'upui', 'lgtin', 'gtin')"
    };
}

/// Kinds that are single things.
macro_rules! serial {
    () => {
        "('sgtin', 'upui')"
    };
}

/// A read that sells or brings back. The same as `DemandRead::{is_sale, is_return, is_undo}`, of which
/// only what these three take is demand.
macro_rules! relevant {
    () => {
        "(biz_step = 'retail_selling' \
          OR (biz_step = 'dispensing' AND disposition <> 'partially_dispensed') \
          OR (biz_step = 'receiving' AND (disposition = 'returned' OR has(persistent_set, 'returned'))) \
          OR hasAny(persistent_unset, ['dispensed', 'retail_sold', 'inactive']))"
    };
}

/// Local date of a read.
macro_rules! day {
    () => {
        "toDate(event_time + toIntervalMinute(zone_offset_minutes))"
    };
}

/// The next offset of each partition of a source, `next` = 0 where none was seen.
macro_rules! progress {
    ($source:literal) => {
        concat!(
            "(SELECT kafka_topic, kafka_partition, max(kafka_offset) + 1 AS next \
              FROM demand_progress WHERE source = {",
            $source,
            ":String} GROUP BY kafka_topic, kafka_partition)"
        )
    };
}

/// Days of all sales and returns, ordered, of those reads for which a condition holds.
macro_rules! days_where {
    ($($condition:expr),+) => {
        concat!(
            "SELECT splitByChar('/', unit)[2] AS gtin, country, if(kind IN ",
            serial!(),
            ", '', uom) AS of_uom, ",
            day!(),
            " AS day FROM observations_history WHERE ",
            relevant!(),
            " AND kind IN ",
            kinds!(),
            " AND (",
            $($condition),+,
            ") GROUP BY gtin, country, of_uom, day ORDER BY gtin, country, of_uom, day"
        )
    };
}

/// Every day: nothing was computed by this rule yet.
const ALL_DAYS: &str = days_where!("1");

/// Days of the units (of a class: of the events) that have a row beyond the progress, whatever that row
/// says: a revision may have moved a read away from its day.
const TOUCHED: &str = days_where!(
    "unit IN (SELECT unit FROM observations_history AS h LEFT JOIN ",
    progress!("reads"),
    " AS p USING (kafka_topic, kafka_partition) WHERE h.kind IN ",
    serial!(),
    " AND h.kafka_offset >= p.next \
      UNION ALL SELECT subject FROM alerts_history AS a LEFT JOIN ",
    progress!("alerts"),
    " AS p USING (kafka_topic, kafka_partition) \
      WHERE a.rule IN ('DUPLICATE_SCAN', 'STATUS_VIOLATION') AND a.subject_kind = 'unit' \
        AND a.kafka_offset >= p.next) \
      OR (kind NOT IN ",
    serial!(),
    " AND (unit, event_id) IN (SELECT unit, event_id FROM observations_history AS h LEFT JOIN ",
    progress!("reads"),
    " AS p USING (kafka_topic, kafka_partition) WHERE h.kind NOT IN ",
    serial!(),
    " AND h.kafka_offset >= p.next))"
);

/// Standing reads of one product's units (of its classes: of the events) that have a sale or return on
/// one of the days, ordered by unit. `destroying` is read too: a DUPLICATE_SCAN may cite it.
const READS: &str = concat!(
    "SELECT unit, kind, event_id, event_time, zone_offset_minutes, event_type, biz_step, disposition, \
            persistent_set, persistent_unset, place, country, at_work, quantity, uom \
     FROM (SELECT h.unit AS unit, h.event_id AS event_id, \
         argMax(h.state, h.revision) AS state, argMax(h.kind, h.revision) AS kind, \
         argMax(h.event_time, h.revision) AS event_time, \
         argMax(h.zone_offset_minutes, h.revision) AS zone_offset_minutes, \
         argMax(h.event_type, h.revision) AS event_type, argMax(h.biz_step, h.revision) AS biz_step, \
         argMax(h.disposition, h.revision) AS disposition, \
         argMax(h.persistent_set, h.revision) AS persistent_set, \
         argMax(h.persistent_unset, h.revision) AS persistent_unset, \
         argMax(multiIf(h.site <> '', h.site, h.read_point <> '', h.read_point, h.biz_location), \
                h.revision) AS place, \
         argMax(h.country, h.revision) AS country, \
         argMax(if(h.party <> '', h.party, h.source_party), h.revision) AS at_work, \
         argMax(tuple(h.quantity), h.revision).1 AS quantity, argMax(h.uom, h.revision) AS uom \
       FROM observations_history AS h \
       WHERE h.unit >= {from:String} AND h.unit < {to:String} AND ( \
         (h.kind IN ",
    serial!(),
    " AND h.unit IN ( \
           SELECT unit FROM observations_history \
           WHERE unit >= {from:String} AND unit < {to:String} AND kind IN ",
    serial!(),
    " \
             AND ",
    relevant!(),
    " AND toString(",
    day!(),
    ") IN {days:Array(String)})) \
         OR (h.kind NOT IN ",
    serial!(),
    " AND h.kind IN ",
    kinds!(),
    " \
           AND (h.unit, h.event_id) IN ( \
             SELECT unit, event_id FROM observations_history \
             WHERE unit >= {from:String} AND unit < {to:String} AND kind NOT IN ",
    serial!(),
    " \
               AND ",
    relevant!(),
    " AND toString(",
    day!(),
    ") IN {days:Array(String)}))) \
       GROUP BY h.unit, h.event_id) \
     WHERE state = 'asserted' AND (",
    relevant!(),
    " OR biz_step = 'destroying') \
     ORDER BY unit"
);

/// Standing alerts of one product's units that decide about demand.
const ALERTS: &str = "SELECT subject, rule, sub_reason, event_ids, repeats \
     FROM (SELECT a.subject AS subject, a.alert_id AS alert_id, argMax(a.state, a.revision) AS state, \
         argMax(a.rule, a.revision) AS rule, argMax(a.sub_reason, a.revision) AS sub_reason, \
         argMax(a.event_ids, a.revision) AS event_ids, \
         argMax(JSONExtractUInt(a.evidence, 'repeats'), a.revision) AS repeats \
       FROM alerts_history AS a \
       WHERE a.subject >= {from:String} AND a.subject < {to:String} \
         AND a.rule IN ('DUPLICATE_SCAN', 'STATUS_VIOLATION') \
       GROUP BY a.subject, a.alert_id) \
     WHERE state = 'asserted' AND (rule = 'DUPLICATE_SCAN' OR sub_reason = 'undo')";

/// Touched days by product.
pub type Touched = BTreeMap<String, BTreeSet<Slot>>;

/// The last offset of one partition of a history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Row, Deserialize)]
pub struct Position {
    /// Table.
    pub source: String,
    /// Topic its rows came from.
    pub kafka_topic: String,
    /// Partition.
    pub kafka_partition: i32,
    /// Last offset.
    pub kafka_offset: i64,
}

/// A range of which it was said that it begins to land, and not that it is whole.
#[derive(Debug, Row, Deserialize)]
struct Begun {
    source: String,
    kafka_topic: String,
    kafka_partition: i32,
    first_offset: i64,
    last_offset: i64,
}

impl Begun {
    /// Whether this is what a partition ends in.
    fn is_end_of(&self, end: &Position) -> bool {
        self.source == end.source
            && self.kafka_topic == end.kafka_topic
            && self.kafka_partition == end.kafka_partition
            && end.kafka_offset <= self.last_offset
    }
}

/// Ends of partitions, before what has begun to land and is not whole; none where nothing is whole.
fn whole(mut landed: Vec<Position>, begun: &[Begun]) -> Vec<Position> {
    for end in &mut landed {
        let of_end = begun.iter().filter(|range| range.is_end_of(end));
        if let Some(first) = of_end.map(|range| range.first_offset).min() {
            end.kafka_offset = end.kafka_offset.min(first - 1);
        }
    }
    landed.retain(|end| end.kafka_offset >= 0);
    landed
}

#[derive(Row, Deserialize)]
struct TouchedRow {
    gtin: String,
    country: String,
    of_uom: String,
    day: Day,
}

#[derive(Row, Deserialize)]
struct ReadRow {
    unit: String,
    kind: String,
    event_id: String,
    event_time: Micros,
    zone_offset_minutes: i32,
    event_type: String,
    biz_step: String,
    disposition: String,
    persistent_set: Vec<String>,
    persistent_unset: Vec<String>,
    place: String,
    country: String,
    at_work: String,
    quantity: Option<f64>,
    uom: String,
}

#[derive(Row, Deserialize)]
struct AlertRow {
    subject: String,
    rule: String,
    #[serde(rename = "sub_reason")]
    _sub_reason: String,
    event_ids: Vec<String>,
    repeats: u64,
}

impl Store {
    /// Ends of all partitions, as far as the rows have landed whole by now. Take it before asking what was
    /// touched.
    ///
    /// An insert of several years becomes visible a year at a time, and so late offsets before early ones:
    /// what lies in a range the sink has begun and not called whole is not counted, unless rows beyond it
    /// have landed (the sink stores the ranges of a partition one after the other).
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn ends(&self) -> Result<Vec<Position>> {
        let sql = "SELECT 'observations_history' AS source, h.kafka_topic AS kafka_topic, \
                   h.kafka_partition AS kafka_partition, max(h.kafka_offset) AS kafka_offset \
                   FROM observations_history AS h GROUP BY h.kafka_topic, h.kafka_partition \
                   UNION ALL \
                   SELECT 'alerts_history', toString(a.kafka_topic), a.kafka_partition, \
                   max(a.kafka_offset) \
                   FROM alerts_history AS a GROUP BY a.kafka_topic, a.kafka_partition";
        let landed = self.positions(self.query(sql)).await?;
        // Asked second: of a range that is seen, the beginning was said before.
        let sql = "SELECT toString(table_name) AS source, toString(kafka_topic) AS kafka_topic, \
                   kafka_partition, first_offset, last_offset FROM landings FINAL \
                   WHERE table_name IN {sources:Array(String)} AND NOT whole";
        let begun = self.query(sql).param("sources", SOURCES.as_slice());
        Ok(whole(landed, &begun.fetch_all::<Begun>().await?))
    }

    /// How far days have been computed by this rule.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn progress(&self, rule: OneSale) -> Result<Vec<Position>> {
        let sql = "SELECT p.source AS source, p.kafka_topic AS kafka_topic, \
                   p.kafka_partition AS kafka_partition, max(p.kafka_offset) AS kafka_offset \
                   FROM demand_progress AS p WHERE p.source IN {sources:Array(String)} \
                   GROUP BY p.source, p.kafka_topic, p.kafka_partition";
        let names: Vec<String> = SOURCES.iter().map(|s| follower(s, rule)).collect();
        let mut found = self
            .positions(self.query(sql).param("sources", &names))
            .await?;
        for position in &mut found {
            let (table, _) = position.source.split_once('/').unwrap_or_default();
            position.source = table.to_owned();
        }
        found.sort();
        Ok(found)
    }

    async fn positions(&self, query: clickhouse::query::Query) -> Result<Vec<Position>> {
        let mut rows = query.fetch_all::<Position>().await?;
        rows.sort();
        Ok(rows)
    }

    /// Days that have to be computed anew: touched by rows beyond `progress`.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn touched(&self, rule: OneSale, progress: &[Position]) -> Result<Touched> {
        let sql = if progress.is_empty() {
            ALL_DAYS
        } else {
            TOUCHED
        };
        let mut rows = self
            .query(sql)
            .param("reads", follower(SOURCES[0], rule))
            .param("alerts", follower(SOURCES[1], rule))
            .fetch::<TouchedRow>()?;
        let mut touched = Touched::new();
        while let Some(row) = rows.next().await? {
            touched.entry(row.gtin).or_default().insert(Slot {
                country: row.country,
                uom: row.of_uom,
                day: row.day,
            });
        }
        Ok(touched)
    }

    /// Demand of one product on these days, from the reads and alerts that stand. Every day asked for
    /// is answered, if with nothing.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn demand(&self, gtin: &str, slots: &BTreeSet<Slot>, rule: OneSale) -> Result<Days> {
        let days: BTreeSet<String> = slots.iter().map(|slot| crate::day::iso(slot.day)).collect();
        // '0' follows '/': the range holds the product itself, its lots and its units.
        let (from, to) = (format!("01/{gtin}"), format!("01/{gtin}0"));
        let verdicts = self.verdicts(&from, &to).await?;
        let none = Verdicts::default();
        let mut all = Days::new();
        let mut rows = self
            .query(READS)
            .param("from", &from)
            .param("to", &to)
            .param("days", days.into_iter().collect::<Vec<_>>())
            .fetch::<ReadRow>()?;
        let (mut unit, mut reads) = (String::new(), Vec::new());
        while let Some(row) = rows.next().await? {
            let is_serial = matches!(row.kind.as_str(), "sgtin" | "upui");
            let (key, read) = row.split();
            if !is_serial {
                add_class(&mut all, &read);
                continue;
            }
            if key != unit {
                add_unit(&mut all, &reads, verdicts.get(&unit).unwrap_or(&none), rule);
                reads.clear();
                unit = key;
            }
            reads.push(read);
        }
        add_unit(&mut all, &reads, verdicts.get(&unit).unwrap_or(&none), rule);
        // Other days of the same units are there only in part.
        let asked = |slot: &Slot| (slot.clone(), all.get(slot).copied().unwrap_or_default());
        Ok(slots.iter().map(asked).collect())
    }

    async fn verdicts(&self, from: &str, to: &str) -> Result<HashMap<String, Verdicts>> {
        let query = self.query(ALERTS).param("from", from).param("to", to);
        let mut rows = query.fetch::<AlertRow>()?;
        let mut verdicts: HashMap<String, Verdicts> = HashMap::new();
        while let Some(row) = rows.next().await? {
            let of_unit = verdicts.entry(row.subject).or_default();
            if row.rule == "DUPLICATE_SCAN" {
                of_unit.duplicates.push(DuplicateScan {
                    event_ids: row.event_ids,
                    repeats: usize::try_from(row.repeats).unwrap_or(usize::MAX),
                });
            } else {
                of_unit.refused_undos.extend(row.event_ids);
            }
        }
        Ok(verdicts)
    }

    /// Remembers that the days touched up to `ends` have been stored.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn advance(&self, ends: &[Position], rule: OneSale) -> Result<()> {
        let rows: Vec<_> = ends
            .iter()
            .map(|end| DemandProgressRow {
                source: follower(&end.source, rule),
                kafka_topic: end.kafka_topic.clone(),
                kafka_partition: end.kafka_partition,
                kafka_offset: end.kafka_offset,
                // The furthest offset wins.
                revision: u64::try_from(end.kafka_offset).unwrap_or(0),
            })
            .collect();
        self.insert(tables::DEMAND_PROGRESS, &rows).await
    }
}

/// The name progress is stored under: another rule begins anew.
fn follower(source: &str, rule: OneSale) -> String {
    format!(
        "{source}/{RULE}-{}-{}",
        rule.same_scan_minutes, rule.one_sale_hours
    )
}

impl ReadRow {
    fn split(self) -> (String, DemandRead) {
        let read = DemandRead {
            event_id: self.event_id,
            event_time: self.event_time,
            zone_offset_minutes: self.zone_offset_minutes,
            event_type: self.event_type,
            biz_step: self.biz_step,
            disposition: self.disposition,
            persistent_set: self.persistent_set,
            persistent_unset: self.persistent_unset,
            place: self.place,
            country: self.country,
            party: self.at_work,
            quantity: self.quantity,
            uom: self.uom,
        };
        (self.unit, read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(source: &str, partition: i32, offset: i64) -> Position {
        Position {
            source: source.into(),
            kafka_topic: "enriched".into(),
            kafka_partition: partition,
            kafka_offset: offset,
        }
    }

    fn begun(source: &str, partition: i32, first: i64, last: i64) -> Begun {
        Begun {
            source: source.into(),
            kafka_topic: "enriched".into(),
            kafka_partition: partition,
            first_offset: first,
            last_offset: last,
        }
    }

    #[test]
    fn what_has_begun_to_land_counts_once_it_is_whole_or_something_lies_beyond_it() {
        let [reads, alerts] = SOURCES;
        let landed = vec![
            end(reads, 0, 19),
            end(reads, 1, 21),
            end(reads, 2, 4),
            end(alerts, 0, 15),
        ];
        let ranges = [
            begun(reads, 0, 10, 20),
            begun(reads, 1, 10, 20),
            begun(reads, 2, 0, 9),
        ];
        let expected = vec![end(reads, 0, 9), end(reads, 1, 21), end(alerts, 0, 15)];
        assert_eq!(whole(landed, &ranges), expected);
    }
}
