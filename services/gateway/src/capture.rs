//! What becomes of an input: which of its events are captured, which are refused and why.
//!
//! One function for both roads. An HTTP body is assessed as a document; a partner's record is turned
//! into a single event first (`partner`) and assessed the same way. Nothing here writes: the result
//! says what has to be written, in one transaction. Documents that go in several: `large`.

use serialtrail_epcis::{
    BodyKind, DocumentError, Format, Header, Limits, ReadOptions, Reason, read_events, read_header,
};
use serialtrail_records::{CaptureJob, Codec, Micros};
use serialtrail_runtime::Clock;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::clock::record_time;
use crate::conflicts::refuse_conflicts;
use crate::device::DeviceHash;
use crate::findings::{Findings, TOO_MANY_EVENTS};
use crate::known::Identity;
use crate::parcel::Parcel;
use crate::pass::Pass;
use crate::problem::{Kind, Problem};
use crate::rejected::{Input, Origin, Refusal};
use crate::spool::Received;
use crate::transaction::Counts;
use crate::versions;

/// Events of a document that is captured in one transaction; one with more is captured with `proceed`
/// only, in several.
pub const MOST_EVENTS: usize = 100_000;
/// Bytes of the records of one transaction.
pub const MOST_BYTES: usize = 128 << 20;

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
    /// Partition counts of what is written.
    pub counts: &'a Counts,
    /// Where records go that are too many for memory.
    pub folder: &'a Path,
    /// Bytes of records one transaction takes.
    pub most_bytes: usize,
    /// Whether an event certainly loses against one captured earlier ([`crate::known::Known`]).
    pub loses: &'a dyn Fn(&Identity) -> bool,
}

/// One input.
pub struct Submission<'a> {
    /// HTTP body, or the JSON event a partner's record stands for.
    pub body: &'a Received,
    /// What the body has to be.
    pub kind: BodyKind,
    /// How it is written.
    pub format: Format,
    /// A partner's record, where the body was made from one (already redacted).
    pub original: Option<&'a [u8]>,
    /// The version its sender says it has.
    pub claimed_version: Option<&'a str>,
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

impl Submission<'_> {
    /// How its body is read.
    #[must_use]
    pub fn options(&self, max_events: usize) -> ReadOptions {
        ReadOptions {
            kind: self.kind,
            limits: Limits {
                max_events,
                ..Limits::default()
            },
        }
    }

    /// What its refusals share.
    #[must_use]
    pub fn input(&self, header: &Header, record_time: Micros) -> Input {
        Input {
            capture_id: self.capture_id.into(),
            document_id: header.document_id.clone(),
            source_party: self.source_party.into(),
            record_time,
            origin: self.origin.clone(),
        }
    }

    /// The header of its body.
    ///
    /// # Errors
    /// Outer: the body cannot be read here. Inner: it is refused as a whole.
    pub fn header(&self, max_events: usize) -> anyhow::Result<Result<Header, DocumentError>> {
        let options = self.options(max_events);
        Ok(read_header(self.body.open()?, self.format, &options))
    }
}

/// What becomes of an input.
#[derive(Debug)]
pub struct Assessment {
    /// The document's own fields.
    pub header: Header,
    /// Events to write; none when the input is refused whole.
    pub events: Arc<Parcel>,
    /// Their identities, in the same order.
    pub identities: Vec<Identity>,
    /// Everything refused, as rows.
    pub rejections: Arc<Parcel>,
    /// The job's record.
    pub job: CaptureJob,
    /// Set when nothing is captured: what the sender is told.
    pub problem: Option<Problem>,
}

/// Assesses one input.
///
/// # Errors
/// A record cannot be encoded, a file not be written: a failure here.
pub fn assess(submission: &Submission<'_>, at: &Conditions<'_>) -> anyhow::Result<Assessment> {
    let header = match submission.header(MOST_EVENTS)? {
        Ok(header) => header,
        Err(error) => return refused_whole(submission, at, &error),
    };
    let schema_version = header.schema_version.as_deref();
    if let Err(message) = versions::document_fits(submission.claimed_version, schema_version) {
        let error = DocumentError {
            reason: Reason::UnsupportedVersion,
            field: "schemaVersion".into(),
            line: None,
            message,
        };
        return refused_whole(submission, at, &error);
    }
    let record_time = first_record_time(submission, at, &header)?;
    let mut pass = Pass::new(submission, at, &header, record_time);
    let mut failed = None;
    let read = read_events(
        submission.body.open()?,
        submission.format,
        &header,
        &submission.options(MOST_EVENTS),
        |event| match pass.take(event) {
            Ok(()) if pass.bytes() <= at.most_bytes => ControlFlow::Continue(()),
            Ok(()) => ControlFlow::Break(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        },
    );
    if let Some(error) = failed {
        return Err(error);
    }
    if let Err(error) = read {
        return refused_whole(submission, at, &error);
    }
    if pass.bytes() > at.most_bytes {
        let refusal = too_much(submission, at.most_bytes)?;
        return refuse_input(submission, at, refusal);
    }
    settle(submission, at, &header, pass, record_time)
}

/// Decides once every event is known.
fn settle(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    header: &Header,
    pass: Pass<'_>,
    record_time: Micros,
) -> anyhow::Result<Assessment> {
    let mut found = refuse_conflicts(submission, at, pass)?;
    let total = usize::try_from(header.events).unwrap_or(usize::MAX);
    let errors = found.findings.errors();
    let nothing_stays =
        errors > 0 && (submission.behaviour == Behaviour::Rollback || found.identities.is_empty());
    if nothing_stays {
        found.events = Parcel::default();
        found.identities.clear();
    }
    let problem = nothing_stays.then(|| {
        let detail =
            format!("{errors} of {total} events refused; nothing of this document was captured");
        found.findings.problem(submission.capture_id, detail)
    });
    let captured = found.identities.len();
    Ok(Assessment {
        header: header.clone(),
        events: Arc::new(found.events),
        identities: found.identities,
        rejections: Arc::new(found.rejections),
        job: found
            .findings
            .job(submission, at.now, record_time, total, captured),
        problem,
    })
}

/// The record time of an input. In replay, where the import gives none, its events have to be gone
/// through for it.
///
/// # Errors
/// The body cannot be read here.
pub fn first_record_time(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    header: &Header,
) -> anyhow::Result<Micros> {
    let mut latest: Option<Micros> = None;
    if at.clock == Clock::Replay && submission.asked.is_none() {
        // A fault of the document is found, and told, by the pass that follows.
        let _ = read_events(
            submission.body.open()?,
            submission.format,
            header,
            &submission.options(usize::MAX),
            |event| {
                let time = event.outcome.ok().map(|event| event.event_time);
                let time = time.map(|time| time.timestamp_micros());
                latest = latest.max(time.filter(|time| crate::clock::is_plausible(*time, at.now)));
                ControlFlow::Continue(())
            },
        );
    }
    Ok(record_time(
        at.clock,
        at.now,
        submission.asked,
        at.last_mark,
        latest,
    ))
}

fn too_much(submission: &Submission<'_>, most_bytes: usize) -> anyhow::Result<Refusal> {
    Ok(Refusal {
        reason: TOO_MANY_EVENTS.into(),
        message: format!(
            "the events of this document take more than the {} MiB one transaction may; send it with \
             GS1-Capture-Error-Behaviour: proceed, or in several documents",
            most_bytes >> 20
        ),
        original: submission.body.beginning()?,
        ..Refusal::default()
    })
}

/// An input of which not even the events can be told apart, or none may be taken.
fn refused_whole(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    error: &DocumentError,
) -> anyhow::Result<Assessment> {
    let original = match submission.original {
        Some(original) => original.to_vec(),
        None => {
            let beginning = submission.body.beginning()?;
            at.device_hash
                .redact(&beginning, submission.format)
                .into_owned()
        }
    };
    let place = if error.field.is_empty() {
        line_and_column(&error.message).or_else(|| error.line.map(|line| format!("line {line}")))
    } else {
        Some(error.field.clone())
    };
    let message = match (error.reason, submission.behaviour) {
        (Reason::TooManyEvents, Behaviour::Rollback) => format!(
            "{}; a document with more is captured with GS1-Capture-Error-Behaviour: proceed only",
            error.message
        ),
        _ => error.message.clone(),
    };
    let refusal = Refusal {
        reason: error.reason.code().into(),
        message,
        place,
        line: error.line.and_then(|line| i64::try_from(line).ok()),
        original,
        ..Refusal::default()
    };
    refuse_input(submission, at, refusal)
}

/// The assessment of an input refused for one reason.
///
/// # Errors
/// A record cannot be encoded: a defect of this build.
pub fn refuse_input(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    refusal: Refusal,
) -> anyhow::Result<Assessment> {
    let header = Header::default();
    let record_time = record_time(at.clock, at.now, submission.asked, at.last_mark, None);
    let input = submission.input(&header, record_time);
    let rows = crate::outgoing::rejections(&input, &refusal, at.counts, at.codec)?;
    let mut findings = Findings::default();
    findings.refused(&refusal);
    Ok(Assessment {
        events: Arc::default(),
        identities: Vec::new(),
        rejections: Arc::new(rows.into()),
        job: findings.job(submission, at.now, record_time, 0, 0),
        problem: Some(findings.problem(submission.capture_id, refusal.message)),
        header,
    })
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

#[cfg(test)]
#[path = "input_tests.rs"]
mod input_tests;
