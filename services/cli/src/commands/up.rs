//! `serialtrail up`: start the local stack.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail up`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail up is not there yet")
}
