//! The whole pipeline: a simulated world from the first upload to the settled result.

use crate::cpu;
use crate::figures::Spread;
use crate::options::Options;
use crate::own_stack;
use crate::world;
use anyhow::Context;
use serialtrail_runtime::{Clock, Service};
use serialtrail_stack::{Member, Stack};
use std::collections::BTreeMap;
use std::time::Instant;

/// What was measured, over the repetitions.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Figures {
    /// Observations asserted at the end.
    pub observations: u64,
    /// Distinct events captured.
    pub events: u64,
    /// Seconds from the first upload to the last one answered.
    pub capture_s: Spread,
    /// Seconds from the first upload to the settled result.
    pub settled_s: Spread,
    /// Observations per second, first upload to settled.
    pub observations_per_s: Spread,
    /// Observations per CPU-second of all of our services together (broker and ClickHouse apart).
    pub observations_per_service_cpu_s: Spread,
    /// CPU-seconds by process per million observations.
    pub cpu_s_per_million: BTreeMap<String, Spread>,
    /// Peak resident memory by process, MiB.
    pub peak_mib: BTreeMap<String, Spread>,
}

/// One repetition.
struct Once {
    observations: u64,
    events: u64,
    capture_s: f64,
    settled_s: f64,
    cpu_s: BTreeMap<String, f64>,
    peak_mib: BTreeMap<String, f64>,
}

/// The pipeline from the gateway to the query API; what stands behind it would take its share of the cores.
fn members() -> Vec<Member> {
    let services = [
        Service::Gateway,
        Service::Dispatcher,
        Service::Enricher,
        Service::Detector,
        Service::Sink,
        Service::Query,
    ];
    PARTS
        .into_iter()
        .chain(services.map(Member::service))
        .collect()
}

/// Counts the observations that stand.
pub(crate) const ASSERTED: &str = "SELECT count() FROM observations FINAL WHERE state = 'asserted'";

/// Processes that are not ours.
const PARTS: [Member; 3] = [Member::Kafka, Member::SchemaRegistry, Member::ClickHouse];

/// The one number a statement answers.
pub(crate) fn count(stack: &Stack, sql: &str) -> anyhow::Result<u64> {
    let clickhouse = stack.settings().clickhouse;
    let text = reqwest::blocking::Client::new()
        .post(format!(
            "{}/?database={}",
            clickhouse.url, clickhouse.database
        ))
        .body(sql.to_owned())
        .send()?
        .error_for_status()?
        .text()?;
    text.trim()
        .parse()
        .with_context(|| format!("{sql}: {text}"))
}

/// Streams the world through a fresh stack, as often as asked for.
///
/// # Errors
/// A part does not start, a command fails.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    let mut runs = Vec::new();
    for run in 1..=options.repeat {
        eprintln!(
            "backbone: {run} of {}, {} packs",
            options.repeat, options.items
        );
        let once = own_stack::with(options, "backbone", Clock::Replay, members(), |stack| {
            measure(stack, options)
        })?;
        eprintln!("backbone: settled after {:.1} s", once.settled_s);
        runs.push(once);
    }
    let first = runs.first().context("at least one repetition")?;
    Ok(Figures {
        observations: first.observations,
        events: first.events,
        capture_s: Spread::over(&runs, |r| r.capture_s),
        settled_s: Spread::over(&runs, |r| r.settled_s),
        observations_per_s: Spread::over(&runs, |r| r.observations as f64 / r.settled_s),
        observations_per_service_cpu_s: Spread::over(&runs, |r| {
            let ours = r
                .cpu_s
                .iter()
                .filter(|(name, _)| PARTS.iter().all(|part| part.name() != **name));
            r.observations as f64 / ours.map(|(_, s)| s).sum::<f64>()
        }),
        cpu_s_per_million: by_process(&runs, |r| {
            let millions = r.observations as f64 / 1e6;
            let per_million = |(name, s): (&String, &f64)| (name.clone(), s / millions);
            r.cpu_s.iter().map(per_million).collect()
        }),
        peak_mib: by_process(&runs, |r| r.peak_mib.clone()),
    })
}

/// The spread of each process's figure; of those that ran in the first repetition.
fn by_process(
    runs: &[Once],
    figures: impl Fn(&Once) -> BTreeMap<String, f64>,
) -> BTreeMap<String, Spread> {
    let runs: Vec<BTreeMap<String, f64>> = runs.iter().map(figures).collect();
    let names = runs.first().into_iter().flat_map(BTreeMap::keys).cloned();
    names
        .map(|name| {
            let spread = Spread::over(&runs, |r| r.get(&name).copied().unwrap_or(0.0));
            (name, spread)
        })
        .collect()
}

fn measure(stack: &Stack, options: &Options) -> anyhow::Result<Once> {
    let world = world::simulate(stack, options.items, options.seed)?;
    world::load(stack, &world)?;
    world::cli(stack, &["settle", "--timeout", "600"])?;

    let before = cpu::of_stack(stack);
    let start = Instant::now();
    world::capture(stack, &world)?;
    let capture_s = start.elapsed().as_secs_f64();
    world::cli(stack, &["settle", "--timeout", "1800"])?;
    let settled_s = start.elapsed().as_secs_f64();
    let cpu_s = cpu::since(stack, &before);

    Ok(Once {
        observations: count(stack, ASSERTED)?,
        events: count(stack, "SELECT count() FROM events FINAL")?,
        capture_s,
        settled_s,
        cpu_s,
        peak_mib: cpu::memory_of_stack(stack),
    })
}
