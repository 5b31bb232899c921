//! `serialtrail digest`: SHA-256 over the sorted asserted reads and alerts.

use crate::context::Context;
use anyhow::Context as _;
use serde_json::json;
use serialtrail_warehouse::digest;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

/// Arguments of `serialtrail digest`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the lines the digest is taken over, and the digest itself on standard error; `sha256sum`
    /// over the lines gives the same digest
    #[arg(long)]
    pub lines: bool,
}

/// Prints the digest and what went into it. One line is held at a time.
///
/// # Errors
/// ClickHouse does not answer or refuses.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = &context.settings()?.clickhouse;
    let client = serialtrail_warehouse::client(settings);
    let bar = context.progress(0, "reading");
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut count, mut read_on) = (0_u64, true);
    let digest = digest::digest(&client, |line| {
        count += 1;
        if count.is_multiple_of(10_000) {
            bar.set_message(format!("{count} lines read"));
        }
        if args.lines && read_on {
            read_on = crate::query::unless_unread(writeln!(out, "{line}"))?;
        }
        Ok(())
    })
    .await
    .map_err(|error| explain(error, &settings.url))?;
    crate::query::unless_unread(out.flush())?;
    drop(out);
    if args.lines {
        bar.finish_and_clear();
        eprintln!(
            "{}  {} reads, {} alerts",
            digest.sha256, digest.reads, digest.alerts
        );
        return Ok(ExitCode::SUCCESS);
    }
    let rows = digest::row_counts(&client).await.context("counting rows")?;
    bar.finish_and_clear();
    if context.json {
        let rows: serde_json::Map<_, _> = rows
            .into_iter()
            .map(|(table, rows)| (table.to_owned(), rows.into()))
            .collect();
        let json = json!({
            "sha256": digest.sha256,
            "reads": digest.reads,
            "alerts": digest.alerts,
            "rows": rows,
        });
        println!("{json}");
    } else {
        println!("{}", digest.sha256);
        println!("{} reads, {} alerts hold", digest.reads, digest.alerts);
        let rows: Vec<String> = rows
            .iter()
            .map(|(table, rows)| format!("{table} {rows}"))
            .collect();
        println!("rows that hold: {}", rows.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// What to do where ClickHouse does not answer.
pub(super) fn away(url: &str) -> String {
    format!(
        "ClickHouse does not answer at {url}: is it up? `serialtrail status` shows what runs, \
         `serialtrail up` starts it, --config names other settings"
    )
}

fn explain(error: anyhow::Error, url: &str) -> anyhow::Error {
    let away_error = error
        .downcast_ref::<clickhouse::error::Error>()
        .is_some_and(serialtrail_warehouse::is_unreachable);
    if away_error {
        error.context(away(url))
    } else {
        error
    }
}
