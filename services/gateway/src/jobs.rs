//! The jobs this instance knows: its own and, from `capture-jobs` and `rejected-events`, everybody's.
//!
//! Bounded; the oldest job is forgotten first. Job ids are UUIDv7, so their order is that of time.

use serialtrail_records::{CaptureJob, JobError, Micros, RejectedEvent};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use crate::clock::iso;
use crate::problem::{error_body, warning_body};

/// Later errors listed for one job.
const LATER_ERRORS: usize = 100;

#[derive(Debug, Clone, Default)]
struct Entry {
    job: Option<CaptureJob>,
    later: Vec<JobError>,
    later_total: i32,
}

/// The view.
#[derive(Debug)]
pub struct Jobs {
    entries: RwLock<BTreeMap<String, Entry>>,
    capacity: usize,
}

/// A page of jobs, newest first.
#[derive(Debug, PartialEq)]
pub struct Page {
    /// Bodies of the jobs.
    pub jobs: Vec<serde_json::Value>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl Jobs {
    /// Room for `capacity` jobs.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: RwLock::default(),
            capacity,
        }
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        change(entries.entry(id.to_owned()).or_default());
        while entries.len() > self.capacity {
            entries.pop_first();
        }
    }

    /// A job's record.
    pub fn put(&self, job: CaptureJob) {
        self.change(&job.capture_id.clone(), |entry| entry.job = Some(job));
    }

    /// A rejection: one of a later stage becomes an error of its job. What the gateway itself refused
    /// stands in the job's record already.
    pub fn rejected(&self, row: RejectedEvent) {
        let Some(id) = row.capture_id.filter(|id| !id.contains('/')) else {
            return;
        };
        if row.stage == "gateway" || row.part != 0 {
            return;
        }
        let error = JobError {
            event_index: row.event_index,
            reason: row.reason,
            message: row.message,
            place: row.place.or(row.event_id),
            line: None,
        };
        self.change(&id, |entry| {
            entry.later_total = entry.later_total.saturating_add(1);
            if entry.later.len() < LATER_ERRORS {
                entry.later.push(error);
            }
        });
    }

    /// The body of a job that `sees` lets through; `None` when it is unknown, forgotten or not to be
    /// seen.
    pub fn get(&self, id: &str, sees: impl Fn(&str) -> bool) -> Option<serde_json::Value> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(id)?;
        let job = entry.job.as_ref().filter(|job| sees(&job.source_party))?;
        Some(body(job, &entry.later, entry.later_total))
    }

    /// Jobs an instance began before `started` and has not ended.
    #[must_use]
    pub fn running(&self, slot: i32, started: Micros) -> Vec<CaptureJob> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let jobs = entries.values().filter_map(|entry| entry.job.as_ref());
        jobs.filter(|job| job.running && job.slot == Some(slot) && job.created_at < started)
            .cloned()
            .collect()
    }

    /// The jobs before `from` (a job id; none: from the newest), newest first.
    pub fn page(&self, from: Option<&str>, size: usize, sees: impl Fn(&str) -> bool) -> Page {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let end = from.map_or(Bound::Unbounded, |id| Bound::Excluded(id.to_owned()));
        let mut seen = entries
            .range((Bound::Unbounded, end))
            .rev()
            .filter_map(|(id, entry)| {
                let job = entry.job.as_ref().filter(|job| sees(&job.source_party))?;
                Some((id, body(job, &entry.later, entry.later_total)))
            });
        let mut last = None;
        let jobs: Vec<_> = seen
            .by_ref()
            .take(size)
            .map(|(id, body)| {
                last = Some(id.clone());
                body
            })
            .collect();
        let next = last.filter(|_| seen.next().is_some());
        Page { jobs, next }
    }
}

/// A job as the standard has it (EPCIS 2.0 §12.6.1 CaptureJob), with the counts beside.
#[must_use]
pub fn body(job: &CaptureJob, later: &[JobError], later_total: i32) -> serde_json::Value {
    let errors: Vec<_> = job.errors.iter().chain(later).map(error_body).collect();
    let mut body = serde_json::json!({
        "captureID": job.capture_id,
        "createdAt": iso(job.created_at),
        "running": job.running,
        "success": job.success && later_total == 0,
        "captureErrorBehaviour": job.error_behaviour,
        "errors": errors,
        "errorsTotal": job.errors_total.saturating_add(later_total),
        "events": job.events,
        "captured": job.captured,
        "sourceParty": job.source_party,
        "recordTime": iso(job.record_time),
        "warnings": job.warnings.iter().map(warning_body).collect::<Vec<_>>(),
        "warningsTotal": job.warnings_total,
    });
    if let Some(finished) = job.finished_at {
        body["finishedAt"] = iso(finished).into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, party: &str) -> CaptureJob {
        CaptureJob {
            capture_id: id.into(),
            source_party: party.into(),
            finished_at: Some(5),
            success: true,
            error_behaviour: "rollback".into(),
            events: 2,
            captured: 2,
            ..CaptureJob::default()
        }
    }

    fn rejection(id: &str, stage: &str) -> RejectedEvent {
        RejectedEvent {
            stage: stage.into(),
            reason: "event_id_conflict".into(),
            capture_id: Some(id.into()),
            parts: 1,
            ..RejectedEvent::default()
        }
    }

    #[test]
    fn a_conflict_found_later_is_an_error_of_its_job_even_if_it_is_heard_first() {
        let jobs = Jobs::new(10);
        jobs.rejected(rejection("j1", "dispatcher"));
        assert_eq!(jobs.get("j1", |_| true), None);
        jobs.put(job("j1", "acme"));
        let body = jobs.get("j1", |_| true).unwrap();
        assert_eq!(body["success"], false);
        assert_eq!(
            body["errors"][0]["type"],
            "epcisException:ResourceAlreadyExistsException"
        );
        assert_eq!(body["errorsTotal"], 1);
    }

    #[test]
    fn what_the_gateway_refused_is_not_counted_twice() {
        let jobs = Jobs::new(10);
        jobs.put(job("j1", "acme"));
        jobs.rejected(rejection("j1", "gateway"));
        jobs.rejected(RejectedEvent {
            part: 1,
            ..rejection("j1", "dispatcher")
        });
        assert_eq!(jobs.get("j1", |_| true).unwrap()["success"], true);
    }

    #[test]
    fn a_job_is_seen_by_its_own_party() {
        let jobs = Jobs::new(10);
        jobs.put(job("j1", "acme"));
        assert!(jobs.get("j1", |party| party == "acme").is_some());
        assert!(jobs.get("j1", |party| party == "other").is_none());
    }

    #[test]
    fn the_oldest_are_forgotten_and_pages_run_from_new_to_old() {
        let jobs = Jobs::new(5);
        for n in 0..8 {
            jobs.put(job(&format!("j{n}"), if n == 6 { "other" } else { "acme" }));
        }
        let ids = |page: &Page| -> Vec<String> {
            page.jobs
                .iter()
                .map(|job| job["captureID"].as_str().unwrap().to_owned())
                .collect()
        };
        let first = jobs.page(None, 2, |party| party == "acme");
        assert_eq!(ids(&first), ["j7", "j5"]);
        let second = jobs.page(first.next.as_deref(), 2, |party| party == "acme");
        assert_eq!(
            (ids(&second), second.next.clone()),
            (vec!["j4".into(), "j3".into()], None)
        );
    }
}
