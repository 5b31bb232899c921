//! Waiting until everything captured so far has gone through the whole pipeline.
//!
//! Settled is: no group has a record left to read, no transaction is open, no service has work begun
//! and not finished, and the gateway's last mark has passed the stages that keep stream time. It must
//! be seen twice in a row.
//!
//! It is about the result: whom the notifier has told and what the forecaster has computed of it do not
//! count. A receiver that is down would otherwise keep everybody from a result that stands.

use crate::groups::{self, GROUPS, Positions};
use crate::member::Member;
use crate::probe;
use crate::stack::Stack;
use anyhow::bail;
use serialtrail_runtime::config::Service;
use serialtrail_runtime::samples::{Sample, samples};
use serialtrail_runtime::{Settings, metrics};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(300);
const METRICS_TIMEOUT: Duration = Duration::from_secs(5);

/// The services the result goes through.
const OF_THE_RESULT: [Service; 6] = [
    Service::Gateway,
    Service::Dispatcher,
    Service::Enricher,
    Service::Detector,
    Service::Sink,
    Service::Query,
];

/// Stages that keep stream time, per partition.
const TIMED: [Service; 2] = [Service::Enricher, Service::Detector];

/// A service's instance and its `/metrics` text; `None` when it did not answer.
type Exposition = (Service, Option<String>);

/// Waits until the pipeline of `settings` is settled. `stack` names further instances where the
/// pipeline is a local stack.
///
/// # Errors
/// Kafka does not answer, or it did not settle within `limit`: the message says what still moves.
pub fn settle(
    settings: &Settings,
    stack: Option<&Stack>,
    limit: Duration,
    progress: &dyn Fn(&str),
) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    let mut in_a_row = 0;
    loop {
        let moving = look(settings, stack)?;
        in_a_row = if moving.is_empty() { in_a_row + 1 } else { 0 };
        if in_a_row == 2 {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!(
                "not settled after {} s: {}",
                limit.as_secs(),
                moving.join("; ")
            );
        }
        progress(moving.first().map_or("looking again", String::as_str));
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// What still moves, a line each.
fn look(settings: &Settings, stack: Option<&Stack>) -> anyhow::Result<Vec<String>> {
    // The mark first: what it covers was written before the offsets are read.
    let before = expositions(settings, stack);
    let mark = gateway_mark(&before);
    let positions = groups::positions(&settings.kafka, GROUPS)?;
    let after = expositions(settings, stack);
    let mut moving = behind(&positions);
    moving.extend(unfinished(&after));
    moving.extend(not_marked(&after, mark));
    Ok(moving)
}

fn expositions(settings: &Settings, stack: Option<&Stack>) -> Vec<Exposition> {
    let addresses: Vec<(Service, SocketAddr)> = match stack {
        Some(stack) => stack
            .running()
            .into_iter()
            .filter_map(|member| match member {
                Member::Service { service, .. } if OF_THE_RESULT.contains(&service) => {
                    Some((service, stack.address(member)))
                }
                _ => None,
            })
            .collect(),
        None => OF_THE_RESULT
            .map(|service| (service, settings.http.listen(service)))
            .to_vec(),
    };
    addresses
        .into_iter()
        .map(|(service, address)| {
            let answer = probe::get(address, "/metrics", METRICS_TIMEOUT);
            let text = answer
                .ok()
                .filter(|(status, _)| *status == 200)
                .map(|(_, text)| text);
            (service, text)
        })
        .collect()
}

/// Groups with records left, open transactions, announced inserts.
fn behind(positions: &Positions) -> Vec<String> {
    let lag = positions
        .lag_by_group(GROUPS)
        .into_iter()
        .filter(|(_, lag)| *lag > 0);
    let mut lines: Vec<String> = lag
        .map(|(group, lag)| format!("{group} has {lag} records to read"))
        .collect();
    if let [first, ..] = &positions.open_transactions[..] {
        let count = positions.open_transactions.len();
        lines.push(format!(
            "{count} partitions have an open transaction, {first} first"
        ));
    }
    let intents = positions
        .positions
        .iter()
        .filter(|position| position.intent)
        .count();
    if intents > 0 {
        lines.push(format!(
            "{intents} inserts of the sink are not acknowledged"
        ));
    }
    lines
}

/// Services that do not answer, or have work left.
fn unfinished(expositions: &[Exposition]) -> Vec<String> {
    let mut lines = Vec::new();
    for service in OF_THE_RESULT {
        let texts: Vec<&Option<String>> = expositions
            .iter()
            .filter(|(of, _)| *of == service)
            .map(|(_, text)| text)
            .collect();
        if texts.is_empty() || texts.iter().any(|text| text.is_none()) {
            lines.push(format!("{} does not answer", service.name()));
        }
        let left: f64 = texts
            .into_iter()
            .flatten()
            .flat_map(|text| samples(text, metrics::PENDING_WORK.name))
            .map(|sample| sample.value)
            .sum();
        if left > 0.0 {
            lines.push(format!(
                "{} has work left in {left} partitions",
                service.name()
            ));
        }
    }
    lines
}

/// The highest mark the gateway has committed, seconds.
fn gateway_mark(expositions: &[Exposition]) -> Option<f64> {
    stream_times(expositions, Service::Gateway)
        .map(|sample| sample.value)
        .reduce(f64::max)
}

/// Stages whose stream time is before `mark` in some partition.
fn not_marked(expositions: &[Exposition], mark: Option<f64>) -> Vec<String> {
    let Some(mark) = mark else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for stage in TIMED {
        // An instance that lost a partition may still show where it left it: the furthest counts.
        let mut times: BTreeMap<String, f64> = BTreeMap::new();
        for sample in stream_times(expositions, stage) {
            let time = times
                .entry(sample.label("partition").to_owned())
                .or_insert(sample.value);
            *time = time.max(sample.value);
        }
        let late = times.values().filter(|time| **time < mark).count();
        if times.is_empty() {
            lines.push(format!("{} has no stream time yet", stage.name()));
        } else if late > 0 {
            lines.push(format!(
                "the last mark has not passed {late} partitions of {}",
                stage.name()
            ));
        }
    }
    lines
}

fn stream_times(expositions: &[Exposition], service: Service) -> impl Iterator<Item = Sample> {
    expositions
        .iter()
        .filter(move |(of, _)| *of == service)
        .filter_map(|(_, text)| text.as_deref())
        .flat_map(|text| samples(text, metrics::STREAM_TIME.name))
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Position;

    fn all(metrics: impl Fn(Service) -> String) -> Vec<Exposition> {
        OF_THE_RESULT
            .map(|service| (service, Some(metrics(service))))
            .to_vec()
    }

    fn time(stage: &str, partition: &str, time: f64) -> String {
        format!(
            "serialtrail_stream_time_seconds{{partition=\"{partition}\",stage=\"{stage}\"}} {time}\n"
        )
    }

    fn marked(service: Service) -> String {
        match service {
            Service::Gateway => time("gateway", "all", 100.0),
            other => time(other.name(), "0", 100.0) + &time(other.name(), "1", 100.0),
        }
    }

    #[test]
    fn a_pipeline_that_has_nothing_left_is_settled() {
        let services = all(marked);
        assert_eq!(gateway_mark(&services), Some(100.0));
        assert!(unfinished(&services).is_empty());
        assert!(not_marked(&services, Some(100.0)).is_empty());
        assert!(behind(&Positions::default()).is_empty());
    }

    #[test]
    fn a_mark_still_on_its_way_to_one_partition_is_moving() {
        let services = all(|service| match service {
            Service::Detector => time("detector", "0", 100.0) + &time("detector", "1", 99.0),
            other => marked(other),
        });
        assert_eq!(
            not_marked(&services, gateway_mark(&services)),
            ["the last mark has not passed 1 partitions of detector"]
        );
    }

    #[test]
    fn a_partition_handed_to_another_instance_counts_where_it_is_now() {
        let mut services = all(|service| match service {
            Service::Detector => time("detector", "0", 100.0) + &time("detector", "1", 12.0),
            other => marked(other),
        });
        services.push((Service::Detector, Some(time("detector", "1", 100.0))));
        assert!(not_marked(&services, Some(100.0)).is_empty());
    }

    #[test]
    fn without_any_mark_there_is_none_to_wait_for() {
        let services = all(|_| String::new());
        assert!(not_marked(&services, gateway_mark(&services)).is_empty());
        assert_eq!(not_marked(&services, Some(1.0)).len(), 2);
    }

    #[test]
    fn work_left_and_a_silent_service_are_moving() {
        let mut services = all(|service| match service {
            Service::Enricher => {
                "serialtrail_pending_work{partition=\"3\",stage=\"enricher\"} 1\n".into()
            }
            other => marked(other),
        });
        services.retain(|(service, _)| *service != Service::Query);
        services.push((Service::Query, None));
        assert_eq!(
            unfinished(&services),
            [
                "enricher has work left in 1 partitions",
                "query does not answer"
            ]
        );
    }

    #[test]
    fn lag_open_transactions_and_announced_inserts_are_moving() {
        let positions = Positions {
            positions: vec![Position {
                group: "sink".into(),
                topic: "alerts".into(),
                partition: 2,
                committed: Some(5),
                end: 9,
                lag: 4,
                intent: true,
            }],
            open_transactions: vec!["enriched/1".into()],
        };
        assert_eq!(
            behind(&positions),
            [
                "sink has 4 records to read",
                "1 partitions have an open transaction, enriched/1 first",
                "1 inserts of the sink are not acknowledged"
            ]
        );
    }
}
