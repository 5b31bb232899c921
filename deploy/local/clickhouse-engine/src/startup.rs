//! From the command line to a running server, and back down.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Options;
use crate::config::DataFolder;
use crate::ffi::Engine;
use crate::server::{Server, serve};

/// Time for killed statements to end, after the grace period.
const LAST_MOMENTS: Duration = Duration::from_secs(3);

/// Runs the server until SIGTERM or SIGINT.
///
/// # Errors
/// What kept it from starting, in words for the person who started it.
pub fn run(options: &Options) -> anyhow::Result<()> {
    options.check().map_err(|e| anyhow!(e))?;
    // Threads have the priority of the one that started them, and there is only this one yet.
    rustix::process::nice(options.nice).context("cannot lower the priority")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(usize::from(options.max_concurrency) + 8)
        .build()
        .context("cannot start the runtime")?;
    // The port and the folder come first: both fail at once and harm nothing.
    let listener = runtime
        .block_on(TcpListener::bind(options.listen))
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let memory = u64::from(options.memory_limit) << 20;
    let folder = DataFolder::open(&options.data, memory, options.users_config.as_deref())?;
    let engine = Engine::start(&options.library, &folder.engine_arguments())
        .map_err(|e| anyhow!(e))
        .with_context(|| format!("cannot start the engine on {}", options.data.display()))?;
    let engine = Arc::new(engine);
    let (version, timezone) = greet(&engine)?;

    let address = listener.local_addr()?;
    tracing::info!(%version, %timezone, data = %options.data.display(), "listening on http://{address} (development only)");
    let server = Server::new(
        Arc::clone(&engine),
        usize::from(options.max_concurrency),
        timezone,
        options.users_config.is_some(),
    );
    let finished = runtime.block_on(serve(
        listener,
        server.router(),
        stop_signal(),
        options.grace(),
    ))?;
    if !finished {
        tracing::warn!(
            "statements still ran {} s after the signal; they are killed",
            options.grace
        );
        if let Ok(mut connection) = engine.connect() {
            // Their failure is theirs to tell; here it only matters that they end.
            let _ = connection.query(b"KILL QUERY WHERE elapsed > 0.1 ASYNC", "Null", &[]);
        }
    }
    runtime.shutdown_timeout(LAST_MOMENTS);
    match Arc::try_unwrap(engine) {
        Ok(engine) => drop(engine),
        Err(_) => tracing::warn!("a statement did not end; what it wrote so far is kept"),
    }
    drop(folder);
    tracing::info!("stopped");
    Ok(())
}

/// The engine's version and time zone: also the proof that it answers.
fn greet(engine: &Arc<Engine>) -> anyhow::Result<(String, String)> {
    let mut connection = engine.connect()?;
    let output = connection
        .query(b"SELECT version(), timezone()", "TabSeparated", &[])
        .context("the engine does not answer")?;
    let text = String::from_utf8_lossy(output.bytes()).trim().to_owned();
    let (version, timezone) = text.split_once('\t').unwrap_or((text.as_str(), "UTC"));
    Ok((version.to_owned(), timezone.to_owned()))
}

/// Ends with the first SIGTERM or SIGINT.
async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate());
    match &mut terminate {
        Ok(terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await; // without signals the process can only be killed
        }
    }
    tracing::info!("stopping");
}
