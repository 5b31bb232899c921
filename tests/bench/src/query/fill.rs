//! Fills the tables the query service reads with rows of the real shape, by INSERT ... SELECT FROM numbers.

use super::stock::{COUNTRIES, MAKERS, PRODUCTS, SHOPS, Stock, WHOLESALERS, gln, gtin};
use crate::options::Options;
use anyhow::{Context, ensure};
use serialtrail_records::alert::{RULES, SEVERITIES};
use serialtrail_stack::Stack;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Units filled in by one statement of each table: keeps ClickHouse's memory small, and shows progress.
const CHUNK: u64 = 20_000;

/// How the database was filled.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Figures {
    /// Rows of observations.
    pub observations: u64,
    /// Units, each with ten reads and two stays in containers.
    pub units: u64,
    /// Lots.
    pub lots: u64,
    /// Units of the large lot.
    pub large_lot: u64,
    /// Units of the middle lot.
    pub middle_lot: u64,
    /// Alerts.
    pub alerts: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Bytes on disk, all tables.
    pub disk_bytes: u64,
    /// Whether `fill_seconds` ended it before all rows were there.
    pub cut_short: bool,
}

struct Database {
    client: reqwest::blocking::Client,
    url: String,
}

impl Database {
    fn of(stack: &Stack) -> anyhow::Result<Self> {
        let settings = stack.settings().clickhouse;
        Ok(Self {
            client: reqwest::blocking::Client::builder()
                .timeout(Duration::from_secs(600))
                .build()?,
            url: format!("{}/?database={}", settings.url, settings.database),
        })
    }

    fn run(&self, sql: String) -> anyhow::Result<String> {
        let answer = self.client.post(&self.url).body(sql.clone()).send()?;
        let ok = answer.status().is_success();
        let text = answer.text()?;
        ensure!(ok, "ClickHouse refused: {text}\n{sql}");
        Ok(text)
    }
}

/// Fills the database of a stack, and says of what.
///
/// # Errors
/// ClickHouse refuses a statement.
pub(super) fn fill(stack: &Stack, options: &Options) -> anyhow::Result<(Figures, Stock)> {
    let database = Database::of(stack)?;
    let wanted = Stock::of(options.rows / 10);
    let start = Instant::now();
    let limit = Duration::from_secs(options.fill_seconds);
    for statement in reference() {
        database.run(statement)?;
    }
    let mut filled = 0;
    while filled < wanted.units && start.elapsed() < limit {
        let until = (filled + CHUNK).min(wanted.units);
        for statement in of_units(&wanted, options.seed, filled..until) {
            database.run(statement)?;
        }
        filled = until;
        if filled.is_multiple_of(CHUNK * 5) || filled == wanted.units {
            let seconds = start.elapsed().as_secs_f64();
            let units = wanted.units;
            eprintln!("query: {filled} of {units} units filled in, {seconds:.0} s");
        }
    }
    let stock = wanted.cut(filled);
    database.run(lots(&stock))?;
    for statement in alerts(&stock, options) {
        database.run(statement)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let disk = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active";
    let disk = database.run(disk.to_owned())?;
    let figures = Figures {
        observations: stock.units * 10,
        units: stock.units,
        lots: stock.lots(),
        large_lot: stock.large,
        middle_lot: stock.middle,
        alerts: options.alerts,
        seconds,
        disk_bytes: disk.trim().parse().context("bytes on disk")?,
        cut_short: filled < wanted.units,
    };
    Ok((figures, stock))
}

/// Products and sites.
fn reference() -> Vec<String> {
    let names = sites_and_products();
    vec![
        format!(
            "INSERT INTO products (gtin, valid_from, name, brand, profile) WITH {names} \
             SELECT gtins[number + 1], toDateTime64(0, 6, 'UTC'), \
             concat('Product ', toString(number)), concat('Brand ', toString(number % 20)), 'pharma' \
             FROM numbers({PRODUCTS})"
        ),
        format!(
            "INSERT INTO locations (gln, valid_from, name, party, kind, country, latitude, longitude) \
             WITH {names}, number AS site_at, {SITE} \
             SELECT glns[number + 1], toDateTime64(0, 6, 'UTC'), site_name, glns[number + 1], \
             site_kind, countries[number % {countries} + 1], latitude, longitude FROM numbers({sites})",
            countries = COUNTRIES.len(),
            sites = MAKERS + WHOLESALERS + SHOPS,
        ),
    ]
}

/// A site from its number `site_at`.
const SITE: &str = "concat('Site ', toString(site_at)) AS site_name, \
    multiIf(site_at < 20, 'factory', site_at < 100, 'warehouse', 'pharmacy') AS site_kind, \
    multiIf(site_at < 20, 'manufacturer', site_at < 100, 'wholesaler', 'dispenser') AS party_role, \
    35 + (site_at * 7919 % 2000) / 100 AS latitude, (site_at * 104729 % 4000) / 100 - 10 AS longitude";

fn array<'a>(texts: impl IntoIterator<Item = impl AsRef<str>> + 'a) -> String {
    let quoted: Vec<String> = texts
        .into_iter()
        .map(|text| format!("'{}'", text.as_ref()))
        .collect();
    format!("[{}]", quoted.join(","))
}

fn sites_and_products() -> String {
    format!(
        "{} AS gtins, {} AS glns, {} AS countries",
        array((0..PRODUCTS).map(gtin)),
        array((0..MAKERS + WHOLESALERS + SHOPS).map(gln)),
        array(COUNTRIES)
    )
}

/// What follows from the number `i` of a unit and the number `k` of a read of it, as [`Stock`] has it.
/// `event_group`: the units that share the event; `went`: seconds since the first day.
fn shape(stock: &Stock, seed: u64) -> String {
    let (large, both) = (stock.large, stock.large + stock.middle);
    format!(
        "{names}, \
         multiIf(i < {large}, 0, i < {both}, 1, 2 + intDiv(i - {both}, 1000) % {others}) AS product, \
         multiIf(i < {large}, 'LARGE', i < {both}, 'MIDDLE', \
             concat('L', leftPad(toString(intDiv(i - {both}, 1000)), 6, '0'))) AS lot, \
         gtins[product + 1] AS gtin, leftPad(toString(i), 12, '0') AS serial, \
         concat('01/', gtin, '/21/', serial) AS unit, \
         concat('00/3952', leftPad(toString(intDiv(i, 20)), 14, '0')) AS container, \
         cityHash64(i, {seed}) % 10 AS fate, \
         toUInt64(product % {MAKERS}) AS maker, \
         {MAKERS} + cityHash64(intDiv(i, 100), {seed}) % {WHOLESALERS} AS wholesaler, \
         {shops} + cityHash64(intDiv(i, 20), {seed}, 1) % {SHOPS} AS shop, \
         multiIf(k <= 2, maker, k <= 6, wholesaler, shop) AS site_at, {SITE}, \
         glns[site_at + 1] AS site, countries[site_at % {countries} + 1] AS country, \
         intDiv(i, [100, 20, 1000, 1000, 100, 20, 200, 200, 20, 1][k + 1]) AS event_group, \
         concat('urn:uuid:', toString(reinterpretAsUUID(sipHash128(event_group, k, {seed})))) AS event_id, \
         (intDiv(i, 1000) * 7 % 300) * 86400 + k * 2 * 86400 \
             + cityHash64(event_group, k) % 43200 AS went, \
         toDateTime64('2025-01-06 00:00:00', 6, 'UTC') + toIntervalSecond(went) AS event_time",
        names = sites_and_products(),
        others = PRODUCTS - 2,
        shops = MAKERS + WHOLESALERS,
        countries = COUNTRIES.len(),
    )
}

/// Ten reads, a registry row and two stays in a case for each unit. The last read says where it is:
/// sold (4 in 10), on its way (1 in 10) or at a shop.
fn of_units(stock: &Stock, seed: u64, units: Range<u64>) -> Vec<String> {
    let shape = shape(stock, seed);
    let rows = |per_unit: u64| {
        let (from, count) = (units.start * per_unit, (units.end - units.start) * per_unit);
        format!("FROM numbers({from}, {count})")
    };
    let reads = format!(
        "INSERT INTO observations (unit, kind, event_id, revision, state, direct, role, parent, path, \
         event_type, action, event_time, zone_offset_minutes, record_time, captured_at, biz_step, \
         disposition, read_point, biz_location, site, site_name, site_kind, country, party, party_role, \
         latitude, longitude, gtin, lot, expiry, profile, product_name, brand, known, known_by, \
         unit_status, destinations, source_party, capture_id, kafka_topic, kafka_partition, kafka_offset) \
         WITH intDiv(number, 10) AS i, number % 10 AS k, {shape}, k NOT IN (2, 3, 6, 7) AS direct, \
         multiIf(k < 9, ['commissioning', 'packing', 'shipping', 'receiving', 'unpacking', 'packing', \
             'shipping', 'receiving', 'unpacking'][k + 1], fate < 4, 'dispensing', fate = 4, 'shipping', \
             'stocking') AS step \
         SELECT unit, 'sgtin', event_id, 1, 'asserted', direct, \
         multiIf(NOT direct, 'inherited', k IN (0, 9), 'epc', 'child'), if(k IN (0, 9), '', container), \
         if(direct, [], [container]), if(k IN (1, 4, 5, 8), 'AggregationEvent', 'ObjectEvent'), \
         multiIf(k IN (0, 1, 5), 'ADD', k IN (4, 8), 'DELETE', 'OBSERVE'), event_time, 60, \
         event_time + toIntervalMinute(10), now64(6), step, \
         multiIf(step = 'commissioning', 'active', step = 'shipping', 'in_transit', \
             step = 'dispensing', 'dispensed', step = 'stocking', 'sellable_accessible', 'in_progress'), \
         concat('https://id.gs1.org/414/', site), concat('https://id.gs1.org/414/', site), site, site_name, \
         site_kind, country, site, party_role, latitude, longitude, gtin, lot, '2028-01-31', 'pharma', \
         concat('Product ', toString(product)), concat('Brand ', toString(product % 20)), true, \
         'registry', 'active', \
         if(step = 'shipping', [('location', concat('https://id.gs1.org/414/', \
             glns[if(k < 9, if(k = 2, wholesaler, shop), 101) + 1]))], []), \
         site, toString(reinterpretAsUUID(sipHash128(event_group, k))), 'enriched', \
         cityHash64(unit) % 8, number {rows}",
        rows = rows(10)
    );
    let serials = format!(
        "INSERT INTO serials (unit, kind, gtin, serial, lot, expiry, status, known, known_by, \
         commissioned_at, issued_by, source_event, revision, source_party, kafka_topic, kafka_partition, \
         kafka_offset) WITH number AS i, 0 AS k, {shape} \
         SELECT unit, 'sgtin', gtin, serial, lot, '2028-01-31', 'active', true, 'registry', event_time, \
         site, event_id, 1, site, 'serial-registry', cityHash64(unit) % 8, number {rows}",
        rows = rows(1)
    );
    // Into the maker's case at read 1, out of it at read 4; into the wholesaler's at 5, out at 8.
    let stays = ["containment", "contents"].map(|table| {
        format!(
            "INSERT INTO {table} (child, parent, from_event, from_time, to_time, to_event, end_cause, \
             revision, state, source_party, kafka_topic, kafka_partition, kafka_offset) \
             WITH intDiv(number, 2) AS i, if(number % 2 = 0, 1, 5) AS k, {shape} \
             SELECT unit, container, event_id, event_time, event_time + toIntervalDay(6), \
             concat('urn:uuid:', toString(reinterpretAsUUID(sipHash128(event_group, k + 3, {seed})))), \
             'unpacked', 1, 'asserted', site, 'enriched', cityHash64(container) % 8, number {rows}",
            rows = rows(2)
        )
    });
    [reads, serials].into_iter().chain(stays).collect()
}

/// A load's statement of every lot; one in 33 is recalled.
fn lots(stock: &Stock) -> String {
    let names: Vec<_> = (0..stock.lots()).map(|number| stock.lot(number)).collect();
    format!(
        "INSERT INTO lots (gtin, lot, source, version, state, expiry, status, status_since, authorised, \
         record_time, source_party, kafka_topic, kafka_partition, kafka_offset) \
         WITH {} AS gtins, {} AS lots \
         SELECT gtins[number + 1], lots[number + 1], 'load', 1, 'asserted', '2028-01-31', \
         if(number % 33 = 0, 'recalled', 'active'), toDateTime64('2025-06-01 00:00:00', 6, 'UTC'), true, \
         toDateTime64('2025-01-06 00:00:00', 6, 'UTC'), '', 'enriched', number % 8, number FROM numbers({})",
        array(names.iter().map(|lot| &lot.gtin)),
        array(names.iter().map(|lot| &lot.lot)),
        names.len()
    )
}

/// Alerts about random units; one in 20 is retracted.
fn alerts(stock: &Stock, options: &Options) -> Vec<String> {
    let (seed, units) = (options.seed, stock.units);
    let columns = "alert_id, rule, subject, subject_kind, epc, revision, state, severity, anchor_event, \
        event_ids, event_time, record_time, detected_at, country, site, party, gtin, lot, profile, \
        evidence, policy_version, source_party, capture_id, kafka_topic, kafka_partition, kafka_offset";
    let shape = shape(stock, seed);
    let (rules, severities) = (array(RULES), array(SEVERITIES));
    vec![
        format!(
            "INSERT INTO alerts ({columns}) WITH cityHash64(number, {seed}, 2) % {units} AS i, \
             cityHash64(number, {seed}, 3) % 10 AS k, {shape}, \
             {rules} AS rules, {severities} AS severities \
             SELECT lower(hex(sipHash128(number, {seed}))), rules[number % length(rules) + 1], unit, 'unit', \
             concat('https://id.gs1.org/', unit), 1, if(number % 20 = 0, 'retracted', 'asserted'), \
             severities[cityHash64(number) % length(severities) + 1], event_id, [event_id], event_time, \
             event_time + toIntervalMinute(10), now64(6), country, site, site, gtin, lot, 'pharma', \
             concat('{{\"events_total\":2,\"grace_hours\":72,\"reads\":[{{\"country\":\"', country, \
                 '\",\"event\":\"', event_id, '\",\"party\":\"', site, '\",\"place\":\"', site, \
                 '\",\"step\":\"receiving\",\"time\":\"', toString(event_time), '\"}}]}}'), \
             'bench', site, '', 'alerts', cityHash64(unit) % 8, number FROM numbers({})",
            options.alerts
        ),
        format!("INSERT INTO alerts_history ({columns}) SELECT {columns} FROM alerts"),
    ]
}
