//! One unit's state: its index of reads (first page within, further ones beside), its reads, its
//! children as a container.
//!
//! Keys: `u/<unit>`, `x/<page> <unit>`, `r/<unit> <event id>`; a unit's key holds no space.

use crate::env::Env;
use crate::lent::{Arena, ReadEntry, ReadPage, UnitRead, UnitState};
use serialtrail_gs1::Epc;
use std::collections::{BTreeMap, BTreeSet};

/// What the key of a unit's state begins with.
pub(crate) const KEY: &str = "u/";

/// Bytes of the index kept within the unit.
const INLINE_INDEX: usize = 48 * 1024;
/// Bytes of a further page of the index.
const INDEX_PAGE: usize = 96 * 1024;

/// A unit while it is worked on; nothing is written before [`Unit::save`].
pub(crate) struct Unit<'a> {
    pub(crate) key: &'a str,
    /// What the key says.
    pub(crate) epc: Epc,
    pub(crate) state: UnitState<'a>,
    pages: BTreeMap<i32, ReadPage<'a>>,
    written: BTreeSet<i32>,
}

fn state_key<'a>(env: &Env<'_, 'a>, unit: &str) -> &'a str {
    env.key(&[KEY, unit])
}

fn page_key<'a>(env: &Env<'_, 'a>, unit: &str, page: i32) -> &'a str {
    env.key(&["x/", &page.to_string(), " ", unit])
}

fn size(entry: &ReadEntry<'_>) -> usize {
    entry.event_id.len() + entry.parent.map_or(0, str::len) + 32
}

impl<'a> Unit<'a> {
    pub(crate) fn load(env: &mut Env<'_, 'a>, unit: &'a str) -> anyhow::Result<Self> {
        let state = env.load(state_key(env, unit))?.unwrap_or_default();
        Ok(Self {
            key: unit,
            epc: Epc::from_record(unit),
            state,
            pages: BTreeMap::new(),
            written: BTreeSet::new(),
        })
    }

    pub(crate) fn save(&self, env: &mut Env<'_, 'a>) -> anyhow::Result<()> {
        for number in &self.written {
            if let Some(page) = self.pages.get(number) {
                env.save(page_key(env, self.key, *number), page)?;
            }
        }
        env.save(state_key(env, self.key), &self.state)
    }

    /// Entries of one page of the index; page 0 stands within the unit.
    pub(crate) fn page(
        &mut self,
        env: &mut Env<'_, 'a>,
        page: i32,
    ) -> anyhow::Result<&mut Vec<ReadEntry<'a>>> {
        if page == 0 {
            return Ok(&mut self.state.reads);
        }
        if !self.pages.contains_key(&page) {
            let found = env.load(page_key(env, self.key, page))?.unwrap_or_default();
            self.pages.insert(page, found);
        }
        Ok(&mut self.pages.entry(page).or_default().reads)
    }

    /// The whole index.
    pub(crate) fn reads(&mut self, env: &mut Env<'_, 'a>) -> anyhow::Result<Vec<ReadEntry<'a>>> {
        let mut all = self.state.reads.clone();
        for page in 1..=self.state.read_pages {
            all.extend_from_slice(self.page(env, page)?);
        }
        Ok(all)
    }

    /// Puts an entry into the index, in the place of the one with its event id on `page`; a new one
    /// (`page` is `None`) goes to the end. Returns the entry that stood there and its page.
    pub(crate) fn put_entry(
        &mut self,
        env: &mut Env<'_, 'a>,
        page: Option<i32>,
        entry: ReadEntry<'a>,
    ) -> anyhow::Result<(Option<ReadEntry<'a>>, i32)> {
        if let Some(page) = page {
            let reads = self.page(env, page)?;
            if let Some(old) = reads.iter_mut().find(|r| r.event_id == entry.event_id) {
                let old = std::mem::replace(old, entry);
                self.written.extend((page > 0).then_some(page));
                return Ok((Some(old), page));
            }
        }
        let mut last = self.state.read_pages;
        let limit = if last == 0 { INLINE_INDEX } else { INDEX_PAGE };
        let bytes: usize = self.page(env, last)?.iter().map(size).sum();
        if bytes + size(&entry) > limit {
            last += 1;
            self.state.read_pages = last;
        }
        self.page(env, last)?.push(entry);
        self.written.extend((last > 0).then_some(last));
        Ok((None, last))
    }

    /// Whether work is left for the end of the window.
    pub(crate) fn has_work(&self) -> bool {
        let container = self.state.container.as_ref();
        self.state.refresh.is_some()
            || container.is_some_and(|c| !c.dirty.is_empty() || !c.tasks.is_empty())
    }

    /// What the unit is as a container, if anything was ever put into it.
    pub(crate) fn is_container(&self) -> bool {
        self.state.container.is_some()
    }
}

fn read_key<'a>(env: &Env<'_, 'a>, unit: &str, event_id: &str) -> &'a str {
    env.key(&["r/", unit, " ", event_id])
}

pub(crate) fn load_read<'a>(
    env: &mut Env<'_, 'a>,
    unit: &str,
    event_id: &str,
) -> anyhow::Result<Option<UnitRead<'a>>> {
    env.load(read_key(env, unit, event_id))
}

/// As [`load_read`], into other memory than the step's.
pub(crate) fn load_read_in<'a: 'p, 'p>(
    env: &mut Env<'_, 'a>,
    arena: &'p Arena,
    unit: &str,
    event_id: &str,
) -> anyhow::Result<Option<UnitRead<'p>>> {
    env.load_in(arena, read_key(env, unit, event_id))
}

pub(crate) fn save_read(
    env: &mut Env<'_, '_>,
    unit: &str,
    event_id: &str,
    read: &UnitRead<'_>,
) -> anyhow::Result<()> {
    env.save(read_key(env, unit, event_id), read)
}
