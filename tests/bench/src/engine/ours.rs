//! Our worker on the peers' topics: a normal worker process, in a consumer group and state folder of its own.

use super::peers::{BROKERS, Measured, Paced, Peers};
use anyhow::{Context, ensure};
use serde::Serialize;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The program, beside this one.
const PROGRAM: &str = "serialtrail-bench-engine";

/// Time a worker gets to take over its partitions before paced events come; what the peers get.
const SETTLE: Duration = Duration::from_secs(12);

/// How our worker is set for the events that come as fast as it takes them.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Worker threads.
    pub threads: u32,
    /// Milliseconds after which a window is committed, at the latest.
    pub window_ms: u32,
    /// Records after which a window is committed, at the latest.
    pub window_records: u32,
    /// Memory of the stores for index and cache, MiB.
    pub memory_mib: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: 2,
            window_ms: 1_000,
            window_records: 20_000,
            memory_mib: 1_024,
        }
    }
}

/// A group whose stores hold the registry.
struct Loaded<'a> {
    peers: &'a Peers,
    name: String,
    folder: PathBuf,
}

impl<'a> Loaded<'a> {
    fn new(peers: &'a Peers, settings: &Settings, name: &str) -> anyhow::Result<Self> {
        let folder = peers.work().join(format!("state-{name}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let changelog = format!("{name}-changelog");
        peers.remove_topics(&[&changelog, "enriched", "alerts"])?;
        peers.create_topics(&[&format!("{changelog}:8:compact"), "enriched", "alerts"])?;
        let loaded = Self {
            peers,
            name: name.to_owned(),
            folder,
        };
        let mut load = loaded.worker(settings, "registry")?;
        let status = load.arg("--drain").stderr(peers.log(name)?).status()?;
        ensure!(
            status.success(),
            "the registry could not be loaded: {status}"
        );
        Ok(loaded)
    }

    fn worker(&self, settings: &Settings, input: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?.with_file_name(PROGRAM));
        command
            .args(["--brokers", BROKERS, "--name", &self.name, "--input", input])
            .arg("--state-dir")
            .arg(&self.folder)
            .args(["--threads", &settings.threads.to_string()])
            .args(["--window-ms", &settings.window_ms.to_string()])
            .args(["--window-records", &settings.window_records.to_string()])
            .args(["--memory-mib", &settings.memory_mib.to_string()]);
        Ok(command)
    }

    fn remove(self) -> anyhow::Result<()> {
        self.peers
            .remove_topics(&[&format!("{}-changelog", self.name)])?;
        std::fs::remove_dir_all(&self.folder).context("remove the store")
    }
}

/// All scans as fast as they are taken.
pub(super) fn run(peers: &Peers, settings: &Settings, repetition: u32) -> anyhow::Result<Measured> {
    let name = peers.unique(&format!("ours-{repetition}"));
    let loaded = Loaded::new(peers, settings, &name)?;
    let measured = peers.measured(&name, &loaded.worker(settings, "scans")?)?;
    loaded.remove()?;
    Ok(measured)
}

/// Scans at a steady pace, event to alert.
pub(super) fn paced(
    peers: &Peers,
    settings: &Settings,
    window_ms: u32,
    pace: (u32, u32),
) -> anyhow::Result<Paced> {
    const INPUT: &str = "scans-lat";
    let settings = Settings {
        window_ms,
        window_records: 2_000,
        ..settings.clone()
    };
    let name = peers.unique("ours-paced");
    let loaded = Loaded::new(peers, &settings, &name)?;
    peers.remove_topics(&[INPUT])?;
    peers.create_topics(&[INPUT])?;
    let mut worker = loaded.worker(&settings, INPUT)?;
    let mut worker = worker
        .stdout(Stdio::null())
        .stderr(peers.log(&name)?)
        .spawn()?;
    std::thread::sleep(SETTLE);
    let paced = peers.pace(INPUT, pace);
    // Nothing of it is needed any more: what it leaves goes with its folder and its topic.
    worker.kill()?;
    worker.wait()?;
    loaded.remove()?;
    paced
}
