//! Where a process spends its time, by sampling with `perf` where the machine has it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Samples a second: few enough not to show in the figures.
const HERTZ: &str = "199";
/// Functions named.
const TOP: usize = 25;

/// A process being sampled.
#[derive(Debug)]
pub struct Sampling {
    perf: Child,
    data: PathBuf,
}

impl Sampling {
    /// Begins to sample a process; `None` where there is no `perf` or it may not.
    #[must_use]
    pub fn start(pid: i32, data: PathBuf) -> Option<Self> {
        let mut perf = Command::new("perf")
            .args(["record", "-q", "-F", HERTZ, "-p", &pid.to_string(), "-o"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        std::thread::sleep(std::time::Duration::from_millis(100));
        match perf.try_wait() {
            Ok(None) => Some(Self { perf, data }),
            _ => None,
        }
    }

    /// Ends sampling; the functions with most samples and their share in percent, most first. Empty
    /// where nothing was sampled.
    #[must_use]
    pub fn top(mut self) -> Vec<(String, f64)> {
        // SIGINT is how perf is told to write what it has.
        let pid = self.perf.id().to_string();
        let told = Command::new("kill").args(["-INT", &pid]).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = self.perf.kill();
        }
        let _ = self.perf.wait();
        let report = Command::new("perf")
            .args(["report", "--stdio", "-q", "--no-inline", "--percent-limit"])
            .args(["0.5", "-F", "overhead,sym", "-i"])
            .arg(&self.data)
            .stderr(Stdio::null())
            .output();
        let text = report.map_or_else(|_| String::new(), |out| text(&out.stdout));
        text.lines().filter_map(line).take(TOP).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `    12.34%  [.] name` as name and share.
fn line(line: &str) -> Option<(String, f64)> {
    let (share, name) = line.trim().split_once('%')?;
    let name = name.trim().trim_start_matches("[.]");
    let name = name.trim_start_matches("[k]").trim();
    Some((name.to_owned(), share.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_of_perfs_report_is_a_name_and_a_share() {
        assert_eq!(
            super::line("    12.34%  [.] serialtrail_state::index::find  "),
            Some(("serialtrail_state::index::find".to_owned(), 12.34))
        );
        assert_eq!(
            super::line("     3.00%  [k] clear_page"),
            Some(("clear_page".to_owned(), 3.0))
        );
        assert_eq!(super::line("# Samples: 12"), None);
        assert_eq!(super::line(""), None);
    }
}
