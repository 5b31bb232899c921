//! Keyed state of one partition: the store trait and its implementations.
//!
//! A [`Store`] holds one partition's state and the changelog offset it reflects; [`Stores`] opens and
//! wipes them. [`LocalStores`] keeps them in a folder, [`MemoryStores`] in memory. The durable truth is
//! the changelog topic: a store is a copy that may be lost, is never ahead of the changelog, and only
//! shortens recovery. The persistent store is described in this crate's README; from look-up down to
//! bytes its modules are `keyed`, `cache`, `index` (`table`, `pages`), `log`, `format`; beside a commit
//! work `compaction` and `checkpointing`; `recovery` opens.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod background;
mod budget;
mod cache;
mod checkpoint;
mod checkpointing;
mod compaction;
pub mod disk;
mod fault;
mod format;
mod huge;
mod identity;
mod index;
mod keyed;
pub mod local;
mod log;
pub mod memory;
mod pages;
mod place;
mod recovery;
pub mod store;
mod table;
pub mod testing;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod model_tests;

pub use local::{LocalSettings, LocalStores};
pub use memory::{MemoryStore, MemoryStores};
pub use store::{Store, StoreIdentity, Stores, Usage, Write};
