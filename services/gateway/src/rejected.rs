//! Rows of `rejected-events`: what was refused, why, where, and its original bytes in parts.

use serialtrail_records::{JobError, Micros, RejectedEvent};
use sha2::{Digest, Sha256};

/// Reason: an event's record exceeds what a record of `epcis-events` may be, even compressed.
pub const EVENT_TOO_LARGE: &str = "event_too_large";
/// Reason: another event with this id and other content stands.
pub const EVENT_ID_CONFLICT: &str = "event_id_conflict";

/// Bytes of the original in one record; a record of the topic must stay below 256 KiB.
pub const PART_BYTES: usize = 128 * 1024;

/// Longest message kept, characters.
const MESSAGE_CHARS: usize = 600;

/// Where an input came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An HTTP capture.
    Http,
    /// A partner's topic.
    Topic {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset.
        offset: i64,
    },
}

/// Something refused at this gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub reason: String,
    /// What happened and what to do.
    pub message: String,
    /// Field path, or line and column.
    pub place: Option<String>,
    /// Position in the document.
    pub event_index: Option<i32>,
    /// Line of the document it starts at, from 1.
    pub line: Option<i64>,
    /// Event id where known.
    pub event_id: Option<String>,
    /// Original bytes.
    pub original: Vec<u8>,
}

impl Refusal {
    /// The refusal as an error of its capture job.
    #[must_use]
    pub fn job_error(&self) -> JobError {
        JobError {
            event_index: self.event_index,
            reason: self.reason.clone(),
            message: cut(&self.message),
            place: self.place.as_deref().map(cut),
            line: self.line,
        }
    }
}

/// What all refusals of one input share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Capture job, or `topic/partition/offset`.
    pub capture_id: String,
    /// Source document, where it says.
    pub document_id: Option<String>,
    /// Authenticated publisher.
    pub source_party: String,
    /// Record time of the input.
    pub record_time: Micros,
    /// Where it came from.
    pub origin: Origin,
}

/// The beginning of a text that may be of any length.
#[must_use]
pub fn cut(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

/// The id of a refusal. The same input refused twice for the same reason has one id, so that a
/// document sent again leaves one row; from a topic it is the record's place there.
fn reject_id(input: &Input, refusal: &Refusal) -> String {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    add(b"gateway");
    add(refusal.reason.as_bytes());
    match &input.origin {
        Origin::Topic {
            topic,
            partition,
            offset,
        } => {
            add(format!("{topic}/{partition}/{offset}").as_bytes());
        }
        Origin::Http => {
            add(input.source_party.as_bytes());
            add(refusal.place.as_deref().unwrap_or_default().as_bytes());
            add(&refusal.original);
        }
    }
    hex::encode(&digest.finalize()[..16])
}

/// The records of one refusal: one a part of the original, at least one.
#[must_use]
pub fn records(input: &Input, refusal: &Refusal) -> Vec<RejectedEvent> {
    let reject_id = reject_id(input, refusal);
    let chunks: Vec<&[u8]> = if refusal.original.is_empty() {
        vec![&[]]
    } else {
        refusal.original.chunks(PART_BYTES).collect()
    };
    let parts = i32::try_from(chunks.len()).unwrap_or(i32::MAX);
    let (source_topic, source_partition, source_offset) = match &input.origin {
        Origin::Http => (None, None, None),
        Origin::Topic {
            topic,
            partition,
            offset,
        } => (Some(topic.clone()), Some(*partition), Some(*offset)),
    };
    (0..)
        .zip(chunks)
        .map(|(part, original)| RejectedEvent {
            reject_id: reject_id.clone(),
            stage: "gateway".into(),
            reason: refusal.reason.clone(),
            message: cut(&refusal.message),
            place: refusal.place.as_deref().map(cut),
            event_id: refusal.event_id.as_deref().map(cut),
            unit: None,
            path: Vec::new(),
            capture_id: Some(input.capture_id.clone()),
            event_index: refusal.event_index,
            document_id: input.document_id.as_deref().map(cut),
            source_party: input.source_party.clone(),
            visible_to: Vec::new(),
            record_time: input.record_time,
            source_topic: source_topic.clone(),
            source_partition,
            source_offset,
            original: original.to_vec(),
            part,
            parts,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(capture_id: &str) -> Input {
        Input {
            capture_id: capture_id.into(),
            document_id: None,
            source_party: "acme".into(),
            record_time: 7,
            origin: Origin::Http,
        }
    }

    fn refusal(original: Vec<u8>) -> Refusal {
        Refusal {
            reason: "malformed_json".into(),
            message: "m".repeat(5000),
            place: Some("line 3, column 9".into()),
            original,
            ..Refusal::default()
        }
    }

    #[test]
    fn the_parts_put_together_are_the_original() {
        for size in [0, 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES + 17] {
            let original: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let rows = records(&input("c"), &refusal(original.clone()));
            assert_eq!(rows.len(), size.div_ceil(PART_BYTES).max(1));
            let joined: Vec<u8> = rows.iter().flat_map(|row| row.original.clone()).collect();
            assert_eq!(joined, original);
            for (n, row) in (0..).zip(&rows) {
                assert_eq!((row.part, row.parts as usize), (n, rows.len()));
                assert!(row.message.chars().count() <= MESSAGE_CHARS + 1);
            }
        }
    }

    #[test]
    fn a_document_sent_twice_is_one_refusal_and_another_document_another() {
        let id = |capture: &str, text: &str| {
            records(&input(capture), &refusal(text.into()))[0]
                .reject_id
                .clone()
        };
        assert_eq!(id("c1", "{"), id("c2", "{"));
        assert_ne!(id("c1", "{"), id("c1", "["));
    }

    #[test]
    fn a_record_of_a_topic_is_refused_once_whatever_it_says() {
        let at = |offset| Input {
            origin: Origin::Topic {
                topic: "partner.acme".into(),
                partition: 1,
                offset,
            },
            ..input("partner.acme/1/5")
        };
        let rows = records(&at(5), &refusal(vec![1, 2]));
        assert_eq!(rows[0].source_offset, Some(5));
        assert_eq!(
            rows[0].reject_id,
            records(&at(5), &refusal(vec![1, 2]))[0].reject_id
        );
        assert_ne!(
            rows[0].reject_id,
            records(&at(6), &refusal(vec![1, 2]))[0].reject_id
        );
    }
}
