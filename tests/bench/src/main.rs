//! `serialtrail-bench`: the whole-stack bench, as a table and as JSON.

use clap::Parser;
use serialtrail_bench::{Figures, Options, run};

/// Streams a simulated world through a stack of its own and prints what it cost.
#[derive(Debug, Parser)]
#[command(name = "serialtrail-bench", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    let options = Cli::parse().options;
    let f: Figures = run(&options)?;
    println!(
        "{} observations of {} events on {} cores: captured in {:.1} s, settled in {:.1} s",
        f.observations, f.events, f.cores, f.capture_s, f.settled_s
    );
    println!(
        "{:.0} observations/s; {:.0} observations per CPU-second of our services\n",
        f.observations_per_s, f.observations_per_service_cpu_s
    );
    println!(
        "{:<18} {:>8} {:>24} {:>10}",
        "process", "CPU-s", "CPU-s per million obs.", "peak MiB"
    );
    for (name, cpu) in &f.cpu_s {
        println!(
            "{name:<18} {cpu:>8.1} {:>24.1} {:>10.0}",
            f.cpu_s_per_million.get(name).copied().unwrap_or(0.0),
            f.peak_mib.get(name).copied().unwrap_or(0.0)
        );
    }
    println!("\nfigures: {}", options.out.display());
    Ok(())
}
