//! One visit of a dashboard: its variables are filled in one [`Way`], every query is run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::answer::{Answer, content, named, shape};
use crate::engine::{Engine, FROM, TO};
use crate::fill::{Chosen, Look, fill};
use crate::model::{CLICKHOUSE, Dashboard, Panel, Target, Variable};

/// How the variables are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The first option of each.
    First,
    /// All, where that can be chosen; else the first option.
    All,
    /// Two options, where several can be chosen; else the last option.
    Several,
    /// A value that is not there, with quotes, brackets and commas in it.
    Quoted,
}

/// All ways.
pub const WAYS: [Way; 4] = [Way::First, Way::All, Way::Several, Way::Quoted];

/// What no answer may hold: the seed marks retracted rows with these.
const RETRACTED: [&str; 2] = ["ZZ", "RETRACTED"];

/// What a visit found.
#[derive(Debug, Default)]
pub struct Visit {
    /// What is wrong, as sentences.
    pub findings: Vec<String>,
    /// Answers by panel title, in the order of its targets.
    pub answers: BTreeMap<String, Vec<Answer>>,
}

/// Visits a dashboard.
#[must_use]
pub fn visit(engine: &Engine, dashboard: &Dashboard, way: Way) -> Visit {
    let mut visit = Visit::default();
    let mut look = Look {
        from: FROM,
        to: TO,
        interval: 86_400,
        chosen: BTreeMap::new(),
    };
    for variable in &dashboard.templating.list {
        match chosen(engine, variable, way, &look) {
            Ok(chosen) => {
                look.chosen.insert(variable.name.clone(), chosen);
            }
            Err(text) => {
                let text = format!("variable {}: {text}", variable.name);
                visit.findings.push(text);
                return visit;
            }
        }
    }
    for panel in dashboard.asking() {
        let asked = panel
            .targets
            .iter()
            .filter(|t| t.datasource.kind == CLICKHOUSE);
        let mut columns = Vec::new();
        for target in asked {
            let found = match ask(engine, target, &look) {
                Err(text) => vec![text],
                Ok(answer) => {
                    let found = judged(panel, target, &answer, way);
                    columns.extend(answer.columns.iter().map(|(name, _)| name.clone()));
                    visit
                        .answers
                        .entry(panel.title.clone())
                        .or_default()
                        .push(answer);
                    found
                }
            };
            let place = format!("panel {:?}, {}: ", panel.title, target.ref_id);
            visit
                .findings
                .extend(found.into_iter().map(|text| place.clone() + &text));
        }
        if panel.kind == "timeseries" && !columns.is_empty() {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let found = named(panel, &columns).into_iter();
            visit
                .findings
                .extend(found.map(|text| format!("panel {:?}: {text}", panel.title)));
        }
    }
    visit
}

fn ask(engine: &Engine, target: &Target, look: &Look) -> Result<Answer, String> {
    let sql = fill(target.raw_sql.as_deref().unwrap_or_default(), look)?;
    engine.ask(&sql).map_err(|error| format!("{error:#}"))
}

fn judged(panel: &Panel, target: &Target, answer: &Answer, way: Way) -> Vec<String> {
    let mut found = shape(panel, target, answer);
    if way == Way::All {
        found.extend(content(panel, answer));
    }
    let texts = answer.rows.iter().flatten().filter_map(Value::as_str);
    for text in texts.filter(|text| text.split(' ').any(|word| RETRACTED.contains(&word))) {
        found.push(format!("shows what was retracted: {text}"));
    }
    found
}

fn chosen(engine: &Engine, variable: &Variable, way: Way, look: &Look) -> Result<Chosen, String> {
    match variable.kind.as_str() {
        "datasource" => return Ok(Chosen::values(["any"])),
        "textbox" => {
            return Ok(Chosen::values([variable
                .query
                .as_str()
                .unwrap_or_default()]));
        }
        "custom" => {
            let option = variable.options.first().ok_or("has no option")?;
            return Ok(Chosen::values([option.value.clone()]));
        }
        _ => {}
    }
    // Those of Prometheus have no SQL; they are checked against the metrics exported.
    let Some(sql) = variable.sql() else {
        return Ok(Chosen {
            values: Vec::new(),
            all: true,
        });
    };
    let answer = engine
        .ask(&fill(sql, look)?)
        .map_err(|error| format!("{error:#}"))?;
    if !(1..=2).contains(&answer.columns.len()) {
        return Err(format!(
            "gives {} columns, not a value and a text",
            answer.columns.len()
        ));
    }
    if way == Way::Quoted {
        return Ok(Chosen::values(["it's (1, 2) 'x'"]));
    }
    let values: Option<Vec<String>> = answer
        .rows
        .iter()
        .map(|row| row[0].as_str().map(str::to_owned))
        .collect();
    let values = values.ok_or("gives values that are no text")?;
    if values.is_empty() || values.iter().any(String::is_empty) {
        return Err(format!("offers nothing, or an empty value: {values:?}"));
    }
    Ok(match way {
        Way::All if variable.include_all => Chosen { values, all: true },
        Way::Several if variable.multi => Chosen::values(values.into_iter().take(2)),
        Way::Several => Chosen::values(values.into_iter().next_back()),
        _ => Chosen::values(values.into_iter().next()),
    })
}
