//! Capture by HTTP alone: broker, registry and gateway run, nothing behind them.

mod documents;

use crate::cpu;
use crate::figures::{Quantiles, Spread};
use crate::options::Options;
use crate::own_stack;
use crate::traffic;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use serialtrail_runtime::{Clock, Service};
use serialtrail_stack::{Member, Stack};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Key of the local stack that may capture (`deploy/local/api-keys.toml`).
const KEY: &str = "local-maker-key";
/// Events of one document.
const SIZES: [u32; 3] = [1, 100, 1_000];
/// Documents on their way at once.
const CONCURRENCIES: [usize; 2] = [1, 8];

/// What was measured.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Figures {
    /// One a document size and concurrency.
    pub cells: Vec<Cell>,
}

/// Documents of one size, so many on their way at once.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Cell {
    /// Events of a document.
    pub events_per_document: u32,
    /// Documents on their way at once.
    pub concurrency: usize,
    /// Documents of one repetition.
    pub documents: u32,
    /// Bytes of a document.
    pub document_bytes: usize,
    /// Events per second, first request to last answer.
    pub events_per_s: Spread,
    /// Milliseconds from sending a document to its 202: events, job and marks are committed.
    pub p50_ms: Spread,
    /// The same, 99 in 100.
    pub p99_ms: Spread,
    /// CPU-seconds of the gateway per million events.
    pub gateway_cpu_s_per_million: Spread,
    /// CPU-seconds of the broker per million events.
    pub kafka_cpu_s_per_million: Spread,
}

/// One repetition.
struct Once {
    took: Duration,
    latency: Quantiles,
    events: f64,
    cpu_s: BTreeMap<String, f64>,
}

impl Once {
    fn per_million(&self, member: Member) -> f64 {
        self.cpu_s.get(&member.name()).copied().unwrap_or(0.0) / (self.events / 1e6)
    }
}

/// Measures every cell.
///
/// # Errors
/// The stack does not start, or the gateway answers with anything but 202.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    let members = vec![
        Member::Kafka,
        Member::SchemaRegistry,
        Member::service(Service::Gateway),
    ];
    own_stack::with(options, "gateway", Clock::Live, members, |stack| {
        let runtime = tokio::runtime::Runtime::new()?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(120))
            .build()?;
        let mut first = 0;
        let mut cells = Vec::new();
        for events in SIZES {
            for concurrency in CONCURRENCIES {
                let cell = Load {
                    events,
                    concurrency,
                    documents: documents_of(options.documents, events),
                };
                // What is warm afterwards: connections, the broker's code, the gateway's producer.
                cell.once(stack, &runtime, &client, 20.min(cell.documents), &mut first)?;
                let mut runs = Vec::new();
                for _ in 0..options.repeat {
                    runs.push(cell.once(stack, &runtime, &client, cell.documents, &mut first)?);
                }
                cells.push(cell.figures(&runs));
            }
        }
        Ok(Figures { cells })
    })
}

/// Fewer documents of larger ones, but enough for a 99th percentile where that is asked for.
fn documents_of(documents: u32, events: u32) -> u32 {
    match events {
        1 => documents,
        2..=100 => (documents / 5).max(5),
        _ => (documents / 20).max(3),
    }
}

struct Load {
    events: u32,
    concurrency: usize,
    documents: u32,
}

impl Load {
    fn once(
        &self,
        stack: &Stack,
        runtime: &tokio::runtime::Runtime,
        client: &reqwest::Client,
        documents: u32,
        first: &mut u64,
    ) -> anyhow::Result<Once> {
        let url = format!("http://{}/epcis/v2/capture", stack.settings().http.gateway);
        let bodies: Vec<Bytes> = (0..documents)
            .map(|_| {
                let body = documents::document(*first, self.events);
                *first += u64::from(self.events);
                body
            })
            .collect();
        let before = cpu::of_stack(stack);
        let start = Instant::now();
        let latencies: Vec<Duration> = runtime.block_on(
            futures::stream::iter(bodies)
                .map(|body| traffic::capture(client, &url, KEY, body))
                .buffer_unordered(self.concurrency)
                .map_ok(|(_, took)| took)
                .try_collect(),
        )?;
        let took = start.elapsed();
        let cpu_s = cpu::since(stack, &before);
        let once = Once {
            took,
            latency: Quantiles::of(latencies),
            events: f64::from(documents) * f64::from(self.events),
            cpu_s,
        };
        eprintln!(
            "gateway: {documents} documents of {} events, {} at once: {:.0} events/s",
            self.events,
            self.concurrency,
            once.events / took.as_secs_f64()
        );
        Ok(once)
    }

    fn figures(&self, runs: &[Once]) -> Cell {
        let gateway = Member::service(Service::Gateway);
        Cell {
            events_per_document: self.events,
            concurrency: self.concurrency,
            documents: self.documents,
            document_bytes: documents::document(0, self.events).len(),
            events_per_s: Spread::over(runs, |r| r.events / r.took.as_secs_f64()),
            p50_ms: Spread::over(runs, |r| r.latency.p50_ms),
            p99_ms: Spread::over(runs, |r| r.latency.p99_ms),
            gateway_cpu_s_per_million: Spread::over(runs, |r| r.per_million(gateway)),
            kafka_cpu_s_per_million: Spread::over(runs, |r| r.per_million(Member::Kafka)),
        }
    }
}
