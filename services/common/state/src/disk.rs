//! The few file operations a store needs, so that tests can stop the world at each of them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One flat folder.
pub trait Disk: Send + Sync + std::fmt::Debug {
    /// Names of all files, in no order.
    ///
    /// # Errors
    /// The folder cannot be read.
    fn names(&self) -> io::Result<Vec<String>>;
    /// A new, empty file; one of that name is emptied.
    ///
    /// # Errors
    /// It cannot be made.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// An existing file, for reading and writing.
    ///
    /// # Errors
    /// It is missing or may not be opened.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name, atomically replacing one of that name.
    ///
    /// # Errors
    /// It is missing, or the folder cannot be written.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file; open handles go on reading it.
    ///
    /// # Errors
    /// It is missing, or the folder cannot be written.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Names and removals so far survive a power loss.
    ///
    /// # Errors
    /// The device failed.
    fn sync_folder(&self) -> io::Result<()>;
}

/// One open file.
pub trait DiskFile: Send + Sync + std::fmt::Debug {
    /// Its length in bytes.
    ///
    /// # Errors
    /// The device failed.
    fn length(&self) -> io::Result<u64>;
    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` where the file is too short; the device failed.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`; after an error any part of them may be there.
    ///
    /// # Errors
    /// The device is full or failed.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file to `length`.
    ///
    /// # Errors
    /// The device failed.
    fn cut(&self, length: u64) -> io::Result<()>;
    /// What was written so far survives a power loss.
    ///
    /// # Errors
    /// The device failed.
    fn sync(&self) -> io::Result<()>;
    /// From now on it is read at random places: what lies around them need not be read too. Advice.
    fn read_at_random(&self) {}
}

/// A folder of the file system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder `path`, made where it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

impl Disk for Folder {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Arc::new(options.open(self.path.join(name))?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        Ok(Arc::new(options.open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn read_at_random(&self) {
        // Without it the system reads 16 KiB for each record; a system that refuses still does.
        let _ = rustix::fs::fadvise(self, 0, None, rustix::fs::Advice::Random);
    }
}
