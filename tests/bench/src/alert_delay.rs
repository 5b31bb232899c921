//! From a document's request at the gateway to its alert on the topic, at a paced load without
//! containers: the whole pipeline in between, ClickHouse beside it. One run.

use crate::figures::Quantiles;
use crate::options::Options;
use crate::traffic::{IMPORT_KEY, Traffic, capture};
use crate::{cpu, own_stack, topic, world};
use anyhow::{Context, ensure};
use rdkafka::consumer::BaseConsumer;
use rdkafka::{Message, Offset};
use serialtrail_bench_codecs::text::{heading, table};
use serialtrail_records::{Alert, Codec};
use serialtrail_runtime::topics::ALERTS;
use serialtrail_runtime::{Clock, Service};
use serialtrail_stack::{Member, Stack};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Events of a document; each names ten units.
const EVENTS: u64 = 10;
/// Observations of a document.
const OBSERVATIONS: u64 = EVENTS * 10;
/// Longest wait for the last alerts.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// Observations a second that were asked for.
    pub asked_per_s: u64,
    /// Observations a second that were sent.
    pub sent_per_s: f64,
    /// Seconds measured.
    pub seconds: u64,
    /// From sending a document to its 202.
    pub captured: Quantiles,
    /// From sending a document to its alert being readable (read_committed).
    pub alerted: Quantiles,
    /// CPU-seconds of each process per second of the run: cores in use.
    pub cores: BTreeMap<String, f64>,
}

/// Measures the delay.
///
/// # Errors
/// A part does not start, the gateway refuses, or an alert does not come.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    let parts = [Member::Kafka, Member::SchemaRegistry, Member::ClickHouse];
    let services = [
        Service::Gateway,
        Service::Dispatcher,
        Service::Enricher,
        Service::Detector,
        Service::Sink,
    ];
    let members = parts.into_iter().chain(services.map(Member::service));
    own_stack::with(
        options,
        "alert-delay",
        Clock::Live,
        members.collect(),
        |stack| {
            let (traffic, folder) = Traffic::new(stack, options.seed)?;
            world::load(stack, &folder)?;
            measure(stack, &traffic, options)
        },
    )
}

fn measure(stack: &Stack, traffic: &Traffic, options: &Options) -> anyhow::Result<Figures> {
    let settings = stack.settings();
    let codec = Codec::connect(&settings.schema_registry.url)?;
    let (consumer, _) = topic::consumer(&settings, ALERTS, Offset::Beginning)?;
    let documents_a_second = (options.delay_per_second / OBSERVATIONS).max(1);
    let documents = |seconds: u64| seconds * documents_a_second;
    let warm_up = documents(u64::from(options.delay_warm_up_seconds));
    let seconds = u64::from(options.delay_seconds);
    let all = warm_up + documents(seconds);
    let enough = AtomicBool::new(false);
    let runtime = tokio::runtime::Runtime::new()?;
    let (sent, alerted, cpu, took) = std::thread::scope(|scope| {
        let listening = scope.spawn(|| listen(&consumer, &codec, all, &enough));
        let paced = || -> anyhow::Result<_> {
            let warm = send(&runtime, stack, traffic, 0..warm_up, documents_a_second)?;
            let (before, start) = (cpu::of_stack(stack), Instant::now());
            let mut sent = send(&runtime, stack, traffic, warm_up..all, documents_a_second)?;
            let took = start.elapsed();
            let cpu = cpu::since(stack, &before);
            sent.retain(|number, _| !warm.contains_key(number));
            Ok((sent, cpu, took))
        };
        let paced = paced();
        if paced.is_err() {
            enough.store(true, Ordering::Relaxed);
        }
        let alerted = listening.join();
        let alerted = alerted.unwrap_or_else(|_| Err(anyhow::anyhow!("reading alerts panicked")));
        let (sent, cpu, took) = paced?;
        anyhow::Ok((sent, alerted?, cpu, took))
    })?;
    let delays: Vec<Duration> = sent
        .iter()
        .filter_map(|(number, (at, _))| Some(alerted.get(number)?.saturating_duration_since(*at)))
        .collect();
    ensure!(
        delays.len() == sent.len(),
        "{} of {} documents raised their alert",
        delays.len(),
        sent.len()
    );
    let figures = Figures {
        asked_per_s: options.delay_per_second,
        sent_per_s: (sent.len() as u64 * OBSERVATIONS) as f64 / took.as_secs_f64(),
        seconds,
        captured: Quantiles::of(sent.values().map(|(_, took)| *took).collect()),
        alerted: Quantiles::of(delays),
        cores: cpu
            .into_iter()
            .map(|(name, cpu_s)| (name, cpu_s / took.as_secs_f64()))
            .collect(),
    };
    eprintln!(
        "alert-delay: p50 {:.0} ms, p99 {:.0} ms at {:.0} observations/s",
        figures.alerted.p50_ms, figures.alerted.p99_ms, figures.sent_per_s
    );
    Ok(figures)
}

type Sent = HashMap<u64, (Instant, Duration)>;

/// Sends documents at an even pace; when each was sent, and how long its 202 took. One that is late does
/// not hold up the next.
fn send(
    runtime: &tokio::runtime::Runtime,
    stack: &Stack,
    traffic: &Traffic,
    numbers: std::ops::Range<u64>,
    a_second: u64,
) -> anyhow::Result<Sent> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let url = format!("http://{}/epcis/v2/capture", stack.settings().http.gateway);
    runtime.block_on(async {
        let start = tokio::time::Instant::now();
        let mut sending = Vec::new();
        for (index, number) in (0_u32..).zip(numbers) {
            let body = traffic.alarming(number, EVENTS);
            let after = Duration::from_secs(1) * index / u32::try_from(a_second)?;
            tokio::time::sleep_until(start + after).await;
            let (client, url) = (client.clone(), url.clone());
            sending.push(tokio::spawn(async move {
                anyhow::Ok((number, capture(&client, &url, IMPORT_KEY, body).await?))
            }));
        }
        let mut sent = Sent::new();
        for one in sending {
            let (number, times) = one.await??;
            sent.insert(number, times);
        }
        Ok(sent)
    })
}

/// When the first alert of each document was read, until all of them were.
fn listen(
    consumer: &BaseConsumer,
    codec: &Codec,
    documents: u64,
    enough: &AtomicBool,
) -> anyhow::Result<HashMap<u64, Instant>> {
    let mut read: HashMap<u64, Instant> = HashMap::new();
    let mut last = Instant::now();
    while (read.len() as u64) < documents && !enough.load(Ordering::Relaxed) {
        ensure!(
            last.elapsed() < PATIENCE,
            "{} of {documents} documents raised their alert, then none for {} s",
            read.len(),
            PATIENCE.as_secs()
        );
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let now = Instant::now();
        let value = message.payload().context("an alert without value")?;
        let alert: Alert = codec.decode(value)?;
        for event in &alert.event_ids {
            if let Some(number) = Traffic::document_of(event, EVENTS) {
                read.entry(number).or_insert(now);
                last = now;
            }
        }
    }
    Ok(read)
}

impl Figures {
    /// The table.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\nAlert delay: documents of {EVENTS} events of ten units, {:.0} observations/s for {} s",
            self.sent_per_s, self.seconds
        )?;
        let mut rows = vec![heading(&[
            "from the request to",
            "p50 ms",
            "p99 ms",
            "max ms",
        ])];
        for (what, q) in [("its 202", &self.captured), ("its alert", &self.alerted)] {
            rows.push(vec![
                what.to_owned(),
                format!("{:.1}", q.p50_ms),
                format!("{:.1}", q.p99_ms),
                format!("{:.1}", q.max_ms),
            ]);
        }
        table(out, &rows)?;
        let cores = self.cores.iter().map(|(name, n)| format!("{name} {n:.2}"));
        writeln!(
            out,
            "cores in use: {}",
            cores.collect::<Vec<_>>().join(", ")
        )
    }
}
