//! For tests and fuzzing: a folder in memory, and stores with bytes of one's own choice in it.

mod bytes;
mod memory_disk;

pub use bytes::{Bytes, exercise};
pub use memory_disk::{MemoryDisk, Operation};
