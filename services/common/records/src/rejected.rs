//! What was refused, and why.

use serde::{Deserialize, Serialize};

use crate::avro_record;
use crate::{Micros, stable_id};

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

/// Where a refused record stood, and its key.
#[derive(Debug, Clone, Copy)]
pub struct RecordPlace<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Kafka's record timestamp, milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Key; it need not be text.
    pub key: Option<&'a [u8]>,
}

impl RejectedEvent {
    /// The rejection of a record of whose content nothing, or not enough, is known; without its bytes.
    /// Its id follows from stage, reason and place.
    #[must_use]
    pub fn of_record(
        stage: &str,
        reason: &str,
        message: impl Into<String>,
        at: &RecordPlace<'_>,
    ) -> Self {
        let (partition, offset) = (at.partition.to_string(), at.offset.to_string());
        let key = at.key.map(String::from_utf8_lossy);
        Self {
            reject_id: Self::id_of(&[stage, reason, at.topic, &partition, &offset]),
            stage: stage.to_owned(),
            reason: reason.to_owned(),
            message: message.into(),
            place: key.map(|key| format!("key {key}")),
            record_time: at.timestamp_ms.saturating_mul(1000),
            source_topic: Some(at.topic.to_owned()),
            source_partition: Some(at.partition),
            source_offset: Some(at.offset),
            ..Self::default()
        }
    }

    /// Stable id of the refusal that `parts` identify.
    #[must_use]
    pub fn id_of(parts: &[&str]) -> String {
        let ended: Vec<u8> = parts
            .iter()
            .flat_map(|part| part.bytes().chain([0]))
            .collect();
        stable_id(ended)
    }

    /// The key it stands under on `rejected-events`: capture id, else event id, else its own id.
    #[must_use]
    pub fn key(&self) -> &str {
        let capture = self.capture_id.as_deref().filter(|id| !id.is_empty());
        capture
            .or(self.event_id.as_deref())
            .unwrap_or(&self.reject_id)
    }

    /// Largest part of original bytes in one record.
    pub const PART_BYTES: usize = 128 * 1024;

    /// Largest message, and largest list of parties or containers (bytes).
    const LONG: usize = 16 * 1024;
    /// Largest of every other text (bytes).
    const SHORT: usize = 4 * 1024;

    /// This rejection with its original bytes, cut into as many records as they need; one even for
    /// no bytes. Its own texts and lists are cut where they are too long, so that no record exceeds
    /// 256 KiB whatever was refused.
    #[must_use]
    pub fn into_parts(mut self, original: &[u8]) -> Vec<Self> {
        self.shorten();
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

    fn shorten(&mut self) {
        cut(&mut self.message, Self::LONG);
        cut_list(&mut self.visible_to, Self::LONG);
        cut_list(&mut self.path, Self::LONG);
        let optional = [
            &mut self.place,
            &mut self.event_id,
            &mut self.unit,
            &mut self.capture_id,
            &mut self.document_id,
        ];
        for text in optional.into_iter().flatten() {
            cut(text, Self::SHORT);
        }
        cut(&mut self.source_party, Self::SHORT);
    }
}

/// Keeps the first characters that fit into `bytes`.
fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
    }
}

/// Keeps the first entries that fit into `bytes`, each with 4 bytes for its length.
fn cut_list(list: &mut Vec<String>, bytes: usize) {
    let mut left = bytes;
    let fits = list.iter().take_while(|entry| {
        let rest = left.checked_sub(entry.len() + 4);
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    let count = fits.count();
    list.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codec;

    #[test]
    fn whatever_was_refused_no_part_exceeds_256_kib() {
        let codec = Codec::offline().unwrap();
        let text = || "x\u{20ac}".repeat(200_000);
        let list = || vec!["9521321000018".to_owned(); 50_000];
        let rejected = RejectedEvent {
            message: text(),
            place: Some(text()),
            event_id: Some(text()),
            unit: Some(text()),
            path: list(),
            capture_id: Some(text()),
            document_id: Some(text()),
            source_party: text(),
            visible_to: list(),
            ..RejectedEvent::default()
        };
        let original = vec![7; 300_000];
        let parts = rejected.into_parts(&original);
        assert_eq!(parts.len(), 3);
        for part in &parts {
            assert!(codec.encode(part).unwrap().len() <= 256 * 1024);
            assert!(part.message.starts_with("x\u{20ac}x"));
            assert!(part.visible_to.len() > 900, "{}", part.visible_to.len());
        }
        let bytes: Vec<u8> = parts.into_iter().flat_map(|p| p.original).collect();
        assert_eq!(bytes, original);
    }

    #[test]
    fn a_refusal_of_a_record_is_known_by_stage_reason_and_place_alone() {
        let at = RecordPlace {
            topic: "epcis-events",
            partition: 3,
            offset: 17,
            timestamp_ms: 5,
            key: Some(b"k\xff"),
        };
        let refuse = |stage, reason, at| RejectedEvent::of_record(stage, reason, "why", &at);
        let rejected = refuse("dispatcher", "not_avro_framed", at);
        // Ids already written stay the same: SHA-256("dispatcher\0not_avro_framed\0epcis-events\03\017\0").
        assert_eq!(rejected.reject_id, "fa9dcfb2e98019942d83bf455899be8e");
        assert_eq!(rejected.place.as_deref(), Some("key k\u{fffd}"));
        assert_eq!(rejected.record_time, 5000);
        let same = refuse(
            "dispatcher",
            "not_avro_framed",
            RecordPlace { key: None, ..at },
        );
        assert_eq!(same.reject_id, rejected.reject_id);
        let others = [
            refuse("enricher", "not_avro_framed", at),
            refuse("dispatcher", "bad_avro", at),
            refuse(
                "dispatcher",
                "not_avro_framed",
                RecordPlace { offset: 18, ..at },
            ),
        ];
        for other in others {
            assert_ne!(other.reject_id, rejected.reject_id);
        }
    }

    #[test]
    fn a_refusal_stands_under_its_capture_else_its_event_else_its_own_id() {
        let rejected = |capture: Option<&str>, event: Option<&str>| RejectedEvent {
            reject_id: "r".into(),
            capture_id: capture.map(Into::into),
            event_id: event.map(Into::into),
            ..RejectedEvent::default()
        };
        assert_eq!(rejected(Some("c"), Some("e")).key(), "c");
        assert_eq!(rejected(Some(""), Some("e")).key(), "e");
        assert_eq!(rejected(None, None).key(), "r");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_a_short_one_stays() {
        for (bytes, kept) in [
            (0, ""),
            (1, "a"),
            (3, "a"),
            (4, "a\u{20ac}"),
            (9, "a\u{20ac}b"),
        ] {
            let mut text = "a\u{20ac}b".to_owned();
            cut(&mut text, bytes);
            assert_eq!(text, kept, "{bytes}");
        }
    }
}
