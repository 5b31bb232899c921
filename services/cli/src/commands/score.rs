//! `serialtrail score`: alerts against the truth of a simulated world.

use crate::context::Context;
use anyhow::{Context as _, bail};
use serialtrail_simulator::{Label, Score, score};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `serialtrail score`.
///
/// Exit code 0: every labelled anomaly was raised and nothing else; 3: not so.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The truth file of the simulated world (truth.ndjson)
    #[arg(value_name = "TRUTH")]
    pub truth: PathBuf,
    /// Missed and false alerts to list
    #[arg(long, default_value_t = 20)]
    pub list: usize,
}

/// Reads a truth file.
///
/// # Errors
/// The file cannot be read, or a line is not a label; the message names file and line.
pub fn read_truth(path: &Path) -> anyhow::Result<Vec<Label>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("read the truth file {}", path.display()))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("{}:{}: not a label", path.display(), n + 1))
        })
        .collect()
}

/// Open alerts of the running deployment, as (rule, canonical Digital Link).
///
/// # Errors
/// The query service does not answer.
pub async fn open_alerts(context: &Context) -> anyhow::Result<Vec<(String, String)>> {
    #[derive(serde::Deserialize)]
    struct Line {
        rule: String,
        epc: String,
    }
    let url = format!(
        "http://{}/v1/alerts?status=open",
        context.settings()?.http.query
    );
    let answer = reqwest::Client::new()
        .get(&url)
        .header("accept", "application/x-ndjson")
        .send()
        .await
        .with_context(|| format!("the query service does not answer at {url}: is it up?"))?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {text}");
    }
    text.lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| {
            let line: Line = serde_json::from_str(l).with_context(|| format!("alert line: {l}"))?;
            Ok((line.rule, line.epc))
        })
        .collect()
}

/// Prints a score as a table.
pub fn print(score: &Score, list: usize) {
    println!(
        "{:<20} {:>9} {:>7} {:>7} {:>7}",
        "rule", "labelled", "found", "missed", "false"
    );
    for (rule, s) in &score.by_rule {
        println!(
            "{rule:<20} {:>9} {:>7} {:>7} {:>7}",
            s.labelled, s.found, s.missed, s.false_alerts
        );
    }
    for (what, rows) in [("missed", &score.missed), ("false", &score.false_alerts)] {
        for (rule, epc) in rows.iter().take(list) {
            println!("{what}: {rule} {epc}");
        }
        if rows.len() > list {
            println!("{what}: and {} more", rows.len() - list);
        }
    }
}

/// Runs the command.
///
/// # Errors
/// The truth file cannot be read, or the query service does not answer.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let labels = read_truth(&args.truth)?;
    let score = score(&labels, open_alerts(context).await?);
    if context.json {
        println!("{}", serde_json::to_string(&score)?);
    } else {
        print(&score, args.list);
    }
    Ok(if score.is_perfect() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(crate::FINDINGS)
    })
}
