//! Compaction: the oldest segment's live records are copied to the end of the log, the rest is left
//! behind. Always the oldest, so that a tombstone found here can be dropped: no older segment holds
//! its key. Works in small steps inside commits, within a share of what they write.

use crate::background::{Background, Pending};
use crate::fault::Fault;
use crate::format::{
    BATCH_HEADER, RECORD_HEADER, RecordLengths, SEGMENT_HEADER, read_batch_header, read_record,
};
use crate::index::Index;
use crate::log::{Log, Segment, damaged, segment_name};
use crate::place::Place;
use std::io;

/// Bytes read ahead at a time.
const CHUNK: u64 = 1 << 20;

/// Bytes scanned, and so at most written, for each byte committed: its I/O share.
pub(crate) const SHARE: u64 = 3;

/// See the module.
#[derive(Debug)]
pub(crate) struct Compaction {
    background: Background,
    /// The segment to be scanned next, or being scanned.
    segment: u64,
    scan: Option<Scan>,
}

#[derive(Debug)]
struct Scan {
    segment: Segment,
    /// Of the next batch or record.
    at: u64,
    /// Bytes left of the batch `at` is in.
    batch: u64,
    /// Bytes of the file from `at` on.
    bytes: Vec<u8>,
    consumed: usize,
    ahead: Option<Pending<io::Result<Vec<u8>>>>,
    /// Offset behind what was asked for.
    asked: u64,
}

/// What a scan comes to next.
enum Found {
    Record(Place, RecordLengths),
    End,
    /// Its bytes are not read yet.
    NotYet,
}

impl Compaction {
    /// Begins at the log's tail.
    pub(crate) fn new(background: Background, tail: u64) -> Self {
        Self {
            background,
            segment: tail,
            scan: None,
        }
    }

    /// Segments below this number hold nothing that is live.
    pub(crate) fn done_below(&self) -> u64 {
        self.segment
    }

    /// Moves live records of the oldest segments into the log's batch: scans at most `budget` bytes,
    /// and only while the log is more than twice what is live, and `slack` bytes. Waits for the disk only
    /// when the log has become twice that.
    pub(crate) fn step(
        &mut self,
        log: &mut Log,
        index: &mut Index,
        hash: impl Fn(&[u8]) -> u64,
        budget: u64,
        slack: u64,
    ) -> Result<(), Fault> {
        let mut scanned = 0;
        while scanned < budget {
            let Some(scan) = &mut self.scan else {
                if !self.begin(log, index, slack) {
                    return Ok(());
                }
                continue;
            };
            let before = scan.at;
            let wait = log.bytes() > 4 * index.live() + 2 * slack;
            match scan.next(&self.background, log.store_id, wait)? {
                Found::NotYet => return Ok(()),
                Found::End => {
                    self.scan = None;
                    self.segment += 1;
                    continue;
                }
                Found::Record(place, lengths) => {
                    let record = &scan.bytes[scan.consumed..scan.consumed + lengths.total()];
                    if lengths.value.is_some() {
                        let key = &record[RECORD_HEADER..RECORD_HEADER + lengths.key];
                        let hash = hash(key);
                        if index.find(hash)?.iter().any(|live| live == place) {
                            if log.room() < record.len() as u64 {
                                return Ok(());
                            }
                            let moved = log.push_copy(record, place);
                            index.replace(hash, place, moved)?;
                        }
                    }
                    scan.consume(lengths.total());
                    scan.batch -= lengths.total() as u64;
                }
            }
            scanned += self.scan.as_ref().map_or(0, |scan| scan.at - before);
        }
        Ok(())
    }

    fn begin(&mut self, log: &Log, index: &Index, slack: u64) -> bool {
        let behind: u64 = log
            .segments()
            .take_while(|segment| segment.number < self.segment)
            .map(|segment| segment.length)
            .sum();
        let is_worth_it = log.bytes() - behind > 2 * index.live() + slack;
        let head = log.end().map_or(0, |end| end.segment);
        if !is_worth_it || self.segment >= head {
            return false;
        }
        self.scan = log.segment(self.segment).cloned().map(|segment| Scan {
            segment,
            at: SEGMENT_HEADER as u64,
            batch: 0,
            bytes: Vec::new(),
            consumed: 0,
            ahead: None,
            asked: SEGMENT_HEADER as u64,
        });
        self.scan.is_some()
    }
}

impl Scan {
    /// The record at `at`, checked and in `bytes`.
    fn next(&mut self, background: &Background, store_id: u64, wait: bool) -> Result<Found, Fault> {
        while self.batch == 0 {
            if self.at >= self.segment.length {
                return Ok(Found::End);
            }
            if !self.need(background, BATCH_HEADER, wait)? {
                return Ok(Found::NotYet);
            }
            let header = read_batch_header(&self.bytes[self.consumed..])
                .ok_or_else(|| damaged(&self.segment, self.at, "a batch header"))?;
            self.batch = u64::from(header.length);
            self.consume(BATCH_HEADER);
        }
        if !self.need(background, RECORD_HEADER, wait)? {
            return Ok(Found::NotYet);
        }
        let lengths = RecordLengths::read(&self.bytes[self.consumed..]);
        let total = lengths.total();
        if total as u64 > self.batch {
            return Err(damaged(&self.segment, self.at, "a record's length"));
        }
        if !self.need(background, total, wait)? {
            return Ok(Found::NotYet);
        }
        if read_record(store_id, &self.bytes[self.consumed..self.consumed + total]).is_none() {
            return Err(damaged(&self.segment, self.at, "a record's checksum"));
        }
        let place = Place::new(self.segment.number, self.at, total);
        Ok(Found::Record(place, lengths))
    }

    fn consume(&mut self, length: usize) {
        self.consumed += length;
        self.at += length as u64;
    }

    /// Brings `length` bytes from `at` on into memory; false while they are not read, unless told to
    /// `wait`.
    fn need(&mut self, background: &Background, length: usize, wait: bool) -> Result<bool, Fault> {
        if self.at + length as u64 > self.segment.length {
            return Err(damaged(&self.segment, self.at, "a batch behind the end"));
        }
        while self.bytes.len() - self.consumed < length {
            let ahead = match self.ahead.take() {
                Some(ahead) => ahead,
                None => self.ask(background),
            };
            let chunk = if wait {
                ahead.wait().map(Some)
            } else {
                ahead.ready()
            };
            let Some(chunk) = chunk.map_err(|error| self.failed(error))? else {
                self.ahead = Some(ahead);
                return Ok(false);
            };
            let chunk = chunk.map_err(|error| self.failed(error))?;
            self.bytes.drain(..self.consumed);
            self.consumed = 0;
            self.bytes.extend_from_slice(&chunk);
            if self.asked < self.segment.length {
                self.ahead = Some(self.ask(background));
            }
        }
        Ok(true)
    }

    fn failed(&self, error: io::Error) -> Fault {
        Fault::reading(&segment_name(self.segment.number), self.at, error)
    }

    fn ask(&mut self, background: &Background) -> Pending<io::Result<Vec<u8>>> {
        let (file, at) = (self.segment.file.clone(), self.asked);
        let length = CHUNK.min(self.segment.length - at);
        self.asked += length;
        background.run(move || {
            let mut chunk = vec![0; length as usize];
            file.read_at(&mut chunk, at).map(|()| chunk)
        })
    }
}
