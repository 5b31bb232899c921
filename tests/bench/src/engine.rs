//! The engine contract: our worker with its store beside tuned Kafka Streams, on the same topics of the
//! same broker, in turns. The peers' folder brings broker, data, Kafka Streams, and the measure: its script
//! starts each process, watches the group's committed offsets and reads the process's CPU time, start-up
//! included. The registry is in everybody's store before the measurement.
//!
//! Every output is read back: what differs from the contract's is an error, not a figure.

mod ours;
mod peers;

use crate::figures::Spread;
use crate::machine::{self, Machine};
use crate::options::Options;
use anyhow::{Context, ensure};
use peers::{Measured, Output, Paced, Peers};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Where the figures of this part go, from the project's root.
const FIGURES: &str = "target/bench/engine.json";

/// Records every engine must write to `enriched`, and their order-free checksum.
const ENRICHED: (u64, &str) = (5_981_867, "852f6bb52970b10f");
/// Alerts, and the SHA-256 of their sorted lines.
const ALERTS: (u64, &str) = (
    27_723,
    "45a1246a3adc1bc17dcf790a02ac08b4b1489a355951e787120c91cb19573722",
);

/// Events a second of the paced run, and for how long, s.
const PACE: (u32, u32) = (5_000, 30);
/// Milliseconds between commits of the paced run: ours, Kafka Streams' (faster is slower there).
const PACED_MS: (u32, u32) = (20, 100);

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Events our worker handles per CPU-second of its process: the median.
    pub ours_ev_per_cpu_s: f64,
    /// The same of Kafka Streams.
    pub kafka_streams_ev_per_cpu_s: f64,
    /// The one by the other.
    pub ratio: f64,
    /// SHA-256 of the sorted alerts, of every run.
    pub alerts_sha256: String,
    /// Order-free checksum of `enriched`, of every run.
    pub enriched_checksum: String,
    /// Records in `enriched`, of every run.
    pub enriched: u64,
    /// Ratio of each repetition: ours and Kafka Streams measured one after the other.
    pub ratios: Spread,
    /// How our worker was set.
    pub settings: ours::Settings,
    /// Our worker.
    pub ours: Engine,
    /// Kafka Streams.
    pub kafka_streams: Engine,
    /// Event to alert, paced: ours and Kafka Streams.
    pub paced: Vec<Latency>,
    /// The machine.
    pub machine: Machine,
    /// Versions.
    pub versions: BTreeMap<String, String>,
}

/// One engine over the repetitions.
#[derive(Debug, Clone, Serialize)]
pub struct Engine {
    /// Events per CPU-second of the process, start-up included.
    pub ev_per_cpu_s: Spread,
    /// The same from the first committed progress on.
    pub steady_ev_per_cpu_s: Spread,
    /// Events per second by wall.
    pub ev_per_s: Spread,
    /// CPU-seconds of the process.
    pub cpu_s: Spread,
    /// CPU-seconds of the broker meanwhile.
    pub broker_cpu_s: Spread,
    /// CPU-seconds of everything else on the machine meanwhile.
    pub others_cpu_s: Spread,
    /// Peak resident memory, MiB.
    pub peak_mib: Spread,
}

/// Event to alert of one engine at a steady pace.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// Which engine.
    pub engine: String,
    /// Milliseconds between its commits.
    pub commit_ms: u32,
    /// Events a second.
    pub rate: u32,
    /// Half of the alerts took no longer, ms.
    pub p50_ms: f64,
    /// 99 in 100 took no longer, ms.
    pub p99_ms: f64,
    /// The longest, ms.
    pub max_ms: f64,
    /// Alerts timed.
    pub alerts: u64,
}

/// Measures; `None`, said on standard error, where it cannot be.
///
/// # Errors
/// A peer does not build or run, or an output is not the contract's.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<Option<Figures>> {
    if options.quick {
        eprintln!(
            "SKIPPED: engine: the contract has one size, 6 million events; run without --quick"
        );
        return Ok(None);
    }
    let peers = match Peers::find(root) {
        Ok(peers) => peers,
        Err(why) => {
            eprintln!("SKIPPED: engine: {why}");
            return Ok(None);
        }
    };
    let repeat = options.repeat;
    eprintln!(
        "engine: {repeat} repetitions, about {} minutes on two idle cores (the first time 10 more to build the \
         peers and write the data), 8 GB of disk",
        3 * repeat + 4
    );
    let running = peers.start()?;
    let figures = measure(root, &peers, repeat)?;
    running.stop()?;
    let out = root.join(FIGURES);
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&out, serde_json::to_vec_pretty(&figures)?)
        .with_context(|| format!("write {}", out.display()))?;
    Ok(Some(figures))
}

fn measure(root: &Path, peers: &Peers, repeat: u32) -> anyhow::Result<Figures> {
    let settings = ours::Settings::default();
    let (mut ours, mut streams, mut output) = (Vec::new(), Vec::new(), None);
    for n in 1..=repeat {
        eprintln!("engine: repetition {n} of {repeat}: ours");
        let run = ours::run(peers, &settings, n)?;
        output = Some(is_the_contracts("ours", peers.output()?)?);
        eprintln!("engine: {run}; Kafka Streams");
        ours.push(run);
        let (run, streams_output) = peers.kafka_streams(n)?;
        is_the_contracts("Kafka Streams", streams_output)?;
        eprintln!("engine: {run}");
        streams.push(run);
    }
    let output = output.context("no repetition")?;
    eprintln!("engine: paced, {} events/s", PACE.0);
    let (ours_ms, streams_ms) = PACED_MS;
    let paced = vec![
        latency(
            "ours",
            ours_ms,
            ours::paced(peers, &settings, ours_ms, PACE)?,
        ),
        latency(
            "Kafka Streams",
            streams_ms,
            peers.kafka_streams_paced(streams_ms, PACE)?,
        ),
    ];
    let ratios = ours.iter().zip(&streams);
    let ratios = Spread::of(
        ratios
            .map(|(o, s)| o.ev_per_cpu_s / s.ev_per_cpu_s)
            .collect(),
    );
    let (ours, kafka_streams) = (engine(&ours), engine(&streams));
    let (own, theirs) = (ours.ev_per_cpu_s.median, kafka_streams.ev_per_cpu_s.median);
    Ok(Figures {
        ours_ev_per_cpu_s: own,
        kafka_streams_ev_per_cpu_s: theirs,
        ratio: own / theirs,
        alerts_sha256: output.alerts_sha256,
        enriched_checksum: output.enriched_checksum,
        enriched: output.enriched,
        ratios,
        settings,
        ours,
        kafka_streams,
        paced,
        machine: Machine::this(),
        versions: versions(root, peers),
    })
}

fn versions(root: &Path, peers: &Peers) -> BTreeMap<String, String> {
    let mut versions = machine::versions(root);
    versions.extend(peers.versions());
    versions
}

fn is_the_contracts(engine: &str, output: Output) -> anyhow::Result<Output> {
    let enriched = (output.enriched, output.enriched_checksum.as_str());
    let alerts = (output.alerts, output.alerts_sha256.as_str());
    ensure!(
        enriched == ENRICHED && alerts == ALERTS,
        "{engine} did not keep the contract: enriched {enriched:?} instead of {ENRICHED:?}, alerts {alerts:?} \
         instead of {ALERTS:?}"
    );
    Ok(output)
}

fn engine(runs: &[Measured]) -> Engine {
    let of = |figure: fn(&Measured) -> f64| Spread::over(runs, figure);
    Engine {
        ev_per_cpu_s: of(|run| run.ev_per_cpu_s),
        steady_ev_per_cpu_s: of(|run| run.steady_ev_per_cpu_s),
        ev_per_s: of(|run| run.ev_s),
        cpu_s: of(|run| run.cpu_s),
        broker_cpu_s: of(|run| run.broker_cpu_s),
        others_cpu_s: of(|run| run.others_cpu_s),
        peak_mib: of(|run| run.max_rss_mib),
    }
}

fn latency(engine: &str, commit_ms: u32, paced: Paced) -> Latency {
    Latency {
        engine: engine.to_owned(),
        commit_ms,
        rate: PACE.0,
        p50_ms: paced.p50_ms,
        p99_ms: paced.p99_ms,
        max_ms: paced.max_ms,
        alerts: paced.samples,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_output_is_an_error_that_shows_it() {
        let right = Output {
            enriched: ENRICHED.0,
            enriched_checksum: ENRICHED.1.into(),
            alerts: ALERTS.0,
            alerts_sha256: ALERTS.1.into(),
        };
        assert!(is_the_contracts("ours", right.clone()).is_ok());
        let wrong = Output { alerts: 1, ..right };
        let error = is_the_contracts("ours", wrong).unwrap_err().to_string();
        assert!(
            error.contains("ours") && error.contains("alerts (1, "),
            "{error}"
        );
    }
}
