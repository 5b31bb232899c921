//! Structured logs to standard error.
//!
//! `RUST_LOG` chooses what is logged (default: `info` of our own code, warnings of libraries);
//! `SERIALTRAIL_LOG_FORMAT=json` writes one JSON object a line, anything else the readable form.

use tracing_subscriber::EnvFilter;

/// Libraries of which only warnings are logged without `RUST_LOG`.
const QUIET: &str = "librdkafka=warn,rdkafka=warn,hyper=warn";

/// Starts logging for the process. A second call does nothing, so tests may call it freely.
pub fn init() {
    init_at("info");
}

/// As [`init`], with another default level (a command line tool logs less than a service).
pub fn init_at(level: &str) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},{QUIET}")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let json = std::env::var("SERIALTRAIL_LOG_FORMAT").is_ok_and(|format| format == "json");
    // An error only says that a subscriber is already installed.
    let _ = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(false).try_init()
    };
}
