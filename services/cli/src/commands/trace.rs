//! `serialtrail trace`: the journey of a unit.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail trace`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// EPC URN, Digital Link or key (01/<gtin>/21/<serial>, 00/<sscc>) of the unit
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail trace is not there yet")
}
