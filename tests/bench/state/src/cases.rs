//! Every case in a process of its own.

use crate::Options;
use clap::ValueEnum;
use std::process::Command;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Engine {
    Keyed,
    Fjall,
}

/// Which keys are touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Access {
    /// Every key as likely as any other.
    Uniform,
    /// 90% of the operations on 5% of the keys.
    Skewed,
}

impl Access {
    /// Operations before the measured ones: where some keys are hot, each of them three times, so that
    /// what is measured is not their first coming in from disk.
    pub(crate) fn warm_up(self, keys: u64) -> u64 {
        match self {
            Self::Uniform => 0,
            Self::Skewed => keys / 6,
        }
    }
}

/// Runs all cases and writes their figures to `state.json`.
pub(crate) fn all(options: &Options) -> anyhow::Result<()> {
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
