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

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_stream::testing::{TestContext, record};

    #[test]
    fn a_refusal_has_its_place_at_stream_time_and_the_id_it_always_had() {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(3);
        let input = record("enriched", 3, 17, Some(b"k"), b"bytes");
        reject(&input, "not_avro_framed", "why", 5, &codec, &mut ctx).unwrap();
        let out = ctx.take_outputs().remove(0);
        let rejected: RejectedEvent = codec.decode(&out.value.unwrap()).unwrap();
        // SHA-256("detector\nenriched/3/17\nnot_avro_framed").
        assert_eq!(rejected.reject_id, "3d2ca140122799a0da9f9ad189606b15");
        assert_eq!(out.key.unwrap(), rejected.reject_id.as_bytes());
        assert_eq!(rejected.message, "enriched/3/17: why");
        assert_eq!(
            (rejected.record_time, rejected.source_offset),
            (5, Some(17))
        );
        assert_eq!(rejected.original, b"bytes");
    }
}
