//! The stateless stage over `registry-loads`: entries to their unit, lot statements and marks to all.

use crate::reject::REFUSALS;
use serialtrail_records::{Codec, LoadMessage};
use serialtrail_runtime::topics::{REJECTED_EVENTS, UNIT_INBOX};
use serialtrail_stream::refusal::KEY_MISMATCH;
use serialtrail_stream::{InputRecord, Notes, Stage, StepContext};
use std::sync::Arc;

/// Routes what was loaded into the registry.
pub struct LoadsStage {
    codec: Arc<Codec>,
    notes: Notes,
}

impl LoadsStage {
    /// A stage that encodes and decodes with `codec`.
    #[must_use]
    pub fn new(codec: Arc<Codec>) -> Self {
        Self {
            codec,
            notes: Notes::default(),
        }
    }
}

fn to_all(ctx: &mut dyn StepContext, value: &[u8]) {
    for partition in 0..ctx.partitions(UNIT_INBOX) {
        ctx.emit_to(UNIT_INBOX, partition, value);
    }
}

impl Stage for LoadsStage {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let value = record.value.as_deref().unwrap_or_default();
        match LoadMessage::decode(&self.codec, value) {
            Ok(LoadMessage::Mark(mark)) => {
                self.notes.heard(ctx.partition(), mark);
                Ok(())
            }
            Ok(LoadMessage::RegistryEntry(entry)) => {
                if record.key.as_deref() == Some(entry.unit.as_bytes()) {
                    ctx.emit(UNIT_INBOX, entry.unit.as_bytes(), value);
                    return Ok(());
                }
                let message = format!("the record's key must be its unit, {}", entry.unit);
                REFUSALS.record(ctx, &self.codec, record, KEY_MISMATCH, message)
            }
            Ok(LoadMessage::LotStatus(_)) => {
                to_all(ctx, value);
                Ok(())
            }
            Err(error) => REFUSALS.undecodable(ctx, &self.codec, record, error),
        }
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        REFUSALS.wrong_partition(ctx, &self.codec, record)
    }

    fn end_of_window(&mut self, _budget: usize, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        for mark in self.notes.end(ctx.partition()).into_marks() {
            to_all(ctx, &self.codec.encode(&mark)?);
        }
        Ok(())
    }

    fn has_pending(&mut self, _ctx: &mut dyn StepContext) -> anyhow::Result<bool> {
        Ok(false)
    }

    fn forget(&mut self, partition: i32) {
        self.notes.forget(partition);
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[UNIT_INBOX, REJECTED_EVENTS]
    }
}
