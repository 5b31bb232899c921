//! Typed settings: one TOML file, overridden by environment variables, validated before anything starts.
//!
//! The file is named by `--config` or `SERIALTRAIL_CONFIG`; without one the defaults (a local stack)
//! hold. `SERIALTRAIL__KAFKA__BROKERS=host:9092` overrides `kafka.brokers`; under `kafka.properties`
//! an underscore stands for librdkafka's dot: `SERIALTRAIL__KAFKA__PROPERTIES__SECURITY_PROTOCOL`.
//! Relative paths in the file are relative to the file's folder. An error names the key, the value
//! and what was expected.

use crate::env_override;
use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// All settings of a deployment; every service reads the same file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where Kafka is.
    pub kafka: KafkaSettings,
    /// Where the schema registry is.
    pub schema_registry: SchemaRegistrySettings,
    /// Where ClickHouse is.
    pub clickhouse: ClickHouseSettings,
    /// Which clock record times come from.
    pub clock: ClockSettings,
    /// Listen address of each service.
    pub http: HttpSettings,
    /// How the stateful workers run.
    pub worker: WorkerSettings,
    /// What the capture API takes.
    pub gateway: GatewaySettings,
    /// What the query service serves beside its API.
    pub query: QuerySettings,
    /// Where services are that another one asks.
    pub observe: ObserveSettings,
    /// Files read at start.
    pub files: FileSettings,
}

/// `[kafka]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaSettings {
    /// Bootstrap servers, `host:port` separated by commas.
    pub brokers: String,
    /// Further librdkafka properties for every client, for example `security.protocol`.
    pub properties: BTreeMap<String, String>,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".into(),
            properties: BTreeMap::new(),
        }
    }
}

/// `[schema_registry]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaRegistrySettings {
    /// Root of Confluent's API, without a trailing slash.
    pub url: String,
}

impl Default for SchemaRegistrySettings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8081/apis/ccompat/v7".into(),
        }
    }
}

/// `[clickhouse]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClickHouseSettings {
    /// HTTP interface, without a trailing slash.
    pub url: String,
    /// Database that holds Serialtrail's tables.
    pub database: String,
    /// User name.
    pub user: String,
    /// Password; empty for none.
    pub password: String,
    /// Cluster to create tables on (`ON CLUSTER`, replicated engines); empty for a single server.
    pub cluster: String,
    /// How what is sent to ClickHouse is compressed.
    pub compression: Compression,
}

/// Compression between a service and ClickHouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// None: for loopback, and for networks that carry a kilobyte a read.
    #[default]
    None,
    /// LZ4: a quarter of the bytes, for CPU time at both ends.
    Lz4,
}

impl Default for ClickHouseSettings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8123".into(),
            database: "serialtrail".into(),
            user: "default".into(),
            password: String::new(),
            cluster: String::new(),
            compression: Compression::default(),
        }
    }
}

/// Where record times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The gateway's clock at capture.
    #[default]
    Live,
    /// The import brings them: the demo, tests, back-tests.
    Replay,
}

/// `[clock]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockSettings {
    /// `live` or `replay`; one a deployment.
    pub mode: Clock,
}

/// `[http]`: the address each service listens on, for its API, health and metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Capture API.
    pub gateway: SocketAddr,
    /// Health and metrics.
    pub dispatcher: SocketAddr,
    /// Health and metrics.
    pub enricher: SocketAddr,
    /// Health and metrics.
    pub detector: SocketAddr,
    /// Health and metrics.
    pub sink: SocketAddr,
    /// Query API and console.
    pub query: SocketAddr,
    /// Health and metrics.
    pub notifier: SocketAddr,
    /// Health and metrics; takes the request to forecast now.
    pub forecaster: SocketAddr,
}

impl Default for HttpSettings {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            gateway: local(8401),
            dispatcher: local(8402),
            enricher: local(8403),
            detector: local(8404),
            sink: local(8405),
            query: local(8406),
            notifier: local(8407),
            forecaster: local(8408),
        }
    }
}

/// `[worker]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerSettings {
    /// Number of this instance among those of its stage, from 0; stable across restarts. `--slot` overrides.
    pub slot: u32,
    /// Worker threads of the process, each with its own consumer, producer and partitions.
    pub threads: u32,
    /// Records after which a window is closed. Only a backlog fills a window before its time is over: the
    /// more of it a transaction takes, the less the broker has to do for each record.
    pub window_records: usize,
    /// Milliseconds after which a window that has records is closed.
    pub window_ms: u64,
    /// Folder of the local stores; each slot has a sub-folder of its own.
    pub state_dir: PathBuf,
    /// Memory (MiB) the local stores of the process may take for indexes and caches, shared equally by
    /// its threads and each one's partitions. With less than their keys need they are slower, not wrong.
    pub state_memory_mib: usize,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            slot: 0,
            threads: 1,
            window_records: 10_000,
            window_ms: 20,
            state_dir: PathBuf::from("state"),
            state_memory_mib: 256,
        }
    }
}

/// `[gateway]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// Largest document (bytes, after decompression) one request may carry.
    pub max_document_bytes: usize,
    /// Folder of the files large documents are kept in while they are captured. Four of the largest
    /// must fit.
    pub spool_dir: PathBuf,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            max_document_bytes: 1 << 30,
            spool_dir: PathBuf::from("spool"),
        }
    }
}

/// `[query]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuerySettings {
    /// Folder of the built console. Where it is missing, its address says how to build it.
    pub console: PathBuf,
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            console: PathBuf::from("console"),
        }
    }
}

/// `[observe]`: where the metrics of each service are read, by the overview (lag, stream time) and by
/// the forecaster (which days have landed whole).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObserveSettings {
    /// Root URLs of the instances of a service, by the service's name, without a trailing slash.
    /// A service that is not named is asked at its address in `[http]`.
    pub services: BTreeMap<String, Vec<String>>,
}

/// `[files]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSettings {
    /// Detection profiles.
    pub profiles: PathBuf,
    /// API keys and the party each stands for.
    pub api_keys: PathBuf,
    /// Topic declarations.
    pub topics: PathBuf,
    /// Receivers of alerts and the routes to them.
    pub routes: PathBuf,
    /// What is forecast, how far, with which season and quantiles.
    pub forecast: PathBuf,
}

impl Default for FileSettings {
    fn default() -> Self {
        Self {
            profiles: PathBuf::from("profiles.toml"),
            api_keys: PathBuf::from("api-keys.toml"),
            topics: PathBuf::from("topics.toml"),
            routes: PathBuf::from("routes.toml"),
            forecast: PathBuf::from("forecast.toml"),
        }
    }
}

/// The services that have an address in `[http]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Capture.
    Gateway,
    /// Deduplication and split by unit.
    Dispatcher,
    /// Registry, containment.
    Enricher,
    /// Rules.
    Detector,
    /// Kafka to ClickHouse.
    Sink,
    /// Query API and console.
    Query,
    /// Alerts to people.
    Notifier,
    /// Demand and its forecast.
    Forecaster,
}

impl Service {
    /// Every service, in the order of the pipeline.
    pub const ALL: [Self; 8] = [
        Self::Gateway,
        Self::Dispatcher,
        Self::Enricher,
        Self::Detector,
        Self::Sink,
        Self::Query,
        Self::Notifier,
        Self::Forecaster,
    ];

    /// Name in logs, metrics, consumer groups and state folders.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Dispatcher => "dispatcher",
            Self::Enricher => "enricher",
            Self::Detector => "detector",
            Self::Sink => "sink",
            Self::Query => "query",
            Self::Notifier => "notifier",
            Self::Forecaster => "forecaster",
        }
    }
}

impl HttpSettings {
    /// Configured listen address of a service.
    #[must_use]
    pub const fn listen(&self, service: Service) -> SocketAddr {
        match service {
            Service::Gateway => self.gateway,
            Service::Dispatcher => self.dispatcher,
            Service::Enricher => self.enricher,
            Service::Detector => self.detector,
            Service::Sink => self.sink,
            Service::Query => self.query,
            Service::Notifier => self.notifier,
            Service::Forecaster => self.forecaster,
        }
    }
}

impl Settings {
    /// Reads `file` (or only defaults), applies the process environment, validates.
    ///
    /// # Errors
    /// The file cannot be read, a key is unknown, or a value is not what its key expects.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("settings file {}", path.display()))?,
            None => String::new(),
        };
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        let parsed = Self::parse(&text, std::env::vars(), folder);
        match file {
            Some(path) => parsed.with_context(|| format!("settings file {}", path.display())),
            None => parsed,
        }
    }

    /// Settings from TOML text and environment variables; `folder` is what relative paths start from.
    ///
    /// # Errors
    /// A key is unknown, or a value is not what its key expects.
    pub fn parse(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut table: toml::Table = text.parse()?;
        let defaults = toml::Table::try_from(Self::default())?;
        env_override::apply(&mut table, &defaults, environment)?;
        let mut settings: Self = table.try_into()?;
        for path in [
            &mut settings.worker.state_dir,
            &mut settings.files.profiles,
            &mut settings.files.api_keys,
            &mut settings.files.topics,
            &mut settings.files.routes,
            &mut settings.files.forecast,
            &mut settings.query.console,
            &mut settings.gateway.spool_dir,
        ] {
            *path = folder.join(&*path);
        }
        settings.validate()?;
        Ok(settings)
    }

    fn validate(&self) -> anyhow::Result<()> {
        let brokers = &self.kafka.brokers;
        for broker in brokers.split(',') {
            let port = broker.trim().rsplit_once(':').map(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
            ensure!(
                port == Some(true),
                "kafka.brokers = \"{brokers}\": expected host:port separated by commas"
            );
        }
        url("schema_registry.url", &self.schema_registry.url)?;
        url("clickhouse.url", &self.clickhouse.url)?;
        let database = &self.clickhouse.database;
        ensure!(
            !database.is_empty()
                && !database.starts_with(|c: char| c.is_ascii_digit())
                && database
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_'),
            "clickhouse.database = \"{database}\": expected letters, digits and underscores, no digit first"
        );
        let cluster = &self.clickhouse.cluster;
        ensure!(
            cluster
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)),
            "clickhouse.cluster = \"{cluster}\": expected letters, digits, underscores, hyphens and dots"
        );
        range("worker.slot", u64::from(self.worker.slot), 0..=9999)?;
        range("worker.threads", u64::from(self.worker.threads), 1..=64)?;
        let records = self.worker.window_records as u64;
        range("worker.window_records", records, 1..=20_000)?;
        range("worker.window_ms", self.worker.window_ms, 1..=2000)?;
        let memory = self.worker.state_memory_mib as u64;
        range("worker.state_memory_mib", memory, 16..=1_048_576)?;
        let document = self.gateway.max_document_bytes as u64;
        range("gateway.max_document_bytes", document, 1024..=16 << 30)?;
        for (name, urls) in &self.observe.services {
            let key = format!("observe.services.{name}");
            ensure!(
                Service::ALL.iter().any(|service| service.name() == name),
                "{key}: expected the name of a service"
            );
            for address in urls {
                url(&key, address)?;
            }
        }
        Ok(())
    }

    /// Root URLs at which the instances of a service are asked for their metrics.
    #[must_use]
    pub fn instances(&self, service: Service) -> Vec<String> {
        match self.observe.services.get(service.name()) {
            Some(urls) => urls.clone(),
            None => vec![format!("http://{}", self.http.listen(service))],
        }
    }
}

fn url(key: &str, value: &str) -> anyhow::Result<()> {
    let rest = value
        .strip_prefix("http://")
        .or_else(|| value.strip_prefix("https://"));
    if rest.is_none_or(str::is_empty) || value.ends_with('/') {
        bail!("{key} = \"{value}\": expected http://host:port/path without a slash at the end");
    }
    Ok(())
}

fn range(key: &str, value: u64, allowed: std::ops::RangeInclusive<u64>) -> anyhow::Result<()> {
    ensure!(
        allowed.contains(&value),
        "{key} = {value}: expected {} to {}",
        allowed.start(),
        allowed.end()
    );
    Ok(())
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
