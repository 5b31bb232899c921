//! What one partition does next: gather records, begin a range, store it, finish it.
//!
//! Plain data; time is passed in. Invariants: at most one range is begun and not finished; a range
//! found begun is cut again exactly, before any other; records leave in the order of their offsets,
//! each in exactly one cut.
//!
//! A begun range is complete when a record at its last offset or behind it has come. Compaction may have
//! taken that record, but only because a later one with its key stands behind it: nobody writes
//! tombstones to the sink's topics.

use crate::range::Range;
use std::time::{Duration, Instant};

/// One record as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Offset.
    pub offset: i64,
    /// Kafka's timestamp, milliseconds.
    pub timestamp_ms: i64,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

impl Record {
    fn bytes(&self) -> usize {
        let length = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        64 + length(&self.key) + length(&self.value)
    }
}

/// When a range is cut.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records of a range at most.
    pub records: usize,
    /// Bytes of a range at most, unless one record alone is larger.
    pub bytes: usize,
    /// Longest wait of a record before its range is cut.
    pub linger: Duration,
}

/// Records of a range.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// Their range.
    pub range: Range,
    /// The records, in order. May be fewer than the range had when it was begun: compaction takes some.
    pub records: Vec<Record>,
    /// The range was begun before, perhaps by another owner; its intent is already committed.
    pub repeated: bool,
}

#[derive(Debug)]
enum Phase {
    Gathering,
    Cut(Batch),
    Storing(Range),
    Stored(Range),
}

/// One owned partition.
#[derive(Debug)]
pub struct Partition {
    gathered: Vec<Record>,
    bytes: usize,
    oldest: Option<Instant>,
    repeat: Option<Range>,
    phase: Phase,
    not_before: Option<Instant>,
}

impl Partition {
    /// A partition just assigned; `begun` is the range found in its committed metadata.
    #[must_use]
    pub fn new(begun: Option<Range>) -> Self {
        Self {
            gathered: Vec::new(),
            bytes: 0,
            oldest: None,
            repeat: begun,
            phase: Phase::Gathering,
            not_before: None,
        }
    }

    /// Takes a record.
    pub fn gather(&mut self, record: Record, now: Instant) {
        self.bytes += record.bytes();
        self.oldest.get_or_insert(now);
        self.gathered.push(record);
    }

    /// Bytes gathered and not cut.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest gathered record came.
    #[must_use]
    pub fn oldest(&self) -> Option<Instant> {
        self.oldest
    }

    /// Whether a range is begun and not finished, or records wait: not everything taken is stored.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.has_begun() || !self.gathered.is_empty()
    }

    /// Whether a range is begun (or to be repeated) and not finished.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.repeat.is_some() || !matches!(self.phase, Phase::Gathering)
    }

    /// Whether [`Self::cut`] would cut.
    #[must_use]
    pub fn is_due(&self, now: Instant, limits: &Limits) -> bool {
        if !matches!(self.phase, Phase::Gathering) {
            return false;
        }
        if let Some(range) = self.repeat {
            return self.gathered.last().is_some_and(|r| r.offset >= range.last);
        }
        let Some(oldest) = self.oldest else {
            return false;
        };
        let full = self.gathered.len() >= limits.records || self.bytes >= limits.bytes;
        let rested = self.not_before.is_none_or(|time| now >= time);
        full || (rested && now.duration_since(oldest) >= limits.linger)
    }

    /// Cuts the next range if one is due; it then waits for [`Self::begin`].
    pub fn cut(&mut self, now: Instant, limits: &Limits) -> bool {
        if !self.is_due(now, limits) {
            return false;
        }
        let (count, begun) = match self.repeat {
            Some(range) => (
                self.gathered.partition_point(|r| r.offset <= range.last),
                Some(range),
            ),
            None => (self.next_count(limits), None),
        };
        let rest = self.gathered.split_off(count);
        let records = std::mem::replace(&mut self.gathered, rest);
        self.bytes = self.gathered.iter().map(Record::bytes).sum();
        self.oldest = self.oldest.filter(|_| !self.gathered.is_empty());
        let range = begun.or_else(|| {
            let (first, last) = (records.first()?.offset, records.last()?.offset);
            Some(Range { first, last })
        });
        let Some(range) = range else {
            return false;
        };
        self.phase = Phase::Cut(Batch {
            range,
            records,
            repeated: begun.is_some(),
        });
        true
    }

    fn next_count(&self, limits: &Limits) -> usize {
        let mut bytes = 0;
        let within = self
            .gathered
            .iter()
            .take(limits.records)
            .take_while(|record| {
                bytes += record.bytes();
                bytes <= limits.bytes
            });
        within.count().max(1)
    }

    /// The range that is cut and whose intent is not committed yet.
    #[must_use]
    pub fn intent(&self) -> Option<Range> {
        match &self.phase {
            Phase::Cut(batch) if !batch.repeated => Some(batch.range),
            _ => None,
        }
    }

    /// Hands the cut batch out for storing: its intent is committed.
    pub fn begin(&mut self) -> Option<Batch> {
        let Phase::Cut(batch) = &self.phase else {
            return None;
        };
        let range = batch.range;
        match std::mem::replace(&mut self.phase, Phase::Storing(range)) {
            Phase::Cut(batch) => Some(batch),
            _ => None,
        }
    }

    /// ClickHouse has acknowledged every row of `range`; the next one rests until `not_before` unless
    /// it is full by then.
    pub fn stored(&mut self, range: Range, not_before: Instant) {
        if matches!(&self.phase, Phase::Storing(storing) if *storing == range) {
            self.phase = Phase::Stored(range);
            self.not_before = Some(not_before);
        }
    }

    /// The range that is stored and whose end is not committed yet.
    #[must_use]
    pub fn unfinished(&self) -> Option<Range> {
        match self.phase {
            Phase::Stored(range) => Some(range),
            _ => None,
        }
    }

    /// The end of the stored range is committed.
    pub fn finished(&mut self) {
        if matches!(self.phase, Phase::Stored(_)) {
            self.phase = Phase::Gathering;
            self.repeat = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        records: 3,
        bytes: 10_000,
        linger: Duration::from_millis(200),
    };

    fn record(offset: i64) -> Record {
        Record {
            offset,
            timestamp_ms: 0,
            key: None,
            value: Some(vec![0; 10]),
        }
    }

    fn gathered(begun: Option<Range>, offsets: &[i64], now: Instant) -> Partition {
        let mut partition = Partition::new(begun);
        offsets
            .iter()
            .for_each(|&offset| partition.gather(record(offset), now));
        partition
    }

    fn offsets(batch: &Batch) -> Vec<i64> {
        batch.records.iter().map(|r| r.offset).collect()
    }

    #[test]
    fn a_few_records_wait_for_the_linger_and_a_full_range_does_not() {
        let now = Instant::now();
        let mut few = gathered(None, &[5, 9], now);
        assert!(!few.cut(now + Duration::from_millis(199), &LIMITS));
        assert!(few.cut(now + Duration::from_millis(200), &LIMITS));
        assert_eq!(few.intent(), Some(Range { first: 5, last: 9 }));

        let mut full = gathered(None, &[5, 6, 9, 10], now);
        assert!(full.cut(now, &LIMITS));
        assert_eq!(offsets(&full.begin().unwrap()), [5, 6, 9]);
    }

    #[test]
    fn one_record_over_the_byte_limit_is_a_range_of_its_own() {
        let now = Instant::now();
        let mut partition = gathered(None, &[], now);
        partition.gather(
            Record {
                value: Some(vec![0; 20_000]),
                ..record(1)
            },
            now,
        );
        partition.gather(record(2), now);
        assert!(partition.cut(now, &LIMITS));
        assert_eq!(offsets(&partition.begin().unwrap()), [1]);
    }

    #[test]
    fn nothing_is_cut_while_a_range_is_unfinished() {
        let now = Instant::now();
        let mut partition = gathered(None, &[1, 2, 3, 4, 5, 6], now);
        assert!(partition.cut(now, &LIMITS));
        assert!(!partition.cut(now, &LIMITS), "cut and not begun");
        let batch = partition.begin().unwrap();
        assert!(!partition.cut(now, &LIMITS), "storing");
        partition.stored(Range { first: 0, last: 0 }, now);
        assert_eq!(partition.unfinished(), None, "a result of another range");
        partition.stored(batch.range, now);
        assert!(!partition.cut(now, &LIMITS), "stored and not committed");
        partition.finished();
        assert!(partition.cut(now, &LIMITS));
    }

    #[test]
    fn a_begun_range_is_cut_again_exactly_and_first() {
        let now = Instant::now();
        let begun = Range { first: 5, last: 9 };
        let mut partition = gathered(Some(begun), &[5, 7], now);
        assert!(partition.has_begun());
        assert!(
            !partition.cut(now + Duration::from_secs(9), &LIMITS),
            "its last record is missing"
        );
        partition.gather(record(9), now);
        partition.gather(record(11), now);
        assert!(partition.cut(now, &LIMITS));
        assert_eq!(partition.intent(), None, "its intent is committed already");
        let batch = partition.begin().unwrap();
        assert_eq!(
            (batch.range, offsets(&batch), batch.repeated),
            (begun, vec![5, 7, 9], true)
        );
        partition.stored(begun, now);
        partition.finished();
        assert!(!partition.has_begun());
        assert!(partition.cut(now + LIMITS.linger, &LIMITS));
        assert_eq!(
            partition.intent(),
            Some(Range {
                first: 11,
                last: 11
            })
        );
    }

    #[test]
    fn a_begun_range_whose_records_were_compacted_away_is_finished_without_them() {
        let now = Instant::now();
        let begun = Range { first: 5, last: 9 };
        let mut later = gathered(Some(begun), &[12], now);
        assert!(later.cut(now, &LIMITS));
        assert_eq!(offsets(&later.begin().unwrap()), Vec::<i64>::new());
    }

    proptest! {
        #[test]
        fn every_record_leaves_once_and_in_order(
            steps in proptest::collection::vec((1i64..4, 0u64..300, 0u8..4), 1..200)
        ) {
            let (mut now, mut offset) = (Instant::now(), 0);
            let mut partition = Partition::new(None);
            let (mut expected, mut left) = (Vec::new(), Vec::new());
            for (gap, millis, action) in steps {
                now += Duration::from_millis(millis);
                match action {
                    0 => { if let Some(range) = partition.unfinished() {
                        partition.finished();
                        prop_assert!(left.ends_with(&[range.last]));
                    }}
                    1 => { if partition.cut(now, &LIMITS) {
                        let batch = partition.begin().unwrap();
                        prop_assert!(!batch.records.is_empty() && batch.records.len() <= LIMITS.records);
                        left.extend(offsets(&batch));
                        partition.stored(batch.range, now);
                    }}
                    _ => {
                        offset += gap;
                        expected.push(offset);
                        partition.gather(record(offset), now);
                    }
                }
            }
            partition.finished();
            while partition.cut(now + LIMITS.linger, &LIMITS) {
                let batch = partition.begin().unwrap();
                left.extend(offsets(&batch));
                partition.stored(batch.range, now);
                partition.finished();
            }
            prop_assert_eq!(left, expected);
        }
    }
}
