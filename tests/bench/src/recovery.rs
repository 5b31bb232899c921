//! A killed worker back at work: the real worker over its store, killed (SIGKILL) while it handles a paced
//! load, started again at once. Back at work is when every partition has given a committed output again,
//! of a scan that waited; the clock begins with the new process. Once with the local files the killed one
//! left, as they lie between two checkpoints; once without them, from the changelog alone.
//!
//! The stage is the engine contract's ([`serialtrail_bench_engine`]): registry rows are read into the
//! state through the worker, then scans come. Every scan has to come out once, in order and joined with its
//! serial's row, over all kills: anything else is an error. The machine stays up, so that what the killed
//! process wrote is still in the page cache.

mod load;
mod outputs;
mod worker;

use crate::figures::Spread;
use crate::options::Options;
use crate::plan::Cost;
use crate::{cpu, disk, own_stack};
use anyhow::{Context, ensure};
use outputs::Outputs;
use serde::Serialize;
use serialtrail_bench_codecs::text::{heading, spread, table};
use serialtrail_bench_engine::stage::REGISTRY;
use serialtrail_runtime::{Clock, topics};
use serialtrail_stack::topics::{Topic, TopicsFile};
use serialtrail_stack::{Member, Stack};
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use worker::{NAME, Windows, Worker};

/// Partitions of every topic: what the topics file gives keyed topics here.
const PARTITIONS: i32 = 8;
/// Topic of the paced scans.
const SCANS: &str = "scans";
/// Bytes of disk a serial takes: registry, changelog, store.
const BYTES_A_SERIAL: f64 = 300.0;
/// While the state is filled.
const LARGE: Windows = Windows {
    ms: 1_000,
    records: 20_000,
};
/// While scans come at their pace: what a deployment has.
const SMALL: Windows = Windows {
    ms: 20,
    records: 10_000,
};
/// Longest time a worker may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Serials in the state.
    pub serials: u64,
    /// Scans a second, all the time.
    pub per_second: u64,
    /// Worker threads.
    pub threads: u32,
    /// Index and cache, MiB.
    pub memory_mib: u32,
    /// Seconds in which the state was filled through the worker.
    pub fill_s: f64,
    /// Bytes of the changelog at the end.
    pub changelog_bytes: u64,
    /// Bytes of the local files at the end.
    pub local_bytes: u64,
    /// From local files, and without.
    pub cases: Vec<Case>,
    /// Scans that came out, each once, over all kills.
    pub scans: u64,
}

/// One kind of restart over the repetitions. Times are seconds since the new process began, of the last
/// partition or thread.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// What the worker found.
    pub from: &'static str,
    /// Every partition has given a committed output.
    pub back_s: Spread,
    /// The first partition has.
    pub first_s: Spread,
    /// CPU-seconds of the new process until then.
    pub cpu_s: Spread,
    /// CPU-seconds of the broker meanwhile.
    pub broker_cpu_s: Spread,
    /// Peak resident memory of the new process, MiB.
    pub peak_mib: Spread,
    /// Connected: the killed one is fenced and its open transaction ended.
    pub connected_s: Spread,
    /// The group has given all partitions.
    pub assigned_s: Spread,
    /// The stores are open.
    pub opened_s: Spread,
    /// The changelog is read.
    pub restored_s: Spread,
    /// Local log read behind the checkpoints, MiB.
    pub replayed_mib: Spread,
    /// Changelog offsets read.
    pub changelog: Spread,
}

/// One restart.
struct Restart {
    back_s: f64,
    first_s: f64,
    cpu_s: f64,
    broker_cpu_s: f64,
    peak_mib: f64,
    log: worker::StartUp,
}

/// Minutes and GiB of disk it takes, about.
pub(crate) fn cost(options: &Options) -> Cost {
    let millions = serials(options) as f64 / 1e6;
    let repeat = f64::from(options.repeat);
    Cost {
        minutes: 1.0 + millions * 0.15 + repeat * (0.5 + millions * 0.05),
        gib: serials(options) as f64 * BYTES_A_SERIAL / 1_073_741_824.0,
    }
}

/// Serials the disk has room for, of those asked for.
fn serials(options: &Options) -> u64 {
    let room = options.disk_gib as f64 * 1_073_741_824.0 / BYTES_A_SERIAL;
    options.recovery_serials.min(room as u64)
}

/// Fills, kills and starts again.
///
/// # Errors
/// A part does not start, the worker ends by itself, or an output is missing, repeated or wrong.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    own_stack::with(
        options,
        "recovery",
        Clock::Live,
        vec![Member::Kafka],
        |stack| measure(stack, options),
    )
}

fn measure(stack: &Stack, options: &Options) -> anyhow::Result<Figures> {
    let serials = serials(options);
    create_topics(stack)?;
    let settings = stack.settings();
    let began = Instant::now();
    load::registry(&settings.kafka, REGISTRY, serials)?;
    eprintln!("recovery: {serials} rows written; filling the state");
    worker::drain(stack, LARGE, REGISTRY)?;
    let fill_s = began.elapsed().as_secs_f64();
    eprintln!("recovery: filled in {fill_s:.0} s");
    let enough = AtomicBool::new(false);
    let per_second = options.recovery_per_second;
    let of = (serials, options.seed);
    let (cases, mut outputs, sent, mut worker) = std::thread::scope(|scope| {
        let loading = scope.spawn(|| load::scans(&settings.kafka, SCANS, of, per_second, &enough));
        let restarts = restarts(stack, options, serials);
        enough.store(true, Ordering::Relaxed);
        let sent = loading.join();
        let sent = sent.unwrap_or_else(|_| Err(anyhow::anyhow!("the load panicked")))?;
        let (cases, outputs, worker) = restarts?;
        anyhow::Ok((cases, outputs, sent, worker))
    })?;
    outputs.until_count(sent, Duration::from_secs(60), || worker.ensure_runs())?;
    // One more second: nothing may come twice.
    outputs.read_for(Duration::from_secs(1))?;
    ensure!(
        outputs.count == sent,
        "{} outputs of {sent} scans",
        outputs.count
    );
    worker.kill()?;
    let sizes = disk::of_stack(stack);
    let changelog = sizes.get(&changelog()).copied();
    Ok(Figures {
        serials,
        per_second,
        threads: worker::THREADS,
        memory_mib: worker::MEMORY_MIB,
        fill_s,
        changelog_bytes: changelog.context("the changelog is empty")?,
        local_bytes: disk::bytes(&worker::folder(stack)),
        cases,
        scans: sent,
    })
}

fn changelog() -> String {
    format!("{NAME}-changelog")
}

/// The worker's topics, with the settings of the ones they stand for.
fn create_topics(stack: &Stack) -> anyhow::Result<()> {
    let settings = stack.settings();
    let declared = TopicsFile::read(&settings.files.topics)?.all();
    let like = |model: &str, name: String| -> anyhow::Result<Topic> {
        let found = declared.iter().find(|topic| topic.name == model);
        let topic = Topic {
            name,
            ..found.context("not declared")?.clone()
        };
        ensure!(
            topic.partitions == PARTITIONS,
            "{model} has {} partitions, this is written for {PARTITIONS}",
            topic.partitions
        );
        Ok(topic)
    };
    let wanted = [
        like(topics::UNIT_INBOX, REGISTRY.to_owned())?,
        like(topics::UNIT_INBOX, SCANS.to_owned())?,
        like(topics::DETECTOR_CHANGELOG, changelog())?,
    ];
    serialtrail_stack::topics::ensure(&settings.kafka, &wanted, false)?;
    Ok(())
}

/// Kills and starts the worker again, each kind of restart in turn; it still runs afterwards.
fn restarts(
    stack: &Stack,
    options: &Options,
    serials: u64,
) -> anyhow::Result<(Vec<Case>, Outputs, Worker)> {
    let partitions = usize::try_from(PARTITIONS)?;
    let mut outputs = Outputs::new(&stack.settings(), serials, options.seed)?;
    let mut worker = Worker::start(stack, SMALL, SCANS, "first")?;
    let begun = worker.began_ms();
    outputs.until_all(partitions, begun, || alive(&mut worker))?;
    let (mut local, mut alone) = (Vec::new(), Vec::new());
    for n in 1..=options.repeat {
        for (restarts, keep) in [(&mut local, true), (&mut alone, false)] {
            // Some way into its work, each time another.
            let way = 2_000 + load::serial_of(u64::from(n), options.seed, 3_000);
            outputs.read_for(Duration::from_millis(way))?;
            worker.kill()?;
            if !keep {
                std::fs::remove_dir_all(worker::folder(stack))?;
            }
            let broker = cpu::of_stack(stack);
            let what = format!("{}-{n}", if keep { "local" } else { "changelog" });
            worker = Worker::start(stack, SMALL, SCANS, &what)?;
            let begun = worker.began_ms();
            let (first, last) = outputs.until_all(partitions, begun, || alive(&mut worker))?;
            let restart = Restart {
                back_s: (last - worker.start).as_secs_f64(),
                first_s: (first - worker.start).as_secs_f64(),
                cpu_s: cpu::seconds(worker.pid()).context("the worker is gone")?,
                peak_mib: cpu::peak_mib(worker.pid()).context("the worker is gone")?,
                broker_cpu_s: cpu::since(stack, &broker).values().sum(),
                log: worker.start_up()?,
            };
            ensure!(
                restart.log.partitions == partitions,
                "{what}: {} partitions were restored",
                restart.log.partitions
            );
            let expected = if keep { serials } else { 0 };
            ensure!(
                restart.log.keys == expected,
                "{what}: opened with {} keys in the local state, not {expected}",
                restart.log.keys
            );
            eprintln!("recovery: {what}: {restart}");
            restarts.push(restart);
        }
    }
    let cases = vec![
        Case::of("local files", &local),
        Case::of("the changelog alone", &alone),
    ];
    Ok((cases, outputs, worker))
}

fn alive(worker: &mut Worker) -> anyhow::Result<()> {
    ensure!(
        worker.start.elapsed() < PATIENCE,
        "not back at work after {} s",
        PATIENCE.as_secs()
    );
    worker.ensure_runs()
}

impl std::fmt::Display for Restart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let log = &self.log;
        write!(
            f,
            "back at work after {:.2} s (first partition {:.2}), {:.2} CPU-s; connected {:.2}, assigned {:.2}, \
             opened {:.2}, restored {:.2}; {} MiB of log, {} changelog offsets",
            self.back_s,
            self.first_s,
            self.cpu_s,
            log.connected_s,
            log.assigned_s,
            log.opened_s,
            log.restored_s,
            log.replayed >> 20,
            log.changelog
        )
    }
}

impl Case {
    fn of(from: &'static str, restarts: &[Restart]) -> Self {
        let over = |figure: fn(&Restart) -> f64| Spread::over(restarts, figure);
        Self {
            from,
            back_s: over(|r| r.back_s),
            first_s: over(|r| r.first_s),
            cpu_s: over(|r| r.cpu_s),
            broker_cpu_s: over(|r| r.broker_cpu_s),
            peak_mib: over(|r| r.peak_mib),
            connected_s: over(|r| r.log.connected_s),
            assigned_s: over(|r| r.log.assigned_s),
            opened_s: over(|r| r.log.opened_s),
            restored_s: over(|r| r.log.restored_s),
            replayed_mib: over(|r| r.log.replayed as f64 / 1_048_576.0),
            changelog: over(|r| r.log.changelog as f64),
        }
    }
}

impl Figures {
    /// The table.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
        writeln!(
            out,
            "\nRecovery: a worker with {} serials in {PARTITIONS} partitions, {} threads, killed at {} scans/s \
             and started again; filled in {:.0} s, changelog {:.0} MiB, local files {:.0} MiB; {} scans came out, \
             each once",
            self.serials,
            self.threads,
            self.per_second,
            self.fill_s,
            mib(self.changelog_bytes),
            mib(self.local_bytes),
            self.scans
        )?;
        let mut rows = vec![heading(&[
            "from",
            "back at work s",
            "CPU-s",
            "broker CPU-s",
            "peak MiB",
            "log read MiB",
            "changelog offsets",
        ])];
        for case in &self.cases {
            rows.push(vec![
                case.from.to_owned(),
                spread(&case.back_s),
                spread(&case.cpu_s),
                spread(&case.broker_cpu_s),
                spread(&case.peak_mib),
                spread(&case.replayed_mib),
                spread(&case.changelog),
            ]);
        }
        table(out, &rows)?;
        let mut rows = vec![heading(&[
            "s since the start until",
            "connected, predecessor fenced",
            "partitions assigned",
            "stores open",
            "changelog read",
            "first partition at work",
            "all at work",
        ])];
        for case in &self.cases {
            rows.push(vec![
                case.from.to_owned(),
                spread(&case.connected_s),
                spread(&case.assigned_s),
                spread(&case.opened_s),
                spread(&case.restored_s),
                spread(&case.first_s),
                spread(&case.back_s),
            ]);
        }
        table(out, &rows)
    }
}
