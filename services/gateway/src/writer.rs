//! The one loop that owns the producer: what waits is written together, in one transaction, and then
//! answered together.
//!
//! While a transaction commits (about 12 ms) the next requests queue up; so the batch grows with the
//! load and a lone request waits for nobody. The queue is bounded: a full one is an answer (503), not
//! a wait. Marks are part of the transaction: in replay when record time advanced, in live clock each
//! second.

use serialtrail_records::{Codec, Micros};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{Clock, Shutdown, metrics};
use serialtrail_stream::outcome::Outcome;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use crate::clock::StreamClock;
use crate::marks;
use crate::parcel::Parcel;
use crate::problem::{Kind, Problem};
use crate::transaction::{Counts, Transactor};

/// Requests that may wait.
const QUEUE: usize = 512;
/// Bytes after which a transaction takes no further request.
const BATCH_BYTES: usize = 32 << 20;
/// Longest wait of a request for its commit.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the live clock is marked.
const LIVE_MARK: Duration = Duration::from_secs(1);

/// What one request wants written.
#[derive(Debug)]
pub struct Work {
    /// Records.
    pub parcels: Arc<[Arc<Parcel>]>,
    /// Record time its events reached; none where it captured nothing.
    pub reached: Option<Micros>,
    /// Told once it is committed, or cannot be.
    pub done: oneshot::Sender<Result<(), String>>,
}

/// The way into the queue; clones share it. The loop ends when all are dropped.
#[derive(Debug, Clone)]
pub struct Queue(SyncSender<Work>);

/// A new queue and its end.
#[must_use]
pub fn queue() -> (Queue, Receiver<Work>) {
    let (sender, receiver) = sync_channel(QUEUE);
    (Queue(sender), receiver)
}

impl Queue {
    /// Writes the records in one transaction, and returns once it is committed.
    ///
    /// # Errors
    /// 503: the queue is full, the transaction was aborted (nothing of it is visible), or its outcome is
    /// unknown. Sending the same again is safe: a repeat is a success.
    pub async fn write(
        &self,
        parcels: Arc<[Arc<Parcel>]>,
        reached: Option<Micros>,
    ) -> Result<(), Problem> {
        let (done, outcome) = oneshot::channel();
        let unavailable = |detail: String| Problem::new(Kind::Unavailable, detail);
        self.0
            .try_send(Work {
                parcels,
                reached,
                done,
            })
            .map_err(|error| {
                unavailable(match error {
                    TrySendError::Full(_) => {
                        format!("{QUEUE} requests wait already; send the same again")
                    }
                    TrySendError::Disconnected(_) => "this instance is ending".into(),
                })
            })?;
        let detail = match tokio::time::timeout(PATIENCE, outcome).await {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(why))) => format!("not captured: {why}; send the same again"),
            Ok(Err(_)) => "this instance ended; send the same again".to_owned(),
            Err(_) => format!("Kafka did not answer within {PATIENCE:?}; send the same again"),
        };
        Err(unavailable(detail))
    }
}

/// The loop's possessions.
pub struct Writer {
    /// The producer.
    pub transactor: Transactor,
    /// Its transactional id.
    pub name: String,
    /// To connect anew after an indeterminate commit.
    pub kafka: KafkaSettings,
    /// Encodes marks.
    pub codec: Arc<Codec>,
    /// Partition counts.
    pub counts: Counts,
    /// Stream time as marked.
    pub clock: Arc<StreamClock>,
}

impl Writer {
    /// Runs until every [`Queue`] is dropped: what was queued is still written and answered.
    ///
    /// # Errors
    /// The producer was fenced, or is lost for good: the process has to end.
    pub fn run(mut self, work: &Receiver<Work>, shutdown: &Shutdown) -> anyhow::Result<()> {
        let mut next_mark = Instant::now();
        loop {
            let wait = match self.clock.mode() {
                Clock::Live => next_mark.saturating_duration_since(Instant::now()),
                Clock::Replay => LIVE_MARK,
            };
            let batch = match work.recv_timeout(wait) {
                // Whoever has stopped waiting was told to send it again.
                Ok(first) if first.done.is_closed() => continue,
                Ok(first) => gather(first, work),
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let mark = match self.clock.mode() {
                Clock::Live if Instant::now() >= next_mark => {
                    next_mark = Instant::now() + LIVE_MARK;
                    Some(chrono::Utc::now().timestamp_micros())
                }
                Clock::Live => None,
                Clock::Replay => self
                    .clock
                    .due(batch.iter().filter_map(|work| work.reached).max()),
            };
            if !batch.is_empty() || mark.is_some() {
                self.write(batch, mark, shutdown)?;
            }
        }
    }

    fn write(
        &mut self,
        batch: Vec<Work>,
        mark: Option<Micros>,
        shutdown: &Shutdown,
    ) -> anyhow::Result<()> {
        let marks = match mark {
            Some(time) => marks::everywhere(&self.counts, &self.codec, time)?,
            None => Vec::new(),
        };
        let started = Instant::now();
        let mut renew = false;
        let parcels = batch.iter().flat_map(|work| work.parcels.iter());
        let read = parcels
            .map(|parcel| parcel.records())
            .collect::<io::Result<Vec<_>>>()?;
        let records = read.into_iter().flatten();
        let marked = marks.iter().map(|mark| Ok(Cow::Borrowed(mark)));
        let mut written: HashMap<&'static str, u64> = HashMap::new();
        let counted = records.chain(marked).inspect(|record| {
            if let Ok(record) = record {
                *written.entry(record.topic).or_default() += 1;
            }
        });
        let outcome = self.transactor.write(counted);
        metrics::histogram(&metrics::COMMIT_SECONDS)
            .with_label_values(&["gateway"])
            .observe(started.elapsed().as_secs_f64());
        metrics::counter(&metrics::WINDOWS)
            .with_label_values(&["gateway", outcome.label()])
            .inc();
        let answer = match outcome {
            Outcome::Committed => {
                for (topic, records) in &written {
                    metrics::counter(&metrics::RECORDS_OUT)
                        .with_label_values(&["gateway", topic])
                        .inc_by(*records);
                }
                if let Some(mark) = mark {
                    self.clock.committed(mark);
                    tell_stream_time(&self.clock);
                }
                Ok(())
            }
            Outcome::Aborted(why) => {
                tracing::warn!(why, requests = batch.len(), "transaction aborted");
                Err("the transaction was aborted".to_owned())
            }
            Outcome::Indeterminate(why) => {
                tracing::warn!(
                    why,
                    requests = batch.len(),
                    "commit not answered; connecting anew"
                );
                renew = true;
                Err("the broker did not answer the commit".to_owned())
            }
            Outcome::Fenced(why) => anyhow::bail!(
                "the producer {} is lost (is another gateway running with this slot?): {why}",
                self.name
            ),
        };
        for work in batch {
            // A sender that went away does not wait for its answer.
            let _ = work.done.send(answer.clone());
        }
        if renew {
            match Transactor::connect(&self.kafka, &self.name, shutdown)? {
                Some(transactor) => self.transactor = transactor,
                None => anyhow::bail!("shut down while a commit was not answered"),
            }
        }
        Ok(())
    }
}

/// Shows the last mark as the gateway's stream time.
pub fn tell_stream_time(clock: &StreamClock) {
    if let Some(mark) = clock.last_mark() {
        metrics::gauge(&metrics::STREAM_TIME)
            .with_label_values(&["gateway", "all"])
            .set(mark / 1_000_000);
    }
}

/// The first request and whatever else waits, up to the limit.
fn gather(first: Work, work: &Receiver<Work>) -> Vec<Work> {
    let size = |work: &Work| {
        work.parcels
            .iter()
            .map(|parcel| parcel.bytes())
            .sum::<usize>()
    };
    let mut bytes = size(&first);
    let mut batch = vec![first];
    while bytes < BATCH_BYTES {
        let Ok(next) = work.try_recv() else { break };
        if next.done.is_closed() {
            continue;
        }
        bytes += size(&next);
        batch.push(next);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    type Waiting = oneshot::Receiver<Result<(), String>>;

    /// A request that waits for its answer as long as the second value lives.
    fn work(bytes: usize) -> (Work, Waiting) {
        let value = vec![0; bytes];
        let record = crate::transaction::Outgoing {
            topic: "epcis-events",
            partition: 0,
            key: None,
            value,
        };
        let (done, waiting) = oneshot::channel();
        let work = Work {
            parcels: [Arc::new(Parcel::from(vec![record]))].into(),
            reached: None,
            done,
        };
        (work, waiting)
    }

    fn queued(queue: &Queue, count: usize, bytes: usize) -> Vec<Waiting> {
        let queue_one = |_| {
            let (work, waiting) = work(bytes);
            queue.0.try_send(work).unwrap();
            waiting
        };
        (0..count).map(queue_one).collect()
    }

    #[test]
    fn what_waits_is_written_together_up_to_a_limit() {
        let (queue, end) = queue();
        let _small = queued(&queue, 10, 10);
        let first = end.recv().unwrap();
        assert_eq!(gather(first, &end).len(), 10);
        let _large = queued(&queue, 3, BATCH_BYTES);
        let first = end.recv().unwrap();
        assert_eq!(gather(first, &end).len(), 1);
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_not_written() {
        let (queue, end) = queue();
        let mut waiting = queued(&queue, 5, 10);
        waiting.remove(3);
        let first = end.recv().unwrap();
        assert_eq!(gather(first, &end).len(), 4);
    }

    #[tokio::test]
    async fn a_full_queue_and_a_dead_loop_are_answers() {
        let (queue, end) = queue();
        let _waiting = queued(&queue, QUEUE, 1);
        let full = queue.write([].into(), None).await.unwrap_err();
        assert_eq!(full.kind, Kind::Unavailable);
        assert!(full.detail.contains("wait already"));
        drop(end);
        assert_eq!(
            queue.write([].into(), None).await.unwrap_err().kind,
            Kind::Unavailable
        );
    }

    #[tokio::test]
    async fn a_request_whose_loop_ends_is_told_so() {
        let (queue, end) = queue();
        let waiting = tokio::spawn(async move { queue.write([].into(), None).await });
        let taken = tokio::task::spawn_blocking(move || end.recv().unwrap())
            .await
            .unwrap();
        drop(taken);
        assert_eq!(waiting.await.unwrap().unwrap_err().kind, Kind::Unavailable);
    }
}
