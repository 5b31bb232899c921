//! What a statement gives out (whole or in chunks) and takes in.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::NonNull;

use super::Connection;
use super::api::{Api, RawResult};
use crate::failure::Failure;

/// A result held by the engine: its bytes and counters.
pub struct Output {
    api: &'static Api,
    raw: NonNull<c_void>,
}

impl Output {
    pub(super) fn checked(api: &'static Api, raw: RawResult) -> Result<Self, Failure> {
        let raw =
            NonNull::new(raw).ok_or_else(|| Failure::from_engine("the engine gave no result"))?;
        let output = Self { api, raw };
        // SAFETY: the handle is live.
        match unsafe { text((api.result_error)(output.raw.as_ptr())) } {
            Some(error) => Err(Failure::from_engine(&error)),
            None => Ok(output),
        }
    }

    /// The formatted output.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the buffer belongs to the live handle, has this length, and is
        // not changed while the handle is borrowed.
        unsafe {
            let length = (self.api.result_length)(self.raw.as_ptr());
            let buffer = (self.api.result_buffer)(self.raw.as_ptr());
            if length == 0 || buffer.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(buffer, length)
        }
    }

    /// The counters for the `X-ClickHouse-Summary` header.
    pub fn counters(&self) -> Counters {
        let raw = self.raw.as_ptr();
        // SAFETY: the handle is live.
        unsafe {
            Counters {
                read_rows: (self.api.result_rows_read)(raw),
                read_bytes: (self.api.result_bytes_read)(raw),
                written_rows: (self.api.result_rows_written)(raw),
                written_bytes: (self.api.result_bytes_written)(raw),
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: the handle is live and destroyed once.
        unsafe { (self.api.result_destroy)(self.raw.as_ptr()) };
    }
}

/// Rows and bytes a statement read and wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Rows of the result (the engine counts what it gave out).
    pub read_rows: u64,
    /// Bytes of the result in the engine's memory.
    pub read_bytes: u64,
    /// Rows written, those of materialised views included.
    pub written_rows: u64,
    /// Bytes written, those of materialised views included.
    pub written_bytes: u64,
}

/// A running `SELECT`.
pub struct ReadStream<'c> {
    pub(super) connection: &'c mut Connection,
    pub(super) handle: Output,
    pub(super) finished: bool,
}

impl ReadStream<'_> {
    /// The next chunk; `None` at the end. May take as long as the query does.
    ///
    /// # Errors
    /// What the engine reports, at whatever row it happens.
    pub fn fetch(&mut self) -> Result<Option<Output>, Failure> {
        let api = self.handle.api;
        // SAFETY: both handles are live; `&mut self` serialises the calls.
        let raw = unsafe { (api.stream_fetch)(self.connection.handle(), self.handle.raw.as_ptr()) };
        let chunk = Output::checked(api, raw)?;
        if chunk.bytes().is_empty() {
            self.finished = true;
            return Ok(None);
        }
        Ok(Some(chunk))
    }
}

impl Drop for ReadStream<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let (connection, handle) = (self.connection.handle(), self.handle.raw.as_ptr());
            // SAFETY: both handles are live; the result itself is freed afterwards.
            unsafe { (self.handle.api.stream_cancel)(connection, handle) };
        }
    }
}

/// A running insert. Dropped before [`InsertStream::done`] it is cancelled; blocks
/// already flushed stay (ClickHouse has no rollback).
pub struct InsertStream<'c> {
    pub(super) _connection: &'c mut Connection,
    pub(super) api: &'static Api,
    pub(super) raw: NonNull<c_void>,
}

impl InsertStream<'_> {
    pub(super) fn error(&self) -> Option<Failure> {
        // SAFETY: the handle is live.
        unsafe { text((self.api.insert_error)(self.raw.as_ptr())) }
            .map(|error| Failure::from_engine(&error))
    }

    /// Appends bytes in the stream's format; blocks while the engine is behind.
    ///
    /// # Errors
    /// The statement has failed.
    pub fn append(&mut self, data: &[u8]) -> Result<(), Failure> {
        // SAFETY: the handle is live; the call copies `data`.
        let state = unsafe {
            (self.api.insert_append)(self.raw.as_ptr(), data.as_ptr().cast(), data.len())
        };
        if state == 0 {
            return Ok(());
        }
        Err(self
            .error()
            .unwrap_or_else(|| Failure::from_engine("the insert stopped taking data")))
    }

    /// Ends the data and commits; gives the counters.
    ///
    /// # Errors
    /// What the engine reports: a row it could not read, a full disk, ...
    pub fn done(self) -> Result<Counters, Failure> {
        // SAFETY: the handle is live; `self` is dropped (destroyed) afterwards.
        let raw = unsafe { (self.api.insert_done)(self.raw.as_ptr()) };
        Output::checked(self.api, raw).map(|output| output.counters())
    }
}

impl Drop for InsertStream<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is live and destroyed once; this cancels what is not done.
        unsafe { (self.api.insert_destroy)(self.raw.as_ptr()) };
    }
}

/// A C error text, if there is one.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string that lives through the call.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: checked for NULL; the caller vouches for the rest.
    let text = unsafe { CStr::from_ptr(pointer) }
        .to_string_lossy()
        .into_owned();
    (!text.is_empty()).then_some(text)
}
