//! The small trait every keyed store implements: point look-ups, one atomic batch per committed window,
//! and the changelog offset that batch belongs to. No iteration over keys, on purpose.

use bytes::Bytes;

/// What a store belongs to. A store that was written for anything else is wiped, never trusted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StoreIdentity {
    /// Kafka cluster id.
    pub cluster_id: String,
    /// Changelog topic name.
    pub changelog_topic: String,
    /// Kafka's topic id (uuid) of the changelog: a recreated topic is another topic.
    pub topic_id: String,
    /// Partition of the changelog, equal to the partition of the stage's input.
    pub partition: i32,
}

/// One write of a window: `None` removes the key.
pub type Write<'a> = (&'a [u8], Option<&'a [u8]>);

/// What a store takes and holds, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Keys that have a value.
    pub keys: u64,
    /// Memory of the index.
    pub index_bytes: u64,
    /// Memory of the cache.
    pub cache_bytes: u64,
    /// Memory both together may take.
    pub budget_bytes: u64,
    /// Disk space of the log.
    pub log_bytes: u64,
    /// The part of it that is the newest record of a key.
    pub live_bytes: u64,
    /// Checkpoints made since the store was opened.
    pub checkpoints: u64,
    /// It was emptied when it was opened, because it could not be trusted.
    pub wiped: bool,
}

/// Keyed state of one partition.
pub trait Store: Send {
    /// Value of one key.
    ///
    /// # Errors
    /// The store could not be read, or its files are damaged: it is unusable until reopened, and then,
    /// after damage, empty.
    fn get(&self, key: &[u8]) -> anyhow::Result<Option<Bytes>>;

    /// Tells `found` the values of many keys, in their order: look-ups side by side cost less than one
    /// after the other, and nothing is allocated for a value. A window asks for all it knows it will need.
    ///
    /// # Errors
    /// The store could not be read.
    fn multi_get(
        &self,
        keys: &[&[u8]],
        found: &mut dyn FnMut(Option<&[u8]>),
    ) -> anyhow::Result<()> {
        keys.iter()
            .try_for_each(|key| self.get(key).map(|value| found(value.as_deref())))
    }

    /// Applies all writes and the changelog offset (exclusive: the next offset to restore from) in
    /// one atomic batch. Called only after the Kafka transaction that carries them has committed.
    ///
    /// # Errors
    /// The store could not be written; it is unusable until reopened.
    fn apply(&mut self, writes: &[Write<'_>], changelog_offset: i64) -> anyhow::Result<()>;

    /// The changelog offset (exclusive) this store reflects; `None` for an empty store.
    fn changelog_offset(&self) -> Option<i64>;

    /// What it takes; nothing for a store that keeps no account.
    fn usage(&self) -> Usage {
        Usage::default()
    }
}

/// The stores of one worker: opens one a partition, empties one that cannot be trusted.
pub trait Stores: Send {
    /// The store of `identity.partition`. One that was written for another identity, or so long ago
    /// that its changelog may have lost tombstones since, is emptied first.
    ///
    /// # Errors
    /// The store could not be opened or emptied.
    fn open(&mut self, identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>>;

    /// The store of `identity.partition`, emptied: its changelog offset lies past the changelog's end.
    ///
    /// # Errors
    /// The store could not be emptied.
    fn open_empty(&mut self, identity: &StoreIdentity) -> anyhow::Result<Box<dyn Store>>;
}
