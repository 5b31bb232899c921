//! An assessment as the records of one transaction.

use serialtrail_records::Codec;
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::{CAPTURE_JOBS, EPCIS_EVENTS, REJECTED_EVENTS};

use crate::capture::{Accepted, Assessment};
use crate::rejected::{Input, Refusal, records};
use crate::transaction::{Counts, Outgoing};

/// Events, job and rejections of an HTTP capture. Empties `accepted`.
///
/// # Errors
/// A record cannot be encoded: a defect of this build.
pub fn of_capture(
    assessment: &mut Assessment,
    counts: &Counts,
    codec: &Codec,
) -> anyhow::Result<Vec<Outgoing>> {
    let mut outgoing = events(std::mem::take(&mut assessment.accepted), counts);
    let job = &assessment.job;
    outgoing.push(counts.keyed(CAPTURE_JOBS, job.capture_id.as_bytes(), codec.encode(job)?));
    outgoing.extend(rejections(
        &assessment.input,
        &assessment.refusals,
        counts,
        codec,
    )?);
    Ok(outgoing)
}

fn events(accepted: Vec<Accepted>, counts: &Counts) -> Vec<Outgoing> {
    accepted
        .into_iter()
        .map(|event| {
            counts.keyed(
                EPCIS_EVENTS,
                event.identity.event_id.as_bytes(),
                event.value,
            )
        })
        .collect()
}

/// The rows of refusals, keyed by their capture.
///
/// # Errors
/// A record cannot be encoded: a defect of this build.
pub fn rejections(
    input: &Input,
    refusals: &[Refusal],
    counts: &Counts,
    codec: &Codec,
) -> anyhow::Result<Vec<Outgoing>> {
    let mut outgoing = Vec::new();
    for refusal in refusals {
        metrics::counter(&metrics::REJECTS)
            .with_label_values(&["gateway", &refusal.reason])
            .inc();
        for row in records(input, refusal) {
            let value = codec.encode(&row)?;
            outgoing.push(counts.keyed(REJECTED_EVENTS, input.capture_id.as_bytes(), value));
        }
    }
    Ok(outgoing)
}
