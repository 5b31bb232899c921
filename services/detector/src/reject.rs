//! Input no rule can take: reason, place, original bytes.

use serialtrail_records::{Codec, Micros, RejectedEvent, stable_id};
use serialtrail_stream::refusal::emit;
use serialtrail_stream::{InputRecord, StepContext};

/// Refuses a record, at stream time.
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
    let message = format!("{at}: {message}");
    let rejected = RejectedEvent {
        // The detector's own form: ids already written stay the same.
        reject_id: stable_id(format!("detector\n{at}\n{reason}")),
        record_time: stream_time,
        ..RejectedEvent::of_record("detector", reason, message, &record.place())
    };
    emit(
        ctx,
        codec,
        rejected,
        record.value.as_deref().unwrap_or_default(),
    )
}
