//! What was refused, and why.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// Topic rejected-events, key capture_id or event id. Something that was refused, why, where, and its original bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RejectedEvent {
    /// Stable id: the same refusal written twice has the same id.
    pub reject_id: String,
    /// gateway, dispatcher, enricher, detector or sink.
    pub stage: String,
    /// Stable code, for example bad_check_digit, event_id_conflict, wrong_partition, container_loop.
    pub reason: String,
    /// What happened and what to do, for a person.
    pub message: String,
    /// Where: field path, line and column, or key.
    pub place: Option<String>,
    /// Event id if known.
    pub event_id: Option<String>,
    /// Unit if known.
    pub unit: Option<String>,
    /// Container path for loops and hop limits.
    pub path: Vec<String>,
    /// Capture job.
    pub capture_id: Option<String>,
    /// Position in the document, from 0.
    pub event_index: Option<i32>,
    /// Source document.
    pub document_id: Option<String>,
    /// Authenticated publisher; empty when unknown.
    pub source_party: String,
    /// Parties that may see it; empty means its publisher only.
    pub visible_to: Vec<String>,
    /// When it was refused (stream time of the record).
    pub record_time: Micros,
    /// Topic it came by.
    pub source_topic: Option<String>,
    /// Partition.
    pub source_partition: Option<i32>,
    /// Offset.
    pub source_offset: Option<i64>,
    /// Original bytes, this part.
    #[serde(with = "serde_bytes")]
    pub original: Vec<u8>,
    /// Number of this part, from 0.
    pub part: i32,
    /// Parts the original was cut into (128 KiB each).
    pub parts: i32,
}

avro_record!(RejectedEvent, "RejectedEvent");

impl RejectedEvent {
    /// Largest part of original bytes in one record.
    pub const PART_BYTES: usize = 128 * 1024;

    /// This rejection with its original bytes, cut into as many records as they need; one even for
    /// no bytes.
    #[must_use]
    pub fn into_parts(self, original: &[u8]) -> Vec<Self> {
        let mut chunks: Vec<&[u8]> = original.chunks(Self::PART_BYTES).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        let parts = i32::try_from(chunks.len()).unwrap_or(i32::MAX);
        (0..)
            .zip(chunks)
            .map(|(part, chunk)| Self {
                original: chunk.to_vec(),
                part,
                parts,
                ..self.clone()
            })
            .collect()
    }
}
