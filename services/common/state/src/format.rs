//! Byte formats of the log: segment header, batch header, record. Plain functions over bytes; all
//! integers little-endian, all checksums XXH3-64 seeded with the store's id.

use crate::place::Place;
use twox_hash::XxHash3_64;

/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER: usize = 40;
/// Bytes of a batch's header.
pub(crate) const BATCH_HEADER: usize = 48;
/// Bytes of a record before its key: checksum, key length, value length, the place it replaces.
pub(crate) const RECORD_HEADER: usize = 20;
/// Length that says "no value": the key is removed.
const TOMBSTONE: u32 = u32::MAX;

const SEGMENT_MAGIC: u64 = u64::from_le_bytes(*b"strlseg1");
const BATCH_MAGIC: u32 = u32::from_le_bytes(*b"btch");

/// Checksum of `bytes` in the store `store_id`.
pub(crate) fn checksum(store_id: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(store_id, bytes)
}

/// Four bytes of `bytes` at `at`; the caller has checked the length.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

/// Eight bytes of `bytes` at `at`; the caller has checked the length.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

/// Header of segment `number`, the first batch of which follows the batch with checksum `previous`.
pub(crate) fn segment_header(store_id: u64, number: u64, previous: u64) -> [u8; SEGMENT_HEADER] {
    let mut header = [0; SEGMENT_HEADER];
    for (at, field) in [SEGMENT_MAGIC, store_id, number, previous]
        .into_iter()
        .enumerate()
    {
        header[at * 8..at * 8 + 8].copy_from_slice(&field.to_le_bytes());
    }
    let sum = checksum(store_id, &header[..32]);
    header[32..].copy_from_slice(&sum.to_le_bytes());
    header
}

/// Checks a segment's header; returns the checksum of the batch before its first.
pub(crate) fn read_segment_header(
    store_id: u64,
    number: u64,
    bytes: &[u8; SEGMENT_HEADER],
) -> Option<u64> {
    let previous = u64_at(bytes, 24);
    (*bytes == segment_header(store_id, number, previous)).then_some(previous)
}

/// What a batch says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    /// Over everything after it: the link the next batch carries.
    pub(crate) checksum: u64,
    pub(crate) count: u32,
    /// Bytes of its records.
    pub(crate) length: u32,
    /// Exclusive.
    pub(crate) changelog_offset: i64,
    /// Wall clock, ms since 1970.
    pub(crate) written_at_ms: u64,
    /// Checksum of the batch before.
    pub(crate) previous: u64,
}

/// Fills in the header of a batch whose records begin at [`BATCH_HEADER`]; returns its checksum.
pub(crate) fn seal_batch(
    store_id: u64,
    batch: &mut [u8],
    count: u32,
    changelog_offset: i64,
    written_at_ms: u64,
    previous: u64,
) -> u64 {
    let length = (batch.len() - BATCH_HEADER) as u32;
    batch[8..12].copy_from_slice(&BATCH_MAGIC.to_le_bytes());
    batch[12..16].copy_from_slice(&count.to_le_bytes());
    batch[16..20].copy_from_slice(&length.to_le_bytes());
    batch[20..28].copy_from_slice(&changelog_offset.to_le_bytes());
    batch[28..36].copy_from_slice(&written_at_ms.to_le_bytes());
    batch[36..44].copy_from_slice(&previous.to_le_bytes());
    batch[44..48].fill(0);
    let sum = checksum(store_id, &batch[8..]);
    batch[..8].copy_from_slice(&sum.to_le_bytes());
    sum
}

/// Reads a batch's header; its checksum is not checked here.
pub(crate) fn read_batch_header(bytes: &[u8]) -> Option<BatchHeader> {
    if bytes.len() < BATCH_HEADER || u32_at(bytes, 8) != BATCH_MAGIC {
        return None;
    }
    Some(BatchHeader {
        checksum: u64_at(bytes, 0),
        count: u32_at(bytes, 12),
        length: u32_at(bytes, 16),
        changelog_offset: u64_at(bytes, 20).cast_signed(),
        written_at_ms: u64_at(bytes, 28),
        previous: u64_at(bytes, 36),
    })
}

/// Appends a record to `to`; returns its length. `replaces`: where the key's record was before.
pub(crate) fn push_record(
    store_id: u64,
    to: &mut Vec<u8>,
    key: &[u8],
    value: Option<&[u8]>,
    replaces: Place,
) -> usize {
    let start = to.len();
    to.reserve(RECORD_HEADER + key.len() + value.map_or(0, <[u8]>::len));
    to.extend_from_slice(&[0; 4]);
    to.extend_from_slice(&(key.len() as u32).to_le_bytes());
    to.extend_from_slice(
        &value
            .map_or(TOMBSTONE, |value| value.len() as u32)
            .to_le_bytes(),
    );
    to.extend_from_slice(&replaces.bits().to_le_bytes());
    to.extend_from_slice(key);
    to.extend_from_slice(value.unwrap_or_default());
    seal_record(store_id, &mut to[start..]);
    to.len() - start
}

/// Appends a copy of a record that lies at `from`.
pub(crate) fn push_copy(store_id: u64, to: &mut Vec<u8>, record: &[u8], from: Place) {
    let start = to.len();
    to.extend_from_slice(record);
    to[start + 12..start + RECORD_HEADER].copy_from_slice(&from.bits().to_le_bytes());
    seal_record(store_id, &mut to[start..]);
}

fn seal_record(store_id: u64, record: &mut [u8]) {
    let sum = checksum(store_id, &record[4..]) as u32;
    record[..4].copy_from_slice(&sum.to_le_bytes());
}

/// The place a record replaces, from its first [`RECORD_HEADER`] bytes.
pub(crate) fn replaced_by(header: &[u8]) -> Place {
    Place::from_bits(u64_at(header, 12))
}

/// Lengths of a record, from its first [`RECORD_HEADER`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordLengths {
    pub(crate) key: usize,
    /// `None`: a tombstone.
    pub(crate) value: Option<usize>,
}

impl RecordLengths {
    /// Reads them; the caller has checked that there are [`RECORD_HEADER`] bytes.
    pub(crate) fn read(header: &[u8]) -> Self {
        let value = u32_at(header, 8);
        Self {
            key: u32_at(header, 4) as usize,
            value: (value != TOMBSTONE).then_some(value as usize),
        }
    }

    /// Bytes of the whole record.
    pub(crate) fn total(self) -> usize {
        RECORD_HEADER + self.key + self.value.unwrap_or(0)
    }
}

/// Checks that `bytes` are exactly one undamaged record.
pub(crate) fn read_record(store_id: u64, bytes: &[u8]) -> Option<RecordLengths> {
    if bytes.len() < RECORD_HEADER {
        return None;
    }
    let lengths = RecordLengths::read(bytes);
    let intact = lengths.total() == bytes.len()
        && u32_at(bytes, 0) == checksum(store_id, &bytes[4..]) as u32;
    intact.then_some(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_of_a_record_or_segment_header_is_found() {
        let mut record = Vec::new();
        push_record(7, &mut record, b"key", Some(b"value"), Place::NONE);
        assert!(read_record(7, &record).is_some());
        assert!(read_record(8, &record).is_none(), "of another store");
        let header = segment_header(7, 3, 99);
        assert_eq!(read_segment_header(7, 3, &header), Some(99));
        assert_eq!(read_segment_header(7, 4, &header), None);
        for bit in 0..record.len() * 8 {
            let mut damaged = record.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read_record(7, &damaged).is_none(), "bit {bit}");
        }
        for bit in 0..SEGMENT_HEADER * 8 {
            let mut damaged = header;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_segment_header(7, 3, &damaged), None, "bit {bit}");
        }
    }

    #[test]
    fn a_batch_header_says_what_was_sealed() {
        let mut batch = vec![0; BATCH_HEADER];
        push_record(7, &mut batch, b"key", None, Place::NONE);
        let sum = seal_batch(7, &mut batch, 1, -1, 12, 34);
        let header = read_batch_header(&batch).unwrap();
        assert_eq!(
            (header.checksum, header.count, header.length as usize),
            (sum, 1, batch.len() - BATCH_HEADER)
        );
        assert_eq!(
            (
                header.changelog_offset,
                header.written_at_ms,
                header.previous
            ),
            (-1, 12, 34)
        );
    }
}
