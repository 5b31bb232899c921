//! `serialtrail status`: what runs.

use crate::context::Context;
use chrono::DateTime;
use serialtrail_stack::Stack;
use serialtrail_stack::status::{MemberStatus, Status, status};
use std::process::ExitCode;

/// Arguments of `serialtrail status`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints a table, or JSON. Exit code 3 where a member does not run or is not ready.
///
/// # Errors
/// There is no stack in the folder.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let stack = Stack::open(&context.stack_dir()?)?;
    let status = tokio::task::spawn_blocking(move || status(&stack)).await?;
    if context.json {
        println!("{}", serde_json::to_string(&status)?);
    } else {
        print!("{}", table(&status));
    }
    let all_ready = status.members.iter().all(MemberStatus::is_well);
    Ok(ExitCode::from(if all_ready { 0 } else { crate::FINDINGS }))
}

fn table(status: &Status) -> String {
    let mut text = format!(
        "{:<16} {:>8} {:>6}  {:<24} health\n",
        "", "pid", "port", "stream time"
    );
    for member in &status.members {
        text.push_str(&row(member));
    }
    for (group, lag) in &status.lag {
        text.push_str(&format!("lag {group:<24} {lag:>10} records\n"));
    }
    text.push_str(&format!("{} clock\n", status.clock));
    text
}

fn row(member: &MemberStatus) -> String {
    let pid = member
        .pid
        .map_or_else(|| "-".to_owned(), |pid| pid.to_string());
    let time = member
        .stream_time
        .and_then(|seconds| DateTime::from_timestamp_micros((seconds * 1e6) as i64))
        .map_or_else(String::new, |time| {
            time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
        });
    format!(
        "{:<16} {pid:>8} {:>6}  {time:<24} {}\n",
        member.name, member.port, member.health
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_member_has_no_pid_and_a_running_one_its_stream_time() {
        let member = |pid, health: &str, stream_time| MemberStatus {
            name: "detector".into(),
            pid,
            port: 8413,
            health: health.into(),
            stream_time,
        };
        let status = Status {
            clock: "replay",
            members: vec![
                member(Some(77), "ready", Some(1_770_000_000.0)),
                member(None, "stopped", None),
            ],
            lag: vec![("sink".into(), 12)],
        };
        let text = table(&status);
        assert!(
            text.contains("77   8413  2026-02-02T02:40:00Z     ready"),
            "{text}"
        );
        assert!(
            text.contains("-   8413                           stopped"),
            "{text}"
        );
        assert!(text.contains("sink") && text.contains("12 records"));
    }
}
