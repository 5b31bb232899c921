//! A sorted linear-probing table: hash to place, 16 bytes a slot.
//!
//! Invariants: every entry lies at or right of its home, with no empty slot in between; entries are in
//! ascending order of their hashes from the first slot to the last. So a look-up ends at the first
//! larger hash, entries with equal hashes are neighbours, and growing is one pass from left to right.

use crate::huge::Zeroed;
use crate::place::Place;
use std::ops::Range;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Top bits of a hash that choose a shard; all entries of a table have them in common.
pub(crate) const SHARD_BITS: u32 = 9;

/// One entry; empty where `place` is [`Place::NONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Slot {
    pub(crate) hash: u64,
    pub(crate) place: u64,
}

const EMPTY: Slot = Slot { hash: 0, place: 0 };
/// Slots behind the last home, for overflow.
const BEHIND: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// `homes` slots and a few more behind them for the last ones' overflow.
    slots: Zeroed<Slot>,
    homes: u32,
    entries: u32,
}

impl Table {
    /// A table of entries in ascending order of hashes.
    pub(crate) fn from_sorted(entries: &[Slot]) -> Self {
        let mut table = Self::default();
        table.rebuild(entries.len() * 5 / 4 + 1, entries.iter().copied());
        table
    }

    pub(crate) fn len(&self) -> usize {
        self.entries as usize
    }

    /// Bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.bytes()
    }

    /// Entries in ascending order of hashes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.slots.iter().copied().filter(|slot| slot.place != 0)
    }

    /// Places of a hash.
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = Place> + '_ {
        self.slots[self.run(hash)]
            .iter()
            .map(|slot| Place::from_bits(slot.place))
    }

    /// What stands at a hash's home.
    pub(crate) fn touch(&self, hash: u64) -> u64 {
        self.slots.get(self.home(hash)).map_or(0, |slot| slot.hash)
    }

    /// Puts another place into the entry (hash, old); false where there is none.
    pub(crate) fn replace(&mut self, hash: u64, old: Place, new: Place) -> bool {
        let run = self.run(hash);
        let found = self.slots[run]
            .iter_mut()
            .find(|slot| slot.place == old.bits());
        match found {
            Some(slot) => {
                slot.place = new.bits();
                true
            }
            None => false,
        }
    }

    /// Adds an entry.
    pub(crate) fn insert(&mut self, hash: u64, place: Place) {
        if (self.entries + 1) as usize * 8 > self.homes as usize * 7 {
            self.grow();
        }
        let slot = Slot {
            hash,
            place: place.bits(),
        };
        let at = self.run(hash).end;
        let after = self.slots[at..].iter().position(|slot| slot.place == 0);
        let empty = after.unwrap_or_else(|| self.extend(at));
        self.slots.copy_within(at..at + empty, at + 1);
        self.slots[at] = slot;
        self.entries += 1;
    }

    /// Removes the entry (hash, place); false where there is none.
    pub(crate) fn remove(&mut self, hash: u64, place: Place) -> bool {
        let run = self.run(hash);
        let Some(mut at) = run
            .into_iter()
            .find(|at| self.slots[*at].place == place.bits())
        else {
            return false;
        };
        while let Some(next) = self.slots.get(at + 1).copied()
            && next.place != 0
            && self.home(next.hash) <= at
        {
            self.slots[at] = next;
            at += 1;
        }
        self.slots[at] = EMPTY;
        self.entries -= 1;
        true
    }

    /// Slots of a hash; empty, and where its first entry would go, if there are none.
    fn run(&self, hash: u64) -> Range<usize> {
        if self.homes == 0 {
            return 0..0;
        }
        let mut start = self.home(hash);
        while let Some(slot) = self.slots.get(start)
            && slot.place != 0
            && slot.hash < hash
        {
            start += 1;
        }
        let mut end = start;
        while let Some(slot) = self.slots.get(end)
            && slot.place != 0
            && slot.hash == hash
        {
            end += 1;
        }
        start..end
    }

    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash << SHARD_BITS) * u128::from(self.homes)) >> 64) as usize
    }

    fn grow(&mut self) {
        let homes = self.homes as usize;
        // Small tables double: they weigh nothing and would grow all the time.
        let larger = match homes {
            0..64 => (homes * 2).max(8),
            _ => homes + homes / 4,
        };
        let old = std::mem::take(&mut self.slots);
        self.rebuild(larger, old.iter().copied().filter(|slot| slot.place != 0));
    }

    /// Makes room behind the last slot. Returns how far behind `at` the first new one is.
    fn extend(&mut self, at: usize) -> usize {
        let length = self.slots.len();
        let mut longer = Zeroed::new(length + BEHIND);
        longer[..length].copy_from_slice(&self.slots);
        self.slots = longer;
        length - at
    }

    fn rebuild(&mut self, homes: usize, entries: impl Iterator<Item = Slot>) {
        self.homes = homes as u32;
        self.entries = 0;
        self.slots = Zeroed::new(homes + BEHIND);
        let mut next = 0;
        for slot in entries {
            let at = self.home(slot.hash).max(next);
            next = at + 1;
            self.entries += 1;
            if at == self.slots.len() {
                self.extend(at);
            }
            self.slots[at] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn place(n: u64) -> Place {
        Place::new(1, n + 1, 10)
    }

    fn check(table: &Table) {
        let mut last = 0;
        for (at, slot) in table.slots.iter().enumerate() {
            if slot.place != 0 {
                assert!(slot.hash >= last, "sorted");
                last = slot.hash;
                let home = table.home(slot.hash);
                assert!(home <= at && table.slots[home..at].iter().all(|s| s.place != 0));
            }
        }
    }

    proptest! {
        #[test]
        fn the_table_holds_what_a_set_holds(
            steps in proptest::collection::vec((any::<bool>(), 0u64..40, 0u64..400), 0..600),
            spread in prop_oneof![Just(0u64), Just(1), Just(1 << 49)],
        ) {
            let mut table = Table::default();
            let mut model = BTreeSet::new();
            for (add, hash, n) in steps {
                let hash = hash.wrapping_mul(spread);
                if add && model.insert((hash, n)) {
                    table.insert(hash, place(n));
                } else if !add {
                    prop_assert_eq!(table.remove(hash, place(n)), model.remove(&(hash, n)));
                }
            }
            check(&table);
            prop_assert_eq!(table.len(), model.len());
            let mut held: Vec<_> = table.iter().map(|s| (s.hash, Place::from_bits(s.place).offset() - 1)).collect();
            held.sort_unstable();
            prop_assert_eq!(&held, &model.iter().copied().collect::<Vec<_>>());
            let again = Table::from_sorted(&table.iter().collect::<Vec<_>>());
            check(&again);
            prop_assert!(again.iter().eq(table.iter()));
        }
    }

    #[test]
    fn a_key_takes_at_most_24_bytes() {
        let mut table = Table::default();
        let mut hash = 1u64;
        for n in 1..=200_000u64 {
            hash = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31) | 1;
            table.insert(hash >> SHARD_BITS, place(n % 1000));
            if n >= 200 {
                assert!(
                    table.bytes() as u64 <= 24 * n,
                    "{} bytes at {n}",
                    table.bytes()
                );
            }
        }
        check(&table);
    }
}
