//! PromQL of the dashboards: which metrics and labels an expression names, and Prometheus's own parser.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serialtrail_runtime::metrics::{self, Kind};

use crate::model::Target;

/// Names the program `promtool`.
pub const VARIABLE: &str = "SERIALTRAIL_PROMTOOL";

/// Labels Prometheus puts on every scraped sample.
const SCRAPED: [&str; 3] = ["instance", "job", "member"];
/// Series Prometheus makes itself.
const OWN: [&str; 1] = ["up"];

/// The expression as Grafana sends it, every choice of a variable standing for anything.
#[must_use]
pub fn filled(expr: &str) -> String {
    let mut filled = expr.replace("$__rate_interval", "1m");
    while let Some(reference) = crate::reference::references(&filled).into_iter().next() {
        filled.replace_range(reference.span, ".*");
    }
    filled
}

/// A selector: a metric and the labels its braces name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Name as written, `_bucket` and the like included.
    pub metric: String,
    /// Labels it filters by.
    pub labels: Vec<String>,
    /// The function directly around it, for example `rate`.
    pub function: String,
}

/// Metrics that an expression selects, and labels it groups by.
#[must_use]
pub fn named(expr: &str) -> (Vec<Selector>, Vec<String>) {
    let (mut selectors, mut groups) = (Vec::new(), Vec::new());
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut at = 0;
    let mut before = String::new();
    while at < expr.len() {
        let rest = &expr[at..];
        let word: String = rest.chars().take_while(|c| is_word(*c)).collect();
        if word.is_empty() {
            let quoted = rest.starts_with('"').then(|| rest[1..].find('"')).flatten();
            at += quoted.map_or_else(
                || rest.chars().next().map_or(1, char::len_utf8),
                |end| end + 2,
            );
            continue;
        }
        at += word.len();
        let after = expr[at..].trim_start();
        let inside = |open: char, close: char| {
            let list = after.strip_prefix(open)?;
            Some(list[..list.find(close)?].to_owned())
        };
        if ["by", "without", "on", "ignoring"].contains(&word.as_str()) {
            let list = inside('(', ')').unwrap_or_default();
            at += expr[at..].find(')').map_or(0, |end| end + 1);
            groups.extend(list.split(',').map(|label| label.trim().to_owned()));
        } else if word.starts_with("serialtrail_")
            || OWN.contains(&word.as_str())
            || after.starts_with('{')
        {
            let list = inside('{', '}').unwrap_or_default();
            if after.starts_with('{') {
                at += expr[at..].find('}').map_or(0, |end| end + 1);
            }
            let matchers = list.split(',').filter(|matcher| !matcher.trim().is_empty());
            let labels = matchers.map(|m| m.trim().chars().take_while(|c| is_word(*c)).collect());
            selectors.push(Selector {
                metric: word,
                labels: labels.collect(),
                function: before.clone(),
            });
            before.clear();
            continue;
        }
        before = if after.starts_with('(') {
            word
        } else {
            String::new()
        };
    }
    (selectors, groups)
}

/// What is wrong with the metrics and labels a target names.
#[must_use]
pub fn findings(target: &Target) -> Vec<String> {
    let expr = filled(target.expr.as_deref().unwrap_or_default());
    let (selectors, groups) = named(&expr);
    let mut found = Vec::new();
    let mut known: Vec<String> = SCRAPED.map(str::to_owned).to_vec();
    if selectors.is_empty() {
        found.push(format!("no metric in {expr}"));
    }
    for selector in &selectors {
        let labels = match labels(selector) {
            Ok(labels) => labels,
            Err(text) => {
                found.push(text);
                continue;
            }
        };
        for label in selector
            .labels
            .iter()
            .filter(|label| !labels.contains(*label))
        {
            found.push(format!("{} has no label {label}", selector.metric));
        }
        known.extend(labels);
    }
    for label in groups.iter().filter(|label| !known.contains(*label)) {
        found.push(format!("grouped by {label}, which no metric has: {expr}"));
    }
    for part in target
        .legend_format
        .iter()
        .flat_map(|legend| legend.split("{{").skip(1))
    {
        let label = part
            .split("}}")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        if !groups.contains(&label) {
            found.push(format!(
                "the legend names {label}, by which {expr} does not group"
            ));
        }
    }
    found
}

/// Labels of a selected series; an error where there is no such series or it is not asked as its kind.
fn labels(selector: &Selector) -> Result<Vec<String>, String> {
    let name = selector.metric.as_str();
    let scraped = SCRAPED.map(str::to_owned).to_vec();
    if OWN.contains(&name) {
        return Ok(scraped);
    }
    let rated = ["rate", "increase", "irate"].contains(&selector.function.as_str());
    for metric in metrics::ALL {
        let suffix = name.strip_prefix(metric.name);
        let cumulative = match (metric.kind, suffix) {
            (Kind::Counter, Some("")) | (Kind::Histogram, Some("_bucket" | "_sum" | "_count")) => {
                true
            }
            (Kind::Gauge, Some("")) => false,
            _ => continue,
        };
        if cumulative != rated {
            let kind = if cumulative {
                "only grows: ask its rate"
            } else {
                "is a gauge: it has no rate"
            };
            return Err(format!("{name} {kind}"));
        }
        let own = metric.labels.iter().map(|label| (*label).to_owned());
        let bucket = (suffix == Some("_bucket")).then(|| "le".to_owned());
        return Ok(scraped.into_iter().chain(own).chain(bucket).collect());
    }
    Err(format!("no metric {name} is exported"))
}

/// Where `promtool` is; `None`, said on standard error, where it is missing.
#[must_use]
pub fn promtool() -> Option<PathBuf> {
    let parts = std::env::var_os("SERIALTRAIL_PARTS").map(PathBuf::from);
    let parts = parts.unwrap_or_else(|| crate::folder().join("../.local/parts"));
    let given = std::env::var_os(VARIABLE).map(PathBuf::from);
    let program = given.unwrap_or_else(|| parts.join("prometheus/usr/bin/promtool"));
    if program.is_file() {
        return Some(program);
    }
    eprintln!(
        "SKIPPED: {} is missing: run `make parts`, or name it by {VARIABLE}",
        program.display()
    );
    None
}

/// What Prometheus's parser says about the expressions: nothing where all are sound.
///
/// # Errors
/// The program cannot be run.
pub fn parsed(program: &std::path::Path, expressions: &[String]) -> anyhow::Result<Option<String>> {
    let rule = |(number, expr): (usize, &String)| serde_json::json!({"record": format!("panel:{number}"), "expr": expr});
    let rules: Vec<_> = expressions.iter().enumerate().map(rule).collect();
    let file = tempfile::Builder::new().suffix(".yml").tempfile()?;
    // JSON is YAML.
    let groups = serde_json::json!({"groups": [{"name": "panels", "rules": rules}]});
    serde_json::to_writer(file.as_file(), &groups)?;
    let ran = Command::new(program)
        .args(["check", "rules"])
        .arg(file.path())
        .output()
        .with_context(|| program.display().to_string())?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    Ok((!ran.status.success()).then_some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(expr: &str, legend: &str) -> Target {
        let text = serde_json::json!({"refId": "A", "datasource": {"type": "prometheus", "uid": "x"},
            "expr": expr, "legendFormat": legend});
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn metrics_and_labels_of_an_expression_are_read() {
        let (selectors, groups) = named(
            r#"sum by (stage, le) (rate(serialtrail_commit_seconds_bucket{stage=~"a,b}", job="x"}[5m])) + up"#,
        );
        assert_eq!(groups, ["stage", "le"]);
        assert_eq!(selectors[0].metric, "serialtrail_commit_seconds_bucket");
        assert_eq!(selectors[0].function, "rate");
        assert_eq!(selectors.last().unwrap().metric, "up");
    }

    #[test]
    fn a_sound_target_has_no_findings() {
        let sound = target(
            r#"sum by (stage) (rate(serialtrail_rejects_total{stage=~"$stage"}[$__rate_interval]))"#,
            "{{stage}}",
        );
        assert_eq!(findings(&sound), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_exported_is_found() {
        for (expr, legend) in [
            ("sum(serialtrail_lag_record)", ""),
            ("sum by (table) (serialtrail_lag_records)", ""),
            (r#"sum(serialtrail_lag_records{service="x"})"#, ""),
            ("sum(serialtrail_rejects_total)", ""),
            ("sum(rate(serialtrail_lag_records[5m]))", ""),
            ("sum(rate(serialtrail_commit_seconds[5m]))", ""),
            ("sum by (stage) (serialtrail_lag_records)", "{{topic}}"),
            ("vector(1)", ""),
        ] {
            assert!(
                !findings(&target(expr, legend)).is_empty(),
                "{expr} {legend}"
            );
        }
    }
}
