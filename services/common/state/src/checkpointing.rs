//! When a checkpoint is made, how it is paced, and how the index stays within its memory.
//!
//! A checkpoint is written in small steps between commits, synced and named in the background. What it
//! makes superfluous, the one before it and scanned segments, is removed only after that.

use crate::background::{Background, Pending};
use crate::budget::LEAST;
use crate::checkpoint::{Head, Writer, checkpoint_name};
use crate::disk::{Disk, DiskFile};
use crate::fault::Fault;
use crate::index::{Index, SHARDS, table_bytes};
use crate::log::{Log, segment_name};
use std::io;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(crate) struct Checkpointing {
    phase: Phase,
    /// Sequence and length of the last one named.
    last: Option<(u64, u64)>,
    /// Sequence of the next.
    next: u64,
    /// Bytes committed since the last one began.
    since: u64,
    /// Segments below are on disk.
    synced_below: u64,
    /// Named by this handle.
    named: u64,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Writing(Writer),
    Naming(Naming),
}

#[derive(Debug)]
struct Naming {
    outcome: Pending<io::Result<()>>,
    sequence: u64,
    length: u64,
    tail: u64,
    /// The head when it was written: segments below are synced with it.
    head: u64,
}

/// What a checkpoint is made of.
pub(crate) struct Ground<'a> {
    pub(crate) disk: &'a Arc<dyn Disk>,
    pub(crate) background: &'a Background,
    pub(crate) log: &'a mut Log,
    pub(crate) index: &'a mut Index,
    pub(crate) changelog_offset: i64,
    pub(crate) written_at_ms: u64,
    /// Segments below hold nothing that is live.
    pub(crate) done_below: u64,
    /// Bytes the index may take.
    pub(crate) memory: usize,
    /// Least bytes of log between two checkpoints.
    pub(crate) interval: u64,
}

impl Checkpointing {
    /// For a store just opened: the checkpoint it was opened from, the log's tail and the bytes of log
    /// behind the checkpoint.
    pub(crate) fn new(last: Option<(u64, u64)>, tail: u64, since: u64) -> Self {
        Self {
            phase: Phase::Idle,
            next: last.map_or(1, |(sequence, _)| sequence + 1),
            last,
            since,
            synced_below: tail,
            named: 0,
        }
    }

    /// Checkpoints named by this handle.
    pub(crate) fn named(&self) -> u64 {
        self.named
    }

    /// Moves on after a commit of `written` bytes.
    pub(crate) fn step(&mut self, ground: &mut Ground<'_>, written: u64) -> Result<(), Fault> {
        self.since += written;
        let interval = ground
            .interval
            .max(self.last.map_or(0, |(_, length)| length));
        match &self.phase {
            Phase::Idle if self.since >= interval => self.begin(ground),
            Phase::Idle => Ok(()),
            Phase::Writing(_) => {
                // Written when a quarter of the interval has been committed.
                let shards = (SHARDS as u64 * 4 * written).div_ceil(interval).max(1);
                for _ in 0..shards {
                    self.write(ground)?;
                }
                Ok(())
            }
            Phase::Naming(naming) => match naming.outcome.ready().transpose() {
                Some(outcome) => self.done(ground, outcome.flatten()),
                None => Ok(()),
            },
        }
    }

    /// Brings the index within its memory: tables go to the checkpoint being written, one more look-up
    /// from a file each.
    pub(crate) fn keep_memory(&mut self, ground: &mut Ground<'_>) -> Result<(), Fault> {
        // What is left of a checkpoint, and once through all shards: more gains nothing.
        for _ in 0..2 * SHARDS + 8 {
            if !is_over(ground) {
                return Ok(());
            }
            match &self.phase {
                Phase::Idle => self.begin(ground)?,
                Phase::Writing(_) => self.write(ground)?,
                Phase::Naming(naming) => {
                    let outcome = naming.outcome.wait().flatten();
                    self.done(ground, outcome)?;
                }
            }
        }
        Ok(())
    }

    /// Waits for what goes on in the background.
    pub(crate) fn settle(&mut self) {
        if let Phase::Naming(naming) = &self.phase {
            // What came of it is seen when the folder is opened again.
            let _ = naming.outcome.wait();
        }
    }

    fn begin(&mut self, ground: &mut Ground<'_>) -> Result<(), Fault> {
        let Some(from) = ground.log.end() else {
            return Ok(());
        };
        let head = Head {
            from,
            changelog_offset: ground.changelog_offset,
            written_at_ms: ground.written_at_ms,
            tail: ground.done_below.min(from.segment),
        };
        let store_id = ground.log.store_id;
        let writer = Writer::begin(ground.disk.as_ref(), store_id, self.next, head)?;
        self.next += 1;
        self.since = 0;
        self.phase = Phase::Writing(writer);
        Ok(())
    }

    /// Writes one shard, and after the last one has the checkpoint named.
    fn write(&mut self, ground: &mut Ground<'_>) -> Result<(), Fault> {
        let Phase::Writing(writer) = &mut self.phase else {
            return Ok(());
        };
        if let Some(shard) = writer.next() {
            let written = writer.write(ground.index, ground.log)?;
            let resident = ground.index.is_resident(shard);
            let room =
                ground.index.bytes() + table_bytes(written.entries.len()) <= ground.memory / 8 * 7;
            if is_over(ground) {
                ground.index.adopt(shard, written.live, written.pages, None);
            } else if !resident {
                let entries = room.then_some(&written.entries[..]);
                ground
                    .index
                    .adopt(shard, written.live, written.pages, entries);
            }
            return Ok(());
        }
        let length = writer.finish(ground.log)?;
        let sequence = writer.sequence();
        let tail = writer.head().tail;
        let file = writer.file();
        let head = ground.log.end().map_or(tail, |end| end.segment);
        let segments: Vec<Arc<dyn DiskFile>> = ground
            .log
            .segments()
            .filter(|segment| segment.number >= self.synced_below)
            .map(|segment| Arc::clone(&segment.file))
            .collect();
        let mut superfluous: Vec<String> = ground
            .log
            .segments()
            .filter(|segment| segment.number < tail)
            .map(|segment| segment_name(segment.number))
            .collect();
        superfluous.extend(self.last.map(|(last, _)| checkpoint_name(last)));
        let disk = Arc::clone(ground.disk);
        let outcome = ground.background.run(move || {
            for segment in &segments {
                segment.sync()?;
            }
            name(disk.as_ref(), file.as_ref(), sequence)?;
            for name in &superfluous {
                disk.remove(name)?;
            }
            Ok(())
        });
        self.phase = Phase::Naming(Naming {
            outcome,
            sequence,
            length,
            tail,
            head,
        });
        Ok(())
    }

    fn done(&mut self, ground: &mut Ground<'_>, outcome: io::Result<()>) -> Result<(), Fault> {
        if let Phase::Naming(naming) = std::mem::replace(&mut self.phase, Phase::Idle) {
            outcome.map_err(|error| Fault::io(&checkpoint_name(naming.sequence), error))?;
            ground.log.drop_below(naming.tail);
            self.last = Some((naming.sequence, naming.length));
            self.synced_below = naming.head;
            self.named += 1;
        }
        Ok(())
    }
}

fn is_over(ground: &Ground<'_>) -> bool {
    let index = &ground.index;
    index.bytes() > ground.memory.max(index.floor() + LEAST)
}

/// Everything is on disk, then the file gets its name, then the name is on disk.
fn name(disk: &dyn Disk, file: &dyn DiskFile, sequence: u64) -> io::Result<()> {
    let name = checkpoint_name(sequence);
    file.sync()?;
    disk.sync_folder()?;
    disk.rename(&(name.clone() + crate::checkpoint::UNNAMED), &name)?;
    disk.sync_folder()
}
