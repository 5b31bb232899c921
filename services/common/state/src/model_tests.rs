//! The store against a map: random windows, reopenings, bad hashes, little memory.

use crate::background::Background;
use crate::budget::Budget;
use crate::disk::Disk;
use crate::keyed::{KeyedStore, Surroundings, Tuning};
use crate::testing::{MemoryDisk, OwnedWrite, borrowed};
use crate::{MemoryStore, Store, StoreIdentity};
use proptest::prelude::*;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const DAY_MS: u64 = 24 * 3_600_000;

thread_local! {
    /// What the stores of this test think the time is.
    pub(crate) static NOW_MS: Cell<u64> = const { Cell::new(1_000 * DAY_MS) };
    static ENTROPY: Cell<u64> = const { Cell::new(1) };
}

pub(crate) fn identity() -> StoreIdentity {
    StoreIdentity {
        cluster_id: "cluster".into(),
        changelog_topic: "changelog".into(),
        topic_id: "topic".into(),
        partition: 3,
    }
}

pub(crate) fn tuning() -> Tuning {
    Tuning {
        trusted_for: Duration::from_millis(DAY_MS * 7 / 2),
        segment: (2_000, 4_000),
        checkpoint: 6_000,
        hash: crate::format::checksum,
    }
}

pub(crate) fn around(disk: &MemoryDisk, tuning: &Tuning, memory: usize) -> Surroundings {
    Surroundings {
        disk: Arc::new(disk.clone()),
        background: Background::inline(),
        budget: Arc::new(Budget::new(memory)),
        tuning: tuning.clone(),
        clock: || NOW_MS.get(),
        entropy: || {
            ENTROPY.set(ENTROPY.get() + 1);
            crate::format::checksum(77, &ENTROPY.get().to_le_bytes())
        },
    }
}

pub(crate) fn open(disk: &MemoryDisk, tuning: &Tuning) -> KeyedStore {
    KeyedStore::open(around(disk, tuning, 64 << 20), &identity(), true).unwrap()
}

pub(crate) fn key(n: u16) -> Vec<u8> {
    format!("01/0950600013435{:02}/21/serial{n}", n % 100).into_bytes()
}

/// All of `keys` as the model has them.
pub(crate) fn assert_same(store: &dyn Store, model: &MemoryStore, keys: u16) {
    assert_eq!(store.changelog_offset(), model.changelog_offset());
    for n in 0..keys {
        let key = key(n);
        assert_eq!(
            store.get(&key).unwrap(),
            model.get(&key).unwrap(),
            "key {n}"
        );
    }
}

#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<OwnedWrite>),
    Read(u16),
    Reopen,
}

fn steps(keys: u16) -> impl Strategy<Value = Vec<Step>> {
    let value = proptest::option::weighted(0.8, proptest::collection::vec(any::<u8>(), 0..200));
    let batch = proptest::collection::vec((0..keys, value), 0..16);
    let write = |batch: Vec<(u16, Option<Vec<u8>>)>| {
        let writes = batch.into_iter().map(|(n, value)| (key(n), value));
        Step::Apply(writes.collect())
    };
    let step = prop_oneof![
        10 => batch.prop_map(write),
        10 => (0..keys).prop_map(Step::Read),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..120)
}

fn hashes() -> impl Strategy<Value = fn(u64, &[u8]) -> u64> {
    let all_equal: fn(u64, &[u8]) -> u64 = |_, _| 0xABCD_EF01_2345_6789;
    let three: fn(u64, &[u8]) -> u64 = |seed, key| crate::format::checksum(seed, key) % 3;
    prop_oneof![
        3 => Just(crate::format::checksum as fn(u64, &[u8]) -> u64),
        1 => Just(all_equal),
        1 => Just(three),
    ]
}

const KEYS: u16 = 60;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_store_holds_what_a_map_holds(
        steps in steps(KEYS),
        hash in hashes(),
        background in any::<bool>(),
    ) {
        let disk = MemoryDisk::default();
        let tuning = Tuning { hash, ..tuning() };
        let open = || {
            let mut around = around(&disk, &tuning, 1 << 20);
            if background {
                around.background = Background::thread().unwrap();
            }
            KeyedStore::open(around, &identity(), true).unwrap()
        };
        let mut model = MemoryStore::new();
        let mut store = open();
        let mut offset = 0;
        for step in steps {
            match step {
                Step::Apply(writes) => {
                    offset += writes.len() as i64 + 1;
                    store.apply(&borrowed(&writes), offset).unwrap();
                    model.apply(&borrowed(&writes), offset).unwrap();
                }
                Step::Read(n) => {
                    prop_assert_eq!(store.get(&key(n)).unwrap(), model.get(&key(n)).unwrap());
                    let keys = [key(n), key(n + 1), key(n)];
                    let mut found = Vec::new();
                    let asked = [&keys[0][..], &keys[1][..], &keys[2][..]];
                    store.multi_get(&asked, &mut |value| found.push(value.map(<[u8]>::to_vec))).unwrap();
                    for (key, value) in keys.iter().zip(found) {
                        let expected = model.get(key).unwrap();
                        prop_assert_eq!(value.as_deref(), expected.as_deref());
                    }
                }
                Step::Reopen => {
                    drop(store);
                    store = open();
                    prop_assert_eq!(store.wiped(), None);
                }
            }
        }
        assert_same(&store, &model, KEYS);
        prop_assert_eq!(store.usage().keys, model.entries().len() as u64);
    }
}

/// Window `n` of a long run over `keys` keys: writes, rewrites and removals.
fn window(n: u64, keys: u64) -> Vec<OwnedWrite> {
    (0..20)
        .map(|i| {
            let key = key((crate::format::checksum(n, &[i]) % keys) as u16);
            let value = !(n + u64::from(i)).is_multiple_of(7);
            (
                key,
                value.then(|| format!("{n}-{i}").repeat(8).into_bytes()),
            )
        })
        .collect()
}

#[test]
fn disk_space_stays_in_proportion_to_what_is_live() {
    let disk = MemoryDisk::default();
    let tuning = tuning();
    let mut store = open(&disk, &tuning);
    let mut model = MemoryStore::new();
    for n in 0..3_000 {
        store.apply(&borrowed(&window(n, 300)), n as i64).unwrap();
        model.apply(&borrowed(&window(n, 300)), n as i64).unwrap();
        if n % 500 == 499 {
            assert_same(&store, &model, 300);
            let usage = store.usage();
            let bound = usage.live_bytes * 5 / 2 + 4 * 4_000 + 2 * tuning.checkpoint + 20_000;
            assert!(usage.log_bytes < bound, "{usage:?}, bound {bound}");
        }
        if n % 700 == 699 {
            drop(store);
            store = open(&disk, &tuning);
            assert_same(&store, &model, 300);
        }
    }
    let on_disk: usize = disk.files().iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(on_disk < 200_000, "{on_disk} bytes in {:?}", disk.names());
    assert!(store.usage().checkpoints > 10);
}

#[test]
fn removed_keys_leave_nothing_behind() {
    let disk = MemoryDisk::default();
    let mut store = open(&disk, &tuning());
    // A timer: written, removed, never seen again; and a few keys that stay, untouched.
    for n in 0..20u16 {
        store.apply(&[(&key(n), Some(&[1; 50]))], 0).unwrap();
    }
    for n in 100..60_000u16 {
        store
            .apply(
                &[(&key(n), Some(&[1; 50])), (&key(n - 1), None)],
                i64::from(n),
            )
            .unwrap();
    }
    let usage = store.usage();
    assert_eq!(usage.keys, 21);
    assert!(usage.log_bytes < 50_000, "{usage:?}");
    drop(store);
    let store = open(&disk, &tuning());
    assert_eq!(store.usage().keys, 21);
    assert!(store.get(&key(7)).unwrap().is_some() && store.get(&key(500)).unwrap().is_none());
}

#[test]
fn beyond_its_memory_the_store_is_right_and_keeps_its_budget() {
    let disk = MemoryDisk::default();
    let tuning = Tuning {
        segment: (1 << 20, 4 << 20),
        checkpoint: 1 << 20,
        ..tuning()
    };
    // 150,000 keys take 3 MB and more in tables; this is 1.5 MB for the index.
    let memory = 2 << 20;
    let open = || KeyedStore::open(around(&disk, &tuning, memory), &identity(), true).unwrap();
    let long_key = |n: u32| format!("01/09506000134352/21/{n:08}").into_bytes();
    let mut store = open();
    let keys = 150_000u32;
    let mut most = 0;
    for round in 0..3u32 {
        for start in (0..keys).step_by(4_000) {
            let writes: Vec<OwnedWrite> = (start..start + 4_000)
                .filter(|n| round == 0 || n % 3 == round)
                .map(|n| {
                    (
                        long_key(n),
                        (n % 5 != round).then(|| (n + round).to_le_bytes().to_vec()),
                    )
                })
                .collect();
            store
                .apply(&borrowed(&writes), i64::from(round) + 1)
                .unwrap();
            let usage = store.usage();
            let taken = usage.index_bytes + usage.cache_bytes;
            assert!(
                taken <= memory as u64,
                "{usage:?} in round {round} at {start}"
            );
            most = most.max(usage.index_bytes);
        }
        if round == 1 {
            drop(store);
            store = open();
        }
    }
    assert!(
        most * 2 > memory as u64,
        "the index used its memory: {most} bytes"
    );
    for n in (0..keys).step_by(7) {
        let round = if n % 3 == 0 { 0 } else { n % 3 };
        let expected = (n % 5 != round).then(|| (n + round).to_le_bytes());
        let found = store.get(&long_key(n)).unwrap();
        assert_eq!(
            found.as_deref(),
            expected.as_ref().map(|v| &v[..]),
            "key {n}"
        );
    }
    assert_eq!(store.get(&long_key(keys)).unwrap(), None);
}

#[test]
fn an_index_entry_takes_at_most_24_bytes() {
    let disk = MemoryDisk::default();
    let tuning = Tuning {
        segment: (16 << 20, 64 << 20),
        checkpoint: 64 << 20,
        ..tuning()
    };
    let mut store = open(&disk, &tuning);
    let mut n = 0u32;
    while n < 250_000 {
        let writes: Vec<OwnedWrite> = (n..n + 5_000)
            .map(|n| (n.to_le_bytes().to_vec(), Some(vec![1])))
            .collect();
        store.apply(&borrowed(&writes), 0).unwrap();
        n += 5_000;
        let bytes = store.usage().index_bytes;
        assert!(
            n < 100_000 || bytes <= 24 * u64::from(n),
            "{bytes} bytes at {n} keys"
        );
    }
}

#[test]
fn a_store_is_trusted_only_for_its_own_changelog_and_half_as_long_as_tombstones_last() {
    let disk = MemoryDisk::default();
    let start = NOW_MS.get();
    let mut store = open(&disk, &tuning());
    store.apply(&[(&key(1), Some(&[7]))], 9).unwrap();
    drop(store);
    let offset_at = |disk: &MemoryDisk, identity: &StoreIdentity, now: u64, trust: bool| {
        NOW_MS.set(now);
        let copy = MemoryDisk::with(disk.files());
        let store = KeyedStore::open(around(&copy, &tuning(), 1 << 20), identity, trust).unwrap();
        assert_eq!(
            store.get(&key(1)).unwrap().is_some(),
            store.changelog_offset().is_some()
        );
        store.changelog_offset()
    };
    let half = DAY_MS * 7 / 2;
    assert_eq!(offset_at(&disk, &identity(), start + half, true), Some(9));
    assert_eq!(offset_at(&disk, &identity(), start + half + 1, true), None);
    assert_eq!(
        offset_at(&disk, &identity(), 0, true),
        Some(9),
        "a clock set back wipes nothing"
    );
    assert_eq!(
        offset_at(&disk, &identity(), start, false),
        None,
        "not trusted"
    );
    let others = [
        StoreIdentity {
            cluster_id: "d".into(),
            ..identity()
        },
        StoreIdentity {
            changelog_topic: "u".into(),
            ..identity()
        },
        StoreIdentity {
            topic_id: "2".into(),
            ..identity()
        },
        StoreIdentity {
            partition: 4,
            ..identity()
        },
    ];
    for other in others {
        assert_eq!(offset_at(&disk, &other, start, true), None, "{other:?}");
    }
    NOW_MS.set(start);
}
