//! Where a record lies, in eight bytes.

/// Segment (its number's low 16 bits), offset in it (28 bits), record length (20 bits, saturating).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

/// Lengths from here on are read from the record itself.
const LONG: u64 = 0xF_FFFF;

impl Place {
    /// First offset a segment cannot hold.
    pub(crate) const MAX_OFFSET: u64 = 1 << 28;
    /// Live segments at once, at most: numbers must stay unambiguous in 16 bits.
    pub(crate) const MAX_SEGMENTS: u64 = 1 << 15;
    /// No record. Offsets of records are never 0, so no record has this.
    pub(crate) const NONE: Self = Self(0);
    /// In a table over frozen pages: the pages' entries of this hash hold no more, and none replaces them.
    pub(crate) const GONE: Self = Self(1);

    pub(crate) fn new(segment: u64, offset: u64, length: usize) -> Self {
        debug_assert!(offset > 0 && offset < Self::MAX_OFFSET);
        Self((segment & 0xFFFF) << 48 | offset << 20 | (length as u64).min(LONG))
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// Whether a record can lie there.
    pub(crate) fn is_record(self) -> bool {
        self.offset() > 0
    }

    /// Low 16 bits of the segment's number.
    pub(crate) fn segment(self) -> u16 {
        (self.0 >> 48) as u16
    }

    pub(crate) fn offset(self) -> u64 {
        self.0 >> 20 & (Self::MAX_OFFSET - 1)
    }

    /// The record's length in bytes; `None` where it is too long to stand here.
    pub(crate) fn length(self) -> Option<usize> {
        let length = self.0 & LONG;
        (length < LONG).then_some(length as usize)
    }

    /// Bytes the record counts as live; long ones count as the longest that fits here.
    pub(crate) fn weight(self) -> u64 {
        self.0 & LONG
    }
}
