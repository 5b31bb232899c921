//! Every query of every dashboard runs on the real engine, whatever is chosen, and says what is true.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use serialtrail_dashboards_test::dashboards;
use serialtrail_dashboards_test::engine::Engine;
use serialtrail_dashboards_test::model::{Dashboard, Panel};
use serialtrail_dashboards_test::visit::{Visit, WAYS, Way, visit};

fn dashboard(file: &str) -> Dashboard {
    let all = dashboards().unwrap();
    all.into_iter().find(|(name, _)| name == file).unwrap().1
}

#[test]
fn every_query_runs_and_answers_whatever_is_chosen() {
    let Some(engine) = Engine::seeded("every_query").unwrap() else {
        return;
    };
    let mut found = Vec::new();
    let mut queries = 0;
    for (file, dashboard) in dashboards().unwrap() {
        for way in WAYS {
            let Visit { findings, answers } = visit(&engine, &dashboard, way);
            queries += answers.values().map(Vec::len).sum::<usize>();
            found.extend(
                findings
                    .into_iter()
                    .map(|text| format!("{file}, {way:?}: {text}")),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
    let asked = |panel: &Panel| panel.targets.iter().filter(|t| t.raw_sql.is_some()).count();
    let all: usize = dashboards()
        .unwrap()
        .iter()
        .flat_map(|(_, d)| d.asking().map(asked).collect::<Vec<_>>())
        .sum();
    assert_eq!(queries, all * WAYS.len(), "each query was run in each way");
}

/// Numbers of the only row of a panel's first target.
fn figures(visit: &Visit, panel: &str) -> Vec<f64> {
    let rows = &visit.answers[panel][0].rows;
    rows[0]
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect()
}

fn total(visit: &Visit, panel: &str) -> f64 {
    let rows = visit.answers[panel][0].rows.iter();
    rows.flatten().filter_map(Value::as_f64).sum()
}

#[test]
fn the_figures_are_those_of_the_small_world() {
    let Some(engine) = Engine::seeded("figures").unwrap() else {
        return;
    };
    let seen = visit(&engine, &dashboard("visibility.json"), Way::All);
    assert_eq!(
        figures(&seen, "Units by whereabouts"),
        [12.0, 3.0, 6.0, 1.0, 22.0]
    );
    assert_eq!(figures(&seen, "Units without a known place"), [1.0]);
    assert!((total(&seen, "Units by country and stage") - 22.0).abs() < f64::EPSILON);

    let seen = visit(&engine, &dashboard("recall-exposure.json"), Way::First);
    assert_eq!(
        figures(&seen, "Units of the lot by whereabouts"),
        [3.0, 2.0, 3.0, 1.0, 9.0]
    );
    assert_eq!(figures(&seen, "Never read"), [1.0]);
    assert_eq!(figures(&seen, "Sold after the recall"), [4.0]);
    assert!((total(&seen, "Units by country") - 9.0).abs() < f64::EPSILON);

    let seen = visit(
        &engine,
        &dashboard("counterfeit-and-diversion.json"),
        Way::All,
    );
    assert_eq!(figures(&seen, "Standing alerts"), [2.0, 1.0, 0.0, 1.0, 3.0]);
    assert_eq!(figures(&seen, "Retracted"), [0.25]);

    let seen = visit(&engine, &dashboard("data-quality.json"), Way::All);
    assert_eq!(
        figures(&seen, "Records and refusals"),
        [81.0, 2.0, 200.0 / 83.0]
    );

    let seen = visit(&engine, &dashboard("demand.json"), Way::First);
    assert_eq!(figures(&seen, "Expected in the next 28 days"), [168.0]);
    // Seven days compared: 60 came, 84 were expected; WAPE and bias are 24 / 60. A day without a sale
    // has no row and counts as 0.
    let realised = total(&seen, "Realised error by days ahead");
    assert!(
        (realised - (7.0 + 60.0 + 84.0 + 0.4 + 0.4)).abs() < 1e-9,
        "{realised}"
    );
    assert_eq!(seen.answers["What demand is made of"][0].rows.len(), 31);
    assert_eq!(figures(&seen, "Days not yet complete"), [3.0]);
    assert_eq!(figures(&seen, "Error of this series (WAPE)"), [0.25]);
}

#[test]
fn a_broken_query_is_found() {
    let Some(engine) = Engine::seeded("broken").unwrap() else {
        return;
    };
    // Panel, its query, and a word of what must be said.
    let table = [
        (
            "Units by whereabouts",
            "SELECT count() AS n FROM no_table",
            "UNKNOWN_TABLE",
        ),
        (
            "Units by whereabouts",
            "SELECT count() AS n FROM observations WHERE $__timeFiler(event_time)",
            "no macro",
        ),
        ("Units by whereabouts", "SELECT 'many' AS n", "numbers only"),
        ("Units by whereabouts", "SELECT 1 AS n WHERE 0", "no row"),
        ("Units by whereabouts", "SELECT 0 AS n", "nothing but zeros"),
        ("Units by country and stage", "SELECT 1 AS n", "xField"),
        (
            "Longest unmoved units",
            "SELECT unit FROM observations",
            "an override is for",
        ),
        (
            "Longest unmoved units",
            "SELECT unit, path, 1 AS longest, now() AS since FROM observations",
            "raw JSON",
        ),
        (
            "Longest unmoved units",
            "SELECT unit, country, 1 AS longest, now() AS since FROM observations",
            "retracted",
        ),
        (
            "Reads by business step",
            "SELECT biz_step AS step, 1 AS n FROM observations",
            "must be a time",
        ),
        (
            "Reads by business step",
            "SELECT event_time AS time, 1 AS n FROM observations",
            "no text column",
        ),
        (
            "Reads by business step",
            "SELECT event_time AS time, biz_step AS step, 1 AS n FROM observations ORDER BY time DESC",
            "not ascending",
        ),
    ];
    for (panel, sql, word) in table {
        let mut broken = dashboard("visibility.json");
        broken.panels.retain(|p| p.title == panel);
        broken.panels[0].targets[0].raw_sql = Some(sql.to_owned());
        let found = visit(&engine, &broken, Way::All).findings.join("\n");
        assert!(found.contains(word), "{word:?} is not in {found:?}");
    }
    let mut broken = dashboard("visibility.json");
    broken.templating.list[1].query =
        serde_json::json!({"rawSql": "SELECT gtin FROM products WHERE 0"});
    let found = visit(&engine, &broken, Way::First).findings.join("\n");
    assert!(found.contains("offers nothing"), "{found}");
}
