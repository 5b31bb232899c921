//! The bench itself: every part measures something, and nothing it needs has moved away.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::Command;

/// Beside the ports of the stack of `make test` (9400 to 9417).
const PORTS: &str = "9420";

fn numbers(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Number(number) => into.extend(number.as_f64()),
        Value::Array(all) => all.iter().for_each(|value| numbers(value, into)),
        Value::Object(all) => all.values().for_each(|value| numbers(value, into)),
        _ => {}
    }
}

#[test]
fn a_quick_run_measures_every_part() {
    if std::env::var_os("SERIALTRAIL_TEST_DIR").is_none() {
        eprintln!(
            "SKIPPED: needs the programs and parts that `make test` has (SERIALTRAIL_TEST_DIR)"
        );
        return;
    }
    // Figures that later runs read stand beside it.
    let folder = std::env::temp_dir().join(format!("serialtrail-bench-{}", std::process::id()));
    let out = folder.join("bench.json");
    let run = Command::new(env!("CARGO_BIN_EXE_serialtrail-bench"))
        .args(["--quick", "--port-base", PORTS, "--out"])
        .arg(&out)
        .output()
        .unwrap();
    let tables = String::from_utf8_lossy(&run.stdout);
    let progress = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{tables}\n{progress}");
    for part in [
        "Backbone:",
        "Gateway:",
        "Query:",
        "Notifier:",
        "Codecs:",
        "Stages:",
        "Sink:",
        "Pipeline:",
        "Alert delay:",
        "State:",
        "Recovery:",
        "Scaling,",
    ] {
        assert!(tables.contains(part), "no table {part}\n{tables}");
    }
    let report: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    for (part, cells) in [("gateway", 6), ("notifier", 4)] {
        assert_eq!(
            report[part]["cells"].as_array().unwrap().len(),
            cells,
            "{part}"
        );
    }
    assert!(report["backbone"]["observations"].as_u64().unwrap() > 0);
    assert_eq!(report["query"]["fill"]["observations"], 100_000);
    let kinds = report["query"]["kinds"].as_array().unwrap();
    assert!(!kinds.is_empty(), "no kind of question was timed");
    for kind in kinds {
        assert_eq!(kind["failed"], 0, "{kind}");
        assert!(
            kind["first_touch"]["p50_ms"].as_f64().unwrap() > 0.0,
            "{kind}"
        );
        assert!(
            kind["warm_p50_ms"]["median"].as_f64().unwrap() > 0.0,
            "{kind}"
        );
    }
    assert_eq!(report["codecs"]["rows"].as_array().unwrap().len(), 7);
    let stages = report["stages"]["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().filter_map(|s| s["stage"].as_str()).collect();
    assert_eq!(names, ["dispatcher", "enricher", "detector"]);
    for stage in stages {
        assert!(stage["records"].as_u64().unwrap() > 0, "{stage}");
    }
    for stage in &stages[1..] {
        assert!(
            stage["domain"]["allocations_a_record"].as_f64().unwrap() > 1.0,
            "nothing was counted: {stage}"
        );
    }
    assert!(report["sink"]["rows"].as_u64().unwrap() > 0);
    let pipeline = &report["pipeline"];
    assert_eq!(pipeline["through"], true);
    assert_eq!(
        pipeline["landed"], pipeline["observations"],
        "every observation landed once"
    );
    assert_eq!(report["alert_delay"]["alerted"]["count"], 10);
    assert!(report["alert_delay"]["alerted"]["p50_ms"].as_f64().unwrap() > 0.0);
    // Keyed and fjall, uniform and skewed.
    assert_eq!(report["state"]["cases"].as_array().unwrap().len(), 4);
    let recovery = report["recovery"]["cases"].as_array().unwrap();
    assert_eq!(recovery.len(), 2);
    for case in recovery {
        assert!(case["back_s"]["median"].as_f64().unwrap() > 0.0, "{case}");
    }
    let read = |case: usize| recovery[case]["changelog"]["median"].as_f64().unwrap();
    assert!(
        read(1) >= 20_000.0,
        "the changelog was not read whole: {recovery:?}"
    );
    assert!(
        read(0) < 20_000.0,
        "the local files were of no use: {recovery:?}"
    );
    assert!(report["scaling"]["cores"]["enricher"].as_f64().unwrap() > 0.0);
    let mut all = Vec::new();
    numbers(&report, &mut all);
    assert!(all.iter().all(|number| *number >= 0.0), "{report}");
}
