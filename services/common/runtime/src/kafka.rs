//! The part of librdkafka's settings every client of a deployment shares, and a readiness check.

use crate::config::KafkaSettings;
use futures::future::BoxFuture;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, ClientContext};
use std::sync::Arc;
use std::time::Duration;

/// Context of a consumer that follows a topic to its end again and again: rdkafka's own logs every
/// end of a partition as an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct FollowContext;

impl ClientContext for FollowContext {
    fn error(&self, error: KafkaError, reason: &str) {
        if error != KafkaError::Global(RDKafkaErrorCode::PartitionEOF) {
            tracing::warn!(%error, reason, "consumer");
        }
    }
}

impl ConsumerContext for FollowContext {}

/// A client configuration with the brokers and the extra properties (security) of the settings.
#[must_use]
pub fn client_config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    for (key, value) in &settings.properties {
        config.set(key, value);
    }
    config
}

/// A readiness check: a broker answers a metadata request within a second and a half.
///
/// # Errors
/// The properties are not ones librdkafka takes.
pub fn readiness_check(
    settings: &KafkaSettings,
) -> anyhow::Result<impl Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static> {
    let client: Arc<BaseConsumer> = Arc::new(client_config(settings).create()?);
    Ok(move || -> BoxFuture<'static, Result<(), String>> {
        let client = Arc::clone(&client);
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                client
                    .fetch_metadata(Some("__none"), Duration::from_millis(1500))
                    .map(|_| ())
                    .map_err(|e| e.to_string())
            });
            asked.await.map_err(|e| e.to_string())?
        })
    })
}
