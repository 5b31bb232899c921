//! For tests and fuzzing: a folder in memory, and stores with bytes of one's own choice in it.

mod bytes;
mod memory_disk;

pub use bytes::{Bytes, exercise};
pub use memory_disk::{MemoryDisk, Operation};

use crate::Write;

/// A write that owns its key and value.
pub type OwnedWrite = (Vec<u8>, Option<Vec<u8>>);

/// The writes as a store takes them.
#[must_use]
pub fn borrowed(writes: &[OwnedWrite]) -> Vec<Write<'_>> {
    let writes = writes.iter();
    writes
        .map(|(key, value)| (key.as_slice(), value.as_deref()))
        .collect()
}
