//! The keyed store alone: a program of its own, so that its CPU time and memory are nothing else's.

use crate::disk;
use crate::options::Options;
use crate::plan::Cost;
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serialtrail_bench_codecs::text::{heading, table};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program, beside this one.
const PROGRAM: &str = "serialtrail-bench-state";
/// Where its stores stand and it leaves its figures, from the project's root.
const FOLDER: &str = "target/bench";
/// Bytes of disk a key takes at most: measured, [`Case::disk_bytes_per_key`], and a segment's worth more.
const BYTES_A_KEY: u64 = 260;
/// Index and cache, MiB: the index of 100 million keys fits.
const MEMORY_MIB: &str = "3072";
/// Largest number of keys at which fjall ends in reasonable time.
const MOST_FOR_FJALL: u64 = 10_000_000;

/// One case of the program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// `keyed` or `fjall`.
    pub store: String,
    /// `uniform`, or `skewed`: 90% of the accesses on 5% of the keys.
    pub access: String,
    /// Keys.
    pub keys: u64,
    /// Read-modify-writes.
    pub operations: u64,
    /// Keys filled in per CPU-second.
    pub fill_per_cpu_s: f64,
    /// Read-modify-writes per CPU-second.
    pub rmw_per_cpu_s: f64,
    /// Read-modify-writes per second.
    pub rmw_per_s: f64,
    /// Peak resident memory, MiB.
    pub peak_rss_mib: f64,
    /// Bytes of memory a key's index entry takes.
    pub index_bytes_per_key: f64,
    /// Bytes of disk a key takes.
    pub disk_bytes_per_key: f64,
    /// Seconds to open the store again.
    pub reopen_s: f64,
}

/// What was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Every case.
    pub cases: Vec<Case>,
    /// Sizes asked for that the disk has no room for.
    pub left_out: Vec<u64>,
    /// Skewed read-modify-writes per CPU-second at the most keys, over those at the fewest.
    pub skewed_most_over_fewest: f64,
}

/// Sizes that fit: what the disk has, and what the whole bench may take.
fn sizes(options: &Options, free: u64) -> (Vec<u64>, Vec<u64>) {
    let room = free.min(options.disk_gib << 30);
    options
        .state_keys
        .iter()
        .partition(|keys| *keys * BYTES_A_KEY < room)
}

/// Minutes and GiB of disk the program takes, about.
pub(crate) fn cost(options: &Options) -> Cost {
    let (sizes, _) = sizes(options, u64::MAX);
    let keys: u64 = sizes.iter().sum();
    let most = sizes.iter().max().copied().unwrap_or(0);
    // fjall's cases included, up to where it is measured.
    Cost {
        minutes: 2.0 + keys as f64 / 5e6,
        gib: (most * BYTES_A_KEY) as f64 / 1_073_741_824.0,
    }
}

/// Runs the program and takes its figures.
///
/// # Errors
/// It is not there, fails, or leaves no figures.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<Figures> {
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let free = disk::free(&folder).unwrap_or(u64::MAX);
    let (sizes, left_out) = sizes(options, free);
    for keys in &left_out {
        eprintln!(
            "state: {keys} keys take {} GiB of disk, {} are free and {} allowed: left out",
            (keys * BYTES_A_KEY) >> 30,
            free >> 30,
            options.disk_gib
        );
    }
    ensure!(
        !sizes.is_empty(),
        "state: the disk has no room for any size"
    );
    let list: Vec<String> = sizes.iter().map(u64::to_string).collect();
    let program = std::env::current_exe()?.with_file_name(PROGRAM);
    let status = Command::new(&program)
        .args(["--keys", &list.join(","), "--memory-mib", MEMORY_MIB])
        .args(["--fjall-up-to", &MOST_FOR_FJALL.to_string(), "--multi-get"])
        .args(options.quick.then_some("--operations=40000"))
        .args(["--folder"])
        .arg(&folder)
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("run {}", program.display()))?;
    ensure!(status.success(), "{PROGRAM} ended with {status}");
    let path = folder.join("state.json");
    let text = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let cases: Vec<Case> =
        serde_json::from_slice(&text).context("state.json holds something else")?;
    let skewed = |keys: Option<&u64>| {
        let wanted =
            |c: &&Case| c.store == "keyed" && c.access == "skewed" && Some(&c.keys) == keys;
        cases.iter().find(wanted).map_or(0.0, |c| c.rmw_per_cpu_s)
    };
    let ratio = skewed(sizes.iter().max()) / skewed(sizes.iter().min());
    Ok(Figures {
        cases,
        left_out,
        skewed_most_over_fewest: ratio,
    })
}

impl Figures {
    /// The table.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\nState: read-modify-writes of 100-byte values in windows of 2,000, one partition, one thread"
        )?;
        let mut rows = vec![heading(&[
            "store",
            "keys",
            "access",
            "per CPU-s",
            "per s",
            "fill per CPU-s",
            "peak MiB",
            "index B a key",
            "disk B a key",
            "open s",
        ])];
        for case in &self.cases {
            rows.push(vec![
                case.store.clone(),
                case.keys.to_string(),
                case.access.clone(),
                format!("{:.0}", case.rmw_per_cpu_s),
                format!("{:.0}", case.rmw_per_s),
                format!("{:.0}", case.fill_per_cpu_s),
                format!("{:.0}", case.peak_rss_mib),
                format!("{:.1}", case.index_bytes_per_key),
                format!("{:.0}", case.disk_bytes_per_key),
                format!("{:.2}", case.reopen_s),
            ]);
        }
        table(out, &rows)?;
        writeln!(
            out,
            "keyed, skewed, most keys over fewest: {:.2}",
            self.skewed_most_over_fewest
        )?;
        for keys in &self.left_out {
            writeln!(out, "{keys} keys: left out, the disk has no room for them")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn sizes_the_disk_has_no_room_for_are_left_out_and_named() {
        let options = Line::parse_from(["bench"]).options;
        let gib = 1 << 30;
        assert_eq!(sizes(&options, 100 * gib).1, Vec::<u64>::new());
        assert_eq!(sizes(&options, 10 * gib).1, [100_000_000]);
        assert_eq!(sizes(&options, gib).0, [1_000_000]);
    }
}
