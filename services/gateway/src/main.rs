//! The gateway process.

use serialtrail_runtime::{Service, run_service};
use std::process::ExitCode;

fn main() -> ExitCode {
    run_service(Service::Gateway, serialtrail_gateway::run)
}
