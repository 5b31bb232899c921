//! A store in memory: for unit tests of stages, and for stages whose state is small enough to be read
//! back from the changelog at every start.

use crate::store::{Store, StoreIdentity, Stores, Write};
use bytes::Bytes;
use std::collections::HashMap;

/// Keyed state in a hash map; gone with the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStore {
    values: HashMap<Vec<u8>, Bytes>,
    changelog_offset: Option<i64>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All entries, sorted by key: what a test compares.
    #[must_use]
    pub fn entries(&self) -> Vec<(Vec<u8>, Bytes)> {
        let mut entries: Vec<_> = self
            .values
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        entries.sort();
        entries
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> anyhow::Result<Option<Bytes>> {
        Ok(self.values.get(key).cloned())
    }

    fn apply(&mut self, writes: &[Write<'_>], changelog_offset: i64) -> anyhow::Result<()> {
        for (key, value) in writes {
            match value {
                Some(value) => self
                    .values
                    .insert(key.to_vec(), Bytes::copy_from_slice(value)),
                None => self.values.remove(*key),
            };
        }
        self.changelog_offset = Some(changelog_offset);
        Ok(())
    }

    fn changelog_offset(&self) -> Option<i64> {
        self.changelog_offset
    }
}

/// Opens an empty [`MemoryStore`] every time.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryStores;

impl Stores for MemoryStores {
    fn open(&mut self, _identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>> {
        Ok(Box::new(MemoryStore::new()))
    }

    fn open_empty(&mut self, _identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>> {
        Ok(Box::new(MemoryStore::new()))
    }
}
