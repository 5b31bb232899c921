//! `serialtrail down`: stop the local stack.

use crate::context::Context;
use serialtrail_stack::{Member, Stack};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `serialtrail down`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Stops exactly what `up` started, services before the parts they need.
///
/// # Errors
/// A process may not be signalled.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let stopped = stop(context).await?;
    if context.json {
        println!("{}", serde_json::json!({ "stopped": stopped }));
    } else if stopped.is_empty() {
        println!("nothing was running");
    } else {
        println!("stopped {}", stopped.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Stops the stack with progress on standard error; names what was stopped.
///
/// # Errors
/// A process may not be signalled.
pub async fn stop(context: &Context) -> anyhow::Result<Vec<String>> {
    let folder = context.stack_dir()?;
    if !folder.join("stack.toml").is_file() {
        return Ok(Vec::new());
    }
    let bar = context.progress(0, "stopping");
    let tell = context.teller(&bar, Duration::ZERO);
    let stopped = tokio::task::spawn_blocking(move || Stack::open(&folder)?.down(&tell)).await?;
    bar.finish_and_clear();
    Ok(stopped?.into_iter().map(Member::name).collect())
}
