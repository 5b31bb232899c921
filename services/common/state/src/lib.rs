//! Keyed state of one partition: the store trait and its persistent implementation.

pub mod store;

pub use store::{Store, StoreIdentity, Write};
