//! The memory one worker's stores may take for indexes and caches, in equal shares: keys are spread
//! evenly over partitions.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Shared by the stores of a worker.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    stores: AtomicUsize,
}

/// Least a store's tables need to go on at all, in bytes.
pub(crate) const LEAST: usize = 512 << 10;

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            stores: AtomicUsize::new(0),
        }
    }

    pub(crate) fn enter(&self) {
        self.stores.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn leave(&self) {
        self.stores.fetch_sub(1, Ordering::Relaxed);
    }

    /// Bytes one store may take now.
    pub(crate) fn share(&self) -> usize {
        self.total / self.stores.load(Ordering::Relaxed).max(1)
    }

    /// Bytes of it the index may take.
    pub(crate) fn index(&self) -> usize {
        self.share() / 4 * 3
    }
}
