//! The peers' folder (`PEERS_DIR`, else `../shared/peers` beside the project): a broker of their own, the
//! data, Kafka Streams, and the scripts that measure. What they write lies below `.local/bench/peers`.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The peers' broker.
pub(super) const BROKERS: &str = "127.0.0.1:19092";

/// Options of the Java virtual machine and the stores that make Kafka Streams fastest here.
const TUNED: &str = "-XX:+UseParallelGC -DcacheBytes=0 -Dwb=64";
/// Milliseconds between two commits of Kafka Streams when events come as fast as it takes them.
const COMMIT_MS: u32 = 1_000;

/// What one run of one engine took, as the peers' script says it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Measured {
    pub(super) ev_per_cpu_s: f64,
    pub(super) steady_ev_per_cpu_s: f64,
    pub(super) ev_s: f64,
    pub(super) cpu_s: f64,
    pub(super) broker_cpu_s: f64,
    pub(super) others_cpu_s: f64,
    pub(super) max_rss_mib: f64,
    events: u64,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            ev_per_cpu_s,
            cpu_s,
            others_cpu_s,
            ..
        } = self;
        write!(
            f,
            "{events} events, {ev_per_cpu_s:.0} per CPU-second ({cpu_s:.1} CPU-s; others {others_cpu_s:.1})"
        )
    }
}

/// What an engine wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) enriched: u64,
    pub(super) enriched_checksum: String,
    pub(super) alerts: u64,
    pub(super) alerts_sha256: String,
}

impl Output {
    /// From the words `name=value` of the peers' check.
    fn read(text: &str) -> anyhow::Result<Self> {
        let words: BTreeMap<&str, &str> = text
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .collect();
        let word = |name: &str| {
            let word = words.get(name).copied();
            word.with_context(|| format!("the check of the output does not say {name}: {text}"))
        };
        Ok(Self {
            enriched: word("enriched_count")?.parse()?,
            enriched_checksum: word("enriched_checksum")?.to_owned(),
            alerts: word("alerts")?.parse()?,
            alerts_sha256: word("alerts_sha256")?.to_owned(),
        })
    }
}

/// Event to alert, as the peers' script says it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Paced {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    pub(super) samples: u64,
}

/// The first line of `text` that is a JSON object of this kind and passes `wanted`.
fn json_line<T: for<'a> Deserialize<'a>>(text: &str, wanted: &str) -> anyhow::Result<T> {
    let mut lines = text.lines().filter(|line| line.contains(wanted));
    let found = lines.find_map(|line| serde_json::from_str(line).ok());
    found.with_context(|| format!("no figures in what the peers' script said: {text}"))
}

/// Where the peers are and where they work.
pub(super) struct Peers {
    folder: PathBuf,
    work: PathBuf,
}

/// The peers' broker, stopped when this is dropped.
pub(super) struct Running<'a>(Option<&'a Peers>);

impl Running<'_> {
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        match self.0.take() {
            Some(peers) => peers.steps(&["stop"], None).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(peers) = self.0.take()
            && let Err(error) = peers.steps(&["stop"], None)
        {
            eprintln!("engine: the peers' broker may still run: {error:#}");
        }
    }
}

impl Peers {
    /// The folder and what its scripts need; or why it cannot be used.
    pub(super) fn find(root: &Path) -> Result<Self, String> {
        let folder = match std::env::var_os("PEERS_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => root.join("../shared/peers"),
        };
        if !folder.join("run.sh").is_file() {
            return Err("no peers to compare with: neither PEERS_DIR nor ../shared/peers".into());
        }
        for tool in ["javac", "mvn", "cargo", "python3"] {
            let found = Command::new(tool)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if !found.is_ok_and(|status| status.success()) {
                return Err(format!("{tool}, which the peers need, is not here"));
            }
        }
        let work = root.join(".local/bench/peers");
        Ok(Self { folder, work })
    }

    pub(super) fn work(&self) -> &Path {
        &self.work
    }

    /// Builds, starts the broker and writes the data, each once.
    pub(super) fn start(&self) -> anyhow::Result<Running<'_>> {
        std::fs::create_dir_all(&self.work)?;
        self.steps(&["build"], None)?;
        let running = Running(Some(self));
        self.steps(&["broker", "data"], None)?;
        Ok(running)
    }

    /// Runs steps of the peers' script; what they say goes to a log, what they print is returned.
    fn steps(&self, steps: &[&str], java: Option<&str>) -> anyhow::Result<String> {
        let mut command = Command::new("bash");
        command.arg("run.sh").args(steps);
        // Where this bench is run through Cargo, the peers' Cargo is not meant.
        command.env_remove("CARGO_TARGET_DIR");
        if let Some(java) = java {
            command.env("KS_JVM", java);
        }
        self.output_of(command, &steps.join(" "))
    }

    fn output_of(&self, mut command: Command, what: &str) -> anyhow::Result<String> {
        let log = self.work.join("steps.log");
        command
            .current_dir(&self.folder)
            .env("PEER_WORK", &self.work)
            .env("PEER_BS", BROKERS)
            .stderr(self.log("steps")?);
        let output = command.output().with_context(|| what.to_owned())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{what} ended with {}: {said}; see {}",
            output.status,
            log.display()
        );
        Ok(said)
    }

    /// A log to append to.
    pub(super) fn log(&self, name: &str) -> anyhow::Result<File> {
        let path = self.work.join(format!("{name}.log"));
        let log = File::options().create(true).append(true).open(&path);
        log.with_context(|| format!("open {}", path.display()))
    }

    /// A name no other run of this bench has: a consumer group remembers.
    pub(super) fn unique(&self, name: &str) -> String {
        format!("{name}-{}", chrono::Utc::now().timestamp())
    }

    fn tools(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(self.work.join("target/rust/release/peer-tools"));
        command.args(arguments);
        self.output_of(command, &arguments.join(" "))
    }

    /// Removes topics; those that are not there are none.
    pub(super) fn remove_topics(&self, names: &[&str]) -> anyhow::Result<()> {
        let mut arguments = vec!["topics", BROKERS, "delete"];
        arguments.extend(names);
        self.tools(&arguments)?;
        std::thread::sleep(std::time::Duration::from_secs(2));
        Ok(())
    }

    /// Makes topics: `name`, or `name:partitions:compact`; 8 partitions without.
    pub(super) fn create_topics(&self, names: &[&str]) -> anyhow::Result<()> {
        let mut arguments = vec!["topics", BROKERS, "create"];
        arguments.extend(names);
        self.tools(&arguments).map(|_| ())
    }

    /// What is in `enriched` and `alerts` now.
    pub(super) fn output(&self) -> anyhow::Result<Output> {
        Output::read(&self.tools(&["check", BROKERS, "enriched", "alerts"])?)
    }

    /// Runs a worker of group `name` until it has committed every scan.
    pub(super) fn measured(&self, name: &str, worker: &Command) -> anyhow::Result<Measured> {
        let broker = std::fs::read_to_string(self.work.join("broker/broker.pid"))?;
        let mut command = self.python("bench.py");
        command.args([name, name, broker.trim(), "--"]);
        command.arg(worker.get_program()).args(worker.get_args());
        json_line(&self.output_of(command, name)?, "ev_per_cpu_s")
    }

    /// Kafka Streams over every scan, tuned, and what it wrote.
    pub(super) fn kafka_streams(&self, repetition: u32) -> anyhow::Result<(Measured, Output)> {
        let step = format!("ks:ks-{repetition}:{COMMIT_MS}");
        let said = self.steps(&[&step], Some(TUNED))?;
        Ok((json_line(&said, "ev_per_cpu_s")?, Output::read(&said)?))
    }

    /// Kafka Streams at a steady pace; after [`Self::kafka_streams`], whose registry it takes.
    pub(super) fn kafka_streams_paced(
        &self,
        commit_ms: u32,
        (rate, seconds): (u32, u32),
    ) -> anyhow::Result<Paced> {
        let said = self.steps(&[&format!("latency:{commit_ms}:{rate}:{seconds}")], None)?;
        json_line(&said, WARM)
    }

    /// Paced scans into `input`; how long after each its alert could be read.
    pub(super) fn pace(&self, input: &str, (rate, seconds): (u32, u32)) -> anyhow::Result<Paced> {
        let mut command = self.python("latency.py");
        command.args([input, "alerts", &rate.to_string(), &seconds.to_string()]);
        json_line(&self.output_of(command, "latency.py")?, WARM)
    }

    fn python(&self, script: &str) -> Command {
        let mut command = Command::new(self.work.join("venv/bin/python"));
        command.arg(script);
        command
    }

    /// Versions of what is compared with.
    pub(super) fn versions(&self) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        let pom = std::fs::read_to_string(self.folder.join("kafka-streams/pom.xml"));
        let after = |text: &str, tag: &str| -> Option<String> {
            let (_, rest) = text.split_once(tag)?;
            let (_, rest) = rest.split_once("<version>")?;
            Some(rest.split_once("</version>")?.0.to_owned())
        };
        let pom = pom.unwrap_or_default();
        if let Some(version) = after(&pom, "<artifactId>kafka-streams</artifactId>") {
            versions.insert("kafka_streams".to_owned(), version);
        }
        if let Ok(java) = Command::new("java").arg("-version").output() {
            let said = String::from_utf8_lossy(&java.stderr).into_owned();
            let first = said.lines().next().unwrap_or_default();
            versions.insert("java".to_owned(), first.replace('"', ""));
        }
        versions
    }
}

/// What marks the figures without the first five seconds, in which a virtual machine still compiles.
const WARM: &str = "after first";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_among_what_a_script_says() {
        let said = "registry loaded\n\
            {\"name\": \"ks\", \"events\": 6, \"ev_per_cpu_s\": 50, \"steady_ev_per_cpu_s\": 51.5, \"ev_s\": 9, \
             \"cpu_s\": 0.12, \"broker_cpu_s\": 1, \"others_cpu_s\": -0.1, \"max_rss_mib\": 7}\n\
            enriched_count=5 enriched_checksum=00ab enriched_bytes=77\n\
            alerts=2 {\"TRAVEL\": 2} alerts_sha256=ff\n";
        let measured: Measured = json_line(said, "ev_per_cpu_s").unwrap();
        assert_eq!((measured.ev_per_cpu_s, measured.cpu_s), (50.0, 0.12));
        let output = Output::read(said).unwrap();
        assert_eq!((output.enriched, output.alerts), (5, 2));
        assert_eq!(output.enriched_checksum, "00ab");
        assert_eq!(output.alerts_sha256, "ff");
        assert!(Output::read("alerts=2").is_err());
        assert!(json_line::<Measured>("nothing", "ev_per_cpu_s").is_err());
    }

    #[test]
    fn the_paced_figures_are_those_without_the_first_seconds() {
        let line = |what: &str, p99: f64| {
            format!(
                "{{\"what\": \"{what}\", \"samples\": 3, \"p50_ms\": 1.0, \"p99_ms\": {p99}, \"max_ms\": 9.0}}\n"
            )
        };
        let said = line("all", 400.0) + &line("after first 5 s", 60.0);
        let paced: Paced = json_line(&said, WARM).unwrap();
        assert_eq!((paced.p99_ms, paced.samples), (60.0, 3));
    }
}
