//! The whole run, and its JSON.

use crate::machine::{self, Machine};
use crate::options::{Options, Part};
use crate::{
    alert_delay, backbone, codecs, engine, gateway, notifier, pipeline, plan, query, recovery,
    scaling, stages, state,
};
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
    /// Stages that keep state, alone.
    pub stages: Option<stages::Figures>,
    /// The sink alone.
    pub sink: Option<stages::SinkFigures>,
    /// The whole pipeline over input captured before.
    pub pipeline: Option<pipeline::Figures>,
    /// Request to alert.
    pub alert_delay: Option<alert_delay::Figures>,
    /// The keyed store.
    pub state: Option<state::Figures>,
    /// A killed worker back at work.
    pub recovery: Option<recovery::Figures>,
    /// Computed for other sizes.
    pub scaling: Option<scaling::Figures>,
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
        stages: None,
        sink: None,
        pipeline: None,
        alert_delay: None,
        state: None,
        recovery: None,
        scaling: None,
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
        Part::Stages,
        Part::Sink,
        Part::Pipeline,
        Part::AlertDelay,
        Part::State,
        Part::Recovery,
        Part::Scaling,
    ];
    let parts: Vec<Part> = parts
        .into_iter()
        .filter(|part| options.only.contains(part))
        .collect();
    plan::tell(&root, &parts, &options)?;
    for part in parts {
        match part {
            Part::Backbone => report.backbone = Some(backbone::run(&options)?),
            Part::Gateway => report.gateway = Some(gateway::run(&options)?),
            Part::Query => report.query = Some(query::run(&options)?),
            Part::Notifier => report.notifier = Some(notifier::run(&options)?),
            Part::Codecs => report.codecs = Some(codecs::run(&root, &options)?),
            Part::Engine => report.engine = engine::run(&root, &options)?,
            // One run gives both: the sink reads what the stages wrote.
            Part::Sink if report.sink.is_some() => {}
            Part::Stages | Part::Sink => {
                let (stages, sink) = stages::run(&options)?;
                report.stages = Some(stages);
                report.sink = sink;
            }
            Part::Pipeline => {
                let measured = pipeline::run(&options)?;
                let path = out.with_file_name("pipeline.json");
                std::fs::write(path, serde_json::to_vec_pretty(&measured)?)?;
                report.pipeline = Some(measured);
            }
            Part::AlertDelay => report.alert_delay = Some(alert_delay::run(&options)?),
            Part::State => report.state = Some(state::run(&root, &options)?),
            Part::Recovery => {
                let measured = recovery::run(&options)?;
                let path = out.with_file_name("recovery.json");
                std::fs::write(path, serde_json::to_vec_pretty(&measured)?)?;
                report.recovery = Some(measured);
            }
            Part::Scaling => {
                let measured = match &report.pipeline {
                    Some(measured) => measured.clone(),
                    None => earlier(&out.with_file_name("pipeline.json"))?,
                };
                report.scaling = Some(scaling::of(&measured));
            }
        }
        std::fs::write(&out, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("write {}", out.display()))?;
    }
    Ok(report)
}

/// The pipeline's figures of an earlier run.
fn earlier(path: &std::path::Path) -> anyhow::Result<pipeline::Figures> {
    let text = std::fs::read(path).with_context(|| {
        format!(
            "no figures of the pipeline in {}: measure it first, --only pipeline",
            path.display()
        )
    })?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} holds something else", path.display()))
}
