//! Whether ClickHouse's answer suits the panel that asked.

use serde_json::Value;

use crate::model::{Panel, Target};
use crate::reference::references;

/// An answer: columns with their types, and rows.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Name and type, from the left.
    pub columns: Vec<(String, String)>,
    /// Values in the same order.
    pub rows: Vec<Vec<Value>>,
}

/// What a column is to Grafana.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Time,
    Number,
    Text,
    Flag,
    Other,
}

fn kind(column: &str) -> Kind {
    let bare = column
        .trim_start_matches("Nullable(")
        .trim_start_matches("LowCardinality(")
        .trim_start_matches("Nullable(");
    if bare.starts_with("Date") {
        Kind::Time
    } else if bare.starts_with("Int") || bare.starts_with("UInt") || bare.starts_with("Float") {
        Kind::Number
    } else if bare.starts_with("String") {
        Kind::Text
    } else if bare.starts_with("Bool") {
        Kind::Flag
    } else {
        Kind::Other
    }
}

/// What is wrong with the shape of the answer, rows or none.
#[must_use]
pub fn shape(panel: &Panel, target: &Target, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    let mut names: Vec<&str> = answer
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for (name, column) in &answer.columns {
        if kind(column) == Kind::Other {
            found.push(format!(
                "column {name} is {column}, which Grafana shows as raw JSON"
            ));
        }
    }
    let kinds: Vec<Kind> = answer
        .columns
        .iter()
        .map(|(_, column)| kind(column))
        .collect();
    let numbers = kinds.iter().filter(|k| **k == Kind::Number).count();
    match panel.kind.as_str() {
        "timeseries" => {
            if kinds.first() != Some(&Kind::Time) || kinds[1..].contains(&Kind::Time) {
                found.push(format!(
                    "the first column, and no other, must be a time: {:?}",
                    answer.columns
                ));
            }
            if numbers == 0 {
                found.push("no number to draw".to_owned());
            }
            let labels = kinds.iter().filter(|k| **k == Kind::Text).count();
            if labels > 0 && numbers != 1 {
                found.push("with a label there must be exactly one number".to_owned());
            }
        }
        "stat" if numbers != kinds.len() => {
            found.push(format!("a stat shows numbers only: {:?}", answer.columns));
        }
        "barchart" => {
            let x = panel.options["xField"].as_str().unwrap_or_default();
            if names.first() != Some(&x) || kinds.first() != Some(&Kind::Text) {
                found.push(format!("the first column must be the text {x:?} of xField"));
            }
            if numbers + 1 != kinds.len() {
                found.push("all columns after the first must be numbers".to_owned());
            }
        }
        _ => {}
    }
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        found.push(format!("two columns {}", pair[0]));
    }
    if !target.is_time_series() {
        found.extend(named(panel, &names));
    }
    found.extend(label(panel, answer));
    found
}

/// What settings of fields name and the answers of a panel do not have.
#[must_use]
pub fn named(panel: &Panel, columns: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for other in panel
        .field_config
        .iter()
        .flat_map(|config| &config.overrides)
    {
        if !columns.contains(&other.matcher.options.as_str()) {
            found.push(format!(
                "an override is for {:?}, which no column is",
                other.matcher.options
            ));
        }
        for property in &other.properties {
            for rest in property.value.to_string().split("${__data.fields.").skip(1) {
                let name = rest.split([':', '}']).next().unwrap_or_default();
                if !columns.contains(&name) {
                    found.push(format!(
                        "a link names the field {name:?}, which no column is"
                    ));
                }
            }
        }
    }
    found
}

/// A series' name must be a label that is there.
fn label(panel: &Panel, answer: &Answer) -> Vec<String> {
    let name = panel
        .field_config
        .as_ref()
        .and_then(|config| config.defaults.display_name.as_deref());
    let Some(name) = name else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for reference in references(name) {
        let label = name[reference.span.clone()]
            .trim_matches(['$', '{', '}'])
            .strip_prefix("__field.labels.");
        let there = label.is_some_and(|label| {
            answer
                .columns
                .iter()
                .any(|(name, column)| name == label && kind(column) == Kind::Text)
        });
        if !there {
            found.push(format!(
                "series are named by {name}, which is no text column"
            ));
        }
    }
    found
}

/// What is wrong with the rows, where there must be some.
#[must_use]
pub fn content(panel: &Panel, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    if answer.rows.is_empty() {
        return vec!["no row".to_owned()];
    }
    if panel.kind == "stat" && answer.rows.len() != 1 {
        found.push(format!("a stat shows one row, not {}", answer.rows.len()));
    }
    if panel.kind == "timeseries" {
        let times: Vec<&str> = answer
            .rows
            .iter()
            .map(|row| row[0].as_str().unwrap_or(""))
            .collect();
        // The plugin makes series of rows in ascending time and refuses others.
        if times.iter().any(|time| time.is_empty()) || !times.is_sorted() {
            found.push("times are missing or not ascending".to_owned());
        }
    }
    let number = |value: &Value| value.as_f64().is_some_and(|number| number != 0.0);
    if panel.kind != "table" && !answer.rows.iter().flatten().any(number) {
        found.push("nothing but zeros".to_owned());
    }
    found
}
