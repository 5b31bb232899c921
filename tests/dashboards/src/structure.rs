//! What must hold within a dashboard file and between the files.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CLICKHOUSE, Dashboard, PROMETHEUS, Panel, Target, Variable};
use crate::reference::references;

/// File format of Grafana 10.4; later ones convert it.
pub const SCHEMA_VERSION: u32 = 39;
/// Columns of the grid.
const COLUMNS: u32 = 24;
/// Kinds of panels in use, all part of Grafana.
const KINDS: [&str; 4] = ["stat", "timeseries", "table", "barchart"];
/// Least and longest description of a panel, characters: a meaning and an advice, in a tooltip.
const DESCRIPTION: std::ops::RangeInclusive<usize> = 40..=280;

/// Everything wrong in these files, as sentences.
#[must_use]
pub fn findings(dashboards: &[(String, Dashboard)]) -> Vec<String> {
    let mut found = Vec::new();
    let mut uids = BTreeMap::new();
    for (file, dashboard) in dashboards {
        if let Some(other) = uids.insert(&dashboard.uid, file) {
            found.push(format!(
                "{file}: uid {} is also that of {other}",
                dashboard.uid
            ));
        }
        let mut say = |text: String| found.push(format!("{file}: {text}"));
        head(dashboard, &mut say);
        panels(dashboard, &mut say);
        variables(dashboard, &mut say);
    }
    for (file, dashboard) in dashboards {
        for target in dashboard_links(dashboard) {
            if !uids.contains_key(&target) {
                found.push(format!("{file}: a link leads to no dashboard: {target}"));
            }
        }
    }
    found
}

fn head(dashboard: &Dashboard, say: &mut impl FnMut(String)) {
    if dashboard.schema_version != SCHEMA_VERSION {
        say(format!(
            "schemaVersion {}, not {SCHEMA_VERSION}",
            dashboard.schema_version
        ));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    if dashboard.uid.is_empty() || dashboard.uid.len() > 40 || !dashboard.uid.bytes().all(plain) {
        say(format!(
            "uid {:?} is not 1 to 40 of a-z and -",
            dashboard.uid
        ));
    }
    if dashboard.title.is_empty() || dashboard.description.len() < 40 {
        say("title or description is missing or too short".to_owned());
    }
    if !dashboard.time.from.starts_with("now-") || !dashboard.time.to.starts_with("now") {
        say("the time range at the start is not relative to now".to_owned());
    }
    let by_tag = |tags: &[String]| tags.iter().any(|tag| tag == "serialtrail");
    if !by_tag(&dashboard.tags) {
        say("lacks the tag serialtrail".to_owned());
    }
    let mut links = dashboard.links.iter();
    if !links.any(|link| link.kind == "dashboards" && by_tag(&link.tags)) {
        say("lacks the link to the other dashboards".to_owned());
    }
    for link in dashboard.links.iter().filter(|link| link.kind == "link") {
        if link.title.is_empty() || !link.url.starts_with("${console}/") {
            say(format!(
                "the link {:?} does not lead into the console",
                link.title
            ));
        }
    }
}

fn panels(dashboard: &Dashboard, say: &mut impl FnMut(String)) {
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for panel in &dashboard.panels {
        let name = &panel.title;
        if panel.id == 0 || !ids.insert(panel.id) {
            say(format!("panel {name:?}: id {} is not its own", panel.id));
        }
        if name.is_empty() || !titles.insert(name) {
            say(format!("panel {}: title {name:?} is not its own", panel.id));
        }
        let grid = panel.grid_pos;
        if grid.w == 0 || grid.h == 0 || grid.x + grid.w > COLUMNS {
            say(format!("panel {name:?} leaves the grid"));
        }
        if panel.kind != "row" {
            for text in asking(panel) {
                say(format!("panel {name:?}: {text}"));
            }
        }
    }
    for (at, one) in dashboard.panels.iter().enumerate() {
        for other in &dashboard.panels[at + 1..] {
            if overlap(one, other) {
                say(format!(
                    "panels {:?} and {:?} overlap",
                    one.title, other.title
                ));
            }
        }
    }
}

fn overlap(one: &Panel, other: &Panel) -> bool {
    let (a, b) = (one.grid_pos, other.grid_pos);
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

/// What is wrong with a panel that asks something.
fn asking(panel: &Panel) -> Vec<String> {
    let mut found = Vec::new();
    if !KINDS.contains(&panel.kind.as_str()) {
        found.push(format!("kind {:?} is none of {KINDS:?}", panel.kind));
    }
    if !DESCRIPTION.contains(&panel.description.chars().count()) {
        let length = panel.description.chars().count();
        found.push(format!(
            "its description has {length} characters, not {DESCRIPTION:?}"
        ));
    }
    let defaults = panel.field_config.as_ref().map(|config| &config.defaults);
    if defaults
        .and_then(|d| d.unit.as_deref())
        .is_none_or(str::is_empty)
    {
        found.push("no unit".to_owned());
    }
    if defaults
        .and_then(|d| d.no_value.as_deref())
        .is_none_or(str::is_empty)
    {
        found.push("does not say what it means to have no data".to_owned());
    }
    let overrides = panel
        .field_config
        .iter()
        .flat_map(|config| &config.overrides);
    for other in overrides.filter(|o| o.matcher.id != "byName") {
        found.push(format!(
            "an override matches {}, not byName",
            other.matcher.id
        ));
    }
    if panel.targets.is_empty() {
        found.push("asks nothing".to_owned());
    }
    let mut letters = BTreeSet::new();
    for target in &panel.targets {
        if !letters.insert(&target.ref_id) {
            found.push(format!("two targets {}", target.ref_id));
        }
        found.extend(asked(panel, target));
    }
    found
}

fn asked(panel: &Panel, target: &Target) -> Vec<String> {
    let mut found = Vec::new();
    if panel.datasource.as_ref() != Some(&target.datasource) {
        found.push("its data source is not that of its target".to_owned());
    }
    let uid = match target.datasource.kind.as_str() {
        CLICKHOUSE => "${DS_CLICKHOUSE}",
        PROMETHEUS => "${DS_PROMETHEUS}",
        other => {
            found.push(format!(
                "data source {other:?} is neither ClickHouse nor Prometheus"
            ));
            return found;
        }
    };
    if target.datasource.uid != uid {
        found.push(format!(
            "data source {:?} is not the variable {uid}",
            target.datasource.uid
        ));
    }
    if target.datasource.kind == PROMETHEUS {
        let complete = target.expr.is_some() && target.legend_format.is_some();
        if !complete || target.raw_sql.is_some() {
            found.push("a target of Prometheus needs expr and legendFormat only".to_owned());
        }
        return found;
    }
    let time_series = panel.kind == "timeseries";
    let kind = (target.format, target.query_type.as_deref());
    let expected = if time_series {
        (Some(0), Some("timeseries"))
    } else {
        (Some(1), Some("table"))
    };
    if kind != expected {
        found.push(format!(
            "format and queryType are {kind:?}, not {expected:?}"
        ));
    }
    let Some(sql) = &target.raw_sql else {
        found.push("no rawSql".to_owned());
        return found;
    };
    if sql.contains("SETTINGS") {
        // The plugin's user is best read-only, and such a one may not change settings.
        found.push("SETTINGS in a query is refused to a read-only user".to_owned());
    }
    if time_series && panel.interval.is_none() {
        found.push("a time series without a least interval".to_owned());
    }
    found
}

fn variables(dashboard: &Dashboard, say: &mut impl FnMut(String)) {
    let list = &dashboard.templating.list;
    let mut known = BTreeSet::new();
    let mut used = BTreeSet::new();
    for variable in list {
        for text in variable_texts(variable) {
            for reference in references(&text).into_iter().filter(|r| !r.is_built_in()) {
                if !known.contains(reference.name.as_str()) {
                    say(format!(
                        "variable {} uses {}, which is not before it",
                        variable.name, reference.name
                    ));
                }
                used.insert(reference.name);
            }
        }
        if !known.insert(variable.name.as_str()) {
            say(format!("two variables {}", variable.name));
        }
        if variable.label.is_empty() {
            say(format!("variable {} has no label", variable.name));
        }
        if variable.kind != "datasource" && variable.description.is_empty() {
            say(format!("variable {} has no description", variable.name));
        }
        if variable.multi != variable.include_all {
            say(format!(
                "variable {}: several and all go together",
                variable.name
            ));
        }
        if let Some(sql) = variable.sql() {
            unquoted(sql, list)
                .into_iter()
                .for_each(|text| say(format!("variable {}: {text}", variable.name)));
        }
    }
    for text in texts(dashboard) {
        for reference in references(&text).into_iter().filter(|r| !r.is_built_in()) {
            if !known.contains(reference.name.as_str()) {
                say(format!(
                    "there is no variable {} in: {text}",
                    reference.name
                ));
            }
            used.insert(reference.name);
        }
    }
    for target in dashboard.asking().flat_map(|panel| &panel.targets) {
        for text in unquoted(target.raw_sql.as_deref().unwrap_or_default(), list) {
            say(text);
        }
    }
    for name in known {
        if !used.contains(name) {
            say(format!("variable {name} is not used"));
        }
    }
}

fn variable_texts(variable: &Variable) -> Vec<String> {
    let source = variable.datasource.iter().map(|source| source.uid.clone());
    source.chain([variable.query.to_string()]).collect()
}

/// Every text of panels and links in which Grafana fills in variables.
fn texts(dashboard: &Dashboard) -> Vec<String> {
    let mut texts: Vec<String> = dashboard
        .links
        .iter()
        .map(|link| link.url.clone())
        .collect();
    for panel in &dashboard.panels {
        texts.push(panel.title.clone());
        for target in &panel.targets {
            texts.push(target.datasource.uid.clone());
            texts.extend(target.raw_sql.clone());
            texts.extend(target.expr.clone());
        }
        if let Some(config) = &panel.field_config {
            texts.extend(config.defaults.display_name.clone());
            let properties = config.overrides.iter().flat_map(|o| &o.properties);
            texts.extend(properties.map(|property| property.value.to_string()));
        }
    }
    texts
}

/// References whose value would reach SQL without being quoted: only numbers of a fixed list may.
fn unquoted(sql: &str, list: &[Variable]) -> Vec<String> {
    let number = |name: &str| {
        let fixed = list.iter().find(|v| v.name == name && v.kind == "custom");
        fixed.is_some_and(|v| v.options.iter().all(|o| o.value.parse::<u32>().is_ok()))
    };
    let mut found = Vec::new();
    for reference in references(sql) {
        let quoted = reference.format.as_deref() == Some("sqlstring");
        let only_named = sql[..reference.span.start].ends_with(", ")
            && sql[reference.span.end..].starts_with(')')
            && sql.contains("$__conditionalAll(");
        if !(quoted || only_named || reference.is_built_in() || number(&reference.name)) {
            found.push(format!(
                "{} reaches SQL unquoted: write ${{{}:sqlstring}}",
                reference.name, reference.name
            ));
        }
    }
    found
}

/// The uids that links inside panels lead to.
fn dashboard_links(dashboard: &Dashboard) -> BTreeSet<String> {
    texts(dashboard)
        .iter()
        .flat_map(|text| text.split("/d/").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect()
        })
        .collect()
}
