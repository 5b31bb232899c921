//! A body as received: small ones in memory, large ones in a file that has no name, so that nothing
//! of it is left when the process ends, however it ends.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::negotiate::too_large;
use crate::problem::{Kind, Problem};

/// Bytes of a body kept in memory; a longer one goes to a file.
pub const MEMORY: usize = 8 << 20;
/// Bodies in memory at once, KiB.
const MEMORY_KIB: usize = 256 * 1024;
/// Largest bodies that fit the room for files at once.
const LARGEST_AT_ONCE: usize = 4;

/// The room all bodies in work share.
#[derive(Debug, Clone)]
pub struct Rooms {
    memory: Arc<Semaphore>,
    disk: Arc<Semaphore>,
    folder: PathBuf,
    in_memory: usize,
}

impl Rooms {
    /// Room for bodies of `max_document_bytes`, with files in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf, max_document_bytes: usize) -> Self {
        let disk = (max_document_bytes / 1024 + 1) * LARGEST_AT_ONCE;
        Self {
            memory: Arc::new(Semaphore::new(MEMORY_KIB)),
            disk: Arc::new(Semaphore::new(disk)),
            folder,
            in_memory: MEMORY,
        }
    }

    /// Where files go.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// An empty spool that takes `limit` bytes.
    #[must_use]
    pub fn spool(&self, limit: usize) -> Spool {
        Spool {
            rooms: self.clone(),
            limit,
            length: 0,
            content: Content::Memory(Vec::new()),
            room: None,
            refused: None,
        }
    }
}

#[derive(Debug)]
enum Content {
    Memory(Vec<u8>),
    File(File),
}

/// A body on its way in. Writing beyond its limit or the room of all fails; [`Spool::refused`] then
/// says why.
#[derive(Debug)]
pub struct Spool {
    rooms: Rooms,
    limit: usize,
    length: usize,
    content: Content,
    room: Option<OwnedSemaphorePermit>,
    refused: Option<Problem>,
}

impl Spool {
    /// Why the last write failed, where it was not the bytes' fault.
    pub fn refused(&mut self) -> Option<Problem> {
        self.refused.take()
    }

    /// The body, complete.
    #[must_use]
    pub fn received(self) -> Received {
        Received {
            content: self.content,
            length: self.length,
            _room: self.room,
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let length = self.length + bytes.len();
        if length > self.limit {
            return Err(too_large(self.limit));
        }
        if length > self.rooms.in_memory && matches!(self.content, Content::Memory(_)) {
            self.spill()?;
        }
        let rooms = match self.content {
            Content::Memory(_) => &self.rooms.memory,
            Content::File(_) => &self.rooms.disk,
        };
        extend(&mut self.room, length, rooms)?;
        match &mut self.content {
            Content::Memory(memory) => memory.extend_from_slice(bytes),
            Content::File(file) => file.write_all(bytes).map_err(|error| no_file(&error))?,
        }
        self.length = length;
        Ok(())
    }

    /// From memory to a file.
    fn spill(&mut self) -> Result<(), Problem> {
        let mut room = None;
        extend(&mut room, self.length, &self.rooms.disk)?;
        let mut file =
            tempfile::tempfile_in(&self.rooms.folder).map_err(|error| no_file(&error))?;
        if let Content::Memory(memory) = &self.content {
            file.write_all(memory).map_err(|error| no_file(&error))?;
        }
        self.content = Content::File(file);
        self.room = room;
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.take(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(problem) => {
                let error = io::Error::other(problem.detail.clone());
                self.refused = Some(problem);
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn no_file(error: &io::Error) -> Problem {
    tracing::error!(%error, "a large body cannot be kept in a file");
    Problem::new(
        Kind::Unavailable,
        "there is no room for a document of this size just now; send the same again",
    )
}

/// Extends `room` to `length` bytes.
fn extend(
    room: &mut Option<OwnedSemaphorePermit>,
    length: usize,
    of: &Arc<Semaphore>,
) -> Result<(), Problem> {
    let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let missing = length.div_ceil(1024).saturating_sub(held);
    let more = u32::try_from(missing)
        .ok()
        .and_then(|kib| Arc::clone(of).try_acquire_many_owned(kib).ok())
        .ok_or_else(|| {
            Problem::new(
                Kind::Unavailable,
                "too many documents are in work; send the same again",
            )
        })?;
    match room {
        Some(room) => room.merge(more),
        None => *room = Some(more),
    }
    Ok(())
}

/// A body, complete, with the room it takes.
#[derive(Debug)]
pub struct Received {
    content: Content,
    length: usize,
    _room: Option<OwnedSemaphorePermit>,
}

impl Received {
    /// Bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether it is large enough to stand in a file.
    #[must_use]
    pub fn is_large(&self) -> bool {
        matches!(self.content, Content::File(_))
    }

    /// Reads it from its beginning.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(&self) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(match &self.content {
            Content::Memory(memory) => Box::new(memory.as_slice()),
            Content::File(file) => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(0))?;
                Box::new(BufReader::with_capacity(256 * 1024, file))
            }
        })
    }

    /// Its first bytes, [`MEMORY`] at most: all of a body in memory.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn beginning(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.take(MEMORY as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl From<Vec<u8>> for Received {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            length: bytes.len(),
            content: Content::Memory(bytes),
            _room: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(in_memory: usize) -> (tempfile::TempDir, Rooms) {
        let folder = tempfile::tempdir().unwrap();
        let rooms = Rooms {
            memory: Arc::new(Semaphore::new(10)),
            disk: Arc::new(Semaphore::new(100)),
            folder: folder.path().to_owned(),
            in_memory,
        };
        (folder, rooms)
    }

    fn content(received: &Received) -> Vec<u8> {
        let mut bytes = Vec::new();
        received.open().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_body_takes_its_room_while_it_comes_in_and_gives_it_back() {
        let (_folder, rooms) = rooms(8192);
        let mut spool = rooms.spool(8192);
        spool.write_all(&[b' '; 6 * 1024]).unwrap();
        assert_eq!(rooms.memory.available_permits(), 4);
        let mut other = rooms.spool(8192);
        other.write_all(&[b' '; 6 * 1024]).unwrap_err();
        assert_eq!(other.refused().unwrap().kind, Kind::Unavailable);
        assert_eq!(rooms.memory.available_permits(), 4);
        drop(spool.received());
        assert_eq!(rooms.memory.available_permits(), 10);
    }

    #[test]
    fn a_large_body_goes_to_a_file_without_a_name_and_reads_the_same_each_time() {
        let (folder, rooms) = rooms(2048);
        let mut spool = rooms.spool(1 << 20);
        let bytes: Vec<u8> = (0..50_000).map(|n: u32| (n % 251) as u8).collect();
        bytes
            .chunks(700)
            .for_each(|part| spool.write_all(part).unwrap());
        let received = spool.received();
        assert!(received.is_large());
        assert_eq!(
            (content(&received), content(&received)),
            (bytes.clone(), bytes.clone())
        );
        assert_eq!(received.beginning().unwrap(), bytes);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(rooms.memory.available_permits(), 10);
        assert_eq!(rooms.disk.available_permits(), 100 - 49);
    }

    #[test]
    fn a_body_over_its_limit_is_refused_where_it_passes_it() {
        let (_folder, rooms) = rooms(2048);
        for limit in [1000, 10_000] {
            let mut spool = rooms.spool(limit);
            spool.write_all(&vec![b' '; limit]).unwrap();
            spool.write_all(b"x").unwrap_err();
            assert_eq!(spool.refused().unwrap().kind, Kind::TooLarge);
        }
    }
}
