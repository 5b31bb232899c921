//! The loop that owns everything: one consumer, one producer, the stores of its partitions, the stage.
//!
//! One turn: gather records until the window is full or its time is over, let restoring partitions move
//! on, then step and commit the window. Nothing is shared with another thread.

use crate::clients;
use crate::config::WorkerConfig;
use crate::gauges::Gauges;
use crate::member::Member;
use crate::native;
use crate::owned::{Owned, Phase, Place};
use crate::restore::{Restored, Restorer};
use crate::stage::Stage;
use crate::transaction::Writer;
use crate::window::{PartitionCounts, Spare};
use anyhow::{Context, bail};
use bytes::BytesMut;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serialtrail_runtime::config::{KafkaSettings, WorkerSettings};
use serialtrail_runtime::{Settings, Shutdown};
use serialtrail_state::{LocalSettings, LocalStores, Stores};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time restoring partitions get in a turn while nothing else runs; at least, while others do.
const RESTORE_ALONE: Duration = Duration::from_millis(50);
const RESTORE_BESIDE: Duration = Duration::from_millis(5);
/// Pause between two looks at what the stores take.
const MEASURE_STORES: Duration = Duration::from_secs(1);
/// Longest wait for librdkafka to take a seek.
const SEEK: Duration = Duration::from_secs(5);

/// Runs the worker of one thread until shutdown. Blocks.
///
/// # Errors
/// Kafka's topics are missing, the worker was fenced, a local store failed, or the stage failed several
/// times in a row: the process should end and be started again.
pub fn run_worker<S: Stage>(
    settings: &Settings,
    config: WorkerConfig,
    thread: u32,
    stage: S,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    match Worker::new(settings, config, thread, stage, shutdown)? {
        Some(mut worker) => worker.run(shutdown),
        None => Ok(()),
    }
}

/// Runs `settings.worker.threads` workers, each with a stage of its own, until shutdown. Blocks. When
/// one ends, all do.
///
/// # Errors
/// The first error of any of them.
pub fn run_workers<S: Stage>(
    settings: &Settings,
    config: &WorkerConfig,
    make_stage: impl Fn() -> anyhow::Result<S>,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let stages: Vec<S> = (0..settings.worker.threads)
        .map(|_| make_stage())
        .collect::<anyhow::Result<_>>()?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..)
            .zip(stages)
            .map(|(thread, stage)| {
                let config = config.clone();
                scope.spawn(move || {
                    let result = run_worker(settings, config, thread, stage, shutdown);
                    shutdown.trigger();
                    result
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(result) => result,
                Err(_) => {
                    shutdown.trigger();
                    Err(anyhow::anyhow!("a worker thread panicked"))
                }
            })
            .fold(Ok(()), Result::and)
    })
}

/// Everything one worker thread owns.
pub(crate) struct Worker<S> {
    pub(crate) config: WorkerConfig,
    pub(crate) instance: String,
    kafka: KafkaSettings,
    pub(crate) limits: WorkerSettings,
    shutdown: Shutdown,
    pub(crate) stage: S,
    pub(crate) group: Member,
    pub(crate) writer: Writer,
    pub(crate) restorer: Option<Restorer>,
    /// Topics records were read from; a [`Place`] names one by its index.
    pub(crate) topics: Vec<Arc<str>>,
    pub(crate) partitions: BTreeMap<Place, Owned>,
    pub(crate) counts: PartitionCounts,
    pub(crate) gauges: Gauges,
    /// Memory the next gathered records go to.
    pub(crate) memory: BytesMut,
    /// Memory the next window is stepped in.
    pub(crate) spare: Spare,
    /// Windows in a row the stage failed.
    pub(crate) stage_failures: u32,
    /// Counts windows, to begin each with another partition.
    pub(crate) turn: usize,
    /// When the stores were last asked what they take.
    measured: Instant,
}

impl<S: Stage> Worker<S> {
    /// Connects: first the producer, which fences a predecessor, then the group. `None` when a shutdown
    /// came before Kafka did.
    fn new(
        settings: &Settings,
        config: WorkerConfig,
        thread: u32,
        stage: S,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Option<Self>> {
        config.validate()?;
        let instance = config.instance(settings.worker.slot, thread);
        let kafka = &settings.kafka;
        let Some(producer) = clients::producer(kafka, &instance, shutdown)? else {
            return Ok(None);
        };
        let uncommitted = clients::uncommitted_consumer(kafka)?;
        let counts = clients::partition_counts(&uncommitted, &config, stage.outputs(), shutdown)?;
        let restorer = match config.changelog {
            Some(changelog) => {
                let folder = settings.worker.state_dir.join(&instance);
                let threads = settings.worker.threads.max(1) as usize;
                let local = LocalSettings {
                    memory_bytes: (settings.worker.state_memory_mib << 20) / threads,
                    delete_retention: clients::delete_retention(kafka, changelog)?,
                };
                let stores = LocalStores::open(&folder, local)?;
                Some(restorer(
                    kafka,
                    &config,
                    changelog,
                    uncommitted,
                    Box::new(stores),
                )?)
            }
            None => None,
        };
        let group = clients::group_consumer(kafka, &config, &instance)?;
        tracing::info!(instance, inputs = ?config.inputs, "worker started");
        Ok(Some(Self {
            gauges: Gauges::new(config.stage),
            topics: Vec::new(),
            memory: BytesMut::new(),
            spare: Spare::default(),
            instance,
            kafka: kafka.clone(),
            limits: settings.worker.clone(),
            shutdown: shutdown.clone(),
            stage,
            group,
            writer: Writer::new(producer),
            restorer,
            partitions: BTreeMap::new(),
            counts,
            stage_failures: 0,
            turn: 0,
            measured: Instant::now(),
            config,
        }))
    }

    fn run(&mut self, shutdown: &Shutdown) -> anyhow::Result<()> {
        while !shutdown.is_triggered() {
            self.gather()?;
            self.restore()?;
            if self.partitions.values().any(Owned::has_work) {
                self.window()?;
            }
            self.measure();
        }
        // Between two windows nothing is open: what was gathered is read again by whoever comes next.
        tracing::info!(instance = self.instance, "worker drained");
        Ok(())
    }

    pub(crate) fn list(&self, places: &[Place]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(places.len());
        for place in places {
            list.add_partition(&self.topics[place.0], place.1);
        }
        list
    }

    fn restore(&mut self) -> anyhow::Result<()> {
        let running = self
            .partitions
            .values()
            .any(|owned| owned.phase == Phase::Running);
        // Beside running partitions: as long as a window would have waited for its records. Gathering
        // does not wait meanwhile.
        let budget = match running {
            true => {
                Duration::from_millis(self.limits.window_ms).clamp(RESTORE_BESIDE, RESTORE_ALONE)
            }
            false => RESTORE_ALONE,
        };
        let restored = match &mut self.restorer {
            Some(restorer) => restorer.step(budget, &self.gauges)?,
            None => return Ok(()),
        };
        for restored in restored {
            self.resume(restored)?;
        }
        Ok(())
    }

    /// A restored partition takes part in windows from now on.
    fn resume(&mut self, restored: Restored) -> anyhow::Result<()> {
        let input = self.config.inputs[0].clone();
        let place = (self.topic_number(&input), restored.partition);
        let Some(owned) = self.partitions.get_mut(&place) else {
            return Ok(());
        };
        if restored.store.usage().wiped {
            self.gauges.wipes.inc();
        }
        owned.store = Some(restored.store);
        owned.changelog_next = restored.changelog_next;
        owned.position = Some(restored.position);
        owned.phase = Phase::Running;
        owned.paused = false;
        owned.fetched = restored.position;
        // A window that was dropped and did not commit comes again, from the same record.
        owned.expected = owned.expected.filter(|first| *first >= restored.position);
        let seek = std::mem::take(&mut owned.seek);
        self.ask_pending_of(place)?;
        if seek {
            self.seek(place, restored.position)?;
        }
        self.group.resume(&self.list(&[place]))?;
        Ok(())
    }

    /// Takes a partition back to its committed state: restored again, or, without state, fetched again.
    pub(crate) fn restart(&mut self, place: Place, first: Option<i64>) -> anyhow::Result<()> {
        let Some(owned) = self.partitions.get_mut(&place) else {
            return Ok(());
        };
        let was_paused = owned.paused;
        if let Some(restorer) = &mut self.restorer {
            *owned = Owned::new(Phase::Restoring);
            owned.seek = true;
            owned.expected = first;
            restorer.begin(place.1);
            self.group.pause(&self.list(&[place]))?;
            return Ok(());
        }
        *owned = Owned::new(Phase::Running);
        let list = self.list(&[place]);
        let committed = self
            .group
            .committed_offsets(list.clone(), Duration::from_secs(10))
            .context("committed offsets are not known")?;
        let offset = committed.elements().first().map(|element| element.offset());
        if let (Some(Offset::Offset(offset)), _) | (_, Some(offset)) = (offset, first) {
            self.seek(place, offset)?;
        }
        if was_paused {
            self.group.resume(&list)?;
        }
        Ok(())
    }

    /// Fetches a partition from `offset` on.
    pub(crate) fn seek(&mut self, place: Place, offset: i64) -> anyhow::Result<()> {
        if let Some(owned) = self.partitions.get_mut(&place) {
            owned.fetched = offset;
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topics[place.0], place.1, Offset::Offset(offset))?;
        let answer = self.group.seek_partitions(list, SEEK)?;
        for element in answer.elements() {
            element.error().with_context(|| {
                format!(
                    "{}/{}: cannot go back to offset {offset}",
                    element.topic(),
                    element.partition()
                )
            })?;
        }
        Ok(())
    }

    /// A producer whose commit was not answered is dropped; initialising its successor settles the
    /// open transaction one way or the other.
    pub(crate) fn renew_producer(&mut self) -> anyhow::Result<()> {
        match clients::producer(&self.kafka, &self.instance, &self.shutdown)? {
            Some(producer) => {
                self.writer = Writer::new(producer);
                Ok(())
            }
            None => bail!(
                "ending while the outcome of the last window is unknown; it is settled at the next start"
            ),
        }
    }

    fn measure(&mut self) {
        let count = |phase| {
            self.partitions
                .values()
                .filter(|owned| owned.phase == phase)
                .count()
        };
        self.gauges.partitions(
            count(Phase::Running),
            count(Phase::Restoring),
            count(Phase::Waiting),
        );
        if self.measured.elapsed() >= MEASURE_STORES {
            self.measured = Instant::now();
            for ((_, partition), owned) in &self.partitions {
                if let Some(store) = &owned.store {
                    self.gauges.store(*partition, &store.usage());
                }
            }
        }
        for ((topic, partition), end) in self.group.context().take_ends() {
            let place = (self.topic_number(&topic), partition);
            if let Some(owned) = self.partitions.get(&place)
                && let Some(position) = owned.position
            {
                // Behind the last record lie only commit markers, which are no records.
                let done = owned.at_end && owned.queue.is_empty();
                let lag = if done {
                    0
                } else {
                    (end.offset - position).max(0)
                };
                self.gauges.lag(&topic, partition, lag);
            }
        }
    }
}

fn restorer(
    kafka: &KafkaSettings,
    config: &WorkerConfig,
    changelog: &'static str,
    uncommitted: BaseConsumer,
    stores: Box<dyn Stores>,
) -> anyhow::Result<Restorer> {
    let cluster_id = clients::cluster_id(&uncommitted)?;
    let topic_id = native::topic_id(uncommitted.client(), changelog, Duration::from_secs(10))?;
    let committed = clients::restore_consumer(kafka, config)?;
    let consumers = (committed, uncommitted);
    Ok(Restorer::new(
        config,
        changelog,
        (cluster_id, topic_id),
        consumers,
        stores,
    ))
}
