//! What is written, byte for byte: outputs in their order and state, for worlds from seeds. The hash
//! holds the records' names and data, not the ids of their schemas. It changes with what is said or kept,
//! never with how it is worked out.

use crate::chain;
use crate::harness::Pipeline;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serialtrail_records::LotStatus;

/// A chain in the order it happened, in windows that hold all of it, or shuffled and cut to pieces.
fn hash(seed: u64, mut pipeline: Pipeline, shuffled: bool) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for (at, mut pallet) in chain::pallets(2, seed).into_iter().enumerate() {
        if shuffled {
            pallet.events.shuffle(&mut rng);
        }
        let mut entries = pallet.entries.into_iter();
        for event in &pallet.events {
            pipeline.event(event);
            entries.next().iter().for_each(|e| pipeline.entry(e));
            if shuffled {
                pipeline.run_some(rng.random_range(0..6));
            }
        }
        entries.for_each(|e| pipeline.entry(&e));
        pipeline.lot(&LotStatus {
            gtin: crate::world::GTIN.into(),
            lot: format!("L{at}"),
            status: "recalled".into(),
            source: "load".into(),
            version: 1,
            ..LotStatus::default()
        });
        pipeline.mark(at as i64 + 1);
        pipeline.settle();
    }
    pipeline.mark(9);
    pipeline.settle();
    pipeline.written()
}

#[test]
fn a_chain_leaves_the_same_bytes_as_ever() {
    let found = hash(1, Pipeline::sized(1, 5_000, 2_000, 256), false);
    assert_eq!(
        found,
        "e8f597e20725c961f98ede364c8bd79ad4566d6ce7a665369682276eb1d75bd1"
    );
}

#[test]
fn a_shuffled_chain_in_small_and_lost_windows_leaves_the_same_bytes_as_ever() {
    let found = hash(2, Pipeline::new(2), true);
    assert_eq!(
        found,
        "d1c0f18c839b320a66fa1b76babca058732f396eec14a89c30822f861d6dcec6"
    );
}
