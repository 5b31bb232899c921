//! What a store takes of the process's memory, against what it says it takes. Alone in its process.
#![allow(clippy::unwrap_used)]

use serialtrail_state::{LocalSettings, LocalStores, Store, StoreIdentity, Stores};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The system's allocator; counts the bytes that were asked for and not given back.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code)]
// SAFETY: every call is passed on to the system's allocator unchanged; the counter is not allocated.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_add(size, Ordering::Relaxed);
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const MIB: usize = 1 << 20;
const BUDGET: usize = 30 * MIB;
/// Beside index and cache: shard headers, the largest window's buffer, reading ahead, this test's windows.
const BESIDE: usize = 6 * MIB;
const WINDOW: u32 = 2_000;

/// Resident bytes of this process that are no file's.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<usize>().unwrap() << 10
}

fn open(stores: &mut LocalStores) -> Box<dyn Store> {
    let identity = StoreIdentity {
        cluster_id: "cluster".into(),
        changelog_topic: "changelog".into(),
        topic_id: "topic".into(),
        partition: 0,
    };
    stores.open(&identity).unwrap()
}

/// Nothing is looked up, so the cache stays empty: what it may take is not touched, whatever size the
/// growing index leaves it.
#[test]
fn a_store_holds_what_it_says_and_an_empty_cache_is_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LocalSettings {
        memory_bytes: BUDGET,
        delete_retention: Duration::from_secs(7 * 24 * 3600),
    };
    let (held, touched) = (HELD.load(Ordering::Relaxed), resident());
    let mut stores = LocalStores::open(folder.path(), settings).unwrap();
    let mut store = open(&mut stores);
    let mut sizes = std::collections::BTreeSet::new();
    let mut offset = 0;
    while store.usage().index_bytes < 14 << 20 {
        let keys: Vec<[u8; 4]> = (0..WINDOW)
            .map(|n| (offset as u32 * WINDOW + n).to_le_bytes())
            .collect();
        let writes: Vec<(&[u8], Option<&[u8]>)> =
            keys.iter().map(|key| (&key[..], Some(&key[..]))).collect();
        offset += 1;
        store.apply(&writes, offset).unwrap();
        let usage = store.usage();
        let [index, cache] = [usage.index_bytes, usage.cache_bytes].map(|bytes| bytes as usize);
        sizes.insert(cache);
        assert!(index + cache <= BUDGET, "{index} and {cache}");
        let held = HELD.load(Ordering::Relaxed).saturating_sub(held);
        assert!(
            held <= index + cache + BESIDE,
            "window {offset}: {held} bytes held, {index} of index and {cache} of cache accounted"
        );
        let touched = resident().saturating_sub(touched);
        assert!(
            touched <= index + BESIDE + index / 4,
            "window {offset}: {touched} bytes resident with {index} of index, a cache of {cache} unused"
        );
    }
    assert!(sizes.len() > 4, "the cache had {} sizes", sizes.len());
}
