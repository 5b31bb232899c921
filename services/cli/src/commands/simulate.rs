//! `serialtrail simulate`: a seeded world on disk.

use crate::context::Context;
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
    /// Number of items made
    #[arg(long, default_value_t = 20_000)]
    pub items: u64,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail simulate is not there yet")
}
