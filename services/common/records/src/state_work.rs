//! State shared by stages that continue work over several windows, and the marks they hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::avro_record;

/// State of dispatcher and enricher, key q. Bounds of the queue of unfinished work of a partition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkQueue {
    /// Number of the first item.
    pub head: i64,
    /// Number behind the last item.
    pub tail: i64,
}

avro_record!(WorkQueue, "state/WorkQueue");

/// State of dispatcher and enricher, key q/<number>. One item of the queue: whose work is not finished.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkItem {
    /// Event id (dispatcher) or unit key (enricher).
    pub key: String,
}

avro_record!(WorkItem, "state/WorkItem");

/// State of dispatcher and enricher, key m. Highest mark of each source heard by a partition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeldMarks {
    /// How many sources there are.
    pub sources: i32,
    /// Highest mark by source, microseconds UTC.
    pub highest: BTreeMap<String, i64>,
    /// Stream time forwarded last, microseconds UTC.
    pub forwarded: Option<i64>,
}

avro_record!(HeldMarks, "state/HeldMarks");
