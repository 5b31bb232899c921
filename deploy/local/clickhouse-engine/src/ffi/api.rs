//! The library's functions and structs, as its header gives them.

use std::ffi::{c_char, c_int, c_void};

use super::Params;

pub(super) type RawConnection = *mut c_void;
pub(super) type RawResult = *mut c_void;
pub(super) type RawInsert = *mut c_void;

/// The argument list shared by the calls that take a statement and parameters:
/// connection, statement, format, names, values, count; each text with its length.
pub(super) type WithParams<T> = unsafe extern "C" fn(
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
        pub(super) struct Api { $(pub(super) $field: $kind,)* }

        impl Api {
            /// # Safety
            /// `library` must be chDB 26.x, whose header gives these signatures.
            pub(super) unsafe fn load(library: &libloading::Library) -> Result<Self, libloading::Error> {
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
pub(super) struct RawAnalysis {
    pub(super) struct_size: u32,
    pub(super) statement_count: u32,
    pub(super) flags: u32,
    pub(super) class: u32,
}

/// The parameter lists in the shape the C calls want; borrows from the `Params`.
pub(super) struct RawParams {
    pub(super) names: Vec<*const c_char>,
    pub(super) name_lengths: Vec<usize>,
    pub(super) values: Vec<*const c_char>,
    pub(super) value_lengths: Vec<usize>,
}

impl RawParams {
    pub(super) fn of(params: &Params) -> Self {
        Self {
            names: params.iter().map(|(n, _)| n.as_ptr().cast()).collect(),
            name_lengths: params.iter().map(|(n, _)| n.len()).collect(),
            values: params.iter().map(|(_, v)| v.as_ptr().cast()).collect(),
            value_lengths: params.iter().map(|(_, v)| v.len()).collect(),
        }
    }
}
