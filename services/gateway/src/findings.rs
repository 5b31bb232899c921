//! What was found wrong or strange in an input: counted in full, kept as far as a job's record goes.

use serialtrail_epcis::Warning;
use serialtrail_records::{CaptureJob, JobError, Micros};
use serialtrail_runtime::metrics;

use crate::capture::Submission;
use crate::problem::{Kind, Problem};
use crate::rejected::{EVENT_ID_CONFLICT, EVENT_TOO_LARGE, Refusal, cut};

/// Errors kept in a job record; all are in `rejected-events`.
const JOB_ERRORS: usize = 100;
/// Warnings kept in a job record.
const JOB_WARNINGS: usize = 20;
/// Text of the errors kept in a job record, bytes: the record stays well below the topic's limit.
const JOB_ERROR_BYTES: usize = 128 * 1024;
/// Text of the warnings kept in a job record, bytes.
const JOB_WARNING_BYTES: usize = 32 * 1024;
/// Reason: more events than one transaction takes.
pub const TOO_MANY_EVENTS: &str = "too_many_events";

/// A list that counts all and keeps what fits.
#[derive(Debug, Default)]
struct Kept {
    list: Vec<JobError>,
    bytes: usize,
    total: usize,
}

impl Kept {
    fn add(&mut self, error: JobError, most: usize, most_bytes: usize) {
        self.total += 1;
        let bytes = error.reason.len() + error.message.len();
        let bytes = bytes + error.place.as_ref().map_or(0, String::len);
        if self.list.len() < most && self.bytes + bytes <= most_bytes {
            self.bytes += bytes;
            self.list.push(error);
        }
    }

    fn sorted(&self) -> Vec<JobError> {
        let mut list = self.list.clone();
        list.sort_by_key(|error| error.event_index);
        list
    }
}

/// Everything found so far.
#[derive(Debug, Default)]
pub struct Findings {
    errors: Kept,
    warnings: Kept,
    conflicts: usize,
    too_large: usize,
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl Findings {
    /// A refusal.
    pub fn refused(&mut self, refusal: &Refusal) {
        match refusal.reason.as_str() {
            EVENT_ID_CONFLICT => self.conflicts += 1,
            EVENT_TOO_LARGE | TOO_MANY_EVENTS => self.too_large += 1,
            _ => {}
        }
        self.failed(refusal.job_error());
    }

    /// An error that is no refusal of an event.
    pub fn failed(&mut self, error: JobError) {
        self.errors.add(error, JOB_ERRORS, JOB_ERROR_BYTES);
    }

    /// Something strange about an event that was taken.
    pub fn strange(&mut self, index: usize, line: u64, warning: &Warning) {
        self.warned(JobError {
            event_index: i32::try_from(index).ok(),
            reason: warning.code.into(),
            message: cut(&warning.message),
            place: Some(cut(&warning.field)),
            line: i64::try_from(line).ok().filter(|line| *line > 0),
        });
    }

    /// A warning.
    pub fn warned(&mut self, warning: JobError) {
        metrics::counter(&metrics::CAPTURE_WARNINGS)
            .with_label_values(&[&warning.reason])
            .inc();
        self.warnings.add(warning, JOB_WARNINGS, JOB_WARNING_BYTES);
    }

    /// Errors in all.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors.total
    }

    /// What the sender is told where nothing is captured.
    #[must_use]
    pub fn problem(&self, capture_id: &str, detail: String) -> Problem {
        let kind = match self.errors.total {
            all if all == self.conflicts => Kind::Conflict,
            all if all == self.too_large => Kind::TooLarge,
            _ => Kind::Validation,
        };
        Problem {
            capture_id: Some(capture_id.into()),
            errors: self.errors.sorted(),
            errors_total: self.errors.total,
            ..Problem::new(kind, detail)
        }
    }

    /// The job of an input that is done.
    #[must_use]
    pub fn job(
        &self,
        submission: &Submission<'_>,
        now: Micros,
        record_time: Micros,
        events: usize,
        captured: usize,
    ) -> CaptureJob {
        CaptureJob {
            capture_id: submission.capture_id.into(),
            source_party: submission.source_party.into(),
            created_at: now,
            record_time,
            finished_at: Some(now),
            running: false,
            success: self.errors.total == 0,
            error_behaviour: submission.behaviour.as_str().into(),
            events: count(events),
            captured: count(captured),
            errors: self.errors.sorted(),
            errors_total: count(self.errors.total),
            warnings: self.warnings.sorted(),
            warnings_total: count(self.warnings.total),
            slot: None,
        }
    }
}
