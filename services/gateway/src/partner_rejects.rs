//! What any stage refused of a partner's events, onto the partner's topic `partner.<party>.rejects`,
//! exactly once.
//!
//! A stage of the exactly-once worker without state: a record of `rejected-events` in, the same bytes
//! with the same key out, its offset in the same transaction. Partners' topics come and go while this
//! runs, so each window asks for them anew, after its first record was read: a topic made before a
//! rejection was committed is always seen. What has no topic to go to is counted and left where it is.

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serialtrail_records::{Codec, RejectedEvent};
use serialtrail_runtime::topics::{REJECTED_EVENTS, reader_of_rejects};
use serialtrail_runtime::{Shutdown, metrics};
use serialtrail_stream::{InputRecord, Stage, StepContext, WorkerConfig};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::intake::{decode, party_named};

/// How long a window waits for brokers that do not list their topics.
const BROKER_PATIENCE: Duration = Duration::from_secs(60);

/// Tells every topic and its number of partitions.
type ListTopics = Box<dyn Fn() -> anyhow::Result<Vec<(String, i32)>> + Send>;

/// The worker's configuration: consumer group `gateway-rejects`.
#[must_use]
pub fn worker() -> WorkerConfig {
    WorkerConfig::stateless("gateway-rejects", &[REJECTED_EVENTS])
}

/// The stage.
pub struct PartnerRejects {
    codec: Arc<Codec>,
    list: ListTopics,
    /// Whether `topics` was asked for in this window.
    asked: bool,
    topics: Topics,
    /// Names of topics seen; an output's topic lives as long as the process.
    names: HashMap<String, &'static str>,
}

/// The topics of rejects there are.
#[derive(Default)]
struct Topics {
    by_party: HashMap<String, &'static str>,
    partitions: HashMap<&'static str, i32>,
}

impl PartnerRejects {
    /// A stage that asks `broker` for the topics there are.
    #[must_use]
    pub fn new(codec: Arc<Codec>, broker: BaseConsumer, shutdown: Shutdown) -> Self {
        Self::listing(codec, Box::new(move || wait_for_list(&broker, &shutdown)))
    }

    fn listing(codec: Arc<Codec>, list: ListTopics) -> Self {
        Self {
            codec,
            list,
            asked: false,
            topics: Topics::default(),
            names: HashMap::new(),
        }
    }

    /// The topics, asked for once a window.
    fn topics(&mut self) -> anyhow::Result<&Topics> {
        if !self.asked {
            let listed: BTreeMap<String, i32> = (self.list)()?.into_iter().collect();
            self.topics = Topics::default();
            for (name, count) in listed {
                let Some(partner) = reader_of_rejects(&name) else {
                    continue;
                };
                let party = party_named(partner);
                let exact = party == partner;
                let name = *self
                    .names
                    .entry(name)
                    .or_insert_with_key(|name| Box::leak(name.clone().into_boxed_str()));
                self.topics.partitions.insert(name, count);
                // Should two names speak of one party, the party's own spelling is its topic.
                let topic = self.topics.by_party.entry(party).or_insert(name);
                if exact {
                    *topic = name;
                }
            }
            self.asked = true;
        }
        Ok(&self.topics)
    }
}

/// Every topic, waiting for brokers that are away.
fn wait_for_list(broker: &BaseConsumer, shutdown: &Shutdown) -> anyhow::Result<Vec<(String, i32)>> {
    let started = Instant::now();
    loop {
        let error = match broker.fetch_metadata(None, Duration::from_secs(5)) {
            Ok(metadata) => {
                let topics = metadata.topics().iter();
                return Ok(topics
                    .filter(|topic| topic.error().is_none())
                    .filter_map(|topic| {
                        let count = i32::try_from(topic.partitions().len()).ok()?;
                        (count > 0).then(|| (topic.name().to_owned(), count))
                    })
                    .collect());
            }
            Err(error) => error,
        };
        if started.elapsed() >= BROKER_PATIENCE || shutdown.is_triggered() {
            return Err(error).context("topics cannot be listed");
        }
        tracing::warn!(%error, "waiting for the list of topics");
        std::thread::sleep(Duration::from_secs(1));
    }
}

impl PartnerRejects {
    /// Topic of the partner a record is for, or why no partner reads it.
    fn route(
        &mut self,
        record: &InputRecord,
    ) -> anyhow::Result<Result<(&'static str, RejectedEvent), &'static str>> {
        let value = record.value.as_deref().unwrap_or_default();
        let rejected: RejectedEvent = match decode(&self.codec, value)? {
            Ok(rejected) => rejected,
            Err((reason, message)) => {
                let (partition, offset) = (record.partition, record.offset);
                tracing::warn!(
                    reason,
                    message,
                    partition,
                    offset,
                    "no rejection in rejected-events"
                );
                return Ok(Err("unreadable"));
            }
        };
        if rejected.source_party.is_empty() {
            return Ok(Err("no_party"));
        }
        let topic = self.topics()?.by_party.get(&rejected.source_party).copied();
        Ok(topic.map(|topic| (topic, rejected)).ok_or("no_topic"))
    }
}

impl Stage for PartnerRejects {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        match self.route(record)? {
            Ok((topic, rejected)) => {
                let key = record.key.as_deref();
                let key = key.unwrap_or(rejected.reject_id.as_bytes());
                ctx.emit(topic, key, record.value.as_deref().unwrap_or_default());
            }
            Err(reason) => metrics::counter(&metrics::REJECTS_WITHHELD)
                .with_label_values(&[reason])
                .inc(),
        }
        Ok(())
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        // Wherever it stands, it was refused (`check_keys` is off).
        self.step(record, ctx)
    }

    fn end_of_window(&mut self, _: usize, _: &mut dyn StepContext) -> anyhow::Result<()> {
        // What was asked for still says where this window's records go; the next window asks again.
        self.asked = false;
        Ok(())
    }

    fn has_pending(&mut self, _: &mut dyn StepContext) -> anyhow::Result<bool> {
        Ok(false)
    }

    fn forget(&mut self, _: i32) {
        self.asked = false;
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[]
    }

    fn further_output(&self, topic: &str) -> Option<i32> {
        self.topics.partitions.get(topic).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_stream::OutputRecord;
    use serialtrail_stream::testing::{TestContext, record};
    use std::sync::Mutex;

    type Listed = Arc<Mutex<Vec<(String, i32)>>>;

    fn stage(topics: &[(&str, i32)]) -> (PartnerRejects, Listed) {
        let owned = |topics: &[(&str, i32)]| -> Vec<(String, i32)> {
            let topics = topics.iter();
            topics.map(|(name, n)| ((*name).to_owned(), *n)).collect()
        };
        let listed = Arc::new(Mutex::new(owned(topics)));
        let list = {
            let listed = Arc::clone(&listed);
            Box::new(move || Ok(listed.lock().unwrap().clone()))
        };
        let codec = Arc::new(Codec::offline().unwrap());
        (PartnerRejects::listing(codec, list), listed)
    }

    fn run(stage: &mut PartnerRejects, records: &[InputRecord]) -> Vec<OutputRecord> {
        TestContext::new(0).window(stage, records, 100).unwrap()
    }

    fn refused(stage: &PartnerRejects, party: &str) -> Vec<u8> {
        let row = RejectedEvent {
            reject_id: "r1".into(),
            stage: "dispatcher".into(),
            reason: "event_id_conflict".into(),
            source_party: party.into(),
            original: vec![0, 255, 7],
            parts: 1,
            ..RejectedEvent::default()
        };
        stage.codec.encode(&row).unwrap()
    }

    #[test]
    fn a_partner_gets_its_own_rejects_as_they_are_and_nobody_elses() {
        let (mut stage, _) = stage(&[
            ("partner.acme", 8),
            ("partner.acme.rejects", 3),
            ("partner.9521321000001.rejects", 8),
            ("rejected-events", 8),
        ]);
        let of_acme = refused(&stage, "acme");
        let of_gln = refused(&stage, "9521321000001");
        let input = [
            record(REJECTED_EVENTS, 0, 1, Some(b"job"), &of_acme),
            record(REJECTED_EVENTS, 0, 2, None, &of_gln),
        ];
        let outputs = run(&mut stage, &input);
        let told: Vec<_> = outputs
            .iter()
            .map(|out| {
                let key = out.key.as_deref().unwrap();
                (out.topic, out.partition, key, out.value.as_deref().unwrap())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("partner.acme.rejects", None, &b"job"[..], &of_acme[..]),
                (
                    "partner.9521321000001.rejects",
                    None,
                    &b"r1"[..],
                    &of_gln[..]
                ),
            ]
        );
        assert_eq!(stage.further_output("partner.acme.rejects"), Some(3));
        assert_eq!(stage.further_output("partner.acme"), None);
    }

    #[test]
    fn what_no_partner_reads_is_counted_and_nothing_else() {
        let (mut stage, _) = stage(&[("partner.acme.rejects", 8)]);
        let count = |reason| {
            let counter = metrics::counter(&metrics::REJECTS_WITHHELD);
            counter.with_label_values(&[reason]).get()
        };
        let before = ["no_topic", "no_party", "unreadable"].map(count);
        let (without, unknown) = (refused(&stage, "operator"), refused(&stage, ""));
        let input = [
            record(REJECTED_EVENTS, 0, 1, Some(b"k"), &without),
            record(REJECTED_EVENTS, 0, 2, Some(b"k"), &unknown),
            record(REJECTED_EVENTS, 0, 3, Some(b"k"), b"no rejection"),
        ];
        assert!(run(&mut stage, &input).is_empty());
        let reasons = input.map(|record| stage.route(&record).unwrap().unwrap_err());
        assert_eq!(reasons, ["no_topic", "no_party", "unreadable"]);
        // Tests beside this one count too.
        let after = reasons.map(count);
        assert!((0..3).all(|at| after[at] > before[at]), "{after:?}");
    }

    #[test]
    fn a_topic_counts_from_the_window_it_was_made_before_to_the_one_it_is_gone_in() {
        let (mut stage, listed) = stage(&[]);
        let row = refused(&stage, "acme");
        let input = [record(REJECTED_EVENTS, 0, 1, Some(b"k"), &row)];
        assert_eq!(run(&mut stage, &input).len(), 0);
        *listed.lock().unwrap() = vec![("partner.acme.rejects".into(), 8)];
        assert_eq!(run(&mut stage, &input).len(), 1);
        *listed.lock().unwrap() = vec![("partner.acme.rejects".into(), 12)];
        assert_eq!(run(&mut stage, &input).len(), 1);
        assert_eq!(stage.further_output("partner.acme.rejects"), Some(12));
        listed.lock().unwrap().clear();
        assert_eq!(run(&mut stage, &input).len(), 0);
    }

    #[test]
    fn a_list_that_cannot_be_had_drops_the_window_and_loses_nothing() {
        let codec = Arc::new(Codec::offline().unwrap());
        let list = Box::new(|| anyhow::bail!("brokers are away"));
        let mut stage = PartnerRejects::listing(codec, list);
        let row = refused(&stage, "acme");
        let input = [record(REJECTED_EVENTS, 0, 1, Some(b"k"), &row)];
        assert!(TestContext::new(0).window(&mut stage, &input, 100).is_err());
    }
}
