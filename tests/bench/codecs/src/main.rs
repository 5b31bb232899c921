//! `serialtrail-bench-codecs`: identifiers and documents, ours and others, as a table and as JSON.

use anyhow::Context;
use clap::Parser;
use serialtrail_bench_codecs::{Options, run};
use std::path::Path;

/// Measures what reading identifiers and EPCIS documents costs a CPU-second, and what other libraries
/// need for the same bytes (installed by tests/bench/peers/install.sh; those absent are said to be).
#[derive(Debug, Parser)]
#[command(name = "serialtrail-bench-codecs", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    let options = Cli::parse().options;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let root = root.canonicalize().unwrap_or(root);
    let figures = run(&root, &options)?;
    let out = root.join(&options.out);
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&out, serde_json::to_vec_pretty(&figures)?)
        .with_context(|| format!("write {}", out.display()))?;
    let mut text = String::new();
    figures.write(&mut text)?;
    if !figures.optimised {
        println!("NOT OPTIMISED: these figures say nothing about speed");
    }
    print!("{text}");
    Ok(())
}
