//! The persistent stores of one worker, in one folder.

use crate::background::Background;
use crate::budget::Budget;
use crate::disk::Folder;
use crate::keyed::{KeyedStore, Surroundings, Tuning};
use crate::store::{Store, StoreIdentity, Stores};
use anyhow::Context;
use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Name of the file that is locked while the folder is in use.
const LOCK: &str = "LOCK";

/// What a worker's stores may take, and how long they are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalSettings {
    /// Memory of all indexes and caches together, bytes; shared equally by the open partitions.
    pub memory_bytes: usize,
    /// The changelog's `delete.retention.ms`: a store idle for more than half of it is emptied.
    pub delete_retention: Duration,
}

/// The stores of one worker. The folder is locked: a second process on it is an error.
#[derive(Debug)]
pub struct LocalStores {
    folder: PathBuf,
    settings: LocalSettings,
    budget: Arc<Budget>,
    background: Background,
    _lock: File,
}

impl LocalStores {
    /// Opens (or creates) `folder`.
    ///
    /// # Errors
    /// Another process has the folder open, or it cannot be written.
    pub fn open(folder: &Path, settings: LocalSettings) -> anyhow::Result<Self> {
        let context = || format!("state folder {}", folder.display());
        std::fs::create_dir_all(folder).with_context(context)?;
        let lock = File::create(folder.join(LOCK)).with_context(context)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => anyhow::bail!(
                "{} is in use by another process: two workers have the same slot",
                context()
            ),
            Err(TryLockError::Error(error)) => return Err(error).with_context(context),
        }
        Ok(Self {
            folder: folder.to_owned(),
            settings,
            budget: Arc::new(Budget::new(settings.memory_bytes)),
            background: Background::thread().with_context(context)?,
            _lock: lock,
        })
    }

    fn store(&self, identity: &StoreIdentity, trust: bool) -> anyhow::Result<Box<dyn Store>> {
        let folder = Folder::new(&self.folder.join(format!("p{}", identity.partition)))?;
        let around = Surroundings {
            disk: Arc::new(folder),
            background: self.background.clone(),
            budget: Arc::clone(&self.budget),
            tuning: Tuning::new(self.settings.delete_retention),
            clock: now_ms,
            entropy: || RandomState::new().hash_one(now_ms()),
        };
        Ok(Box::new(KeyedStore::open(around, identity, trust)?))
    }
}

fn now_ms() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

impl Stores for LocalStores {
    fn open(&mut self, identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>> {
        self.store(identity, true)
    }

    fn open_empty(&mut self, identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>> {
        self.store(identity, false)
    }
}
