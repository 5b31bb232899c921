//! Opening a store on segment and checkpoint bytes somebody else chose, checksums made right: what
//! random bytes would hardly ever get to.

use super::MemoryDisk;
use crate::background::Background;
use crate::budget::Budget;
use crate::checkpoint::{checkpoint_name, seal};
use crate::disk::Disk;
use crate::format::{BATCH_HEADER, checksum, seal_batch, segment_header};
use crate::identity;
use crate::keyed::{KeyedStore, Surroundings, Tuning};
use crate::log::segment_name;
use crate::store::{Store, StoreIdentity, Write};
use std::sync::Arc;
use std::time::Duration;

const STORE_ID: u64 = 5;
/// Windows written after opening.
const WINDOWS: i64 = 15;

/// What a folder is made of.
#[derive(Debug, Clone, Default)]
pub struct Bytes {
    /// Records of the batches of segment 1, one after the other; each is sealed.
    pub batches: Vec<Vec<u8>>,
    /// Bytes behind them, as they are.
    pub behind: Vec<u8>,
    /// Pages (each is sealed) and directory (sealed as well) of a checkpoint.
    pub checkpoint: Option<(Vec<Vec<u8>>, Vec<u8>)>,
}

fn identity() -> StoreIdentity {
    StoreIdentity {
        cluster_id: "c".into(),
        changelog_topic: "t".into(),
        topic_id: "i".into(),
        partition: 0,
    }
}

fn open(disk: &MemoryDisk) -> anyhow::Result<KeyedStore> {
    let around = Surroundings {
        disk: Arc::new(disk.clone()),
        background: Background::inline(),
        budget: Arc::new(Budget::new(1 << 20)),
        tuning: Tuning {
            segment: (1_000, 4_000),
            checkpoint: 3_000,
            ..Tuning::new(Duration::MAX)
        },
        clock: || 0,
        entropy: || STORE_ID,
    };
    KeyedStore::open(around, &identity(), true)
}

fn folder(bytes: &Bytes) -> anyhow::Result<MemoryDisk> {
    let disk = MemoryDisk::default();
    identity::create(&disk, &identity(), || STORE_ID)?;
    let mut segment = segment_header(STORE_ID, 1, 0).to_vec();
    let mut chain = 0;
    for records in &bytes.batches {
        let mut batch = vec![0; BATCH_HEADER];
        batch.extend_from_slice(records);
        // The first byte of the records says how many there shall be.
        let count = records.first().copied().unwrap_or(0);
        chain = seal_batch(STORE_ID, &mut batch, u32::from(count), 1, 0, chain);
        segment.extend_from_slice(&batch);
    }
    segment.extend_from_slice(&bytes.behind);
    disk.create(&segment_name(1))?.write_at(&segment, 0)?;
    if let Some((pages, directory)) = &bytes.checkpoint {
        let mut file = Vec::new();
        for page in pages {
            file.extend_from_slice(&checksum(STORE_ID, page).to_le_bytes());
            file.extend_from_slice(page);
        }
        let mut directory = directory.clone();
        seal(STORE_ID, file.len() as u64, &mut directory);
        file.extend_from_slice(&directory);
        disk.create(&checkpoint_name(1))?.write_at(&file, 0)?;
    }
    Ok(disk)
}

/// Opens a store on the bytes, reads, writes, opens it again. It may be emptied or fail, at any point,
/// but not panic, and what it took it has.
///
/// # Panics
/// A defect of the store.
pub fn exercise(bytes: &Bytes) {
    let Ok(disk) = folder(bytes) else {
        return;
    };
    let Ok(mut store) = open(&disk) else {
        return;
    };
    let key = |n: i64| (n % 7).to_le_bytes().to_vec();
    for n in 0..WINDOWS {
        let value = n.to_le_bytes().to_vec();
        let keys = [key(n), key(n + 3), key(n * 31)];
        let writes: [Write<'_>; 3] = [(&keys[0], Some(&value)), (&keys[1], None), (&keys[2], None)];
        let kept = key(n) != key(n + 3) && key(n) != key(n * 31);
        if store.apply(&writes, n).is_err() {
            break;
        }
        match store.get(&key(n)) {
            Ok(found) => assert_eq!(found.as_deref(), kept.then_some(&value[..])),
            Err(_) => break,
        }
        if n % 5 == 4 {
            drop(store);
            match open(&disk) {
                Ok(again) => store = again,
                Err(_) => return,
            }
            let offset = store.changelog_offset();
            assert!(
                offset == Some(n) || store.usage().wiped,
                "{offset:?} after {n}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_folder_is_exercised_to_the_end() {
        exercise(&Bytes::default());
    }

    proptest! {
        #[test]
        fn chosen_bytes_with_right_checksums_do_no_harm(
            batches in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..4),
            behind in proptest::collection::vec(any::<u8>(), 0..60),
            pages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..3),
            directory in proptest::collection::vec(any::<u8>(), 14_336..14_500),
            with_checkpoint in any::<bool>(),
        ) {
            let checkpoint = with_checkpoint.then_some((pages, directory));
            exercise(&Bytes { batches, behind, checkpoint });
        }
    }
}
