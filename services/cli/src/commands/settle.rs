//! `serialtrail settle`: wait until the pipeline is still.

use crate::context::Context;
use serialtrail_stack::{Stack, settle};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Arguments of `serialtrail settle`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Settled is the result: reads, alerts and the rows in ClickHouse. It does not wait until the \
                  notifier has told every receiver, for one that is down would keep it for ever, nor for \
                  the forecaster."
)]
pub struct Args {
    /// Give up after this many seconds; the message says what still moves
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub timeout: u64,
}

/// Returns when every group has read everything, nothing is pending and the last mark has passed.
///
/// # Errors
/// Kafka does not answer, or it took too long.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    settle(Duration::from_secs(args.timeout), context).await?;
    let seconds = begun.elapsed().as_secs_f64();
    if context.json {
        println!(
            "{}",
            serde_json::json!({ "settled": true, "seconds": seconds })
        );
    } else {
        println!("settled after {seconds:.1} s");
    }
    Ok(ExitCode::SUCCESS)
}

/// Settles, with progress on standard error.
///
/// # Errors
/// As [`run`].
pub async fn settle(limit: Duration, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings()?.clone();
    let stack = local_stack(context);
    let bar = context.progress(0, "settling");
    let tell = context.teller(&bar, Duration::from_secs(5));
    let settled = tokio::task::spawn_blocking(move || {
        settle::settle(&settings, stack.as_ref(), limit, &|message| {
            tell(&format!("settling: {message}"));
        })
    })
    .await?;
    bar.finish_and_clear();
    settled
}

/// The local stack, where the settings in use are its own.
fn local_stack(context: &Context) -> Option<Stack> {
    let config = context.config_file()?;
    Stack::open(config.parent()?).ok()
}
