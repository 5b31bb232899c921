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

mod api;
mod streams;

use std::ffi::{CString, c_char, c_int};
use std::path::Path;
use std::ptr::{NonNull, null};
use std::sync::Arc;

use api::{Api, RawAnalysis, RawConnection, RawParams, WithParams};
pub use streams::{Counters, InsertStream, Output, ReadStream};

use crate::failure::Failure;

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
