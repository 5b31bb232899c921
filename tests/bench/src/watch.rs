//! Looking at the processes of a stack: what they have done, whether they have anything left to do.

use anyhow::ensure;
use serialtrail_runtime::samples::{Sample, samples};
use serialtrail_runtime::{Service, metrics};
use serialtrail_stack::groups::{self, GROUPS, Group};
use serialtrail_stack::{Member, Stack, probe};
use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(300);
const METRICS_TIMEOUT: Duration = Duration::from_secs(5);

/// The sum of a service's metric over its labels and instances; 0 where it does not answer.
#[must_use]
pub fn metric(stack: &Stack, service: Service, name: &str) -> f64 {
    sum(stack, service, name, |_| true)
}

/// The same of the samples with this label.
#[must_use]
pub fn metric_where(stack: &Stack, service: Service, name: &str, label: (&str, &str)) -> f64 {
    sum(stack, service, name, |sample| {
        sample.label(label.0) == label.1
    })
}

fn sum(stack: &Stack, service: Service, name: &str, wanted: impl Fn(&Sample) -> bool) -> f64 {
    let of_service =
        |m: &Member| matches!(m, Member::Service { service: other, .. } if *other == service);
    let members = stack.running().into_iter().filter(of_service);
    let texts = members.filter_map(|member| {
        let answer = probe::get(stack.address(member), "/metrics", METRICS_TIMEOUT).ok()?;
        (answer.0 == 200).then_some(answer.1)
    });
    texts
        .flat_map(|text| samples(&text, name))
        .filter(wanted)
        .map(|sample| sample.value)
        // An empty sum is minus zero.
        .fold(0.0, |sum, value| sum + value)
}

/// Waits until these services have read all that stands in their topics and have no work left. Nothing
/// else may be writing to those topics.
///
/// # Errors
/// They have not within `limit`, or Kafka does not answer.
pub fn until_done(stack: &Stack, services: &[Service], limit: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    let mut in_a_row = 0;
    loop {
        in_a_row = if is_done(stack, services)? {
            in_a_row + 1
        } else {
            0
        };
        if in_a_row == 2 {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "{services:?} are not done after {} s",
            limit.as_secs()
        );
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Whether these services have nothing left to read, to insert or to go on with.
///
/// # Errors
/// Kafka does not answer.
pub fn is_done(stack: &Stack, services: &[Service]) -> anyhow::Result<bool> {
    let of_services = |group: &&Group| {
        let name = group.name.as_ref();
        services
            .iter()
            .any(|s| name == s.name() || name == format!("{}-registry", s.name()))
    };
    let wanted: Vec<Group> = GROUPS.iter().filter(of_services).cloned().collect();
    let found = groups::positions(&stack.settings().kafka, &wanted)?;
    let moving = !found.open_transactions.is_empty()
        || found.positions.iter().any(|p| p.lag > 0 || p.intent);
    let pending = |service: &Service| metric(stack, *service, metrics::PENDING_WORK.name) > 0.0;
    Ok(!moving && !services.iter().any(pending))
}
