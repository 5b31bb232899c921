//! The dashboards are sound files, and a broken one is found.
#![allow(clippy::unwrap_used)]

use serialtrail_dashboards_test::dashboards;
use serialtrail_dashboards_test::model::Dashboard;
use serialtrail_dashboards_test::structure::findings;

fn visibility() -> Dashboard {
    let all = dashboards().unwrap();
    all.into_iter()
        .find(|(file, _)| file == "visibility.json")
        .unwrap()
        .1
}

#[test]
fn the_dashboards_are_sound() {
    assert_eq!(findings(&dashboards().unwrap()), Vec::<String>::new());
}

/// What is broken, how, and a word of what must be said about it.
type Break = (fn(&mut Dashboard), &'static str);

#[test]
fn each_kind_of_fault_is_found() {
    let breaks: &[Break] = &[
        (|d| d.uid = "Up Per".to_owned(), "uid"),
        (|d| d.schema_version = 16, "schemaVersion"),
        (|d| d.tags.clear(), "tag"),
        (|d| d.links.clear(), "link"),
        (|d| d.panels[2].id = d.panels[1].id, "id"),
        (|d| d.panels[2].title = d.panels[1].title.clone(), "title"),
        (|d| d.panels[2].grid_pos = d.panels[1].grid_pos, "overlap"),
        (|d| d.panels[1].grid_pos.w = 25, "leaves the grid"),
        (|d| d.panels[1].description.clear(), "description"),
        (
            |d| d.panels[1].field_config.as_mut().unwrap().defaults.unit = None,
            "unit",
        ),
        (
            |d| d.panels[1].field_config.as_mut().unwrap().defaults.no_value = None,
            "no data",
        ),
        (|d| d.panels[1].kind = "piechart".to_owned(), "kind"),
        (|d| d.panels[1].targets.clear(), "asks nothing"),
        (
            |d| d.panels[1].targets[0].datasource.uid = "P1234".to_owned(),
            "data source",
        ),
        (|d| d.panels[1].targets[0].format = Some(0), "format"),
        (|d| d.panels[1].targets[0].raw_sql = None, "rawSql"),
        (
            |d| d.panels[1].targets[0].raw_sql = Some("SELECT $nobody".to_owned()),
            "no variable nobody",
        ),
        (
            |d| d.panels[1].targets[0].raw_sql = Some("SELECT '$gtin'".to_owned()),
            "unquoted",
        ),
        (
            |d| d.panels[1].targets[0].raw_sql = Some("SELECT 1 SETTINGS x = 1".to_owned()),
            "SETTINGS",
        ),
        (
            |d| d.templating.list.push(d.templating.list[1].clone()),
            "two variables",
        ),
        (|d| d.templating.list.swap(0, 1), "not before it"),
        (|d| d.templating.list[1].label.clear(), "label"),
        (
            |d| d.templating.list[1].name = "item".to_owned(),
            "item is not used",
        ),
    ];
    for (fault, word) in breaks {
        let mut broken = visibility();
        fault(&mut broken);
        let found = findings(&[("broken.json".to_owned(), broken)]).join("\n");
        assert!(found.contains(word), "{word:?} is not in:\n{found}");
    }
}

#[test]
fn a_link_to_no_dashboard_and_a_uid_given_twice_are_found() {
    let alone = [("visibility.json".to_owned(), visibility())];
    assert!(
        findings(&alone)
            .join("\n")
            .contains("leads to no dashboard")
    );
    let twice = [alone[0].clone(), alone[0].clone()];
    assert!(findings(&twice).join("\n").contains("is also that of"));
}
