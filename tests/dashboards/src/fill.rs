//! A query as it reaches ClickHouse: Grafana fills in variables, the plugin its macros.
//!
//! Order and spelling are those of the plugin `grafana-clickhouse-datasource` 4: first
//! `$__conditionalAll(condition, $variable)` becomes `1=1` where all are chosen, then variables are
//! filled in, then the time macros. A macro this module does not know is an error, as it is there.

use std::collections::BTreeMap;

use crate::reference::references;

/// What is chosen of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The values; all options where all are chosen.
    pub values: Vec<String>,
    /// Whether all are chosen.
    pub all: bool,
}

impl Chosen {
    /// These values.
    pub fn values<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Self {
        Self {
            values: values.into_iter().map(Into::into).collect(),
            all: false,
        }
    }
}

/// Time range, bucket and variables of one look at a dashboard.
#[derive(Debug, Clone)]
pub struct Look {
    /// Begin, seconds since 1970.
    pub from: i64,
    /// End, seconds since 1970.
    pub to: i64,
    /// Width of a time bucket, seconds.
    pub interval: u64,
    /// Variables by name.
    pub chosen: BTreeMap<String, Chosen>,
}

/// The query with everything filled in.
///
/// # Errors
/// An unknown variable, format or macro, or a macro with wrong arguments: a sentence that names it.
pub fn fill(sql: &str, look: &Look) -> Result<String, String> {
    let sql = conditional_all(sql, look)?;
    let sql = variables(&sql, look)?;
    macros(&sql, look)
}

/// Position of the bracket that closes the one at `open`, and the arguments between them.
fn arguments(text: &str, open: usize) -> Result<(usize, Vec<&str>), String> {
    let (mut depth, mut start, mut found) = (0_u32, open + 1, Vec::new());
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b',' if depth == 1 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            b')' => {
                depth -= 1;
                if depth == 0 {
                    found.push(text[start..at].trim());
                    return Ok((at, found));
                }
            }
            _ => {}
        }
    }
    Err(format!("a bracket is not closed: {}", &text[open..]))
}

fn conditional_all(sql: &str, look: &Look) -> Result<String, String> {
    const MACRO: &str = "$__conditionalAll(";
    let mut sql = sql.to_owned();
    while let Some(at) = sql.rfind(MACRO) {
        let (close, given) = arguments(&sql, at + MACRO.len() - 1)?;
        let [condition, variable] = given[..] else {
            return Err(format!(
                "$__conditionalAll takes two arguments, not {given:?}"
            ));
        };
        let name = variable
            .trim_start_matches(['$', '{'])
            .trim_end_matches('}');
        let chosen = look
            .chosen
            .get(name)
            .ok_or_else(|| format!("$__conditionalAll names no variable: {variable}"))?;
        let nothing = chosen.values.iter().all(String::is_empty);
        let condition = if chosen.all || nothing {
            "1=1"
        } else {
            condition
        };
        sql = format!("{}{condition}{}", &sql[..at], &sql[close + 1..]);
    }
    Ok(sql)
}

fn variables(sql: &str, look: &Look) -> Result<String, String> {
    let mut filled = String::new();
    let mut done = 0;
    for reference in references(sql).into_iter().filter(|r| !r.is_built_in()) {
        let chosen = look
            .chosen
            .get(&reference.name)
            .ok_or_else(|| format!("no variable {}", reference.name))?;
        filled.push_str(&sql[done..reference.span.start]);
        filled.push_str(&written(chosen, reference.format.as_deref())?);
        done = reference.span.end;
    }
    filled.push_str(&sql[done..]);
    Ok(filled)
}

/// A value in one of Grafana's formats; without one, as the plugin writes it.
fn written(chosen: &Chosen, format: Option<&str>) -> Result<String, String> {
    let quoted = |values: &[String], escape: bool| {
        let quote = |value: &String| {
            let value = if escape {
                value.replace('\'', "''")
            } else {
                value.clone()
            };
            format!("'{value}'")
        };
        values.iter().map(quote).collect::<Vec<_>>().join(",")
    };
    match (format, &chosen.values[..]) {
        (Some("sqlstring"), values) => Ok(quoted(values, true)),
        (Some("raw") | None, [value]) => Ok(value.clone()),
        (None, values) => Ok(quoted(values, false)),
        (Some(other), _) => Err(format!("format {other} is not one for SQL")),
    }
}

fn macros(sql: &str, look: &Look) -> Result<String, String> {
    let mut sql = sql.to_owned();
    while let Some(reference) = references(&sql)
        .into_iter()
        .find(super::reference::Reference::is_built_in)
    {
        let has_arguments = sql[reference.span.end..].starts_with('(');
        let (end, given) = if has_arguments {
            let (close, given) = arguments(&sql, reference.span.end)?;
            (close + 1, given)
        } else {
            (reference.span.end, Vec::new())
        };
        let value = macro_value(&reference.name, &given, look)?;
        sql = format!("{}{value}{}", &sql[..reference.span.start], &sql[end..]);
    }
    Ok(sql)
}

fn macro_value(name: &str, given: &[&str], look: &Look) -> Result<String, String> {
    let Look {
        from, to, interval, ..
    } = look;
    let date = |seconds: &i64| format!("toDate(toDateTime({seconds}, 'UTC'))");
    match (name, given) {
        ("__fromTime", []) => Ok(format!("toDateTime({from})")),
        ("__toTime", []) => Ok(format!("toDateTime({to})")),
        ("__interval_s", []) => Ok(interval.to_string()),
        ("__timeFilter", [column]) => Ok(format!(
            "{column} >= toDateTime({from}) AND {column} <= toDateTime({to})"
        )),
        ("__dateFilter", [column]) => Ok(format!(
            "{column} >= {} AND {column} <= {}",
            date(from),
            date(to)
        )),
        ("__timeInterval", [column]) => Ok(format!(
            "toStartOfInterval(toDateTime({column}), INTERVAL {interval} second)"
        )),
        _ => Err(format!("no macro ${name} with {} arguments", given.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(chosen: Chosen) -> Look {
        let chosen = BTreeMap::from([("lot".to_owned(), chosen)]);
        Look {
            from: 100,
            to: 200,
            interval: 60,
            chosen,
        }
    }

    #[test]
    fn a_condition_holds_for_the_values_chosen_and_is_left_out_for_all() {
        let sql = "$__conditionalAll(lower(lot) IN (${lot:sqlstring}), $lot) AND x";
        let some = look(Chosen::values(["A", "it's"]));
        assert_eq!(
            fill(sql, &some).unwrap(),
            "lower(lot) IN ('A','it''s') AND x"
        );
        let all = look(Chosen {
            values: vec!["A".to_owned()],
            all: true,
        });
        assert_eq!(fill(sql, &all).unwrap(), "1=1 AND x");
    }

    #[test]
    fn time_macros_are_filled_as_the_plugin_does() {
        let look = look(Chosen::values(["A"]));
        let sql = "$__timeInterval(t) $__timeFilter(t) $__toTime $__interval_s";
        assert_eq!(
            fill(sql, &look).unwrap(),
            "toStartOfInterval(toDateTime(t), INTERVAL 60 second) \
             t >= toDateTime(100) AND t <= toDateTime(200) toDateTime(200) 60"
        );
    }

    #[test]
    fn what_grafana_would_not_understand_is_an_error() {
        let look = look(Chosen::values(["A"]));
        for sql in [
            "$nothing",
            "$__timefilter(t)",
            "$__timeFilter(a, b)",
            "$__conditionalAll(x)",
            "$__conditionalAll(x, $nothing)",
            "$__timeFilter(t",
            "${lot:csvv}",
        ] {
            assert!(fill(sql, &look).is_err(), "{sql}");
        }
    }
}
