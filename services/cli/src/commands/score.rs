//! `serialtrail score`: alerts against the truth of a simulated world.

use crate::context::Context;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `serialtrail score`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The truth file of the simulated world
    #[arg(value_name = "TRUTH")]
    pub truth: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail score is not there yet")
}
