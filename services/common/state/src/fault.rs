//! What can go wrong with a store's files.

use std::io;

/// Why a store cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Bytes are not what was written: the store must be rebuilt from its changelog.
    #[error("{file}: damaged at byte {offset}: {what}")]
    Damaged {
        /// File name inside the partition's folder.
        file: String,
        /// Where, in bytes.
        offset: u64,
        /// What does not hold.
        what: &'static str,
    },
    /// The operating system refused.
    #[error("{file}: {error}")]
    Io {
        /// File name inside the partition's folder.
        file: String,
        /// Its answer.
        error: io::Error,
    },
    /// A batch that can never be taken.
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    pub(crate) fn damaged(file: &str, offset: u64, what: &'static str) -> Self {
        Self::Damaged {
            file: file.to_owned(),
            offset,
            what,
        }
    }

    /// Of a failed read: a file too short or gone, or a device that cannot read it, is damage.
    pub(crate) fn reading(file: &str, offset: u64, error: io::Error) -> Self {
        const DEVICE_FAILED: i32 = 5; // EIO
        let what = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the file is too short",
            io::ErrorKind::NotFound => "the file is missing",
            _ if error.raw_os_error() == Some(DEVICE_FAILED) => "the device cannot read it",
            _ => return Self::io(file, error),
        };
        Self::damaged(file, offset, what)
    }

    pub(crate) fn io(file: &str, error: io::Error) -> Self {
        Self::Io {
            file: file.to_owned(),
            error,
        }
    }

    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}
