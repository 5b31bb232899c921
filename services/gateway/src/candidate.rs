//! One event of an input: the record it becomes, or why it is refused.

use serialtrail_epcis::{CapturedEvent, Format, Header};
use serialtrail_records::{Codec, EpcisEvent, Micros};
use serialtrail_runtime::topics::{EPCIS_EVENTS, max_record_bytes};
use std::io::Read;

use crate::capture::{Conditions, Submission};
use crate::event::{Stamp, compressed, event_id_of, identity};
use crate::known::Identity;
use crate::rejected::{EVENT_TOO_LARGE, Refusal};

/// A validated, encoded event.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) identity: Identity,
    pub(crate) value: Vec<u8>,
}

/// Reads one event of the input into its record.
///
/// # Errors
/// The record cannot be encoded: a defect of this build.
pub(crate) fn candidate(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    header: &Header,
    record_time: Micros,
    event: CapturedEvent,
) -> anyhow::Result<Result<Candidate, Refusal>> {
    let (index, line) = (event.index, event.line);
    let original: Vec<u8> = match submission.original {
        Some(original) => original.to_vec(),
        None => at
            .device_hash
            .redact(event.original.as_bytes(), submission.format)
            .into_owned(),
    };
    let refuse = |reason: &str, message: String, place: String, event_id: Option<String>| Refusal {
        reason: reason.to_owned(),
        message,
        place: (!place.is_empty()).then_some(place),
        event_index: i32::try_from(index).ok(),
        line: i64::try_from(line).ok().filter(|line| *line > 0),
        event_id,
        original: original.clone(),
    };
    let stamp = stamp(submission, at, header, record_time);
    let read = event
        .outcome
        .and_then(|read| stamp.record(read, index, event.context, original.clone()));
    let record = match read {
        Ok(record) => record,
        Err(error) => {
            let event_id = event_id_of(&event.original, submission.format);
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
        let event_id = Some(identity.event_id);
        return Ok(Err(refuse(
            EVENT_TOO_LARGE,
            message,
            String::new(),
            event_id,
        )));
    }
    Ok(Ok(Candidate { identity, value }))
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
        format: match (submission.original, submission.format) {
            (Some(_), _) => crate::media::AVRO,
            (None, Format::JsonLd) => crate::media::JSON_LD,
            (None, Format::Xml) => crate::media::XML,
        },
        device_hash: at.device_hash,
    }
}

/// The original bytes of a record of ours.
///
/// # Errors
/// It is none of ours: a defect of this build.
pub(crate) fn original_of(codec: &Codec, value: &[u8]) -> anyhow::Result<Vec<u8>> {
    let record: EpcisEvent = codec.decode(value)?;
    if !record.original_format.ends_with("+gzip") {
        return Ok(record.original);
    }
    let mut original = Vec::new();
    flate2::read::GzDecoder::new(record.original.as_slice()).read_to_end(&mut original)?;
    Ok(original)
}
