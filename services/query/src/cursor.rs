//! Where a page ended: the sort key of its last row. Opaque outside; not a secret, and nothing is
//! trusted because of it: its parts are bound as values like any other parameter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The last row shown: its time (microseconds UTC) or other number, and the id that breaks ties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub i64, pub String);

/// What a page is a page of; a cursor is only good for the listing it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Reads of a unit.
    Journey,
    /// Alerts.
    Alerts,
    /// Rejections.
    Rejects,
    /// Units of a lot, by key.
    Recall,
    /// Stock by place, the most first.
    Where,
    /// Days of demand.
    Demand,
    /// Series of demand or of its forecast.
    Series,
    /// Versions of the forecast.
    Versions,
    /// Days two versions have in common.
    Difference,
}

impl Listing {
    fn tag(self) -> &'static str {
        match self {
            Self::Journey => "j",
            Self::Alerts => "a",
            Self::Rejects => "r",
            Self::Recall => "l",
            Self::Where => "w",
            Self::Demand => "d",
            Self::Series => "s",
            Self::Versions => "v",
            Self::Difference => "c",
        }
    }
}

impl Cursor {
    /// As it stands in an answer's `next`.
    #[must_use]
    pub fn encode(&self, listing: Listing) -> String {
        let text = serde_json::json!([listing.tag(), self.0, self.1]).to_string();
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads what [`encode`](Self::encode) wrote for the same listing.
    #[must_use]
    pub fn decode(listing: Listing, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, time, id): (String, i64, String) = serde_json::from_slice(&bytes).ok()?;
        (tag == listing.tag()).then_some(Self(time, id))
    }
}

/// Cuts rows, of which one more than `limit` was asked for, to a page; the cursor of the next page, where
/// there is one.
pub fn next_page<T>(
    rows: &mut Vec<T>,
    limit: usize,
    cursor: impl FnOnce(&T) -> String,
) -> Option<String> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more).map(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_page_has_a_next_one_when_there_was_a_row_more_than_it_takes() {
        for (rows, expected, next) in [
            (vec![], vec![], None),
            (vec![1, 2], vec![1, 2], None),
            (vec![1, 2, 3], vec![1, 2], Some("after 2")),
        ] {
            let mut page = rows;
            let found = next_page(&mut page, 2, |last| format!("after {last}"));
            assert_eq!((page, found.as_deref()), (expected, next));
        }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(time: i64, id in ".*") {
            let cursor = Cursor(time, id);
            let text = cursor.encode(Listing::Alerts);
            prop_assert_eq!(Cursor::decode(Listing::Alerts, &text), Some(cursor));
            prop_assert_eq!(Cursor::decode(Listing::Rejects, &text), None);
        }

        #[test]
        fn anything_else_is_refused(text in "[A-Za-z0-9_-]{0,40}") {
            prop_assert_eq!(Cursor::decode(Listing::Alerts, &text), None);
        }
    }
}
