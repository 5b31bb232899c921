//! What the dispatcher refuses: a record on `rejected-events` with reason, place and original bytes.

use serialtrail_records::{Codec, EpcisEvent, RejectedEvent};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::REJECTED_EVENTS;
use serialtrail_stream::{InputRecord, StepContext};
use sha2::{Digest, Sha256};

/// Reason: same id, other content, no error declaration.
pub(crate) const CONFLICT: &str = "event_id_conflict";
/// Reason: an error declaration by someone else than the event's publisher.
pub(crate) const NOT_BY_PUBLISHER: &str = "declaration_not_by_publisher";
/// Reason: more parties declare an error in an event not known yet than can wait for it.
pub(crate) const TOO_MANY_DECLARATIONS: &str = "too_many_declarations";
/// Reason: the record's key is not that of its content.
pub(crate) const KEY_MISMATCH: &str = "key_mismatch";
/// Reason: the record stands in another partition than its key's.
pub(crate) const WRONG_PARTITION: &str = "wrong_partition";
/// Reason: what every message of the event must carry exceeds 32 KiB.
pub(crate) const TOO_LARGE: &str = "event_body_too_large";

const STAGE: &str = "dispatcher";

/// Stable id of a refusal: the first 32 hex digits of SHA-256 over what identifies it.
fn id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..16])
}

/// Writes a rejection, its original bytes cut into as many records as they need.
pub(crate) fn emit(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    rejected: RejectedEvent,
    original: &[u8],
) -> anyhow::Result<()> {
    metrics::counter(&metrics::REJECTS)
        .with_label_values(&[STAGE, rejected.reason.as_str()])
        .inc();
    let key = rejected
        .capture_id
        .clone()
        .filter(|id| !id.is_empty())
        .or_else(|| rejected.event_id.clone())
        .unwrap_or_else(|| rejected.reject_id.clone());
    for part in rejected.into_parts(original) {
        ctx.emit(REJECTED_EVENTS, key.as_bytes(), codec.encode(&part)?);
    }
    Ok(())
}

/// A rejection of a record as it was read: nothing, or not enough, is known of its content.
pub(crate) fn record(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    record: &InputRecord,
    reason: &str,
    message: String,
) -> anyhow::Result<()> {
    let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
    let key = record
        .key
        .as_deref()
        .map(|k| String::from_utf8_lossy(k).into_owned());
    let rejected = RejectedEvent {
        reject_id: id(&[STAGE, reason, &record.topic, &partition, &offset]),
        stage: STAGE.to_owned(),
        reason: reason.to_owned(),
        message,
        place: key.map(|k| format!("key {k}")),
        record_time: record.timestamp_ms.saturating_mul(1000),
        source_topic: Some(record.topic.clone()),
        source_partition: Some(record.partition),
        source_offset: Some(record.offset),
        ..RejectedEvent::default()
    };
    emit(
        ctx,
        codec,
        rejected,
        record.value.as_deref().unwrap_or_default(),
    )
}

/// A rejection of an event, without its bytes. `content` tells refusals of one event id apart.
pub(crate) fn event(
    event: &EpcisEvent,
    reason: &str,
    content: &str,
    message: String,
) -> RejectedEvent {
    RejectedEvent {
        reject_id: id(&[STAGE, reason, &event.event_id, content]),
        stage: STAGE.to_owned(),
        reason: reason.to_owned(),
        message,
        event_id: Some(event.event_id.clone()),
        capture_id: Some(event.capture_id.clone()),
        document_id: event.document_id.clone(),
        source_party: event.source_party.clone(),
        visible_to: event.visible_to.clone(),
        record_time: event.record_time,
        ..RejectedEvent::default()
    }
}
