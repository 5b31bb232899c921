//! Input no rule can take: reason, place, original bytes.

use serialtrail_records::{Codec, Micros, RejectedEvent};
use serialtrail_runtime::{metrics, topics};
use serialtrail_stream::{InputRecord, StepContext};
use sha2::{Digest, Sha256};

/// Writes a record to `rejected-events`, in parts where it is large.
///
/// # Errors
/// The codec failed.
pub(crate) fn reject(
    record: &InputRecord,
    reason: &str,
    message: &str,
    stream_time: Micros,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<()> {
    let at = format!("{}/{}/{}", record.topic, record.partition, record.offset);
    let digest = Sha256::digest(format!("detector\n{at}\n{reason}").as_bytes());
    let mut reject_id = hex::encode(digest);
    reject_id.truncate(32);
    let rejected = RejectedEvent {
        reject_id: reject_id.clone(),
        stage: "detector".to_owned(),
        reason: reason.to_owned(),
        message: format!("{at}: {message}"),
        place: record
            .key
            .as_ref()
            .map(|k| format!("key {}", String::from_utf8_lossy(k))),
        record_time: stream_time,
        source_topic: Some(record.topic.clone()),
        source_partition: Some(record.partition),
        source_offset: Some(record.offset),
        ..RejectedEvent::default()
    };
    for part in rejected.into_parts(record.value.as_deref().unwrap_or_default()) {
        let value = codec.encode(&part)?;
        ctx.emit(topics::REJECTED_EVENTS, reject_id.as_bytes(), value);
    }
    metrics::counter(&metrics::REJECTS)
        .with_label_values(&["detector", reason])
        .inc();
    Ok(())
}
