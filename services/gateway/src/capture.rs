//! What becomes of an input: which of its events are captured, which are refused and why.
//!
//! One function for both roads. An HTTP body is assessed as a document; a partner's record is turned
//! into a single event first (`partner`) and assessed the same way. Nothing here writes: the result
//! says what has to be written, in one transaction.

use serialtrail_epcis::{BodyKind, CapturedEvent, DocumentError, Header, Limits, parse_body};
use serialtrail_records::{CaptureJob, Codec, JobError, Micros};
use serialtrail_runtime::Clock;
use serialtrail_runtime::topics::{EPCIS_EVENTS, max_record_bytes};
use std::borrow::Cow;
use std::collections::HashMap;

use crate::clock::record_time;
use crate::device::DeviceHash;
use crate::event::{Stamp, compressed, event_id_of, event_times, identity};
use crate::known::Identity;
use crate::problem::{Kind, Problem};
use crate::rejected::{EVENT_ID_CONFLICT, EVENT_TOO_LARGE, Input, Origin, Refusal};

/// Errors kept in a job record; all are in `rejected-events`.
const JOB_ERRORS: usize = 100;
/// Text of the errors kept in a job record, bytes: the record stays well below the topic's limit.
const JOB_ERROR_BYTES: usize = 128 * 1024;

/// Content type of events captured by HTTP.
pub const JSON_LD: &str = "application/ld+json";
/// Content type of events from partners' topics.
pub const AVRO: &str = "application/avro";

/// `GS1-Capture-Error-Behaviour` (EPCIS 2.0 §12.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// All or nothing.
    #[default]
    Rollback,
    /// As many events as possible.
    Proceed,
}

impl Behaviour {
    /// From the header's value; none means rollback.
    ///
    /// # Errors
    /// 400: another word.
    pub fn parse(header: Option<&str>) -> Result<Self, Problem> {
        match header.map(str::trim) {
            None | Some("rollback") => Ok(Self::Rollback),
            Some("proceed") => Ok(Self::Proceed),
            Some(other) => Err(Problem::new(
                Kind::Validation,
                format!("GS1-Capture-Error-Behaviour: {other:?} is neither rollback nor proceed"),
            )),
        }
    }

    /// The header's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Proceed => "proceed",
        }
    }
}

/// What the gateway knows when an input arrives.
pub struct Conditions<'a> {
    /// Live or replay.
    pub clock: Clock,
    /// Wall clock.
    pub now: Micros,
    /// Last mark committed.
    pub last_mark: Option<Micros>,
    /// Reference-data offset (exclusive) seen.
    pub reference_offset: i64,
    /// What device and session ids are hashed with.
    pub device_hash: &'a DeviceHash,
    /// Encodes events, to know their size.
    pub codec: &'a Codec,
    /// Whether an event certainly loses against one captured earlier ([`crate::known::Known`]).
    pub loses: &'a dyn Fn(&Identity) -> bool,
}

/// One input.
pub struct Submission<'a> {
    /// HTTP body, or the JSON event a partner's record stands for.
    pub body: &'a [u8],
    /// What the body has to be.
    pub kind: BodyKind,
    /// The original bytes where they are not `body` itself (already redacted).
    pub original: Option<&'a [u8]>,
    /// Media type of the original.
    pub format: &'a str,
    /// Job id, or `topic/partition/offset`.
    pub capture_id: &'a str,
    /// Authenticated publisher.
    pub source_party: &'a str,
    /// Rollback or proceed.
    pub behaviour: Behaviour,
    /// Record time an import asked for.
    pub asked: Option<Micros>,
    /// Where it came from.
    pub origin: Origin,
}

/// An event to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Id, hash, record time.
    pub identity: Identity,
    /// The encoded record.
    pub value: Vec<u8>,
}

/// What becomes of an input.
#[derive(Debug)]
pub struct Assessment {
    /// Events to write; none when the input is refused whole.
    pub accepted: Vec<Accepted>,
    /// Everything refused.
    pub refusals: Vec<Refusal>,
    /// What the refusals share.
    pub input: Input,
    /// The job's record.
    pub job: CaptureJob,
    /// Set when nothing is captured: what the sender is told.
    pub problem: Option<Problem>,
}

/// Assesses one input.
///
/// # Errors
/// A record cannot be encoded: a defect of this build.
pub fn assess(submission: &Submission<'_>, at: &Conditions<'_>) -> anyhow::Result<Assessment> {
    let parsed = parse_body(submission.body, submission.kind, &Limits::default());
    let (header, events) = match parsed {
        Ok(capture) => (capture.header, capture.events),
        Err(error) => return Ok(refused_whole(submission, at, &error)),
    };
    let record_time = record_time(
        at.clock,
        at.now,
        submission.asked,
        at.last_mark,
        event_times(&events),
    );
    let total = events.len();
    let mut accepted = Vec::with_capacity(total);
    let mut refusals = Vec::new();
    let stamp = stamp(submission, at, &header, record_time);
    for event in events {
        let index = i32::try_from(event.index).unwrap_or(i32::MAX);
        match one_event(submission, at, &stamp, event)? {
            Ok(event) => accepted.push((index, event)),
            Err(refusal) => refusals.push(refusal),
        }
    }
    refuse_conflicts(submission, at, &mut accepted, &mut refusals);
    refusals.sort_by_key(|refusal| refusal.event_index);
    let input = Input {
        capture_id: submission.capture_id.into(),
        document_id: header.document_id,
        source_party: submission.source_party.into(),
        record_time,
        origin: submission.origin.clone(),
    };
    let nothing_stays = !refusals.is_empty()
        && (submission.behaviour == Behaviour::Rollback || accepted.is_empty());
    if nothing_stays {
        accepted.clear();
    }
    let errors: Vec<JobError> = refusals.iter().map(Refusal::job_error).collect();
    let problem = nothing_stays.then(|| Problem {
        kind: kind_of(&refusals),
        detail: format!(
            "{} of {total} events refused; nothing of this document was captured",
            refusals.len()
        ),
        capture_id: Some(submission.capture_id.into()),
        errors: errors.clone(),
    });
    let job = job(
        submission,
        at.now,
        record_time,
        total,
        accepted.len(),
        errors,
    );
    let accepted = accepted
        .into_iter()
        .map(|(_, event)| event.into_accepted())
        .collect();
    Ok(Assessment {
        accepted,
        refusals,
        input,
        job,
        problem,
    })
}

fn stamp<'a>(
    submission: &Submission<'a>,
    at: &Conditions<'a>,
    header: &'a Header,
    record_time: Micros,
) -> Stamp<'a> {
    Stamp {
        capture_id: submission.capture_id,
        source_party: submission.source_party,
        record_time,
        captured_at: at.now,
        reference_offset: at.reference_offset,
        document_id: header.document_id.as_deref(),
        sbdh: header.sbdh.as_deref(),
        format: submission.format,
        device_hash: at.device_hash,
    }
}

/// A validated, encoded event with what is needed to refuse it after all.
struct Candidate {
    identity: Identity,
    value: Vec<u8>,
    original: Vec<u8>,
}

impl Candidate {
    fn into_accepted(self) -> Accepted {
        Accepted {
            identity: self.identity,
            value: self.value,
        }
    }
}

fn one_event(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    stamp: &Stamp<'_>,
    event: CapturedEvent,
) -> anyhow::Result<Result<Candidate, Refusal>> {
    let index = event.index;
    let original: Vec<u8> = match submission.original {
        Some(original) => original.to_vec(),
        None => at
            .device_hash
            .redact(event.original.as_bytes())
            .into_owned(),
    };
    let refuse = |reason: &str, message: String, place: String, event_id: Option<String>| Refusal {
        reason: reason.to_owned(),
        message,
        place: (!place.is_empty()).then_some(place),
        event_index: i32::try_from(index).ok(),
        event_id,
        original: original.clone(),
    };
    let read = event
        .outcome
        .and_then(|read| stamp.record(read, index, event.context, original.clone()));
    let record = match read {
        Ok(record) => record,
        Err(error) => {
            let event_id = event_id_of(&event.original);
            return Ok(Err(refuse(
                error.reason.code(),
                error.message,
                error.field,
                event_id,
            )));
        }
    };
    let identity = identity(&record);
    let limit = max_record_bytes(EPCIS_EVENTS);
    let size_of = |value: &[u8]| identity.event_id.len() + value.len();
    let mut value = at.codec.encode(&record)?;
    if size_of(&value) > limit {
        value = at.codec.encode(&compressed(record)?)?;
    }
    let size = size_of(&value);
    if size > limit {
        let message = format!(
            "the event takes {size} bytes, at most {limit} are taken; \
             split it into several events"
        );
        return Ok(Err(refuse(
            EVENT_TOO_LARGE,
            message,
            String::new(),
            Some(identity.event_id),
        )));
    }
    Ok(Ok(Candidate {
        identity,
        value,
        original,
    }))
}

/// Takes out of `accepted` what conflicts within the document, and what certainly loses against an
/// event captured before.
///
/// In replay a document is refused for the latter only if all its events lose: that one event of it was
/// known here must not decide whether its neighbours are captured, or the result would depend on the
/// order of arrival. Losing events let through so are rejected by the dispatcher.
fn refuse_conflicts(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    accepted: &mut Vec<(i32, Candidate)>,
    refusals: &mut Vec<Refusal>,
) {
    let mut stands: HashMap<String, String> = HashMap::new();
    for (_, event) in accepted
        .iter()
        .filter(|(_, event)| !event.identity.declaration)
    {
        let Identity {
            event_id,
            content_hash,
            ..
        } = &event.identity;
        match stands.get_mut(event_id) {
            Some(least) if content_hash < least => content_hash.clone_into(least),
            Some(_) => {}
            None => {
                stands.insert(event_id.clone(), content_hash.clone());
            }
        }
    }
    let within = |event: &Candidate| {
        !event.identity.declaration
            && stands.get(&event.identity.event_id) != Some(&event.identity.content_hash)
    };
    let loses = |event: &Candidate| (at.loses)(&event.identity);
    let refuse_known = at.clock == Clock::Live
        || submission.behaviour == Behaviour::Proceed
        || accepted.iter().all(|(_, event)| loses(event));
    let mut kept = Vec::with_capacity(accepted.len());
    for (index, event) in accepted.drain(..) {
        let where_else = if within(&event) {
            "this document has"
        } else if refuse_known && loses(&event) {
            "there is already"
        } else {
            kept.push((index, event));
            continue;
        };
        refusals.push(Refusal {
            reason: EVENT_ID_CONFLICT.into(),
            message: format!(
                "{where_else} an event with the id {} and other content; to correct it, withdraw it \
                 with an errorDeclaration and send the corrected event under a new id",
                event.identity.event_id
            ),
            place: Some("eventID".into()),
            event_index: Some(index),
            event_id: Some(event.identity.event_id),
            original: event.original,
        });
    }
    *accepted = kept;
}

fn kind_of(refusals: &[Refusal]) -> Kind {
    let all = |reason: &str| refusals.iter().all(|refusal| refusal.reason == reason);
    if all(EVENT_ID_CONFLICT) {
        Kind::Conflict
    } else if all(EVENT_TOO_LARGE) {
        Kind::TooLarge
    } else {
        Kind::Validation
    }
}

/// An input of which not even the events can be told apart.
fn refused_whole(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    error: &DocumentError,
) -> Assessment {
    let original: Cow<'_, [u8]> = match submission.original {
        Some(original) => Cow::Borrowed(original),
        None => at.device_hash.redact(submission.body),
    };
    let place = if error.field.is_empty() {
        line_and_column(&error.message)
    } else {
        Some(error.field.clone())
    };
    let refusal = Refusal {
        reason: error.reason.code().into(),
        message: error.message.clone(),
        place,
        event_index: None,
        event_id: None,
        original: original.into_owned(),
    };
    refuse_input(submission, at, refusal)
}

/// The assessment of an input refused for one reason.
#[must_use]
pub fn refuse_input(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    refusal: Refusal,
) -> Assessment {
    let record_time = record_time(at.clock, at.now, submission.asked, at.last_mark, []);
    let errors = vec![refusal.job_error()];
    Assessment {
        accepted: Vec::new(),
        input: Input {
            capture_id: submission.capture_id.into(),
            document_id: None,
            source_party: submission.source_party.into(),
            record_time,
            origin: submission.origin.clone(),
        },
        job: job(submission, at.now, record_time, 0, 0, errors.clone()),
        problem: Some(Problem {
            kind: Kind::Validation,
            detail: refusal.message.clone(),
            capture_id: Some(submission.capture_id.into()),
            errors,
        }),
        refusals: vec![refusal],
    }
}

fn job(
    submission: &Submission<'_>,
    now: Micros,
    record_time: Micros,
    events: usize,
    captured: usize,
    mut errors: Vec<JobError>,
) -> CaptureJob {
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let errors_total = count(errors.len());
    let mut bytes = 0;
    let fitting = errors.iter().take_while(|error| {
        bytes += error.reason.len() + error.message.len();
        bytes += error.place.as_ref().map_or(0, String::len);
        bytes <= JOB_ERROR_BYTES
    });
    errors.truncate(fitting.take(JOB_ERRORS).count());
    CaptureJob {
        capture_id: submission.capture_id.into(),
        source_party: submission.source_party.into(),
        created_at: now,
        record_time,
        finished_at: Some(now),
        running: false,
        success: errors_total == 0,
        error_behaviour: submission.behaviour.as_str().into(),
        events: count(events),
        captured: count(captured),
        errors,
        errors_total,
        ..CaptureJob::default()
    }
}

/// `line L, column C` out of a parser's message that ends in `at line L column C`.
fn line_and_column(message: &str) -> Option<String> {
    let (_, place) = message.rsplit_once(" at line ")?;
    let (line, column) = place.split_once(" column ")?;
    let digits = |text: &str| {
        text.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    let (line, column) = (digits(line), digits(column));
    (!line.is_empty() && !column.is_empty()).then(|| format!("line {line}, column {column}"))
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
