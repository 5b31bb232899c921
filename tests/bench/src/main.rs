//! `serialtrail-bench`: the whole-stack bench, as tables and as JSON.

use clap::Parser;
use serialtrail_bench::allocations::Counting;
use serialtrail_bench::{Options, run, table};

/// Measures the stack: backbone, gateway, query and notifier, stages alone, the pipeline and its delay, each
/// on a stack of its own; a killed worker's way back (recovery); what reading identifiers and documents costs
/// (codecs); the keyed store (state); and what one contract costs beside another engine (engine).
///
/// Nothing is asserted: figures are printed as tables and written as one JSON file, which is complete
/// for the parts measured so far even when a later one fails. Progress goes to standard error.
///
/// Wall times (events/s, latencies) hold only within one run on one machine, and only when nothing else
/// runs; CPU-seconds are each process's own and compare between runs. Stacks stand below .local/bench,
/// one at a time; one that an interrupted run left is removed by the next.
#[derive(Debug, Parser)]
#[command(name = "serialtrail-bench", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "Examples:
  serialtrail-bench                                  all parts in full; says first how long
                                                     and how much disk that takes
  serialtrail-bench --quick                          all parts small, to see that they work
  serialtrail-bench --only gateway --repeat 5        one part, with more repetitions
  serialtrail-bench --only query --rows 1000000      query latencies over a smaller database
  serialtrail-bench --only codecs                    identifiers and documents; needs no stack
  serialtrail-bench --only engine                    the engine contract beside Kafka Streams
  serialtrail-bench --only recovery                  a killed worker with 10 million serials
  serialtrail-bench --only pipeline,scaling          what it sustains, and what other sizes take";

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> anyhow::Result<()> {
    let options = Cli::parse().options;
    let report = run(&options)?;
    print!("{}", table::of(&report));
    println!("\nfigures: {}", options.out.display());
    Ok(())
}
