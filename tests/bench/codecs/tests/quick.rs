//! The program itself: every task is measured, with or without peers.
#![allow(clippy::unwrap_used, missing_docs)]

use serialtrail_bench_codecs::{Figures, Task};
use std::process::Command;

#[test]
fn a_quick_run_measures_every_task() {
    let out = std::env::temp_dir().join(format!("serialtrail-codecs-{}.json", std::process::id()));
    let run = Command::new(env!("CARGO_BIN_EXE_serialtrail-bench-codecs"))
        .args(["--quick", "--no-peers", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let figures: Figures = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    std::fs::remove_file(&out).unwrap();
    let tasks: Vec<Task> = figures.rows.iter().map(|row| row.task).collect();
    assert_eq!(tasks, Task::ALL);
    assert!(figures.rows.iter().all(|row| row.ours.median > 0.0));
    for what in ["encode", "decode"] {
        let records: std::collections::BTreeSet<&str> = figures
            .avro
            .iter()
            .filter(|cost| cost.what == what && cost.way == "ours" && cost.per_cpu_s.median > 0.0)
            .map(|cost| cost.record.as_str())
            .collect();
        let all = ["DetectorUnit", "EnrichedObservation", "UnitEvent"];
        assert_eq!(records, all.into(), "{what}");
    }
    let large: Vec<Task> = figures.large.iter().map(|large| large.task).collect();
    assert_eq!(large, [Task::JsonLd, Task::Xml]);
    for large in &figures.large {
        assert!(large.bytes >= 2_000_000, "{large:?}");
        // Not every system tells it.
        if let Some(peak) = large.peak {
            assert!(peak < large.bytes, "read in {peak} bytes: {large:?}");
        }
    }
}
