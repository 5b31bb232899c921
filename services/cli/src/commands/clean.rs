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
    down::stop(context).await?;
    let folder = context.stack_dir()?;
    let there = folder.join("stack.toml").is_file();
    if there {
        Stack::open(&folder)?.remove()?;
    }
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
