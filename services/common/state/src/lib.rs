//! Keyed state of one partition: the store trait and its implementations.
//!
//! A [`Store`] holds one partition's state and the changelog offset it reflects; [`Stores`] opens and
//! wipes them. [`FjallStores`] keeps them in a folder, [`MemoryStores`] in memory. The durable truth is
//! the changelog topic: a store is a copy that may be lost, is never ahead of the changelog, and only
//! shortens recovery.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod fjall_store;
pub mod memory;
pub mod store;

pub use fjall_store::FjallStores;
pub use memory::{MemoryStore, MemoryStores};
pub use store::{Store, StoreIdentity, Stores, Write};
