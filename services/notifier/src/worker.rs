//! The loop of one receiver: poll, collect what is settled, commit, begin the next deliveries.
//!
//! One thread a receiver. Deliveries run on the runtime's threads and report back through a channel;
//! nothing but this loop commits, and only for partitions it owns at that moment.

mod assignment;
pub(crate) mod resending;

use crate::alertmanager::client::Alertmanager;
use crate::cause::Group;
use crate::notification::{Notification, Outcome, Reporting};
use crate::routes::{Addressed, Receiver, Routes};
use crate::webhook::Webhook;
use crate::window::{Ticket, Window};
use anyhow::Context as _;
use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use resending::Resending;
use serialtrail_records::{Alert, Codec};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{Shutdown, metrics};
use serialtrail_stream::failpoint;
use serialtrail_stream::member::{self, Member, Polled};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// How much of each partition is fetched ahead, and how long the broker may wait for more.
const FETCHING: &[(&str, &str)] = &[
    ("queued.max.messages.kbytes", "4096"),
    ("fetch.wait.max.ms", "100"),
];
/// Longest wait for a message before the loop looks at everything else.
const POLL: Duration = Duration::from_millis(10);
/// Messages taken before the loop looks at everything else.
const POLL_RECORDS: usize = 500;
/// Notifications that may wait to begin before consumption pauses.
const WAITING: usize = 1_000;
/// Offsets a partition may be read ahead of the one to commit.
const AHEAD: i64 = 20_000;
/// Least time between two commits.
const COMMIT_EVERY: Duration = Duration::from_millis(50);
/// Wait before a record whose schema nobody could tell is looked at again.
const DECODE_AGAIN: Duration = Duration::from_millis(500);
/// How long deliveries may take to finish after a shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(12);

/// Fail-point: a receiver has a notification, its offset is not committed.
pub const AFTER_DELIVERY: &str = "notifier_after_delivery";

/// Who a notifier process is.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// Number of the instance: `group.instance.id` is `<prefix>notifier-<receiver>-<slot>`.
    pub slot: u32,
    /// In front of the names of groups and topics: empty, unless several deployments (or tests) share
    /// one Kafka.
    pub prefix: String,
}

/// How a receiver is reached.
pub(crate) enum Channel {
    Webhook(Arc<Webhook>),
    Alertmanager(Arc<Alertmanager>, Resending),
}

/// What a delivery or a resending reports.
enum Event {
    Settled(Ticket, Outcome),
    /// A delivery ended without saying how: it panicked, or a record of ours did not encode.
    Lost(Ticket, String),
    Uptime(String),
    Resent(Result<u64, String>),
}

struct Raw {
    partition: i32,
    offset: i64,
    value: Option<Vec<u8>>,
}

pub(crate) struct Worker {
    consumer: Member,
    topic: String,
    group: String,
    receiver: Arc<Receiver>,
    routes: Arc<Routes>,
    codec: Arc<Codec>,
    runtime: Handle,
    shutdown: Shutdown,
    channel: Channel,
    /// Counts alerts that lead to nobody; one receiver's worker does.
    counts_unrouted: bool,
    window: Window<Arc<Notification>>,
    flights: HashMap<Ticket, AbortHandle>,
    /// Read, not yet decoded.
    inbox: VecDeque<Raw>,
    decode_again: Option<Instant>,
    paused: BTreeSet<i32>,
    next_commit: Instant,
    sender: Sender<Event>,
    events: mpsc::Receiver<Event>,
}

/// What a worker is made of.
pub(crate) struct Parts {
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) routes: Arc<Routes>,
    pub(crate) codec: Arc<Codec>,
    pub(crate) channel: Channel,
    pub(crate) counts_unrouted: bool,
}

/// Runs one receiver's deliveries until shutdown. Blocking: call it on a thread of its own.
///
/// # Errors
/// Another process took this slot's identity, or the consumer failed for good.
pub(crate) fn run(
    kafka: &KafkaSettings,
    identity: &Identity,
    parts: Parts,
    runtime: &Handle,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let Identity { slot, prefix } = identity;
    let group = format!("{prefix}notifier-{}", parts.receiver.name);
    let topic = format!("{prefix}{}", serialtrail_runtime::topics::ALERTS);
    let (sender, events) = mpsc::channel();
    let topics = std::slice::from_ref(&topic);
    let consumer = member::join(kafka, &group, *slot, topics, FETCHING);
    let mut worker = Worker {
        consumer: consumer.with_context(|| group.clone())?,
        topic,
        group,
        receiver: parts.receiver,
        routes: parts.routes,
        codec: parts.codec,
        runtime: runtime.clone(),
        shutdown: shutdown.clone(),
        channel: parts.channel,
        counts_unrouted: parts.counts_unrouted,
        window: Window::default(),
        flights: HashMap::new(),
        inbox: VecDeque::new(),
        decode_again: None,
        paused: BTreeSet::new(),
        next_commit: Instant::now(),
        sender,
        events,
    };
    worker.watch();
    while !shutdown.is_triggered() {
        worker.turn()?;
    }
    worker.drain()
}

impl Worker {
    fn turn(&mut self) -> anyhow::Result<()> {
        self.poll()?;
        self.decode();
        self.collect()?;
        if self.next_commit <= Instant::now() {
            self.commit()?;
            self.next_commit = Instant::now() + COMMIT_EVERY;
        }
        self.begin();
        self.balance()?;
        self.report();
        Ok(())
    }

    /// Takes what is there, waiting a little for the first message.
    fn poll(&mut self) -> anyhow::Result<()> {
        let mut wait = POLL;
        for _ in 0..POLL_RECORDS {
            let polled = member::poll(&self.consumer, &self.group, wait, |message| Raw {
                partition: message.partition(),
                offset: message.offset(),
                value: message.payload().map(<[u8]>::to_vec),
            })?;
            self.rebalance();
            match polled {
                Polled::Nothing => break,
                Polled::Record(raw) => self.inbox.push_back(raw),
                Polled::Other => {}
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Decides of every record read who is told of it.
    fn decode(&mut self) {
        if self
            .decode_again
            .is_some_and(|again| Instant::now() < again)
        {
            return;
        }
        self.decode_again = None;
        while let Some(raw) = self.inbox.front() {
            let decoded = match &raw.value {
                None => Err("no_value"),
                Some(value) => match self.codec.decode::<Alert>(value) {
                    Ok(alert) => Ok(alert),
                    Err(error) => match error.code() {
                        Some(code) => Err(code),
                        None => {
                            tracing::warn!(group = self.group, %error, "an alert's schema: asking again");
                            self.decode_again = Some(Instant::now() + DECODE_AGAIN);
                            return;
                        }
                    },
                },
            };
            let (partition, offset) = (raw.partition, raw.offset);
            self.inbox.pop_front();
            metrics::counter(&metrics::RECORDS_IN)
                .with_label_values(&[self.group.as_str(), self.topic.as_str()])
                .inc();
            match decoded {
                Ok(alert) => self.route(partition, offset, alert),
                Err(reason) => {
                    // Its bytes are a row of `rejected`: the sink reads the same topic.
                    tracing::error!(
                        group = self.group,
                        partition,
                        offset,
                        reason,
                        "not an alert"
                    );
                    metrics::counter(&metrics::REJECTS)
                        .with_label_values(&[self.group.as_str(), reason])
                        .inc();
                    self.window.skip(partition, offset);
                }
            }
        }
    }

    fn route(&mut self, partition: i32, offset: i64, alert: Alert) {
        if self.counts_unrouted && self.routes.told(&alert).is_empty() {
            Reporting::unrouted();
        }
        let (group_by, certain) = match self.routes.addressed(&alert, &self.receiver.name) {
            Addressed::No => return self.window.skip(partition, offset),
            Addressed::Yes(group_by) => (group_by, true),
            Addressed::Perhaps(group_by) => (group_by, false),
        };
        let notification = Arc::new(Notification {
            group: Group::of(&alert, group_by),
            certain,
            alert,
        });
        let lane = notification.alert.subject.clone();
        self.window.add(partition, offset, lane, notification);
    }

    /// Takes the results of deliveries.
    fn collect(&mut self) -> anyhow::Result<()> {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Settled(ticket, outcome) => {
                    self.flights.remove(&ticket);
                    // Given up: it stays open, and is read again after the shutdown.
                    if outcome == Outcome::GivenUp {
                        continue;
                    }
                    if outcome == Outcome::Delivered {
                        failpoint::reached(AFTER_DELIVERY);
                    }
                    self.window.settle(ticket);
                    self.channel.settled(outcome);
                }
                Event::Lost(ticket, reason) => {
                    if self.flights.remove(&ticket).is_some() {
                        anyhow::bail!("{}: a delivery failed: {reason}", self.group);
                    }
                }
                Event::Uptime(uptime) => self.channel.started(uptime),
                Event::Resent(result) => self.resent(result),
            }
        }
        Ok(())
    }

    /// Commits what is settled, synchronously; what fails is committed with the next.
    fn commit(&mut self) -> anyhow::Result<()> {
        let due = self.window.to_commit();
        if due.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        for commit in &due {
            let mut element = list.add_partition(&self.topic, commit.partition);
            element.set_offset(Offset::Offset(commit.offset))?;
            element.set_metadata(&commit.metadata);
        }
        match self.consumer.commit(&list, CommitMode::Sync) {
            Ok(()) => {
                for commit in &due {
                    self.window.committed(commit);
                }
                Ok(())
            }
            Err(error) => member::survived(&self.consumer, &self.group, &error),
        }
    }

    /// Begins as many deliveries as the receiver may have in flight.
    fn begin(&mut self) {
        let (limit, in_flight) = (self.receiver.max_in_flight, self.window.in_flight());
        match &self.channel {
            Channel::Webhook(webhook) => {
                for (ticket, notification) in self.window.start(limit.saturating_sub(in_flight)) {
                    let webhook = Arc::clone(webhook);
                    let mut report = Report::new(&self.sender, vec![ticket]);
                    let task = self.runtime.spawn(async move {
                        report.end(webhook.deliver(&notification).await.map(|one| vec![one]));
                    });
                    self.flights.insert(ticket, task.abort_handle());
                }
            }
            Channel::Alertmanager(alertmanager, resending) => {
                if in_flight > 0 || resending.running() {
                    return;
                }
                let alertmanager = Arc::clone(alertmanager);
                if self.resend() {
                    return;
                }
                let batch = self.window.start(limit);
                if batch.is_empty() {
                    return;
                }
                let (tickets, batch): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
                let mut report = Report::new(&self.sender, tickets.clone());
                let task = self.runtime.spawn(async move {
                    report.end(alertmanager.deliver(&batch).await);
                });
                for ticket in tickets {
                    self.flights.insert(ticket, task.abort_handle());
                }
            }
        }
    }

    /// Pauses partitions when too much waits, resumes them when it does not.
    fn balance(&mut self) -> anyhow::Result<()> {
        let full = self.window.waiting() >= WAITING || !self.inbox.is_empty();
        let (mut pause, mut resume) = (TopicPartitionList::new(), TopicPartitionList::new());
        let owned: Vec<i32> = self.window.frontiers().map(|(p, _)| p).collect();
        for partition in owned {
            let wanted = full || self.window.ahead(partition) >= AHEAD;
            if wanted && self.paused.insert(partition) {
                pause.add_partition(&self.topic, partition);
            } else if !wanted && self.paused.remove(&partition) {
                resume.add_partition(&self.topic, partition);
            }
        }
        member::pause_and_resume(&self.consumer, &pause, &resume)
    }

    /// Gauges, when librdkafka's statistics came.
    fn report(&self) {
        let ends = self.consumer.context().take_ends();
        if ends.is_empty() {
            return;
        }
        let lag = metrics::gauge(&metrics::LAG);
        for (partition, frontier) in self.window.frontiers() {
            let Some(end) = ends.get(&(self.topic.clone(), partition)) else {
                continue;
            };
            let idle = self.window.ahead(partition) == 0;
            let labels = [&self.group, &self.topic, &partition.to_string()];
            lag.with_label_values(&labels).set(end.lag(frontier, idle));
        }
    }

    /// Lets attempts being made finish; what is only waiting is read again by the next owner.
    fn drain(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.flights.is_empty() && begun.elapsed() < DRAIN {
            std::thread::sleep(POLL);
            self.collect()?;
        }
        for (_, flight) in self.flights.drain() {
            flight.abort();
        }
        self.commit()
    }
}

/// Says how deliveries ended, also when their task ends without a word.
struct Report {
    sender: Sender<Event>,
    tickets: Vec<Ticket>,
}

impl Report {
    fn new(sender: &Sender<Event>, tickets: Vec<Ticket>) -> Self {
        Self {
            sender: sender.clone(),
            tickets,
        }
    }

    fn end(&mut self, result: anyhow::Result<Vec<Outcome>>) {
        let tickets = std::mem::take(&mut self.tickets);
        match result {
            Ok(outcomes) => {
                for (ticket, outcome) in tickets.into_iter().zip(outcomes) {
                    // The loop is gone only when the process ends.
                    let _ = self.sender.send(Event::Settled(ticket, outcome));
                }
            }
            Err(error) => {
                for ticket in tickets {
                    let _ = self.sender.send(Event::Lost(ticket, format!("{error:#}")));
                }
            }
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        for ticket in std::mem::take(&mut self.tickets) {
            let _ = self
                .sender
                .send(Event::Lost(ticket, "it panicked".to_owned()));
        }
    }
}
