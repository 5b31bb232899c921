//! One unit's state: its index of reads (first page within, further ones beside), its reads, its
//! children as a container.
//!
//! Keys: `u/<unit>`, `x/<page> <unit>`, `r/<unit> <event id>`; a unit's key holds no space.

use crate::policy::Policy;
use serialtrail_gs1::Epc;
use serialtrail_records::Codec;
use serialtrail_records::state_enricher::{ReadEntry, ReadPage, UnitRead, UnitState};
use serialtrail_stream::StepContext;
use serialtrail_stream::pending::{load, save};
use serialtrail_stream::reference::ReferenceTable;
use std::collections::{BTreeMap, BTreeSet};

/// What the key of a unit's state begins with.
pub(crate) const KEY: &str = "u/";

/// Bytes of the index kept within the unit.
const INLINE_INDEX: usize = 48 * 1024;
/// Bytes of a further page of the index.
const INDEX_PAGE: usize = 96 * 1024;

/// What every step works with.
pub(crate) struct Env<'a> {
    pub(crate) ctx: &'a mut dyn StepContext,
    pub(crate) codec: &'a Codec,
    pub(crate) table: &'a ReferenceTable,
    pub(crate) policy: &'a Policy,
    pub(crate) sizes: Sizes,
}

/// How much of a container stands in one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Children kept in one page.
    pub(crate) page_children: usize,
    /// Reads on their way to the children one by one; more become one task for all its reads.
    pub(crate) tasks: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            page_children: 256,
            tasks: 400,
        }
    }
}

/// A unit while it is worked on; nothing is written before [`Unit::save`].
pub(crate) struct Unit {
    pub(crate) key: Epc,
    pub(crate) state: UnitState,
    pages: BTreeMap<i32, ReadPage>,
    written: BTreeSet<i32>,
}

fn page_key(unit: &str, page: i32) -> String {
    format!("x/{page} {unit}")
}

fn size(entry: &ReadEntry) -> usize {
    entry.event_id.len() + entry.parent.as_ref().map_or(0, String::len) + 32
}

impl Unit {
    pub(crate) fn load(env: &mut Env<'_>, unit: &str) -> anyhow::Result<Self> {
        let state = load(env.ctx, env.codec, &format!("{KEY}{unit}"))?.unwrap_or_default();
        Ok(Self {
            key: Epc::from_record(unit),
            state,
            pages: BTreeMap::new(),
            written: BTreeSet::new(),
        })
    }

    pub(crate) fn save(&self, env: &mut Env<'_>) -> anyhow::Result<()> {
        let unit = self.key.key();
        for number in &self.written {
            if let Some(page) = self.pages.get(number) {
                save(env.ctx, env.codec, &page_key(&unit, *number), page)?;
            }
        }
        save(env.ctx, env.codec, &format!("{KEY}{unit}"), &self.state)
    }

    /// Entries of one page of the index; page 0 stands within the unit.
    pub(crate) fn page(
        &mut self,
        env: &mut Env<'_>,
        page: i32,
    ) -> anyhow::Result<&mut Vec<ReadEntry>> {
        if page == 0 {
            return Ok(&mut self.state.reads);
        }
        if !self.pages.contains_key(&page) {
            let key = page_key(&self.key.key(), page);
            let found = load(env.ctx, env.codec, &key)?.unwrap_or_default();
            self.pages.insert(page, found);
        }
        Ok(&mut self.pages.entry(page).or_default().reads)
    }

    /// The whole index.
    pub(crate) fn reads(&mut self, env: &mut Env<'_>) -> anyhow::Result<Vec<ReadEntry>> {
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
        env: &mut Env<'_>,
        page: Option<i32>,
        entry: ReadEntry,
    ) -> anyhow::Result<(Option<ReadEntry>, i32)> {
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

fn read_key(unit: &str, event_id: &str) -> String {
    format!("r/{unit} {event_id}")
}

pub(crate) fn load_read(
    env: &mut Env<'_>,
    unit: &str,
    event_id: &str,
) -> anyhow::Result<Option<UnitRead>> {
    load(env.ctx, env.codec, &read_key(unit, event_id))
}

pub(crate) fn save_read(
    env: &mut Env<'_>,
    unit: &str,
    event_id: &str,
    read: &UnitRead,
) -> anyhow::Result<()> {
    save(env.ctx, env.codec, &read_key(unit, event_id), read)
}
