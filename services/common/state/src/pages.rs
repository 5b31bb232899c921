//! A shard's entries in a checkpoint file: pages of at most 4 KiB, sorted by hash, each with its
//! checksum. Written by checkpoints; read one page a look-up where a shard's table is not in memory.

use crate::disk::DiskFile;
use crate::fault::Fault;
use crate::format::{checksum, u32_at, u64_at};
use crate::place::Place;
use crate::table::Slot;
use std::sync::Arc;

/// Entries of a full page.
const PAGE_ENTRIES: usize = 255;
const PAGE_HEADER: usize = 16;
const ENTRY: usize = 16;
/// Bytes of a full page.
const PAGE: usize = PAGE_HEADER + PAGE_ENTRIES * ENTRY;

/// Appends the pages of `entries` (ascending hashes) to `to`; returns the first hash of each.
pub(crate) fn write(store_id: u64, entries: &[Slot], to: &mut Vec<u8>) -> Box<[u64]> {
    let mut firsts = Vec::with_capacity(entries.len().div_ceil(PAGE_ENTRIES));
    for (number, page) in entries.chunks(PAGE_ENTRIES).enumerate() {
        firsts.push(page[0].hash);
        let start = to.len();
        to.extend_from_slice(&[0; 8]);
        to.extend_from_slice(&(page.len() as u32).to_le_bytes());
        to.extend_from_slice(&(number as u32).to_le_bytes());
        for slot in page {
            to.extend_from_slice(&slot.hash.to_le_bytes());
            to.extend_from_slice(&slot.place.to_le_bytes());
        }
        let sum = checksum(store_id, &to[start + 8..]);
        to[start..start + 8].copy_from_slice(&sum.to_le_bytes());
    }
    firsts.into()
}

/// Number of pages of so many entries.
pub(crate) fn count(entries: u32) -> usize {
    (entries as usize).div_ceil(PAGE_ENTRIES)
}

/// One shard's pages.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) name: Arc<str>,
    pub(crate) store_id: u64,
    /// Of the first page.
    pub(crate) offset: u64,
    pub(crate) entries: u32,
    /// First hash of each page.
    pub(crate) firsts: Box<[u64]>,
}

impl Pages {
    /// Bytes of memory this takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.firsts)
    }

    /// Bytes `entries` take in a file.
    pub(crate) fn length(entries: u32) -> u64 {
        (count(entries) * PAGE_HEADER + entries as usize * ENTRY) as u64
    }

    /// Adds the places of `hash` to `found`.
    pub(crate) fn find(&self, hash: u64, found: &mut Vec<Place>) -> Result<(), Fault> {
        // The page before the first that begins with the hash may end with it.
        let from = self.firsts.partition_point(|first| *first < hash);
        let mut number = from.saturating_sub(1);
        while number < self.firsts.len() && (number < from || self.firsts[number] == hash) {
            let page = self.read(number)?;
            let entries = page[PAGE_HEADER..].chunks_exact(ENTRY);
            found.extend(
                entries
                    .filter(|entry| u64_at(entry, 0) == hash)
                    .map(|entry| Place::from_bits(u64_at(entry, 8))),
            );
            number += 1;
        }
        Ok(())
    }

    /// All entries, in ascending order of hashes.
    pub(crate) fn entries(&self) -> Result<Vec<Slot>, Fault> {
        let mut slots: Vec<Slot> = Vec::with_capacity(self.entries as usize);
        for number in 0..self.firsts.len() {
            let page = self.read(number)?;
            for entry in page[PAGE_HEADER..].chunks_exact(ENTRY) {
                let slot = Slot {
                    hash: u64_at(entry, 0),
                    place: u64_at(entry, 8),
                };
                if slots.last().is_some_and(|last| last.hash > slot.hash) {
                    return Err(self.damaged(number, "index entries are not sorted"));
                }
                slots.push(slot);
            }
        }
        Ok(slots)
    }

    fn at(&self, number: usize) -> u64 {
        self.offset + (number * PAGE) as u64
    }

    fn damaged(&self, number: usize, what: &'static str) -> Fault {
        Fault::damaged(&self.name, self.at(number), what)
    }

    /// One page, checked.
    fn read(&self, number: usize) -> Result<Vec<u8>, Fault> {
        let count = (self.entries as usize - number * PAGE_ENTRIES).min(PAGE_ENTRIES);
        let mut page = vec![0; PAGE_HEADER + count * ENTRY];
        self.file
            .read_at(&mut page, self.at(number))
            .map_err(|error| Fault::reading(&self.name, self.at(number), error))?;
        let intact = u64_at(&page, 0) == checksum(self.store_id, &page[8..])
            && u32_at(&page, 8) as usize == count
            && u32_at(&page, 12) as usize == number
            && page[PAGE_HEADER..]
                .chunks_exact(ENTRY)
                .all(|entry| Place::from_bits(u64_at(entry, 8)).is_record());
        if intact {
            Ok(page)
        } else {
            Err(self.damaged(number, "an index page's checksum"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;
    use crate::testing::MemoryDisk;

    fn pages(slots: &[Slot]) -> Pages {
        let mut bytes = Vec::new();
        let firsts = write(5, slots, &mut bytes);
        assert_eq!(bytes.len() as u64, Pages::length(slots.len() as u32));
        let disk = MemoryDisk::default();
        let file = disk.create("c").unwrap();
        file.write_at(&bytes, 0).unwrap();
        Pages {
            file,
            name: "c".into(),
            store_id: 5,
            offset: 0,
            entries: slots.len() as u32,
            firsts,
        }
    }

    #[test]
    fn equal_hashes_are_found_across_pages() {
        let mut slots: Vec<Slot> = (0..250)
            .map(|n| Slot {
                hash: n,
                place: (n + 2) << 20,
            })
            .collect();
        slots.extend((0..600).map(|n| Slot {
            hash: 1000,
            place: (n + 1000) << 20,
        }));
        slots.push(Slot {
            hash: 2000,
            place: 9 << 20,
        });
        let pages = pages(&slots);
        let find = |hash| {
            let mut found = Vec::new();
            pages.find(hash, &mut found).unwrap();
            found.len()
        };
        assert_eq!([find(0), find(249), find(250)], [1, 1, 0]);
        assert_eq!(
            [find(1000), find(1500), find(2000), find(2001)],
            [600, 0, 1, 0]
        );
        assert_eq!(pages.entries().unwrap(), slots);
    }

    #[test]
    fn a_flipped_bit_in_a_page_is_damage() {
        let slots: Vec<Slot> = (0..300)
            .map(|n| Slot {
                hash: n,
                place: 7 << 20,
            })
            .collect();
        let pages = pages(&slots);
        let length = pages.file.length().unwrap();
        for at in 0..length {
            let mut byte = [0];
            pages.file.read_at(&mut byte, at).unwrap();
            pages.file.write_at(&[byte[0] ^ 1 << (at % 8)], at).unwrap();
            assert!(pages.entries().unwrap_err().is_damage(), "byte {at}");
            pages.file.write_at(&byte, at).unwrap();
        }
        assert!(pages.entries().is_ok());
    }
}
