//! The `serialtrail` command: one module a sub-command under [`commands`], what they share in
//! [`context`].
//!
//! A command returns its exit code; an error ends with code 1 and its chain of causes on standard
//! error. Results go to standard output, progress and messages to standard error.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod commands;
pub mod context;
pub mod forecasts;
pub mod notified;
pub mod query;
pub mod summary;

use clap::Parser;
use commands::Command;
use context::Context;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code of a command that did its work but found something wrong in what it was given.
pub const FINDINGS: u8 = 3;

/// Serialtrail: follow serialised goods through the supply chain and find the ones that cannot be true
#[derive(Debug, Parser)]
#[command(
    name = "serialtrail",
    version,
    after_help = "Exit codes: 0 done; 1 could not be done, the message says why; 2 wrong usage; \
                  3 done, but some input was refused or a comparison found differences."
)]
pub struct Cli {
    /// Settings file; default: that of the local stack in `--dir`
    #[arg(long, global = true, env = "SERIALTRAIL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the local stack's data, logs and settings; default: .local/run of the checkout
    #[arg(long, global = true, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Print results as JSON, without progress bars
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Ends the process quietly once nobody reads what it prints, as in `serialtrail status | head -1`:
/// `println!` panics then. (SIGPIPE as the default would also end it when a server hangs up.)
fn end_when_unread() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let unread = panic
            .payload()
            .downcast_ref::<String>()
            .is_some_and(|message| {
                message.starts_with("failed printing to std") && message.contains("Broken pipe")
            });
        if unread {
            std::process::exit(0);
        }
        hook(panic);
    }));
}

/// Parses the command line and runs it.
#[must_use]
pub fn run() -> ExitCode {
    end_when_unread();
    let cli = Cli::parse();
    serialtrail_runtime::telemetry::init_at("warn");
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let context = Context::new(cli.config, cli.dir, cli.json);
    match runtime.block_on(cli.command.run(&context)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
