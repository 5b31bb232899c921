//! `serialtrail digest`: SHA-256 over the sorted asserted reads and alerts.

use crate::context::Context;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `serialtrail digest`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also write the lines the digest is taken over to this file
    #[arg(long, value_name = "FILE")]
    pub lines: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail digest is not there yet")
}
