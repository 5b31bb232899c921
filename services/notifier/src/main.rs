//! `serialtrail-notifier`: alerts to Alertmanager and webhooks.

use serialtrail_runtime::{Service, run_service};
use std::process::ExitCode;

fn main() -> ExitCode {
    run_service(Service::Notifier, serialtrail_notifier::run)
}
