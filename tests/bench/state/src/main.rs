//! The keyed store alone: read-modify-writes of 100-byte values in windows of 2,000, beside fjall.

mod fjall_store;
mod process;
mod run;

use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::process::Command;

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

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Engine {
    Keyed,
    Fjall,
}

/// Which keys are touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Access {
    /// Every key as likely as any other.
    Uniform,
    /// 90% of the operations on 5% of the keys.
    Skewed,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let Some(access) = options.case {
        let figures = run::case(&options, access)?;
        println!("{}", serde_json::to_string(&figures)?);
        return Ok(());
    }
    std::fs::create_dir_all(&options.folder)?;
    let folder = options.folder.to_string_lossy().into_owned();
    let mut all = Vec::new();
    for keys in &options.keys {
        for access in ["uniform", "skewed"] {
            for store in &options.stores {
                if *store == Engine::Fjall && *keys > options.fjall_up_to {
                    continue;
                }
                let store = format!("{store:?}").to_lowercase();
                let output = Command::new(std::env::current_exe()?)
                    .args(["--case", access, "--stores", &store, "--folder", &folder])
                    .args(["--keys", &keys.to_string()])
                    .args(["--operations", &options.operations.to_string()])
                    .args(["--memory-mib", &options.memory_mib.to_string()])
                    .args(options.multi_get.then_some("--multi-get"))
                    .output()?;
                anyhow::ensure!(
                    output.status.success(),
                    "{store} with {keys} keys: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
                let line = String::from_utf8(output.stdout)?;
                eprint!("{line}");
                all.push(serde_json::from_str::<serde_json::Value>(&line)?);
            }
        }
    }
    let path = options.folder.join("state.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&all)?)?;
    eprintln!("{}", path.display());
    Ok(())
}
