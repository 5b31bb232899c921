//! What a stack is doing: processes, health, lag, stream time.

use crate::groups::{self, GROUPS};
use crate::member::Member;
use crate::probe;
use crate::ready;
use crate::shape::clock_name;
use crate::stack::Stack;
use serde::Serialize;
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{metrics, samples};
use std::time::Duration;

/// The state of a stack.
#[derive(Debug, Serialize)]
pub struct Status {
    /// `live` or `replay`.
    pub clock: &'static str,
    /// Each member that runs or should.
    pub members: Vec<MemberStatus>,
    /// Records each consumer group has still to read; empty when Kafka does not answer.
    pub lag: Vec<(String, i64)>,
}

/// The state of one member.
#[derive(Debug, Serialize)]
pub struct MemberStatus {
    /// Its name.
    pub name: String,
    /// Its process; `None` when it does not run.
    pub pid: Option<i32>,
    /// Its port.
    pub port: u16,
    /// `ready`, or what is wrong; [`NOT_INSTALLED`] for an optional member this machine has not.
    pub health: String,
    /// Stream time it has reached in all its partitions, seconds since 1970-01-01 UTC.
    pub stream_time: Option<f64>,
}

/// Health of an optional member whose program is not on this machine.
pub const NOT_INSTALLED: &str = "not installed (optional)";

impl MemberStatus {
    /// Whether nothing is to be done about it.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.health == "ready" || self.health == NOT_INSTALLED
    }
}

/// Looks at every member of a stack at once.
#[must_use]
pub fn status(stack: &Stack) -> Status {
    let mut members = Member::of_stack(stack.shape().instances);
    members.extend(
        stack
            .running()
            .into_iter()
            .filter(|m| !members.contains(m))
            .collect::<Vec<_>>(),
    );
    let members: Vec<MemberStatus> = std::thread::scope(|scope| {
        let looking: Vec<_> = members
            .iter()
            .map(|member| scope.spawn(|| member_status(stack, *member)))
            .collect();
        // A look that panicked has nothing to show.
        looking
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    let kafka_is_ready = members.first().is_some_and(|kafka| kafka.health == "ready");
    let lag = kafka_is_ready.then(|| lag(&stack.settings().kafka));
    Status {
        clock: clock_name(stack.shape().clock),
        members,
        lag: lag.and_then(Result::ok).unwrap_or_default(),
    }
}

/// Records every group has still to read, the notifier's receivers last.
fn lag(kafka: &KafkaSettings) -> anyhow::Result<Vec<(String, i64)>> {
    let mut groups = GROUPS.to_vec();
    groups.extend(groups::of_notifier(kafka)?);
    Ok(groups::positions(kafka, &groups)?.lag_by_group(&groups))
}

fn member_status(stack: &Stack, member: Member) -> MemberStatus {
    let address = stack.address(member);
    let pid = stack.identity(member).map(|identity| identity.pid);
    let health = match pid {
        None if !stack.is_available(member) => NOT_INSTALLED.to_owned(),
        None => "stopped".to_owned(),
        Some(_) => ready::check(member, address)
            .err()
            .unwrap_or_else(|| "ready".into()),
    };
    let is_service = matches!(member, Member::Service { .. });
    let stream_time = (pid.is_some() && is_service)
        .then(|| probe::get(address, "/metrics", Duration::from_secs(2)).ok())
        .flatten()
        .and_then(|(_, text)| {
            let samples = samples::samples(&text, metrics::STREAM_TIME.name);
            samples
                .into_iter()
                .map(|sample| sample.value)
                .reduce(f64::min)
        });
    MemberStatus {
        name: member.name(),
        pid,
        port: address.port(),
        health,
        stream_time,
    }
}
