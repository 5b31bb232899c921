//! `serialtrail capture`: EPCIS documents to the gateway.

use crate::context::Context;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `serialtrail capture`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// EPCIS documents, or folders of them (taken in the order of their names)
    #[arg(value_name = "FILE|FOLDER", required_unless_present = "record_times")]
    pub documents: Vec<PathBuf>,
    /// CSV with the columns file (relative to the CSV) and upload_time: post those documents in that
    /// order with those record times; replay clock only
    #[arg(long, value_name = "CSV")]
    pub record_times: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail capture is not there yet")
}
