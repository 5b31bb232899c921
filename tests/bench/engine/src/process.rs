//! The stage as a worker process.

use crate::{Drain, Engine};
use clap::Parser;
use serialtrail_runtime::{Settings, Shutdown};
use serialtrail_stream::{WorkerConfig, run_workers};
use std::path::PathBuf;

/// Runs the engine contract over Kafka's topics with our worker and store.
///
/// Reads the registry into the state with `--input registry`, then scans with `--input scans`, under the
/// same name. Writes the topics `enriched` and `alerts`.
#[derive(Debug, Parser)]
pub struct Options {
    /// Kafka's brokers
    #[arg(long)]
    pub brokers: String,
    /// Topic read: `registry`, or one of scans
    #[arg(long)]
    pub input: String,
    /// Consumer group; the changelog is `<NAME>-changelog`
    #[arg(long)]
    pub name: String,
    /// Folder of the store
    #[arg(long)]
    pub state_dir: PathBuf,
    /// Worker threads
    #[arg(long, default_value_t = 2)]
    pub threads: u32,
    /// Milliseconds after which a window is committed
    #[arg(long, default_value_t = 20)]
    pub window_ms: u64,
    /// Records after which a window is committed
    #[arg(long, default_value_t = 2_000)]
    pub window_records: usize,
    /// Memory of the stores for index and cache, MiB
    #[arg(long, default_value_t = 256)]
    pub memory_mib: usize,
    /// Ends by itself when everything the input holds is committed and the group has no members any more
    #[arg(long)]
    pub drain: bool,
}

/// Runs the worker as the options say.
///
/// # Errors
/// Kafka cannot be reached or lacks the topics, or the worker failed.
pub fn run(options: Options) -> anyhow::Result<()> {
    let mut settings = Settings::default();
    settings.kafka.brokers = options.brokers;
    settings.worker.state_dir = options.state_dir;
    settings.worker.threads = options.threads;
    settings.worker.window_ms = options.window_ms;
    settings.worker.window_records = options.window_records;
    settings.worker.state_memory_mib = options.memory_mib;
    // Names a program has from its command line live as long as it does.
    let leak = |text: String| -> &'static str { text.leak() };
    let changelog = leak(format!("{}-changelog", options.name));
    let drain = match options.drain {
        true => Some(Drain::new(&settings.kafka, &options.name, &options.input)?),
        false => None,
    };
    let config = WorkerConfig::stateful(leak(options.name), &options.input, changelog);

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let shutdown = Shutdown::new();
    {
        let _inside = runtime.enter();
        shutdown.trigger_on_signals()?;
    }
    std::thread::scope(|scope| {
        let ended = drain
            .as_ref()
            .map(|drain| scope.spawn(|| drain.end(&shutdown)));
        run_workers(&settings, &config, || Ok(Engine::default()), &shutdown)?;
        match ended.map(std::thread::ScopedJoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => anyhow::bail!("the thread that watches the input's end panicked"),
        }
    })?;
    drain.map_or(Ok(()), |drain| drain.until_empty())
}
