//! Records of a segment, sealed as a store would, and bytes behind them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_state::testing::{Bytes, exercise};

fuzz_target!(|input: (Vec<Vec<u8>>, Vec<u8>)| {
    let (batches, behind) = input;
    exercise(&Bytes {
        batches,
        behind,
        checkpoint: None,
    });
});
