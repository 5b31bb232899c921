//! `serialtrail load`: CSV and NDJSON files into reference data and the serial registry.
//!
//! Reference data (products, locations, parties, lanes) is written first, so that what depends on it
//! can name the offset it needs. Good rows load, bad rows are reported with file, line, column and
//! reason. Loading the same file again changes nothing but the version of its statements.

mod countries;
mod fields;
mod kinds;
mod send;
mod table;

use crate::FINDINGS;
use crate::context::Context;
use anyhow::{Context as _, ensure};
use kinds::{Kind, Statement};
use send::Sender;
use serde_json::json;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use table::Table;

/// Bad rows of a file that are shown one by one.
const SHOWN: usize = 100;
/// How long the gateway may take to see new reference data.
const GATEWAY_PATIENCE: Duration = Duration::from_secs(30);

/// Arguments of `serialtrail load`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
The header names the columns, in any order; a further column is kept as an attribute.
  products.csv   gtin, name, brand, profile, markets [issuers, valid_from]
  lots.csv       gtin, lot, expiry, status [markets, status_markets, status_since]
  locations.csv  sgln, name, party, kind, country, latitude, longitude [radius_km, valid_from]
  parties.csv    gln, name, role [reports, valid_from]
  lanes.csv      from, to, limit_days [valid_from]
  registry.csv   epc, lot, expiry, status, markets [status_since, issued_by]; also as .ndjson
Identifiers come in any spelling, markets as ISO 3166-1 codes joined by `;`, dates as ISO 8601.")]
pub struct Args {
    /// products, lots, locations, parties, lanes (.csv) and registry (.csv or .ndjson) files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What the files are, where their names do not say it
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// Party (GLN or name) whose statements these are; default: the operator
    #[arg(long, value_name = "PARTY")]
    pub party: Option<String>,
}

/// What became of one file.
#[derive(Debug, Default)]
struct Report {
    rows: u64,
    loaded: u64,
    refused: u64,
    shown: Vec<table::BadRow>,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read or its kind is unclear (then nothing was loaded), or Kafka or the schema
/// registry cannot be reached.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = context.settings()?.clone();
    let mut files = Vec::new();
    for path in &args.files {
        if args.kind.is_none() && path.file_name().is_some_and(|name| name == "uploads.csv") {
            eprintln!(
                "{}: skipped; it is for `serialtrail capture --record-times`",
                path.display()
            );
            continue;
        }
        let kind = match args.kind {
            Some(kind) => kind,
            None => Kind::of_file(path).with_context(|| {
                format!(
                    "{}: the name does not say what it is; use --kind",
                    path.display()
                )
            })?,
        };
        // Opened before anything is written: a wrong header loads nothing.
        let table = Table::open(path, kind)?;
        for column in table.missing() {
            eprintln!("{}: no column {column}; taken as empty", path.display());
        }
        files.push((path.clone(), kind, table));
    }
    ensure!(!files.is_empty(), "nothing to load");
    files.sort_by_key(|(_, kind, _)| !kind.is_reference());
    let gateway = format!("http://{}/v1/clock", settings.http.gateway);
    let clock = gateway_clock(&gateway).await;
    let source = kinds::Source {
        party: args.party.unwrap_or_else(|| "operator".to_owned()),
        version: chrono::Utc::now().timestamp_micros(),
        record_time: record_time(settings.clock.mode, clock.as_ref()),
        reference_offset: 0,
    };
    let bytes = args
        .files
        .iter()
        .filter_map(|f| f.metadata().ok())
        .map(|m| m.len())
        .sum();
    let bar = context.progress(bytes, "loading");
    let work = {
        let bar = bar.clone();
        move || load(&settings, files, source, &bar)
    };
    let begun = Instant::now();
    let done = tokio::task::spawn_blocking(work).await?;
    bar.finish_and_clear();
    let (reports, reference_end) = done?;
    let seconds = begun.elapsed().as_secs_f64();
    let seen = match reference_end {
        Some(end) => wait_for_gateway(&gateway, end).await?,
        None => true,
    };
    if !seen {
        eprintln!("the gateway is not up: it will read the reference data when it starts");
    }
    Ok(print(context, &reports, seconds))
}

/// When a statement of a load counts as recorded: now, or where a replay has come to.
fn record_time(clock: serialtrail_runtime::Clock, gateway: Option<&serde_json::Value>) -> i64 {
    match clock {
        serialtrail_runtime::Clock::Live => chrono::Utc::now().timestamp_micros(),
        serialtrail_runtime::Clock::Replay => gateway
            .and_then(|clock| clock["mark_micros"].as_i64())
            .unwrap_or(0),
    }
}

type Files = Vec<(PathBuf, Kind, Table)>;
type Reports = Vec<(PathBuf, Kind, Report)>;

fn load(
    settings: &serialtrail_runtime::Settings,
    files: Files,
    mut source: kinds::Source,
    bar: &indicatif::ProgressBar,
) -> anyhow::Result<(Reports, Option<i64>)> {
    let mut sender = Sender::connect(settings)?;
    let mut reports = Vec::new();
    let mut reference_end = None;
    let hasher = RandomState::new();
    for (path, kind, table) in files {
        if !kind.is_reference() && source.reference_offset == 0 {
            source.reference_offset = sender.reference_end()?;
        }
        let report = load_file(&mut sender, kind, table, &source, &hasher, bar)
            .with_context(|| path.display().to_string())?;
        if kind.is_reference() && report.loaded > 0 {
            sender.finish()?;
            reference_end = Some(sender.reference_end()?);
        }
        reports.push((path, kind, report));
    }
    sender.finish()?;
    Ok((reports, reference_end))
}

fn load_file(
    sender: &mut Sender,
    kind: Kind,
    mut table: Table,
    source: &kinds::Source,
    hasher: &RandomState,
    bar: &indicatif::ProgressBar,
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    // 64-bit hashes of the keys with the line of each: a million rows in 20 MB.
    let mut seen: HashMap<u64, u64> = HashMap::new();
    let mut told = 0;
    while let Some(row) = table.next()? {
        let (line, read) = match row {
            Ok(row) => (row.line, kinds::read(kind, &row, source)),
            Err(bad) => (bad.line, Err(bad)),
        };
        report.rows += 1;
        let read = read.and_then(
            |statement| match seen.entry(hasher.hash_one(statement.key())) {
                Entry::Vacant(free) => {
                    free.insert(line);
                    Ok(statement)
                }
                Entry::Occupied(first) => Err(table::BadRow {
                    line,
                    column: kind.key_column().to_owned(),
                    reason: "duplicate_row".to_owned(),
                    message: format!("line {} says something about the same", first.get()),
                }),
            },
        );
        match read {
            Ok(statement) => {
                send_one(sender, &statement)?;
                report.loaded += 1;
            }
            Err(bad) => {
                report.refused += 1;
                if report.shown.len() < SHOWN {
                    report.shown.push(bad);
                }
            }
        }
        let at = table.bytes_read();
        if at - told > 1 << 16 {
            bar.inc(at - told);
            told = at;
        }
    }
    bar.inc(table.bytes_read().saturating_sub(told));
    Ok(report)
}

fn send_one(sender: &mut Sender, statement: &Statement) -> anyhow::Result<()> {
    let key = statement.key();
    match statement {
        Statement::Product(record) => sender.reference(&key, record),
        Statement::Location(record) => sender.reference(&key, record),
        Statement::Party(record) => sender.reference(&key, record),
        Statement::Lane(record) => sender.reference(&key, record),
        Statement::Lot(record) => sender.registry(&key, record),
        Statement::Serial(record) => sender.registry(&key, record),
    }
}

async fn gateway_clock(url: &str) -> Option<serde_json::Value> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()
        .ok()?;
    client.get(url).send().await.ok()?.json().await.ok()
}

/// Waits until the gateway stamps what it captures with the reference data loaded; `false` where no
/// gateway answers.
async fn wait_for_gateway(url: &str, end: i64) -> anyhow::Result<bool> {
    let deadline = Instant::now() + GATEWAY_PATIENCE;
    loop {
        let Some(clock) = gateway_clock(url).await else {
            return Ok(false);
        };
        let seen = clock["reference_offset"].as_i64().unwrap_or(0);
        if seen >= end {
            return Ok(true);
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "loaded, but the gateway has read the reference data only to offset {seen} of {end}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn print(context: &Context, reports: &Reports, seconds: f64) -> ExitCode {
    let total = |count: fn(&Report) -> u64| reports.iter().map(|(_, _, r)| count(r)).sum::<u64>();
    let (loaded, refused) = (total(|r| r.loaded), total(|r| r.refused));
    if context.json {
        let files: Vec<_> = reports
            .iter()
            .map(|(path, kind, r)| file_json(path, *kind, r))
            .collect();
        let summary = json!({
            "files": files, "loaded": loaded, "refused": refused, "seconds": seconds,
        });
        println!("{summary}");
    } else {
        for (path, kind, report) in reports {
            for bad in &report.shown {
                let place = if bad.column.is_empty() {
                    ""
                } else {
                    ", column "
                };
                eprintln!(
                    "{}, line {}{place}{}: {}: {}",
                    path.display(),
                    bad.line,
                    bad.column,
                    bad.reason,
                    bad.message
                );
            }
            if report.refused > report.shown.len() as u64 {
                let more = report.refused - report.shown.len() as u64;
                eprintln!("{}: {more} more rows refused", path.display());
            }
            println!(
                "{}: {} {} loaded, {} refused",
                path.display(),
                report.loaded,
                kind.rows_are(),
                report.refused
            );
        }
        println!("{loaded} rows loaded, {refused} refused, in {seconds:.1} s");
    }
    if refused > 0 {
        ExitCode::from(FINDINGS)
    } else {
        ExitCode::SUCCESS
    }
}

fn file_json(path: &Path, kind: Kind, report: &Report) -> serde_json::Value {
    let errors: Vec<_> = report
        .shown
        .iter()
        .map(|bad| {
            json!({
                "line": bad.line, "column": bad.column, "reason": bad.reason,
                "message": bad.message,
            })
        })
        .collect();
    json!({
        "file": path.display().to_string(), "kind": kind.name(), "rows": report.rows,
        "loaded": report.loaded, "refused": report.refused, "errors": errors,
    })
}
