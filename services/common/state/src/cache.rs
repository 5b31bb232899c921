//! Hot records: a ring of bytes with a table of where each record lies in it. Bounded, no allocation a
//! record; what was used since it was last written or passed over is kept for another turn.
//!
//! It holds only what the store holds: a write replaces or removes its key's record. A look-up that
//! misses touches one line of the table.

use crate::format::{RECORD_HEADER, RecordLengths, u32_at, u64_at};
use crate::huge::Zeroed;

/// Slots of a set: one cache line.
const WAYS: usize = 8;
/// Before each record in the ring: hash and length.
const HEADER: usize = 16;
/// In a slot: used since it was last passed over.
const USED: u64 = 1 << 39;
/// In a slot: where the record lies, in units of 8 bytes and counted from 1.
const PLACE: u64 = USED - 1;
/// In a slot: upper bits of the hash.
const TAG: u64 = u64::MAX << 40;
/// Records kept for another turn to make room for one new record, at most.
const KEPT: usize = 4;
/// A ring smaller than this is none.
const LEAST: usize = 16 << 10;
/// Length that says that the rest of the ring is left out.
const SKIP: u32 = u32::MAX;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    ring: Zeroed<u8>,
    /// [`WAYS`] a set; 0 is free.
    slots: Zeroed<u64>,
    /// Bytes ever written; modulo the ring's length the next place to write.
    head: usize,
    /// Bytes ever freed; modulo the ring's length the oldest record.
    tail: usize,
}

/// A record that is held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held(usize);

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        let mut cache = Self::default();
        cache.limit(limit);
        cache
    }

    /// Bytes of memory it may come to take; the system gives them as they are used.
    pub(crate) fn bytes(&self) -> usize {
        self.ring.bytes() + self.slots.bytes()
    }

    /// Sets its size in bytes, in coarse steps: another size empties it.
    pub(crate) fn limit(&mut self, limit: usize) {
        let step = limit.checked_ilog2().map_or(1, |log| 1 << log.max(3) >> 3);
        let limit = limit / step * step;
        let slots = (limit / 64).checked_ilog2().map_or(0, |log| 1 << log);
        let ring = (limit - slots * size_of::<u64>()) & !7;
        if (ring, slots) == (self.ring.len(), self.slots.len()) {
            return;
        }
        *self = Self::default();
        if ring >= LEAST {
            self.ring = Zeroed::new(ring);
            self.slots = Zeroed::at_hand(slots);
        }
    }

    /// Brings a hash's line of the table and its record near, so that look-ups in a row do not wait for
    /// each other.
    pub(crate) fn touch(&self, hash: u64) -> u64 {
        let mut set = self.slots[self.set_slots(hash)].iter();
        let slot = set.find(|slot| **slot != 0 && **slot & TAG == hash & TAG);
        slot.map_or(0, |slot| {
            let key = (slot & PLACE) as usize * 8 - 8 + HEADER + RECORD_HEADER;
            self.ring.get(key).copied().unwrap_or(0).into()
        })
    }

    fn set(&self, hash: u64) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1) & !(WAYS - 1)
    }

    fn set_slots(&self, hash: u64) -> std::ops::Range<usize> {
        if self.slots.is_empty() {
            return 0..0;
        }
        let set = self.set(hash);
        set..set + WAYS
    }

    /// The record a slot points to.
    fn record(&self, slot: u64) -> &[u8] {
        let at = (slot & PLACE) as usize * 8 - 8;
        let length = u32_at(&self.ring, at + 8) as usize;
        &self.ring[at + HEADER..at + HEADER + length]
    }

    /// A key's record, if it is held.
    pub(crate) fn find(&self, hash: u64, key: &[u8]) -> Option<Held> {
        let range = self.set_slots(hash);
        let found = self.slots[range.clone()].iter().position(|slot| {
            *slot != 0 && slot & TAG == hash & TAG && {
                let record = self.record(*slot);
                let length = RecordLengths::read(record).key;
                &record[RECORD_HEADER..RECORD_HEADER + length] == key
            }
        });
        found.map(|way| Held(range.start + way))
    }

    /// The value of a key, if it is held.
    pub(crate) fn get(&mut self, hash: u64, key: &[u8]) -> Option<&[u8]> {
        let Held(at) = self.find(hash, key)?;
        self.slots[at] |= USED;
        Some(&self.record(self.slots[at])[RECORD_HEADER + key.len()..])
    }

    /// Puts the newest record of a key in the place of its former one.
    pub(crate) fn refresh(&mut self, Held(at): Held, hash: u64, record: &[u8]) {
        let slot = self.slots[at];
        if self.record(slot).len() == record.len() {
            let start = (slot & PLACE) as usize * 8 - 8 + HEADER;
            self.ring[start..start + record.len()].copy_from_slice(record);
        } else {
            self.slots[at] = 0;
            self.insert(hash, record);
        }
    }

    /// Forgets a record.
    pub(crate) fn remove(&mut self, Held(at): Held) {
        self.slots[at] = 0;
    }

    /// Holds a record whose key is not held. One larger than a 32nd of the ring is not taken.
    pub(crate) fn insert(&mut self, hash: u64, record: &[u8]) {
        let length = (HEADER + record.len()).next_multiple_of(8);
        if length > self.ring.len() / 32 {
            return;
        }
        let mut kept = KEPT;
        while !self.fits(length) {
            self.drop_oldest(&mut kept);
        }
        let at = self.append(hash, record, length);
        let range = self.set_slots(hash);
        let set = &mut self.slots[range];
        let free = set.iter().position(|slot| *slot == 0);
        let way = match free.or_else(|| set.iter().position(|slot| slot & USED == 0)) {
            Some(way) => way,
            None => {
                set.iter_mut().for_each(|slot| *slot &= !USED);
                at / 8 % WAYS
            }
        };
        set[way] = slot_of(hash, at);
    }

    /// Whether a record of `length` bytes, in one piece, fits between head and tail.
    fn fits(&self, length: usize) -> bool {
        let rest = self.ring.len() - self.head % self.ring.len();
        let skipped = if rest < length { rest } else { 0 };
        self.head - self.tail + skipped + length <= self.ring.len()
    }

    /// Writes a record to the head; there is room. Returns where.
    fn append(&mut self, hash: u64, record: &[u8], length: usize) -> usize {
        let mut at = self.head % self.ring.len();
        let rest = self.ring.len() - at;
        if rest < length {
            if rest >= HEADER {
                self.ring[at + 8..at + 12].copy_from_slice(&SKIP.to_le_bytes());
            }
            self.head += rest;
            at = 0;
        }
        self.ring[at..at + 8].copy_from_slice(&hash.to_le_bytes());
        self.ring[at + 8..at + 12].copy_from_slice(&(record.len() as u32).to_le_bytes());
        let start = at + HEADER;
        self.ring[start..start + record.len()].copy_from_slice(record);
        self.head += length;
        at
    }

    /// Frees the oldest record's room; one that was used goes to the head again.
    fn drop_oldest(&mut self, kept: &mut usize) {
        let at = self.tail % self.ring.len();
        let rest = self.ring.len() - at;
        if rest < HEADER || u32_at(&self.ring, at + 8) == SKIP {
            self.tail += rest;
            return;
        }
        let hash = u64_at(&self.ring, at);
        let bytes = u32_at(&self.ring, at + 8) as usize;
        let length = (HEADER + bytes).next_multiple_of(8);
        self.tail += length;
        let range = self.set_slots(hash);
        let place = (at / 8 + 1) as u64;
        let Some(found) = range
            .into_iter()
            .find(|slot| self.slots[*slot] & PLACE == place)
        else {
            return; // forgotten before
        };
        let slot = self.slots[found];
        self.slots[found] = 0;
        if slot & USED != 0 && *kept > 0 && self.fits(length) {
            *kept -= 1;
            let record = self.ring[at + HEADER..at + HEADER + bytes].to_vec();
            let at = self.append(hash, &record, length);
            self.slots[found] = slot_of(hash, at);
        }
    }
}

fn slot_of(hash: u64, at: usize) -> u64 {
    hash & TAG | (at / 8 + 1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::push_record;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_record(1, &mut bytes, key, Some(value), crate::place::Place::NONE);
        bytes
    }

    proptest! {
        #[test]
        fn the_cache_never_holds_a_former_value_nor_takes_more_than_its_limit(
            steps in proptest::collection::vec((0u8..6, 0u16..300, 0usize..300), 0..1500),
            limit in 0usize..80_000,
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
                        if let Some(held) = cache.find(hash, &bytes) {
                            cache.remove(held);
                        }
                    }
                    1 | 2 => {
                        let length = if step == 1 { length } else { model.get(&key).map_or(0, Vec::len) };
                        let value = vec![n as u8; length];
                        if let Some(held) = cache.find(hash, &bytes) {
                            cache.refresh(held, hash, &record(&bytes, &value));
                        }
                        model.insert(key, value);
                    }
                    3 if n % 100 == 0 => cache.limit(limit + n),
                    _ => match (cache.get(hash, &bytes), model.get(&key)) {
                        (Some(held), kept) => prop_assert_eq!(Some(held), kept.map(Vec::as_slice)),
                        (None, Some(kept)) => cache.insert(hash, &record(&bytes, kept)),
                        (None, None) => drop(value),
                    },
                }
                prop_assert!(cache.bytes() <= limit + n, "{} of {limit}", cache.bytes());
            }
        }
    }

    #[test]
    fn what_is_used_stays() {
        let mut cache = Cache::new(64 << 10);
        let hash = |n: u32| crate::format::checksum(9, &n.to_le_bytes());
        for n in 100..5_000u32 {
            cache.insert(hash(n), &record(&n.to_le_bytes(), &[7; 100]));
            for hot in 0..20 {
                let key = u32::to_le_bytes(hot);
                if cache.get(hash(hot), &key).is_none() {
                    cache.insert(hash(hot), &record(&key, &[7; 100]));
                }
            }
        }
        let held = |n: &u32| cache.find(hash(*n), &n.to_le_bytes()).is_some();
        assert!((0..20).filter(held).count() >= 18);
        let old = (100..4_000).filter(held).count();
        assert!(old < 50, "{old} records nobody used since");
    }
}
