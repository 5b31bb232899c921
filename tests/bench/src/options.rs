//! What is asked of a run.

use std::path::PathBuf;

/// A part of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The whole pipeline.
    Backbone,
    /// Capture by HTTP.
    Gateway,
    /// The query API over a filled database.
    Query,
    /// From an alert to the webhook.
    Notifier,
    /// Identifiers and documents, ours and others.
    Codecs,
    /// The engine contract, ours and Kafka Streams; said and skipped where the peers' folder is not.
    Engine,
    /// Dispatcher, enricher and detector, each alone over its filled topic.
    Stages,
    /// The sink alone over its filled topics.
    Sink,
    /// The whole pipeline over input captured before.
    Pipeline,
    /// From a document's request to its alert.
    #[value(name = "alert-delay")]
    #[serde(rename = "alert-delay")]
    AlertDelay,
    /// The keyed store alone.
    State,
    /// A killed worker back at work.
    Recovery,
    /// What other sizes take, computed from `pipeline`.
    Scaling,
}

/// What to run.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct Options {
    /// Parts to measure, separated by commas; default: all
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,...",
          default_values_t = [Part::Backbone, Part::Gateway, Part::Query, Part::Notifier,
                             Part::Codecs, Part::Engine, Part::Stages, Part::Sink, Part::Pipeline,
                             Part::AlertDelay, Part::State, Part::Recovery, Part::Scaling])]
    pub only: Vec<Part>,
    /// Everything small (about two minutes with release binaries): shows that the bench works; its figures
    /// say little. Overrides the sizes below
    #[arg(long)]
    pub quick: bool,
    /// Repetitions of each measurement
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// backbone, stages, sink: packs of the simulated world
    #[arg(long, default_value_t = 20_000)]
    pub items: u32,
    /// gateway: documents of one measurement with one event each; of larger ones there are fewer
    #[arg(long, default_value_t = 2_000)]
    pub documents: u32,
    /// query: rows of observations, ten a unit; half of the units are one lot (20000000: a million), a
    /// tenth, 10000 at most, another
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(20_000..))]
    pub rows: u64,
    /// query: alerts
    #[arg(long, default_value_t = 200_000)]
    pub alerts: u64,
    /// query: longest time to fill the database, seconds; what is there by then is measured
    #[arg(long, default_value_t = 1_800, value_name = "SECONDS")]
    pub fill_seconds: u64,
    /// query: random requests of each kind
    #[arg(long, default_value_t = 200)]
    pub requests: usize,
    /// query: longest time for one kind of request and one pass, seconds
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub kind_seconds: u64,
    /// notifier: alerts in the burst
    #[arg(long, default_value_t = 5_000)]
    pub burst: u32,
    /// notifier: how long alerts are paced at 50 a second, seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub paced_seconds: u32,
    /// pipeline: minutes it should take; three times as long at most
    #[arg(long, default_value_t = 10, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=600))]
    pub pipeline_minutes: u32,
    /// pipeline: observations captured beforehand, per second of these minutes
    #[arg(long, default_value_t = 15_000, value_name = "OBSERVATIONS")]
    pub pipeline_per_second: u64,
    /// alert-delay: observations a second
    #[arg(long, default_value_t = 5_000, value_name = "OBSERVATIONS")]
    pub delay_per_second: u64,
    /// alert-delay: how long, seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub delay_seconds: u32,
    /// alert-delay: how long the same load goes before measuring begins, seconds: a broker just started
    /// compiles its hot code for a minute or more
    #[arg(long, default_value_t = 90, value_name = "SECONDS")]
    pub delay_warm_up_seconds: u32,
    /// state: numbers of keys
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 10_000_000, 100_000_000])]
    pub state_keys: Vec<u64>,
    /// recovery: serials in the worker's state
    #[arg(long, default_value_t = 10_000_000, value_name = "SERIALS", value_parser = clap::value_parser!(u64).range(1_000..))]
    pub recovery_serials: u64,
    /// recovery: scans a second while the worker is killed and comes back
    #[arg(long, default_value_t = 5_000, value_name = "SCANS", value_parser = clap::value_parser!(u64).range(100..))]
    pub recovery_per_second: u64,
    /// Disk that may be used, GiB: what does not fit is made smaller or left out, and said
    #[arg(long, default_value_t = 30, value_name = "GIB")]
    pub disk_gib: u64,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// First port of the bench's own stacks; 28 from there must be free
    #[arg(long, default_value_t = 28_000)]
    pub port_base: u16,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/bench.json", value_name = "FILE")]
    pub out: PathBuf,
}

impl Options {
    /// The same with the sizes of `--quick` where that is asked for.
    #[must_use]
    pub fn sized(&self) -> Self {
        if !self.quick {
            return self.clone();
        }
        Self {
            repeat: 1,
            items: 100,
            documents: 60,
            rows: 100_000,
            alerts: 2_000,
            requests: 20,
            kind_seconds: 2,
            burst: 200,
            paced_seconds: 3,
            pipeline_minutes: 1,
            delay_per_second: 500,
            delay_seconds: 2,
            delay_warm_up_seconds: 5,
            state_keys: vec![20_000],
            recovery_serials: 20_000,
            recovery_per_second: 1_000,
            ..self.clone()
        }
    }
}
