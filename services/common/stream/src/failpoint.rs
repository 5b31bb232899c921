//! A testing aid: lets a test kill the process at the moments that matter.
//!
//! `SERIALTRAIL_FAILPOINT=<name>` and `SERIALTRAIL_FAILPOINT_AT=<n>` (default 1) abort the process, as
//! kill -9 would, when the named moment is reached for the n-th time. With
//! `SERIALTRAIL_FAILPOINT_ACTION=stop` the process is stopped instead (SIGSTOP), until the test lets it
//! go on (SIGCONT): a frozen worker. Without the variable a check is one comparison.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A transaction is open, nothing produced yet.
pub(crate) const AFTER_BEGIN: &str = "after_begin";
/// Everything is produced and offsets are sent; the commit is not.
pub(crate) const BEFORE_COMMIT: &str = "before_commit";
/// The transaction is committed; the local store does not know yet.
pub(crate) const AFTER_COMMIT: &str = "after_commit_before_local";
/// A batch of changelog records has been read back.
pub(crate) const DURING_RESTORE: &str = "during_restore";

static ARMED: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();

/// Ends the process if this is the armed moment.
pub fn hit(name: &str) {
    let armed = ARMED.get_or_init(|| {
        let name = std::env::var("SERIALTRAIL_FAILPOINT").ok()?;
        let at = std::env::var("SERIALTRAIL_FAILPOINT_AT").ok();
        let at = at.and_then(|at| at.parse().ok()).unwrap_or(1);
        Some((name, AtomicU64::new(at)))
    });
    if let Some((armed, left)) = armed
        && armed == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        if std::env::var("SERIALTRAIL_FAILPOINT_ACTION").is_ok_and(|action| action == "stop") {
            eprintln!("fail-point {name}: stopping the process");
            stop();
        } else {
            eprintln!("fail-point {name}: aborting the process");
            std::process::abort();
        }
    }
}

fn stop() {
    let pid = std::process::id().to_string();
    // Without `kill` the test that asked for it fails by itself.
    let _ = std::process::Command::new("kill")
        .args(["-STOP", &pid])
        .status();
}
