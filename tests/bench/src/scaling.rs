//! What a deployment of another size takes, computed from what the pipeline was measured to take here.
//! The formulas stand in `services/common/stream/SCALING.md`; nothing here is measured.

use crate::pipeline;
use serialtrail_bench_codecs::text::{heading, table};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Observations a second the model is for.
const RATE: f64 = 1e6;
/// Units known to the state the model is for.
const UNITS: f64 = 1e9;
/// Cores of one machine of each kind.
const CORES: f64 = 16.0;
/// Share of a core that is planned to be used.
const USE: f64 = 0.6;
/// Copies of each topic.
const COPIES: f64 = 3.0;
/// Copies of each ClickHouse shard.
const REPLICAS: f64 = 2.0;
/// Memory of an index entry at its most, bytes (`services/common/state/README.md`).
const INDEX_BYTES: f64 = 22.9;
const DAY_S: f64 = 86_400.0;
const GB: f64 = 1e9;

/// Topics an observation goes through: days kept, and how many groups read it.
const TOPICS: [(&str, f64, f64); 4] = [
    ("epcis-events", 7.0, 2.0),
    ("unit-inbox", 3.0, 1.0),
    ("enriched", 3.0, 2.0),
    ("serial-registry", 0.0, 1.0),
];
const STAGES: [&str; 4] = ["dispatcher", "enricher", "detector", "sink"];

/// What a million observations a second and a billion units take.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// Busy cores by stage at a million observations a second.
    pub cores: BTreeMap<String, f64>,
    /// Worker threads by stage, and so the least number of partitions.
    pub workers: BTreeMap<String, f64>,
    /// Cores of the brokers together, every copy counted as a whole one.
    pub kafka_cores: f64,
    /// Brokers by these cores.
    pub brokers: f64,
    /// Gigabytes a second the brokers are sent by clients and by each other.
    pub written_gb_s: f64,
    /// Gigabytes a second that are read by the stages.
    pub read_gb_s: f64,
    /// Terabytes of topics kept as long as they are declared to be, all copies; changelogs apart.
    pub topics_tb: f64,
    /// Cores of ClickHouse, one replica.
    pub clickhouse_cores: f64,
    /// Shards by these cores.
    pub shards: f64,
    /// Terabytes of tables a day, all replicas, before merges have made them smaller.
    pub tables_tb_a_day: f64,
    /// Gigabytes of memory for indexes, by stage, per billion units.
    pub index_gb: BTreeMap<String, f64>,
    /// Terabytes of local stores, by stage, per billion units.
    pub stores_tb: BTreeMap<String, f64>,
}

/// The model.
#[must_use]
pub fn of(measured: &pipeline::Figures) -> Figures {
    let millions = RATE / 1e6;
    let cores_of = |name: &str| {
        let process = measured.processes.iter().find(|p| p.name == name);
        process.map_or(0.0, |p| p.cpu_s_per_million * millions)
    };
    let bytes = |name: &str| {
        measured
            .bytes_an_observation
            .get(name)
            .copied()
            .unwrap_or(0.0)
    };
    let of_stages = |figure: &dyn Fn(&str) -> f64| -> BTreeMap<String, f64> {
        let all = STAGES.iter().map(|s| ((*s).to_owned(), figure(s)));
        all.filter(|(_, value)| *value > 0.0).collect()
    };
    let changelogs: f64 = STAGES
        .iter()
        .map(|s| bytes(&format!("{s}-changelog")))
        .sum();
    let written = TOPICS.iter().map(|(t, ..)| bytes(t)).sum::<f64>() + changelogs;
    let read: f64 = TOPICS
        .iter()
        .map(|(t, _, readers)| bytes(t) * readers)
        .sum();
    let kept: f64 = TOPICS
        .iter()
        .map(|(t, days, _)| bytes(t) * days * DAY_S)
        .sum();
    let per_unit = measured.observations as f64 / (measured.units as f64).max(1.0);
    let (kafka, clickhouse) = (cores_of("kafka") * COPIES, cores_of("clickhouse"));
    Figures {
        cores: of_stages(&cores_of),
        workers: of_stages(&|stage| (cores_of(stage) / USE).ceil()),
        kafka_cores: kafka,
        brokers: (kafka / (CORES * USE)).ceil(),
        written_gb_s: written * RATE * COPIES / GB,
        read_gb_s: read * RATE / GB,
        topics_tb: kept * RATE * COPIES / 1e12,
        clickhouse_cores: clickhouse,
        shards: (clickhouse / (CORES * USE)).ceil(),
        tables_tb_a_day: bytes("clickhouse") * RATE * DAY_S * REPLICAS / 1e12,
        index_gb: of_stages(&|stage| {
            let keys = measured.keys_a_unit.get(stage).copied().unwrap_or(0.0);
            keys * INDEX_BYTES * UNITS / GB
        }),
        stores_tb: of_stages(&|stage| bytes(&format!("state/{stage}")) * per_unit * UNITS / 1e12),
    }
}

impl Figures {
    /// The table.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\nScaling, computed: a million observations a second, a billion units; machines of {CORES} \
             cores used to {:.0}%, {COPIES} copies of topics, {REPLICAS} replicas of tables",
            USE * 100.0
        )?;
        let mut rows = vec![heading(&[
            "stage",
            "busy cores",
            "workers = least partitions",
            "index GB",
            "stores TB",
        ])];
        for stage in STAGES {
            let of = |all: &BTreeMap<String, f64>, decimals: usize| {
                all.get(stage)
                    .map_or_else(String::new, |value| format!("{value:.decimals$}"))
            };
            rows.push(vec![
                stage.to_owned(),
                of(&self.cores, 0),
                of(&self.workers, 0),
                of(&self.index_gb, 0),
                of(&self.stores_tb, 1),
            ]);
        }
        table(out, &rows)?;
        writeln!(
            out,
            "brokers {:.0} ({:.0} cores), {:.1} GB/s written, {:.1} GB/s read, {:.0} TB of topics",
            self.brokers, self.kafka_cores, self.written_gb_s, self.read_gb_s, self.topics_tb
        )?;
        writeln!(
            out,
            "ClickHouse shards {:.0} ({:.0} cores a replica), {:.1} TB of tables a day",
            self.shards, self.clickhouse_cores, self.tables_tb_a_day
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Process;

    #[test]
    fn twice_the_cost_takes_twice_the_machines() {
        let process = |name: &str, cpu: f64| Process {
            name: name.to_owned(),
            cpu_s: cpu,
            cpu_s_per_million: cpu,
            mib_by_quarter: Vec::new(),
            growth: 1.0,
        };
        let measured = |times: f64| pipeline::Figures {
            events: 100,
            observations: 1_000,
            units: 200,
            landed: 1_000,
            rows: 1_000,
            through: true,
            took_s: 1.0,
            observations_per_s: 1_000.0,
            by_quarter: Vec::new(),
            processes: vec![
                process("enricher", 30.0 * times),
                process("kafka", 96.0 * times),
                process("clickhouse", 96.0 * times),
            ],
            bytes_an_observation: BTreeMap::from([
                ("enriched".to_owned(), 100.0 * times),
                ("state/enricher".to_owned(), 200.0 * times),
            ]),
            keys_a_unit: BTreeMap::from([("enricher".to_owned(), 6.0)]),
            store_mib: BTreeMap::new(),
        };
        let (one, two) = (of(&measured(1.0)), of(&measured(2.0)));
        assert_eq!(
            (one.workers["enricher"], two.workers["enricher"]),
            (50.0, 100.0)
        );
        assert_eq!((one.brokers, one.shards), (30.0, 10.0));
        assert_eq!((two.brokers, two.shards), (60.0, 20.0));
        // 100 bytes, three copies, two readers; a million times a second.
        assert!((one.written_gb_s - 0.3).abs() < 1e-9 && (one.read_gb_s - 0.2).abs() < 1e-9);
        // Five observations a unit, 200 bytes each.
        assert!((one.stores_tb["enricher"] - 1.0).abs() < 1e-9);
        assert!((one.index_gb["enricher"] - 137.4).abs() < 1e-6);
        assert!(!one.cores.contains_key("sink"));
    }
}
