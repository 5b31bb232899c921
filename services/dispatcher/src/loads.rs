//! The stateless stage over `registry-loads`: entries to their unit, lot statements and marks to all.

use crate::reject;
use serialtrail_records::{Codec, LoadMessage, Mark};
use serialtrail_runtime::topics::{REJECTED_EVENTS, UNIT_INBOX};
use serialtrail_stream::{InputRecord, Stage, StepContext};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Routes what was loaded into the registry.
pub struct LoadsStage {
    codec: Arc<Codec>,
    /// Marks of the window under way, by partition and source.
    marks: HashMap<i32, BTreeMap<String, Mark>>,
}

impl LoadsStage {
    /// A stage that encodes and decodes with `codec`.
    #[must_use]
    pub fn new(codec: Arc<Codec>) -> Self {
        Self {
            codec,
            marks: HashMap::new(),
        }
    }
}

fn to_all(ctx: &mut dyn StepContext, value: &[u8]) {
    for partition in 0..ctx.partitions(UNIT_INBOX) {
        ctx.emit_to(UNIT_INBOX, partition, value.to_vec());
    }
}

impl Stage for LoadsStage {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let value = record.value.as_deref().unwrap_or_default();
        match LoadMessage::decode(&self.codec, value) {
            Ok(LoadMessage::Mark(mark)) => {
                let marks = self.marks.entry(ctx.partition()).or_default();
                let held = marks.entry(mark.source.clone()).or_default();
                if held.time <= mark.time {
                    *held = mark;
                }
                Ok(())
            }
            Ok(LoadMessage::RegistryEntry(entry)) => {
                if record.key.as_deref() == Some(entry.unit.as_bytes()) {
                    ctx.emit(UNIT_INBOX, entry.unit.as_bytes(), value.to_vec());
                    return Ok(());
                }
                let message = format!("the record's key must be its unit, {}", entry.unit);
                reject::record(ctx, &self.codec, record, reject::KEY_MISMATCH, message)
            }
            Ok(LoadMessage::LotStatus(_)) => {
                to_all(ctx, value);
                Ok(())
            }
            Err(error) => match error.code() {
                Some(code) => reject::record(ctx, &self.codec, record, code, error.to_string()),
                None => Err(error.into()),
            },
        }
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let message = format!(
            "partition {} is not the one of the record's key",
            record.partition
        );
        reject::record(ctx, &self.codec, record, reject::WRONG_PARTITION, message)
    }

    fn end_of_window(&mut self, _budget: usize, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        for mark in self
            .marks
            .remove(&ctx.partition())
            .unwrap_or_default()
            .into_values()
        {
            to_all(ctx, &self.codec.encode(&mark)?);
        }
        Ok(())
    }

    fn has_pending(&mut self, _ctx: &mut dyn StepContext) -> anyhow::Result<bool> {
        Ok(false)
    }

    fn forget(&mut self, partition: i32) {
        self.marks.remove(&partition);
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[UNIT_INBOX, REJECTED_EVENTS]
    }
}
