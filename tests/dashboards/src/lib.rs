//! Holds the Grafana dashboards of `dashboards/` against what they ask: Grafana's own rules, the real
//! ClickHouse engine, Prometheus's parser and the metrics this build exports.
//!
//! | module | subject |
//! |---|---|
//! | [`model`] | a dashboard file, typed |
//! | [`structure`] | what must hold within and between the files |
//! | [`reference`](mod@reference) | `$name` and `${name:format}` in a text |
//! | [`fill`] | a query as Grafana and its ClickHouse plugin would send it |
//! | [`engine`] | a database of its own, filled with a small world (`seed.sql`) |
//! | [`answer`] | whether an answer suits its panel |
//! | [`visit`](mod@visit) | every query of a dashboard run, its variables chosen in one way |
//! | [`promql`] | metrics and labels of an expression; Prometheus's parser |
//! | [`panels`] | the table of panels in `dashboards/README.md` |
//!
//! Checks return what they found as sentences; a test fails when there are any, and other tests make
//! sure that a broken dashboard is found.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answer;
pub mod engine;
pub mod fill;
pub mod model;
pub mod panels;
pub mod promql;
pub mod reference;
pub mod structure;
pub mod visit;

use std::path::{Path, PathBuf};

use anyhow::Context;
use model::Dashboard;

/// The files that must be there, one a question.
pub const FILES: [&str; 6] = [
    "counterfeit-and-diversion.json",
    "data-quality.json",
    "demand.json",
    "pipeline-health.json",
    "recall-exposure.json",
    "visibility.json",
];

/// The folder `dashboards` of the checkout.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dashboards")
}

/// All dashboards, by file name.
///
/// # Errors
/// A file is missing, is further than [`FILES`], or is no dashboard: the message names file and place.
pub fn dashboards() -> anyhow::Result<Vec<(String, Dashboard)>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder()).context("read the folder dashboards")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            names.push(name);
        }
    }
    names.sort();
    anyhow::ensure!(names == FILES, "dashboards are {names:?}, not {FILES:?}");
    let read = |name: String| {
        let text = std::fs::read_to_string(folder().join(&name)).with_context(|| name.clone())?;
        let dashboard = serde_json::from_str(&text).with_context(|| name.clone())?;
        Ok((name, dashboard))
    };
    names.into_iter().map(read).collect()
}
