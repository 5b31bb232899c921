//! The detector alone, over a map, on a seeded world: records per CPU-second and allocations a record.
//!
//! `cargo bench -p serialtrail-detector --bench alone -- [packs] [repetitions]`. The last column is a
//! checksum of everything emitted and kept: equal figures of two builds are about equal work.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

// Public in the bench, of which it is a part.
#[allow(unreachable_pub)]
#[path = "../../../tests/bench/src/allocations.rs"]
mod allocations;
#[path = "../tests/seeded/mod.rs"]
mod seeded;

use std::collections::HashMap;
use std::sync::Arc;

use serialtrail_detector::{Detector, Policy};
use serialtrail_records::{Codec, stable_id};
use serialtrail_stream::{Stage, StepContext};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// State in a map whose values keep their room, outputs in one piece of memory.
#[derive(Default)]
struct Ground {
    state: HashMap<Vec<u8>, Vec<u8>>,
    outputs: Vec<u8>,
    emitted: usize,
}

impl StepContext for Ground {
    fn partition(&self) -> i32 {
        0
    }

    fn get(&mut self, key: &[u8]) -> anyhow::Result<Option<&[u8]>> {
        Ok(self.state.get(key).map(Vec::as_slice))
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        match self.state.get_mut(key) {
            Some(old) => {
                old.clear();
                old.extend_from_slice(value);
            }
            None => {
                self.state.insert(key.to_vec(), value.to_vec());
            }
        }
    }

    fn delete(&mut self, key: &[u8]) {
        self.state.remove(key);
    }

    fn emit(&mut self, _topic: &'static str, key: &[u8], value: &[u8]) {
        self.outputs.extend_from_slice(key);
        self.outputs.extend_from_slice(value);
        self.emitted += 1;
    }

    fn emit_to(&mut self, topic: &'static str, _partition: i32, value: &[u8]) {
        self.emit(topic, &[], value);
    }

    fn partitions(&self, _topic: &str) -> i32 {
        8
    }

    fn emitted(&self) -> usize {
        self.emitted
    }
}

/// CPU time of this thread, seconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let packs = args.next().map_or(4000, |a| a.parse().unwrap());
    let repetitions = args.next().map_or(5, |a| a.parse().unwrap());
    let codec = Arc::new(Codec::offline().unwrap());
    let policy = Policy::parse(include_str!("../../../deploy/local/profiles.toml")).unwrap();
    let policy = Arc::new(policy);
    let world = seeded::World {
        seed: 7,
        packs,
        trouble: 0.03,
    };
    let input = seeded::records(world, &codec);
    let mut rates = Vec::new();
    for _ in 0..repetitions {
        let mut detector = Detector::new(Arc::clone(&codec), Arc::clone(&policy), Arc::new(|| 0));
        let mut ground = Ground::default();
        let before = (cpu(), allocations::of_this_thread());
        for window in input.chunks(4000) {
            for record in window {
                detector.step(record, &mut ground).unwrap();
            }
            loop {
                let budget = ground.emitted + 5000;
                detector.end_of_window(budget, &mut ground).unwrap();
                if !detector.has_pending(&mut ground).unwrap() {
                    break;
                }
            }
        }
        let (cpu_s, asked) = (cpu() - before.0, allocations::of_this_thread() - before.1);
        rates.push(input.len() as f64 / cpu_s);
        let mut state: Vec<_> = ground.state.iter().collect();
        state.sort_unstable();
        let bytes: usize = state.iter().map(|(k, v)| k.len() + v.len()).sum();
        for (key, value) in state {
            ground.outputs.extend_from_slice(key);
            ground.outputs.extend_from_slice(value);
        }
        println!(
            "{} records, {:.0} per CPU-s, {:.1} allocations a record, {} emitted, state {bytes} bytes, {}",
            input.len(),
            input.len() as f64 / cpu_s,
            asked as f64 / input.len() as f64,
            ground.emitted,
            stable_id(&ground.outputs)
        );
    }
    rates.sort_by(f64::total_cmp);
    println!("median {:.0} records per CPU-s", rates[rates.len() / 2]);
}
