//! The enricher alone over a map: records a CPU-second and allocations a record of its own code, without
//! Kafka, worker and store. `alone [pallets] [repetitions]`; a pallet is 200 packs.
#![allow(clippy::unwrap_used, dead_code)]

// Public in the bench, of which it is a part.
#[allow(unreachable_pub)]
#[path = "../../../tests/bench/src/allocations.rs"]
mod allocations;
#[path = "../tests/settles/chain.rs"]
mod chain;
#[path = "../tests/settles/harness.rs"]
mod harness;
#[path = "../tests/settles/world.rs"]
mod world;

use harness::{PARTITIONS, Pipeline};
use serialtrail_enricher::{EnricherStage, Policy};
use serialtrail_records::Codec;
use serialtrail_stream::reference::ReferenceCopy;
use serialtrail_stream::testing::TestContext;
use serialtrail_stream::{InputRecord, Stage};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Records of a window, as a worker's by default.
const WINDOW: usize = 10_000;
const BUDGET: usize = 5_000;

/// Seconds this thread has been on a CPU.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds: f64 = text.split(' ').next().unwrap().parse().unwrap();
    nanoseconds / 1e9
}

/// What the dispatcher and the enricher itself put on `unit-inbox`, a partition after the other.
fn inbox(pallets: usize) -> Vec<Vec<InputRecord>> {
    let mut pipeline = Pipeline::sized(7, BUDGET, WINDOW, 256);
    pipeline.inbox = Some(Vec::new());
    for (at, pallet) in chain::pallets(pallets, 7).into_iter().enumerate() {
        pallet.entries.iter().for_each(|e| pipeline.entry(e));
        pallet.events.iter().for_each(|e| pipeline.event(e));
        pipeline.mark(at as i64);
        pipeline.settle();
    }
    let mut partitions: Vec<Vec<InputRecord>> = (0..PARTITIONS).map(|_| Vec::new()).collect();
    for record in pipeline.inbox.unwrap() {
        partitions[record.partition as usize].push(record);
    }
    partitions
}

fn main() {
    let mut given = std::env::args()
        .skip(1)
        .map(|text| text.parse::<usize>().unwrap());
    let (pallets, repetitions) = (given.next().unwrap_or(20), given.next().unwrap_or(3));
    let input = inbox(pallets);
    let records: usize = input.iter().map(Vec::len).sum();
    println!("{records} records of {} packs", pallets * chain::PALLET);
    for _ in 0..repetitions {
        let codec = Arc::new(Codec::offline().unwrap());
        let reference = ReferenceCopy::fixed(world::table());
        let mut stage = EnricherStage::new(codec, reference, Policy::default());
        let before = (allocations::of_this_thread(), cpu());
        let mut outputs = 0;
        for (partition, records) in (0..).zip(&input) {
            let mut context = TestContext::new(partition);
            for window in records.chunks(WINDOW) {
                for record in window {
                    // As the worker does, before every record.
                    assert_eq!(stage.reference_offset_needed(record), 0);
                    stage.step(record, &mut context).unwrap();
                }
                let emitted = context.window(&mut stage, &[], BUDGET).unwrap();
                outputs += emitted.len();
            }
        }
        let (asked, took) = (allocations::of_this_thread() - before.0, cpu() - before.1);
        let records = records as f64;
        println!(
            "{:.0} records/CPU-s, {:.1} allocations and {:.2} outputs a record",
            records / took,
            asked as f64 / records,
            outputs as f64 / records
        );
    }
}
