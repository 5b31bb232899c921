//! Delay of notifications: broker, registry and notifier run, and webhooks of this process take them.

mod receiver;
mod send;

use crate::cpu;
use crate::figures::{Quantiles, Spread};
use crate::options::Options;
use crate::own_stack;
use anyhow::{Context, ensure};
use receiver::Receiver;
use serialtrail_runtime::{Clock, Service};
use serialtrail_stack::{Member, Stack};
use std::time::{Duration, Instant};

/// Alerts a second of the paced measurement.
const RATE: u32 = 50;
/// Longest time until everything sent has arrived.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Figures {
    /// Paced and burst, each without and with a receiver that takes requests and never answers.
    pub cells: Vec<Cell>,
}

/// One way of sending.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Cell {
    /// Alerts of one repetition.
    pub alerts: u32,
    /// Alerts a second; `None`: all at once.
    pub per_second: Option<u32>,
    /// Whether a second receiver, which never answers, is told of every alert too.
    pub dead_receiver: bool,
    /// Milliseconds from the alert's commit on the topic to its request at the webhook.
    pub p50_ms: Spread,
    /// The same, 99 in 100.
    pub p99_ms: Spread,
    /// Notifications per second, first commit to last receipt.
    pub per_s: Spread,
    /// CPU-seconds of the notifier per million notifications to the live receiver.
    pub notifier_cpu_s_per_million: Spread,
}

struct Once {
    delay: Quantiles,
    took: Duration,
    cpu_s: f64,
    alerts: f64,
}

/// Measures every cell.
///
/// # Errors
/// A part does not start, or a notification does not arrive.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    let notifier = Member::service(Service::Notifier);
    let parts = vec![Member::Kafka, Member::SchemaRegistry];
    own_stack::with(options, "notifier", Clock::Live, parts, |stack| {
        let mut cells = Vec::new();
        let mut number = 0;
        for dead_receiver in [false, true] {
            // The runtime ends with the receivers, which the next notifier must not find again.
            let runtime = tokio::runtime::Runtime::new()?;
            let receiver = runtime.block_on(Receiver::open())?;
            let routes = stack.layout().root().join("bench-routes.toml");
            std::fs::write(&routes, receiver.routes(dead_receiver))?;
            let routes = routes.display().to_string();
            stack.start(notifier, &[("SERIALTRAIL__FILES__ROUTES", &routes)])?;
            stack.wait_ready(notifier, Duration::from_secs(60))?;
            let sending = Sending {
                stack,
                runtime: &runtime,
                receiver: &receiver,
                sender: send::Sender::new(&stack.settings())?,
            };
            // The consumer groups are assigned, connections open.
            sending.once(20, None, &mut number)?;
            let paced = options.paced_seconds.max(1) * RATE;
            for (alerts, per_second) in [(paced, Some(RATE)), (options.burst, None)] {
                let mut runs = Vec::new();
                for _ in 0..options.repeat {
                    runs.push(sending.once(alerts, per_second, &mut number)?);
                }
                let cell = Cell {
                    alerts,
                    per_second,
                    dead_receiver,
                    p50_ms: Spread::over(&runs, |r| r.delay.p50_ms),
                    p99_ms: Spread::over(&runs, |r| r.delay.p99_ms),
                    per_s: Spread::over(&runs, |r| r.alerts / r.took.as_secs_f64()),
                    notifier_cpu_s_per_million: Spread::over(&runs, |r| r.cpu_s / (r.alerts / 1e6)),
                };
                cells.push(cell);
            }
            stack.stop(notifier)?;
        }
        Ok(Figures { cells })
    })
}

struct Sending<'a> {
    stack: &'a Stack,
    runtime: &'a tokio::runtime::Runtime,
    receiver: &'a Receiver,
    sender: send::Sender,
}

impl Sending<'_> {
    /// Sends so many alerts and waits until each has arrived.
    fn once(&self, alerts: u32, per_second: Option<u32>, number: &mut u64) -> anyhow::Result<Once> {
        let before = cpu::of_stack(self.stack);
        let start = Instant::now();
        let sent = self
            .runtime
            .block_on(self.sender.send(*number, alerts, per_second))?;
        *number += u64::from(alerts);
        let deadline = Instant::now() + PATIENCE;
        let received = loop {
            let received = self.receiver.times_of(sent.keys());
            if received.len() == sent.len() {
                break received;
            }
            ensure!(
                Instant::now() < deadline,
                "{} of {} notifications arrived within {} s",
                received.len(),
                sent.len(),
                PATIENCE.as_secs()
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        let cpu = cpu::since(self.stack, &before);
        // The broker tells a consumer of a record about when it tells its producer: never before 0.
        let delays = sent
            .iter()
            .filter_map(|(key, at)| Some(received.get(key)?.saturating_duration_since(*at)))
            .collect();
        let last = received.values().max().context("nothing was sent")?;
        let once = Once {
            delay: Quantiles::of(delays),
            took: last.saturating_duration_since(start),
            cpu_s: cpu
                .get(&Member::service(Service::Notifier).name())
                .copied()
                .unwrap_or(0.0),
            alerts: f64::from(alerts),
        };
        eprintln!(
            "notifier: {alerts} alerts: p50 {:.1} ms, p99 {:.1} ms",
            once.delay.p50_ms, once.delay.p99_ms
        );
        Ok(once)
    }
}
