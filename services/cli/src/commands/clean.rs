//! `serialtrail clean`: stop the local stack and remove its folder.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail clean`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail clean is not there yet")
}
