//! The engine in `libchdb.so`, behind a safe face: the only module that calls C.
//!
//! Invariants kept here, on which the safety comments rely:
//!
//! 1. The library is never unloaded: its threads run until the process ends, so
//!    the function pointers are valid for `'static`.
//! 2. An [`Engine`] owns one connection from start to drop. Every [`Connection`]
//!    holds the engine by `Arc`, so the last connection to close is always the
//!    engine's own: the engine is booted once and stopped once.
//! 3. A connection runs one statement at a time: streams borrow it mutably.
//! 4. Each handle C gives out is wrapped at once in a type that frees it on drop,
//!    on every path; nothing borrowed from a handle outlives it.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::{NonNull, null};
use std::sync::Arc;

use crate::failure::Failure;

type RawConnection = *mut c_void;
type RawResult = *mut c_void;
type RawInsert = *mut c_void;

/// The argument list shared by the calls that take a statement and parameters:
/// connection, statement, format, names, values, count; each text with its length.
type WithParams<T> = unsafe extern "C" fn(
    RawConnection,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> T;

macro_rules! c_api {
    ($($field:ident => $symbol:literal: $kind:ty,)*) => {
        /// The functions of the library that are used, by their C names.
        struct Api { $($field: $kind,)* }

        impl Api {
            /// # Safety
            /// `library` must be chDB 26.x, whose header gives these signatures.
            unsafe fn load(library: &libloading::Library) -> Result<Self, libloading::Error> {
                // SAFETY: the caller vouches for the signatures; the pointers stay
                // valid because the library is never unloaded (invariant 1).
                Ok(unsafe { Self { $($field: *library.get::<$kind>($symbol)?,)* } })
            }
        }
    };
}

c_api! {
    set_signal_handlers => c"chdb_set_signal_handlers_enabled": unsafe extern "C" fn(c_int),
    connect => c"chdb_connect": unsafe extern "C" fn(c_int, *const *const c_char) -> *mut RawConnection,
    close => c"chdb_close_conn": unsafe extern "C" fn(*mut RawConnection),
    shutdown => c"chdb_shutdown": unsafe extern "C" fn() -> c_int,
    query => c"chdb_query_with_params_n": WithParams<RawResult>,
    stream_query => c"chdb_stream_query_with_params_n": WithParams<RawResult>,
    stream_fetch => c"chdb_stream_fetch_result": unsafe extern "C" fn(RawConnection, RawResult) -> RawResult,
    stream_cancel => c"chdb_stream_cancel_query": unsafe extern "C" fn(RawConnection, RawResult),
    stream_insert => c"chdb_stream_insert_with_params_n": WithParams<RawInsert>,
    insert_append => c"chdb_stream_append": unsafe extern "C" fn(RawInsert, *const c_void, usize) -> c_int,
    insert_done => c"chdb_stream_done": unsafe extern "C" fn(RawInsert) -> RawResult,
    insert_error => c"chdb_stream_insert_error": unsafe extern "C" fn(RawInsert) -> *const c_char,
    insert_destroy => c"chdb_destroy_insert_stream": unsafe extern "C" fn(RawInsert),
    result_error => c"chdb_result_error": unsafe extern "C" fn(RawResult) -> *const c_char,
    result_buffer => c"chdb_result_buffer": unsafe extern "C" fn(RawResult) -> *const u8,
    result_length => c"chdb_result_length": unsafe extern "C" fn(RawResult) -> usize,
    result_rows_read => c"chdb_result_rows_read": unsafe extern "C" fn(RawResult) -> u64,
    result_bytes_read => c"chdb_result_bytes_read": unsafe extern "C" fn(RawResult) -> u64,
    result_rows_written => c"chdb_result_rows_written": unsafe extern "C" fn(RawResult) -> u64,
    result_bytes_written => c"chdb_result_bytes_written": unsafe extern "C" fn(RawResult) -> u64,
    result_destroy => c"chdb_destroy_query_result": unsafe extern "C" fn(RawResult),
    classify => c"chdb_classify_query_n": unsafe extern "C" fn(RawConnection, *const c_char, usize, *const c_char, usize, *mut RawAnalysis) -> c_int,
}

/// `chdb_query_analysis_v1`.
#[repr(C)]
struct RawAnalysis {
    struct_size: u32,
    statement_count: u32,
    flags: u32,
    class: u32,
}

/// What a statement does to state that outlives it, as the engine's parser says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Leaves no trace.
    Read,
    /// Changes a database.
    Mutate,
    /// Changes something beside the databases (functions, access, `system`).
    Global,
    /// Changes the session or the server, or writes outside the engine.
    Control,
    /// Did not parse, or is not classified by this version.
    Unknown,
}

/// A statement's class and how many statements its text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Analysis {
    /// Executable statements in the text; 0 when it did not parse.
    pub statement_count: u32,
    /// The most restricted class among them.
    pub class: Class,
}

/// Query parameters: names and values, the values in ClickHouse's escaped text form.
pub type Params = [(String, Vec<u8>)];

/// The parameter lists in the shape the C calls want; borrows from the `Params`.
struct RawParams {
    names: Vec<*const c_char>,
    name_lengths: Vec<usize>,
    values: Vec<*const c_char>,
    value_lengths: Vec<usize>,
}

impl RawParams {
    fn of(params: &Params) -> Self {
        Self {
            names: params.iter().map(|(n, _)| n.as_ptr().cast()).collect(),
            name_lengths: params.iter().map(|(n, _)| n.len()).collect(),
            values: params.iter().map(|(_, v)| v.as_ptr().cast()).collect(),
            value_lengths: params.iter().map(|(_, v)| v.len()).collect(),
        }
    }
}

/// The running engine: one per process.
pub struct Engine {
    api: &'static Api,
    arguments: Vec<CString>,
    root: NonNull<RawConnection>,
}

// SAFETY: connecting, closing and shutting down are documented as safe from any
// thread; `root` is only read at drop, and no statement ever runs on it.
unsafe impl Send for Engine {}
// SAFETY: as above; `&Engine` only allows `connect`.
unsafe impl Sync for Engine {}

impl Engine {
    /// Loads `library` and boots the engine with `arguments` (`--path=...` and so
    /// on). Must be called once per process, before any other thread needs signals.
    ///
    /// # Errors
    /// The text to show: the library cannot be loaded, lacks a function, or the
    /// engine refused to start (it then wrote its reason to stderr).
    pub fn start(library: &Path, arguments: &[String]) -> Result<Self, String> {
        // SAFETY: loading runs the library's initialisers; the path is the
        // operator's choice and is documented to be chDB's own library.
        let loaded = unsafe { libloading::Library::new(library) }
            .map_err(|e| format!("cannot load {}: {e}", library.display()))?;
        // SAFETY: the signatures above are those of chDB 26.7's header.
        let api = unsafe { Api::load(&loaded) }
            .map_err(|e| format!("{} is not a chDB 26.x library: {e}", library.display()))?;
        std::mem::forget(loaded); // invariant 1
        let api: &'static Api = Box::leak(Box::new(api));

        let arguments: Vec<CString> = std::iter::once("clickhouse".to_owned())
            .chain(arguments.iter().cloned())
            .map(|a| CString::new(a).map_err(|_| "an argument holds a NUL byte".to_owned()))
            .collect::<Result<_, _>>()?;
        // SAFETY: called before the first connect, as the header asks; without it
        // the engine would take SIGTERM and the crash signals.
        unsafe { (api.set_signal_handlers)(0) };
        let root = connect(api, &arguments)
            .ok_or_else(|| "the engine did not start; its reason is above".to_owned())?;
        Ok(Self {
            api,
            arguments,
            root,
        })
    }

    /// Opens a connection with its own settings and current database (0.1 ms).
    ///
    /// # Errors
    /// The engine is stopping or refused.
    pub fn connect(self: &Arc<Self>) -> Result<Connection, Failure> {
        let raw = connect(self.api, &self.arguments)
            .ok_or_else(|| Failure::from_engine("the engine refused a connection"))?;
        Ok(Connection {
            engine: Arc::clone(self),
            raw,
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: every `Connection` held an `Arc` of this engine, so none is open;
        // `root` came from `chdb_connect` and is closed exactly once.
        unsafe {
            (self.api.close)(self.root.as_ptr());
            (self.api.shutdown)();
        }
    }
}

fn connect(api: &Api, arguments: &[CString]) -> Option<NonNull<RawConnection>> {
    let pointers: Vec<*const c_char> = arguments.iter().map(|a| a.as_ptr()).collect();
    let count = c_int::try_from(pointers.len()).ok()?;
    // SAFETY: `pointers` holds `count` NUL-terminated strings that live past the call.
    NonNull::new(unsafe { (api.connect)(count, pointers.as_ptr()) })
}

/// One connection; runs one statement at a time, on the thread that opened it.
pub struct Connection {
    engine: Arc<Engine>,
    raw: NonNull<RawConnection>,
}

impl Connection {
    fn handle(&self) -> RawConnection {
        // SAFETY: `raw` points at the live connection's handle until drop.
        unsafe { *self.raw.as_ptr() }
    }

    fn call<T>(&self, f: WithParams<T>, sql: &[u8], format: &str, params: &Params) -> T {
        let raw = RawParams::of(params);
        // SAFETY: each pointer goes with its length, all borrowed data lives past
        // the call, which copies what it keeps; the handle is live.
        unsafe {
            f(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                raw.names.as_ptr(),
                raw.name_lengths.as_ptr(),
                raw.values.as_ptr(),
                raw.value_lengths.as_ptr(),
                params.len(),
            )
        }
    }

    /// Runs a statement to its end and gives its whole output.
    ///
    /// # Errors
    /// What the engine reports.
    pub fn query(&mut self, sql: &[u8], format: &str, params: &Params) -> Result<Output, Failure> {
        Output::checked(
            self.engine.api,
            self.call(self.engine.api.query, sql, format, params),
        )
    }

    /// Starts a `SELECT` whose output is fetched in chunks.
    ///
    /// # Errors
    /// What the engine reports before the first chunk.
    pub fn stream(
        &mut self,
        sql: &[u8],
        format: &str,
        params: &Params,
    ) -> Result<ReadStream<'_>, Failure> {
        let api = self.engine.api;
        let handle = Output::checked(api, self.call(api.stream_query, sql, format, params))?;
        Ok(ReadStream {
            connection: self,
            handle,
            finished: false,
        })
    }

    /// Starts an insert: `sql` ends before `FORMAT` or `VALUES`, `format` is that of
    /// the data to append.
    ///
    /// # Errors
    /// What the engine reports before any data.
    pub fn insert(
        &mut self,
        sql: &[u8],
        format: &str,
        params: &Params,
    ) -> Result<InsertStream<'_>, Failure> {
        let api = self.engine.api;
        let raw = NonNull::new(self.call(api.stream_insert, sql, format, params))
            .ok_or_else(|| Failure::from_engine("the engine opened no insert stream"))?;
        let stream = InsertStream {
            _connection: self,
            api,
            raw,
        };
        match stream.error() {
            Some(failure) => Err(failure),
            None => Ok(stream),
        }
    }

    /// What a text would do, without running it.
    pub fn classify(&mut self, sql: &[u8]) -> Analysis {
        let mut raw = RawAnalysis {
            struct_size: 16,
            statement_count: 0,
            flags: 0,
            class: 4,
        };
        // SAFETY: `raw` is the v1 struct with its size set; a NULL database with
        // length 0 is allowed; `sql` lives past the call.
        let state = unsafe {
            (self.engine.api.classify)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                null(),
                0,
                &raw mut raw,
            )
        };
        let class = match (state, raw.class) {
            (0, 0) => Class::Read,
            (0, 1) => Class::Mutate,
            (0, 2) => Class::Global,
            (0, 3) => Class::Control,
            _ => Class::Unknown,
        };
        Analysis {
            statement_count: raw.statement_count,
            class,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: opened by `chdb_connect`, closed once; streams on it borrow `self`
        // and are gone.
        unsafe { (self.engine.api.close)(self.raw.as_ptr()) };
    }
}

/// A result held by the engine: its bytes and counters.
pub struct Output {
    api: &'static Api,
    raw: NonNull<c_void>,
}

impl Output {
    fn checked(api: &'static Api, raw: RawResult) -> Result<Self, Failure> {
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
    connection: &'c mut Connection,
    handle: Output,
    finished: bool,
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
    _connection: &'c mut Connection,
    api: &'static Api,
    raw: NonNull<c_void>,
}

impl InsertStream<'_> {
    fn error(&self) -> Option<Failure> {
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
