//! The persistent store on a real folder: killed with kill -9, reopened, recreated topics, locked.
#![allow(clippy::unwrap_used)]

use serialtrail_state::testing::{OwnedWrite, borrowed};
use serialtrail_state::{LocalSettings, LocalStores, MemoryStore, Store, StoreIdentity, Stores};
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

fn stores(folder: &Path) -> LocalStores {
    let settings = LocalSettings {
        memory_bytes: 16 << 20,
        delete_retention: Duration::from_secs(7 * 24 * 3600),
    };
    LocalStores::open(folder, settings).unwrap()
}

fn open(folder: &Path) -> (LocalStores, Box<dyn Store>) {
    let mut stores = stores(folder);
    let store = stores.open(&identity()).unwrap();
    (stores, store)
}

#[test]
fn a_recreated_topic_and_an_untrusted_offset_empty_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (mut stores, mut store) = open(folder.path());
    store.apply(&[(b"k", Some(b"v"))], 9).unwrap();
    drop(store);

    let same = stores.open(&identity()).unwrap();
    assert_eq!(
        (same.get(b"k").unwrap().as_deref(), same.changelog_offset()),
        (Some(&b"v"[..]), Some(9))
    );
    drop(same);

    let recreated = StoreIdentity {
        topic_id: "2".into(),
        ..identity()
    };
    let mut emptied = stores.open(&recreated).unwrap();
    assert_eq!(
        (emptied.get(b"k").unwrap(), emptied.changelog_offset()),
        (None, None)
    );
    emptied.apply(&[(b"n", Some(b"w"))], 2).unwrap();
    drop((emptied, stores));

    let mut reopened = self::stores(folder.path());
    let store = reopened.open(&recreated).unwrap();
    assert_eq!(store.get(b"n").unwrap().as_deref(), Some(&b"w"[..]));
    drop(store);
    let emptied = reopened.open_empty(&recreated).unwrap();
    assert_eq!(
        (emptied.get(b"n").unwrap(), emptied.changelog_offset()),
        (None, None)
    );
}

#[test]
fn a_folder_in_use_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let held = stores(folder.path());
    let settings = LocalSettings {
        memory_bytes: 16 << 20,
        delete_retention: Duration::from_secs(60),
    };
    let error = LocalStores::open(folder.path(), settings).unwrap_err();
    assert!(error.to_string().contains("same slot"), "{error}");
    drop(held);
    LocalStores::open(folder.path(), settings).unwrap();
}

const KEYS: u64 = 5_000;

/// Batch n of the killed writer: the same for the child that writes and the parent that checks.
fn batch(n: u64) -> Vec<OwnedWrite> {
    (0..500)
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
#[ignore = "started by killed_at_any_time_the_store_is_a_prefix"]
fn writer_process() {
    let Ok(folder) = std::env::var("STATE_KILL_FOLDER") else {
        return;
    };
    let (_stores, mut store) = open(Path::new(&folder));
    let mut n = store.changelog_offset().unwrap_or(0) as u64;
    loop {
        store.apply(&borrowed(&batch(n)), n as i64 + 1).unwrap();
        n += 1;
    }
}

#[test]
fn killed_at_any_time_the_store_is_a_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = MemoryStore::new();
    let mut reached = 0;
    for round in 0..8u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer_process", "--ignored", "--test-threads=1"])
            .env("STATE_KILL_FOLDER", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300 + 137 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        let (_stores, store) = open(folder.path());
        let offset = store.changelog_offset().unwrap_or(0) as u64;
        assert!(offset >= reached, "a later start lost batches");
        for n in reached..offset {
            model.apply(&borrowed(&batch(n)), n as i64 + 1).unwrap();
        }
        reached = offset;
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
        reached > 10,
        "the writer hardly wrote: the test proved nothing"
    );
}
