//! The keyed store alone: read-modify-writes of 100-byte values in windows of 2,000, beside fjall.

mod cases;
mod fjall_store;
mod process;
mod run;

use cases::{Access, Engine};
use clap::Parser;
use std::path::PathBuf;

/// Measures the keyed store, each case in a process of its own.
#[derive(Debug, Parser)]
struct Options {
    /// Numbers of keys.
    #[arg(long, value_delimiter = ',', default_value = "1000000,10000000")]
    keys: Vec<u64>,
    /// Read-modify-writes a case, at most; there are as many as keys.
    #[arg(long, default_value_t = 10_000_000)]
    operations: u64,
    /// Stores to measure.
    #[arg(long, value_delimiter = ',', default_value = "keyed,fjall")]
    stores: Vec<Engine>,
    /// Largest number of keys fjall is measured at.
    #[arg(long, default_value_t = u64::MAX)]
    fjall_up_to: u64,
    /// Memory for index and caches, MiB.
    #[arg(long, default_value_t = 512)]
    memory_mib: usize,
    /// Asks for a window's keys at once instead of one by one.
    #[arg(long)]
    multi_get: bool,
    /// Folder for the stores; a new one below it each case.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Runs this one case in this process and prints its figures.
    #[arg(long, hide = true)]
    case: Option<Access>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let Some(access) = options.case {
        let figures = run::case(&options, access)?;
        println!("{}", serde_json::to_string(&figures)?);
        return Ok(());
    }
    cases::all(&options)
}
