//! What the enricher refuses: a record on `rejected-events` with reason, path and original bytes.

use crate::children::CHILD_OPS;
use crate::fanout::HOP_LIMIT;
use crate::unit::Env;
use serialtrail_records::{Codec, InheritedRead, ReadBody, RejectedEvent, UnitEvent};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::REJECTED_EVENTS;
use serialtrail_stream::{InputRecord, StepContext};
use sha2::{Digest, Sha256};

/// Reason: the record's key is not that of its content.
pub(crate) const KEY_MISMATCH: &str = "key_mismatch";
/// Reason: the record stands in another partition than its key's.
pub(crate) const WRONG_PARTITION: &str = "wrong_partition";
const CONTAINER_LOOP: &str = "container_loop";
const HOPS: &str = "hop_limit";
const TOO_MANY: &str = "too_many_packings";
const STAGE: &str = "enricher";

/// Stable id of a refusal: the first 32 hex digits of SHA-256 over what identifies it.
fn id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..16])
}

fn emit(
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

/// A rejection of a record as it was read.
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

fn about(
    body: &ReadBody,
    event_id: &str,
    unit: &str,
    reason: &str,
    message: String,
    path: Vec<String>,
) -> RejectedEvent {
    RejectedEvent {
        reject_id: id(&[
            STAGE,
            reason,
            event_id,
            unit,
            path.last().map_or("", String::as_str),
        ]),
        stage: STAGE.to_owned(),
        reason: reason.to_owned(),
        message,
        event_id: Some(event_id.to_owned()),
        unit: Some(unit.to_owned()),
        path,
        capture_id: Some(body.capture_id.clone()),
        document_id: body.document_id.clone(),
        source_party: body.source_party.clone(),
        visible_to: body.visible_to.clone(),
        record_time: body.record_time,
        ..RejectedEvent::default()
    }
}

/// A read that would be inherited by a unit it came through.
pub(crate) fn container_loop(env: &mut Env<'_>, read: &InheritedRead) -> anyhow::Result<()> {
    let message = format!(
        "{} is packed into something that is packed into it; the read of event {} is not inherited \
         any further. Correct one of the packings",
        read.unit, read.event_id
    );
    let rejected = about(
        &read.body,
        &read.event_id,
        &read.unit,
        CONTAINER_LOOP,
        message,
        read.path.clone(),
    );
    let original = env.codec.encode(read)?;
    emit(env.ctx, env.codec, rejected, &original)
}

/// A read that passed through more containers than it may.
pub(crate) fn hop_limit(env: &mut Env<'_>, read: &InheritedRead) -> anyhow::Result<()> {
    let message = format!(
        "event {} is inherited through more than {HOP_LIMIT} containers; what is in {} does not \
         inherit it. Correct the packings",
        read.event_id, read.parent
    );
    let rejected = about(
        &read.body,
        &read.event_id,
        &read.parent,
        HOPS,
        message,
        read.path.clone(),
    );
    let original = env.codec.encode(read)?;
    emit(env.ctx, env.codec, rejected, &original)
}

/// A packing of a unit into itself.
pub(crate) fn own_child(env: &mut Env<'_>, event: &UnitEvent) -> anyhow::Result<()> {
    let message = format!("event {} packs {} into itself", event.event_id, event.unit);
    let path = vec![event.unit.clone()];
    let rejected = about(
        &event.body,
        &event.event_id,
        &event.unit,
        CONTAINER_LOOP,
        message,
        path,
    );
    let original = env.codec.encode(event)?;
    emit(env.ctx, env.codec, rejected, &original)
}

/// A child packed into and unpacked from one container more often than its history is kept.
pub(crate) fn too_many_packings(
    env: &mut Env<'_>,
    event: &UnitEvent,
    child: &str,
) -> anyhow::Result<()> {
    let message = format!(
        "{child} has been packed into or unpacked from {} more than {CHILD_OPS} times; event {} is \
         not taken into its containment",
        event.unit, event.event_id
    );
    let path = vec![event.unit.clone()];
    let rejected = about(&event.body, &event.event_id, child, TOO_MANY, message, path);
    let original = env.codec.encode(event)?;
    emit(env.ctx, env.codec, rejected, &original)
}
