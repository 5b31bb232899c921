//! The persistent store: one fjall database a worker, one keyspace a partition.
//!
//! Invariants this module keeps:
//! - writes and the meta record (identity, changelog offset) go in one batch into one keyspace, so what
//!   survives a crash is the state after some prefix of the batches, with that prefix's offset;
//! - a store whose identity differs, or that has not been written for [`MAX_AGE`], is emptied on open:
//!   its changelog may have dropped tombstones it never saw (`delete.retention.ms` is 7 days);
//! - a database that cannot be read is deleted: the changelog holds everything.
//!
//! Batches are handed to the operating system, not synced to disk: after a power loss the store is an
//! earlier prefix and the changelog supplies the rest.

use crate::store::{Store, StoreIdentity, Stores, Write};
use anyhow::{Context, ensure};
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A store not written for longer is not trusted: well below the changelogs' 7 days of tombstones.
pub const MAX_AGE: Duration = Duration::from_secs(5 * 24 * 3600);

/// Key of the meta record. No stage may write it; keys of state are GS1 keys and stage prefixes.
const META_KEY: &[u8] = b"\0store-meta";
/// Block cache of one worker's database.
const CACHE_BYTES: u64 = 128 << 20;
/// Size at which a partition's write buffer goes to disk; bounds what a reopen reads from the journal.
const MEMTABLE_BYTES: u64 = 16 << 20;
/// Threads that flush and compact.
const BACKGROUND_THREADS: usize = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Meta {
    identity: StoreIdentity,
    /// Exclusive.
    changelog_offset: i64,
    written_at_ms: u64,
}

/// The stores of one worker, in one folder. The folder is locked: a second process on it is an error.
pub struct FjallStores {
    folder: PathBuf,
    database: Database,
}

impl std::fmt::Debug for FjallStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FjallStores")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl FjallStores {
    /// Opens (or creates) the database in `folder`; one that cannot be read is deleted and made anew.
    ///
    /// # Errors
    /// Another process has the folder open, or it cannot be written.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let database = match open_database(folder) {
            Ok(database) => database,
            Err(fjall::Error::Locked) => {
                anyhow::bail!(
                    "state folder {} is in use by another process: two workers have the same slot",
                    folder.display()
                );
            }
            Err(fjall::Error::Io(error)) => {
                return Err(error).context(format!("state folder {}", folder.display()));
            }
            Err(error) => {
                tracing::error!(folder = %folder.display(), %error, "state cannot be read: deleted, will be restored");
                std::fs::remove_dir_all(folder)?;
                open_database(folder)?
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            database,
        })
    }

    fn keyspace(&self, partition: i32) -> anyhow::Result<Keyspace> {
        let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        Ok(self.database.keyspace(&format!("p{partition}"), options)?)
    }

    fn store(&self, identity: &StoreIdentity, trust: bool) -> anyhow::Result<FjallStore> {
        let mut keyspace = self.keyspace(identity.partition)?;
        let meta = keyspace
            .get(META_KEY)?
            .and_then(|bytes| serde_json::from_slice::<Meta>(&bytes).ok());
        let changelog_offset = match meta {
            Some(meta) if trust && is_usable(&meta, identity, now_ms()) => {
                Some(meta.changelog_offset)
            }
            meta => {
                // A keyspace without a meta record holds nothing: the first batch writes one.
                if let Some(meta) = meta {
                    tracing::warn!(?identity, found = ?meta, "local state emptied");
                    self.database.delete_keyspace(keyspace)?;
                    keyspace = self.keyspace(identity.partition)?;
                }
                None
            }
        };
        Ok(FjallStore {
            database: self.database.clone(),
            keyspace,
            identity: identity.clone(),
            changelog_offset,
        })
    }
}

fn open_database(folder: &Path) -> fjall::Result<Database> {
    Database::builder(folder)
        .cache_size(CACHE_BYTES)
        .worker_threads(BACKGROUND_THREADS)
        .open()
}

fn is_usable(meta: &Meta, identity: &StoreIdentity, now_ms: u64) -> bool {
    let age = Duration::from_millis(now_ms.saturating_sub(meta.written_at_ms));
    meta.identity == *identity && age <= MAX_AGE
}

fn now_ms() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

impl Stores for FjallStores {
    fn open(&mut self, identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>> {
        Ok(Box::new(self.store(identity, true)?))
    }

    fn open_empty(&mut self, identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>> {
        Ok(Box::new(self.store(identity, false)?))
    }
}

/// One partition's keyspace.
struct FjallStore {
    database: Database,
    keyspace: Keyspace,
    identity: StoreIdentity,
    changelog_offset: Option<i64>,
}

impl Store for FjallStore {
    fn get(&self, key: &[u8]) -> anyhow::Result<Option<Bytes>> {
        let value = self.keyspace.get(key)?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn apply(&mut self, writes: &[Write], changelog_offset: i64) -> anyhow::Result<()> {
        let meta = Meta {
            identity: self.identity.clone(),
            changelog_offset,
            written_at_ms: now_ms(),
        };
        let mut batch = self.database.batch();
        for (key, value) in writes {
            ensure!(key != META_KEY, "a stage wrote the store's own key");
            match value {
                Some(value) => batch.insert(&self.keyspace, key.as_slice(), value.as_slice()),
                None => batch.remove(&self.keyspace, key.as_slice()),
            }
        }
        batch.insert(&self.keyspace, META_KEY, serde_json::to_vec(&meta)?);
        batch.commit()?;
        self.changelog_offset = Some(changelog_offset);
        Ok(())
    }

    fn changelog_offset(&self) -> Option<i64> {
        self.changelog_offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> StoreIdentity {
        StoreIdentity {
            cluster_id: "c".into(),
            changelog_topic: "t".into(),
            topic_id: "1".into(),
            partition: 3,
        }
    }

    #[test]
    fn a_store_is_trusted_only_for_its_own_changelog_and_while_tombstones_last() {
        let meta = Meta {
            identity: identity(),
            changelog_offset: 7,
            written_at_ms: 1_000_000,
        };
        let later = |days: u64| 1_000_000 + days * 24 * 3_600_000;
        assert!(is_usable(&meta, &identity(), later(5)));
        assert!(!is_usable(&meta, &identity(), later(5) + 1));
        assert!(
            is_usable(&meta, &identity(), 0),
            "a clock set back is no reason to wipe"
        );
        let others = [
            StoreIdentity {
                cluster_id: "d".into(),
                ..identity()
            },
            StoreIdentity {
                changelog_topic: "u".into(),
                ..identity()
            },
            StoreIdentity {
                topic_id: "2".into(),
                ..identity()
            },
        ];
        for other in others {
            assert!(!is_usable(&meta, &other, later(0)), "{other:?}");
        }
    }

    #[test]
    fn a_recreated_topic_empties_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let mut stores = FjallStores::open(folder.path()).unwrap();
        let mut store = Stores::open(&mut stores, &identity()).unwrap();
        store
            .apply(&[(b"k".to_vec(), Some(b"v".to_vec()))], 9)
            .unwrap();
        drop(store);

        let same = Stores::open(&mut stores, &identity()).unwrap();
        assert_eq!(
            (same.get(b"k").unwrap().as_deref(), same.changelog_offset()),
            (Some(&b"v"[..]), Some(9))
        );
        drop(same);

        let recreated = StoreIdentity {
            topic_id: "2".into(),
            ..identity()
        };
        let mut emptied = Stores::open(&mut stores, &recreated).unwrap();
        assert_eq!(
            (emptied.get(b"k").unwrap(), emptied.changelog_offset()),
            (None, None)
        );
        emptied
            .apply(&[(b"n".to_vec(), Some(b"w".to_vec()))], 2)
            .unwrap();
        drop((emptied, stores));

        let mut reopened = FjallStores::open(folder.path()).unwrap();
        let store = Stores::open(&mut reopened, &recreated).unwrap();
        assert_eq!(
            (store.get(b"k").unwrap(), store.changelog_offset()),
            (None, Some(2))
        );
        assert_eq!(store.get(b"n").unwrap().as_deref(), Some(&b"w"[..]));
    }

    #[test]
    fn an_untrusted_offset_empties_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let mut stores = FjallStores::open(folder.path()).unwrap();
        let mut store = Stores::open(&mut stores, &identity()).unwrap();
        store
            .apply(&[(b"k".to_vec(), Some(b"v".to_vec()))], 9)
            .unwrap();
        drop(store);
        let store = stores.open_empty(&identity()).unwrap();
        assert_eq!(
            (store.get(b"k").unwrap(), store.changelog_offset()),
            (None, None)
        );
    }

    #[test]
    fn a_folder_in_use_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let _held = FjallStores::open(folder.path()).unwrap();
        let error = FjallStores::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("same slot"), "{error}");
    }

    #[test]
    fn a_damaged_database_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        drop(FjallStores::open(folder.path()).unwrap());
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && std::fs::metadata(&path).unwrap().len() > 0 {
                std::fs::write(path, b"garbage").unwrap();
            }
        }
        let mut stores = FjallStores::open(folder.path()).unwrap();
        assert_eq!(
            Stores::open(&mut stores, &identity())
                .unwrap()
                .changelog_offset(),
            None
        );
    }

    #[test]
    fn the_meta_key_cannot_be_overwritten_by_a_stage() {
        let folder = tempfile::tempdir().unwrap();
        let mut stores = FjallStores::open(folder.path()).unwrap();
        let mut store = Stores::open(&mut stores, &identity()).unwrap();
        assert!(store.apply(&[(META_KEY.to_vec(), None)], 1).is_err());
    }
}
