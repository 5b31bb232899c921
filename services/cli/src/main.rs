//! The `serialtrail` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    serialtrail_cli::run()
}
