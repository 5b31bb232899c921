//! Opening a store: what of its files is accepted, and the index built from it.
//!
//! Accepted is a checkpoint with the log from its beginning on, as far as batches verify and link to
//! their predecessors, and at least to where the checkpoint ended; or, without a checkpoint, the log
//! from its very first segment on. Everything else is damage.

use crate::checkpoint::{self, Checkpoint, Shard, UNNAMED, checkpoint_name, sequence_of};
use crate::disk::{Disk, DiskFile};
use crate::fault::Fault;
use crate::format::{
    BATCH_HEADER, BatchHeader, RECORD_HEADER, RecordLengths, SEGMENT_HEADER, checksum,
    read_batch_header, read_segment_header, replaced_by,
};
use crate::index::{Index, shard_of, table_bytes};
use crate::log::{self, Log, Position, Segment, segment_name};
use crate::place::Place;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// A store as found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) log: Log,
    pub(crate) index: Index,
    /// Of the last batch accepted; `None` without one.
    pub(crate) changelog_offset: Option<i64>,
    /// Of the last batch accepted, ms since 1970.
    pub(crate) written_at_ms: u64,
    /// Sequence and length of the checkpoint used.
    pub(crate) checkpoint: Option<(u64, u64)>,
    /// Bytes of log replayed.
    pub(crate) replayed: u64,
    /// Bytes behind the last accepted batch, cut off.
    pub(crate) cut: u64,
}

/// Opens what is in the folder. `memory`: bytes the index may take while it is loaded.
pub(crate) fn recover(
    disk: &Arc<dyn Disk>,
    store_id: u64,
    hash: &dyn Fn(&[u8]) -> u64,
    memory: usize,
) -> Result<Recovered, Fault> {
    let names = disk.names().map_err(|error| Fault::io("folder", error))?;
    let remove = |name: &str| disk.remove(name).map_err(|error| Fault::io(name, error));
    for name in names.iter().filter(|name| name.ends_with(UNNAMED)) {
        remove(name)?;
    }
    let checkpoints: BTreeSet<u64> = names.iter().filter_map(|name| sequence_of(name)).collect();
    let newest = checkpoints.last().copied();
    let checkpoint = match newest {
        Some(sequence) => Some(checkpoint::read(
            disk.as_ref(),
            &checkpoint_name(sequence),
            store_id,
        )?),
        None => None,
    };
    let (tail, from) = match &checkpoint {
        Some(checkpoint) => (checkpoint.head.tail, checkpoint.head.from),
        None => (
            1,
            Position {
                segment: 1,
                offset: SEGMENT_HEADER as u64,
                chain: 0,
            },
        ),
    };
    let numbers: BTreeSet<u64> = names
        .iter()
        .filter_map(|name| name.strip_prefix("seg-")?.parse().ok())
        .collect();
    if checkpoint.is_none() && numbers.first().is_some_and(|first| *first != 1) {
        let name = segment_name(1);
        return Err(Fault::damaged(
            &name,
            0,
            "missing, and no checkpoint to do without",
        ));
    }
    let mut verifier = Verifier {
        disk,
        store_id,
        segments: VecDeque::new(),
        last: None,
    };
    if let Some(checkpoint) = &checkpoint {
        verifier.older_segments(checkpoint)?;
    }
    let (end, behind) = verifier.follow(from)?;
    if let Some(checkpoint) = &checkpoint
        && (end.segment, end.offset) < (checkpoint.to.segment, checkpoint.to.offset)
    {
        let name = segment_name(end.segment);
        return Err(Fault::damaged(
            &name,
            end.offset,
            "the log ends before its checkpoint",
        ));
    }
    let Verifier { segments, last, .. } = verifier;

    // Only now anything is changed: what is behind the accepted prefix goes, the newest first.
    for number in numbers.iter().rev() {
        if *number > end.segment || *number < tail || segments.is_empty() {
            remove(&segment_name(*number))?;
        }
    }
    if behind > 0
        && let Some(head) = segments.back()
    {
        head.file
            .cut(head.length)
            .map_err(|error| Fault::io(&segment_name(head.number), error))?;
    }
    for sequence in checkpoints
        .iter()
        .filter(|sequence| Some(**sequence) != newest)
    {
        remove(&checkpoint_name(*sequence))?;
    }

    let log = Log::new(Arc::clone(disk), store_id, segments, end.chain);
    let (mut index, mut offset, mut written_at_ms) = (Index::new(), None, 0);
    if let Some(checkpoint) = &checkpoint {
        load(&mut index, checkpoint, memory)?;
        offset = Some(checkpoint.head.changelog_offset);
        written_at_ms = checkpoint.head.written_at_ms;
    }
    if let Some(last) = last {
        offset = Some(last.changelog_offset);
        written_at_ms = last.written_at_ms;
    }
    let shards = checkpoint.as_ref().map_or(&[][..], |one| &one.shards);
    let replayed = replay(&log, &mut index, hash, from, shards)?;
    Ok(Recovered {
        log,
        index,
        changelog_offset: offset,
        written_at_ms,
        checkpoint: newest.zip(checkpoint.map(|checkpoint| checkpoint.length)),
        replayed,
        cut: behind,
    })
}

/// Follows the log without trusting it.
struct Verifier<'a> {
    disk: &'a Arc<dyn Disk>,
    store_id: u64,
    /// Accepted segments with their accepted lengths.
    segments: VecDeque<Segment>,
    last: Option<BatchHeader>,
}

impl Verifier<'_> {
    fn open(&self, number: u64) -> Result<(Arc<dyn DiskFile>, u64), Fault> {
        let name = segment_name(number);
        let file = self
            .disk
            .open(&name)
            .map_err(|error| Fault::reading(&name, 0, error))?;
        let length = file
            .length()
            .map_err(|error| Fault::reading(&name, 0, error))?;
        Ok((file, length))
    }

    /// The checksum a segment's header links to; `None` where the header does not hold.
    fn header(&self, number: u64, file: &dyn DiskFile, length: u64) -> Result<Option<u64>, Fault> {
        let mut header = [0; SEGMENT_HEADER];
        if length < SEGMENT_HEADER as u64 {
            return Ok(None);
        }
        file.read_at(&mut header, 0)
            .map_err(|error| Fault::reading(&segment_name(number), 0, error))?;
        Ok(read_segment_header(self.store_id, number, &header))
    }

    /// Segments a checkpoint covers: there, with their headers, and long enough.
    fn older_segments(&mut self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let from = checkpoint.head.from.segment;
        for (number, length) in (checkpoint.head.tail..).zip(&checkpoint.segments) {
            let (file, found) = self.open(number)?;
            if found < *length || self.header(number, file.as_ref(), found)?.is_none() {
                let name = segment_name(number);
                return Err(Fault::damaged(&name, found, "not as its checkpoint says"));
            }
            if number < from {
                self.segments.push_back(Segment {
                    number,
                    file,
                    length: *length,
                });
            }
        }
        let next = checkpoint.head.tail + self.segments.len() as u64;
        if next != from {
            let name = segment_name(from);
            return Err(Fault::damaged(&name, 0, "not in its checkpoint"));
        }
        Ok(())
    }

    /// Accepts batches from a position on; returns the end of the last one and the bytes behind it in
    /// its file.
    fn follow(&mut self, from: Position) -> Result<(Position, u64), Fault> {
        let mut end = from;
        let mut behind = 0;
        for number in from.segment.. {
            let (file, length) = match self.open(number) {
                Ok(opened) => opened,
                Err(fault) if fault.is_damage() => break,
                Err(fault) => return Err(fault),
            };
            let linked = self.header(number, file.as_ref(), length)?;
            let begins_here = number == from.segment;
            let links = match linked {
                Some(_) if begins_here && from.chain != 0 => true,
                linked => linked == Some(end.chain),
            };
            if !links || (begins_here && from.offset > length) {
                break;
            }
            let mut at = if begins_here {
                from.offset
            } else {
                SEGMENT_HEADER as u64
            };
            while let Some(batch) = self.batch(number, file.as_ref(), at, length, end.chain)? {
                at += BATCH_HEADER as u64 + u64::from(batch.length);
                end.chain = batch.checksum;
                self.last = Some(batch);
            }
            end = Position {
                segment: number,
                offset: at,
                ..end
            };
            self.segments.push_back(Segment {
                number,
                file,
                length: at,
            });
            behind = length - at;
            if behind > 0 {
                break;
            }
        }
        Ok((end, behind))
    }

    /// The batch at `at`, if it is whole, undamaged and follows the batch with checksum `chain`.
    fn batch(
        &self,
        number: u64,
        file: &dyn DiskFile,
        at: u64,
        length: u64,
        chain: u64,
    ) -> Result<Option<BatchHeader>, Fault> {
        let failed = |error| Fault::reading(&segment_name(number), at, error);
        if at + BATCH_HEADER as u64 > length {
            return Ok(None);
        }
        let mut bytes = vec![0; BATCH_HEADER];
        file.read_at(&mut bytes, at).map_err(failed)?;
        let Some(header) = read_batch_header(&bytes).filter(|header| header.previous == chain)
        else {
            return Ok(None);
        };
        let end = at + (BATCH_HEADER as u64) + u64::from(header.length);
        if end > length || end > Place::MAX_OFFSET {
            return Ok(None);
        }
        bytes.resize(BATCH_HEADER + header.length as usize, 0);
        file.read_at(&mut bytes[BATCH_HEADER..], at + BATCH_HEADER as u64)
            .map_err(failed)?;
        let intact = header.checksum == checksum(self.store_id, &bytes[8..])
            && adds_up(&bytes[BATCH_HEADER..], header.count);
        Ok(intact.then_some(header))
    }
}

/// Offsets and lengths of the records in a batch; ends early where they do not add up.
fn records(bytes: &[u8]) -> impl Iterator<Item = (usize, RecordLengths)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let header = bytes.get(at..at + RECORD_HEADER)?;
        let lengths = RecordLengths::read(header);
        let start = at;
        at = at.checked_add(lengths.total())?;
        (at <= bytes.len()).then_some((start, lengths))
    })
}

fn adds_up(bytes: &[u8], count: u32) -> bool {
    let (found, end) = records(bytes).fold((0, 0), |(found, _), (start, lengths)| {
        (found + 1, start + lengths.total())
    });
    (found, end) == (count, bytes.len())
}

/// Takes the checkpoint's shards: into memory as far as it goes, the rest stays in its pages.
fn load(index: &mut Index, checkpoint: &Checkpoint, memory: usize) -> Result<(), Fault> {
    for (number, shard) in checkpoint.shards.iter().enumerate() {
        let pages = &shard.pages;
        let fits = index.bytes() + table_bytes(pages.entries as usize) <= memory;
        let entries = if fits { Some(pages.entries()?) } else { None };
        index.adopt(number, shard.live, pages.clone(), entries.as_deref());
    }
    Ok(())
}

/// Applies the log from a position on to the index. Each record names the place it replaces, so that
/// no older record is read; a shard takes only what came after it was written.
fn replay(
    log: &Log,
    index: &mut Index,
    hash: &dyn Fn(&[u8]) -> u64,
    from: Position,
    shards: &[Shard],
) -> Result<u64, Fault> {
    let mut replayed = 0;
    for segment in log.segments().filter(|one| one.number >= from.segment) {
        let mut at = if segment.number == from.segment {
            from.offset
        } else {
            SEGMENT_HEADER as u64
        };
        replayed += segment.length - at;
        let mut bytes = Vec::new();
        while at < segment.length {
            bytes.resize(BATCH_HEADER, 0);
            log::read(segment, &mut bytes, at)?;
            let header = read_batch_header(&bytes)
                .ok_or_else(|| log::damaged(segment, at, "a batch header"))?;
            at += BATCH_HEADER as u64;
            bytes.resize(header.length as usize, 0);
            log::read(segment, &mut bytes, at)?;
            for (start, lengths) in records(&bytes) {
                let record = &bytes[start..start + lengths.total()];
                let hash = hash(log::key_of(record, lengths));
                let here = (segment.number, at + start as u64);
                let known = shards.get(shard_of(hash));
                if known.is_some_and(|shard| here < shard.as_of) {
                    continue;
                }
                let place = Place::new(here.0, here.1, lengths.total());
                let new = lengths.value.map_or(Place::NONE, |_| place);
                if !index.replace(hash, replaced_by(record), new)? {
                    return Err(log::damaged(segment, here.1, "replaces what is not there"));
                }
            }
            at += bytes.len() as u64;
        }
    }
    Ok(replayed)
}
