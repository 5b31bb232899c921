//! What a rule hands back, and the canonical JSON of its evidence.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serialtrail_records::Micros;

use crate::read::Read;

/// Reads spelled out in an alert's evidence; the rest is in its totals.
pub const SPELLED_OUT: usize = 20;

/// Something a rule found. Equal inputs give an equal finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// Finer reason.
    pub sub_reason: Option<String>,
    /// The event-time-earliest decisive read (ties by event id): what the alert is about, and its place.
    pub anchor: &'a Read<'a>,
    /// Reads that show it, in event-time order, each once.
    pub reads: Vec<&'a Read<'a>>,
    /// What shows it, by name.
    pub evidence: BTreeMap<&'static str, Value>,
    /// `likely_operator_error` or `likely_time_zone_error`.
    pub likely_cause: Option<&'static str>,
}

impl<'a> Finding<'a> {
    /// A finding anchored at `anchor` and shown by `reads`, in any order and with repeats.
    #[must_use]
    pub fn new(anchor: &'a Read<'a>, reads: impl IntoIterator<Item = &'a Read<'a>>) -> Self {
        let mut reads: Vec<_> = reads.into_iter().collect();
        reads.sort_by_key(|r| r.order());
        reads.dedup_by(|a, b| a.event_id == b.event_id);
        Self {
            sub_reason: None,
            anchor,
            reads,
            evidence: BTreeMap::new(),
            likely_cause: None,
        }
    }

    /// Adds one named piece of evidence.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name, value.into());
        self
    }

    /// The evidence as canonical JSON: keys sorted at every level, no blanks.
    #[must_use]
    pub fn evidence_json(&self) -> String {
        let all: BTreeMap<_, _> = self
            .evidence
            .iter()
            .map(|(name, value)| (*name, sorted(value)))
            .chain([("events_total", json!(self.reads.len()))])
            .collect();
        json!(all).to_string()
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let by_key: BTreeMap<_, _> = map.iter().map(|(k, v)| (k, sorted(v))).collect();
            json!(by_key)
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// A time as ISO 8601, UTC, microseconds only where there are any.
#[must_use]
pub fn iso(time: Micros) -> String {
    chrono::DateTime::from_timestamp_micros(time).map_or_else(
        || time.to_string(),
        |t| t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    )
}

/// One read spelled out.
#[must_use]
pub fn spelled(read: &Read<'_>) -> Value {
    let mut out = BTreeMap::from([
        ("event", json!(read.event_id)),
        ("time", json!(iso(read.event_time))),
    ]);
    let named = [
        ("step", read.biz_step),
        ("disposition", read.disposition),
        ("place", read.place),
        ("country", read.country),
        ("party", read.party),
    ];
    out.extend(
        named
            .iter()
            .filter_map(|(name, v)| Some((*name, json!((*v)?)))),
    );
    if !read.direct {
        out.insert("inherited_from", json!(*read.path));
    }
    json!(out)
}

/// The first reads spelled out, [`SPELLED_OUT`] at most.
#[must_use]
pub fn spelled_all<'a>(reads: impl IntoIterator<Item = &'a Read<'a>>) -> Value {
    reads.into_iter().take(SPELLED_OUT).map(spelled).collect()
}
