//! What has landed whole: the stream time all partitions of the sink have stored up to.

use anyhow::{Context, ensure};
use serialtrail_records::Micros;
use serialtrail_runtime::metrics::STREAM_TIME;
use serialtrail_runtime::samples::samples;
use serialtrail_runtime::{Service, Settings};
use std::time::Duration;

/// Longest wait for one instance.
const WAIT: Duration = Duration::from_secs(5);

/// The least stream time over all partitions of all instances of the sink. `None` before any of them
/// has one.
///
/// # Errors
/// An instance does not answer: what its partitions have stored is not known.
pub async fn landed(http: &reqwest::Client, settings: &Settings) -> anyhow::Result<Option<Micros>> {
    let mut least: Option<Micros> = None;
    for root in settings.instances(Service::Sink) {
        let text = metrics(http, &root)
            .await
            .with_context(|| format!("the sink at {root} does not tell its stream time"))?;
        least = [least, stream_time(&text)].into_iter().flatten().min();
    }
    Ok(least)
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

fn stream_time(text: &str) -> Option<Micros> {
    samples(text, STREAM_TIME.name)
        .iter()
        .filter(|sample| sample.label("stage") == Service::Sink.name())
        .map(|sample| sample.value as Micros * 1_000_000)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_partition_of_the_sink_decides() {
        let text = "serialtrail_stream_time_seconds{partition=\"0\",stage=\"sink\"} 1770831600\n\
                    serialtrail_stream_time_seconds{partition=\"1\",stage=\"sink\"} 1770831000\n\
                    serialtrail_stream_time_seconds{partition=\"0\",stage=\"detector\"} 5\n";
        assert_eq!(stream_time(text), Some(1_770_831_000_000_000));
        assert_eq!(
            stream_time("serialtrail_lag_records{stage=\"sink\"} 4\n"),
            None
        );
    }
}
