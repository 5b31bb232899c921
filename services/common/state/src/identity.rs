//! The file that says what a store belongs to. Without it a store is not opened.

use crate::disk::Disk;
use crate::fault::Fault;
use crate::format::{checksum, u64_at};
use crate::store::StoreIdentity;
use serde::{Deserialize, Serialize};
use std::io;

/// Its name.
pub(crate) const IDENTITY: &str = "identity";
const UNNAMED: &str = "identity.tmp";
/// Of the files of a partition, all together.
const FORMAT: u32 = 1;
/// Longest file that is looked at.
const LONGEST: u64 = 64 << 10;

/// What a store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Birth {
    format: u32,
    pub(crate) identity: StoreIdentity,
    /// Random; seeds every checksum.
    pub(crate) store_id: u64,
    /// Random; seeds the hash of keys.
    pub(crate) hash_seed: u64,
}

/// The store in the folder; `None` where there is none that can be read.
pub(crate) fn read(disk: &dyn Disk) -> Result<Option<Birth>, Fault> {
    let failed = |error| Fault::io(IDENTITY, error);
    let file = match disk.open(IDENTITY) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let length = file.length().map_err(failed)?;
    if !(8..=LONGEST).contains(&length) {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    file.read_at(&mut bytes, 0).map_err(failed)?;
    let intact = u64_at(&bytes, 0) == checksum(0, &bytes[8..]);
    let birth = serde_json::from_slice::<Birth>(&bytes[8..]).ok();
    Ok(birth.filter(|birth| intact && birth.format == FORMAT))
}

/// Empties the folder and makes a new store in it. The old identity goes first and the new one comes
/// last: stopped in between, the folder holds no store.
pub(crate) fn create(
    disk: &dyn Disk,
    identity: &StoreIdentity,
    entropy: impl Fn() -> u64,
) -> Result<Birth, Fault> {
    let failed = |error| Fault::io(IDENTITY, error);
    let names = disk.names().map_err(failed)?;
    if names.iter().any(|name| name == IDENTITY) {
        disk.remove(IDENTITY).map_err(failed)?;
        disk.sync_folder().map_err(failed)?;
    }
    for name in names.iter().filter(|name| *name != IDENTITY) {
        disk.remove(name).map_err(|error| Fault::io(name, error))?;
    }
    let birth = Birth {
        format: FORMAT,
        identity: identity.clone(),
        store_id: entropy(),
        hash_seed: entropy(),
    };
    let json =
        serde_json::to_vec(&birth).map_err(|error| Fault::Refused(format!("identity: {error}")))?;
    let mut bytes = checksum(0, &json).to_le_bytes().to_vec();
    bytes.extend_from_slice(&json);
    let file = disk.create(UNNAMED).map_err(failed)?;
    file.write_at(&bytes, 0).map_err(failed)?;
    file.sync().map_err(failed)?;
    disk.rename(UNNAMED, IDENTITY).map_err(failed)?;
    disk.sync_folder().map_err(failed)?;
    Ok(birth)
}

/// Declares the store in the folder unusable.
pub(crate) fn revoke(disk: &dyn Disk) -> io::Result<()> {
    match disk.remove(IDENTITY) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => disk.sync_folder(),
    }
}
