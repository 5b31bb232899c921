//! What tests on real parts stand on: the parts the environment names, names that no other run has,
//! topics, and a test's own processes that can be killed.
//!
//! Everything here is for tests and panics where it cannot go on.
#![allow(clippy::unwrap_used)]

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use std::process::{Child, Command};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Variable that names Kafka's brokers, `host:port`.
pub const BROKERS: &str = "SERIALTRAIL_TEST_BROKERS";
/// Variable with the URL of the schema registry.
pub const REGISTRY: &str = "SERIALTRAIL_TEST_REGISTRY";
/// Variable with the URL of ClickHouse.
pub const CLICKHOUSE: &str = "SERIALTRAIL_TEST_CLICKHOUSE";

/// How long a test waits for what must come, on a machine that has other work too. A test that is in
/// order never waits that long; how fast something comes is measured by benches.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The values of variables; `None`, said on standard error, where one is not set: `test` is skipped.
#[must_use]
pub fn given<const N: usize>(test: &str, variables: [&str; N]) -> Option<[String; N]> {
    if let Some(missing) = variables
        .iter()
        .find(|name| std::env::var_os(name).is_none())
    {
        eprintln!("SKIPPED: {test}: {missing} is not set");
        return None;
    }
    Some(variables.map(|name| std::env::var(name).unwrap()))
}

/// A name for what `test` makes, which no other run has.
#[must_use]
pub fn unique(test: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("test-{test}-{}", now.as_millis())
}

/// Settings of a client, to add to.
#[must_use]
pub fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config
}

/// A topic to be made, of one replica.
#[must_use]
pub fn topic(name: &str, partitions: i32) -> NewTopic<'_> {
    NewTopic::new(name, partitions, TopicReplication::Fixed(1))
}

/// Makes topics, and waits until brokers list each with a leader for every partition: Kafka answers as
/// soon as its controller has written them down.
///
/// # Panics
/// Kafka refuses one of them, or does not answer, or does not list them within [`PATIENCE`].
pub fn create_topics(brokers: &str, topics: &[NewTopic<'_>]) {
    // An answer comes only while the client lives.
    let (admin, options) = (admin(brokers), AdminOptions::new());
    for result in futures::executor::block_on(admin.create_topics(topics, &options)).unwrap() {
        result.unwrap();
    }
    let begun = Instant::now();
    while !topics.iter().all(|topic| is_served(&admin, topic.name)) {
        assert!(begun.elapsed() < PATIENCE, "topics are not listed");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_served(admin: &AdminClient<DefaultClientContext>, topic: &str) -> bool {
    let listed = admin.inner().fetch_metadata(Some(topic), PATIENCE).unwrap();
    let partitions = listed.topics()[0].partitions();
    !partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0)
}

/// Removes topics.
///
/// # Panics
/// Kafka refuses one of them, or does not answer.
pub fn delete_topics(brokers: &str, topics: &[&str]) {
    let (admin, options) = (admin(brokers), AdminOptions::new());
    for result in futures::executor::block_on(admin.delete_topics(topics, &options)).unwrap() {
        result.unwrap();
    }
}

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    client(brokers).create().unwrap()
}

/// A test run again in a process of its own; killed, as `kill -9` would, when dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Runs `test` again, which finds `variable` set to `value` and so knows what it is. With a
    /// fail-point it dies when that is reached for the given time.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn start(
        test: &str,
        (variable, value): (&str, &str),
        failpoint: Option<(&str, u32)>,
    ) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--nocapture"])
            .env(variable, value);
        if let Some((name, at)) = failpoint {
            command.env("SERIALTRAIL_FAILPOINT", name);
            command.env("SERIALTRAIL_FAILPOINT_AT", at.to_string());
        }
        Self(command.spawn().unwrap())
    }

    /// Waits until it has ended; whether it died, rather than ending by itself.
    ///
    /// # Panics
    /// Its end cannot be waited for.
    #[must_use]
    pub fn died(mut self) -> bool {
        !self.0.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
