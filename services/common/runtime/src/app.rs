//! The skeleton of a service process: arguments, settings, logs, signals, draining, exit code.

use crate::config::{Service, Settings};
use crate::health::{self, Health};
use crate::shutdown::Shutdown;
use crate::{kafka, telemetry};
use anyhow::Context;
use axum::Router;
use clap::Parser;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Longest time a service may take to drain after it was asked to.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Command line of every service.
#[derive(Debug, Clone, Default, Parser)]
#[command(version)]
pub struct ServiceArgs {
    /// Settings file (TOML); without one the defaults of a local stack hold
    #[arg(long, env = "SERIALTRAIL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Number of this instance among those of its stage, from 0; keep it across restarts
    #[arg(long, value_name = "N")]
    pub slot: Option<u32>,
    /// Address to listen on instead of the configured one
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<SocketAddr>,
}

/// What a running service is given.
#[derive(Debug, Clone)]
pub struct App {
    /// Which service this process is.
    pub service: Service,
    /// Validated settings; `worker.slot` already carries `--slot`.
    pub settings: Arc<Settings>,
    /// Address to serve on.
    pub listen: SocketAddr,
    /// Triggered by SIGTERM, SIGINT or the failure of a part.
    pub shutdown: Shutdown,
    /// Dependency checks behind `/readyz`; Kafka's is already there.
    pub health: Health,
}

impl App {
    /// Loads the settings and prepares the process. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The settings are not valid.
    pub fn new(service: Service, args: &ServiceArgs) -> anyhow::Result<Self> {
        let mut settings = Settings::load(args.config.as_deref())?;
        if let Some(slot) = args.slot {
            settings.worker.slot = slot;
        }
        let health = Health::new();
        health.add("kafka", kafka::readiness_check(&settings.kafka)?);
        Ok(Self {
            service,
            listen: args.listen.unwrap_or_else(|| settings.http.listen(service)),
            settings: Arc::new(settings),
            shutdown: Shutdown::new(),
            health,
        })
    }

    /// Serves `routes` and the operational routes until shutdown.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn serve(&self, routes: Router) -> anyhow::Result<()> {
        let router = self.health.router().merge(routes);
        health::serve(self.listen, router, self.shutdown.clone()).await
    }

    /// Runs blocking work (a worker's loop) on a thread of its own. When it ends, for whatever reason,
    /// the whole process drains.
    ///
    /// # Errors
    /// What `work` returned, or that it panicked.
    pub async fn run_thread<F>(&self, name: &str, work: F) -> anyhow::Result<()>
    where
        F: FnOnce(Shutdown) -> anyhow::Result<()> + Send + 'static,
    {
        let (done, result) = tokio::sync::oneshot::channel();
        let shutdown = self.shutdown.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _ = done.send(work(shutdown));
            });
        let result = match thread {
            Ok(_) => result
                .await
                .unwrap_or_else(|_| Err(anyhow::anyhow!("thread {name} panicked"))),
            Err(error) => Err(error.into()),
        };
        self.shutdown.trigger();
        result
    }

    /// Serves `routes` beside blocking work on its own thread; ends when both have.
    ///
    /// # Errors
    /// Either failed.
    pub async fn serve_beside<F>(&self, routes: Router, work: F) -> anyhow::Result<()>
    where
        F: FnOnce(Shutdown) -> anyhow::Result<()> + Send + 'static,
    {
        let served = async {
            let result = self.serve(routes).await;
            self.shutdown.trigger();
            result
        };
        let (served, worked) = tokio::join!(served, self.run_thread("worker", work));
        worked.and(served)
    }
}

/// The whole of a service's `main`: parses the command line, starts logs and signal handling, runs
/// `run`, and returns exit code 0 after a drained SIGTERM or SIGINT, 1 with a message otherwise.
pub fn run_service<F, R>(service: Service, run: F) -> ExitCode
where
    F: FnOnce(App) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let args = ServiceArgs::parse();
    telemetry::init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        let app = App::new(service, &args)?;
        app.shutdown.trigger_on_signals()?;
        tracing::info!(
            service = service.name(),
            slot = app.settings.worker.slot,
            "starting"
        );
        until_drained(app.shutdown.clone(), run(app)).await
    });
    // A blocking readiness probe may still wait for a broker: do not wait for it.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match result {
        Ok(()) => {
            tracing::info!(service = service.name(), "ended");
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(service = service.name(), "failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn until_drained(
    shutdown: Shutdown,
    run: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let deadline = async {
        shutdown.wait().await;
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        result = run => result,
        () = deadline => Err(anyhow::anyhow!("not drained within {DRAIN_TIMEOUT:?}")),
    }
    .context("service")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> App {
        let args = ServiceArgs {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            slot: Some(3),
            config: None,
        };
        App::new(Service::Sink, &args).unwrap()
    }

    #[tokio::test]
    async fn the_command_line_wins_over_the_settings() {
        let app = app();
        assert_eq!((app.settings.worker.slot, app.listen.port()), (3, 0));
    }

    #[tokio::test]
    async fn a_failing_worker_ends_the_server_and_is_the_result() {
        let app = app();
        let worker = |_| anyhow::bail!("fenced");
        let error = app.serve_beside(Router::new(), worker).await.unwrap_err();
        assert_eq!(error.to_string(), "fenced");
    }

    #[tokio::test]
    async fn a_panicking_worker_is_an_error_not_a_hang() {
        let app = app();
        let error = app
            .serve_beside(Router::new(), |_| panic!("bug"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("panicked"));
    }

    #[tokio::test]
    async fn a_shutdown_drains_both_and_is_a_success() {
        let app = app();
        let shutdown = app.shutdown.clone();
        let worker = move |seen: Shutdown| {
            shutdown.trigger();
            while !seen.is_triggered() {
                std::thread::yield_now();
            }
            Ok(())
        };
        app.serve_beside(Router::new(), worker).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_does_not_drain_is_a_failure() {
        let shutdown = Shutdown::new();
        shutdown.trigger();
        let error = until_drained(shutdown, std::future::pending())
            .await
            .unwrap_err();
        assert!(format!("{error:#}").contains("not drained"));
    }
}
