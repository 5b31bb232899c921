//! Pages and directory of a checkpoint, sealed as a store would, over a segment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_state::testing::{Bytes, exercise};

/// Shards of a directory without entries: count, live bytes and position of each.
const SHARDS: usize = 512 * 28;

fuzz_target!(|input: (Vec<Vec<u8>>, Vec<(u16, u8)>, Vec<u8>, Vec<Vec<u8>>)| {
    let (pages, changes, end, batches) = input;
    let mut directory = vec![0; SHARDS];
    for (at, byte) in changes {
        directory[usize::from(at) % SHARDS] = byte;
    }
    directory.extend_from_slice(&end);
    exercise(&Bytes {
        batches,
        behind: Vec::new(),
        checkpoint: Some((pages, directory)),
    });
});
