//! Refusals and jobs as records.

use serialtrail_records::{CaptureJob, Codec};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::{CAPTURE_JOBS, REJECTED_EVENTS};

use crate::rejected::{Input, Refusal, records};
use crate::transaction::{Counts, Outgoing};

/// The record of a job.
///
/// # Errors
/// It cannot be encoded: a defect of this build.
pub fn job(job: &CaptureJob, counts: &Counts, codec: &Codec) -> anyhow::Result<Outgoing> {
    Ok(counts.keyed(CAPTURE_JOBS, job.capture_id.as_bytes(), codec.encode(job)?))
}

/// The rows of a refusal, keyed by its capture.
///
/// # Errors
/// A record cannot be encoded: a defect of this build.
pub fn rejections(
    input: &Input,
    refusal: &Refusal,
    counts: &Counts,
    codec: &Codec,
) -> anyhow::Result<Vec<Outgoing>> {
    metrics::counter(&metrics::REJECTS)
        .with_label_values(&["gateway", &refusal.reason])
        .inc();
    records(input, refusal)
        .into_iter()
        .map(|row| {
            let value = codec.encode(&row)?;
            Ok(counts.keyed(REJECTED_EVENTS, input.capture_id.as_bytes(), value))
        })
        .collect()
}
