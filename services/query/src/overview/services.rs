//! What the services say of themselves: whether they are up, how far behind, how far in stream time.

use super::services_json;
use crate::time::iso;
use futures::future::join_all;
use serde_json::{Value, json};
use serialtrail_runtime::config::Service;
use serialtrail_runtime::samples::samples;
use serialtrail_runtime::{Settings, metrics};
use std::error::Error;
use std::time::Duration;

/// Longest wait for a service's metrics.
const WAIT: Duration = Duration::from_millis(1200);

/// Where the services are asked.
#[derive(Debug)]
pub(super) struct Services {
    http: reqwest::Client,
    instances: Vec<(&'static str, Vec<String>)>,
}

/// What one instance says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Says {
    /// Records not yet handled; `None` for a service that reads no topic.
    lag: Option<f64>,
    /// Stream time of its slowest partition, seconds; `None` where it has none yet.
    stream_time: Option<f64>,
}

impl Says {
    fn read(text: &str) -> Self {
        let lags = samples(text, metrics::LAG.name);
        let times = samples(text, metrics::STREAM_TIME.name);
        let times = times.iter().map(|sample| sample.value).filter(|t| *t > 0.0);
        Self {
            lag: (!lags.is_empty()).then(|| lags.iter().map(|sample| sample.value).sum()),
            stream_time: times.reduce(f64::min),
        }
    }
}

impl Services {
    pub(super) fn new(settings: &Settings) -> Self {
        let instances = Service::ALL
            .into_iter()
            // Whoever answers here is up.
            .filter(|service| *service != Service::Query)
            .map(|service| (service.name(), settings.instances(service)))
            .collect();
        Self {
            http: reqwest::Client::new(),
            instances,
        }
    }

    /// Asks all of them at once.
    pub(super) async fn ask(&self) -> Value {
        let asked = self.instances.iter().map(|(name, urls)| async move {
            (*name, join_all(urls.iter().map(|url| self.one(url))).await)
        });
        let answers = join_all(asked).await;
        let sink = answers
            .iter()
            .find(|(name, _)| *name == Service::Sink.name());
        let landed = sink.and_then(|(_, said)| landed(said));
        let list = answers
            .iter()
            .map(|(name, said)| service_json(name, said))
            .collect();
        services_json(list, landed.map(time))
    }

    async fn one(&self, root: &str) -> Result<Says, String> {
        let request = self.http.get(format!("{root}/metrics")).timeout(WAIT);
        let answer = request.send().await.map_err(|error| reason(&error))?;
        if !answer.status().is_success() {
            return Err(format!("{root} answered {}", answer.status()));
        }
        let text = answer.text().await.map_err(|error| reason(&error))?;
        Ok(Says::read(&text))
    }
}

/// Stream time up to which everything has gone through the whole pipeline: what the sink has seen pass.
/// Of an instance that is silent nobody knows how far its partitions are.
fn landed(sink: &[Result<Says, String>]) -> Option<f64> {
    let says: Option<Vec<&Says>> = sink.iter().map(|said| said.as_ref().ok()).collect();
    let times = says?.into_iter().filter_map(|says| says.stream_time);
    times.reduce(f64::min)
}

/// What lies at the bottom of a failed request, without the layers above it.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {WAIT:?}");
    }
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let text = deepest.to_string();
    // The operating system's number says nothing to a reader.
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

fn time(seconds: f64) -> String {
    iso((seconds * 1e6) as i64)
}

fn service_json(name: &str, said: &[Result<Says, String>]) -> Value {
    let heard: Vec<&Says> = said.iter().flatten().collect();
    let lags: Vec<f64> = heard.iter().filter_map(|says| says.lag).collect();
    let slowest = heard
        .iter()
        .filter_map(|says| says.stream_time)
        .reduce(f64::min);
    let silent: Vec<&str> = said
        .iter()
        .filter_map(|says| says.as_ref().err().map(String::as_str))
        .collect();
    json!({
        "name": name,
        "up": silent.is_empty() && !said.is_empty(),
        "instances": said.len(),
        "lag": (!lags.is_empty()).then(|| lags.iter().sum::<f64>() as i64),
        "stream_time": slowest.map(time),
        "detail": silent.first(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_as_late_as_its_slowest_partition_and_lags_by_the_sum() {
        let text = "serialtrail_lag_records{stage=\"sink\",topic=\"a\",partition=\"0\"} 3\n\
            serialtrail_lag_records{stage=\"sink\",topic=\"b\",partition=\"0\"} 4\n\
            serialtrail_stream_time_seconds{stage=\"sink\",partition=\"0\"} 1770831600\n\
            serialtrail_stream_time_seconds{stage=\"sink\",partition=\"1\"} 1770831500\n\
            serialtrail_stream_time_seconds{stage=\"sink\",partition=\"2\"} 0\n";
        let says = Says::read(text);
        assert_eq!(
            (says.lag, says.stream_time),
            (Some(7.0), Some(1_770_831_500.0))
        );
        let other = Says {
            lag: Some(1.0),
            stream_time: None,
        };
        let json = service_json("sink", &[Ok(says), Ok(other)]);
        assert_eq!(json["lag"], 8);
        assert_eq!(json["stream_time"], "2026-02-11T17:38:20Z");
        assert_eq!((&json["up"], &json["instances"]), (&true.into(), &2.into()));
        assert_eq!(Says::read(""), Says::default());
    }

    #[test]
    fn one_silent_instance_is_a_service_that_is_not_up() {
        let json = service_json(
            "sink",
            &[Ok(Says::default()), Err("connection refused".into())],
        );
        assert_eq!(json["up"], false);
        assert_eq!(json["detail"], "connection refused");
    }

    #[test]
    fn how_far_all_has_landed_is_not_known_while_a_sink_is_silent() {
        let at = |seconds| {
            Ok(Says {
                lag: None,
                stream_time: Some(seconds),
            })
        };
        assert_eq!(landed(&[at(7.0), at(5.0)]), Some(5.0));
        assert_eq!(landed(&[at(7.0), Err("connection refused".into())]), None);
        assert_eq!(landed(&[]), None);
    }
}
