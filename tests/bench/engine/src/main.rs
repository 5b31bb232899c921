//! `serialtrail-bench-engine`: the contract's stage as a worker process, until it is told to end or, asked
//! to, has read everything.

use clap::Parser;
use serialtrail_bench_engine::process::{Options, run};

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    serialtrail_runtime::telemetry::init();
    run(options)
}
