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
    let out = std::env::temp_dir().join(format!("serialtrail-bench-{}.json", std::process::id()));
    let run = Command::new(env!("CARGO_BIN_EXE_serialtrail-bench"))
        .args(["--quick", "--port-base", PORTS, "--out"])
        .arg(&out)
        .output()
        .unwrap();
    let tables = String::from_utf8_lossy(&run.stdout);
    let progress = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{tables}\n{progress}");
    for part in ["Backbone:", "Gateway:", "Query:", "Notifier:", "Codecs:"] {
        assert!(tables.contains(part), "no table {part}\n{tables}");
    }
    let report: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    std::fs::remove_file(&out).unwrap();
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
    let mut all = Vec::new();
    numbers(&report, &mut all);
    assert!(all.iter().all(|number| *number >= 0.0), "{report}");
}
