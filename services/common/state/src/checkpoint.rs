//! Checkpoint files: the index at one place of the log. Bytes only; when one is made and what may be
//! removed after it stands in `keyed`, what is accepted when opening in `recovery`.

use crate::disk::{Disk, DiskFile};
use crate::fault::Fault;
use crate::format::{SEGMENT_HEADER, checksum, u32_at, u64_at};
use crate::index::{Index, SHARDS};
use crate::log::{Log, Position};
use crate::pages::{self, Pages};
use crate::place::Place;
use crate::table::Slot;
use std::sync::Arc;

const TRAILER: usize = 32;
const MAGIC: u64 = u64::from_le_bytes(*b"strlckp1");
/// End of the name of a file that is no checkpoint yet.
pub(crate) const UNNAMED: &str = ".tmp";

/// Name of checkpoint `sequence`.
pub(crate) fn checkpoint_name(sequence: u64) -> String {
    format!("ckpt-{sequence:012}")
}

/// Sequence of a checkpoint's name.
pub(crate) fn sequence_of(name: &str) -> Option<u64> {
    name.strip_prefix("ckpt-")?.parse().ok()
}

/// A checkpoint being written, shard by shard.
#[derive(Debug)]
pub(crate) struct Writer {
    store_id: u64,
    sequence: u64,
    file: Arc<dyn DiskFile>,
    name: Arc<str>,
    directory: Vec<u8>,
    next: usize,
    offset: u64,
    head: Head,
}

/// What the log was when the checkpoint began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Replay begins here.
    pub(crate) from: Position,
    /// As of `from`.
    pub(crate) changelog_offset: i64,
    /// As of `from`; ms since 1970.
    pub(crate) written_at_ms: u64,
    /// Oldest segment the entries may point into.
    pub(crate) tail: u64,
}

/// One shard as written.
pub(crate) struct Written {
    pub(crate) pages: Pages,
    pub(crate) entries: Vec<Slot>,
    pub(crate) live: u64,
}

impl Writer {
    pub(crate) fn begin(
        disk: &dyn Disk,
        store_id: u64,
        sequence: u64,
        head: Head,
    ) -> Result<Self, Fault> {
        let name = checkpoint_name(sequence) + UNNAMED;
        let file = disk
            .create(&name)
            .map_err(|error| Fault::io(&name, error))?;
        Ok(Self {
            store_id,
            sequence,
            file,
            name: name.into(),
            directory: Vec::new(),
            next: 0,
            offset: 0,
            head,
        })
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// The shard to be written next; `None` when all are.
    pub(crate) fn next(&self) -> Option<usize> {
        (self.next < SHARDS).then_some(self.next)
    }

    /// Writes the next shard.
    pub(crate) fn write(&mut self, index: &Index, log: &Log) -> Result<Written, Fault> {
        let (entries, live) = index.entries(self.next)?;
        let mut bytes = Vec::with_capacity(Pages::length(entries.len() as u32) as usize);
        let firsts = pages::write(self.store_id, &entries, &mut bytes);
        if !bytes.is_empty() {
            self.file
                .write_at(&bytes, self.offset)
                .map_err(|error| Fault::io(&self.name, error))?;
        }
        let pages = Pages {
            file: Arc::clone(&self.file),
            name: Arc::clone(&self.name),
            store_id: self.store_id,
            offset: self.offset,
            entries: entries.len() as u32,
            firsts,
        };
        let now = log.end().unwrap_or(self.head.from);
        self.directory
            .extend_from_slice(&pages.entries.to_le_bytes());
        let fields = [live, now.segment, now.offset];
        for field in fields.iter().chain(&pages.firsts) {
            self.directory.extend_from_slice(&field.to_le_bytes());
        }
        self.offset += bytes.len() as u64;
        self.next += 1;
        Ok(Written {
            pages,
            entries,
            live,
        })
    }

    /// Writes directory and trailer; returns the file's length.
    pub(crate) fn finish(&mut self, log: &Log) -> Result<u64, Fault> {
        let Head {
            from,
            changelog_offset,
            written_at_ms,
            tail,
        } = self.head;
        let to = log.end().unwrap_or(from);
        let segments: Vec<u64> = log
            .segments()
            .filter(|segment| segment.number >= tail)
            .map(|segment| segment.length)
            .collect();
        let mut end = std::mem::take(&mut self.directory);
        let positions = [from, to].map(|at| [at.segment, at.offset, at.chain]);
        let fixed = [
            changelog_offset.cast_unsigned(),
            written_at_ms,
            tail,
            segments.len() as u64,
        ];
        for field in positions.into_iter().flatten().chain(fixed).chain(segments) {
            end.extend_from_slice(&field.to_le_bytes());
        }
        seal(self.store_id, self.offset, &mut end);
        self.file
            .write_at(&end, self.offset)
            .map_err(|error| Fault::io(&self.name, error))?;
        Ok(self.offset + end.len() as u64)
    }

    pub(crate) fn file(&self) -> Arc<dyn DiskFile> {
        Arc::clone(&self.file)
    }
}

/// Appends the trailer to a directory that stands at `at`.
pub(crate) fn seal(store_id: u64, at: u64, directory: &mut Vec<u8>) {
    let fields = [
        MAGIC,
        at,
        directory.len() as u64,
        checksum(store_id, directory),
    ];
    for field in fields {
        directory.extend_from_slice(&field.to_le_bytes());
    }
}

/// A checkpoint as read; its pages are not.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) head: Head,
    /// The log must verify at least up to here.
    pub(crate) to: Position,
    /// Lengths of the segments from the tail on.
    pub(crate) segments: Vec<u64>,
    pub(crate) shards: Vec<Shard>,
    /// Bytes of the file.
    pub(crate) length: u64,
}

/// One shard of a checkpoint.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) pages: Pages,
    pub(crate) live: u64,
    /// Segment and offset of the log's end when it was written: it holds everything before.
    pub(crate) as_of: (u64, u64),
}

/// Reads fields from the directory; `None` at its end.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (four, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        Some(u32_at(four, 0))
    }

    fn u64(&mut self) -> Option<u64> {
        let (eight, rest) = self.0.split_at_checked(8)?;
        self.0 = rest;
        Some(u64_at(eight, 0))
    }

    fn position(&mut self) -> Option<Position> {
        Some(Position {
            segment: self.u64()?,
            offset: self.u64()?,
            chain: self.u64()?,
        })
    }
}

/// Reads the checkpoint `name`: its directory, checked.
pub(crate) fn read(disk: &dyn Disk, name: &str, store_id: u64) -> Result<Checkpoint, Fault> {
    let failed = |at, error| Fault::reading(name, at, error);
    let damaged = |at, what| Fault::damaged(name, at, what);
    let file = disk.open(name).map_err(|error| failed(0, error))?;
    let length = file.length().map_err(|error| failed(0, error))?;
    let Some(trailer_at) = length.checked_sub(TRAILER as u64) else {
        return Err(damaged(0, "a checkpoint's length"));
    };
    let mut trailer = [0; TRAILER];
    file.read_at(&mut trailer, trailer_at)
        .map_err(|error| failed(trailer_at, error))?;
    let [magic, at, size, sum] = [0, 8, 16, 24].map(|field| u64_at(&trailer, field));
    if magic != MAGIC || at.checked_add(size) != Some(trailer_at) {
        return Err(damaged(trailer_at, "a checkpoint's trailer"));
    }
    let mut directory = vec![0; size as usize];
    file.read_at(&mut directory, at)
        .map_err(|error| failed(at, error))?;
    if checksum(store_id, &directory) != sum {
        return Err(damaged(at, "a checkpoint's directory"));
    }
    let content = Content {
        file,
        name,
        store_id,
        pages_end: at,
        length,
    };
    content
        .read(Fields(&directory))
        .ok_or_else(|| damaged(at, "a checkpoint's directory does not add up"))
}

struct Content<'a> {
    file: Arc<dyn DiskFile>,
    name: &'a str,
    store_id: u64,
    pages_end: u64,
    length: u64,
}

impl Content<'_> {
    fn read(self, mut fields: Fields<'_>) -> Option<Checkpoint> {
        let mut shards = Vec::with_capacity(SHARDS);
        let mut offset = 0;
        let name: Arc<str> = self.name.into();
        for _ in 0..SHARDS {
            let entries = fields.u32()?;
            let (live, as_of) = (fields.u64()?, (fields.u64()?, fields.u64()?));
            let firsts: Box<[u64]> = (0..pages::count(entries))
                .map(|_| fields.u64())
                .collect::<Option<_>>()?;
            if !firsts.is_sorted() {
                return None;
            }
            let pages = Pages {
                file: Arc::clone(&self.file),
                name: Arc::clone(&name),
                store_id: self.store_id,
                offset,
                entries,
                firsts,
            };
            offset += Pages::length(entries);
            shards.push(Shard { pages, live, as_of });
        }
        let (from, to) = (fields.position()?, fields.position()?);
        let changelog_offset = fields.u64()?.cast_signed();
        let (written_at_ms, tail, count) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let segments: Vec<u64> = (0..count).map_while(|_| fields.u64()).collect();
        let sane = |at: Position| {
            (SEGMENT_HEADER as u64..=Place::MAX_OFFSET).contains(&at.offset)
                && (tail..tail.saturating_add(Place::MAX_SEGMENTS)).contains(&at.segment)
        };
        let adds_up = offset == self.pages_end
            && sane(from)
            && sane(to)
            && Some(count) == (to.segment - tail).checked_add(1)
            && segments.len() as u64 == count
            && fields.0.is_empty();
        adds_up.then_some(Checkpoint {
            head: Head {
                from,
                changelog_offset,
                written_at_ms,
                tail,
            },
            to,
            segments,
            shards,
            length: self.length,
        })
    }
}
