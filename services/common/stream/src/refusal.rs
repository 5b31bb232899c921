//! What a stage refuses: a record on `rejected-events` with reason, place and original bytes.

use crate::stage::{InputRecord, StepContext};
use serialtrail_records::{Codec, DecodeError, RecordPlace, RejectedEvent};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::REJECTED_EVENTS;

/// Reason: the record's key is not that of its content.
pub const KEY_MISMATCH: &str = "key_mismatch";
/// Reason: the record stands in another partition than its key's.
pub const WRONG_PARTITION: &str = "wrong_partition";

impl InputRecord {
    /// Where the record stands, for a rejection.
    #[must_use]
    pub fn place(&self) -> RecordPlace<'_> {
        RecordPlace {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp_ms: self.timestamp_ms,
            key: self.key.as_deref(),
        }
    }
}

/// Writes a rejection, its original bytes cut into as many records as they need, and counts it.
///
/// # Errors
/// The codec failed.
pub fn emit(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    rejected: RejectedEvent,
    original: &[u8],
) -> anyhow::Result<()> {
    metrics::counter(&metrics::REJECTS)
        .with_label_values(&[rejected.stage.as_str(), rejected.reason.as_str()])
        .inc();
    let key = rejected.key().to_owned();
    for part in rejected.into_parts(original) {
        ctx.emit(REJECTED_EVENTS, key.as_bytes(), &codec.encode(&part)?);
    }
    Ok(())
}

/// The refusals of records as they were read, by one stage.
#[derive(Debug, Clone, Copy)]
pub struct Refusals {
    stage: &'static str,
}

impl Refusals {
    /// Of the stage with this name.
    #[must_use]
    pub const fn of(stage: &'static str) -> Self {
        Self { stage }
    }

    /// Refuses a record: nothing, or not enough, is known of its content.
    ///
    /// # Errors
    /// The codec failed.
    pub fn record(
        self,
        ctx: &mut dyn StepContext,
        codec: &Codec,
        record: &InputRecord,
        reason: &str,
        message: impl Into<String>,
    ) -> anyhow::Result<()> {
        let rejected = RejectedEvent::of_record(self.stage, reason, message, &record.place());
        let original = record.value.as_deref().unwrap_or_default();
        emit(ctx, codec, rejected, original)
    }

    /// Refuses a keyed record that stands in another partition than its key's.
    ///
    /// # Errors
    /// The codec failed.
    pub fn wrong_partition(
        self,
        ctx: &mut dyn StepContext,
        codec: &Codec,
        record: &InputRecord,
    ) -> anyhow::Result<()> {
        let message = wrong_partition_message(record.partition);
        self.record(ctx, codec, record, WRONG_PARTITION, message)
    }

    /// Refuses a record that does not decode.
    ///
    /// # Errors
    /// The record is not to blame: the schema registry did not answer. Or the codec failed.
    pub fn undecodable(
        self,
        ctx: &mut dyn StepContext,
        codec: &Codec,
        record: &InputRecord,
        error: DecodeError,
    ) -> anyhow::Result<()> {
        match error.code() {
            Some(reason) => self.record(ctx, codec, record, reason, error.to_string()),
            None => Err(error.into()),
        }
    }
}

/// What is wrong with a keyed record in another partition than its key's, and what to do.
#[must_use]
pub fn wrong_partition_message(partition: i32) -> String {
    format!("partition {partition} is not the one of the record's key; write with murmur2(key)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestContext, record};

    fn refused(codec: &Codec, ctx: &mut TestContext) -> Vec<(Vec<u8>, RejectedEvent)> {
        let outputs = ctx.take_outputs().into_iter().map(|out| {
            assert_eq!(out.topic, REJECTED_EVENTS);
            (out.key.unwrap(), codec.decode(&out.value.unwrap()).unwrap())
        });
        outputs.collect()
    }

    #[test]
    fn a_record_in_a_wrong_partition_is_refused_with_its_key_place_and_bytes() {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(3);
        let input = record("unit-inbox", 3, 17, Some(b"k"), b"bytes");
        Refusals::of("enricher")
            .wrong_partition(&mut ctx, &codec, &input)
            .unwrap();
        let all = refused(&codec, &mut ctx);
        let [(key, rejected)] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(key, rejected.reject_id.as_bytes());
        assert_eq!(rejected.reason, WRONG_PARTITION);
        assert_eq!(
            (rejected.original.as_slice(), rejected.parts),
            (&b"bytes"[..], 1)
        );
        assert_eq!(rejected.place.as_deref(), Some("key k"));
        let place = (rejected.source_partition, rejected.source_offset);
        assert_eq!(place, (Some(3), Some(17)));
    }

    #[test]
    fn a_registry_that_does_not_answer_refuses_nothing() {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(0);
        let input = record("unit-inbox", 0, 1, None, b"bytes");
        let refusals = Refusals::of("enricher");
        let down = DecodeError::Registry("timed out".into());
        assert!(
            refusals
                .undecodable(&mut ctx, &codec, &input, down)
                .is_err()
        );
        assert_eq!(refused(&codec, &mut ctx), []);
        let unknown = DecodeError::UnknownSchema(9);
        refusals
            .undecodable(&mut ctx, &codec, &input, unknown)
            .unwrap();
        assert_eq!(refused(&codec, &mut ctx)[0].1.reason, "unknown_schema_id");
    }

    #[test]
    fn a_large_original_is_written_in_parts_under_one_key() {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(0);
        let rejected = RejectedEvent {
            event_id: Some("e".into()),
            ..RejectedEvent::default()
        };
        let original = vec![7; RejectedEvent::PART_BYTES + 1];
        emit(&mut ctx, &codec, rejected, &original).unwrap();
        let all = refused(&codec, &mut ctx);
        assert!(all.iter().all(|(key, r)| key == b"e" && r.parts == 2));
        let bytes: Vec<u8> = all.into_iter().flat_map(|(_, r)| r.original).collect();
        assert_eq!(bytes, original);
    }
}
