//! `serialtrail migrate`: ClickHouse migrations.

use crate::FINDINGS;
use crate::context::Context;
use serialtrail_warehouse::migrations::{self, Report};
use std::process::ExitCode;

/// Arguments of `serialtrail migrate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only say which migrations are applied and which are not
    #[arg(long)]
    pub check: bool,
}

/// Applies what is pending, or says what is. Exit code 3 where `--check` finds something pending.
///
/// # Errors
/// ClickHouse does not answer or refuses, or an applied migration was changed since.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = &context.settings()?.clickhouse;
    let report = if args.check {
        migrations::check(settings).await
    } else {
        migrations::migrate(settings).await
    };
    let report = report.map_err(|error| explain(error, &settings.url))?;
    if context.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", table(&report));
    }
    let complete = report.pending.is_empty();
    Ok(ExitCode::from(if complete { 0 } else { FINDINGS }))
}

/// An error of ClickHouse with what to do where it does not answer.
fn explain(error: migrations::MigrateError, url: &str) -> anyhow::Error {
    let away = matches!(&error, migrations::MigrateError::ClickHouse { error, .. }
        if serialtrail_warehouse::is_unreachable(error));
    let error = anyhow::Error::from(error);
    if away {
        error.context(super::digest::away(url))
    } else {
        error
    }
}

fn table(report: &Report) -> String {
    let mut text = String::new();
    for name in &report.applied {
        text.push_str(&format!("applied  {name}\n"));
    }
    for name in &report.pending {
        text.push_str(&format!("pending  {name}\n"));
    }
    for name in &report.unknown {
        text.push_str(&format!(
            "unknown  {name}: the database belongs to a newer version\n"
        ));
    }
    let (applied, already) = (report.applied.len(), report.already);
    text.push_str(&format!("{applied} applied now, {already} before"));
    match report.pending.len() {
        0 => text.push('\n'),
        pending => text.push_str(&format!(", {pending} pending: run `serialtrail migrate`\n")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_was_done_and_what_is_left() {
        let done = Report {
            applied: vec!["0002_x".into()],
            already: 1,
            ..Report::default()
        };
        assert_eq!(table(&done), "applied  0002_x\n1 applied now, 1 before\n");
        let left = Report {
            pending: vec!["0002_x".into()],
            unknown: vec!["0009_y".into()],
            ..Report::default()
        };
        let text = table(&left);
        assert!(
            text.contains("pending  0002_x\n") && text.contains("unknown  0009_y"),
            "{text}"
        );
        assert!(
            text.ends_with("1 pending: run `serialtrail migrate`\n"),
            "{text}"
        );
    }
}
