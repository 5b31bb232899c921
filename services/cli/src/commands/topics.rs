//! `serialtrail topics`: declared topics.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail topics`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail topics is not there yet")
}
