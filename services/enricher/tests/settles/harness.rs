//! The loop of topics in memory: dispatcher -> unit-inbox -> enricher -> unit-inbox and out. Each
//! partition is a queue; which of them moves next, how far, and with what budget is up to the seed.

use crate::world;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serialtrail_dispatcher::{DispatcherStage, LoadsStage};
use serialtrail_enricher::{EnricherStage, Policy};
use serialtrail_gs1::partition;
use serialtrail_records::{
    AvroRecord, Codec, EnrichedMessage, EnrichedObservation, EpcisEvent, LotStatus, Mark,
    Membership, RegistryEntry, RejectedEvent, SerialState, UnitFacts,
};
use serialtrail_stream::reference::ReferenceCopy;
use serialtrail_stream::testing::{TestContext, record};
use serialtrail_stream::{InputRecord, Stage, StepContext};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub(crate) const PARTITIONS: i32 = 8;

/// One stage with its partitions' states and input queues.
struct Station {
    topic: &'static str,
    stage: Box<dyn Stage>,
    contexts: Vec<TestContext>,
    queues: Vec<VecDeque<InputRecord>>,
    pending: Vec<bool>,
    offset: i64,
}

impl Station {
    fn new(topic: &'static str, stage: Box<dyn Stage>) -> Self {
        Self {
            topic,
            stage,
            contexts: (0..PARTITIONS).map(TestContext::new).collect(),
            queues: (0..PARTITIONS).map(|_| VecDeque::new()).collect(),
            pending: vec![false; PARTITIONS as usize],
            offset: 0,
        }
    }

    fn put(&mut self, partition: i32, key: Option<&[u8]>, value: &[u8]) {
        self.offset += 1;
        let record = record(self.topic, partition, self.offset, key, value);
        self.queues[partition as usize].push_back(record);
    }

    fn busy(&self) -> Vec<usize> {
        (0..PARTITIONS as usize)
            .filter(|p| !self.queues[*p].is_empty() || self.pending[*p])
            .collect()
    }
}

/// What stands at the end: the highest revision of each identity.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) reads: BTreeMap<(String, String), EnrichedObservation>,
    pub(crate) memberships: BTreeMap<(String, String, String), Membership>,
    pub(crate) serials: BTreeMap<String, SerialState>,
    pub(crate) rejected: Vec<RejectedEvent>,
    pub(crate) lots: Vec<LotStatus>,
    pub(crate) marks: BTreeMap<i32, i64>,
    /// Records that went through `unit-inbox`.
    pub(crate) messages: usize,
    /// Largest number of records emitted in one window.
    pub(crate) largest_window: usize,
}

impl Settled {
    /// Reads that hold, without what only the order of arrival decides.
    pub(crate) fn asserted(&self) -> Vec<EnrichedObservation> {
        self.reads
            .values()
            .filter(|r| r.asserted)
            .map(|r| EnrichedObservation {
                revision: 0,
                facts: UnitFacts {
                    revision: 0,
                    ..r.facts.clone()
                },
                ..r.clone()
            })
            .collect()
    }

    pub(crate) fn stays(&self) -> Vec<Membership> {
        self.memberships
            .values()
            .filter(|m| m.asserted)
            .map(|m| Membership {
                revision: 0,
                ..m.clone()
            })
            .collect()
    }

    /// Latest view of every unit of which anything stands: a read or a registry entry. A unit heard
    /// of only by events that no longer stand keeps an empty row, which says nothing.
    pub(crate) fn states(&self) -> Vec<SerialState> {
        let read: BTreeSet<String> = self.asserted().into_iter().map(|r| r.unit).collect();
        self.serials
            .values()
            .filter(|s| s.known || read.contains(&s.unit))
            .map(|s| SerialState {
                revision: 0,
                ..s.clone()
            })
            .collect()
    }

    pub(crate) fn holds(&self, event: &str, unit: &str) -> bool {
        self.reads
            .get(&(event.to_owned(), unit.to_owned()))
            .is_some_and(|r| r.asserted)
    }
}

pub(crate) struct Pipeline {
    pub(crate) codec: Arc<Codec>,
    stations: Vec<Station>,
    rng: ChaCha8Rng,
    budget: usize,
    window: usize,
    lossy: bool,
    pub(crate) settled: Settled,
    /// Every output so far, in order.
    outputs: Sha256,
    /// Everything that was put on `unit-inbox`, where it is kept.
    pub(crate) inbox: Option<Vec<InputRecord>>,
}

/// Takes a value into a hash: the name of its record and the datum, not the id of its schema.
fn take(hash: &mut Sha256, codec: &Codec, value: &[u8]) {
    let (writer, datum) = codec.writer(value).unwrap();
    hash.update(writer.name());
    hash.update((datum.len() as u64).to_le_bytes());
    hash.update(datum);
}

impl Pipeline {
    /// Small windows and budgets, so that every piece of work is interrupted.
    pub(crate) fn new(seed: u64) -> Self {
        Self::sized(seed, 4, 6, 2)
    }

    /// Largest budget, most records of a window, children in a page.
    pub(crate) fn sized(seed: u64, budget: usize, window: usize, page: usize) -> Self {
        let codec = Arc::new(Codec::offline().unwrap());
        let reference = ReferenceCopy::fixed(world::table());
        let enricher = EnricherStage::new(Arc::clone(&codec), reference, Policy::default())
            .with_sizes(page, page + 1);
        Self {
            stations: vec![
                Station::new(
                    "epcis-events",
                    Box::new(DispatcherStage::new(Arc::clone(&codec))),
                ),
                Station::new(
                    "registry-loads",
                    Box::new(LoadsStage::new(Arc::clone(&codec))),
                ),
                Station::new("unit-inbox", Box::new(enricher)),
            ],
            codec,
            rng: ChaCha8Rng::seed_from_u64(seed),
            budget,
            window,
            lossy: page < 10,
            settled: Settled::default(),
            outputs: Sha256::new(),
            inbox: None,
        }
    }

    /// Hash of every output in its order, and of the state of every partition.
    pub(crate) fn written(&self) -> String {
        let mut all = self.outputs.clone();
        for context in self.stations.iter().flat_map(|s| &s.contexts) {
            for (key, value) in context.state() {
                all.update((key.len() as u64).to_le_bytes());
                all.update(key);
                take(&mut all, &self.codec, value);
            }
        }
        format!("{:x}", all.finalize())
    }

    fn put_keyed<T: AvroRecord>(&mut self, station: usize, key: &str, value: &T) {
        let bytes = self.codec.encode(value).unwrap();
        let partition = partition(key.as_bytes(), PARTITIONS);
        self.stations[station].put(partition, Some(key.as_bytes()), &bytes);
    }

    pub(crate) fn event(&mut self, event: &EpcisEvent) {
        self.put_keyed(0, &event.event_id.clone(), event);
    }

    pub(crate) fn entry(&mut self, entry: &RegistryEntry) {
        self.put_keyed(1, &entry.unit.clone(), entry);
    }

    pub(crate) fn lot(&mut self, status: &LotStatus) {
        self.put_keyed(1, &format!("01/{}/10/{}", status.gtin, status.lot), status);
    }

    pub(crate) fn raw(&mut self, topic: &str, partition: i32, key: Option<&[u8]>, value: &[u8]) {
        let station = self.stations.iter_mut().find(|s| s.topic == topic).unwrap();
        station.put(partition, key, value);
    }

    /// Marks as the gateway writes them: to every partition of both its topics.
    pub(crate) fn mark(&mut self, time: i64) {
        for station in 0..2 {
            for partition in 0..PARTITIONS {
                let source = format!("{}/{partition}", self.stations[station].topic);
                let mark = Mark {
                    source,
                    sources: 2 * PARTITIONS,
                    time,
                };
                let bytes = self.codec.encode(&mark).unwrap();
                self.stations[station].put(partition, None, &bytes);
            }
        }
    }

    /// Lets the loop run a while, then stops wherever it is.
    pub(crate) fn run_some(&mut self, steps: usize) {
        for _ in 0..steps {
            if !self.turn() {
                return;
            }
        }
    }

    /// Lets the loop run until nothing moves.
    pub(crate) fn settle(&mut self) {
        let mut turns = 0;
        while self.turn() {
            turns += 1;
            assert!(turns < 2_000_000, "the loop does not settle");
        }
        for ctx in self.stations.iter().flat_map(|s| &s.contexts) {
            let largest = ctx.state().iter().max_by_key(|(_, value)| value.len());
            assert!(
                largest.is_none_or(|(_, v)| v.len() <= 256 * 1024),
                "{largest:?}"
            );
        }
    }

    /// One window of one partition of one stage; false when nothing is left anywhere.
    fn turn(&mut self) -> bool {
        let choices: Vec<(usize, usize)> = (0..self.stations.len())
            .flat_map(|s| self.stations[s].busy().into_iter().map(move |p| (s, p)))
            .collect();
        if choices.is_empty() {
            return false;
        }
        let (at, partition) = choices[self.rng.random_range(0..choices.len())];
        let records = self.rng.random_range(0..=self.window);
        let budget = self.rng.random_range(1..=self.budget);
        let station = &mut self.stations[at];
        let ctx = &mut station.contexts[partition];
        // One window in eight is lost: its writes and outputs are gone, its records come again.
        let lost = self.lossy && self.rng.random_range(0..8) == 0;
        let before = lost.then(|| (ctx.clone(), station.queues[partition].clone()));
        for _ in 0..records {
            let Some(record) = station.queues[partition].pop_front() else {
                break;
            };
            // As the worker does, before every record.
            let (needed, seen) = (
                station.stage.reference_offset_needed(&record),
                station.stage.reference_offset_seen(),
            );
            assert!(needed <= seen, "{needed} of {seen}");
            let key = record.key.as_deref();
            if key.is_some_and(|k| serialtrail_gs1::partition(k, PARTITIONS) != record.partition) {
                station.stage.wrong_partition(&record, ctx).unwrap();
            } else {
                station.stage.step(&record, ctx).unwrap();
            }
        }
        station.stage.end_of_window(budget, ctx).unwrap();
        if let Some((ctx, queue)) = before {
            station.contexts[partition] = ctx;
            station.queues[partition] = queue;
            station.stage.forget(partition as i32);
            return true;
        }
        station.pending[partition] = station.stage.has_pending(ctx).unwrap();
        let emitted = ctx.emitted();
        self.settled.largest_window = self.settled.largest_window.max(emitted);
        let outputs = ctx.take_outputs();
        for output in outputs {
            let value = output.value.unwrap();
            self.outputs.update(output.topic);
            self.outputs
                .update(output.partition.unwrap_or(-1).to_le_bytes());
            self.outputs
                .update(output.key.as_deref().unwrap_or_default());
            take(&mut self.outputs, &self.codec, &value);
            let size = value.len() + output.key.as_ref().map_or(0, Vec::len);
            assert!(size <= 256 * 1024, "{} of {size} bytes", output.topic);
            let to = output.partition.unwrap_or_else(|| {
                serialtrail_gs1::partition(output.key.as_deref().unwrap(), PARTITIONS)
            });
            match output.topic {
                "unit-inbox" => {
                    self.settled.messages += 1;
                    self.stations[2].put(to, output.key.as_deref(), &value);
                    let put = self.stations[2].queues[to as usize].back();
                    if let (Some(inbox), Some(record)) = (&mut self.inbox, put) {
                        inbox.push(record.clone());
                    }
                }
                "enriched" => {
                    assert_eq!(to as usize, partition, "enriched stays in its partition");
                    self.enriched(to, &value);
                }
                "serial-registry" => {
                    let serial: SerialState = self.codec.decode(&value).unwrap();
                    let old = self
                        .settled
                        .serials
                        .insert(serial.unit.clone(), serial.clone());
                    assert!(old.is_none_or(|old| old.revision < serial.revision));
                }
                "rejected-events" => {
                    self.settled
                        .rejected
                        .push(self.codec.decode(&value).unwrap());
                }
                other => panic!("{other}"),
            }
        }
        true
    }

    fn enriched(&mut self, partition: i32, value: &[u8]) {
        match EnrichedMessage::decode(&self.codec, value).unwrap() {
            EnrichedMessage::EnrichedObservation(read) => {
                let key = (read.event_id.clone(), read.unit.clone());
                let revision = read.revision;
                let old = self.settled.reads.insert(key, read);
                assert!(
                    old.is_none_or(|old| old.revision < revision),
                    "revisions rise"
                );
            }
            EnrichedMessage::Membership(stay) => {
                let key = (
                    stay.child.clone(),
                    stay.parent.clone(),
                    stay.from_event.clone(),
                );
                let revision = stay.revision;
                let old = self.settled.memberships.insert(key, stay);
                assert!(
                    old.is_none_or(|old| old.revision < revision),
                    "revisions rise"
                );
            }
            EnrichedMessage::LotStatus(status) => self.settled.lots.push(status),
            EnrichedMessage::Mark(mark) => {
                assert_eq!(
                    (mark.source, mark.sources),
                    (format!("unit-inbox/{partition}"), 1)
                );
                let old = self.settled.marks.insert(partition, mark.time);
                assert!(old.is_none_or(|old| old < mark.time), "stream time rises");
            }
        }
    }
}
