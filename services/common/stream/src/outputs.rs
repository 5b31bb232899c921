//! What a window emits: keys and values one after the other in one piece of memory, and, for the
//! producer, which records go to which partition.

use crate::config::{WINDOW_OUTPUT_BYTES, WINDOW_OUTPUT_RECORDS};
use crate::overlay::append;
use anyhow::{bail, ensure};
use hashbrown::HashMap;
use serialtrail_runtime::topics;
use serialtrail_state::Write;
use std::ops::Range;

/// Memory kept for the next window.
const KEPT_BYTES: usize = 2 * WINDOW_OUTPUT_BYTES;

/// Key and value of a record to be produced.
pub(crate) type Record<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Records a window has emitted, over all its partitions.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    bytes: Vec<u8>,
    records: Vec<Emitted>,
    /// Topics emitted to.
    topics: Vec<&'static str>,
}

#[derive(Debug)]
struct Emitted {
    /// Number of its topic.
    topic: usize,
    /// `None`: that of its key.
    partition: Option<i32>,
    key: Option<Range<usize>>,
    value: Range<usize>,
}

/// Records of one topic and partition, in the order they were emitted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) records: Vec<Record<'a>>,
}

impl Outputs {
    /// Emits a record.
    pub(crate) fn push(
        &mut self,
        topic: &'static str,
        partition: Option<i32>,
        key: Option<&[u8]>,
        value: &[u8],
    ) {
        let number = match self.topics.iter().position(|known| *known == topic) {
            Some(number) => number,
            None => {
                self.topics.push(topic);
                self.topics.len() - 1
            }
        };
        let key = key.map(|key| append(&mut self.bytes, key));
        let value = append(&mut self.bytes, value);
        self.records.push(Emitted {
            topic: number,
            partition,
            key,
            value,
        });
    }

    /// Records emitted.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the window should take no further input.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= WINDOW_OUTPUT_RECORDS || self.bytes.len() >= WINDOW_OUTPUT_BYTES
    }

    /// The records by topic and partition; `count` knows the partitions of a topic.
    ///
    /// # Errors
    /// The stage emitted to a topic it may not write, to none of its partitions, or more than a record
    /// of it may hold.
    pub(crate) fn groups(
        &self,
        count: impl Fn(&'static str) -> Option<i32>,
    ) -> anyhow::Result<Vec<Group<'_>>> {
        let mut to = Vec::with_capacity(self.topics.len());
        for topic in &self.topics {
            let Some(count) = count(topic) else {
                bail!("{topic} is not among the stage's outputs");
            };
            to.push((*topic, count, topics::max_record_bytes(topic)));
        }
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut numbers: HashMap<(usize, i32), usize> = HashMap::new();
        for record in &self.records {
            let (topic, count, limit) = to[record.topic];
            let key = record.key.clone().map(|key| &self.bytes[key]);
            let value = &self.bytes[record.value.clone()];
            let partition = match (record.partition, key) {
                (Some(partition), _) => partition,
                (None, Some(key)) => serialtrail_gs1::partition(key, count),
                (None, None) => bail!("output to {topic} without key and partition"),
            };
            check_size(topic, limit, (key, Some(value)))?;
            let number = *numbers.entry((record.topic, partition)).or_insert_with(|| {
                groups.push(Group {
                    topic,
                    partition,
                    records: Vec::new(),
                });
                groups.len() - 1
            });
            groups[number].records.push((key, Some(value)));
        }
        Ok(groups)
    }

    /// Tells how many records were emitted to each topic.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let mut counts = vec![0; self.topics.len()];
        for record in &self.records {
            counts[record.topic] += 1;
        }
        self.topics.iter().copied().zip(counts)
    }

    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.records.clear();
        self.topics.clear();
    }
}

/// A partition's writes as records of its changelog.
///
/// # Errors
/// One is more than a record may hold.
pub(crate) fn changes<'a>(
    changelog: &'a str,
    partition: i32,
    writes: &[Write<'a>],
) -> anyhow::Result<Group<'a>> {
    let limit = topics::max_record_bytes(changelog);
    let mut records = Vec::with_capacity(writes.len());
    for (key, value) in writes {
        let record = (Some(*key), *value);
        check_size(changelog, limit, record)?;
        records.push(record);
    }
    Ok(Group {
        topic: changelog,
        partition,
        records,
    })
}

/// Holds a record against its topic's limit: a larger one is a defect of the stage, and would be
/// refused by the broker at best.
fn check_size(topic: &str, limit: usize, (key, value): Record<'_>) -> anyhow::Result<()> {
    let size = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
    ensure!(
        size <= limit,
        "a record of {size} bytes for {topic}, key {:?}: the limit is {limit}; the stage must split it",
        String::from_utf8_lossy(key.unwrap_or_default())
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Owned = (Option<Vec<u8>>, Vec<u8>);

    const TOPICS: [&str; 3] = ["enriched", "alerts", "rejected-events"];

    #[test]
    fn an_oversized_record_is_refused_by_name() {
        let value = vec![0; topics::MAX_RECORD_BYTES];
        let mut outputs = Outputs::default();
        outputs.push("epcis-events", None, Some(b"k"), &value);
        outputs.push("enriched", Some(0), None, &value);
        assert!(outputs.groups(|_| Some(8)).is_ok());
        outputs.push("enriched", None, Some(b"00/350"), &value);
        let text = outputs.groups(|_| Some(8)).unwrap_err().to_string();
        assert!(
            text.contains("enriched") && text.contains("00/350"),
            "{text}"
        );
        let text = changes("enricher-changelog", 0, &[(b"u/00/350", Some(&value))]);
        assert!(text.unwrap_err().to_string().contains("u/00/350"));
        assert!(
            changes(
                "enricher-changelog",
                0,
                &[(b"", Some(&value)), (b"u", None)]
            )
            .is_ok()
        );
    }

    #[test]
    fn an_output_to_an_undeclared_topic_fails_by_name() {
        let mut outputs = Outputs::default();
        outputs.push("enriched", None, Some(b"k"), b"v");
        outputs.push("nobodys", None, Some(b"k"), b"v");
        let count = |topic| (topic != "nobodys").then_some(8);
        let error = outputs.groups(count).unwrap_err().to_string();
        assert!(error.contains("nobodys"), "{error}");
    }

    #[test]
    fn nothing_of_a_window_is_in_the_next() {
        let mut outputs = Outputs::default();
        outputs.push("alerts", None, Some(b"k"), b"v");
        assert_eq!(outputs.counts().collect::<Vec<_>>(), [("alerts", 1)]);
        outputs.clear();
        assert_eq!((outputs.len(), outputs.counts().count()), (0, 0));
        assert_eq!(outputs.groups(|_| Some(8)).unwrap(), []);
    }

    proptest! {
        #[test]
        fn every_record_is_in_its_partition_in_the_order_it_was_emitted(
            emitted in proptest::collection::vec(
                (0usize..3, proptest::option::of(0i32..8), any::<[u8; 2]>(), 0usize..5), 0..200),
        ) {
            let mut outputs = Outputs::default();
            let mut expected: HashMap<(&str, i32), Vec<Owned>> = HashMap::new();
            for (n, (topic, partition, key, length)) in emitted.iter().enumerate() {
                let topic = TOPICS[*topic];
                let key = partition.is_none().then_some(&key[..]);
                let value = n.to_string().repeat(*length).into_bytes();
                outputs.push(topic, *partition, key, &value);
                let to = partition.unwrap_or_else(|| serialtrail_gs1::partition(key.unwrap(), 8));
                let record = (key.map(<[u8]>::to_vec), value);
                expected.entry((topic, to)).or_default().push(record);
            }
            let groups = outputs.groups(|_| Some(8)).unwrap();
            prop_assert_eq!(groups.len(), expected.len());
            for group in groups {
                let records = group.records.iter();
                let records: Vec<_> = records
                    .map(|(key, value)| (key.map(<[u8]>::to_vec), value.unwrap().to_vec()))
                    .collect();
                prop_assert_eq!(Some(&records), expected.get(&(group.topic, group.partition)));
            }
        }
    }
}
