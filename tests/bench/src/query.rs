//! Latency of the query API over a filled database: ClickHouse and the query service run, nothing else.

mod fill;
mod requests;
mod stock;

use crate::cpu;
use crate::figures::{Quantiles, Spread};
use crate::options::Options;
use crate::own_stack;
use anyhow::{Context, ensure};
use futures::StreamExt;
use requests::{Kind, Request};
use serialtrail_runtime::{Clock, Service};
use serialtrail_stack::{Member, Stack};
use std::time::{Duration, Instant};

/// Longest time ClickHouse or the query service may take to start again.
const START: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Figures {
    /// How the database was filled.
    pub fill: fill::Figures,
    /// One a kind of request.
    pub kinds: Vec<KindFigures>,
}

/// One kind of request.
#[derive(Debug, Clone, serde::Serialize)]
pub struct KindFigures {
    /// What is asked for.
    pub kind: String,
    /// An example of it.
    pub example: String,
    /// Distinct random requests, one after the other; fewer where `kind_seconds` ended them.
    pub requests: usize,
    /// How many of them, over all passes, were not answered as they should: left out of the times.
    pub failed: usize,
    /// What was wrong with the first of those.
    pub failure: Option<String>,
    /// Bytes of an answer, in the mean.
    pub mean_bytes: f64,
    /// The first time each is asked, after ClickHouse and the query service were started anew
    /// (the kernel's page cache is not dropped; with `--quick` they are started anew only once).
    /// Milliseconds to the last byte.
    pub first_touch: Quantiles,
    /// The same requests again, once a repetition.
    pub warm_p50_ms: Spread,
    /// The same, 99 in 100.
    pub warm_p99_ms: Spread,
    /// CPU-milliseconds of ClickHouse per warm request.
    pub clickhouse_cpu_ms: Spread,
    /// CPU-milliseconds of the query service per warm request.
    pub query_cpu_ms: Spread,
}

/// One pass over the requests of a kind.
#[derive(Default)]
struct Pass {
    asked: usize,
    took: Vec<Duration>,
    failures: Vec<String>,
    bytes: u64,
    clickhouse_cpu_ms: f64,
    query_cpu_ms: f64,
}

/// Fills a database and asks.
///
/// # Errors
/// A part does not start, ClickHouse refuses a statement. A request that fails is a figure.
pub fn run(options: &Options) -> anyhow::Result<Figures> {
    let members = vec![Member::ClickHouse, Member::service(Service::Query)];
    own_stack::with(options, "query", Clock::Replay, members, |stack| {
        let (fill, stock) = fill::fill(stack, options)?;
        let runtime = tokio::runtime::Runtime::new()?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(300))
            .build()?;
        let root = format!("http://{}", stack.settings().http.query);
        let mut kinds = Vec::new();
        for (number, kind) in requests::kinds(&stock, options).into_iter().enumerate() {
            if number == 0 || !options.quick {
                restart(stack)?;
            }
            let asking = Asking {
                stack,
                runtime: &runtime,
                client: &client,
                root: &root,
                limit: Duration::from_secs(options.kind_seconds),
            };
            kinds.push(asking.measure(&kind, options.repeat));
        }
        Ok(Figures { fill, kinds })
    })
}

/// Empties every cache of ClickHouse and of the query service.
fn restart(stack: &Stack) -> anyhow::Result<()> {
    let query = Member::service(Service::Query);
    stack.stop(query)?;
    stack.stop(Member::ClickHouse)?;
    for member in [Member::ClickHouse, query] {
        stack.start(member, &[])?;
        stack.wait_ready(member, START)?;
    }
    Ok(())
}

struct Asking<'a> {
    stack: &'a Stack,
    runtime: &'a tokio::runtime::Runtime,
    client: &'a reqwest::Client,
    root: &'a str,
    limit: Duration,
}

impl Asking<'_> {
    fn measure(&self, kind: &Kind, repeat: u32) -> KindFigures {
        let first = self.pass(&kind.requests);
        let asked = &kind.requests[..first.asked];
        let warm: Vec<Pass> = (0..repeat).map(|_| self.pass(asked)).collect();
        let quantiles: Vec<Quantiles> =
            warm.iter().map(|p| Quantiles::of(p.took.clone())).collect();
        let per_request = |pass: &Pass, of_all: f64| of_all / pass.asked.max(1) as f64;
        let passes = || std::iter::once(&first).chain(&warm);
        let figures = KindFigures {
            kind: kind.name.to_owned(),
            example: kind
                .requests
                .first()
                .map(|r| r.path.clone())
                .unwrap_or_default(),
            requests: asked.len(),
            failed: passes().map(|pass| pass.failures.len()).sum(),
            failure: passes().find_map(|pass| pass.failures.first().cloned()),
            mean_bytes: per_request(&first, first.bytes as f64),
            first_touch: Quantiles::of(first.took.clone()),
            warm_p50_ms: Spread::over(&quantiles, |q| q.p50_ms),
            warm_p99_ms: Spread::over(&quantiles, |q| q.p99_ms),
            clickhouse_cpu_ms: Spread::over(&warm, |p| per_request(p, p.clickhouse_cpu_ms)),
            query_cpu_ms: Spread::over(&warm, |p| per_request(p, p.query_cpu_ms)),
        };
        eprintln!(
            "query: {}: {} requests, first touch p50 {:.1} ms, warm p50 {:.1} ms{}",
            figures.kind,
            figures.requests,
            figures.first_touch.p50_ms,
            figures.warm_p50_ms.median,
            figures
                .failure
                .as_ref()
                .map(|f| format!("; failed: {f}"))
                .unwrap_or_default()
        );
        figures
    }

    /// Asks one after the other, until all are asked or the time is over; one at least.
    fn pass(&self, requests: &[Request]) -> Pass {
        let before = cpu::of_stack(self.stack);
        let start = Instant::now();
        let mut pass = Pass::default();
        for request in requests {
            let asked = Instant::now();
            match self.runtime.block_on(self.ask(request)) {
                Ok(bytes) => {
                    pass.took.push(asked.elapsed());
                    pass.bytes += bytes;
                }
                Err(error) => pass.failures.push(format!("{error:#}")),
            }
            pass.asked += 1;
            if start.elapsed() > self.limit {
                break;
            }
        }
        let used = cpu::since(self.stack, &before);
        let of = |member: Member| used.get(&member.name()).copied().unwrap_or(0.0) * 1000.0;
        pass.clickhouse_cpu_ms = of(Member::ClickHouse);
        pass.query_cpu_ms = of(Member::service(Service::Query));
        pass
    }

    /// Asks and reads the whole answer; its bytes.
    async fn ask(&self, request: &Request) -> anyhow::Result<u64> {
        let url = format!("{}{}", self.root, request.path);
        let answer = self
            .client
            .get(&url)
            .header("accept", request.accept)
            .send()
            .await
            .with_context(|| format!("GET {url}"))?;
        let status = answer.status();
        if !status.is_success() {
            let text = answer.text().await?;
            anyhow::bail!("GET {url} answered {status}: {text}");
        }
        let (mut bytes, mut lines) = (0, 0);
        let mut body = answer.bytes_stream();
        while let Some(piece) = body.next().await {
            let piece = piece.with_context(|| format!("GET {url}"))?;
            bytes += piece.len() as u64;
            lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        if let Some(expected) = request.lines {
            ensure!(
                lines == expected,
                "GET {url} answered {lines} lines, expected {expected}"
            );
        }
        Ok(bytes)
    }
}
