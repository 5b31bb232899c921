//! The whole pipeline over input captured before: what it sustains on this machine with broker and
//! ClickHouse beside it, and whether its memory stays where it is. One run, as long as it takes.

mod fill;
mod samples;

use crate::options::Options;
use crate::traffic::Traffic;
use crate::{backbone, cpu, disk, own_stack, watch, world};
use fill::Filled;
use samples::Sampler;
use serialtrail_bench_codecs::text::{heading, table};
use serialtrail_runtime::{Clock, Service, metrics};
use serialtrail_stack::{Member, Stack};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Bytes of disk an observation takes while it is measured: topics, changelogs, stores, tables.
pub const BYTES_AN_OBSERVATION: f64 = 2_200.0;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Looks between two at the consumer groups, which costs the broker something.
const LOOKS: u32 = 5;

const STAGES: [Service; 4] = [
    Service::Dispatcher,
    Service::Enricher,
    Service::Detector,
    Service::Sink,
];

/// What was measured.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// Events captured beforehand.
    pub events: u64,
    /// Units they name: the observations that land in the end.
    pub observations: u64,
    /// Distinct units.
    pub units: u64,
    /// Of these, those that stood in ClickHouse at the end.
    pub landed: u64,
    /// Rows that ClickHouse had acknowledged for them: a read that comes before its unit's commissioning is
    /// written again after it.
    pub rows: u64,
    /// Whether everything had gone through when measuring ended; else the time was over.
    pub through: bool,
    /// Seconds from the start of the stages to the end.
    pub took_s: f64,
    /// Observations landed per second of these.
    pub observations_per_s: f64,
    /// Rows of observations landed per second, quarter by quarter of the time.
    pub by_quarter: Vec<f64>,
    /// Each process, ours and the parts.
    pub processes: Vec<Process>,
    /// Bytes on disk at the end per observation: topics by name, `state/<stage>`, `clickhouse`.
    pub bytes_an_observation: BTreeMap<String, f64>,
    /// Keys in the local stores per unit, by stage.
    pub keys_a_unit: BTreeMap<String, f64>,
    /// Mebibytes of index and caches at the end, by stage.
    pub store_mib: BTreeMap<String, f64>,
}

/// One process over the run.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Process {
    /// Name.
    pub name: String,
    /// CPU-seconds.
    pub cpu_s: f64,
    /// CPU-seconds per million observations.
    pub cpu_s_per_million: f64,
    /// Resident memory, median of each quarter of the time, MiB.
    pub mib_by_quarter: Vec<f64>,
    /// Last quarter's over the first's.
    pub growth: f64,
}

/// Observations the disk has room for, of those asked for.
#[must_use]
pub fn observations(options: &Options) -> u64 {
    let wanted = u64::from(options.pipeline_minutes) * 60 * options.pipeline_per_second;
    let room = options.disk_gib as f64 * 1_073_741_824.0 / BYTES_AN_OBSERVATION;
    if options.quick {
        3_000
    } else {
        wanted.min(room as u64)
    }
}

/// Fills the first topic, then lets the stages run.
///
/// # Errors
/// A part does not start, the gateway refuses, or a stage ends.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    let gateway = Member::service(Service::Gateway);
    let parts = [Member::Kafka, Member::SchemaRegistry, Member::ClickHouse];
    let members = parts.into_iter().chain([gateway]).collect();
    own_stack::with(options, "pipeline", Clock::Live, members, |stack| {
        let (traffic, folder) = Traffic::new(stack, options.seed)?;
        world::load(stack, &folder)?;
        let began = Instant::now();
        let filled = fill::fill(stack, &traffic, observations(options))?;
        eprintln!(
            "pipeline: {} observations of {} events captured in {:.0} s",
            filled.observations,
            filled.events,
            began.elapsed().as_secs_f64()
        );
        stack.stop(gateway)?;
        let limit = Duration::from_secs(u64::from(options.pipeline_minutes) * 60 * 3);
        measure(stack, &filled, limit)
    })
}

fn measure(stack: &Stack, filled: &Filled, limit: Duration) -> anyhow::Result<Figures> {
    let before = cpu::of_stack(stack);
    let start = Instant::now();
    for service in STAGES {
        stack.start(Member::service(service), &[])?;
    }
    for service in STAGES {
        stack.wait_ready(Member::service(service), Duration::from_secs(120))?;
    }
    let mut sampler = Sampler::default();
    let (mut done, mut look) = (0, 0_u32);
    let through = loop {
        sampler.look(stack, start.elapsed());
        look += 1;
        if done > 0 || look.is_multiple_of(LOOKS) {
            done = if watch::is_done(stack, &STAGES)? {
                done + 1
            } else {
                0
            };
            eprintln!(
                "pipeline: {:.0} s, {:.0} rows of {} observations landed",
                start.elapsed().as_secs_f64(),
                sampler.landed(),
                filled.observations
            );
        }
        if done == 2 || start.elapsed() > limit {
            break done == 2;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    };
    // The time it took ends with the last row; the looks after it only made sure.
    let took = if through {
        sampler.last_progress()
    } else {
        start.elapsed()
    };
    let cpu = cpu::since(stack, &before);
    let landed = backbone::count(stack, backbone::ASSERTED)? as f64;
    let millions = (landed / 1e6).max(1e-9);
    let processes = cpu
        .into_iter()
        .map(|(name, cpu_s)| {
            let mib = sampler.mib_by_quarter(&name, took);
            let ends = (mib.first().copied(), mib.last().copied());
            let growth = match ends {
                (Some(first), Some(last)) if first > 0.0 => last / first,
                _ => 0.0,
            };
            Process {
                name,
                cpu_s,
                cpu_s_per_million: cpu_s / millions,
                mib_by_quarter: mib,
                growth,
            }
        })
        .collect();
    let by_stage = |metric: &str, per: f64| -> BTreeMap<String, f64> {
        STAGES
            .iter()
            .map(|s| (s.name().to_owned(), watch::metric(stack, *s, metric) / per))
            .filter(|(_, value)| *value > 0.0)
            .collect()
    };
    let figures = Figures {
        events: filled.events,
        observations: filled.observations,
        units: filled.units,
        landed: landed as u64,
        rows: sampler.landed() as u64,
        through,
        took_s: took.as_secs_f64(),
        observations_per_s: landed / took.as_secs_f64(),
        by_quarter: sampler.landed_by_quarter(took),
        processes,
        bytes_an_observation: disk::of_stack(stack)
            .into_iter()
            .map(|(name, bytes)| (name, bytes as f64 / filled.observations as f64))
            .collect(),
        keys_a_unit: by_stage(metrics::STATE_KEYS.name, filled.units as f64),
        store_mib: STAGES
            .iter()
            .map(|s| (s.name().to_owned(), samples::store_mib(stack, *s)))
            .filter(|(_, value)| *value > 0.0)
            .collect(),
    };
    eprintln!("pipeline: {:.0} observations/s", figures.observations_per_s);
    Ok(figures)
}

impl Figures {
    /// The tables.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        let quarters = |all: &[f64]| {
            let texts: Vec<String> = all.iter().map(|one| format!("{one:.0}")).collect();
            texts.join(" ")
        };
        writeln!(
            out,
            "\nPipeline: {} observations of {} units in {} events captured before; {} landed in {:.0} s{}",
            self.observations,
            self.units,
            self.events,
            self.landed,
            self.took_s,
            if self.through {
                ""
            } else {
                ", then the time was over"
            }
        )?;
        writeln!(
            out,
            "{:.0} observations/s; {} rows, a second by quarters of the time: {}",
            self.observations_per_s,
            self.rows,
            quarters(&self.by_quarter)
        )?;
        let mut rows = vec![heading(&[
            "process",
            "CPU-s",
            "CPU-s per million obs.",
            "MiB by quarter",
            "last/first",
        ])];
        for process in &self.processes {
            rows.push(vec![
                process.name.clone(),
                format!("{:.1}", process.cpu_s),
                format!("{:.1}", process.cpu_s_per_million),
                quarters(&process.mib_by_quarter),
                format!("{:.2}", process.growth),
            ]);
        }
        table(out, &rows)?;
        let mut rows = vec![heading(&["on disk at the end", "bytes an observation"])];
        for (name, bytes) in &self.bytes_an_observation {
            rows.push(vec![name.clone(), format!("{bytes:.0}")]);
        }
        table(out, &rows)?;
        for (stage, keys) in &self.keys_a_unit {
            let mib = self.store_mib.get(stage).copied().unwrap_or(0.0);
            writeln!(
                out,
                "{stage}: {keys:.2} keys a unit, {mib:.0} MiB of index and caches"
            )?;
        }
        Ok(())
    }
}
