//! A gateway in the test's own process, and the broker it runs against.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde_json::Value;
use serialtrail_ground::{BROKERS, PATIENCE, REGISTRY, client, create_topics, given, topic};
use serialtrail_records::Codec;
use serialtrail_runtime::{App, Service, ServiceArgs, Shutdown};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const MAX_DOCUMENT_BYTES: usize = 24 << 20;

const KEYS: &str = r#"
    [[key]]
    name = "import"
    party = "operator"
    roles = ["capture", "import", "read"]
    key = "import-key"
    [[key]]
    name = "partner"
    party = "9521321000001"
    roles = ["capture"]
    key = "partner-key"
    [[key]]
    name = "masters"
    party = "9521321000001"
    roles = ["capture", "import", "master_data"]
    key = "masters-key"
    [[key]]
    name = "reader"
    party = "9521321000001"
    roles = ["read"]
    key = "reader-key"
    [device_hash]
    id = "t1"
    secret = "a secret for tests"
"#;

/// The broker and registry of the test run.
pub(crate) struct Kafka {
    pub(crate) brokers: String,
    pub(crate) registry: String,
    pub(crate) codec: Arc<Codec>,
}

impl Kafka {
    /// `None`, said on standard error, where the run gives none.
    pub(crate) fn given(test: &str) -> Option<Self> {
        let [brokers, registry] = given(test, [BROKERS, REGISTRY])?;
        let url = registry.clone();
        // The codec's client is blocking; a thread of its own keeps it out of the runtime.
        let codec = std::thread::spawn(move || Codec::connect(&url).unwrap())
            .join()
            .unwrap();
        Some(Self {
            brokers,
            registry,
            codec: Arc::new(codec),
        })
    }

    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = client(&self.brokers);
        config.set("group.id", "gateway-tests");
        config
    }

    pub(crate) fn create(&self, name: &str) {
        create_topics(&self.brokers, &[topic(name, 2)]);
    }

    /// Writes values with a record time header, keyed by nothing, over the partitions.
    pub(crate) fn produce(&self, topic: &str, values: Vec<Vec<u8>>, record_time: &str) {
        let producer: BaseProducer = self.client().create().unwrap();
        for (partition, value) in (0..).zip(&values) {
            let header = Header {
                key: "Serialtrail-Record-Time",
                value: Some(record_time),
            };
            let record = BaseRecord::<[u8], [u8]>::to(topic)
                .partition(partition % 2)
                .payload(value)
                .headers(OwnedHeaders::new().insert(header));
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(10)).unwrap();
    }

    /// The last records of a topic as a read_committed reader sees them.
    pub(crate) fn read(&self, topic: &str) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
        let consumer: BaseConsumer = self
            .client()
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .create()
            .unwrap();
        let metadata = consumer
            .fetch_metadata(Some(topic), Duration::from_secs(10))
            .unwrap();
        let mut list = TopicPartitionList::new();
        let mut open = HashSet::new();
        for partition in metadata.topics()[0].partitions() {
            let id = partition.id();
            let (low, high) = consumer
                .fetch_watermarks(topic, id, Duration::from_secs(10))
                .unwrap();
            let from = Offset::Offset((high - 5000).max(low));
            list.add_partition_offset(topic, id, from).unwrap();
            open.insert(id);
        }
        consumer.assign(&list).unwrap();
        let mut records = Vec::new();
        while !open.is_empty() {
            match consumer.poll(Duration::from_secs(10)).unwrap() {
                Ok(message) => records.push((
                    message.key().map(<[u8]>::to_vec),
                    message.payload().unwrap_or_default().to_vec(),
                )),
                Err(KafkaError::PartitionEOF(partition)) => {
                    open.remove(&partition);
                }
                Err(error) => panic!("{error}"),
            }
        }
        records
    }

    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < PATIENCE, "no {what} in {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) headers: reqwest::header::HeaderMap,
    /// The body where it is JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

/// A folder with the settings of a gateway in replay clock, and the settings file in it.
pub(crate) fn settings(kafka: &Kafka) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("serialtrail.toml");
    let settings = format!(
        "[kafka]\nbrokers = \"{}\"\n[schema_registry]\nurl = \"{}\"\n[clock]\nmode = \"replay\"\n\
         [gateway]\nmax_document_bytes = {MAX_DOCUMENT_BYTES}\nspool_dir = \"spool\"\n",
        kafka.brokers, kafka.registry
    );
    std::fs::write(&config, settings).unwrap();
    std::fs::write(folder.path().join("api-keys.toml"), KEYS).unwrap();
    (folder, config)
}

/// An address nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

/// A running gateway.
pub(crate) struct Instance {
    root: String,
    client: reqwest::Client,
    shutdown: Shutdown,
    running: tokio::task::JoinHandle<anyhow::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Instance {
    /// Starts a gateway in replay clock and waits until it is ready.
    pub(crate) async fn start(kafka: &Kafka, slot: u32) -> Self {
        Self::start_with(kafka, slot, "").await
    }

    /// The same with further settings.
    pub(crate) async fn start_with(kafka: &Kafka, slot: u32, further: &str) -> Self {
        let (folder, config) = settings(kafka);
        let text = std::fs::read_to_string(&config).unwrap() + further;
        std::fs::write(&config, text).unwrap();
        let listen = free_address();
        let args = ServiceArgs {
            config: Some(config),
            slot: Some(slot),
            listen: Some(listen),
        };
        let app = App::new(Service::Gateway, &args).unwrap();
        let shutdown = app.shutdown.clone();
        let running = tokio::spawn(serialtrail_gateway::run(app));
        let instance = Self {
            root: format!("http://{listen}"),
            client: reqwest::Client::new(),
            shutdown,
            running,
            _folder: folder,
        };
        let begun = Instant::now();
        loop {
            let ready = instance
                .client
                .get(format!("{}/readyz", instance.root))
                .send()
                .await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return instance;
            }
            assert!(begun.elapsed() < PATIENCE, "not ready in {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location");
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        Answer {
            status,
            location,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    /// A request without a body and without a key.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// POST as the import, in JSON-LD, unless the headers say otherwise.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.root)).body(body);
        let defaults = [
            ("x-api-key", "import-key"),
            ("content-type", "application/ld+json"),
        ];
        for (name, value) in defaults {
            if headers.iter().all(|(given, _)| *given != name) {
                request = request.header(name, value);
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// POST of a document recorded in 1991.
    pub(crate) async fn capture(
        &self,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut headers = headers.to_vec();
        let has = |name: &str| headers.iter().any(|(given, _)| *given == name);
        if !has("serialtrail-record-time") && !has("x-api-key") {
            headers.push(("serialtrail-record-time", super::RECORD_TIME));
        }
        self.post("/epcis/v2/capture", body, &headers).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.root));
        self.send(request.header("x-api-key", "import-key")).await
    }

    /// The job, once this instance has heard of it.
    pub(crate) async fn job_within(&self, id: &str, limit: Duration) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(&format!("/epcis/v2/capture/{id}")).await;
            if answer.status == 200 {
                return answer.body;
            }
            assert!(begun.elapsed() < limit, "job {id} unknown after {limit:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Drains the gateway; its result.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.shutdown.trigger();
        self.ended().await
    }

    /// Waits for its end; its result.
    pub(crate) async fn ended(self) -> anyhow::Result<()> {
        tokio::time::timeout(PATIENCE, self.running)
            .await
            .unwrap()
            .unwrap()
    }
}
