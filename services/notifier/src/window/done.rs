//! What is done beyond a committed offset, as it stands in the commit's metadata.

use std::collections::BTreeSet;

/// First word of the metadata: its version.
const VERSION: &str = "v1";
/// Longest metadata written, bytes; brokers refuse more than 4,096.
const LONGEST: usize = 3_800;

/// Below `upto`, everything from the committed offset on is done, but what is `open`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// One after the last offset told of.
    pub upto: i64,
    /// Offsets that are not done.
    pub open: BTreeSet<i64>,
}

impl Done {
    /// Whether a record is done.
    #[must_use]
    pub fn holds(&self, offset: i64) -> bool {
        offset < self.upto && !self.open.contains(&offset)
    }

    /// Metadata of a commit at `offset`: `v1`, the length told of, and the open offsets, each as its
    /// distance from the one before. What does not fit is not told of. Also one after the last offset
    /// that is.
    pub(super) fn write(&self, offset: i64) -> (String, i64) {
        if self.open.is_empty() {
            return (String::new(), self.upto);
        }
        let (mut distances, mut last, mut told) = (String::new(), offset, self.upto);
        for open in &self.open {
            let distance = format!(" {}", open - last);
            if VERSION.len() + 20 + distances.len() + distance.len() > LONGEST {
                told = *open;
                break;
            }
            distances += &distance;
            last = *open;
        }
        (format!("{VERSION} {}{distances}", told - offset), told)
    }

    /// Reads the metadata of a commit at `offset`; empty metadata tells of nothing.
    ///
    /// # Errors
    /// It is not what [`Done::write`] wrote. The message quotes it.
    pub fn read(offset: i64, metadata: &str) -> Result<Self, String> {
        let nothing = Self {
            upto: offset,
            open: BTreeSet::new(),
        };
        if metadata.is_empty() {
            return Ok(nothing);
        }
        let wrong = || format!("commit metadata \"{metadata}\": expected {VERSION} and numbers");
        let mut words = metadata.split(' ');
        if words.next() != Some(VERSION) {
            return Err(wrong());
        }
        let mut numbers = words.map(|word| word.parse::<u32>().map(i64::from));
        let length = numbers.next().and_then(Result::ok).ok_or_else(wrong)?;
        let mut done = Self {
            upto: offset + length,
            ..nothing
        };
        let mut last = offset;
        for distance in numbers {
            last += distance.map_err(|_| wrong())?;
            if last >= done.upto {
                return Err(wrong());
            }
            done.open.insert(last);
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_tells_what_is_done_beyond_the_offset() {
        let done = Done {
            upto: 110,
            open: [100, 103, 104].into(),
        };
        let (metadata, told) = done.write(100);
        assert_eq!((metadata.as_str(), told), ("v1 10 0 3 1", 110));
        assert_eq!(Done::read(100, &metadata), Ok(done));
        let all = Done {
            upto: 110,
            open: BTreeSet::new(),
        };
        assert_eq!(all.write(110), (String::new(), 110));
        assert_eq!(Done::read(110, ""), Ok(all));
    }

    #[test]
    fn what_does_not_fit_is_not_told_of() {
        let done = Done {
            upto: 100_000,
            open: (0..50_000).map(|n| n * 2).collect(),
        };
        let (metadata, told) = done.write(0);
        assert!(metadata.len() <= LONGEST && told > 3_000, "{told}");
        let read = Done::read(0, &metadata).unwrap();
        assert_eq!(read.upto, told);
        let expected: BTreeSet<i64> = done.open.range(..told).copied().collect();
        assert_eq!(read.open, expected);
    }

    #[test]
    fn metadata_of_another_kind_is_an_error_that_quotes_it() {
        for wrong in ["v2 1", "v1", "v1 x", "v1 5 -1", "v1 5 3 2", "hello"] {
            let error = Done::read(7, wrong).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
