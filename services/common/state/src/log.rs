//! The log of one partition: segments from the tail to the head, and the batch being built.

use crate::disk::{Disk, DiskFile};
use crate::fault::Fault;
use crate::format::{
    BATCH_HEADER, RECORD_HEADER, RecordLengths, SEGMENT_HEADER, push_copy, push_record,
    read_record, seal_batch, segment_header,
};
use crate::place::Place;
use std::collections::VecDeque;
use std::sync::Arc;

/// One file of the log.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) file: Arc<dyn DiskFile>,
    /// Bytes accepted or written.
    pub(crate) length: u64,
}

/// Name of a segment's file.
pub(crate) fn segment_name(number: u64) -> String {
    format!("seg-{number:012}")
}

/// A record's key.
pub(crate) fn key_of(record: &[u8], lengths: RecordLengths) -> &[u8] {
    &record[RECORD_HEADER..RECORD_HEADER + lengths.key]
}

/// A place between two batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    /// Checksum of the batch that ends here.
    pub(crate) chain: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    pub(crate) store_id: u64,
    segments: VecDeque<Segment>,
    /// The batch being built, header included; goes behind the head's length.
    pending: Vec<u8>,
    count: u32,
    chain: u64,
    bytes: u64,
}

impl Log {
    /// A log with the given segments, tail first; the head ends in the batch with checksum `chain`.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        store_id: u64,
        segments: VecDeque<Segment>,
        chain: u64,
    ) -> Self {
        for segment in &segments {
            segment.file.read_at_random();
        }
        Self {
            bytes: segments.iter().map(|segment| segment.length).sum(),
            disk,
            store_id,
            segments,
            pending: Vec::new(),
            count: 0,
            chain,
        }
    }

    /// Bytes of all segments.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn segments(&self) -> impl ExactSizeIterator<Item = &Segment> {
        self.segments.iter()
    }

    /// A segment by its number.
    pub(crate) fn segment(&self, number: u64) -> Option<&Segment> {
        let tail = self.segments.front()?.number;
        self.segments
            .get(usize::try_from(number.checked_sub(tail)?).ok()?)
    }

    /// The end of the last committed batch; `None` before the first segment.
    pub(crate) fn end(&self) -> Option<Position> {
        self.segments.back().map(|head| Position {
            segment: head.number,
            offset: head.length,
            chain: self.chain,
        })
    }

    /// Number of the oldest segment.
    pub(crate) fn tail(&self) -> u64 {
        self.segments.front().map_or(1, |tail| tail.number)
    }

    /// Forgets segments below `number`; returns their names.
    pub(crate) fn drop_below(&mut self, number: u64) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(tail) = self.segments.front()
            && tail.number < number
            && self.segments.len() > 1
        {
            names.push(segment_name(tail.number));
            self.bytes -= tail.length;
            self.segments.pop_front();
        }
        names
    }

    /// Begins a batch that will take about `expected` bytes, in a new segment if the head has reached
    /// `target` bytes.
    pub(crate) fn begin(&mut self, expected: u64, target: u64) -> Result<(), Fault> {
        let room = Place::MAX_OFFSET / 2;
        if expected > room {
            return Err(Fault::Refused(format!(
                "a window of {expected} bytes: at most {room} fit into one batch"
            )));
        }
        let full = self.segments.back().is_none_or(|head| {
            head.length > SEGMENT_HEADER as u64
                && (head.length >= target || head.length + expected > room)
        });
        if full {
            self.roll()?;
        }
        self.pending.clear();
        self.pending.resize(BATCH_HEADER, 0);
        self.count = 0;
        Ok(())
    }

    fn roll(&mut self) -> Result<(), Fault> {
        if self.segments.len() as u64 >= Place::MAX_SEGMENTS {
            return Err(Fault::Refused("too many segments".into()));
        }
        let number = self.segments.back().map_or(1, |head| head.number + 1);
        let name = segment_name(number);
        let file = self
            .disk
            .create(&name)
            .map_err(|error| Fault::io(&name, error))?;
        let header = segment_header(self.store_id, number, self.chain);
        file.write_at(&header, 0)
            .map_err(|error| Fault::io(&name, error))?;
        file.read_at_random();
        self.bytes += SEGMENT_HEADER as u64;
        self.segments.push_back(Segment {
            number,
            file,
            length: SEGMENT_HEADER as u64,
        });
        Ok(())
    }

    /// Bytes of the batch so far.
    pub(crate) fn batch_bytes(&self) -> u64 {
        self.pending.len() as u64
    }

    /// Bytes compaction may still add to the batch.
    pub(crate) fn room(&self) -> u64 {
        let used = self.segments.back().map_or(0, |head| head.length) + self.batch_bytes();
        (Place::MAX_OFFSET - 1).saturating_sub(used)
    }

    /// Adds a record to the batch, in the place of one the key had before.
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>, replaces: Place) -> Place {
        let start = self.pending.len();
        let length = push_record(self.store_id, &mut self.pending, key, value, replaces);
        self.pushed(start, length)
    }

    /// Adds a copy of the undamaged record at `from` to the batch.
    pub(crate) fn push_copy(&mut self, record: &[u8], from: Place) -> Place {
        let start = self.pending.len();
        push_copy(self.store_id, &mut self.pending, record, from);
        self.pushed(start, record.len())
    }

    fn pushed(&mut self, start: usize, length: usize) -> Place {
        self.count += 1;
        let (number, written) = self
            .segments
            .back()
            .map_or((0, 0), |head| (head.number, head.length));
        Place::new(number, written + start as u64, length)
    }

    /// Writes the batch; an error leaves the log unusable until it is opened again.
    pub(crate) fn commit(&mut self, changelog_offset: i64, now_ms: u64) -> Result<(), Fault> {
        let Some(head) = self.segments.back_mut() else {
            return Err(Fault::Refused("no segment to write to".into()));
        };
        let chain = seal_batch(
            self.store_id,
            &mut self.pending,
            self.count,
            changelog_offset,
            now_ms,
            self.chain,
        );
        head.file
            .write_at(&self.pending, head.length)
            .map_err(|error| Fault::io(&segment_name(head.number), error))?;
        head.length += self.pending.len() as u64;
        self.bytes += self.pending.len() as u64;
        self.chain = chain;
        self.pending.clear();
        Ok(())
    }

    /// Reads the record at a place the index gave into `into`, and checks it.
    pub(crate) fn read(&self, place: Place, into: &mut Vec<u8>) -> Result<RecordLengths, Fault> {
        let tail = self.tail();
        let number = tail + u64::from(place.segment().wrapping_sub(tail as u16));
        let Some(segment) = self.segment(number) else {
            let name = segment_name(number);
            return Err(Fault::damaged(&name, place.offset(), "no such segment"));
        };
        let at = place.offset();
        into.clear();
        if at >= segment.length {
            let start = (at - segment.length) as usize;
            let pending = self
                .pending(start, place.length())
                .ok_or_else(|| damaged(segment, at, "a record behind the end"))?;
            into.extend_from_slice(pending);
        } else {
            let length = match place.length() {
                Some(length) => length,
                None => long_length(segment, at)?,
            };
            if length as u64 > segment.length - at {
                return Err(damaged(segment, at, "a record's length"));
            }
            into.resize(length, 0);
            read(segment, into, at)?;
        }
        read_record(self.store_id, into).ok_or_else(|| damaged(segment, at, "a record's checksum"))
    }

    /// A record of the batch being built.
    fn pending(&self, start: usize, length: Option<usize>) -> Option<&[u8]> {
        let from = self.pending.get(start..)?;
        let length = match length {
            Some(length) => length,
            None => RecordLengths::read(from.get(..RECORD_HEADER)?).total(),
        };
        from.get(..length)
    }

    /// The record just pushed at `place`.
    pub(crate) fn just_pushed(&self, place: Place) -> Option<&[u8]> {
        let head = self.segments.back()?;
        self.pending((place.offset() - head.length) as usize, place.length())
    }
}

fn long_length(segment: &Segment, at: u64) -> Result<usize, Fault> {
    let mut header = [0; RECORD_HEADER];
    read(segment, &mut header, at)?;
    Ok(RecordLengths::read(&header).total())
}

/// Reads from a segment; too short is damage.
pub(crate) fn read(segment: &Segment, into: &mut [u8], at: u64) -> Result<(), Fault> {
    segment
        .file
        .read_at(into, at)
        .map_err(|error| Fault::reading(&segment_name(segment.number), at, error))
}

/// Damage of a segment.
pub(crate) fn damaged(segment: &Segment, at: u64, what: &'static str) -> Fault {
    Fault::damaged(&segment_name(segment.number), at, what)
}
