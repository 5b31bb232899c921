//! How far a listener has seen the alerts topic: the next offset of each partition.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;

/// Next offset by `<topic>/<partition>`; a partition that is not in it was not seen at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position(BTreeMap<String, i64>);

impl Position {
    /// Moves behind a record, `(topic, partition, offset)`; `false` if it was seen before.
    pub fn advance(&mut self, (topic, partition, offset): &(String, i32, i64)) -> bool {
        let next = self.0.entry(format!("{topic}/{partition}")).or_default();
        let is_new = *offset >= *next;
        if is_new {
            *next = offset.saturating_add(1);
        }
        is_new
    }

    /// Comes back to `end` wherever it lies behind it: a position of tables that were made anew since, or
    /// brought back from a copy, must not pass over what lands in them.
    pub fn at_most(&mut self, end: &Self) {
        self.0.retain(|partition, next| {
            let landed = end.0.get(partition);
            *next = landed.map_or(0, |landed| *landed.min(next));
            landed.is_some()
        });
    }

    /// Comes back before a record, where it lies behind it.
    pub fn before(&mut self, (topic, partition, offset): &(String, i32, i64)) {
        if let Some(next) = self.0.get_mut(&format!("{topic}/{partition}")) {
            *next = (*next).min(*offset);
        }
    }

    /// Whether it lies behind a record.
    #[must_use]
    pub fn is_behind(&self, (topic, partition, offset): &(String, i32, i64)) -> bool {
        let next = self.0.get(&format!("{topic}/{partition}"));
        next.is_some_and(|next| next > offset)
    }

    /// The lowest offset that lies from here on and before `end`, of all partitions; none where there is
    /// nothing between.
    #[must_use]
    pub fn lowest_before(&self, end: &Self) -> Option<i64> {
        let next = |partition| self.0.get(partition).copied().unwrap_or(0);
        end.0
            .iter()
            .map(|(partition, end)| (next(partition), *end))
            .filter(|(next, end)| next < end)
            .map(|(next, _)| next)
            .min()
    }

    /// Goes on to `end` wherever it lies before it.
    pub fn at_least(&mut self, end: &Self) {
        for (partition, next) in &end.0 {
            let seen = self.0.entry(partition.clone()).or_default();
            *seen = (*seen).max(*next);
        }
    }

    /// Partitions and their next offsets, for a statement; never empty.
    #[must_use]
    pub fn lists(&self) -> (Vec<String>, Vec<String>) {
        let nowhere = [(String::new(), "0".to_owned())];
        let seen = self.0.iter().map(|(k, next)| (k.clone(), next.to_string()));
        nowhere.into_iter().chain(seen).unzip()
    }

    /// As the id of an event.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::json!(self.0).to_string())
    }

    /// Reads what [`encode`](Self::encode) wrote.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let map: BTreeMap<String, i64> = serde_json::from_slice(&bytes).ok()?;
        map.values().all(|next| *next >= 0).then_some(Self(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(partition: i32, offset: i64) -> (String, i32, i64) {
        ("alerts".to_owned(), partition, offset)
    }

    #[test]
    fn a_position_knows_what_lies_before_it_in_each_partition() {
        let mut position = Position::default();
        assert!(position.advance(&place(0, 7)));
        assert!(!position.advance(&place(0, 3)) && !position.advance(&place(0, 7)));
        assert!(position.advance(&place(0, 8)) && position.advance(&place(1, 0)));
        assert!(position.is_behind(&place(0, 8)) && !position.is_behind(&place(0, 9)));
        assert!(!position.is_behind(&place(2, 0)));
    }

    fn position(places: &[(i32, i64)]) -> Position {
        let mut position = Position::default();
        for (partition, offset) in places {
            position.advance(&place(*partition, *offset));
        }
        position
    }

    #[test]
    fn a_position_behind_the_end_comes_back_to_it() {
        let end = position(&[(0, 9), (1, 9), (3, 9)]);
        let mut seen = position(&[(0, 4), (1, 900), (2, 5)]);
        seen.at_most(&end);
        assert_eq!(seen, position(&[(0, 4), (1, 9)]));
        seen.at_least(&position(&[(0, 5), (1, 3), (3, 9)]));
        assert_eq!(seen, position(&[(0, 5), (1, 9), (3, 9)]));
    }

    #[test]
    fn what_lies_between_two_positions_begins_at_the_lowest_of_the_partitions_that_go_on() {
        let mut end = position(&[(0, 99), (1, 9), (2, 59)]);
        assert_eq!(position(&[]).lowest_before(&end), Some(0));
        let seen = position(&[(0, 69), (1, 9), (2, 39)]);
        assert_eq!(seen.lowest_before(&end), Some(40));
        assert_eq!(end.lowest_before(&seen), None);
        end.before(&place(2, 40));
        end.before(&place(0, 200));
        end.before(&place(7, 3));
        assert_eq!(end, position(&[(0, 99), (1, 9), (2, 39)]));
        assert_eq!(seen.lowest_before(&end), Some(70));
    }

    proptest! {
        #[test]
        fn an_id_comes_back_as_it_went(seen in proptest::collection::vec((0..9, 0..1_000_000i64), 0..20)) {
            let mut position = Position::default();
            for (partition, offset) in seen {
                position.advance(&place(partition, offset));
            }
            prop_assert_eq!(Position::decode(&position.encode()), Some(position));
        }

        #[test]
        fn anything_else_is_no_id(text in "[A-Za-z0-9_-]{1,40}") {
            prop_assert_eq!(Position::decode(&text), None);
        }
    }
}
