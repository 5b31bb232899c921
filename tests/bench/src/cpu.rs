//! CPU time of processes, from /proc.

use std::collections::BTreeMap;

pub use serialtrail_bench_codecs::cpu::seconds;
use serialtrail_stack::{Member, Stack};

/// Peak resident memory of a process, MiB.
#[must_use]
pub fn peak_mib(pid: i32) -> Option<f64> {
    memory(pid, "VmHWM:")
}

/// Resident memory of a process now, MiB.
#[must_use]
pub fn resident_mib(pid: i32) -> Option<f64> {
    memory(pid, "VmRSS:")
}

fn memory(pid: i32, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with(field))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// CPU-seconds used so far by each member of a stack.
#[must_use]
pub fn of_stack(stack: &Stack) -> BTreeMap<String, f64> {
    members(stack)
        .filter_map(|(name, pid)| Some((name, seconds(pid)?)))
        .collect()
}

/// CPU-seconds each member of a stack used since `before`.
#[must_use]
pub fn since(stack: &Stack, before: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    of_stack(stack)
        .into_iter()
        .map(|(name, now)| {
            let then = before.get(&name).copied().unwrap_or(0.0);
            (name, now - then)
        })
        .collect()
}

/// Peak resident memory of each member of a stack, MiB.
#[must_use]
pub fn memory_of_stack(stack: &Stack) -> BTreeMap<String, f64> {
    members(stack)
        .filter_map(|(name, pid)| Some((name, peak_mib(pid)?)))
        .collect()
}

/// Resident memory of each member of a stack now, MiB.
#[must_use]
pub fn resident_of_stack(stack: &Stack) -> BTreeMap<String, f64> {
    members(stack)
        .filter_map(|(name, pid)| Some((name, resident_mib(pid)?)))
        .collect()
}

fn members(stack: &Stack) -> impl Iterator<Item = (String, i32)> {
    stack
        .running()
        .into_iter()
        .filter_map(|m: Member| Some((m.name(), stack.identity(m)?.pid)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_used_cpu_and_memory() {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        let mut sum = 0u64;
        for i in 0..30_000_000u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(i));
        }
        assert!(super::seconds(pid).is_some_and(|s| s > 0.0), "{sum}");
        assert!(super::peak_mib(pid).is_some_and(|m| m > 1.0));
        assert!(super::seconds(-1).is_none());
    }
}
