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
