//! The whole run, and its JSON.

use crate::machine::{self, Machine};
use crate::options::{Options, Part};
use crate::{backbone, codecs, engine, gateway, notifier, query};
use anyhow::Context;
use serde::Serialize;
use serialtrail_stack::Project;
use std::collections::BTreeMap;

/// Everything measured, and on what.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When it began, UTC.
    pub began: String,
    /// The machine.
    pub machine: Machine,
    /// Versions, and whether the binaries are optimised.
    pub versions: BTreeMap<String, String>,
    /// Sizes.
    pub options: Options,
    /// The whole pipeline.
    pub backbone: Option<backbone::Figures>,
    /// Capture by HTTP.
    pub gateway: Option<gateway::Figures>,
    /// The query API.
    pub query: Option<query::Figures>,
    /// Alert to webhook.
    pub notifier: Option<notifier::Figures>,
    /// Identifiers and documents.
    pub codecs: Option<serialtrail_bench_codecs::Figures>,
    /// The engine contract; `None` where it was skipped.
    pub engine: Option<engine::Figures>,
}

/// Measures the parts asked for. After each the figures so far are written.
///
/// # Errors
/// A stack does not start, a measurement fails, the figures cannot be written.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    let root = Project::find()?.root;
    let options = options.sized();
    let mut report = Report {
        began: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        machine: Machine::this(),
        versions: machine::versions(&root),
        options: options.clone(),
        backbone: None,
        gateway: None,
        query: None,
        notifier: None,
        codecs: None,
        engine: None,
    };
    let out = root.join(&options.out);
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let parts = [
        Part::Backbone,
        Part::Gateway,
        Part::Query,
        Part::Notifier,
        Part::Codecs,
        Part::Engine,
    ];
    for part in parts.into_iter().filter(|part| options.only.contains(part)) {
        match part {
            Part::Backbone => report.backbone = Some(backbone::run(&options)?),
            Part::Gateway => report.gateway = Some(gateway::run(&options)?),
            Part::Query => report.query = Some(query::run(&options)?),
            Part::Notifier => report.notifier = Some(notifier::run(&options)?),
            Part::Codecs => report.codecs = Some(codecs::run(&root, &options)?),
            Part::Engine => report.engine = engine::run(&root, &options)?,
        }
        std::fs::write(&out, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("write {}", out.display()))?;
    }
    Ok(report)
}
