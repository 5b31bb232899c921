//! A range of offsets: what is inserted at once, repeated as a whole, and known by its name.

/// Version of the rows this build makes, kept beside a begun range so that an operator sees which
/// build began it. A repeat under another layout is safe: a table that took the first attempt drops
/// the second by its token, one that did not takes the new rows.
pub const LAYOUT: u32 = 1;

/// Offsets `first ..= last` of one partition; both are offsets of records, with gaps between (control
/// records, compaction).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First offset.
    pub first: i64,
    /// Last offset, inclusive.
    pub last: i64,
}

impl Range {
    /// Metadata committed with `first` while the range is begun and not finished.
    #[must_use]
    pub fn metadata(&self) -> String {
        format!("{},{LAYOUT}", self.last)
    }

    /// The begun range in a committed offset and its metadata; `None` when there is none.
    ///
    /// # Errors
    /// The metadata is not empty and not the sink's.
    pub fn begun(committed: i64, metadata: &str) -> Result<Option<Self>, String> {
        if metadata.is_empty() {
            return Ok(None);
        }
        let last = metadata.split_once(',').and_then(|(last, layout)| {
            layout.parse::<u32>().ok()?;
            last.parse::<i64>().ok()
        });
        match last {
            Some(last) if last >= committed => Ok(Some(Self {
                first: committed,
                last,
            })),
            _ => Err(format!(
                "committed offset {committed} carries metadata {metadata:?}: expected \
                 `<last offset>,<layout>` or nothing"
            )),
        }
    }

    /// Deduplication token of this range's rows in one table.
    #[must_use]
    pub fn token(&self, topic: &str, partition: i32, table: &str) -> String {
        format!("{topic}/{partition}/{}-{}/{table}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_begun_range_is_found_again_in_what_was_committed() {
        let range = Range {
            first: 40,
            last: 57,
        };
        assert_eq!(range.metadata(), "57,1");
        assert_eq!(Range::begun(40, "57,1"), Ok(Some(range)));
        assert_eq!(
            Range::begun(40, "57,2"),
            Ok(Some(range)),
            "another build's layout"
        );
        assert_eq!(Range::begun(58, ""), Ok(None));
    }

    #[test]
    fn metadata_of_something_else_is_an_error_not_a_guess() {
        for metadata in ["57", "57,", "x,1", "39,1", "57,1,2", " 57,1"] {
            assert!(Range::begun(40, metadata).is_err(), "{metadata:?}");
        }
    }

    #[test]
    fn a_token_names_topic_partition_range_and_table() {
        let range = Range {
            first: 40,
            last: 57,
        };
        assert_eq!(
            range.token("enriched", 3, "observations"),
            "enriched/3/40-57/observations"
        );
    }
}
