//! The reads and writes of one window over a partition's store.
//!
//! All keys and values lie one after the other in one piece of memory that is used again for the next
//! window: nothing is allocated for a read or a write. A key is hashed once for each call.

use crate::stage::Keys;
use hashbrown::{DefaultHashBuilder, HashTable};
use serialtrail_state::{Store, Write};
use std::hash::BuildHasher;
use std::ops::Range;

/// Memory an overlay keeps for the next window; more was an exception, and is given back.
const KEPT_BYTES: usize = 4 << 20;

/// Reads cached and writes made in one window, for one partition. Clearing it undoes the window.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Numbers of entries by the hash of their key.
    table: HashTable<usize>,
    /// Written entries in the order of their first write.
    written: Vec<usize>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    key: Range<usize>,
    /// Where there is room for a value.
    room: Range<usize>,
    /// Length of the value; `None`: the key has none.
    length: Option<usize>,
    written: bool,
}

impl Entry {
    fn value(&self) -> Option<Range<usize>> {
        let start = self.room.start;
        self.length.map(|length| start..start + length)
    }

    /// Gives the key its first value.
    fn read(&mut self, bytes: &mut Vec<u8>, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.room = append(bytes, value);
            self.length = Some(value.len());
        }
    }

    /// Gives the key another value. One that outgrows its room gets twice as much: what is rewritten
    /// with every record must not fill the memory.
    fn write(&mut self, bytes: &mut Vec<u8>, value: &[u8]) {
        self.length = Some(value.len());
        if value.len() <= self.room.len() {
            let start = self.room.start;
            bytes[start..start + value.len()].copy_from_slice(value);
            return;
        }
        let room = if self.room.is_empty() {
            value.len()
        } else {
            value.len().next_power_of_two()
        };
        let start = append(bytes, value).start;
        bytes.resize(start + room, 0);
        self.room = start..start + room;
    }
}

impl Overlay {
    /// Current value of a key: what the window wrote, or what the store holds.
    pub(crate) fn get(
        &mut self,
        store: Option<&dyn Store>,
        key: &[u8],
    ) -> anyhow::Result<Option<&[u8]>> {
        let hash = self.hasher.hash_one(key);
        let number = match self.find(hash, key) {
            Some(number) => number,
            None => {
                let value = match store {
                    Some(store) => store.get(key)?,
                    None => None,
                };
                let number = self.insert(hash, key);
                self.entries[number].read(&mut self.bytes, value.as_deref());
                number
            }
        };
        let value = self.entries[number].value();
        Ok(value.map(|value| &self.bytes[value]))
    }

    /// Reads keys that are not known yet, all at once.
    pub(crate) fn prefetch(&mut self, store: &dyn Store, keys: &Keys) -> anyhow::Result<()> {
        let first = self.entries.len();
        let mut asked = Vec::new();
        for key in keys.iter() {
            let hash = self.hasher.hash_one(key);
            if self.find(hash, key).is_none() {
                self.insert(hash, key);
                asked.push(key);
            }
        }
        let mut entries = self.entries[first..].iter_mut();
        let bytes = &mut self.bytes;
        store.multi_get(&asked, &mut |value| {
            if let Some(entry) = entries.next() {
                entry.read(bytes, value);
            }
        })
    }

    /// Sets (`None`: removes) a key.
    pub(crate) fn write(&mut self, key: &[u8], value: Option<&[u8]>) {
        let hash = self.hasher.hash_one(key);
        let number = match self.find(hash, key) {
            Some(number) => number,
            None => self.insert(hash, key),
        };
        let entry = &mut self.entries[number];
        match value {
            Some(value) => entry.write(&mut self.bytes, value),
            None => entry.length = None,
        }
        if !std::mem::replace(&mut entry.written, true) {
            self.written.push(number);
        }
    }

    /// The last write of each key, in the order of first writes.
    pub(crate) fn writes(&self) -> Vec<Write<'_>> {
        let written = self.written.iter().map(|number| &self.entries[*number]);
        written
            .map(|entry| {
                let value = entry.value().map(|value| &self.bytes[value]);
                (&self.bytes[entry.key.clone()], value)
            })
            .collect()
    }

    /// Whether nothing was written.
    pub(crate) fn is_unwritten(&self) -> bool {
        self.written.is_empty()
    }

    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        if self.bytes.capacity() > KEPT_BYTES {
            *self = Self::default();
            return;
        }
        self.bytes.clear();
        self.entries.clear();
        self.table.clear();
        self.written.clear();
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let is_key = |number: &usize| {
            let entry = &self.entries[*number];
            entry.hash == hash && self.bytes[entry.key.clone()] == *key
        };
        self.table.find(hash, is_key).copied()
    }

    /// Adds an entry without a value; the key has none yet.
    fn insert(&mut self, hash: u64, key: &[u8]) -> usize {
        let number = self.entries.len();
        let entry = Entry {
            hash,
            key: append(&mut self.bytes, key),
            room: 0..0,
            length: None,
            written: false,
        };
        self.entries.push(entry);
        let entries = &self.entries;
        self.table
            .insert_unique(hash, number, |number| entries[*number].hash);
        number
    }
}

/// Puts bytes behind others; where they lie.
pub(crate) fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Range<usize> {
    let start = bytes.len();
    bytes.extend_from_slice(more);
    start..bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serialtrail_state::MemoryStore;

    fn keys(named: &[&[u8]]) -> Keys {
        let mut keys = Keys::default();
        named.iter().for_each(|key| keys.push(&[key]));
        keys
    }

    #[test]
    fn a_read_sees_the_writes_of_its_window_and_the_store_does_not() {
        let mut store = MemoryStore::new();
        store.apply(&[(&[1], Some(&[10]))], 1).unwrap();
        let mut overlay = Overlay::default();
        assert_eq!(overlay.get(Some(&store), &[1]).unwrap(), Some(&[10][..]));
        overlay.write(&[1], Some(&[11]));
        assert_eq!(overlay.get(Some(&store), &[1]).unwrap(), Some(&[11][..]));
        overlay.write(&[1], None);
        assert_eq!(overlay.get(Some(&store), &[1]).unwrap(), None);
        assert_eq!(store.get(&[1]).unwrap().unwrap()[..], [10]);
        assert_eq!(overlay.writes(), [(&[1][..], None)]);
    }

    #[test]
    fn a_window_that_only_read_writes_nothing() {
        let store = MemoryStore::new();
        let mut overlay = Overlay::default();
        overlay.get(Some(&store), &[1]).unwrap();
        overlay.prefetch(&store, &keys(&[&[2]])).unwrap();
        assert!(overlay.is_unwritten() && overlay.writes().is_empty());
    }

    #[test]
    fn a_value_written_again_and_again_does_not_fill_the_memory() {
        let mut overlay = Overlay::default();
        for length in 1..=1000 {
            overlay.write(b"grows", Some(&vec![7; length]));
            overlay.write(b"comes and goes", Some(&vec![7; length / 2]));
            overlay.write(b"comes and goes", None);
        }
        assert!(overlay.bytes.len() <= 4 * 1500, "{}", overlay.bytes.len());
        let writes = overlay.writes();
        assert_eq!(writes[0], (&b"grows"[..], Some(&[7; 1000][..])));
        assert_eq!(writes[1], (&b"comes and goes"[..], None));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Get(u8),
        Prefetch(Vec<u8>),
        Write(u8, Option<Vec<u8>>),
        NextWindow,
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0u8..12;
        let value = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
        prop_oneof![
            4 => key.clone().prop_map(Step::Get),
            2 => proptest::collection::vec(key.clone(), 0..8).prop_map(Step::Prefetch),
            4 => (key, value).prop_map(|(key, value)| Step::Write(key, value)),
            1 => Just(Step::NextWindow),
        ]
    }

    /// A key that is a prefix of others, and an empty one.
    fn name(key: u8) -> Vec<u8> {
        vec![b'k'; usize::from(key)]
    }

    proptest! {
        #[test]
        fn applying_the_overlay_is_the_same_as_writing_through(
            steps in proptest::collection::vec(step(), 0..120),
        ) {
            let mut store = MemoryStore::new();
            let mut through = MemoryStore::new();
            let mut overlay = Overlay::default();
            for step in steps.into_iter().chain([Step::NextWindow]) {
                match step {
                    Step::Get(key) => {
                        let found = overlay.get(Some(&store), &name(key)).unwrap();
                        let expected = through.get(&name(key)).unwrap();
                        prop_assert_eq!(found, expected.as_deref());
                    }
                    Step::Prefetch(named) => {
                        let names: Vec<_> = named.iter().map(|key| name(*key)).collect();
                        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
                        overlay.prefetch(&store, &keys(&names)).unwrap();
                    }
                    Step::Write(key, value) => {
                        overlay.write(&name(key), value.as_deref());
                        through.apply(&[(&name(key), value.as_deref())], 0).unwrap();
                    }
                    Step::NextWindow => {
                        let writes = overlay.writes();
                        prop_assert_eq!(writes.is_empty(), overlay.is_unwritten());
                        let mut keys: Vec<_> = writes.iter().map(|(key, _)| *key).collect();
                        keys.sort_unstable();
                        keys.dedup();
                        prop_assert_eq!(keys.len(), writes.len(), "one write a key");
                        store.apply(&writes, 0).unwrap();
                        overlay.clear();
                        prop_assert_eq!(store.entries(), through.entries());
                    }
                }
            }
        }
    }
}
