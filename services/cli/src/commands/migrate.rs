//! `serialtrail migrate`: ClickHouse migrations.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail migrate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only say which migrations are applied and which are not
    #[arg(long)]
    pub check: bool,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail migrate is not there yet")
}
