//! What a partition keeps beside its units: stream time, the timers, the lots, unfinished work.

use std::collections::HashMap;

use serialtrail_records::Codec;
use serialtrail_records::state_detector::DetectorPartition;
use serialtrail_stream::StepContext;

use crate::lots::Lots;
use crate::timers::Timers;

const KEY: &[u8] = b"p";

/// The partitions in hand. Each is read once and written at the end of a window that changed it.
#[derive(Debug, Default)]
pub struct Partitions {
    loaded: HashMap<i32, Loaded>,
}

/// One partition's own state.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The state.
    pub state: DetectorPartition,
    /// Whether it must be written at the end of the window.
    pub changed: bool,
    /// Its lots.
    pub lots: Lots,
    /// Its timers.
    pub timers: Timers,
}

impl Partitions {
    /// The partition of the context, loaded if it is not in hand.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn of(&mut self, codec: &Codec, ctx: &mut dyn StepContext) -> anyhow::Result<&mut Loaded> {
        use std::collections::hash_map::Entry;
        match self.loaded.entry(ctx.partition()) {
            Entry::Occupied(here) => Ok(here.into_mut()),
            Entry::Vacant(free) => {
                let state = match ctx.get(KEY)? {
                    Some(value) => codec.decode(value)?,
                    None => DetectorPartition::default(),
                };
                Ok(free.insert(Loaded {
                    state,
                    ..Loaded::default()
                }))
            }
        }
    }

    /// Writes what changed of the partition of the context.
    ///
    /// # Errors
    /// The codec failed.
    pub fn save(&mut self, codec: &Codec, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let Some(here) = self.loaded.get_mut(&ctx.partition()) else {
            return Ok(());
        };
        here.lots.save(codec, ctx)?;
        here.timers.save(codec, ctx)?;
        if std::mem::take(&mut here.changed) {
            ctx.put(KEY, &codec.encode(&here.state)?);
        }
        Ok(())
    }

    /// Drops what is in hand of a partition.
    pub fn forget(&mut self, partition: i32) {
        self.loaded.remove(&partition);
    }
}
