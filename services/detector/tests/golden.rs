//! A seeded world gives the same outputs and the same state as ever, byte for byte: what was made faster
//! says and keeps what it did. Who changes what a rule says, or what is kept, changes the values below
//! and says so; who only makes it faster does not.
#![allow(clippy::unwrap_used)]

mod seeded;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serialtrail_detector::{Detector, Policy};
use serialtrail_records::{Alert, Codec, stable_id};
use serialtrail_stream::Stage;
use serialtrail_stream::testing::TestContext;

/// What a world came to: a checksum of all outputs in their order, one of the state at each window's end,
/// and how many alert revisions there were by rule and state.
struct Came {
    outputs: String,
    state: String,
    alerts: BTreeMap<(String, String), usize>,
}

/// A value without its schema's id, which is a position in the list of schemas.
fn datum(value: &[u8]) -> &[u8] {
    &value[5..]
}

fn run(world: seeded::World) -> Came {
    let codec = Arc::new(Codec::offline().unwrap());
    let policy = Policy::parse(include_str!("../../../deploy/local/profiles.toml")).unwrap();
    let policy = Arc::new(policy);
    let input = seeded::records(world, &codec);
    let mut random = ChaCha8Rng::seed_from_u64(world.seed);
    let mut detector = Detector::new(Arc::clone(&codec), Arc::clone(&policy), Arc::new(|| 1));
    let mut ctx = TestContext::new(0);
    let (mut outputs, mut state) = (Vec::new(), String::new());
    let mut alerts: BTreeMap<_, usize> = BTreeMap::new();
    let mut rest = input.as_slice();
    while !rest.is_empty() {
        let (window, later) = rest.split_at(random.random_range(1..400).min(rest.len()));
        rest = later;
        let budget = random.random_range(0..300);
        for out in ctx.window(&mut detector, window, budget).unwrap() {
            let value = out.value.unwrap();
            if out.topic == "alerts" {
                let alert: Alert = codec.decode(&value).unwrap();
                *alerts.entry((alert.rule, alert.state)).or_default() += 1;
            }
            outputs.extend_from_slice(out.topic.as_bytes());
            outputs.extend_from_slice(&out.key.unwrap());
            outputs.extend_from_slice(datum(&value));
        }
        let mut kept = state.into_bytes();
        for (key, value) in ctx.state() {
            kept.extend_from_slice(key);
            kept.extend_from_slice(datum(value));
        }
        state = stable_id(kept);
        // Another process takes over now and then.
        if random.random_bool(0.1) {
            detector = Detector::new(Arc::clone(&codec), Arc::clone(&policy), Arc::new(|| 1));
        } else if random.random_bool(0.1) {
            detector.forget(0);
        }
    }
    Came {
        outputs: stable_id(outputs),
        state,
        alerts,
    }
}

#[test]
fn a_seeded_world_gives_the_outputs_and_the_state_it_always_gave() {
    let came = run(seeded::World {
        seed: 1,
        packs: 500,
        trouble: 0.9,
    });
    let raised = came.alerts.keys().filter(|(_, state)| state == "asserted");
    let retracted = came.alerts.keys().filter(|(_, state)| state == "retracted");
    assert_eq!(
        (raised.count(), retracted.count()),
        (5, 4),
        "{:?}",
        came.alerts
    );
    assert_eq!(came.outputs, "df34c0b6e93ebc695b86b704a8aa9937");
    assert_eq!(came.state, "a42119e56b3894dd8c2d5f46fcb1aa63");
}
