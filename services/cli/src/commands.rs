//! One module a sub-command: its arguments and `run`.

pub mod alerts;
pub mod capture;
pub mod clean;
pub mod demo;
pub mod digest;
pub mod down;
pub mod forecast;
pub mod load;
pub mod migrate;
pub mod recall;
pub mod score;
pub mod settle;
pub mod simulate;
pub mod status;
pub mod stock;
pub mod topics;
pub mod trace;
pub mod up;

use crate::context::Context;
use clap::Subcommand;
use std::process::ExitCode;

/// Every sub-command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the local stack and the services; returns when all are ready
    Up(up::Args),
    /// Stop what `up` started
    Down(down::Args),
    /// Show processes, ports, health, lag and stream time
    Status(status::Args),
    /// Stop the local stack and remove its data and logs
    Clean(clean::Args),
    /// Create the declared topics, or check their settings
    Topics(topics::Args),
    /// Bring ClickHouse's tables to this version
    Migrate(migrate::Args),
    /// Load products, lots, locations, parties and registry entries from CSV or NDJSON
    Load(load::Args),
    /// Send EPCIS documents to the gateway
    Capture(capture::Args),
    /// Make a seeded world with its traffic and the truth about it
    Simulate(simulate::Args),
    /// Show the journey of a unit
    Trace(trace::Args),
    /// List alerts
    Alerts(alerts::Args),
    /// Have demand recomputed and forecast now
    Forecast(forecast::Args),
    /// Show how many units a lot has and where each is
    Recall(recall::Args),
    /// Show units in stock by place, or where one unit is
    Where(stock::Args),
    /// Wait until everything captured so far has gone through the whole pipeline
    Settle(settle::Args),
    /// Print the SHA-256 of the settled result
    Digest(digest::Args),
    /// Compare the alerts with a simulated world's truth
    Score(score::Args),
    /// Start everything, stream a simulated world through it and print a summary
    Demo(demo::Args),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// It could not be done; the chain of causes says what happened and what to do.
    pub async fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self {
            Self::Up(args) => up::run(args, context).await,
            Self::Down(args) => down::run(args, context).await,
            Self::Status(args) => status::run(args, context).await,
            Self::Clean(args) => clean::run(args, context).await,
            Self::Topics(args) => topics::run(args, context).await,
            Self::Migrate(args) => migrate::run(args, context).await,
            Self::Load(args) => load::run(args, context).await,
            Self::Capture(args) => capture::run(args, context).await,
            Self::Simulate(args) => simulate::run(args, context).await,
            Self::Trace(args) => trace::run(args, context).await,
            Self::Alerts(args) => alerts::run(args, context).await,
            Self::Forecast(args) => forecast::run(args, context).await,
            Self::Recall(args) => recall::run(args, context).await,
            Self::Where(args) => stock::run(args, context).await,
            Self::Settle(args) => settle::run(args, context).await,
            Self::Digest(args) => digest::run(args, context).await,
            Self::Score(args) => score::run(args, context).await,
            Self::Demo(args) => demo::run(args, context).await,
        }
    }
}
