//! Identifiers and documents: a program of its own, so that its CPU time is nothing else's.

use crate::options::Options;
use anyhow::{Context, ensure};
use serialtrail_bench_codecs::Figures;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program, beside this one.
const PROGRAM: &str = "serialtrail-bench-codecs";

/// Where it leaves its figures, from the project's root.
const FIGURES: &str = "target/bench/codecs.json";

/// Runs the program and takes its figures.
///
/// # Errors
/// It is not there, fails, or leaves no figures.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<Figures> {
    let program = std::env::current_exe()?.with_file_name(PROGRAM);
    let mut command = Command::new(&program);
    // Of small measurements more are needed, and take no longer.
    command.args([
        "--out",
        FIGURES,
        "--repeat",
        &options.repeat.max(5).to_string(),
    ]);
    command.args(["--seed", &options.seed.to_string()]);
    if options.quick {
        command.arg("--quick");
    }
    let status = command.stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("run {}", program.display()))?;
    ensure!(status.success(), "{PROGRAM} ended with {status}");
    let figures = std::fs::read(root.join(FIGURES)).with_context(|| format!("read {FIGURES}"))?;
    serde_json::from_slice(&figures).with_context(|| format!("{FIGURES} holds something else"))
}
