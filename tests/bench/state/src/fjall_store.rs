//! The ordered log-structured tree the keyed store is measured against: one write batch a window.

use anyhow::Context;
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use serialtrail_state::{Store, Write};
use std::path::Path;

/// Key of the record that carries the changelog offset.
const META_KEY: &[u8] = b"\0store-meta";

pub(crate) struct FjallStore {
    database: Database,
    keyspace: Keyspace,
}

impl FjallStore {
    pub(crate) fn open(folder: &Path, memory: usize) -> anyhow::Result<Self> {
        let database = Database::builder(folder)
            .cache_size(memory as u64)
            .worker_threads(1)
            .open()
            .context("fjall")?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(16 << 20);
        let keyspace = database.keyspace("p0", options)?;
        Ok(Self { database, keyspace })
    }
}

impl Store for FjallStore {
    fn get(&self, key: &[u8]) -> anyhow::Result<Option<Bytes>> {
        let value = self.keyspace.get(key)?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn apply(&mut self, writes: &[Write<'_>], changelog_offset: i64) -> anyhow::Result<()> {
        let mut batch = self.database.batch();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(&self.keyspace, *key, *value),
                None => batch.remove(&self.keyspace, *key),
            }
        }
        batch.insert(&self.keyspace, META_KEY, changelog_offset.to_le_bytes());
        Ok(batch.commit()?)
    }

    fn changelog_offset(&self) -> Option<i64> {
        let bytes = self.keyspace.get(META_KEY).ok()??;
        Some(i64::from_le_bytes(bytes.as_ref().try_into().ok()?))
    }
}
