//! Dispatcher and enricher together: whatever order the same inputs come in, and however their work is
//! cut into windows, the same reads and memberships stand in the end, and they are the right ones.
#![allow(clippy::unwrap_used)]

#[path = "settles/cases.rs"]
mod cases;
#[path = "settles/chain.rs"]
mod chain;
#[path = "settles/golden.rs"]
mod golden;
#[path = "settles/harness.rs"]
mod harness;
#[path = "settles/large.rs"]
mod large;
#[path = "settles/model.rs"]
mod model;
#[path = "settles/world.rs"]
mod world;

use harness::{Pipeline, Settled};
use model::{Model, standing};
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serialtrail_records::RegistryEntry;
use world::Event;

/// The same inputs in an order of the seed's, in bursts.
fn run(events: &[Event], entries: &[RegistryEntry], seed: u64) -> Settled {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut events = events.to_vec();
    if seed > 0 {
        events.shuffle(&mut rng);
    }
    let mut entries = entries.to_vec();
    entries.shuffle(&mut rng);
    let mut pipeline = Pipeline::new(seed);
    for event in &events {
        pipeline.event(&event.record());
        pipeline.run_some(rand::Rng::random_range(&mut rng, 0..12));
        if let Some(entry) = entries.pop() {
            pipeline.entry(&entry);
        }
    }
    for entry in entries {
        pipeline.entry(&entry);
    }
    pipeline.settle();
    pipeline.settled
}

proptest! {
    // More with PROPTEST_CASES.
    #![proptest_config(ProptestConfig { max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn every_order_settles_to_the_same_and_to_what_is_right(
        events in world::events(),
        entries in world::entries(),
        seed in 1u64..1_000_000,
    ) {
        let one = run(&events, &entries, 0);
        let standing = standing(&events);
        let model = Model::new(&standing);
        let reads: model::Reads = one
            .asserted()
            .into_iter()
            .map(|r| ((r.event_id, r.unit), if r.direct { None } else { r.parent }))
            .collect();
        prop_assert_eq!(&reads, &model.reads());
        for read in one.asserted() {
            let pack = (0..6).find(|p| world::unit(*p) == read.unit);
            if let Some(pack) = pack {
                let registered = entries.iter().any(|e| e.unit == read.unit);
                prop_assert_eq!(read.facts.known, registered || model.commissioned(pack));
            }
        }
        let other = run(&events, &entries, seed);
        prop_assert_eq!(one.asserted(), other.asserted());
        prop_assert_eq!(one.stays(), other.stays());
        prop_assert_eq!(one.states(), other.states());
    }
}
