//! The engine's data folder: its lock, and the configuration written into it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A data folder this process has to itself, ready for the engine.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Held while the process lives; the system frees it however the process ends.
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another server runs on it.
    #[error(
        "{0} is in use by another serialtrail-clickhouse-local; stop it, or choose another --data"
    )]
    InUse(PathBuf),
    /// It cannot be made or written: no rights, a full disk, ...
    #[error("cannot write {path}: {error}")]
    Io {
        /// What was written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl DataFolder {
    /// Makes the folder if need be, locks it, and writes the configuration anew.
    ///
    /// # Errors
    /// It is in use or cannot be written.
    pub fn open(path: &Path, memory_limit: u64, users: Option<&Path>) -> Result<Self, FolderError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| FolderError::Io { path, error }
        };
        fs::create_dir_all(path).map_err(failed(path))?;
        let path = path.canonicalize().map_err(failed(path))?;
        let lock_path = path.join("server.lock");
        let mut lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(path)),
            Err(TryLockError::Error(e)) => return Err(failed(&lock_path)(e)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(failed(&lock_path))?;

        let folder = Self { path, _lock: lock };
        let users_path = match users {
            Some(path) => path.canonicalize().map_err(failed(path))?,
            None => {
                let users_path = folder.path.join("users.xml");
                write_whole(&users_path, USERS).map_err(failed(&users_path))?;
                users_path
            }
        };
        let config = config_xml(&users_path, memory_limit);
        write_whole(&folder.config(), &config).map_err(failed(&folder.config()))?;
        let store = folder.store();
        fs::create_dir_all(&store).map_err(failed(&store))?;
        Ok(folder)
    }

    fn config(&self) -> PathBuf {
        self.path.join("config.xml")
    }

    /// Where the engine keeps its tables.
    fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// The arguments the engine is started with. Without its own configuration file
    /// it would pick up a stray one.
    pub fn engine_arguments(&self) -> Vec<String> {
        vec![
            format!("--path={}", self.store().display()),
            format!("--config-file={}", self.config().display()),
            "--implicit_select=0".to_owned(),
            "--allow_introspection_functions=0".to_owned(),
        ]
    }
}

/// Writes and syncs, so that a full disk is found here and not later.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The server's configuration: caches and memory for a developer's machine.
fn config_xml(users: &Path, memory_limit: u64) -> String {
    let users = escape_xml(&users.display().to_string());
    format!(
        "<!-- Written by serialtrail-clickhouse-local at each start; changes are lost. -->
<clickhouse>
    <users_config>{users}</users_config>
    <default_profile>default</default_profile>
    <max_server_memory_usage>{memory_limit}</max_server_memory_usage>
    <mark_cache_size>134217728</mark_cache_size>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <background_pool_size>4</background_pool_size>
    <background_schedule_pool_size>8</background_schedule_pool_size>
</clickhouse>
"
    )
}

/// The one user, with the defaults Serialtrail's tables are made for: inserts are
/// acknowledged when they are written, and a repeated token is dropped in a table's
/// materialised views too.
const USERS: &str = "<!-- Written by serialtrail-clickhouse-local at each start; changes are lost. -->
<clickhouse>
    <profiles>
        <default>
            <async_insert>0</async_insert>
            <insert_deduplicate>1</insert_deduplicate>
            <deduplicate_blocks_in_dependent_materialized_views>1</deduplicate_blocks_in_dependent_materialized_views>
            <implicit_select>0</implicit_select>
        </default>
    </profiles>
    <quotas><default/></quotas>
    <users>
        <default>
            <password></password>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <access_management>1</access_management>
            <named_collection_control>1</named_collection_control>
        </default>
    </users>
</clickhouse>
";

fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataFolder::open(dir.path(), 1 << 30, None).unwrap();
        let second = DataFolder::open(dir.path(), 1 << 30, None).unwrap_err();
        assert!(matches!(second, FolderError::InUse(_)), "{second}");
        drop(first);
        DataFolder::open(dir.path(), 1 << 30, None).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = DataFolder::open(&file.join("data"), 1 << 30, None).unwrap_err();
        assert!(refused.to_string().contains("file/data"), "{refused}");
    }
}
