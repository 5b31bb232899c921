//! `serialtrail clean`: stop the local stack and remove its folder.

use super::down;
use crate::context::Context;
use serialtrail_stack::Stack;
use std::process::ExitCode;

/// Arguments of `serialtrail clean`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Stops the stack and removes its data and logs; installed parts stay.
///
/// # Errors
/// Something cannot be stopped or removed.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let folder = context.stack_dir()?;
    // Files that cannot be read are no reason to keep them: what runs is found without them.
    if let Err(error) = down::stop(context).await {
        eprintln!("not stopped in order: {error:#}");
    }
    let removing = folder.clone();
    let there = tokio::task::spawn_blocking(move || Stack::clear(&removing)).await??;
    if context.json {
        println!(
            "{}",
            serde_json::json!({ "removed": there.then_some(folder) })
        );
    } else if there {
        println!("removed {}", folder.display());
    } else {
        println!("there is no stack in {}", folder.display());
    }
    Ok(ExitCode::SUCCESS)
}
