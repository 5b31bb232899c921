//! A database of its own on a real ClickHouse engine, with the migrations and a small world.

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use serialtrail_warehouse::migrations;

use crate::answer::Answer;

/// Names the HTTP interface of a running ClickHouse.
pub const VARIABLE: &str = "SERIALTRAIL_TEST_CLICKHOUSE";

/// The small world: what it holds, and what the figures of panels must be, stands in the file.
const SEED: &str = include_str!("seed.sql");

/// First second of the small world, 2026-03-01.
pub const FROM: i64 = 1_772_323_200;
/// Last second looked at, 2026-04-01.
pub const TO: i64 = 1_775_001_600;

/// A database that is dropped with this value.
#[derive(Debug)]
pub struct Engine {
    url: String,
    name: String,
    http: reqwest::blocking::Client,
}

/// ClickHouse's format `JSONCompact`.
#[derive(Deserialize)]
struct Compact {
    meta: Vec<Column>,
    data: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Engine {
    /// A database with the migrations and the small world; `None`, said on standard error, where no
    /// ClickHouse is given.
    ///
    /// # Errors
    /// A statement fails.
    pub fn seeded(test: &str) -> anyhow::Result<Option<Self>> {
        let Ok(url) = std::env::var(VARIABLE) else {
            eprintln!("SKIPPED: {test} needs {VARIABLE}=http://host:port");
            return Ok(None);
        };
        let name = format!("test_dashboards_{test}_{}", std::process::id());
        let engine = Self {
            url,
            name,
            http: reqwest::blocking::Client::new(),
        };
        engine.send("default", &format!("CREATE DATABASE {}", engine.name), &[])?;
        for migration in migrations::ALL {
            for statement in migration.statements("")? {
                engine.send(&engine.name, &statement, &[])?;
            }
        }
        for statement in SEED.split(";\n") {
            let lines = statement.lines().filter(|line| !line.starts_with("--"));
            let statement = lines.collect::<Vec<_>>().join("\n");
            if !statement.trim().is_empty() {
                engine.send(&engine.name, &statement, &[])?;
            }
        }
        Ok(Some(engine))
    }

    /// Asks as a read-only user does, who may not change settings.
    ///
    /// # Errors
    /// What ClickHouse says.
    pub fn ask(&self, sql: &str) -> anyhow::Result<Answer> {
        let settings = [
            ("readonly", "1"),
            ("default_format", "JSONCompact"),
            ("output_format_json_quote_64bit_integers", "0"),
        ];
        let text = self.send(&self.name, sql, &settings)?;
        let Compact { meta, data } = serde_json::from_str(&text).with_context(|| text.clone())?;
        Ok(Answer {
            columns: meta
                .into_iter()
                .map(|column| (column.name, column.kind))
                .collect(),
            rows: data,
        })
    }

    fn send(&self, database: &str, sql: &str, settings: &[(&str, &str)]) -> anyhow::Result<String> {
        let request = self.http.post(&self.url).query(&[("database", database)]);
        let answer = request
            .query(settings)
            .query(&[("wait_end_of_query", "1")])
            .body(sql.to_owned())
            .send()
            .with_context(|| format!("no ClickHouse at {}", self.url))?;
        let ok = answer.status().is_success();
        let text = answer.text()?;
        if !ok {
            bail!("{}\nin:\n{sql}", text.trim());
        }
        ensure!(!text.contains("__exception__"), "{text}\nin:\n{sql}");
        Ok(text)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.send("default", &format!("DROP DATABASE {}", self.name), &[]) {
            eprintln!("{} stays: {error}", self.name);
        }
    }
}
