//! Topic `notifications-parked`: what no attempt could deliver, whole, so that it can be sent again.

use crate::attempt::now;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use serialtrail_records::{Codec, Micros, ParkedNotification};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{kafka, topics};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for one acknowledgement.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(15);
/// Wait before the brokers are asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// Room left in a record for what is not the body.
const ROOM: usize = 8 * 1024;

/// Writes parked notifications.
#[derive(Clone)]
pub struct Parker {
    producer: FutureProducer,
    topic: String,
    codec: Arc<Codec>,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// Why there is no further attempt.
    pub reason: &'a str,
    /// Attempts made.
    pub attempts: u32,
    /// Wall clock of the first.
    pub first_attempt_at: Micros,
}

impl Parker {
    /// A producer that waits for every in-sync copy.
    ///
    /// # Errors
    /// The Kafka properties are not ones librdkafka takes.
    pub fn new(settings: &KafkaSettings, prefix: &str, codec: Arc<Codec>) -> anyhow::Result<Self> {
        let producer = kafka::client_config(settings)
            .set("client.id", "notifier-parked")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .create()?;
        Ok(Self {
            producer,
            topic: format!("{prefix}{}", topics::NOTIFICATIONS_PARKED),
            codec,
        })
    }

    /// Parks one notification; returns once the brokers have it, however long that takes.
    ///
    /// # Errors
    /// The record does not encode: a defect of this build.
    pub async fn park(
        &self,
        receiver: &str,
        (alert_id, revision): (&str, i64),
        body: Vec<u8>,
        ending: &Ending<'_>,
    ) -> anyhow::Result<()> {
        let (body, reason) = fit(body, ending.reason);
        let record = ParkedNotification {
            receiver: receiver.to_owned(),
            idempotency_key: format!("{alert_id}/{revision}"),
            alert_id: alert_id.to_owned(),
            revision,
            reason,
            attempts: i32::try_from(ending.attempts).unwrap_or(i32::MAX),
            first_attempt_at: ending.first_attempt_at,
            parked_at: now(),
            body,
        };
        let value = self.codec.encode(&record)?;
        loop {
            let sent = FutureRecord::to(&self.topic).key(receiver).payload(&value);
            let sent = self
                .producer
                .send(sent, Timeout::After(ACKNOWLEDGED_WITHIN));
            match sent.await {
                Ok(_) => return Ok(()),
                Err((error, _)) => {
                    tracing::warn!(receiver, %error, "parking a notification: trying again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

/// A body that a record has room for. An alert is far smaller; of one that is not, the beginning is
/// kept, and the reason says so.
fn fit(mut body: Vec<u8>, reason: &str) -> (Vec<u8>, String) {
    let (whole, room) = (body.len(), topics::MAX_RECORD_BYTES - ROOM);
    if whole <= room {
        return (body, reason.to_owned());
    }
    body.truncate(room);
    let cut = format!(
        "{reason}; of its body's {whole} bytes the first {room} are here, the whole alert is at /v1/alerts"
    );
    (body, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_whole_unless_no_record_could_hold_it() {
        let (body, reason) = fit(vec![b'x'; 200_000], "answered 500");
        assert_eq!((body.len(), reason.as_str()), (200_000, "answered 500"));
        let (body, reason) = fit(vec![b'x'; 300_000], "answered 500");
        assert!(body.len() + ROOM <= topics::MAX_RECORD_BYTES);
        assert!(reason.contains("300000 bytes"), "{reason}");
    }
}
