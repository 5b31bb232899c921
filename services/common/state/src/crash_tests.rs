//! Crashes at every file operation and every byte, power losses, missing files and flipped bits: what
//! opens is the state after some prefix of the windows with that prefix's offset, or nothing.

use crate::checkpoint::{self, sequence_of};
use crate::format::{BATCH_HEADER, SEGMENT_HEADER, read_batch_header};
use crate::identity;
use crate::keyed::{KeyedStore, Tuning};
use crate::log::segment_name;
use crate::model_tests::{self, around, assert_same, key, open, tuning};
use crate::testing::{MemoryDisk, Operation, OwnedWrite, borrowed};
use crate::{MemoryStore, Store};
use proptest::prelude::*;

const KEYS: u16 = 24;

/// Window `n`: rewrites, removals, new keys.
fn window(n: u64) -> Vec<OwnedWrite> {
    (0..4 + n % 5)
        .map(|i| {
            let which = (crate::format::checksum(n, &i.to_le_bytes()) % u64::from(KEYS)) as u16;
            let value = !(n + i).is_multiple_of(6);
            (
                key(which),
                value.then(|| format!("{n}-{i}").repeat(12).into_bytes()),
            )
        })
        .collect()
}

/// What a store did, and what it held after each window.
struct Run {
    journal: Vec<Operation>,
    /// Operations done after each window; the first entry: after opening.
    after: Vec<usize>,
    models: Vec<MemoryStore>,
}

/// Windows with offsets 1, 2, ...; reopened twice on the way.
fn run(windows: u64) -> Run {
    let disk = MemoryDisk::default();
    let mut store = open(&disk, &tuning());
    let mut model = MemoryStore::new();
    let mut run = Run {
        journal: Vec::new(),
        after: vec![disk.journal().len()],
        models: vec![model.clone()],
    };
    for n in 0..windows {
        store.apply(&borrowed(&window(n)), n as i64 + 1).unwrap();
        model.apply(&borrowed(&window(n)), n as i64 + 1).unwrap();
        run.after.push(disk.journal().len());
        run.models.push(model.clone());
        if n == windows / 3 || n == windows / 2 {
            drop(store);
            store = open(&disk, &tuning());
        }
    }
    assert!(store.usage().checkpoints > 1, "the run has checkpoints");
    drop(store);
    run.journal = disk.journal();
    let removed = |operation: &&Operation| matches!(operation, Operation::Remove(name) if name.starts_with("seg-"));
    assert!(
        run.journal.iter().filter(removed).count() > 2,
        "and compaction"
    );
    run
}

/// Opens the folder; it must hold a prefix of the run of at least `at_least` windows, and go on.
fn check(run: &Run, disk: &MemoryDisk, at_least: usize) -> usize {
    let mut store = open(disk, &tuning());
    let offset = store.changelog_offset().unwrap_or(0) as usize;
    assert!(
        offset >= at_least,
        "{offset} of {at_least} windows; emptied: {:?}",
        store.wiped()
    );
    assert_same(&store, &run.models[offset], KEYS);
    // What was replayed after a crash is as good as new: more windows, another opening.
    if offset > 0 && offset < run.models.len() - 1 {
        store
            .apply(&borrowed(&window(offset as u64)), offset as i64 + 1)
            .unwrap();
        drop(store);
        assert_same(&open(disk, &tuning()), &run.models[offset + 1], KEYS);
    }
    offset
}

/// Windows whole after so many operations.
fn windows_done(run: &Run, operations: usize) -> usize {
    run.after
        .iter()
        .filter(|after| **after <= operations)
        .count()
        .saturating_sub(1)
}

#[test]
fn killed_after_any_operation_nothing_committed_is_lost() {
    let run = run(240);
    let mut torn = 0;
    for at in 0..run.journal.len() {
        let next = &run.journal[at];
        let parts: Vec<usize> = match next {
            Operation::Write(_, _, bytes) => vec![0, 1, bytes.len() / 2, bytes.len() - 1],
            _ => vec![0],
        };
        for part in parts {
            torn += 1;
            let disk = MemoryDisk::killed(&run.journal[..at], Some(next), part);
            check(&run, &disk, windows_done(&run, at));
        }
    }
    assert!(torn > 500, "{torn} crashes");
}

#[test]
fn killed_at_any_byte_of_a_batch_the_batch_is_not_there() {
    let run = run(240);
    // Batches before, while and after a checkpoint is written, and ones that compaction adds to.
    for window in [0, 77, 121, 239] {
        let operations = run.after[window]..run.after[window + 1];
        for at in operations {
            let next = &run.journal[at];
            let Operation::Write(_, _, bytes) = next else {
                continue;
            };
            for part in 0..bytes.len() {
                let disk = MemoryDisk::killed(&run.journal[..at], Some(next), part);
                let found = check(&run, &disk, windows_done(&run, at));
                assert!(found <= window + 1);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn after_a_power_loss_a_prefix_is_there_and_all_up_to_the_last_checkpoint(
        at in 0.0f64..1.0,
        choices in proptest::collection::vec(any::<u16>(), 64),
    ) {
        thread_local! {
            static RUN: Run = run(240);
        }
        RUN.with(|run| {
            let at = (run.journal.len() as f64 * at) as usize;
            let mut turn = 0;
            let mut choose = |n: usize| {
                turn += 1;
                choices[turn % choices.len()] as usize % n
            };
            let done = &run.journal[..at];
            let disk = MemoryDisk::powerless(done, &mut choose);
            // The first synced name of a checkpoint makes everything before its beginning durable.
            let named = done.iter().enumerate().rev().find_map(|(at, operation)| match operation {
                Operation::Rename(from, _) if from.starts_with("ckpt-")
                    && done[at..].contains(&Operation::SyncFolder) => Some(from.clone()),
                _ => None,
            });
            let durable = named.map_or(0, |name| {
                let begun = done.iter().position(|operation| matches!(operation, Operation::Create(created, _) if *created == name));
                windows_done(run, begun.unwrap())
            });
            check(run, &disk, durable);
        });
    }
}

#[test]
fn a_batch_without_its_predecessor_is_not_accepted() {
    let disk = MemoryDisk::default();
    let tuning = Tuning {
        segment: (1 << 20, 1 << 20),
        checkpoint: 1 << 20,
        ..tuning()
    };
    let mut store = KeyedStore::open(
        around(&disk, &tuning, 1 << 20),
        &model_tests::identity(),
        true,
    )
    .unwrap();
    let mut models = vec![MemoryStore::new()];
    for n in 0..30 {
        store.apply(&borrowed(&window(n)), n as i64 + 1).unwrap();
        let mut model = models[n as usize].clone();
        model.apply(&borrowed(&window(n)), n as i64 + 1).unwrap();
        models.push(model);
    }
    drop(store);
    let files = disk.files();
    let (_, segment) = files
        .iter()
        .find(|(name, _)| name.starts_with("seg-"))
        .unwrap();
    let mut batches = Vec::new();
    let mut at = SEGMENT_HEADER;
    while let Some(header) = read_batch_header(&segment[at..]) {
        let end = at + BATCH_HEADER + header.length as usize;
        batches.push(at..end);
        at = end;
    }
    assert_eq!(batches.len(), 30);
    for (missing, batch) in batches.iter().enumerate() {
        let without = [&segment[..batch.start], &segment[batch.end..]].concat();
        let disk = MemoryDisk::with(files.iter().map(
            |(name, bytes)| match name.starts_with("seg-") {
                true => (name.clone(), without.clone()),
                false => (name.clone(), bytes.clone()),
            },
        ));
        let store = KeyedStore::open(
            around(&disk, &tuning, 1 << 20),
            &model_tests::identity(),
            true,
        )
        .unwrap();
        assert_same(&store, &models[missing], KEYS);
    }
}

/// A folder with checkpoint, several segments, and log behind the checkpoint.
struct Folder {
    run: Run,
    files: Vec<(String, Vec<u8>)>,
    /// Windows the checkpoint covers.
    covered: usize,
}

fn folder() -> Folder {
    let run = run(240);
    let disk = MemoryDisk::killed(&run.journal, None, 0);
    let files = disk.files();
    assert!(
        files
            .iter()
            .any(|(name, _)| name.starts_with("ckpt-") && !name.ends_with(".tmp"))
    );
    let birth = identity::read(&disk).unwrap().unwrap();
    let newest = files
        .iter()
        .rev()
        .find(|(name, _)| sequence_of(name).is_some());
    let checkpoint = checkpoint::read(&disk, &newest.unwrap().0, birth.store_id).unwrap();
    let (from, to) = (checkpoint.head.from, checkpoint.to);
    let segment = &files
        .iter()
        .find(|(name, _)| *name == segment_name(to.segment))
        .unwrap()
        .1;
    let mut at = SEGMENT_HEADER;
    let mut covered = 0;
    while at < to.offset as usize {
        let header = read_batch_header(&segment[at..]).unwrap();
        at += BATCH_HEADER + header.length as usize;
        covered = header.changelog_offset as usize;
    }
    assert!(
        covered > 0 && from != to,
        "windows were committed while it was written"
    );
    Folder {
        run,
        files,
        covered,
    }
}

/// Opens a damaged folder, reads every key. Either all is as some prefix has it, or the damage is
/// reported and the folder opens empty from then on. Nothing below `at_least` windows: the index is
/// newer.
fn check_damaged(run: &Run, disk: &MemoryDisk, at_least: usize) -> bool {
    let store = open(disk, &tuning());
    let offset = store.changelog_offset().unwrap_or(0) as usize;
    assert!(
        store.wiped().is_some() || offset >= at_least,
        "{offset} windows are behind the index"
    );
    let model = &run.models[offset];
    let mut noticed = store.wiped().is_some() || offset < run.models.len() - 1;
    for n in 0..KEYS {
        match store.get(&key(n)) {
            Ok(value) => assert_eq!(value, model.get(&key(n)).unwrap(), "key {n}"),
            Err(error) => {
                assert!(
                    format!("{error:#}").contains("damaged") || noticed,
                    "{error:#}"
                );
                noticed = true;
                drop(store);
                let again = open(disk, &tuning());
                assert_eq!(again.changelog_offset(), None);
                assert!(again.wiped().is_some());
                break;
            }
        }
    }
    noticed
}

#[test]
fn a_missing_file_is_noticed() {
    let Folder {
        run,
        files,
        covered,
    } = folder();
    for (missing, _) in files.iter().filter(|(name, _)| !name.ends_with(".tmp")) {
        let disk = MemoryDisk::with(files.iter().filter(|(name, _)| name != missing).cloned());
        assert!(check_damaged(&run, &disk, covered), "{missing}");
    }
}

#[test]
fn a_file_cut_anywhere_is_noticed() {
    let Folder {
        run,
        files,
        covered,
    } = folder();
    for (cut, bytes) in files.iter().filter(|(name, _)| !name.ends_with(".tmp")) {
        for length in (0..bytes.len()).step_by(23) {
            let disk = MemoryDisk::with(files.iter().map(|(name, bytes)| {
                let length = if name == cut { length } else { bytes.len() };
                (name.clone(), bytes[..length].to_vec())
            }));
            assert!(check_damaged(&run, &disk, covered), "{cut} cut to {length}");
        }
    }
}

#[test]
fn a_flipped_bit_never_changes_a_value() {
    let Folder {
        run,
        files,
        covered,
    } = folder();
    let mut noticed = 0;
    let mut flipped = 0;
    for (at, (name, bytes)) in files.iter().enumerate() {
        if name.ends_with(".tmp") {
            continue;
        }
        for byte in (0..bytes.len()).step_by(3) {
            let mut damaged = files.clone();
            damaged[at].1[byte] ^= 1 << (byte % 8);
            flipped += 1;
            noticed += usize::from(check_damaged(&run, &MemoryDisk::with(damaged), covered));
        }
    }
    // Not noticed are flips in records nobody reads any more.
    assert!(noticed * 3 > flipped, "{noticed} of {flipped}");
}

#[test]
fn a_handle_that_met_damage_is_of_no_further_use() {
    let Folder { files, .. } = folder();
    let disk = MemoryDisk::with(files.iter().map(|(name, bytes)| {
        let mut bytes = bytes.clone();
        if name.starts_with("seg-") {
            // Every record of every segment the checkpoint covers.
            bytes
                .iter_mut()
                .skip(88)
                .step_by(16)
                .for_each(|byte| *byte ^= 1);
        }
        (name.clone(), bytes)
    }));
    let store = open(&disk, &tuning());
    assert!(store.wiped().is_some() || store.get(&key(1)).is_err());
}
