//! Every PromQL expression names what this build exports, and Prometheus's parser takes it.
#![allow(clippy::unwrap_used)]

use serialtrail_dashboards_test::model::{Dashboard, PROMETHEUS, Target};
use serialtrail_dashboards_test::{dashboards, promql};

fn targets(dashboards: &[(String, Dashboard)]) -> Vec<(String, &Target)> {
    let mut targets = Vec::new();
    for (file, dashboard) in dashboards {
        for panel in dashboard.asking() {
            let asked = panel
                .targets
                .iter()
                .filter(|t| t.datasource.kind == PROMETHEUS);
            targets.extend(asked.map(|target| (format!("{file}, {}", panel.title), target)));
        }
    }
    targets
}

#[test]
fn every_metric_and_label_is_exported() {
    let dashboards = dashboards().unwrap();
    let mut found = Vec::new();
    for (place, target) in targets(&dashboards) {
        found.extend(
            promql::findings(target)
                .into_iter()
                .map(|text| format!("{place}: {text}")),
        );
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_label_a_variable_lists_is_exported() {
    let mut lists = 0;
    for (file, dashboard) in dashboards().unwrap() {
        for variable in dashboard.templating.list {
            let Some(list) = variable.query["query"].as_str() else {
                continue;
            };
            let inside = list
                .strip_prefix("label_values(")
                .and_then(|l| l.strip_suffix(')'));
            let (metric, label) = inside.and_then(|list| list.split_once(", ")).expect(list);
            assert_eq!(metric, "{__name__=~\"serialtrail_.*\"}", "{file}: {list}");
            let known = serialtrail_runtime::metrics::ALL;
            assert!(
                known.iter().any(|m| m.labels.contains(&label)),
                "{file}: {list}"
            );
            assert_eq!(variable.all_value.as_deref(), Some(".*"), "{file}: {list}");
            lists += 1;
        }
    }
    assert!(lists > 0);
}

#[test]
fn every_metric_is_on_a_dashboard() {
    let dashboards = dashboards().unwrap();
    let text: String = targets(&dashboards)
        .iter()
        .filter_map(|(_, t)| t.expr.clone())
        .collect();
    for metric in serialtrail_runtime::metrics::ALL {
        assert!(text.contains(metric.name), "no panel shows {}", metric.name);
    }
}

#[test]
fn prometheus_parses_every_expression() {
    let Some(promtool) = promql::promtool() else {
        return;
    };
    let dashboards = dashboards().unwrap();
    let filled = |(_, target): &(String, &Target)| promql::filled(target.expr.as_deref().unwrap());
    let mut expressions: Vec<String> = targets(&dashboards).iter().map(filled).collect();
    assert!(expressions.len() > 20);
    assert_eq!(promql::parsed(&promtool, &expressions).unwrap(), None);

    expressions[7].push(')');
    assert!(
        promql::parsed(&promtool, &expressions).unwrap().is_some(),
        "a broken one is found"
    );
}
