//! CPU time of a process, from /proc.

/// Clock ticks a second: USER_HZ is 100 on every Linux this runs on.
const TICKS: f64 = 100.0;

/// CPU-seconds a process has used (user and system), to 10 ms; `None` when it is gone.
#[must_use]
pub fn seconds(pid: i32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything: fields are counted from behind it.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS)
}

/// CPU-seconds this process has used; 0 where there is no /proc.
#[must_use]
pub fn own() -> f64 {
    i32::try_from(std::process::id())
        .ok()
        .and_then(seconds)
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_used_cpu() {
        let mut sum = 0u64;
        for i in 0..30_000_000u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(i));
        }
        assert!(super::own() > 0.0, "{sum}");
        assert!(super::seconds(-1).is_none());
    }
}
