//! Intake of the partners' own topics, `partner.<party>`, exactly once.
//!
//! A stage of the exactly-once worker without state: one record in, an event or a rejection out, its
//! offset in the same transaction. Who publishes is the topic's name, never the record's claim. In
//! replay clock a Kafka header `Serialtrail-Record-Time` (ISO 8601) dates a record; without one the same
//! default holds as by HTTP.

use serialtrail_epcis::{BodyKind, Format};
use serialtrail_records::{AvroRecord, Codec, DecodeError, Micros, PartnerEvent};
use serialtrail_runtime::topics::{EPCIS_EVENTS, REGISTRY_LOADS, REJECTED_EVENTS, partner_of};
use serialtrail_stream::reference::ReferenceCopy;
use serialtrail_stream::{InputRecord, Stage, StepContext, WorkerConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::auth::party;
use crate::capture::{
    Assessment, Behaviour, Conditions, MOST_BYTES, Submission, assess, refuse_input,
};
use crate::clock::{StreamClock, parse_time};
use crate::device::DeviceHash;
use crate::marks;
use crate::partner;
use crate::rejected::{Origin, Refusal};
use crate::spool::Received;
use crate::transaction::{Counts, Outgoing};

/// Kafka header (and HTTP header) with the record time of an import.
pub const RECORD_TIME_HEADER: &str = "Serialtrail-Record-Time";

/// How long a record waits for a schema registry that does not answer.
const REGISTRY_PATIENCE: Duration = Duration::from_secs(60);

/// The worker's configuration: consumer group `gateway-intake`.
#[must_use]
pub fn worker() -> WorkerConfig {
    WorkerConfig::stateless("gateway-intake", &["^partner\\..+"])
        .ignoring("^partner\\..*\\.rejects$")
}

/// The party a partner topic's name speaks of.
pub(crate) fn party_named(name: &str) -> String {
    party(name).unwrap_or_else(|_| name.to_owned())
}

/// The record, or (reason, message) why the bytes are none. A registry that does not answer is waited
/// for: nothing is known about the bytes until it does.
///
/// # Errors
/// It does not answer for a minute.
pub(crate) fn decode<T: AvroRecord>(
    codec: &Codec,
    value: &[u8],
) -> anyhow::Result<Result<T, (&'static str, String)>> {
    let started = Instant::now();
    loop {
        let error = match codec.decode::<T>(value) {
            Ok(record) => return Ok(Ok(record)),
            Err(error) => error,
        };
        match (error.code(), &error) {
            (Some(code), _) => return Ok(Err((code, error.to_string()))),
            (None, DecodeError::Registry(_)) if started.elapsed() < REGISTRY_PATIENCE => {
                tracing::warn!(%error, "waiting");
                std::thread::sleep(Duration::from_secs(1));
            }
            (None, _) => return Err(error.into()),
        }
    }
}

/// The stage.
pub struct Intake {
    /// Decodes what partners wrote, encodes what we write.
    pub codec: Arc<Codec>,
    /// Partition counts of what is written.
    pub counts: Counts,
    /// Replaces device and session ids.
    pub device_hash: DeviceHash,
    /// Stream time as marked by this process.
    pub clock: Arc<StreamClock>,
    /// The reference data seen.
    pub reference: ReferenceCopy,
    /// Record time reached in this window, not marked yet.
    pub reached: Option<Micros>,
    /// Mark of the last window, committed once another window begins.
    pub marked: Option<Micros>,
}

impl Intake {
    fn settle_mark(&mut self) {
        if let Some(mark) = self.marked.take() {
            self.clock.committed(mark);
            crate::writer::tell_stream_time(&self.clock);
        }
    }

    fn assess(&self, record: &InputRecord) -> anyhow::Result<Assessment> {
        let value = record.value.as_deref().unwrap_or_default();
        let name = partner_of(&record.topic).unwrap_or(&record.topic);
        let capture_id = format!("{}/{}/{}", record.topic, record.partition, record.offset);
        let source_party = party_named(name);
        let asked = match self.clock.mode() {
            serialtrail_runtime::Clock::Live => Ok(None),
            serialtrail_runtime::Clock::Replay => asked_record_time(record),
        };
        let nothing = Received::from(Vec::new());
        let submission = |body, original, asked| Submission {
            body,
            kind: BodyKind::SingleEvent,
            format: Format::JsonLd,
            original: Some(original),
            claimed_version: None,
            capture_id: &capture_id,
            source_party: &source_party,
            behaviour: Behaviour::Rollback,
            asked,
            origin: Origin::Topic {
                topic: record.topic.to_string(),
                partition: record.partition,
                offset: record.offset,
            },
        };
        let conditions = Conditions {
            clock: self.clock.mode(),
            now: chrono::Utc::now().timestamp_micros(),
            last_mark: self.clock.last_mark(),
            reference_offset: self.reference.offset_seen(),
            device_hash: &self.device_hash,
            codec: &self.codec,
            counts: &self.counts,
            // One event never needs a file.
            folder: Path::new(""),
            most_bytes: MOST_BYTES,
            loses: &|_| false,
        };
        let refused = |original: &[u8], reason: &str, message: String| {
            let refusal = Refusal {
                reason: reason.to_owned(),
                message,
                place: Some(capture_id.clone()),
                original: original.to_vec(),
                ..Refusal::default()
            };
            refuse_input(&submission(&nothing, &[], None), &conditions, refusal)
        };
        let asked = match asked {
            Ok(asked) => asked,
            Err(message) => return refused(value, "bad_time", message),
        };
        let event: PartnerEvent = match decode(&self.codec, value)? {
            Ok(event) => event,
            Err((reason, message)) => return refused(value, reason, message),
        };
        let original = self.original(&event, value)?;
        match partner::to_json(&event) {
            Ok(json) => {
                let body = Received::from(json.to_string().into_bytes());
                assess(
                    &Submission {
                        body: &body,
                        ..submission(&nothing, &original, asked)
                    },
                    &conditions,
                )
            }
            Err(bad) => refused(&original, bad.reason, bad.message),
        }
    }

    /// The bytes kept of a record: the publisher's own, or written anew where it named devices or
    /// sessions.
    fn original(&self, event: &PartnerEvent, value: &[u8]) -> anyhow::Result<Vec<u8>> {
        let given = event.extensions.as_deref().unwrap_or_default();
        match self.device_hash.redact(given.as_bytes(), Format::JsonLd) {
            std::borrow::Cow::Borrowed(_) => Ok(value.to_vec()),
            std::borrow::Cow::Owned(text) => {
                let extensions = Some(String::from_utf8_lossy(&text).into_owned());
                self.codec.encode(&PartnerEvent {
                    extensions,
                    ..event.clone()
                })
            }
        }
    }
}

/// The record time of the Kafka header, where there is one.
fn asked_record_time(record: &InputRecord) -> Result<Option<Micros>, String> {
    let is_header = |name: &str| name.eq_ignore_ascii_case(RECORD_TIME_HEADER);
    let Some((_, value)) = record.headers.iter().find(|(name, _)| is_header(name)) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value);
    parse_time("header Serialtrail-Record-Time", &text)
        .map(Some)
        .map_err(|problem| problem.detail)
}

fn emit(record: Outgoing, ctx: &mut dyn StepContext) {
    match record.key {
        Some(key) => ctx.emit(record.topic, &key, &record.value),
        None => ctx.emit_to(record.topic, record.partition, &record.value),
    }
}

impl Stage for Intake {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        self.settle_mark();
        let assessment = self.assess(record)?;
        if assessment.events.count() > 0 {
            self.reached = self.reached.max(Some(assessment.job.record_time));
        }
        for parcel in [&assessment.events, &assessment.rejections] {
            for record in parcel.records()? {
                emit(record?.into_owned(), ctx);
            }
        }
        Ok(())
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        // A partner keys its topic as it likes (`check_keys` is off).
        self.step(record, ctx)
    }

    fn end_of_window(&mut self, _: usize, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let reached = match self.clock.mode() {
            serialtrail_runtime::Clock::Replay => self.reached.take(),
            serialtrail_runtime::Clock::Live => None,
        };
        if let Some(mark) = self.clock.due(reached) {
            for record in marks::everywhere(&self.counts, &self.codec, mark)? {
                emit(record, ctx);
            }
            self.marked = self.marked.max(Some(mark));
        }
        Ok(())
    }

    fn has_pending(&mut self, _: &mut dyn StepContext) -> anyhow::Result<bool> {
        self.settle_mark();
        Ok(false)
    }

    fn forget(&mut self, _: i32) {
        self.reached = None;
        self.marked = None;
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[EPCIS_EVENTS, REGISTRY_LOADS, REJECTED_EVENTS]
    }
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
