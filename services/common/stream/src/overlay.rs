//! The writes of one window over a partition's store, and the context a stage sees.

use crate::stage::{OutputRecord, StepContext};
use bytes::Bytes;
use serialtrail_state::{Store, Write};
use std::collections::HashMap;

/// Reads cached and writes made in one window, for one partition. Dropping it undoes the window.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    entries: HashMap<Vec<u8>, Entry>,
    /// Written keys in the order of their first write.
    written: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Entry {
    value: Option<Bytes>,
    written: bool,
}

impl Overlay {
    fn get(&mut self, store: Option<&dyn Store>, key: &[u8]) -> anyhow::Result<Option<Bytes>> {
        if let Some(entry) = self.entries.get(key) {
            return Ok(entry.value.clone());
        }
        let value = match store {
            Some(store) => store.get(key)?,
            None => None,
        };
        let entry = Entry {
            value: value.clone(),
            written: false,
        };
        self.entries.insert(key.to_owned(), entry);
        Ok(value)
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Bytes>) {
        match self.entries.get_mut(&key) {
            Some(entry) => {
                entry.value = value;
                if !entry.written {
                    entry.written = true;
                    self.written.push(key);
                }
            }
            None => {
                self.written.push(key.clone());
                let entry = Entry {
                    value,
                    written: true,
                };
                self.entries.insert(key, entry);
            }
        }
    }

    /// The last write of each key, in the order of first writes.
    pub(crate) fn into_writes(mut self) -> Vec<Write> {
        let entries = &mut self.entries;
        self.written
            .into_iter()
            .map(|key| {
                let value = entries.remove(&key).and_then(|entry| entry.value);
                (key, value.map(Vec::from))
            })
            .collect()
    }
}

/// Records a window has emitted, over all its partitions.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) records: Vec<OutputRecord>,
    pub(crate) bytes: usize,
}

impl Outputs {
    fn push(&mut self, record: OutputRecord) {
        self.bytes += record.key.as_ref().map_or(0, Vec::len);
        self.bytes += record.value.as_ref().map_or(0, Vec::len);
        self.records.push(record);
    }
}

/// Partition counts of the topics a stage writes.
pub(crate) type PartitionCounts = HashMap<String, i32>;

/// What a stage sees of one partition during a window.
pub(crate) struct WindowContext<'a> {
    pub(crate) partition: i32,
    pub(crate) store: Option<&'a dyn Store>,
    pub(crate) overlay: &'a mut Overlay,
    pub(crate) outputs: &'a mut Outputs,
    pub(crate) counts: &'a PartitionCounts,
}

impl StepContext for WindowContext<'_> {
    fn partition(&self) -> i32 {
        self.partition
    }

    fn get(&mut self, key: &[u8]) -> anyhow::Result<Option<Bytes>> {
        self.overlay.get(self.store, key)
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.overlay.write(key, Some(Bytes::from(value)));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.overlay.write(key, None);
    }

    fn emit(&mut self, topic: &'static str, key: &[u8], value: Vec<u8>) {
        self.outputs.push(OutputRecord {
            topic,
            partition: None,
            key: Some(key.to_owned()),
            value: Some(value),
        });
    }

    fn emit_to(&mut self, topic: &'static str, partition: i32, value: Vec<u8>) {
        self.outputs.push(OutputRecord {
            topic,
            partition: Some(partition),
            key: None,
            value: Some(value),
        });
    }

    fn partitions(&self, topic: &str) -> i32 {
        // A topic that was not declared in `Stage::outputs` has no partitions here; emitting to it
        // fails the window by name.
        self.counts.get(topic).copied().unwrap_or(0)
    }

    fn emitted(&self) -> usize {
        self.outputs.records.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serialtrail_state::MemoryStore;

    fn write_to(overlay: &mut Overlay, key: u8, value: Option<u8>) {
        overlay.write(vec![key], value.map(|value| Bytes::from(vec![value])));
    }

    #[test]
    fn a_read_sees_the_writes_of_its_window_and_the_store_does_not() {
        let mut store = MemoryStore::new();
        store.apply(&[(vec![1], Some(vec![10]))], 1).unwrap();
        let mut overlay = Overlay::default();
        assert_eq!(overlay.get(Some(&store), &[1]).unwrap().unwrap()[..], [10]);
        write_to(&mut overlay, 1, Some(11));
        assert_eq!(overlay.get(Some(&store), &[1]).unwrap().unwrap()[..], [11]);
        write_to(&mut overlay, 1, None);
        assert_eq!(overlay.get(Some(&store), &[1]).unwrap(), None);
        assert_eq!(store.get(&[1]).unwrap().unwrap()[..], [10]);
        assert_eq!(overlay.into_writes(), vec![(vec![1], None)]);
    }

    #[test]
    fn a_window_that_only_read_writes_nothing() {
        let mut overlay = Overlay::default();
        overlay.get(Some(&MemoryStore::new()), &[1]).unwrap();
        assert!(overlay.into_writes().is_empty());
    }

    proptest! {
        #[test]
        fn applying_the_overlay_is_the_same_as_writing_through(
            before in proptest::collection::vec((0u8..8, any::<u8>()), 0..8),
            steps in proptest::collection::vec((0u8..8, any::<Option<u8>>(), any::<bool>()), 0..40),
        ) {
            let mut store = MemoryStore::new();
            for (key, value) in before {
                store.apply(&[(vec![key], Some(vec![value]))], 0).unwrap();
            }
            let mut through = store.clone();
            let mut overlay = Overlay::default();
            for (key, value, read) in steps {
                if read {
                    prop_assert_eq!(overlay.get(Some(&store), &[key]).unwrap(), through.get(&[key]).unwrap());
                } else {
                    write_to(&mut overlay, key, value);
                    through.apply(&[(vec![key], value.map(|v| vec![v]))], 0).unwrap();
                }
            }
            let writes = overlay.into_writes();
            let mut keys: Vec<_> = writes.iter().map(|(key, _)| key.clone()).collect();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), writes.len(), "one write a key");
            store.apply(&writes, 0).unwrap();
            prop_assert_eq!(store.entries(), through.entries());
        }
    }
}
