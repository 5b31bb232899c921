//! What ClickHouse counts for the overview.

use crate::alerts::{AlertRow, COLUMNS};
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::iso;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Minutes of throughput.
const MINUTES: i64 = 60;
/// Seconds the present rates are averaged over.
const RATE_SECONDS: i64 = 60;
/// Countries shown.
const COUNTRIES: usize = 20;
/// Rows up to which repeats that were not merged yet are left out of the counts.
const COUNTED_EXACTLY: u64 = 3_000_000;

/// `as_of`, `totals`, `alerts`, `throughput` and `recent_alerts`, as in the answer.
pub(super) async fn count(client: &Client, now: DateTime<Utc>) -> Result<Value, Problem> {
    let (mut totals, alerts, throughput, recent) = futures::try_join!(
        totals(client),
        groups(client),
        throughput(client, now),
        recent(client)
    )?;
    let open: u64 = alerts.iter().map(|group| group.open).sum();
    totals["alerts_open"] = open.into();
    Ok(json!({
        "as_of": iso(now.timestamp_micros()),
        "totals": totals,
        "alerts": alerts_json(&alerts),
        "throughput": throughput,
        "recent_alerts": recent,
    }))
}

#[derive(Row, Deserialize)]
struct Totals {
    events: u64,
    reads: u64,
    inherited: u64,
    units: u64,
    rejected: u64,
}

async fn totals(client: &Client) -> Result<Value, Problem> {
    let sql = "SELECT toUInt64(coalesce(total_rows, 0)) FROM system.tables \
               WHERE database = currentDatabase() AND name = 'observations'";
    let rows: Option<u64> = Select::new()
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?;
    let exact = rows.unwrap_or(0) <= COUNTED_EXACTLY;
    let last = if exact { "FINAL" } else { "" };
    let sql = format!(
        "SELECT assumeNotNull((SELECT count() FROM events {last} WHERE NOT declaration)) AS events, \
         reads, inherited, \
         assumeNotNull((SELECT count() FROM serials {last} WHERE known OR status != '')) AS units, \
         assumeNotNull((SELECT uniqExact(reject_id) FROM rejected)) AS rejected \
         FROM (SELECT count() AS reads, countIf(NOT direct) AS inherited FROM observations {last} \
         WHERE state = 'asserted')"
    );
    let row: Totals = Select::new()
        .query(client, &sql, Pace::Answer)
        .fetch_one()
        .await?;
    Ok(json!({
        "events": row.events,
        "reads": row.reads,
        "inherited": row.inherited,
        "units": row.units,
        "rejected": row.rejected,
        "exact": exact,
    }))
}

#[derive(Row, Deserialize)]
struct Group {
    rule: String,
    severity: String,
    country: String,
    open: u64,
    retracted: u64,
}

async fn groups(client: &Client) -> Result<Vec<Group>, Problem> {
    let sql = "SELECT toString(rule) AS rule, toString(severity) AS severity, \
               toString(country) AS country, countIf(state = 'asserted') AS open, \
               countIf(state != 'asserted') AS retracted \
               FROM alerts FINAL GROUP BY rule, severity, country";
    Ok(Select::new()
        .query(client, sql, Pace::Answer)
        .fetch_all()
        .await?)
}

/// Sums by a name, the largest first, ties by name.
fn sums<'g>(groups: &'g [Group], name: impl Fn(&'g Group) -> &'g str) -> Vec<(&'g str, u64, u64)> {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for group in groups {
        let sum = sums.entry(name(group)).or_default();
        sum.0 += group.open;
        sum.1 += group.retracted;
    }
    let mut list: Vec<_> = sums.into_iter().map(|(n, (o, r))| (n, o, r)).collect();
    list.sort_by_key(|(_, open, _)| std::cmp::Reverse(*open));
    list
}

fn alerts_json(groups: &[Group]) -> Value {
    let by_rule: Vec<Value> = sums(groups, |group| &group.rule)
        .into_iter()
        .map(|(rule, open, retracted)| json!({"rule": rule, "open": open, "retracted": retracted}))
        .collect();
    let by_severity: Vec<Value> = sums(groups, |group| &group.severity)
        .into_iter()
        .map(|(severity, open, _)| json!({"severity": severity, "open": open}))
        .collect();
    let by_country: Vec<Value> = sums(groups, |group| &group.country)
        .into_iter()
        .filter(|(country, open, _)| !country.is_empty() && *open > 0)
        .take(COUNTRIES)
        .map(|(country, open, _)| json!({"country": country, "open": open}))
        .collect();
    json!({"by_rule": by_rule, "by_severity": by_severity, "by_country": by_country})
}

#[derive(Row, Deserialize)]
struct Minute {
    minute: i64,
    events: u64,
    reads: u64,
    events_now: u64,
    reads_now: u64,
}

async fn throughput(client: &Client, now: DateTime<Utc>) -> Result<Value, Problem> {
    let this = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    let first = this - TimeDelta::minutes(MINUTES - 1);
    let recent = now - TimeDelta::seconds(RATE_SECONDS);
    let of = |table: &str, kind: &str, other: &str| {
        format!(
            "SELECT toUnixTimestamp(toStartOfMinute(captured_at)) AS minute, count() AS {kind}, \
             toUInt64(0) AS {other}, \
             countIf(captured_at >= fromUnixTimestamp64Micro({{recent:Int64}}, 'UTC')) AS {kind}_now, \
             toUInt64(0) AS {other}_now FROM {table} \
             WHERE captured_at >= fromUnixTimestamp64Micro({{first:Int64}}, 'UTC') \
             AND captured_at <= fromUnixTimestamp64Micro({{now:Int64}}, 'UTC') GROUP BY minute"
        )
    };
    let sql = format!(
        "SELECT toInt64(minute) AS minute, sum(events) AS events, sum(reads) AS reads, \
         sum(events_now) AS events_now, sum(reads_now) AS reads_now FROM (\
         SELECT minute, events, reads, events_now, reads_now FROM ({}) UNION ALL \
         SELECT minute, events, reads, events_now, reads_now FROM ({})) GROUP BY minute",
        of("events", "events", "reads"),
        of("observations", "reads", "events"),
    );
    let rows: Vec<Minute> = Select::new()
        .bind("first", first.timestamp_micros())
        .bind("recent", recent.timestamp_micros())
        .bind("now", now.timestamp_micros())
        .query(client, &sql, Pace::Answer)
        .fetch_all()
        .await?;
    Ok(throughput_json(first.timestamp(), &rows))
}

fn throughput_json(first: i64, rows: &[Minute]) -> Value {
    let per_second = |sum: u64| sum as f64 / RATE_SECONDS as f64;
    let events = per_second(rows.iter().map(|row| row.events_now).sum());
    let reads = per_second(rows.iter().map(|row| row.reads_now).sum());
    let found: HashMap<i64, &Minute> = rows.iter().map(|row| (row.minute, row)).collect();
    let per_minute: Vec<Value> = (0..MINUTES)
        .map(|n| {
            let minute = first + 60 * n;
            let row = found.get(&minute);
            json!({
                "minute": iso(minute * 1_000_000),
                "events": row.map_or(0, |row| row.events),
                "reads": row.map_or(0, |row| row.reads),
            })
        })
        .collect();
    json!({"per_minute": per_minute, "events_per_second": events, "reads_per_second": reads})
}

async fn recent(client: &Client) -> Result<Vec<Value>, Problem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alerts FINAL WHERE {{where}} ORDER BY detected_at DESC, alert_id LIMIT 10"
    );
    let rows: Vec<AlertRow> = Select::new()
        .and("state = 'asserted'")
        .query(client, &sql, Pace::Answer)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(AlertRow::json).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_without_data_are_zero_and_rates_are_of_the_last_minute() {
        let row = |minute, events, events_now| Minute {
            minute,
            events,
            reads: 10 * events,
            events_now,
            reads_now: 10 * events_now,
        };
        let json = throughput_json(600, &[row(660, 4, 0), row(600 + 59 * 60, 90, 30)]);
        let minutes = json["per_minute"].as_array().unwrap();
        assert_eq!(minutes.len(), 60);
        assert_eq!(minutes[0]["events"], 0);
        assert_eq!(minutes[1]["events"], 4);
        assert_eq!(minutes[1]["minute"], "1970-01-01T00:11:00Z");
        assert_eq!(minutes[59]["reads"], 900);
        assert_eq!(json["events_per_second"], 0.5);
        assert_eq!(json["reads_per_second"], 5.0);
    }

    #[test]
    fn sums_are_by_name_the_largest_first() {
        let group = |rule: &str, country: &str, open| Group {
            rule: rule.into(),
            severity: "high".into(),
            country: country.into(),
            open,
            retracted: 1,
        };
        let json = alerts_json(&[group("A", "DE", 1), group("B", "", 5), group("A", "FR", 2)]);
        assert_eq!(
            json["by_rule"][0],
            json!({"rule": "B", "open": 5, "retracted": 1})
        );
        assert_eq!(
            json["by_rule"][1],
            json!({"rule": "A", "open": 3, "retracted": 2})
        );
        assert_eq!(
            json["by_severity"],
            json!([{"severity": "high", "open": 8}])
        );
        assert_eq!(json["by_country"][0], json!({"country": "FR", "open": 2}));
        assert_eq!(json["by_country"].as_array().unwrap().len(), 2);
    }
}
