//! Key hash to place of the newest record, in 512 shards by the hash's top bits.
//!
//! A shard is a table in memory, or, beyond the memory budget, pages in a checkpoint file with a small
//! table of what changed since over them: entries of a hash in the table replace all entries of that
//! hash in the pages, and [`Place::GONE`] stands there when none is left.

use crate::fault::Fault;
use crate::pages::Pages;
use crate::place::Place;
use crate::table::{SHARD_BITS, Slot, Table};

/// Number of shards.
pub(crate) const SHARDS: usize = 1 << SHARD_BITS;

/// The index of one partition.
#[derive(Debug)]
pub(crate) struct Index {
    shards: Vec<Shard>,
    /// Of tables, pages' first hashes and the shards themselves.
    bytes: usize,
    /// Of all but the tables.
    floor: usize,
    keys: u64,
    live: u64,
}

#[derive(Debug, Default)]
struct Shard {
    table: Table,
    pages: Option<Box<Pages>>,
    keys: u32,
    live: u64,
}

impl Shard {
    fn bytes(&self) -> usize {
        self.table.bytes() + self.floor()
    }

    /// Bytes of memory its pages take.
    fn floor(&self) -> usize {
        self.pages.as_ref().map_or(0, |pages| pages.bytes())
    }
}

/// Places that may hold a key: those of its hash. More than one only where hashes collide.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    places: Vec<Place>,
    first: Option<Place>,
}

impl Candidates {
    fn take(places: impl Iterator<Item = Place>) -> Self {
        let mut all = Self::default();
        for place in places {
            if all.first.is_none() {
                all.first = Some(place);
            } else {
                all.places.push(place); // allocates only for collisions
            }
        }
        all
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.first.into_iter().chain(self.places.iter().copied())
    }

    /// The only one.
    pub(crate) fn only(&self) -> Option<Place> {
        self.first.filter(|_| self.places.is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl Index {
    pub(crate) fn new() -> Self {
        let mut shards = Vec::new();
        shards.resize_with(SHARDS, Shard::default);
        Self {
            bytes: SHARDS * size_of::<Shard>(),
            floor: SHARDS * size_of::<Shard>(),
            shards,
            keys: 0,
            live: 0,
        }
    }

    /// Bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory it would take with empty tables.
    pub(crate) fn floor(&self) -> usize {
        self.floor
    }

    /// Number of keys.
    pub(crate) fn keys(&self) -> u64 {
        self.keys
    }

    /// Bytes of the records it points to.
    pub(crate) fn live(&self) -> u64 {
        self.live
    }

    /// Places of a hash.
    pub(crate) fn find(&self, hash: u64) -> Result<Candidates, Fault> {
        let shard = &self.shards[shard_of(hash)];
        let found = Candidates::take(shard.table.find(hash));
        let Some(pages) = &shard.pages else {
            return Ok(found);
        };
        if found.is_empty() {
            let mut places = Vec::new();
            pages.find(hash, &mut places)?;
            return Ok(Candidates::take(places.into_iter()));
        }
        Ok(Candidates::take(
            found.iter().filter(|place| *place != Place::GONE),
        ))
    }

    /// Brings a hash's slot near, so that look-ups in a row do not wait for each other.
    pub(crate) fn touch(&self, hash: u64) -> u64 {
        self.shards[shard_of(hash)].table.touch(hash)
    }

    /// Puts `new` in the place of `old` among the places of `hash`; either may be [`Place::NONE`]. False
    /// where `old` is not there.
    pub(crate) fn replace(&mut self, hash: u64, old: Place, new: Place) -> Result<bool, Fault> {
        let shard = &mut self.shards[shard_of(hash)];
        let before = shard.table.bytes();
        if let Some(pages) = &shard.pages
            && shard.table.find(hash).next().is_none()
        {
            let mut places = Vec::new();
            pages.find(hash, &mut places)?;
            for place in places {
                shard.table.insert(hash, place);
            }
        }
        let done = match (old, new) {
            (Place::NONE, Place::NONE) => true,
            (Place::NONE, new) => {
                shard.table.remove(hash, Place::GONE);
                shard.table.insert(hash, new);
                shard.keys += 1;
                self.keys += 1;
                true
            }
            (old, Place::NONE) => {
                let removed = shard.table.remove(hash, old);
                if removed {
                    // Saturating: a checkpoint's sums are believed.
                    shard.keys = shard.keys.saturating_sub(1);
                    self.keys = self.keys.saturating_sub(1);
                    if shard.pages.is_some() && shard.table.find(hash).next().is_none() {
                        shard.table.insert(hash, Place::GONE);
                    }
                }
                removed
            }
            (old, new) => shard.table.replace(hash, old, new),
        };
        if done {
            shard.live = (shard.live + new.weight()).saturating_sub(old.weight());
            self.live = (self.live + new.weight()).saturating_sub(old.weight());
        }
        self.bytes = self.bytes + shard.table.bytes() - before;
        Ok(done)
    }

    /// Entries of one shard in ascending order of hashes, and the bytes they point to.
    pub(crate) fn entries(&self, shard: usize) -> Result<(Vec<Slot>, u64), Fault> {
        let shard = &self.shards[shard];
        let Some(pages) = &shard.pages else {
            return Ok((shard.table.iter().collect(), shard.live));
        };
        let gone = |slot: &Slot| slot.place == Place::GONE.bits();
        let below = pages.entries()?;
        let mut entries = Vec::with_capacity(below.len() + shard.table.len());
        let mut below = below.into_iter().peekable();
        let mut above = shard.table.iter().peekable();
        while let Some(next) = above.peek().map(|slot| slot.hash) {
            while let Some(slot) = below.next_if(|slot| slot.hash < next) {
                entries.push(slot);
            }
            while below.next_if(|slot| slot.hash == next).is_some() {}
            while let Some(slot) = above.next_if(|slot| slot.hash == next) {
                if !gone(&slot) {
                    entries.push(slot);
                }
            }
        }
        entries.extend(below);
        Ok((entries, shard.live))
    }

    /// Whether a shard's table holds all of it.
    pub(crate) fn is_resident(&self, shard: usize) -> bool {
        self.shards[shard].pages.is_none()
    }

    /// Takes a shard as a checkpoint has it: its entries into memory, or only its pages.
    pub(crate) fn adopt(
        &mut self,
        shard: usize,
        live: u64,
        pages: Pages,
        entries: Option<&[Slot]>,
    ) {
        let at = &mut self.shards[shard];
        self.bytes -= at.bytes();
        self.floor -= at.floor();
        self.keys = self.keys - u64::from(at.keys) + u64::from(pages.entries);
        self.live = (self.live - at.live).saturating_add(live);
        *at = Shard {
            keys: pages.entries,
            live,
            table: entries.map(Table::from_sorted).unwrap_or_default(),
            pages: match entries {
                Some(_) => None,
                None => Some(Box::new(pages)),
            },
        };
        self.bytes += at.bytes();
        self.floor += at.floor();
    }
}

/// Memory a shard of so many entries takes in a table.
pub(crate) fn table_bytes(entries: usize) -> usize {
    (entries * 5 / 4 + 9) * size_of::<Slot>()
}

/// The shard a hash belongs to.
pub(crate) fn shard_of(hash: u64) -> usize {
    (hash >> (64 - SHARD_BITS)) as usize
}
