//! This build's schema of a record.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::avro::{Schema, SchemaError};

/// The schema a record of this build is written with, parsed once a process.
#[derive(Debug)]
pub struct Own {
    place: Option<usize>,
    schema: Result<Schema, SchemaError>,
    expected: AtomicUsize,
}

impl Own {
    /// The schema of the record of that name.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self {
            place: place_of(name),
            schema: Schema::parse(text),
            expected: AtomicUsize::new(256),
        }
    }

    /// Its place in [`crate::schemas::ALL`].
    pub(crate) fn place(&self) -> Option<usize> {
        self.place
    }

    /// The schema.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn schema(&self) -> Result<&Schema, SchemaError> {
        self.schema.as_ref().map_err(Clone::clone)
    }

    /// Bytes to set aside for the next record: what the last one took and a little more, 64 KiB at most.
    pub(crate) fn expected(&self) -> usize {
        self.expected.load(Ordering::Relaxed)
    }

    /// A record took so many bytes.
    pub(crate) fn was(&self, bytes: usize) {
        let next = (bytes + bytes / 8).clamp(64, 64 * 1024);
        self.expected.store(next, Ordering::Relaxed);
    }
}

/// The place of a record of that full name in [`crate::schemas::ALL`].
pub(crate) fn place_of(name: &str) -> Option<usize> {
    crate::schemas::ALL
        .iter()
        .position(|(known, _)| *known == name)
}
