//! serialtrail-enricher: workers over `unit-inbox`, each with the process's copy of the reference data.

use serialtrail_enricher::{EnricherStage, Policy};
use serialtrail_records::Codec;
use serialtrail_runtime::app::{App, run_service};
use serialtrail_runtime::config::Service;
use serialtrail_runtime::topics::{ENRICHER_CHANGELOG, UNIT_INBOX};
use serialtrail_stream::reference::ReferenceCopy;
use serialtrail_stream::{WorkerConfig, run_workers};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    run_service(Service::Enricher, run)
}

async fn run(app: App) -> anyhow::Result<()> {
    let settings = Arc::clone(&app.settings);
    let policy = Policy::load(&settings.files.profiles)?;
    let work = move |shutdown: serialtrail_runtime::shutdown::Shutdown| {
        let codec = Arc::new(Codec::connect(&settings.schema_registry.url)?);
        let reference = ReferenceCopy::start(&settings.kafka, Arc::clone(&codec), &shutdown)?;
        let config = WorkerConfig::stateful("enricher", UNIT_INBOX, ENRICHER_CHANGELOG);
        let make = || {
            Ok(EnricherStage::new(
                Arc::clone(&codec),
                reference.clone(),
                policy.clone(),
            ))
        };
        run_workers(&settings, &config, make, &shutdown)
    };
    app.serve_beside(axum::Router::new(), work).await
}
