//! What this process takes.

use rustix::time::{ClockId, clock_gettime};

/// CPU-seconds used so far, user and system.
pub(crate) fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// Peak resident memory, MiB.
pub(crate) fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Bytes of all files below a folder.
pub(crate) fn disk_bytes(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let entries = entries.flatten().map(|entry| entry.path());
    entries
        .map(|path| match path.metadata() {
            Ok(found) if found.is_file() => found.len(),
            _ => disk_bytes(&path),
        })
        .sum()
}
