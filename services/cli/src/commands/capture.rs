//! `serialtrail capture`: EPCIS documents to the gateway.
//!
//! Uploads start in the order given; up to `--in-flight` are on their way at once. With record times
//! that is enough: the settled result depends on each document's record time, not on the order of
//! arrival. Without, they go one after the other.

mod answer;
mod post;
mod uploads;

use crate::FINDINGS;
use crate::context::Context;
use answer::{Outcome, Tally};
use anyhow::{Context as _, ensure};
use futures::StreamExt;
use post::Client;
use serialtrail_runtime::Settings;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Files up to which each is told on a line of its own without `--verbose`.
const TOLD: usize = 100;

/// Arguments of `serialtrail capture`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// EPCIS documents or single events, JSON-LD or XML, or folders of them (taken in the order of their names)
    #[arg(value_name = "FILE|FOLDER", required_unless_present = "record_times")]
    pub documents: Vec<PathBuf>,
    /// CSV with the columns file (relative to the CSV) and upload_time: post those documents in that
    /// order with those record times; replay clock only. A column party says whose each document is
    #[arg(long, value_name = "CSV")]
    pub record_times: Option<PathBuf>,
    /// API key; default: the first in the keys file of the settings that may import
    #[arg(
        long,
        env = "SERIALTRAIL_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub key: Option<String>,
    /// Party (GLN or name) to publish on behalf of; needs a key with role `import`
    #[arg(long, value_name = "PARTY")]
    pub party: Option<String>,
    /// Capture the good events of a document that has bad ones, instead of refusing it whole
    #[arg(long)]
    pub proceed: bool,
    /// Uploads on their way at once; default: 16 with record times, else 1, which commits them strictly
    /// in order
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub in_flight: Option<u16>,
    /// Root of the gateway; default: the address in the settings
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Tell every file on a line of its own, however many there are
    #[arg(long, short)]
    pub verbose: bool,
}

/// Runs the command.
///
/// # Errors
/// No document was found, the list of uploads cannot be read, there is no key, or no gateway answers.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = context.settings()?;
    let uploads = match &args.record_times {
        Some(list) => uploads::listed(list)?,
        None => uploads::found(&args.documents)?,
    };
    ensure!(
        !uploads.is_empty(),
        "no document to capture: looked for *.json, *.jsonld and *.xml"
    );
    let url = args
        .url
        .unwrap_or_else(|| format!("http://{}", settings.http.gateway));
    let key = match args.key {
        Some(key) => key,
        None => import_key(settings)?,
    };
    let client = Client::new(&url, key, args.party, args.proceed)?;
    client.check(args.record_times.is_some()).await?;

    let verbose = args.verbose || uploads.len() <= TOLD;
    let bar = context.progress(uploads.len() as u64, "capturing");
    let begun = Instant::now();
    let mut tally = Tally::default();
    // Without a record time of its own a document is recorded when it arrives.
    let default = if args.record_times.is_some() { 16 } else { 1 };
    let in_flight = usize::from(args.in_flight.unwrap_or(default));
    let mut answers = futures::stream::iter(uploads)
        .map(|upload| {
            let client = &client;
            async move {
                let outcome = client.capture(&upload).await;
                (upload, outcome)
            }
        })
        .buffered(in_flight);
    while let Some((upload, outcome)) = answers.next().await {
        let outcome = outcome.with_context(|| {
            format!(
                "{}: {} documents were sent before it",
                upload.path.display(),
                tally.files
            )
        })?;
        tally.add(&outcome);
        bar.suspend(|| tell(context, &upload.path, &outcome, verbose));
        bar.inc(1);
    }
    bar.finish_and_clear();
    if !context.json {
        println!("{}", tally.summary(begun.elapsed()));
    }
    Ok(if tally.found_fault() {
        ExitCode::from(FINDINGS)
    } else {
        ExitCode::SUCCESS
    })
}

fn tell(context: &Context, path: &Path, outcome: &Outcome, verbose: bool) {
    if context.json {
        println!("{}", outcome.json(path));
    } else if verbose || outcome.has_fault() {
        println!("{}", outcome.text(path));
    }
}

/// The first key of the keys file that may import: what a local stack's own command uses.
fn import_key(settings: &Settings) -> anyhow::Result<String> {
    let file = &settings.files.api_keys;
    let advice = "give one with --key or SERIALTRAIL_KEY";
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("no API key: {} cannot be read; {advice}", file.display()))?;
    let keys: toml::Table = text
        .parse()
        .map_err(|_| anyhow::anyhow!("no API key: {} is not TOML; {advice}", file.display()))?;
    let entries = keys
        .get("key")
        .and_then(toml::Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let imports = |entry: &&toml::Value| {
        let roles = entry.get("roles").and_then(toml::Value::as_array);
        roles.is_some_and(|roles| roles.iter().any(|role| role.as_str() == Some("import")))
    };
    entries
        .iter()
        .filter(imports)
        .find_map(|entry| entry.get("key")?.as_str().map(str::to_owned))
        .with_context(|| format!("{} holds no key with role import; {advice}", file.display()))
}
