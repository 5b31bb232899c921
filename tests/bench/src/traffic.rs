//! Events without containers: batches of units that are made and read again at further places, so that an
//! observation is one unit named by one event, and nothing is inherited.

use anyhow::{Context, ensure};
use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::{Value, json};
use serialtrail_simulator::{Location, Options, Simulation, generate, write_world};
use serialtrail_stack::Stack;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Key of the local stack that may capture for everybody (`deploy/local/api-keys.toml`).
pub const IMPORT_KEY: &str = "local-import-key";
/// Ticks between two reads of one batch.
const APART: u64 = 2_000;
/// Days between two reads of one batch, in event time.
const DAYS_APART: i64 = 2;
const DAY_S: i64 = 86_400;

/// The reads of a batch: what, with which disposition, and whether it is still at the factory.
const LIFE: [(&str, &str, bool); 5] = [
    ("commissioning", "active", true),
    ("shipping", "in_transit", true),
    ("receiving", "in_progress", false),
    ("inspecting", "in_progress", false),
    ("shipping", "in_transit", false),
];

/// Where events happen and what they name.
#[derive(Debug, Clone)]
pub struct Traffic {
    gtin: String,
    factory: String,
    /// Another place, on another continent.
    far: String,
    /// Seconds since the epoch before which everything happened.
    now_s: i64,
}

/// One event: its number, and how many units it names.
type Named = (Value, u64);

fn link(location: &Location) -> String {
    format!("https://id.gs1.org/414/{}", location.gln)
}

fn time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn event_id(kind: u16, number: u64) -> String {
    format!("urn:uuid:5e71a17c-{kind:04x}-4000-8000-{number:012x}")
}

/// Units of a batch: 1 to 19, 10 in the mean.
fn units(batch: u64) -> u64 {
    (batch.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 19 + 1
}

impl Traffic {
    /// Traffic of a product of a small simulated world, and that world's folder for `load`.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn new(stack: &Stack, seed: u64) -> anyhow::Result<(Self, PathBuf)> {
        let options = Options {
            seed,
            units: 600,
            ..Options::default()
        };
        let world = generate(&options);
        let folder = stack.layout().root().join("world");
        write_world(&world, &options, &folder, |_, _| {})?;
        Ok((Self::of(&world)?, folder))
    }

    fn of(simulation: &Simulation) -> anyhow::Result<Self> {
        let world = &simulation.world;
        let product = world.products.first().context("a product")?;
        let factory = world
            .locations
            .get(product.factory)
            .context("its factory")?;
        // A degree of longitude is far enough anywhere goods are traded.
        let far = world
            .locations
            .iter()
            .filter(|l| l.kind == "distribution_centre")
            .max_by(|a, b| {
                let far = |l: &Location| (l.longitude - factory.longitude).abs();
                far(a).total_cmp(&far(b))
            })
            .context("a distribution centre")?;
        Ok(Self {
            gtin: product.gtin.clone(),
            factory: link(factory),
            far: link(far),
            now_s: chrono::Utc::now().timestamp(),
        })
    }

    fn epc(&self, kind: char, number: u64) -> String {
        format!("https://id.gs1.org/01/{}/21/{kind}{number:012}", self.gtin)
    }

    fn event(&self, id: &str, at: i64, place: &str, step: (&str, &str), epcs: &[String]) -> Value {
        let mut event = json!({
            "eventID": id,
            "type": "ObjectEvent",
            "action": if step.0 == "commissioning" { "ADD" } else { "OBSERVE" },
            "eventTime": time(at),
            "eventTimeZoneOffset": "+00:00",
            "bizStep": step.0,
            "disposition": step.1,
            "readPoint": { "id": place },
            "bizLocation": { "id": place },
            "epcList": epcs,
        });
        if step.0 == "commissioning" {
            event["ilmd"] = json!({
                "cbvmda:lotNumber": "BENCH",
                "cbvmda:itemExpirationDate": "2099-12-31",
            });
        }
        event
    }

    /// Events in the order they are captured: at each tick a new batch begins its life and older ones
    /// go on with theirs.
    pub fn lives(&self) -> impl Iterator<Item = Named> + '_ {
        (0_u64..).flat_map(move |tick| {
            (0_u64..)
                .zip(LIFE)
                .filter_map(move |(stage, (step, disposition, home))| {
                    let batch = tick.checked_sub(stage * APART)?;
                    let count = units(batch);
                    let epcs: Vec<String> = (0..count)
                        .map(|unit| self.epc('B', batch * 19 + unit))
                        .collect();
                    let days = DAYS_APART * (i64::try_from(stage).ok()? - 6);
                    let at = self.now_s + days * DAY_S + i64::try_from(batch / 10).ok()?;
                    let place = if home { &self.factory } else { &self.far };
                    let id = event_id(0, batch * 5 + stage);
                    let step = (step, disposition);
                    Some((self.event(&id, at, place, step, &epcs), count))
                })
        })
    }

    /// Document `number` of its kind: events of ten units each; the last one reads a unit of the first a
    /// second later and very far away, which raises IMPOSSIBLE_TRAVEL.
    #[must_use]
    pub fn alarming(&self, number: u64, events: u64) -> Bytes {
        let all = (0..events).map(|event| {
            let first = (number * events + event) * 10;
            let mut epcs: Vec<String> = (first..first + 10).map(|n| self.epc('A', n)).collect();
            let last = event + 1 == events;
            if last && let Some(epc) = epcs.first_mut() {
                *epc = self.epc('A', number * events * 10);
            }
            let place = if last { &self.far } else { &self.factory };
            let at = self.now_s - 3_600 + i64::from(last);
            let id = event_id(1, number * events + event);
            self.event(&id, at, place, ("inspecting", "in_progress"), &epcs)
        });
        document(all.collect())
    }

    /// The document an event of [`Traffic::alarming`] stands in.
    #[must_use]
    pub fn document_of(event_id: &str, events: u64) -> Option<u64> {
        let number = event_id.strip_prefix("urn:uuid:5e71a17c-0001-4000-8000-")?;
        Some(u64::from_str_radix(number, 16).ok()? / events)
    }
}

/// A document of these events.
#[must_use]
pub fn document(events: Vec<Value>) -> Bytes {
    let document = json!({
        "@context": ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-01T00:00:00Z",
        "epcisBody": { "eventList": events },
    });
    Bytes::from(document.to_string())
}

/// Sends one document under an API key; when it was sent, and the time to its 202.
///
/// # Errors
/// The gateway answers anything else.
pub async fn capture(
    client: &reqwest::Client,
    url: &str,
    key: &str,
    body: Bytes,
) -> anyhow::Result<(Instant, Duration)> {
    let sent = Instant::now();
    let answer = client
        .post(url)
        .header("x-api-key", key)
        .header("content-type", "application/ld+json")
        .body(body)
        .send()
        .await
        .context("the gateway does not answer")?;
    let took = sent.elapsed();
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(
        status == StatusCode::ACCEPTED,
        "capture answered {status}: {text}"
    );
    Ok((sent, took))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn traffic() -> Traffic {
        let options = Options {
            units: 600,
            ..Options::default()
        };
        Traffic::of(&generate(&options)).unwrap()
    }

    #[test]
    fn an_event_names_ten_units_in_the_mean_and_each_unit_is_read_up_to_five_times() {
        let traffic = traffic();
        let events: Vec<Named> = traffic.lives().take(60_000).collect();
        let units: u64 = events.iter().map(|(_, units)| units).sum();
        let mean = units as f64 / events.len() as f64;
        assert!((9.8..10.2).contains(&mean), "{mean}");
        let ids: BTreeSet<&str> = events
            .iter()
            .map(|(event, _)| event["eventID"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), events.len());
        let unit = traffic.epc('B', 0);
        let reads = events
            .iter()
            .filter(|(event, _)| event["epcList"][0] == unit.as_str());
        assert_eq!(reads.count(), LIFE.len());
    }

    #[test]
    fn an_alarming_document_has_one_unit_twice_at_two_places_and_is_found_by_its_events() {
        let traffic = traffic();
        assert_ne!(traffic.factory, traffic.far);
        let document: Value = serde_json::from_slice(&traffic.alarming(7, 5)).unwrap();
        let events = document["epcisBody"]["eventList"].as_array().unwrap();
        let named: Vec<&str> = events
            .iter()
            .flat_map(|event| event["epcList"].as_array().unwrap())
            .map(|epc| epc.as_str().unwrap())
            .collect();
        let distinct: BTreeSet<&&str> = named.iter().collect();
        assert_eq!((named.len(), distinct.len()), (50, 49));
        for event in events {
            let id = event["eventID"].as_str().unwrap();
            assert_eq!(Traffic::document_of(id, 5), Some(7));
        }
    }
}
