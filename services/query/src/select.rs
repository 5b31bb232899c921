//! A statement's conditions with the values the server binds, and the limits it runs under.
//!
//! Text of statements is static, or put together from static pieces and numbers; what comes from outside
//! only ever travels as a parameter.

use clickhouse::Client;
use clickhouse::query::Query;
use serialtrail_gs1::KeyText;
use std::borrow::Cow;

/// Seconds a statement behind a single answer may run.
const SECONDS: &str = "10";
/// Seconds a statement may run that goes over a whole product.
const LONG_SECONDS: &str = "50";
/// Seconds a statement may run whose rows are streamed as the client takes them.
const STREAM_SECONDS: &str = "600";
/// Bytes a statement may use, and may sort or group before it goes to disk.
const MEMORY: &str = "1000000000";
const SORT_MEMORY: &str = "200000000";
const GROUP_MEMORY: &str = "300000000";

/// Bytes of texts bound as one value. ClickHouse refuses a value above 128 KiB
/// (`http_max_field_value_size`); quoting may double a text.
const PIECE: usize = 48 << 10;

/// How long a statement may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One answer.
    Answer,
    /// One answer about very many units.
    Long,
    /// A stream, as fast as the client takes it.
    Stream,
}

/// A value the server binds.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// `{name:String}`
    Text(String),
    /// `{name:Int64}`: microseconds UTC, or a number.
    Number(i64),
    /// `{name:Array(String)}`
    Texts(Vec<String>),
}

impl From<&str> for Bound {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<KeyText<'_>> for Bound {
    fn from(text: KeyText<'_>) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Bound {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Bound {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<String>> for Bound {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

/// Conditions, all of which must hold, and bound values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Select {
    conditions: Vec<Cow<'static, str>>,
    values: Vec<(Cow<'static, str>, Bound)>,
}

impl Select {
    /// Without conditions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition.
    #[must_use]
    pub fn and(mut self, condition: impl Into<Cow<'static, str>>) -> Self {
        self.conditions.push(condition.into());
        self
    }

    /// Binds a value that the statement or a condition names.
    #[must_use]
    pub fn bind(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Bound>) -> Self {
        self.values.push((name.into(), value.into()));
        self
    }

    /// Adds a condition and its value, where there is a value.
    #[must_use]
    pub fn when<T: Into<Bound>>(
        self,
        name: &'static str,
        value: Option<T>,
        condition: &'static str,
    ) -> Self {
        match value {
            Some(value) => self.and(condition).bind(name, value),
            None => self,
        }
    }

    /// The conditions for `WHERE`.
    #[must_use]
    pub fn condition(&self) -> String {
        if self.conditions.is_empty() {
            return "1".to_owned();
        }
        let conditions: Vec<String> = self.conditions.iter().map(|c| format!("({c})")).collect();
        conditions.join(" AND ")
    }

    /// The statement, its `{where}` filled in, ready to run.
    pub fn query(&self, client: &Client, sql: &str, pace: Pace) -> Query {
        let seconds = match pace {
            Pace::Answer => SECONDS,
            Pace::Long => LONG_SECONDS,
            Pace::Stream => STREAM_SECONDS,
        };
        let mut sql = sql.replace("{where}", &self.condition());
        let mut pieces: Vec<(String, &[String])> = Vec::new();
        for (name, value) in &self.values {
            if let Bound::Texts(texts) = value
                && let parts = cut(texts)
                && parts.len() > 1
            {
                let named: Vec<_> = (0..)
                    .zip(parts)
                    .map(|(at, part)| (format!("{name}_{at}"), part))
                    .collect();
                let list: Vec<_> = named.iter().map(|(name, _)| texts_named(name)).collect();
                let whole = format!("arrayConcat({})", list.join(", "));
                sql = sql.replace(&texts_named(name), &whole);
                pieces.extend(named);
            } else if let Bound::Texts(texts) = value {
                pieces.push((name.to_string(), texts));
            }
        }
        let mut query = client
            .query_raw(&sql)
            .with_setting("max_execution_time", seconds)
            .with_setting("max_memory_usage", MEMORY)
            .with_setting("max_bytes_before_external_sort", SORT_MEMORY)
            .with_setting("max_bytes_ratio_before_external_sort", "0")
            .with_setting("max_bytes_before_external_group_by", GROUP_MEMORY)
            .with_setting("max_bytes_ratio_before_external_group_by", "0");
        for (name, value) in &self.values {
            query = match value {
                Bound::Text(text) => query.param(name, text),
                Bound::Number(number) => query.param(name, number),
                Bound::Texts(_) => query,
            };
        }
        for (name, texts) in pieces {
            query = query.param(&name, texts);
        }
        query
    }
}

/// How a statement names bound texts.
fn texts_named(name: &str) -> String {
    format!("{{{name}:Array(String)}}")
}

/// The texts in parts of at most [`PIECE`] bytes, or of one text; at least one part.
fn cut(texts: &[String]) -> Vec<&[String]> {
    let mut parts = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, text) in texts.iter().enumerate() {
        let length = text.len() + 3;
        if at > begin && bytes + length > PIECE {
            parts.push(&texts[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += length;
    }
    parts.push(&texts[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_given_values_become_conditions() {
        let select = Select::new()
            .when("rule", Some("X"), "rule = {rule:String}")
            .when("lot", None::<String>, "lot = {lot:String}")
            .and("state = 'asserted'");
        assert_eq!(
            select.condition(),
            "(rule = {rule:String}) AND (state = 'asserted')"
        );
        assert_eq!(Select::new().condition(), "1");
    }

    #[test]
    fn a_long_list_travels_in_pieces_the_server_takes() {
        let long: Vec<String> = (0..3).map(|n| format!("{n}").repeat(PIECE / 2)).collect();
        let shown = |texts: Vec<String>| {
            let select = Select::new()
                .and("epc IN {epcs:Array(String)}")
                .bind("epcs", texts);
            let query = select.query(&Client::default(), "SELECT 1 WHERE {where}", Pace::Answer);
            query.sql_display().to_string()
        };
        assert_eq!(
            shown(long.clone()),
            "SELECT 1 WHERE (epc IN arrayConcat({epcs_0:Array(String)}, {epcs_1:Array(String)}, \
             {epcs_2:Array(String)}))"
        );
        assert_eq!(
            shown(vec!["a".to_owned()]),
            "SELECT 1 WHERE (epc IN {epcs:Array(String)})"
        );
        for texts in [vec![], long, vec!["x".to_owned(); PIECE]] {
            assert_eq!(cut(&texts).concat(), texts);
        }
        assert!(
            cut(&vec!["x".repeat(97); 9000])
                .iter()
                .all(|p| p.len() * 100 <= PIECE)
        );
    }

    #[test]
    fn a_value_is_never_part_of_the_text() {
        let select = Select::new().when("lot", Some("' OR 1 --"), "lot = {lot:String}");
        let query = select.query(&Client::default(), "SELECT 1 WHERE {where}", Pace::Answer);
        assert_eq!(
            query.sql_display().to_string(),
            "SELECT 1 WHERE (lot = {lot:String})"
        );
    }
}
