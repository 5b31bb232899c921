//! `serialtrail-sink`: topics into ClickHouse, every row once.

use serialtrail_runtime::app::run_service;
use serialtrail_runtime::config::Service;
use std::process::ExitCode;

fn main() -> ExitCode {
    run_service(Service::Sink, serialtrail_sink::run)
}
