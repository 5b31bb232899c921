//! What has landed whole: the stream time all partitions of the sink have stored up to.

use anyhow::{Context, ensure};
use serialtrail_records::Micros;
use serialtrail_runtime::metrics::STREAM_TIME;
use serialtrail_runtime::samples::samples;
use serialtrail_runtime::topics::ENRICHED;
use serialtrail_runtime::{Service, Settings};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest wait for one instance.
const WAIT: Duration = Duration::from_secs(5);

/// The least stream time over the partitions of topic `enriched`: everything up to it has landed. Each of
/// the `partitions` must be told by an instance of the sink; of one told twice (it has just moved) the later
/// holds.
///
/// # Errors
/// An instance does not answer, or a partition has no stream time yet (its instance has just started): what
/// has landed is not known.
pub async fn landed(
    http: &reqwest::Client,
    settings: &Settings,
    partitions: i32,
) -> anyhow::Result<Micros> {
    let mut told = BTreeMap::new();
    for root in settings.instances(Service::Sink) {
        let text = metrics(http, &root)
            .await
            .with_context(|| format!("the sink at {root} does not tell its stream time"))?;
        add(&mut told, &text);
    }
    least(&told, partitions)
}

async fn metrics(http: &reqwest::Client, root: &str) -> anyhow::Result<String> {
    let answer = http
        .get(format!("{root}/metrics"))
        .timeout(WAIT)
        .send()
        .await?;
    ensure!(answer.status().is_success(), "answered {}", answer.status());
    Ok(answer.text().await?)
}

/// Adds what one instance says.
fn add(told: &mut BTreeMap<i32, Micros>, text: &str) {
    for sample in samples(text, STREAM_TIME.name) {
        let of_sink = sample.label("stage") == Service::Sink.name();
        if let (true, Ok(partition)) = (of_sink, sample.label("partition").parse()) {
            let time = sample.value as Micros * 1_000_000;
            let known = told.entry(partition).or_insert(time);
            *known = time.max(*known);
        }
    }
}

fn least(told: &BTreeMap<i32, Micros>, partitions: i32) -> anyhow::Result<Micros> {
    let silent: Vec<String> = (0..partitions)
        .filter(|partition| !told.contains_key(partition))
        .map(|partition| partition.to_string())
        .collect();
    ensure!(
        silent.is_empty(),
        "the sink has no stream time yet of partition {} of {ENRICHED}",
        silent.join(", ")
    );
    let own = told.range(0..partitions).map(|(_, time)| *time);
    own.min().context("the topic has no partitions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge(partition: i32, stage: &str, seconds: i64) -> String {
        format!(
            "serialtrail_stream_time_seconds{{partition=\"{partition}\",stage=\"{stage}\"}} {seconds}\n"
        )
    }

    fn landed(instances: &[String], partitions: i32) -> anyhow::Result<Micros> {
        let mut told = BTreeMap::new();
        instances.iter().for_each(|text| add(&mut told, text));
        least(&told, partitions)
    }

    #[test]
    fn the_slowest_partition_of_all_instances_of_the_sink_decides() {
        let first = gauge(0, "sink", 300) + &gauge(1, "sink", 200) + &gauge(0, "detector", 5);
        let second = gauge(2, "sink", 100);
        assert_eq!(landed(&[first, second], 3).unwrap(), 100_000_000);
    }

    #[test]
    fn while_a_partition_is_not_told_nothing_is_known() {
        let first = gauge(0, "sink", 300) + &gauge(2, "sink", 200);
        let just_started = "serialtrail_lag_records{stage=\"sink\"} 4\n".to_owned();
        let error = landed(&[first, just_started], 4).unwrap_err();
        assert!(
            error.to_string().ends_with("of partition 1, 3 of enriched"),
            "{error}"
        );
    }

    #[test]
    fn of_a_partition_that_has_moved_the_later_time_holds() {
        let before = gauge(0, "sink", 100) + &gauge(1, "sink", 400);
        let after = gauge(0, "sink", 300);
        assert_eq!(landed(&[before, after], 2).unwrap(), 300_000_000);
    }
}
