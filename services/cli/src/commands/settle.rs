//! `serialtrail settle`: wait until the pipeline is still.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail settle`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Give up after this many seconds
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub timeout: u64,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail settle is not there yet")
}
