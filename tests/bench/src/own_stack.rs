//! A stack for one measurement, started fresh and removed afterwards.

use crate::options::Options;
use anyhow::Context;
use serialtrail_runtime::Clock;
use serialtrail_stack::{Member, Project, Stack, Wish};

/// Runs `measure` on a fresh stack of these members. After a failure its folder stays, with
/// the logs.
///
/// # Errors
/// A part does not start, or `measure` failed.
pub fn with<T>(
    options: &Options,
    name: &str,
    clock: Clock,
    only: Vec<Member>,
    measure: impl FnOnce(&Stack) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = Project::find()?.root.join(".local/bench").join(name);
    Stack::clear(&folder)?;
    let wish = Wish {
        clock: Some(clock),
        port_base: Some(options.port_base),
        instances: Some(1),
        only,
    };
    let (stack, _) = Stack::up(&folder, &wish, &|what| eprintln!("{name}: {what}"))?;
    let measured = measure(&stack);
    stack.down(&|_| {})?;
    let measured = measured
        .with_context(|| format!("{name}: logs are in {}", folder.join("logs").display()))?;
    Stack::clear(&folder)?;
    Ok(measured)
}
