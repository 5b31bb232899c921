//! One case: fill, warm up, read-modify-write, close, open again.

use crate::Options;
use crate::cases::{Access, Engine};
use crate::fjall_store::FjallStore;
use crate::process::{cpu_seconds, disk_bytes, peak_mib};
use anyhow::{Context, ensure};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use serialtrail_state::{LocalSettings, LocalStores, Store, StoreIdentity, Stores, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Records of a window.
const WINDOW: u64 = 2_000;
/// Bytes of a value.
const VALUE: usize = 100;

/// What a case showed.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    store: Engine,
    access: Access,
    keys: u64,
    operations: u64,
    fill_per_cpu_s: f64,
    rmw_per_cpu_s: f64,
    rmw_per_s: f64,
    /// Slowest window of the read-modify-writes, ms.
    slowest_window_ms: f64,
    peak_rss_mib: f64,
    index_bytes_per_key: f64,
    cache_mib: f64,
    disk_bytes_per_key: f64,
    reopen_s: f64,
    reopen_cpu_s: f64,
}

fn open(options: &Options, folder: &Path) -> anyhow::Result<Box<dyn Store>> {
    let memory = options.memory_mib << 20;
    if options.stores.first() == Some(&Engine::Fjall) {
        return Ok(Box::new(FjallStore::open(folder, memory)?));
    }
    let settings = LocalSettings {
        memory_bytes: memory,
        delete_retention: Duration::from_secs(7 * 24 * 3600),
    };
    let identity = StoreIdentity {
        cluster_id: "bench".into(),
        changelog_topic: "bench".into(),
        topic_id: "bench".into(),
        partition: 0,
    };
    LocalStores::open(folder, settings)?.open(&identity)
}

fn key(n: u64) -> Vec<u8> {
    // Serials as a line makes them: one long common prefix, no order in what follows.
    let serial = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("s/01/09506000134352/21/{serial:020}").into_bytes()
}

/// A window's writes as a store takes them.
fn writes(window: &[(Vec<u8>, [u8; VALUE])]) -> Vec<Write<'_>> {
    let window = window.iter();
    window
        .map(|(key, value)| (key.as_slice(), Some(&value[..])))
        .collect()
}

/// Runs the case the options name.
pub(crate) fn case(options: &Options, access: Access) -> anyhow::Result<Figures> {
    let keys = *options.keys.first().context("--keys")?;
    let operations = options.operations.min(keys.max(3_000_000));
    let folder = tempfile::tempdir_in(&options.folder)?;
    let mut store = open(options, folder.path())?;
    let mut offset = 0;

    let before = cpu_seconds();
    for start in (0..keys).step_by(WINDOW as usize) {
        let window: Vec<(Vec<u8>, [u8; VALUE])> = (start..(start + WINDOW).min(keys))
            .map(|n| (key(n), [n as u8; VALUE]))
            .collect();
        offset += 1;
        store.apply(&writes(&window), offset)?;
    }
    let fill = cpu_seconds() - before;

    let mut work = Work {
        options,
        access,
        keys,
        random: ChaCha8Rng::seed_from_u64(7),
        offset,
    };
    work.rewrite(store.as_mut(), access.warm_up(keys))?;
    let (before, began) = (cpu_seconds(), Instant::now());
    let slowest = work.rewrite(store.as_mut(), operations)?;
    let offset = work.offset;
    let (cpu, wall) = (cpu_seconds() - before, began.elapsed());
    let usage = store.usage();
    drop(store);
    let peak = peak_mib();

    let (before, began) = (cpu_seconds(), Instant::now());
    let store = open(options, folder.path())?;
    ensure!(
        store.changelog_offset() == Some(offset),
        "opened at another offset"
    );
    ensure!(store.get(&key(keys / 2))?.is_some(), "a key is missing");
    let (reopen, reopen_cpu) = (began.elapsed(), cpu_seconds() - before);
    Ok(Figures {
        store: options.stores[0],
        access,
        keys,
        operations,
        fill_per_cpu_s: keys as f64 / fill,
        rmw_per_cpu_s: operations as f64 / cpu,
        rmw_per_s: operations as f64 / wall.as_secs_f64(),
        slowest_window_ms: slowest.as_secs_f64() * 1e3,
        peak_rss_mib: peak,
        index_bytes_per_key: usage.index_bytes as f64 / keys as f64,
        cache_mib: usage.cache_bytes as f64 / f64::from(1 << 20),
        disk_bytes_per_key: disk_bytes(folder.path()) as f64 / keys as f64,
        reopen_s: reopen.as_secs_f64(),
        reopen_cpu_s: reopen_cpu,
    })
}

/// Read-modify-writes of keys as they are picked.
struct Work<'a> {
    options: &'a Options,
    access: Access,
    keys: u64,
    random: ChaCha8Rng,
    offset: i64,
}

impl Work<'_> {
    /// So many, in windows. Returns how long the slowest window took.
    fn rewrite(&mut self, store: &mut dyn Store, operations: u64) -> anyhow::Result<Duration> {
        let mut slowest = Duration::ZERO;
        for _ in 0..operations / WINDOW {
            let started = Instant::now();
            self.window(store)?;
            slowest = slowest.max(started.elapsed());
        }
        Ok(slowest)
    }

    fn window(&mut self, store: &mut dyn Store) -> anyhow::Result<()> {
        let mut touched: Vec<u64> = (0..WINDOW)
            .map(|_| pick(&mut self.random, self.access, self.keys))
            .collect();
        touched.sort_unstable();
        touched.dedup();
        let keys: Vec<Vec<u8>> = touched.iter().map(|n| key(*n)).collect();
        let mut values = Vec::with_capacity(keys.len());
        let mut found = |value: Option<&[u8]>| {
            let value = value.and_then(|value| <[u8; VALUE]>::try_from(value).ok());
            values.push(value);
        };
        if self.options.multi_get {
            let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            store.multi_get(&keys, &mut found)?;
        } else {
            for key in &keys {
                found(store.get(key)?.as_deref());
            }
        }
        let mut window = Vec::with_capacity(keys.len());
        for ((n, key), value) in touched.into_iter().zip(keys).zip(values) {
            let mut value = value.context("a key is missing, or its value not this one's")?;
            ensure!(value[VALUE - 1] == n as u8, "not this key's value");
            value[0] = value[0].wrapping_add(1);
            window.push((key, value));
        }
        self.offset += 1;
        store.apply(&writes(&window), self.offset)
    }
}

fn pick(random: &mut ChaCha8Rng, access: Access, keys: u64) -> u64 {
    match access {
        Access::Skewed if random.random_ratio(9, 10) => random.random_range(0..keys / 20),
        _ => random.random_range(0..keys),
    }
}
