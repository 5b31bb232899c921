//! `serialtrail-forecaster`: demand by local day, and what is expected of it.

use serialtrail_runtime::{Service, run_service};
use std::process::ExitCode;

fn main() -> ExitCode {
    run_service(Service::Forecaster, serialtrail_forecaster::run)
}
