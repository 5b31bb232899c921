//! One run of the whole-stack bench.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use serialtrail_runtime::Clock;
use serialtrail_stack::{Stack, Wish, program};

use crate::cpu;

/// What to run.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Packs of the simulated world
    #[arg(long, default_value_t = 20_000)]
    pub items: u32,
    /// Seed of the world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// First port of the bench's own stack
    #[arg(long, default_value_t = 28_000)]
    pub port_base: u16,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/backbone.json")]
    pub out: PathBuf,
}

/// What was measured.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Figures {
    /// Observations asserted at the end.
    pub observations: u64,
    /// Distinct events captured.
    pub events: u64,
    /// Seconds from the first upload to the last one answered.
    pub capture_s: f64,
    /// Seconds from the first upload to the settled result.
    pub settled_s: f64,
    /// Observations per second, first upload to settled.
    pub observations_per_s: f64,
    /// CPU-seconds by process, over the same time.
    pub cpu_s: BTreeMap<String, f64>,
    /// CPU-seconds by process per million observations.
    pub cpu_s_per_million: BTreeMap<String, f64>,
    /// Observations per CPU-second of all of our services together (broker and ClickHouse apart).
    pub observations_per_service_cpu_s: f64,
    /// Peak resident memory by process, MiB.
    pub peak_mib: BTreeMap<String, f64>,
    /// Cores of the machine.
    pub cores: usize,
}

/// Processes that are not ours.
const PARTS: [&str; 3] = ["kafka", "schema-registry", "clickhouse"];

fn cli(folder: &Path, args: &[&str]) -> anyhow::Result<String> {
    let out = Command::new(program("serialtrail")?)
        .arg("--dir")
        .arg(folder)
        .args(args)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !out.status.success() {
        bail!("serialtrail {} ended with {}", args.join(" "), out.status);
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

fn count(stack: &Stack, sql: &str) -> anyhow::Result<u64> {
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

/// Starts a stack of its own, streams the world, measures, stops it and removes its data.
///
/// # Errors
/// A part does not start, a command fails, the figures cannot be written.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    let root = serialtrail_stack::Project::find()?.root;
    let folder = root.join(".local/bench");
    if folder.exists() {
        if let Ok(old) = Stack::open(&folder) {
            old.down(&|_| {})?;
        }
        std::fs::remove_dir_all(&folder)?;
    }
    let wish = Wish {
        clock: Some(Clock::Replay),
        port_base: Some(options.port_base),
        instances: Some(1),
        only: Vec::new(),
    };
    let (stack, _) = Stack::up(&folder, &wish, &|what| eprintln!("{what}"))?;
    let measured = measure(&stack, &folder, options);
    stack.down(&|_| {})?;
    let figures = measured?;
    std::fs::remove_dir_all(&folder)?;
    let out = root.join(&options.out);
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&out, serde_json::to_vec_pretty(&figures)?)
        .with_context(|| format!("write {}", out.display()))?;
    Ok(figures)
}

fn measure(stack: &Stack, folder: &Path, options: &Options) -> anyhow::Result<Figures> {
    let world = folder.join("world");
    let path = |name: &str| world.join(name).display().to_string();
    let world_text = world.display().to_string();
    cli(
        folder,
        &[
            "simulate",
            "--out",
            &world_text,
            "--items",
            &options.items.to_string(),
            "--seed",
            &options.seed.to_string(),
        ],
    )?;
    let files = [
        "parties.csv",
        "locations.csv",
        "products.csv",
        "lots.csv",
        "registry.ndjson",
    ];
    let files: Vec<String> = files.iter().map(|f| path(f)).collect();
    let mut load = vec!["load"];
    load.extend(files.iter().map(String::as_str));
    cli(folder, &load)?;
    cli(folder, &["settle", "--timeout", "600"])?;

    let before = cpu::of_stack(stack);
    let start = Instant::now();
    cli(folder, &["capture", "--record-times", &path("uploads.csv")])?;
    let capture_s = start.elapsed().as_secs_f64();
    cli(folder, &["settle", "--timeout", "1800"])?;
    let settled_s = start.elapsed().as_secs_f64();
    let after = cpu::of_stack(stack);

    let observations = count(
        stack,
        "SELECT count() FROM observations FINAL WHERE state = 'asserted'",
    )?;
    let events = count(stack, "SELECT count() FROM events FINAL")?;
    let cpu_s: BTreeMap<String, f64> = after
        .iter()
        .map(|(name, s)| (name.clone(), s - before.get(name).copied().unwrap_or(0.0)))
        .collect();
    let millions = observations as f64 / 1e6;
    let services: f64 = cpu_s
        .iter()
        .filter(|(n, _)| !PARTS.contains(&n.as_str()))
        .map(|(_, s)| s)
        .sum();
    Ok(Figures {
        observations,
        events,
        capture_s,
        settled_s,
        observations_per_s: observations as f64 / settled_s,
        cpu_s_per_million: cpu_s
            .iter()
            .map(|(n, s)| (n.clone(), s / millions))
            .collect(),
        cpu_s,
        observations_per_service_cpu_s: observations as f64 / services,
        peak_mib: cpu::memory_of_stack(stack),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    })
}
