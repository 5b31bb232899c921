//! When a member is ready: it answers what its users will ask.

use crate::member::Member;
use crate::probe;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::kafka;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Whether `member` at `address` is ready; `Err` says in one line why not.
///
/// # Errors
/// It does not answer, or says that something it needs does not.
pub fn check(member: Member, address: SocketAddr) -> Result<(), String> {
    let path = match member {
        Member::Kafka => return kafka_answers(address),
        Member::SchemaRegistry => "/apis/ccompat/v7/subjects",
        Member::ClickHouse => "/ping",
        Member::Alertmanager | Member::Prometheus => "/-/ready",
        Member::Service { .. } => "/readyz",
    };
    match probe::get(address, path, TIMEOUT) {
        Ok((200, _)) => Ok(()),
        Ok((status, body)) => Err(format!("answers {status}: {}", first_line(&body))),
        Err(error) => Err(format!("does not answer: {error}")),
    }
}

fn first_line(body: &str) -> &str {
    body.lines().next().unwrap_or_default()
}

fn kafka_answers(address: SocketAddr) -> Result<(), String> {
    // librdkafka backs off after a refused connection: ask the port first.
    TcpStream::connect_timeout(&address, TIMEOUT)
        .map_err(|error| format!("does not answer: {error}"))?;
    let settings = KafkaSettings {
        brokers: address.to_string(),
        ..KafkaSettings::default()
    };
    let client: BaseConsumer = kafka::client_config(&settings)
        .create()
        .map_err(|error| error.to_string())?;
    client
        .fetch_metadata(Some("__none"), TIMEOUT)
        .map(|_| ())
        .map_err(|error| format!("answers no metadata: {error}"))
}
