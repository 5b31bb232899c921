//! The persistent store against a map, and against kill -9.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serialtrail_state::{FjallStores, MemoryStore, Store, StoreIdentity, Stores, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn identity() -> StoreIdentity {
    StoreIdentity {
        cluster_id: "cluster".into(),
        changelog_topic: "changelog".into(),
        topic_id: "topic".into(),
        partition: 0,
    }
}

fn open(folder: &Path) -> (FjallStores, Box<dyn Store>) {
    let mut stores = FjallStores::open(folder).unwrap();
    let store = Stores::open(&mut stores, &identity()).unwrap();
    (stores, store)
}

#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<Write>),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = (0u8..20).prop_map(|n| format!("01/0950600013435{n:02}/21/serial").into_bytes());
    let value = proptest::option::weighted(0.8, proptest::collection::vec(any::<u8>(), 0..200));
    let batch = proptest::collection::vec((key, value), 0..12);
    let step = prop_oneof![8 => batch.prop_map(Step::Apply), 1 => Just(Step::Reopen)];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_persistent_store_holds_what_a_map_holds(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let mut model = MemoryStore::new();
        let mut offset = 0;
        let mut open_store = open(folder.path());
        for step in steps {
            match step {
                Step::Apply(writes) => {
                    offset += writes.len() as i64 + 1;
                    open_store.1.apply(&writes, offset).unwrap();
                    model.apply(&writes, offset).unwrap();
                }
                Step::Reopen => {
                    drop(open_store);
                    open_store = open(folder.path());
                }
            }
            prop_assert_eq!(open_store.1.changelog_offset(), model.changelog_offset());
            for n in 0..20 {
                let key = format!("01/0950600013435{n:02}/21/serial").into_bytes();
                prop_assert_eq!(open_store.1.get(&key).unwrap(), model.get(&key).unwrap());
            }
        }
    }
}

const KEYS: u64 = 50;

/// Batch n of the killed writer: the same for the child that writes and the parent that checks.
fn batch(n: u64) -> Vec<Write> {
    (0..5)
        .map(|i| {
            let key = format!("key-{}", (n * 7 + i * 11) % KEYS).into_bytes();
            let value =
                (!(n + i).is_multiple_of(6)).then(|| format!("{n}-{i}").repeat(40).into_bytes());
            (key, value)
        })
        .collect()
}

/// Not a test by itself: the process the next test kills. Writes batches for ever.
#[test]
#[ignore = "started by killed_between_batches_the_store_is_a_prefix"]
fn writer_process() {
    let Ok(folder) = std::env::var("STATE_KILL_FOLDER") else {
        return;
    };
    let (_stores, mut store) = open(Path::new(&folder));
    let mut n = store.changelog_offset().unwrap_or(0) as u64;
    loop {
        store.apply(&batch(n), n as i64 + 1).unwrap();
        n += 1;
    }
}

#[test]
fn killed_between_batches_the_store_is_a_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let mut reached = 0;
    for round in 0..8u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer_process", "--ignored", "--test-threads=1"])
            .env("STATE_KILL_FOLDER", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        let (_stores, store) = open(folder.path());
        let offset = store.changelog_offset().unwrap_or(0);
        assert!(offset >= reached, "a later start lost batches");
        reached = offset;
        let mut model = MemoryStore::new();
        for n in 0..offset as u64 {
            model.apply(&batch(n), n as i64 + 1).unwrap();
        }
        for n in 0..KEYS {
            let key = format!("key-{n}").into_bytes();
            assert_eq!(
                store.get(&key).unwrap(),
                model.get(&key).unwrap(),
                "round {round}, key {n}"
            );
        }
    }
    assert!(
        reached > 0,
        "the writer never wrote: the test proved nothing"
    );
}
