//! Hot records: set-associative, second chance within a set, bounded by bytes.
//!
//! It holds only what the store holds: a write replaces or removes its key's entry. A look-up that
//! misses touches one line of tags.

use crate::format::{RECORD_HEADER, RecordLengths};
use bytes::Bytes;

const WAYS: usize = 4;
/// In a tag: the entry was used since it was last passed over.
const USED: u64 = 1;
/// In a tag: there is an entry.
const TAKEN: u64 = 2;
/// What the allocator and the reference count take beside a record's bytes.
const ALLOCATION: usize = 48;
/// Sets a cache begins with.
const SETS: usize = 64;
/// Bytes of one set's slots.
const SET_BYTES: usize = size_of::<[u64; WAYS]>() + size_of::<[Bytes; WAYS]>();

/// See the module.
#[derive(Debug)]
pub(crate) struct Cache {
    /// 0: free; else the hash's upper 62 bits, [`TAKEN`] and perhaps [`USED`].
    tags: Vec<[u64; WAYS]>,
    /// Whole records, as on disk.
    records: Vec<[Bytes; WAYS]>,
    limit: usize,
    /// Of the records held.
    held: usize,
    entries: usize,
    /// Where the next look for something to drop begins.
    hand: usize,
}

fn weight(record: &Bytes) -> usize {
    record.len() + ALLOCATION
}

fn tag(hash: u64) -> u64 {
    hash & !USED | TAKEN
}

fn key(record: &Bytes) -> &[u8] {
    let lengths = RecordLengths::read(record);
    &record[RECORD_HEADER..RECORD_HEADER + lengths.key]
}

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            tags: vec![[0; WAYS]; SETS],
            records: vec![[const { Bytes::new() }; WAYS]; SETS],
            limit,
            held: 0,
            entries: 0,
            hand: 0,
        }
    }

    /// Bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.held + self.tags.len() * SET_BYTES
    }

    /// Another limit; drops what no longer fits.
    pub(crate) fn limit(&mut self, limit: usize) {
        self.limit = limit;
        if self.bytes() > limit {
            self.shrink();
        }
    }

    fn set(&self, hash: u64) -> usize {
        (hash >> 2) as usize & (self.tags.len() - 1)
    }

    fn position(&self, hash: u64, of: &[u8]) -> Option<(usize, usize)> {
        let (set, tag) = (self.set(hash), tag(hash));
        (0..WAYS)
            .find(|way| {
                self.tags[set][*way] & !USED == tag && key(&self.records[set][*way]) == of
            })
            .map(|way| (set, way))
    }

    /// Whether the key is held.
    pub(crate) fn holds(&self, hash: u64, key: &[u8]) -> bool {
        self.position(hash, key).is_some()
    }

    /// The value of a key, if held.
    pub(crate) fn get(&mut self, hash: u64, key: &[u8]) -> Option<Bytes> {
        let (set, way) = self.position(hash, key)?;
        self.tags[set][way] |= USED;
        Some(self.records[set][way].slice(RECORD_HEADER + key.len()..))
    }

    /// Puts the newest record of a key in the place of its former one, if that is held.
    pub(crate) fn refresh(&mut self, hash: u64, key: &[u8], record: impl FnOnce() -> Option<Bytes>) {
        let Some((set, way)) = self.position(hash, key) else {
            return;
        };
        match record() {
            Some(record) => {
                self.held = self.held - weight(&self.records[set][way]) + weight(&record);
                self.records[set][way] = record;
                self.drop_to_limit();
            }
            None => self.clear(set, way),
        }
    }

    /// Forgets a key.
    pub(crate) fn remove(&mut self, hash: u64, key: &[u8]) {
        if let Some((set, way)) = self.position(hash, key) {
            self.clear(set, way);
        }
    }

    /// Holds a record whose key is not held. One larger than a sixteenth of the cache is not taken.
    pub(crate) fn insert(&mut self, hash: u64, record: &Bytes) {
        if weight(record) > self.limit / 16 {
            return;
        }
        let mut set = self.set(hash);
        if self.tags[set].iter().all(|tag| *tag != 0) && self.can_double() {
            self.double();
            set = self.set(hash);
        }
        let way = match self.tags[set].iter().position(|tag| *tag == 0) {
            Some(way) => way,
            None => {
                let way = self.victim(set);
                self.clear(set, way);
                way
            }
        };
        self.tags[set][way] = tag(hash);
        self.records[set][way] = record.clone();
        self.held += weight(record);
        self.entries += 1;
        self.drop_to_limit();
    }

    fn clear(&mut self, set: usize, way: usize) {
        self.held -= weight(&self.records[set][way]);
        self.records[set][way] = Bytes::new();
        self.tags[set][way] = 0;
        self.entries -= 1;
    }

    /// First way not used since it was last passed over.
    fn victim(&mut self, set: usize) -> usize {
        let tags = &mut self.tags[set];
        let found = tags.iter().position(|tag| tag & USED == 0);
        for tag in tags.iter_mut().take(found.unwrap_or(WAYS)) {
            *tag &= !USED;
        }
        found.unwrap_or(0)
    }

    fn drop_to_limit(&mut self) {
        while self.entries > 0 && self.bytes() > self.limit {
            let set = self.hand & (self.tags.len() - 1);
            self.hand = set + 1;
            for way in 0..WAYS {
                match self.tags[set][way] {
                    0 => {}
                    tag if tag & USED != 0 => self.tags[set][way] = tag & !USED,
                    _ => self.clear(set, way),
                }
            }
        }
    }

    /// Twice the slots leave at least half the limit to records.
    fn can_double(&self) -> bool {
        let slots = self.tags.len() * SET_BYTES;
        slots * 4 <= self.limit && self.entries * 2 > self.tags.len() * WAYS
    }

    fn double(&mut self) {
        let sets = self.tags.len() * 2;
        let tags = std::mem::replace(&mut self.tags, vec![[0; WAYS]; sets]);
        let records =
            std::mem::replace(&mut self.records, vec![[const { Bytes::new() }; WAYS]; sets]);
        for (tags, records) in tags.into_iter().zip(records) {
            // Each set's entries go to one of two new ones: there is room.
            for (way, (tag, record)) in tags.into_iter().zip(records).enumerate() {
                let set = self.set(tag);
                self.tags[set][way] = tag;
                self.records[set][way] = record;
            }
        }
    }

    fn shrink(&mut self) {
        if self.tags.len() > SETS && self.tags.len() * SET_BYTES * 2 > self.limit {
            *self = Self::new(self.limit); // slots enough for a far larger cache: begin anew
        }
        self.drop_to_limit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::push_record;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn record(key: &[u8], value: &[u8]) -> Bytes {
        let mut bytes = Vec::new();
        push_record(1, &mut bytes, key, Some(value));
        bytes.into()
    }

    proptest! {
        #[test]
        fn the_cache_never_holds_a_former_value_nor_more_than_its_limit(
            steps in proptest::collection::vec((0u8..5, 0u16..300, 0usize..300), 0..800),
            limit in 24_000usize..80_000,
            mask in prop_oneof![Just(u64::MAX), Just(3u64)],
        ) {
            let mut cache = Cache::new(limit);
            let mut model: HashMap<u16, Vec<u8>> = HashMap::new();
            for (n, (step, key, length)) in steps.into_iter().enumerate() {
                let bytes = key.to_le_bytes();
                let hash = crate::format::checksum(9, &bytes) & mask;
                let value = vec![n as u8; length];
                match step {
                    0 => {
                        model.remove(&key);
                        cache.remove(hash, &bytes);
                    }
                    1 => {
                        model.insert(key, value.clone());
                        cache.refresh(hash, &bytes, || Some(record(&bytes, &value)));
                    }
                    2 if n % 50 == 0 => cache.limit(limit - n),
                    _ => match (cache.get(hash, &bytes), model.get(&key)) {
                        (Some(held), kept) => prop_assert_eq!(Some(&held[..]), kept.map(Vec::as_slice)),
                        (None, Some(kept)) => cache.insert(hash, &record(&bytes, kept)),
                        (None, None) => {}
                    },
                }
                prop_assert!(cache.bytes() <= limit, "{} of {limit}", cache.bytes());
                prop_assert_eq!(cache.entries, cache.tags.iter().flatten().filter(|tag| **tag != 0).count());
            }
        }
    }

    #[test]
    fn what_is_used_stays() {
        let mut cache = Cache::new(40_000);
        let hash = |n: u32| crate::format::checksum(9, &n.to_le_bytes());
        for n in 0..2_000u32 {
            cache.insert(hash(n), &record(&n.to_le_bytes(), &[7; 100]));
            for hot in 0..20 {
                let key = u32::to_le_bytes(hot);
                if cache.get(hash(hot), &key).is_none() {
                    cache.insert(hash(hot), &record(&key, &[7; 100]));
                }
            }
        }
        let held = (0..20).filter(|n| cache.holds(hash(*n), &n.to_le_bytes())).count();
        assert!(held >= 16, "{held} of the 20 hot records are held");
    }
}
