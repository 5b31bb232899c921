//! ClickHouse's HTTP interface over `libchdb.so`, for development machines on which
//! no ClickHouse server can be installed.
//!
//! The engine is ClickHouse's own (chDB is ClickHouse as a library); what is written
//! here is only the way to it. One request goes through the modules in this order:
//!
//! - [`server`]: routes, headers, the limit on statements at a time;
//! - [`request`]: what the URL, the headers and form fields ask for;
//! - [`body`], [`frames`]: the body's bytes, decompressed, in constant memory;
//! - [`execute`]: runs the statement on a blocking thread;
//!   - [`statement`], [`lexer`]: where an insert's data begin, which format is named;
//!   - [`admission`]: which statements are let through;
//!   - [`formats`]: how a streamed result's chunks join;
//! - [`reply`]: the way back, and [`failure`]: errors as ClickHouse words them.
//!
//! [`ffi`] is the only module with unsafe code. [`config`], [`cli`] and [`startup`]
//! start the whole.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod admission;
pub mod body;
pub mod cli;
pub mod config;
pub mod execute;
pub mod failure;
pub mod ffi;
pub mod formats;
pub mod frames;
pub mod lexer;
pub mod reply;
pub mod request;
pub mod server;
pub mod startup;
pub mod statement;
