//! The alert rules of `deploy/prometheus` and the routes of `deploy/alertmanager`, judged by Prometheus's
//! and Alertmanager's own tools.
#![allow(clippy::unwrap_used)]

use serialtrail_runtime::metrics;
use serialtrail_stack::Project;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

fn project() -> Project {
    Project::find().unwrap()
}

fn text(file: &str) -> String {
    std::fs::read_to_string(project().deploy(file)).unwrap()
}

/// `None`, said on standard error, where the tool is not on this machine.
fn tool(name: &str) -> Option<PathBuf> {
    let found = project().monitor(name);
    if found.is_none() {
        eprintln!("SKIPPED: {name} is not installed: run deploy/local/install.sh");
    }
    found
}

/// What the tool printed; it must end well.
fn run(tool: &PathBuf, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}:\n{printed}");
    printed
}

/// Words of a text that look like names of our metrics, without a histogram's ending.
fn metric_names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("serialtrail_"))
        .map(|word| word.strip_suffix("_bucket").unwrap_or(word).to_owned())
        .collect()
}

fn alert_names() -> Vec<String> {
    let rules = text("prometheus/rules.yml");
    rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn prometheus_takes_its_settings_and_rules() {
    let Some(promtool) = tool("promtool") else {
        return;
    };
    let settings = project().deploy("prometheus/prometheus.yml");
    run(&promtool, &["check", "config", settings.to_str().unwrap()]);
}

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let Some(promtool) = tool("promtool") else {
        return;
    };
    let tests = project().deploy("prometheus/tests.yml");
    run(&promtool, &["test", "rules", tests.to_str().unwrap()]);
}

#[test]
fn every_alert_is_tested_and_explained() {
    let (tests, readme) = (text("prometheus/tests.yml"), text("prometheus/README.md"));
    let names = alert_names();
    assert!(names.len() > 10);
    for name in names {
        assert!(
            tests.contains(&format!("alertname=\"{name}\"")),
            "tests.yml has no test in which {name} fires"
        );
        assert!(
            readme.contains(&format!("| `{name}` |")),
            "README.md does not explain {name}"
        );
    }
}

#[test]
fn rules_and_their_tests_use_only_metrics_that_exist() {
    let known: BTreeSet<&str> = metrics::ALL.iter().map(|metric| metric.name).collect();
    for file in ["prometheus/rules.yml", "prometheus/tests.yml"] {
        let used = metric_names(&text(file));
        assert!(!used.is_empty());
        for name in used {
            assert!(known.contains(name.as_str()), "{file}: {name} is no metric");
        }
    }
}

#[test]
fn alertmanager_takes_its_settings() {
    let Some(amtool) = tool("amtool") else { return };
    let settings = project().deploy("alertmanager/alertmanager.yml");
    run(&amtool, &["check-config", settings.to_str().unwrap()]);
}

#[test]
fn an_alert_on_the_pipeline_and_one_on_the_goods_reach_different_people() {
    let Some(amtool) = tool("amtool") else { return };
    let settings = project().deploy("alertmanager/alertmanager.yml");
    let settings = format!("--config.file={}", settings.display());
    let cases = [
        (["group=pipeline", "severity=warning"], "pipeline"),
        (["group=pipeline", "severity=critical"], "pipeline-critical"),
        (["group=lot/1", "severity=low"], "supply-chain"),
        (["group=lot/1", "severity=medium"], "supply-chain"),
        (["group=site/1", "severity=high"], "supply-chain-high"),
        (
            ["group=site/1", "severity=critical"],
            "supply-chain-critical",
        ),
    ];
    for (labels, receiver) in cases {
        let expected = format!("--verify.receivers={receiver}");
        let mut arguments = vec!["config", "routes", "test", &settings, &expected];
        arguments.extend(labels);
        run(&amtool, &arguments);
    }
}
