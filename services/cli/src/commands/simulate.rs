//! `serialtrail simulate`: a seeded world on disk.

use crate::context::Context;
use anyhow::{Context as _, bail};
use serialtrail_simulator::{Noise, Options, Summary, generate, write_world};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `serialtrail simulate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seed; the same seed and size give the same files
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder to write the world into; must be empty or new
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Packs to make, about (whole lots of 200 are made)
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub items: u32,
    /// Labelled anomalies per rule, about; 0 makes an honest world
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub anomalies: u16,
    /// First day of the world, ISO date
    #[arg(long, value_name = "DATE")]
    pub start: Option<chrono::NaiveDate>,
    /// Days of steady trade: production goes on all the time and the world ends with the last day.
    /// Without it all is made within 20 days and every pack's life is told to its end
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(30..=730))]
    pub days: Option<u32>,
    /// Leave out ordinary noise (missed reads, late and repeated uploads, disorder, clock skew)
    #[arg(long)]
    pub no_noise: bool,
}

/// Makes a world in an empty or new folder.
///
/// # Errors
/// The folder is not empty or cannot be written.
pub fn simulate(args: &Args, context: &Context) -> anyhow::Result<Summary> {
    if args.out.exists()
        && std::fs::read_dir(&args.out)
            .with_context(|| format!("read {}", args.out.display()))?
            .next()
            .is_some()
    {
        bail!(
            "{} is not empty: name an empty or new folder",
            args.out.display()
        );
    }
    let mut options = Options {
        seed: args.seed,
        units: args.items as usize,
        anomalies_per_rule: usize::from(args.anomalies),
        trade_days: args.days,
        ..Options::default()
    };
    if args.no_noise {
        options.noise = Noise {
            missed_reads: 0.0,
            late_uploads: 0.0,
            repeated_uploads: 0.0,
            disorder: 0.0,
            late_commissioning: 0.0,
            late_packing: 0.0,
            clock_skew: 0,
            lookalikes: 0,
        };
    }
    if let Some(day) = args.start {
        options.start = day
            .and_time(chrono::NaiveTime::MIN)
            .and_utc()
            .timestamp_micros();
    }
    let spinner = context.progress(0, "making the world");
    let simulation = generate(&options);
    spinner.finish_and_clear();
    let bar = context.progress(simulation.uploads.len() as u64, "writing documents");
    let summary = write_world(&simulation, &options, &args.out, |done, _| {
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    Ok(summary)
}

/// Runs the command.
///
/// # Errors
/// See [`simulate`].
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let summary = simulate(&args, context)?;
    if context.json {
        println!("{}", serde_json::to_string(&summary)?);
    } else {
        println!(
            "{} packs ({} in the registry file), {} events in {} documents, {} uploads from {} to {},\n{} labelled anomalies. Folder: {}",
            summary.packs,
            summary.registered,
            summary.events,
            summary.documents,
            summary.uploads,
            summary.period.0,
            summary.period.1,
            summary.anomalies,
            args.out.display()
        );
        println!(
            "Next: serialtrail load {0}/*.csv {0}/registry.ndjson",
            args.out.display()
        );
        println!(
            "      serialtrail capture --record-times {}/uploads.csv",
            args.out.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
