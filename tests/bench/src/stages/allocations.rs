//! A stage's own code in this process, over the records it read: how often it asks for memory, and what
//! of its CPU time is not Kafka's, the worker's or the store's.

use crate::{allocations, cpu, topic};
use serialtrail_detector::{Detector, Policy as Rules};
use serialtrail_enricher::{EnricherStage, Policy as Horizons};
use serialtrail_records::Codec;
use serialtrail_runtime::{Service, Settings, Shutdown, topics};
use serialtrail_stack::Stack;
use serialtrail_stream::Stage;
use serialtrail_stream::config::FAN_OUT_BUDGET;
use serialtrail_stream::reference::ReferenceCopy;
use serialtrail_stream::testing::TestContext;
use std::sync::Arc;

/// Records taken, at most: they and the state stand in memory.
const MOST: usize = 200_000;

/// A stage without what drives it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Domain {
    /// Records stepped.
    pub records: u64,
    /// Calls of the allocator per record, by the stage and the map its state is in.
    pub allocations_a_record: f64,
    /// Records per CPU-second.
    pub records_per_cpu_s: f64,
}

/// Steps a stage's input through it; `None` for a stage this is not measured of.
pub(super) fn of(stack: &Stack, service: Service) -> anyhow::Result<Option<Domain>> {
    let settings = stack.settings();
    let shutdown = Shutdown::new();
    let Some((topic, mut stage)) = stage(service, &settings, &shutdown)? else {
        return Ok(None);
    };
    let input = topic::beginning(&settings, topic, MOST)?;
    let pid = i32::try_from(std::process::id())?;
    let before = (allocations::of_this_thread(), cpu::seconds(pid));
    let mut records = 0;
    for (partition, input) in &input {
        let mut context = TestContext::new(*partition);
        for window in input.chunks(settings.worker.window_records) {
            context.window(stage.as_mut(), window, FAN_OUT_BUDGET)?;
            records += window.len();
        }
    }
    let asked = allocations::of_this_thread() - before.0;
    let cpu_s = cpu::seconds(pid).unwrap_or(0.0) - before.1.unwrap_or(0.0);
    shutdown.trigger();
    let records = records as f64;
    Ok(Some(Domain {
        records: records as u64,
        allocations_a_record: asked as f64 / records.max(1.0),
        records_per_cpu_s: records / cpu_s.max(0.01),
    }))
}

type Wanted = (&'static str, Box<dyn Stage>);

fn stage(
    service: Service,
    settings: &Settings,
    shutdown: &Shutdown,
) -> anyhow::Result<Option<Wanted>> {
    let codec = Arc::new(Codec::connect(&settings.schema_registry.url)?);
    Ok(match service {
        Service::Enricher => {
            let copy = ReferenceCopy::start(&settings.kafka, Arc::clone(&codec), shutdown)?;
            let horizons = Horizons::load(&settings.files.profiles)?;
            let stage = EnricherStage::new(codec, copy, horizons);
            Some((topics::UNIT_INBOX, Box::new(stage)))
        }
        Service::Detector => {
            let rules = Arc::new(Rules::load(&settings.files.profiles)?);
            let clock = Arc::new(|| chrono::Utc::now().timestamp_micros());
            let stage = Detector::new(codec, rules, clock);
            Some((topics::ENRICHED, Box::new(stage)))
        }
        _ => None,
    })
}
