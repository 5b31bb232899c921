//! `serialtrail load`: CSV and NDJSON files into reference data and the serial registry.

use crate::context::Context;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `serialtrail load`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// products, lots, locations, parties (.csv) and registry (.csv or .ndjson) files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail load is not there yet")
}
