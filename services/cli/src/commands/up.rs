//! `serialtrail up`: start the local stack.

use crate::context::Context;
use clap::ValueEnum;
use serialtrail_runtime::Clock;
use serialtrail_stack::{Member, Stack, Wish, shape};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Arguments of `serialtrail up`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Where record times come from: the gateway's clock, or the import. A stack keeps its clock;
    /// a new one is live
    #[arg(long, value_enum)]
    pub clock: Option<ClockName>,
    /// First of the stack's ports; a new stack takes 8400
    #[arg(long, value_name = "PORT")]
    pub port_base: Option<u16>,
    /// Instances of dispatcher, enricher, detector and sink
    #[arg(long, value_name = "N")]
    pub instances: Option<u32>,
    /// Only this member (repeatable): kafka, schema-registry, clickhouse, alertmanager, prometheus, a
    /// service, or its second instance such as detector-1
    #[arg(long, value_name = "MEMBER", value_parser = member)]
    pub only: Vec<Member>,
}

/// A clock on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClockName {
    /// Record times are the gateway's
    Live,
    /// Record times come with the import
    Replay,
}

impl From<ClockName> for Clock {
    fn from(name: ClockName) -> Self {
        match name {
            ClockName::Live => Self::Live,
            ClockName::Replay => Self::Replay,
        }
    }
}

fn member(name: &str) -> Result<Member, String> {
    Member::named(name).ok_or_else(|| {
        let known: Vec<String> = Member::of_stack(2).into_iter().map(Member::name).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// Starts what does not run yet and waits until it is ready.
///
/// # Errors
/// A taken port, a full disk, a missing part, a member that does not become ready.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let wish = Wish {
        clock: args.clock.map(Clock::from),
        port_base: args.port_base,
        instances: args.instances,
        only: args.only,
    };
    let begun = Instant::now();
    let (stack, started) = start(wish, context).await?;
    if context.json {
        let started: Vec<String> = started.into_iter().map(Member::name).collect();
        let report = serde_json::json!({
            "started": started,
            "seconds": begun.elapsed().as_secs_f64(),
            "settings": stack.layout().settings(),
        });
        println!("{report}");
        return Ok(ExitCode::SUCCESS);
    }
    if started.is_empty() {
        println!("already up");
    } else {
        println!("up in {:.1} s", begun.elapsed().as_secs_f64());
    }
    print!("{}", urls(&stack));
    Ok(ExitCode::SUCCESS)
}

/// Starts the stack with progress on standard error; also names what was started now.
///
/// # Errors
/// See [`Stack::up`].
pub async fn start(wish: Wish, context: &Context) -> anyhow::Result<(Stack, Vec<Member>)> {
    let folder = context.stack_dir()?;
    let bar = context.progress(0, "starting");
    let tell = context.teller(&bar, Duration::ZERO);
    let result = tokio::task::spawn_blocking(move || Stack::up(&folder, &wish, &tell)).await?;
    bar.finish_and_clear();
    result
}

/// Where everything is reached, one a line.
#[must_use]
pub fn urls(stack: &Stack) -> String {
    let mut lines = String::new();
    for member in stack.running() {
        let address = stack.address(member);
        let what = match member {
            Member::Kafka => address.to_string(),
            Member::SchemaRegistry => format!("http://{address}/apis/ccompat/v7"),
            Member::ClickHouse => format!("http://{address}"),
            // Debian's Alertmanager has no page of its own.
            Member::Alertmanager => format!("http://{address}/api/v2/alerts"),
            Member::Prometheus => format!("http://{address}/alerts"),
            Member::Service { service, slot: 0 } => match service.name() {
                "gateway" => format!("http://{address}/epcis/v2/capture"),
                "query" => format!("http://{address}/    (console; its API under /v1)"),
                _ => format!("http://{address}/metrics"),
            },
            Member::Service { .. } => format!("http://{address}/metrics"),
        };
        lines.push_str(&format!("  {:<16} {what}\n", member.name()));
    }
    let folder = stack.layout().root().display();
    let clock = shape::clock_name(stack.shape().clock);
    lines.push_str(&format!("  {clock} clock, data and logs in {folder}\n"));
    lines
}
