//! `serialtrail demo`: the whole pipeline on a simulated world.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seed of the simulated world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Items in the simulated world
    #[arg(long, default_value_t = 20_000)]
    pub items: u64,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail demo is not there yet")
}
