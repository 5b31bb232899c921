//! The clients of one worker, with their settings. The README's table gives the reason of each.

use crate::config::{SESSION_TIMEOUT, TRANSACTION_TIMEOUT, WorkerConfig};
use crate::member::{Member, MemberContext};
use crate::outcome::{Verdict, sort};
use anyhow::{Context, bail, ensure};
use futures::executor::block_on;
use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::{Shutdown, kafka, topics};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a starting worker waits for its topics to be created.
const TOPICS_DEADLINE: Duration = Duration::from_secs(60);

/// Context of the producer: failures are logged here, and abort the transaction in librdkafka itself.
#[derive(Debug)]
pub(crate) struct OutputContext;

impl ClientContext for OutputContext {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "producer");
    }
}

impl ProducerContext for OutputContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            use rdkafka::Message;
            tracing::debug!(%error, topic = message.topic(), "message not delivered");
        }
    }
}

/// Context of a consumer that is assigned by hand.
#[derive(Debug)]
pub(crate) struct AssignedContext;

impl ClientContext for AssignedContext {
    fn error(&self, error: KafkaError, reason: &str) {
        log_consumer_error(&error, reason);
    }
}

impl ConsumerContext for AssignedContext {}

/// Reaching the end of a partition is an event, not an error.
pub(crate) fn log_consumer_error(error: &KafkaError, reason: &str) {
    if !matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF)) {
        tracing::warn!(%error, reason, "consumer");
    }
}

pub(crate) type Output = BaseProducer<OutputContext>;
pub(crate) type Assigned = BaseConsumer<AssignedContext>;

/// The member of the stage's consumer group. Created after [`producer`], which fences a predecessor. New
/// partitions of a stateful stage are paused: they are restored first.
pub(crate) fn group_consumer(
    settings: &KafkaSettings,
    config: &WorkerConfig,
    instance: &str,
) -> anyhow::Result<Member> {
    let mut client = member_config(settings, config.stage, instance);
    // A topic that a pattern will match is found by looking again.
    let by_pattern = config.inputs.iter().any(|input| input.starts_with('^'));
    let refresh_ms = if by_pattern { "1000" } else { "30000" };
    client
        .set("queued.max.messages.kbytes", "32768")
        .set("topic.metadata.refresh.interval.ms", refresh_ms)
        .set("statistics.interval.ms", "5000");
    if let Some(pattern) = config.ignored {
        client.set("topic.blacklist", pattern);
    }
    let context = MemberContext::new(config.changelog.is_some());
    let consumer: Member = client.create_with_context(context)?;
    let inputs: Vec<&str> = config.inputs.iter().map(String::as_str).collect();
    consumer.subscribe(&inputs)?;
    Ok(consumer)
}

/// A consumer that is assigned by hand, never joins: reads changelogs and committed offsets.
pub(crate) fn restore_consumer(
    settings: &KafkaSettings,
    config: &WorkerConfig,
) -> anyhow::Result<Assigned> {
    let mut client = consumer_config(settings, config.stage);
    // A changelog that lost the offset we continue from would silently miss writes: fail instead.
    client.set("auto.offset.reset", "error");
    // The end of a changelog is known from an empty answer: have the broker give it at once.
    client.set("fetch.wait.max.ms", "10");
    Ok(client.create_with_context(AssignedContext)?)
}

/// A client that asks for ends of partitions including what is not yet committed.
pub(crate) fn uncommitted_consumer(settings: &KafkaSettings) -> anyhow::Result<BaseConsumer> {
    let mut client = kafka::client_config(settings);
    client.set("isolation.level", "read_uncommitted");
    Ok(client.create()?)
}

/// Settings of every member of a group: `instance` keeps its partitions over a restart.
pub(crate) fn member_config(settings: &KafkaSettings, group: &str, instance: &str) -> ClientConfig {
    let mut client = consumer_config(settings, group);
    client
        .set("client.id", instance)
        .set("group.instance.id", instance)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set(
            "session.timeout.ms",
            SESSION_TIMEOUT.as_millis().to_string(),
        )
        .set("heartbeat.interval.ms", "2000")
        .set("auto.offset.reset", "earliest");
    client
}

fn consumer_config(settings: &KafkaSettings, group: &str) -> ClientConfig {
    let mut client = kafka::client_config(settings);
    client
        .set("group.id", group)
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.error.backoff.ms", "100");
    client
}

/// The transactional producer, initialised: a predecessor with the same instance is fenced and its open
/// transaction settled. `None` when a shutdown came first.
pub(crate) fn producer(
    settings: &KafkaSettings,
    instance: &str,
    shutdown: &Shutdown,
) -> anyhow::Result<Option<Output>> {
    let mut client = kafka::client_config(settings);
    client
        .set("client.id", instance)
        .set("transactional.id", instance)
        .set(
            "transaction.timeout.ms",
            TRANSACTION_TIMEOUT.as_millis().to_string(),
        )
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        .set("linger.ms", "2")
        .set("retry.backoff.ms", "10")
        .set("queue.buffering.max.messages", "500000")
        .set(
            "message.max.bytes",
            (topics::MAX_EVENT_RECORD_BYTES + 65_536).to_string(),
        )
        .set("delivery.report.only.error", "true");
    let producer: Output = client.create_with_context(OutputContext)?;
    let mut warned = Instant::now();
    while !shutdown.is_triggered() {
        let Err(error) = producer.init_transactions(Duration::from_secs(2)) else {
            return Ok(Some(producer));
        };
        if sort(&error) != Verdict::Retry {
            bail!("{instance}: the transactional producer cannot start: {error}");
        }
        if warned.elapsed() > Duration::from_secs(5) {
            tracing::warn!(%error, brokers = settings.brokers, "still waiting for Kafka");
            warned = Instant::now();
        }
        producer.poll(Duration::ZERO);
    }
    Ok(None)
}

/// Partition counts of the topics the stage reads and writes, once all of them exist.
pub(crate) fn partition_counts(
    client: &BaseConsumer,
    config: &WorkerConfig,
    outputs: &[&str],
    shutdown: &Shutdown,
) -> anyhow::Result<HashMap<String, i32>> {
    let inputs = config.inputs.iter().map(String::as_str);
    let wanted: Vec<&str> = inputs
        .filter(|topic| !topic.starts_with('^'))
        .chain(config.changelog)
        .chain(outputs.iter().copied())
        .collect();
    let started = Instant::now();
    loop {
        let counts = client
            .fetch_metadata(None, Duration::from_secs(5))
            .map(|metadata| -> HashMap<String, i32> {
                let topics = metadata.topics().iter();
                topics
                    .map(|topic| (topic.name().to_owned(), topic.partitions().len()))
                    .filter_map(|(name, count)| Some((name, i32::try_from(count).ok()?)))
                    .filter(|(_, count)| *count > 0)
                    .collect()
            })
            .context("topics cannot be listed");
        let complete = match &counts {
            Ok(counts) => match wanted.iter().find(|topic| !counts.contains_key(**topic)) {
                Some(missing) => Err(format!("topic {missing} does not exist")),
                None => Ok(()),
            },
            Err(error) => Err(format!("{error:#}")),
        };
        match complete {
            Ok(()) => {
                let counts = counts?;
                check_equal(config, &counts)?;
                return Ok(counts);
            }
            Err(problem) => ensure!(
                started.elapsed() < TOPICS_DEADLINE && !shutdown.is_triggered(),
                "stage {}: {problem}",
                config.stage
            ),
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// State and its changelog live in the partition of their input.
fn check_equal(config: &WorkerConfig, counts: &HashMap<String, i32>) -> anyhow::Result<()> {
    if let Some(changelog) = config.changelog {
        let input = &config.inputs[0];
        let (of_input, of_changelog) = (counts.get(input), counts.get(changelog));
        ensure!(
            of_input == of_changelog,
            "{input} has {of_input:?} partitions and {changelog} {of_changelog:?}: they must be equal"
        );
    }
    Ok(())
}

/// How long a topic keeps tombstones (`delete.retention.ms`). Where nobody may ask, Kafka's own default
/// is taken, which is less than our changelogs'.
pub(crate) fn delete_retention(settings: &KafkaSettings, topic: &str) -> anyhow::Result<Duration> {
    const DEFAULT: Duration = Duration::from_secs(24 * 3600);
    let admin: AdminClient<DefaultClientContext> = kafka::client_config(settings).create()?;
    let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(10)));
    let topics = [ResourceSpecifier::Topic(topic)];
    let described = block_on(admin.describe_configs(&topics, &options))
        .context("topic settings cannot be asked for")?;
    let found = described.into_iter().next().and_then(|topic| {
        let value = topic.ok()?.get("delete.retention.ms")?.value.clone();
        value?.parse().ok()
    });
    Ok(found.map_or_else(
        || {
            tracing::warn!(topic, default = ?DEFAULT, "delete.retention.ms is not known");
            DEFAULT
        },
        Duration::from_millis,
    ))
}

/// Kafka's id of the cluster.
pub(crate) fn cluster_id(client: &BaseConsumer) -> anyhow::Result<String> {
    client
        .client()
        .fetch_cluster_id(Duration::from_secs(10))
        .context("the brokers did not tell their cluster id")
}
