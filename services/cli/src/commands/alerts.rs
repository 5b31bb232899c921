//! `serialtrail alerts`: alerts, filtered.

use crate::context::Context;
use std::process::ExitCode;

/// Arguments of `serialtrail alerts`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this rule, for example DUPLICATE_SCAN
    #[arg(long)]
    pub rule: Option<String>,
    /// Only this unit (EPC URN, Digital Link or key)
    #[arg(long)]
    pub unit: Option<String>,
    /// Only this product (GTIN)
    #[arg(long)]
    pub product: Option<String>,
    /// Only this lot
    #[arg(long)]
    pub lot: Option<String>,
    /// Only reads in this country (ISO 3166 alpha-2)
    #[arg(long)]
    pub country: Option<String>,
    /// Only open or retracted alerts
    #[arg(long)]
    pub status: Option<String>,
    /// Only event times from here (RFC 3339)
    #[arg(long)]
    pub from: Option<String>,
    /// Only event times before this (RFC 3339)
    #[arg(long)]
    pub to: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    pub ndjson: bool,
}

/// Runs the command.
///
/// # Errors
/// See the message.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let _ = (args, context);
    anyhow::bail!("serialtrail alerts is not there yet")
}
