//! A simulated world on disk and in a stack, by the commands a person would use.

use anyhow::bail;
use serialtrail_stack::{Stack, program};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What `serialtrail load` takes of a world, reference data first.
const FILES: [&str; 5] = [
    "parties.csv",
    "locations.csv",
    "products.csv",
    "lots.csv",
    "registry.ndjson",
];

/// Runs a command of `serialtrail` on a stack.
///
/// # Errors
/// It is not there or fails.
pub fn cli(stack: &Stack, args: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(program("serialtrail")?)
        .arg("--dir")
        .arg(stack.layout().root())
        .args(args)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("serialtrail {} ended with {status}", args.join(" "));
    }
    Ok(())
}

/// Makes a world of about so many packs beside the stack's data.
///
/// # Errors
/// The command fails.
pub fn simulate(stack: &Stack, items: u32, seed: u64) -> anyhow::Result<PathBuf> {
    let folder = stack.layout().root().join("world");
    let (out, items, seed) = (
        folder.display().to_string(),
        items.to_string(),
        seed.to_string(),
    );
    let args = [
        "simulate", "--out", &out, "--items", &items, "--seed", &seed,
    ];
    cli(stack, &args)?;
    Ok(folder)
}

/// Loads a world's reference data and registry; returns when the gateway has seen it.
///
/// # Errors
/// The command fails.
pub fn load(stack: &Stack, world: &Path) -> anyhow::Result<()> {
    let files: Vec<String> = FILES
        .iter()
        .map(|file| world.join(file).display().to_string())
        .collect();
    let mut args = vec!["load"];
    args.extend(files.iter().map(String::as_str));
    cli(stack, &args)
}

/// Sends a world's documents to the gateway with their record times; returns after the last answer.
///
/// # Errors
/// The command fails.
pub fn capture(stack: &Stack, world: &Path) -> anyhow::Result<()> {
    let uploads = world.join("uploads.csv").display().to_string();
    cli(stack, &["capture", "--record-times", &uploads])
}
