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

/// The stage. It remembers nothing between records, only keeps the memory they were written in. Its topics
/// hold what their generator wrote: a record that is not the contract's ends the run, so that no figure is
/// of other work.
#[derive(Debug, Default)]
pub struct Engine {
    unit: Vec<u8>,
    enriched: Vec<u8>,
    alert: Vec<u8>,
}

impl Engine {
    /// Takes a registry row, or its removal, into the serial's record.
    fn register(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
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
        self.unit.clear();
        Unit::read(ctx.get(key)?.unwrap_or_default())?.with_row(row, &mut self.unit);
        ctx.put(key, &self.unit);
        Ok(())
    }
}

impl Stage for Engine {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        let key = record.key.as_deref().context("a record without a key")?;
        if &*record.topic == REGISTRY {
            return self.register(key, record.value.as_deref(), ctx);
        }
        let scan = Scan::read(record.value.as_deref().context("a scan without a value")?)?;
        if scan.serial.as_bytes() != key {
            bail!("a scan of {} under another key", scan.serial);
        }
        let unit = Unit::read(ctx.get(key)?.unwrap_or_default())?;
        let Some(fired) = judge(&scan, unit.row, &unit.history)? else {
            return Ok(());
        };
        self.unit.clear();
        unit.after(&scan, &mut self.unit);
        self.enriched.clear();
        scan.enriched(unit.row, &mut self.enriched);
        ctx.put(key, &self.unit);
        ctx.emit(ENRICHED, key, &self.enriched);
        for rule in fired.rules() {
            self.alert.clear();
            scan.alert(rule.name(), &mut self.alert);
            ctx.emit(ALERTS, key, &self.alert);
        }
        Ok(())
    }

    fn keys(&self, record: &InputRecord, keys: &mut Keys) {
        if let Some(key) = &record.key {
            keys.push(&[key]);
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
