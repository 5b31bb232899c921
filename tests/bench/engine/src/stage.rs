//! The contract as a stage: registry rows go into the state, scans are judged by it.

use crate::rules::judge;
use crate::state::Unit;
use crate::wire::{Row, Scan};
use anyhow::{Context, bail};
use serialtrail_stream::{InputRecord, Keys, Stage, StageError, StepContext};

/// Topic of the registry; every other input holds scans.
pub const REGISTRY: &str = "registry";
/// Topic of kept scans with their registry rows.
pub const ENRICHED: &str = "enriched";
/// Topic of alerts.
pub const ALERTS: &str = "alerts";

/// The stage. It keeps nothing in memory but a buffer. Its topics hold what their generator wrote: a record that is not
/// the contract's ends the run, so that no figure is of other work.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    /// State of the serial at hand.
    kept: Vec<u8>,
}

impl Stage for Engine {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        let key = record.key.as_deref().context("a record without a key")?;
        if &*record.topic == REGISTRY {
            return register(key, record.value.as_deref(), ctx);
        }
        let scan = Scan::read(record.value.as_deref().context("a scan without a value")?)?;
        if scan.serial.as_bytes() != key {
            bail!("a scan of {} under another key", scan.serial);
        }
        self.kept.clear();
        self.kept
            .extend_from_slice(ctx.get(key)?.unwrap_or_default());
        let unit = Unit::read(&self.kept)?;
        let Some(fired) = judge(&scan, unit.row, &unit.history)? else {
            return Ok(());
        };
        ctx.put(key, &unit.after(&scan));
        ctx.emit(ENRICHED, key, &scan.enriched(unit.row));
        for rule in fired.rules() {
            ctx.emit(ALERTS, key, &scan.alert(rule.name()));
        }
        Ok(())
    }

    fn keys(&self, record: &InputRecord, keys: &mut Keys) {
        if let Some(serial) = &record.key {
            keys.push(&[serial]);
        }
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        _ctx: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        bail!("{} is not partitioned by key", record.topic)
    }

    fn end_of_window(
        &mut self,
        _budget: usize,
        _ctx: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        Ok(())
    }

    fn has_pending(&mut self, _ctx: &mut dyn StepContext) -> Result<bool, StageError> {
        Ok(false)
    }

    fn forget(&mut self, _partition: i32) {}

    fn outputs(&self) -> &'static [&'static str] {
        &[ENRICHED, ALERTS]
    }
}

/// Takes a registry row, or its removal, into the serial's record.
fn register(key: &[u8], value: Option<&[u8]>, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
    let row = match value {
        Some(value) => {
            let (serial, row) = Row::read(value)?;
            if serial.as_bytes() != key {
                bail!("a registry row of {serial} under another key");
            }
            Some(row)
        }
        None => None,
    };
    let kept = ctx.get(key)?.unwrap_or_default();
    let unit = Unit::read(kept)?.with_row(row);
    ctx.put(key, &unit);
    Ok(())
}
