//! serialtrail-dispatcher: two workers, one over events, one over registry loads.

use serialtrail_dispatcher::{DispatcherStage, LoadsStage};
use serialtrail_records::Codec;
use serialtrail_runtime::app::{App, run_service};
use serialtrail_runtime::config::Service;
use serialtrail_runtime::topics::{DISPATCHER_CHANGELOG, EPCIS_EVENTS, REGISTRY_LOADS};
use serialtrail_stream::{WorkerConfig, run_worker, run_workers};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    run_service(Service::Dispatcher, run)
}

async fn run(app: App) -> anyhow::Result<()> {
    let settings = Arc::clone(&app.settings);
    let work = move |shutdown: serialtrail_runtime::shutdown::Shutdown| {
        let codec = Arc::new(Codec::connect(&settings.schema_registry.url)?);
        let events = WorkerConfig::stateful("dispatcher", EPCIS_EVENTS, DISPATCHER_CHANGELOG);
        let mut loads = WorkerConfig::stateless("dispatcher-registry", &[REGISTRY_LOADS]);
        loads.check_keys = true;
        std::thread::scope(|scope| {
            let registry = scope.spawn(|| {
                let stage = LoadsStage::new(Arc::clone(&codec));
                let result = run_worker(&settings, loads, 0, stage, &shutdown);
                shutdown.trigger();
                result
            });
            let make = || Ok(DispatcherStage::new(Arc::clone(&codec)));
            let result = run_workers(&settings, &events, make, &shutdown);
            shutdown.trigger();
            let registry = registry
                .join()
                .unwrap_or_else(|_| Err(anyhow::anyhow!("the registry worker panicked")));
            result.and(registry)
        })
    };
    app.serve_beside(axum::Router::new(), work).await
}
