//! The query process.

use serialtrail_runtime::{Service, run_service};
use std::process::ExitCode;

fn main() -> ExitCode {
    run_service(Service::Query, serialtrail_query::run)
}
