//! `serialtrail topics`: create the declared topics, or check them.

use crate::FINDINGS;
use crate::context::Context;
use serialtrail_stack::topics::{self, TopicsFile};
use std::process::ExitCode;

/// Arguments of `serialtrail topics`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Create nothing; only compare
    #[arg(long)]
    pub check: bool,
    /// Which topics; default: all declared ones
    #[command(subcommand)]
    pub what: Option<What>,
}

/// Topics that are not in the list.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// The topics of one partner: `partner.<party>`, and `partner.<party>.rejects` to read what was refused
    Partner {
        /// The partner
        party: String,
    },
}

/// Creates missing topics and compares the rest with their declaration. Exit code 3 where one is
/// missing or differs.
///
/// # Errors
/// The topics file is not valid or Kafka does not answer.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = context.settings()?.clone();
    let report = tokio::task::spawn_blocking(move || {
        let file = TopicsFile::read(&settings.files.topics)?;
        let wanted = match &args.what {
            None => file.all(),
            Some(What::Partner { party }) => file.of_partner(party)?.into(),
        };
        topics::ensure(&settings.kafka, &wanted, args.check)
    })
    .await??;
    if context.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        for (what, topics) in [
            ("created", &report.created),
            ("present", &report.present),
            ("missing", &report.missing),
        ] {
            for topic in topics {
                println!("{what}  {topic}");
            }
        }
        for difference in &report.differences {
            println!(
                "differs  {}: {} is {}, declared is {}",
                difference.topic, difference.setting, difference.found, difference.declared
            );
        }
    }
    let as_declared = report.missing.is_empty() && report.differences.is_empty();
    Ok(ExitCode::from(if as_declared { 0 } else { FINDINGS }))
}
