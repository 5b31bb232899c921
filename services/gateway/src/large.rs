//! Documents that go in several transactions: large ones with `GS1-Capture-Error-Behaviour: proceed`.
//!
//! The document's structure is verified and its job written before the answer; its events follow in
//! transactions of bounded size, each with the job as it then stands. Memory is bounded by one of them.
//! If the process ends in between, what was captured stays, and the job ends as `interrupted`, written
//! by the next start of the same instance; the document sent again has the same outcome, because what
//! was captured is a repeat.

use serialtrail_epcis::{Header, read_events};
use serialtrail_records::{CaptureJob, JobError, Micros};
use serialtrail_runtime::Clock;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

use crate::capture::{assess, first_record_time};
use crate::findings::Findings;
use crate::http::{Gateway, Shared};
use crate::known::Identity;
use crate::order::Order;
use crate::outgoing;
use crate::parcel::Parcel;
use crate::pass::Pass;
use crate::post::{internal, not_allowed, write};
use crate::problem::Problem;
use crate::reference;
use crate::versions::document_fits;

/// Events of one transaction.
const CHUNK_EVENTS: usize = 5_000;
/// Bytes of the records of one transaction.
const CHUNK_BYTES: usize = 16 << 20;
/// How often a transaction is tried.
const ATTEMPTS: u32 = 20;
/// Wait before the next try.
const PAUSE: Duration = Duration::from_secs(1);
/// Reason: not all of the document was captured.
pub const INTERRUPTED: &str = "interrupted";

/// Verifies the document, writes its job and begins its capture. The job says `running`.
///
/// # Errors
/// 400: the document as a whole is refused; 503.
pub(crate) async fn begin(gateway: &Shared, order: &Arc<Order>) -> Result<CaptureJob, Problem> {
    let header = verified(gateway, order).await?;
    let record_time = {
        let (gateway, order, header) = (Arc::clone(gateway), Arc::clone(order), header.clone());
        let work = move || {
            let conditions = order.conditions(&gateway, &|_| false);
            first_record_time(&order.submission(), &conditions, &header)
        };
        blocking(work).await?
    };
    let mut findings = Findings::default();
    if !header.master_data.is_empty() {
        if order.asked.masters {
            reference::publish(gateway, order, &header, record_time).await?;
        } else {
            findings.warned(not_allowed(header.master_data.len()));
        }
    }
    let begun = Progress {
        gateway,
        order,
        header: &header,
        record_time,
        captured: 0,
    }
    .job(&findings, true);
    put_job(gateway, &begun).await?;
    let (gateway, order) = (Arc::clone(gateway), Arc::clone(order));
    tokio::spawn(async move {
        // The room of large documents is never closed.
        let Ok(_room) = gateway.large.acquire().await else {
            return;
        };
        let (working, handle) = (Arc::clone(&gateway), Handle::current());
        let work = move || run(&working, &order, (&header, record_time), findings, &handle);
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "a large document");
        }
    });
    Ok(begun)
}

/// The header, or what the sender is told.
async fn verified(gateway: &Shared, order: &Arc<Order>) -> Result<Header, Problem> {
    let (gateway_, order_) = (Arc::clone(gateway), Arc::clone(order));
    let read = blocking(move || order_.submission().header(usize::MAX)).await?;
    if let Ok(header) = read {
        let claimed = order.asked.claimed_version.as_deref();
        if document_fits(claimed, header.schema_version.as_deref()).is_ok() {
            return Ok(header);
        }
    }
    // A document that is refused whole is refused as a small one is: job, rejection, problem.
    let order_ = Arc::clone(order);
    let assessment = blocking(move || {
        let conditions = order_.conditions(&gateway_, &|_| false);
        assess(&order_.submission(), &conditions)
    })
    .await?;
    let refused = write(gateway, assessment).await?.problem;
    Err(refused.unwrap_or_else(|| internal(&anyhow::anyhow!("a refused document was taken"))))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(internal(&error)),
        Err(error) => Err(internal(&error.into())),
    }
}

async fn put_job(gateway: &Gateway, job: &CaptureJob) -> Result<(), Problem> {
    let record =
        outgoing::job(job, &gateway.counts, &gateway.codec).map_err(|error| internal(&error))?;
    let parcel = Arc::new(Parcel::from(vec![record]));
    gateway.queue.write([parcel].into(), None).await?;
    gateway.jobs.put(job.clone());
    Ok(())
}

/// A document on its way.
struct Progress<'a> {
    gateway: &'a Gateway,
    order: &'a Order,
    header: &'a Header,
    record_time: Micros,
    captured: usize,
}

impl Progress<'_> {
    fn job(&self, findings: &Findings, running: bool) -> CaptureJob {
        let total = usize::try_from(self.header.events).unwrap_or(usize::MAX);
        let submission = self.order.submission();
        let job = findings.job(
            &submission,
            self.order.now,
            self.record_time,
            total,
            self.captured,
        );
        CaptureJob {
            running,
            finished_at: (!running).then(now),
            slot: running.then(|| i32::try_from(self.gateway.slot).unwrap_or(i32::MAX)),
            ..job
        }
    }

    /// Writes what the pass has gathered, with the job as it then stands.
    fn flush(&mut self, pass: &mut Pass<'_>, last: bool, handle: &Handle) -> anyhow::Result<()> {
        let next = match self.gateway.clock.mode() {
            // Each part is recorded when it is written, so that none is older than the marks.
            Clock::Live => now(),
            Clock::Replay => self.record_time,
        };
        let drained = pass.drain(next)?;
        let captured = self.captured + drained.identities.len();
        let job = CaptureJob {
            captured: i32::try_from(captured).unwrap_or(i32::MAX),
            ..self.job(&pass.findings, !last)
        };
        let record = outgoing::job(&job, &self.gateway.counts, &self.gateway.codec)?;
        let parcels: Arc<[Arc<Parcel>]> = [drained.events, drained.rejections, vec![record].into()]
            .map(Arc::new)
            .into();
        // Stream time reaches the document's record time once all of it is there.
        let reached = last.then_some(self.record_time);
        self.persist(&parcels, reached, handle)?;
        self.captured = captured;
        let known = &self.gateway.known;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        drained
            .identities
            .iter()
            .for_each(|(_, identity)| known.captured(identity));
        drop(known);
        self.gateway.jobs.put(job);
        Ok(())
    }

    /// Writes until it is committed; what is written twice is a repeat.
    fn persist(
        &self,
        parcels: &Arc<[Arc<Parcel>]>,
        reached: Option<Micros>,
        handle: &Handle,
    ) -> anyhow::Result<()> {
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            anyhow::ensure!(!self.gateway.shutdown.is_triggered(), "the instance ended");
            match handle.block_on(self.gateway.queue.write(Arc::clone(parcels), reached)) {
                Ok(()) => return Ok(()),
                Err(problem) => why = problem.detail,
            }
            std::thread::sleep(PAUSE);
        }
        anyhow::bail!("{why}")
    }
}

fn now() -> Micros {
    chrono::Utc::now().timestamp_micros()
}

/// Captures the document's events; its job says how that went.
fn run(
    gateway: &Gateway,
    order: &Order,
    (header, record_time): (&Header, Micros),
    findings: Findings,
    handle: &Handle,
) {
    let loses = |event: &Identity| {
        let known = gateway.known.lock();
        known.unwrap_or_else(PoisonError::into_inner).loses(event)
    };
    let (submission, conditions) = (order.submission(), order.conditions(gateway, &loses));
    let mut progress = Progress {
        gateway,
        order,
        header,
        record_time,
        captured: 0,
    };
    let mut pass = Pass::new(&submission, &conditions, header, record_time).refusing_known();
    pass.findings = findings;
    let captured = all(&mut progress, &mut pass, handle);
    if let Err(error) = captured {
        tracing::warn!(capture = order.capture_id, "a large document: {error:#}");
        pass.findings
            .failed(interrupted(&format!("{error:#}"), progress.captured));
        let job = progress.job(&pass.findings, false);
        if let Err(problem) = handle.block_on(put_job(gateway, &job)) {
            // The next start of this instance ends the job.
            tracing::warn!(capture = order.capture_id, why = problem.detail, "its job");
            gateway.jobs.put(job);
        }
    }
}

fn all(progress: &mut Progress<'_>, pass: &mut Pass<'_>, handle: &Handle) -> anyhow::Result<()> {
    let order = progress.order;
    let mut failed = None;
    read_events(
        order.body.open()?,
        order.asked.format,
        progress.header,
        &order.submission().options(usize::MAX),
        |event| {
            let taken = pass.take(event).and_then(|()| {
                if pass.count() >= CHUNK_EVENTS || pass.bytes() >= CHUNK_BYTES {
                    progress.flush(pass, false, handle)?;
                }
                Ok(())
            });
            match taken {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        },
    )?;
    match failed {
        Some(error) => Err(error),
        None => progress.flush(pass, true, handle),
    }
}

fn interrupted(why: &str, captured: usize) -> JobError {
    JobError {
        reason: INTERRUPTED.into(),
        message: format!(
            "{captured} events were captured, then: {why}; send the document again: what was captured \
             is a repeat"
        ),
        ..JobError::default()
    }
}

/// Ends the jobs an earlier run of this instance left running.
pub async fn end_interrupted(gateway: Shared, started: Micros) {
    let slot = i32::try_from(gateway.slot).unwrap_or(i32::MAX);
    for mut job in gateway.jobs.running(slot, started) {
        let captured = usize::try_from(job.captured).unwrap_or(0);
        job.errors.push(interrupted("the instance ended", captured));
        job.errors_total = job.errors_total.saturating_add(1);
        job.running = false;
        job.success = false;
        job.finished_at = Some(now());
        job.slot = None;
        if let Err(problem) = put_job(&gateway, &job).await {
            tracing::warn!(
                capture = job.capture_id,
                why = problem.detail,
                "an interrupted job"
            );
        }
    }
}
