//! A testing aid: lets a test kill the process at the moments that matter.
//!
//! `SERIALTRAIL_FAILPOINT=<name>` and `SERIALTRAIL_FAILPOINT_AT=<n>` (default 1) act when the named
//! moment is reached for the n-th time. `SERIALTRAIL_FAILPOINT_ACTION` is `abort` (the default: ends the
//! process as kill -9 would), `stop` (SIGSTOP, until the test sends SIGCONT: a frozen worker), `lose`
//! (the answer to the commit never came) or `refuse` (the broker refused the commit). Without the first
//! variable a check is one comparison.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A transaction is open, nothing produced yet.
pub(crate) const AFTER_BEGIN: &str = "after_begin";
/// Everything is produced and offsets are sent; the commit is not.
pub(crate) const BEFORE_COMMIT: &str = "before_commit";
/// The transaction is committed; the local store does not know yet.
pub(crate) const AFTER_COMMIT: &str = "after_commit_before_local";
/// A batch of changelog records has been read back.
pub(crate) const DURING_RESTORE: &str = "during_restore";

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

struct Armed {
    name: String,
    left: AtomicU64,
    action: String,
}

/// What the code at a moment is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Go on: the moment is not armed, or the process was only stopped for a while.
    GoOn,
    /// Behave as if the broker's answer had been lost.
    LoseAnswer,
    /// Behave as if the broker had refused.
    Refuse,
}

/// A moment of another crate, where only `abort` and `stop` have a meaning.
pub fn reached(name: &str) {
    hit(name);
}

/// Does what is asked for if this is the armed moment.
pub(crate) fn hit(name: &str) -> Then {
    let Some(armed) = ARMED.get_or_init(armed) else {
        return Then::GoOn;
    };
    if armed.name != name || armed.left.fetch_sub(1, Ordering::Relaxed) != 1 {
        return Then::GoOn;
    }
    eprintln!("fail-point {name}: {}", armed.action);
    match armed.action.as_str() {
        "stop" => {
            stop();
            Then::GoOn
        }
        "lose" => Then::LoseAnswer,
        "refuse" => Then::Refuse,
        _ => std::process::abort(),
    }
}

fn armed() -> Option<Armed> {
    let name = std::env::var("SERIALTRAIL_FAILPOINT").ok()?;
    let at = std::env::var("SERIALTRAIL_FAILPOINT_AT").ok();
    let at = at.and_then(|at| at.parse().ok()).unwrap_or(1);
    Some(Armed {
        name,
        left: AtomicU64::new(at),
        action: std::env::var("SERIALTRAIL_FAILPOINT_ACTION").unwrap_or_else(|_| "abort".into()),
    })
}

fn stop() {
    let pid = std::process::id().to_string();
    // Without `kill` the test that asked for it fails by itself.
    let _ = std::process::Command::new("kill")
        .args(["-STOP", &pid])
        .status();
    // The signal stops the process once the thread it was given to runs: on a busy machine this one is
    // faster.
    std::thread::sleep(Duration::from_secs(2));
}
