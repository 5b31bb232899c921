//! Each stage alone over a simulated world: what it reads was produced by the stages before it, which
//! have ended. So its CPU time is nothing else's, and no other stage sets its pace.

mod allocations;

use crate::figures::Spread;
use crate::options::{Options, Part};
use crate::profile::Sampling;
use crate::{cpu, own_stack, watch, world};
use anyhow::ensure;
use serialtrail_bench_codecs::text::{heading, spread, table};
use serialtrail_runtime::{Clock, Service, metrics};
use serialtrail_stack::{Member, Stack};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Longest time one stage may take.
const LIMIT: Duration = Duration::from_secs(3600);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// Looks at the metrics between two looks at the consumer group, which costs the broker something.
const LOOKS: usize = 20;

/// The stages that keep state, alone.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// One a stage, in the order of the pipeline.
    pub stages: Vec<Cell>,
    /// The same input through two instances of a stage; empty in a quick run.
    pub two_instances: Vec<Growth>,
}

/// One stage with one instance.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Cell {
    /// Name of the stage.
    pub stage: String,
    /// Records it read.
    pub records: u64,
    /// Records read per CPU-second of the process, its start and end included.
    pub records_per_cpu_s: Spread,
    /// Records read per second, from the first committed window to the last.
    pub records_per_s: Spread,
    /// Peak resident memory, MiB.
    pub peak_mib: Spread,
    /// CPU-seconds of the broker beside it per CPU-second of the process.
    pub kafka_cpu: Spread,
    /// The domain alone, in this process over a map: without Kafka, worker and store.
    pub domain: Option<allocations::Domain>,
    /// Functions with most samples and their share in percent; empty without `perf`.
    pub profile: Vec<(String, f64)>,
}

/// What a second instance of a stage brings on this machine.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Growth {
    /// Name of the stage.
    pub stage: String,
    /// Records per second of two instances together, over those of one.
    pub throughput: f64,
    /// Records per CPU-second of two instances, over those of one.
    pub records_per_cpu_s: f64,
}

/// The sink alone.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct SinkFigures {
    /// Rows ClickHouse acknowledged.
    pub rows: u64,
    /// Rows per CPU-second of the sink's process.
    pub rows_per_cpu_s: Spread,
    /// Rows per second, from the first acknowledged insert to the last.
    pub rows_per_s: Spread,
    /// CPU-seconds of the sink per million rows.
    pub sink_cpu_s_per_million: Spread,
    /// CPU-seconds of ClickHouse per million rows, until the sink is done: merges go on after.
    pub clickhouse_cpu_s_per_million: Spread,
    /// CPU-seconds of the broker per million rows.
    pub kafka_cpu_s_per_million: Spread,
    /// Peak resident memory of the sink, MiB.
    pub peak_mib: Spread,
    /// Functions with most samples and their share in percent; empty without `perf`.
    pub profile: Vec<(String, f64)>,
}

/// One service over its filled topics.
struct Once {
    /// Records read, or rows acknowledged.
    done: f64,
    per_s: f64,
    /// CPU-seconds of its instances.
    own_cpu_s: f64,
    kafka_cpu_s: f64,
    clickhouse_cpu_s: f64,
    peak_mib: f64,
    profile: Vec<(String, f64)>,
}

impl Once {
    fn per_cpu_s(&self) -> f64 {
        self.done / self.own_cpu_s
    }
}

/// One world through all stages.
struct World {
    once: BTreeMap<&'static str, Once>,
    domains: BTreeMap<&'static str, allocations::Domain>,
}

/// Functions of a profile that the table shows; the JSON has more.
const SHOWN: usize = 12;
const STAGES: [Service; 3] = [Service::Dispatcher, Service::Enricher, Service::Detector];

/// Measures the stages and, where asked for, the sink behind them.
///
/// # Errors
/// A part does not start, or a stage does not end.
pub fn run(options: &Options) -> anyhow::Result<(Figures, Option<SinkFigures>)> {
    let with_sink = options.only.contains(&Part::Sink);
    let mut worlds = Vec::new();
    for run in 1..=options.repeat {
        eprintln!(
            "stages: {run} of {}, {} packs",
            options.repeat, options.items
        );
        let first = run == 1;
        worlds.push(of_world(options, 1, with_sink, first)?);
    }
    let of =
        |name: &str| -> Vec<&Once> { worlds.iter().filter_map(|w| w.once.get(name)).collect() };
    let stages: Vec<Cell> = STAGES
        .iter()
        .map(|service| {
            let runs = of(service.name());
            Cell {
                stage: service.name().to_owned(),
                records: runs.first().map_or(0, |r| r.done as u64),
                records_per_cpu_s: Spread::over(&runs, |r| r.per_cpu_s()),
                records_per_s: Spread::over(&runs, |r| r.per_s),
                peak_mib: Spread::over(&runs, |r| r.peak_mib),
                kafka_cpu: Spread::over(&runs, |r| r.kafka_cpu_s / r.own_cpu_s),
                domain: worlds
                    .first()
                    .and_then(|w| w.domains.get(service.name()).cloned()),
                profile: runs.first().map(|r| r.profile.clone()).unwrap_or_default(),
            }
        })
        .collect();
    let sink = with_sink.then(|| {
        let runs = of(Service::Sink.name());
        SinkFigures {
            rows: runs.first().map_or(0, |r| r.done as u64),
            rows_per_cpu_s: Spread::over(&runs, |r| r.per_cpu_s()),
            rows_per_s: Spread::over(&runs, |r| r.per_s),
            sink_cpu_s_per_million: Spread::over(&runs, |r| r.own_cpu_s / (r.done / 1e6)),
            clickhouse_cpu_s_per_million: Spread::over(&runs, |r| {
                r.clickhouse_cpu_s / (r.done / 1e6)
            }),
            kafka_cpu_s_per_million: Spread::over(&runs, |r| r.kafka_cpu_s / (r.done / 1e6)),
            peak_mib: Spread::over(&runs, |r| r.peak_mib),
            profile: runs.first().map(|r| r.profile.clone()).unwrap_or_default(),
        }
    });
    let mut two_instances = Vec::new();
    if !options.quick {
        eprintln!("stages: with two instances each");
        let two = of_world(options, 2, false, false)?;
        for cell in &stages {
            let Some(once) = two.once.get(cell.stage.as_str()) else {
                continue;
            };
            two_instances.push(Growth {
                stage: cell.stage.clone(),
                throughput: once.per_s / cell.records_per_s.median,
                records_per_cpu_s: once.per_cpu_s() / cell.records_per_cpu_s.median,
            });
        }
    }
    let figures = Figures {
        stages,
        two_instances,
    };
    Ok((figures, sink))
}

/// Captures a world, then runs one service after the other over what the ones before it left.
fn of_world(
    options: &Options,
    instances: u32,
    with_sink: bool,
    with_domain: bool,
) -> anyhow::Result<World> {
    let mut members = vec![
        Member::Kafka,
        Member::SchemaRegistry,
        Member::service(Service::Gateway),
    ];
    if with_sink {
        members.push(Member::ClickHouse);
    }
    own_stack::with(options, "stages", Clock::Replay, members, |stack| {
        let folder = world::simulate(stack, options.items, options.seed)?;
        world::load(stack, &folder)?;
        world::capture(stack, &folder)?;
        stack.stop(Member::service(Service::Gateway))?;
        let mut found = World {
            once: BTreeMap::new(),
            domains: BTreeMap::new(),
        };
        for service in STAGES {
            let once = alone(stack, service, instances, !options.quick)?;
            eprintln!(
                "stages: {} x {instances}: {:.0} records, {:.0} per CPU-s, {:.0}/s",
                service.name(),
                once.done,
                once.per_cpu_s(),
                once.per_s
            );
            found.once.insert(service.name(), once);
        }
        if with_sink {
            let once = alone(stack, Service::Sink, 1, !options.quick)?;
            eprintln!(
                "sink: {:.0} rows, {:.0} per CPU-s, {:.0}/s",
                once.done,
                once.per_cpu_s(),
                once.per_s
            );
            found.once.insert(Service::Sink.name(), once);
        }
        if with_domain {
            for service in STAGES {
                if let Some(domain) = allocations::of(stack, service)? {
                    found.domains.insert(service.name(), domain);
                }
            }
        }
        Ok(found)
    })
}

/// Starts a service, waits until it has done all there is, and stops it.
fn alone(stack: &Stack, service: Service, instances: u32, sampled: bool) -> anyhow::Result<Once> {
    let members: Vec<Member> = (0..instances)
        .map(|slot| Member::Service { service, slot })
        .collect();
    let counter = match service {
        Service::Sink => metrics::ROWS.name,
        _ => metrics::RECORDS_IN.name,
    };
    let before = cpu::of_stack(stack);
    for member in &members {
        stack.start(*member, &[])?;
    }
    let data = stack.layout().root().join("perf.data");
    let sampling = members
        .first()
        .filter(|_| sampled)
        .and_then(|member| Sampling::start(stack.identity(*member)?.pid, data));
    let deadline = Instant::now() + LIMIT;
    let (mut first, mut last) = (None, (Instant::now(), 0.0));
    let mut done = 0;
    for look in 1.. {
        let count = watch::metric(stack, service, counter);
        if count > last.1 {
            last = (Instant::now(), count);
            first.get_or_insert(last);
        }
        if look % LOOKS == 0 {
            done = if count > 0.0 && watch::is_done(stack, &[service])? {
                done + 1
            } else {
                0
            };
            if done == 2 {
                break;
            }
            ensure!(Instant::now() < deadline, "{service:?} does not end");
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    let cpu = cpu::since(stack, &before);
    let memory = cpu::memory_of_stack(stack);
    let profile = sampling.map(Sampling::top).unwrap_or_default();
    for member in &members {
        stack.stop(*member)?;
    }
    let first = first.unwrap_or(last);
    let took = (last.0 - first.0).as_secs_f64();
    let of = |figures: &BTreeMap<String, f64>, member: &Member| {
        figures.get(&member.name()).copied().unwrap_or(0.0)
    };
    Ok(Once {
        done: last.1,
        // What is done between two looks has no speed.
        per_s: if took > 0.0 {
            (last.1 - first.1) / took
        } else {
            0.0
        },
        own_cpu_s: members.iter().map(|m| of(&cpu, m)).sum(),
        kafka_cpu_s: of(&cpu, &Member::Kafka),
        clickhouse_cpu_s: of(&cpu, &Member::ClickHouse),
        peak_mib: members.iter().map(|m| of(&memory, m)).sum(),
        profile,
    })
}

impl Figures {
    /// The tables.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\nStages: each alone over its filled topic (simulated world); domain: its code in this \
             process over a map"
        )?;
        let mut rows = vec![heading(&[
            "stage",
            "records",
            "records/CPU-s",
            "records/s",
            "peak MiB",
            "kafka CPU per own",
            "domain records/CPU-s",
            "domain allocations a record",
        ])];
        for cell in &self.stages {
            let domain = cell.domain.as_ref();
            rows.push(vec![
                cell.stage.clone(),
                cell.records.to_string(),
                spread(&cell.records_per_cpu_s),
                spread(&cell.records_per_s),
                spread(&cell.peak_mib),
                spread(&cell.kafka_cpu),
                domain.map_or_else(String::new, |d| format!("{:.0}", d.records_per_cpu_s)),
                domain.map_or_else(String::new, |d| format!("{:.1}", d.allocations_a_record)),
            ]);
        }
        table(out, &rows)?;
        for growth in &self.two_instances {
            writeln!(
                out,
                "{}: two instances do {:.2} times the records a second of one, at {:.2} times the \
                 records a CPU-second",
                growth.stage, growth.throughput, growth.records_per_cpu_s
            )?;
        }
        for cell in &self.stages {
            profile(out, &cell.stage, &cell.profile)?;
        }
        Ok(())
    }
}

impl SinkFigures {
    /// The table.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\nSink: alone over its filled topics; CPU-seconds per million rows"
        )?;
        let mut rows = vec![heading(&[
            "rows",
            "rows/CPU-s",
            "rows/s",
            "sink",
            "clickhouse",
            "kafka",
            "peak MiB",
        ])];
        rows.push(vec![
            self.rows.to_string(),
            spread(&self.rows_per_cpu_s),
            spread(&self.rows_per_s),
            spread(&self.sink_cpu_s_per_million),
            spread(&self.clickhouse_cpu_s_per_million),
            spread(&self.kafka_cpu_s_per_million),
            spread(&self.peak_mib),
        ]);
        table(out, &rows)?;
        profile(out, "sink", &self.profile)
    }
}

/// Top of a profile, a line a function.
fn profile(out: &mut String, name: &str, top: &[(String, f64)]) -> std::fmt::Result {
    if top.is_empty() {
        return writeln!(out, "{name}: no profile (a quick run, or no perf here)");
    }
    writeln!(out, "{name}: top of the profile")?;
    for (function, share) in top.iter().take(SHOWN) {
        writeln!(out, "  {share:5.1}%  {function}")?;
    }
    Ok(())
}
