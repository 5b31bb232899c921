//! serialtrail-detector: judges every unit by its history.

use serialtrail_detector::{Detector, Policy};
use serialtrail_records::Codec;
use serialtrail_runtime::app::{App, run_service};
use serialtrail_runtime::config::Service;
use serialtrail_runtime::topics::{DETECTOR_CHANGELOG, ENRICHED};
use serialtrail_stream::{WorkerConfig, run_workers};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    run_service(Service::Detector, run)
}

async fn run(app: App) -> anyhow::Result<()> {
    let settings = Arc::clone(&app.settings);
    let policy = Arc::new(Policy::load(&settings.files.profiles)?);
    tracing::info!(policy = policy.policy_version, "profiles read");
    let work = move |shutdown: serialtrail_runtime::Shutdown| {
        let codec = Arc::new(Codec::connect(&settings.schema_registry.url)?);
        let config = WorkerConfig::stateful("detector", ENRICHED, DETECTOR_CHANGELOG);
        let wall_clock = Arc::new(|| chrono::Utc::now().timestamp_micros());
        let make = || {
            let (codec, policy) = (Arc::clone(&codec), Arc::clone(&policy));
            Ok(Detector::new(codec, policy, wall_clock.clone()))
        };
        run_workers(&settings, &config, make, &shutdown)
    };
    app.serve_beside(axum::Router::new(), work).await
}
