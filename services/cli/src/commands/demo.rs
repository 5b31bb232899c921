//! `serialtrail demo`: the whole pipeline on a simulated world.

use super::{capture, load, score, settle, simulate, trace, up};
use crate::context::Context;
use crate::forecasts;
use crate::notified::Notified;
use crate::summary::{Summary, summary};
use anyhow::{Context as _, bail, ensure};
use serialtrail_runtime::Clock;
use serialtrail_stack::{Stack, Wish};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Arguments of `serialtrail demo`.
///
/// With `--json` each step prints one line of JSON, the last is the summary.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seed of the simulated world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Packs in the simulated world, about
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub items: u32,
    /// Labelled anomalies per rule, about
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub anomalies: u16,
    /// First of the stack's ports; a new stack takes 8400
    #[arg(long, value_name = "PORT")]
    pub port_base: Option<u16>,
}

/// Days of trade the world tells of: enough weeks for a forecast to have a season to learn.
const TRADE_DAYS: u32 = 98;

/// Longest time the pipeline may take for what it was given.
const SETTLE_LIMIT: Duration = Duration::from_secs(1800);

/// Longest wait for the notifier to have told everybody.
const NOTIFIED_LIMIT: Duration = Duration::from_secs(30);

/// Starts what does not run, makes the world, streams it through, prints the summary. Leaves
/// everything running. Exit code 3 where the alerts are not those of the truth.
///
/// # Errors
/// A step could not be done, or the stack already holds another world.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let folder = context.stack_dir()?;
    let world = world_folder(&folder, &args)?;
    let wish = Wish {
        clock: Some(Clock::Replay),
        port_base: args.port_base,
        ..Wish::default()
    };
    say(context, "1/6 starting the stack and the services");
    let (stack, _) = up::start(wish, context).await?;
    say(context, "2/6 making the world");
    let made = make_world(&world, &args, context)?;
    say(
        context,
        "3/6 loading its products, places, parties and registry",
    );
    let files = [
        "parties.csv",
        "locations.csv",
        "products.csv",
        "lots.csv",
        "registry.ndjson",
    ];
    let files = files.map(|name| world.join(name)).to_vec();
    expect_success(
        load::run(
            load::Args {
                files,
                ..load::Args::default()
            },
            context,
        )
        .await?,
        "load",
    )?;
    settle::settle(SETTLE_LIMIT, context).await?;
    say(context, "4/6 streaming its traffic");
    let begun = Instant::now();
    let uploads = capture::Args {
        record_times: Some(world.join("uploads.csv")),
        ..capture::Args::default()
    };
    // Documents that are refused are part of the summary, not a reason to stop.
    capture::run(uploads, context).await?;
    say(context, "5/6 settling");
    settle::settle(SETTLE_LIMIT, context).await?;
    let seconds = begun.elapsed().as_secs_f64();

    say(context, "6/6 forecasting demand");
    let settings = context.settings()?;
    // Part of what is shown, not a reason to stop.
    if let Err(error) = forecasts::run(settings).await {
        eprintln!("not forecast: {error:#}");
    }
    let notified = Notified::when_done(settings, NOTIFIED_LIMIT).await;

    let truth = score::read_truth(&world.join("truth.ndjson"))?;
    let scored = serialtrail_simulator::score(&truth, score::open_alerts(context).await?);
    let perfect = scored.is_perfect();
    let found = summary(settings, scored, Some(seconds), notified).await?;
    if context.json {
        println!("{}", serde_json::to_string(&found)?);
    } else {
        print(&found, &stack, &made.example, context).await?;
    }
    Ok(if perfect {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(crate::FINDINGS)
    })
}

async fn print(
    found: &Summary,
    stack: &Stack,
    example: &str,
    context: &Context,
) -> anyhow::Result<()> {
    println!("\n{}", found.text());
    score::print(&found.score, 10);
    println!("\nthe journey of one pack");
    let id = example.to_owned();
    trace::run(trace::Args { id }, context).await?;
    println!("\neverything is running (`make down` stops it)");
    print!("{}", up::urls(stack));
    let console = stack.settings().http.query;
    println!("\nopen http://{console}/");
    Ok(())
}

fn say(context: &Context, message: &str) {
    if !context.json {
        println!("{message}");
    }
}

fn expect_success(code: ExitCode, step: &str) -> anyhow::Result<()> {
    ensure!(
        code == ExitCode::SUCCESS,
        "{step}: some rows of the world were refused; see above"
    );
    Ok(())
}

/// Where this demo's world is kept.
fn world_folder(stack: &Path, args: &Args) -> anyhow::Result<PathBuf> {
    let worlds = stack.join("world");
    let name = format!("{}-{}-{}", args.seed, args.items, args.anomalies);
    let others = std::fs::read_dir(&worlds).into_iter().flatten().flatten();
    let other = others
        .map(|entry| entry.file_name())
        .find(|other| *other != *name);
    if let Some(other) = other {
        bail!(
            "this stack already holds the world {} (seed-packs-anomalies), and alerts of two worlds \
             cannot be told apart: `serialtrail clean` first, or name another folder with --dir",
            other.to_string_lossy()
        );
    }
    Ok(worlds.join(name))
}

/// Makes the world, unless an earlier demo made it.
fn make_world(
    folder: &Path,
    args: &Args,
    context: &Context,
) -> anyhow::Result<serialtrail_simulator::Summary> {
    let kept = folder.join("summary.json");
    if let Ok(text) = std::fs::read_to_string(&kept) {
        return serde_json::from_str(&text).with_context(|| format!("{}", kept.display()));
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove the unfinished {}", folder.display()))?;
    }
    let simulate = simulate::Args {
        seed: args.seed,
        out: folder.to_owned(),
        items: args.items,
        anomalies: args.anomalies,
        start: None,
        days: Some(TRADE_DAYS),
        no_noise: false,
    };
    let made = simulate::simulate(&simulate, context)?;
    std::fs::write(&kept, serde_json::to_string(&made)?)
        .with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(seed: u64) -> Args {
        Args {
            seed,
            items: 400,
            anomalies: 2,
            port_base: None,
        }
    }

    #[test]
    fn a_stack_holds_one_world() {
        let stack = tempfile::tempdir().unwrap();
        let first = world_folder(stack.path(), &args(1)).unwrap();
        std::fs::create_dir_all(&first).unwrap();
        assert_eq!(world_folder(stack.path(), &args(1)).unwrap(), first);
        let message = world_folder(stack.path(), &args(2))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("1-400-2") && message.contains("clean"),
            "{message}"
        );
    }

    #[test]
    fn a_world_is_made_once_and_an_unfinished_one_again() {
        let stack = tempfile::tempdir().unwrap();
        let context = Context::new(None, Some(stack.path().to_owned()), true);
        let folder = world_folder(stack.path(), &args(1)).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("half"), "x").unwrap();
        let made = make_world(&folder, &args(1), &context).unwrap();
        assert!(!folder.join("half").exists());
        let again = make_world(&folder, &args(1), &context).unwrap();
        assert_eq!(made.example, again.example);
    }
}
