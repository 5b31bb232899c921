//! Capture jobs.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// One error of a capture job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobError {
    /// Position in the document, from 0.
    pub event_index: Option<i32>,
    /// Stable code.
    pub reason: String,
    /// For a person.
    pub message: String,
    /// Field path or line.
    pub place: Option<String>,
    /// Line of the document the event starts at, from 1.
    pub line: Option<i64>,
}

/// Topic capture-jobs (compacted), key capture_id. State of one capture job (EPCIS 2.0 §12.6.1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaptureJob {
    /// Job id.
    pub capture_id: String,
    /// Authenticated publisher.
    pub source_party: String,
    /// Gateway wall clock.
    pub created_at: Micros,
    /// Record time its events got.
    pub record_time: Micros,
    /// Gateway wall clock at the end.
    pub finished_at: Option<Micros>,
    /// Still running.
    pub running: bool,
    /// Every event was captured.
    pub success: bool,
    /// rollback or proceed.
    pub error_behaviour: String,
    /// Events in the document.
    pub events: i32,
    /// Events written.
    pub captured: i32,
    /// At most 100 are kept here; all are in rejected-events.
    pub errors: Vec<JobError>,
    /// Errors in all.
    pub errors_total: i32,
    /// What is strange about events or master data that were taken all the same: the first 20.
    pub warnings: Vec<JobError>,
    /// Warnings in all.
    pub warnings_total: i32,
    /// Instance that works on it while it runs; null when it is done.
    pub slot: Option<i32>,
}

avro_record!(CaptureJob, "CaptureJob");
