//! One partition's persistent store: look-up and commit. How its files look and why it is right stands
//! in the crate's README.

use crate::background::Background;
use crate::budget::Budget;
use crate::cache::{Cache, Held};
use crate::checkpointing::Checkpointing;
use crate::compaction::{Compaction, SHARE};
use crate::disk::Disk;
use crate::fault::Fault;
use crate::format::{BATCH_HEADER, RECORD_HEADER};
use crate::identity::{self, Birth};
use crate::index::Index;
use crate::log::{Log, key_of};
use crate::place::Place;
use crate::recovery::{Recovered, recover};
use crate::store::{Store, StoreIdentity, Usage, Write};
use anyhow::{Context, ensure};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

/// Keys whose lines are brought near together: few enough that the first are still near when the last is.
const TOGETHER: usize = 256;

/// What a store needs from outside.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) background: Background,
    pub(crate) budget: Arc<Budget>,
    pub(crate) tuning: Tuning,
    /// Wall clock, ms since 1970.
    pub(crate) clock: fn() -> u64,
    /// Random numbers.
    pub(crate) entropy: fn() -> u64,
}

/// Sizes that tests make small, and the hash they make bad.
#[derive(Debug, Clone)]
pub(crate) struct Tuning {
    /// A store idle longer is not trusted.
    pub(crate) trusted_for: Duration,
    /// Segments are an eighth of what is live, within these bytes.
    pub(crate) segment: (u64, u64),
    /// Least bytes of log between two checkpoints.
    pub(crate) checkpoint: u64,
    pub(crate) hash: fn(seed: u64, key: &[u8]) -> u64,
}

impl Tuning {
    /// For a changelog that keeps tombstones for `delete_retention`.
    pub(crate) fn new(delete_retention: Duration) -> Self {
        Self {
            trusted_for: delete_retention / 2,
            segment: (4 << 20, 64 << 20),
            checkpoint: 64 << 20,
            hash: crate::format::checksum,
        }
    }
}

/// See the module.
pub(crate) struct KeyedStore {
    around: Surroundings,
    birth: Birth,
    log: Log,
    index: Index,
    cache: RefCell<Cache>,
    /// The record being looked at.
    scratch: RefCell<Vec<u8>>,
    compaction: Compaction,
    checkpointing: Checkpointing,
    changelog_offset: Option<i64>,
    written_at_ms: u64,
    /// Something went wrong: no further use.
    failed: Cell<bool>,
    wiped: Option<String>,
}

impl KeyedStore {
    /// Opens the store of `identity`; empties it where it cannot be trusted, or may not be (`trust`).
    pub(crate) fn open(
        around: Surroundings,
        identity: &StoreIdentity,
        trust: bool,
    ) -> anyhow::Result<Self> {
        around.budget.enter();
        let opened = Self::open_counted(&around, identity, trust);
        if opened.is_err() {
            around.budget.leave();
        }
        opened.with_context(|| format!("store of partition {}", identity.partition))
    }

    fn open_counted(
        around: &Surroundings,
        identity: &StoreIdentity,
        trust: bool,
    ) -> anyhow::Result<Self> {
        let disk = &around.disk;
        let found = identity::read(disk.as_ref())?;
        let (usable, wiped) = match found {
            None if disk.names()?.is_empty() => (None, None),
            None => (None, Some("without a readable identity".to_owned())),
            Some(_) if !trust => (None, Some("not a prefix of its changelog".to_owned())),
            Some(birth) if birth.identity != *identity => {
                (None, Some(format!("belongs to {:?}", birth.identity)))
            }
            Some(birth) => match Self::recover(around, &birth) {
                Ok(Ok(recovered)) => (Some((birth, recovered)), None),
                Ok(Err(why)) => (None, Some(why)),
                Err(fault) if fault.is_damage() => (None, Some(fault.to_string())),
                Err(fault) => return Err(fault.into()),
            },
        };
        if let Some(why) = &wiped {
            tracing::warn!(?identity, why, "local state emptied");
        }
        let (birth, recovered) = match usable {
            Some(usable) => usable,
            None => {
                let birth = identity::create(disk.as_ref(), identity, around.entropy)?;
                let recovered = Self::recover(around, &birth)?.map_err(anyhow::Error::msg)?;
                (birth, recovered)
            }
        };
        tracing::info!(
            partition = identity.partition,
            keys = recovered.index.keys(),
            offset = recovered.changelog_offset,
            replayed = recovered.replayed,
            cut = recovered.cut,
            "local state opened"
        );
        let tail = recovered.log.tail();
        Ok(Self {
            around: around.clone(),
            birth,
            cache: RefCell::new(Cache::new(
                around
                    .budget
                    .share()
                    .saturating_sub(recovered.index.bytes()),
            )),
            scratch: RefCell::default(),
            compaction: Compaction::new(around.background.clone(), tail),
            checkpointing: Checkpointing::new(recovered.checkpoint, tail, recovered.replayed),
            log: recovered.log,
            index: recovered.index,
            changelog_offset: recovered.changelog_offset,
            written_at_ms: recovered.written_at_ms,
            failed: Cell::new(false),
            wiped,
        })
    }

    /// The store's files read; the inner error says why they are not trusted.
    fn recover(around: &Surroundings, birth: &Birth) -> Result<Result<Recovered, String>, Fault> {
        let hash = |key: &[u8]| (around.tuning.hash)(birth.hash_seed, key);
        // Replaying adds to what is loaded.
        let memory = around.budget.index() / 8 * 7;
        let recovered = recover(&around.disk, birth.store_id, &hash, memory)?;
        let idle = (around.clock)().saturating_sub(recovered.written_at_ms);
        if recovered.changelog_offset.is_some()
            && u128::from(idle) > around.tuning.trusted_for.as_millis()
        {
            return Ok(Err(format!("idle for {} hours", idle / 3_600_000)));
        }
        Ok(Ok(recovered))
    }

    fn hash(&self, key: &[u8]) -> u64 {
        (self.around.tuning.hash)(self.birth.hash_seed, key)
    }

    /// Takes note of a fault: after it the store is of no use, and after damage its files neither.
    fn failed(&self, fault: Fault) -> anyhow::Error {
        self.failed.set(true);
        if fault.is_damage()
            && let Err(error) = identity::revoke(self.around.disk.as_ref())
        {
            tracing::error!(%error, "a damaged store cannot be marked");
        }
        fault.into()
    }

    fn ensure_usable(&self) -> anyhow::Result<()> {
        ensure!(!self.failed.get(), "the store failed before: open it again");
        Ok(())
    }

    fn look_up(
        &self,
        hash: u64,
        key: &[u8],
        found: &mut dyn FnMut(Option<&[u8]>),
    ) -> Result<(), Fault> {
        let record = &mut *self.scratch.borrow_mut();
        for place in self.index.find(hash)?.iter() {
            let lengths = self.log.read(place, record)?;
            if key_of(record, lengths) == key {
                self.cache.borrow_mut().insert(hash, record);
                let value = &record[RECORD_HEADER + lengths.key..];
                found(lengths.value.map(|_| value));
                return Ok(());
            }
        }
        found(None);
        Ok(())
    }

    /// Where the newest record of a key is, and its entry in the cache.
    fn place_of(&mut self, hash: u64, key: &[u8]) -> Result<(Place, Option<Held>), Fault> {
        let candidates = self.index.find(hash)?;
        let held = self.cache.get_mut().find(hash, key);
        // A key held in the cache is in the index, so the only candidate is its.
        if let (Some(only), Some(_)) = (candidates.only(), held) {
            return Ok((only, held));
        }
        let record = self.scratch.get_mut();
        for place in candidates.iter() {
            let lengths = self.log.read(place, record)?;
            if key_of(record, lengths) == key {
                return Ok((place, held));
            }
        }
        Ok((Place::NONE, None))
    }

    fn write(&mut self, hash: u64, key: &[u8], value: Option<&[u8]>) -> Result<(), Fault> {
        let (old, held) = self.place_of(hash, key)?;
        let Some(value) = value else {
            if old != Place::NONE {
                self.log.push(key, None, old);
                self.index.replace(hash, old, Place::NONE)?;
                if let Some(held) = held {
                    self.cache.get_mut().remove(held);
                }
            }
            return Ok(());
        };
        let new = self.log.push(key, Some(value), old);
        self.index.replace(hash, old, new)?;
        if let (Some(held), Some(record)) = (held, self.log.just_pushed(new)) {
            self.cache.get_mut().refresh(held, hash, record);
        }
        Ok(())
    }

    /// Brings the index's and the cache's lines of all keys near before the first is needed: one after
    /// the other they would each wait for memory.
    fn hashes<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) -> Vec<u64> {
        let hashes: Vec<u64> = keys.map(|key| self.hash(key)).collect();
        let cache = self.cache.borrow();
        let touch = |sum, hash: &u64| sum ^ self.index.touch(*hash) ^ cache.touch(*hash);
        std::hint::black_box(hashes.iter().fold(0, touch));
        hashes
    }

    fn get_hashed(
        &self,
        hash: u64,
        key: &[u8],
        found: &mut dyn FnMut(Option<&[u8]>),
    ) -> anyhow::Result<()> {
        if let Some(value) = self.cache.borrow_mut().get(hash, key) {
            found(Some(value));
            return Ok(());
        }
        self.look_up(hash, key, found)
            .map_err(|fault| self.failed(fault))
    }

    fn commit(&mut self, writes: &[Write<'_>], changelog_offset: i64) -> Result<(), Fault> {
        let record =
            |(key, value): &Write<'_>| RECORD_HEADER + key.len() + value.map_or(0, <[u8]>::len);
        let expected = BATCH_HEADER + writes.iter().map(record).sum::<usize>();
        let (least, most) = self.around.tuning.segment;
        let target = (self.index.live() / 8).clamp(least, most);
        self.log.begin(expected as u64, target)?;
        for some in writes.chunks(TOGETHER) {
            let hashes = self.hashes(some.iter().map(|(key, _)| *key));
            for ((key, value), hash) in some.iter().zip(hashes) {
                self.write(hash, key, *value)?;
            }
        }
        let (hash, seed) = (self.around.tuning.hash, self.birth.hash_seed);
        let share = SHARE * self.log.batch_bytes();
        self.compaction.step(
            &mut self.log,
            &mut self.index,
            |key| hash(seed, key),
            share,
            2 * target,
        )?;
        let written = self.log.batch_bytes();
        let now = (self.around.clock)();
        self.log.commit(changelog_offset, now)?;
        self.changelog_offset = Some(changelog_offset);
        self.written_at_ms = now;
        self.housekeeping(written)
    }

    /// Moves a checkpoint on, and keeps index and cache within their share of memory.
    fn housekeeping(&mut self, written: u64) -> Result<(), Fault> {
        let mut work = crate::checkpointing::Ground {
            disk: &self.around.disk,
            background: &self.around.background,
            log: &mut self.log,
            index: &mut self.index,
            changelog_offset: self.changelog_offset.unwrap_or_default(),
            written_at_ms: self.written_at_ms,
            done_below: self.compaction.done_below(),
            memory: self.around.budget.index(),
            interval: self.around.tuning.checkpoint,
        };
        self.checkpointing.step(&mut work, written)?;
        self.checkpointing.keep_memory(&mut work)?;
        let left = self
            .around
            .budget
            .share()
            .saturating_sub(self.index.bytes());
        self.cache.get_mut().limit(left);
        Ok(())
    }

    /// Why the store was emptied when it was opened, if it was.
    #[cfg(test)]
    pub(crate) fn wiped(&self) -> Option<&str> {
        self.wiped.as_deref()
    }
}

impl Drop for KeyedStore {
    fn drop(&mut self) {
        // Nothing of this handle may touch the folder once the partition can be opened again.
        self.checkpointing.settle();
        self.around.budget.leave();
    }
}

impl Store for KeyedStore {
    fn get(&self, key: &[u8]) -> anyhow::Result<Option<Bytes>> {
        self.ensure_usable()?;
        let mut value = None;
        self.get_hashed(self.hash(key), key, &mut |found| {
            value = found.map(Bytes::copy_from_slice);
        })?;
        Ok(value)
    }

    fn multi_get(
        &self,
        keys: &[&[u8]],
        found: &mut dyn FnMut(Option<&[u8]>),
    ) -> anyhow::Result<()> {
        self.ensure_usable()?;
        keys.chunks(TOGETHER).try_for_each(|some| {
            let hashes = self.hashes(some.iter().copied());
            let mut some = some.iter().zip(hashes);
            some.try_for_each(|(key, hash)| self.get_hashed(hash, key, found))
        })
    }

    fn apply(&mut self, writes: &[Write<'_>], changelog_offset: i64) -> anyhow::Result<()> {
        self.ensure_usable()?;
        self.commit(writes, changelog_offset)
            .map_err(|fault| self.failed(fault))
    }

    fn changelog_offset(&self) -> Option<i64> {
        self.changelog_offset
    }

    fn usage(&self) -> Usage {
        Usage {
            keys: self.index.keys(),
            index_bytes: self.index.bytes() as u64,
            cache_bytes: self.cache.borrow().bytes() as u64,
            budget_bytes: self.around.budget.share() as u64,
            log_bytes: self.log.bytes(),
            live_bytes: self.index.live(),
            checkpoints: self.checkpointing.named(),
            wiped: self.wiped.is_some(),
        }
    }
}
