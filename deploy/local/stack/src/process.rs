//! Background processes that outlive the command that started them: start, recognise, stop.
//!
//! A pid alone does not say which process it is: after a crash or a restart of the machine another
//! may have got it. So a pid file also holds the machine's boot and the process's start time, and a
//! file that does not match is stale. Each process also carries a mark in its environment, by which
//! one is found whose pid file was never written.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Environment variable that marks a process as a member: `<folder of the stack>#<name>`.
pub const MARK: &str = "SERIALTRAIL_STACK_MEMBER";

/// A log longer than this is set aside when its process starts, bytes.
const LOG_ROTATE: u64 = 64 << 20;

/// A process and what distinguishes it from every other one that had or will have its pid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id, also of its process group.
    pub pid: i32,
    /// Start time in clock ticks since the boot.
    pub started: u64,
    /// Boot of the machine.
    pub boot: String,
}

impl Identity {
    /// Identity of a process that runs now; `None` when there is none, or only its remains.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self {
            pid,
            started: start_time(&stat)?,
            boot: boot.trim().to_owned(),
        })
    }

    /// Whether this very process still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// Asks the process and its children to end, and ends them after `grace`. Returns when it is gone.
    ///
    /// # Errors
    /// It may not be signalled, or survives even SIGKILL.
    pub fn stop(&self, grace: Duration) -> anyhow::Result<()> {
        if self.is_alive() {
            self.signal(Signal::TERM)?;
            self.wait_gone(grace);
        }
        self.kill()
    }

    /// Ends the process and its children at once (SIGKILL) and returns when it is gone.
    ///
    /// # Errors
    /// It may not be signalled, or does not go away.
    pub fn kill(&self) -> anyhow::Result<()> {
        if self.is_alive() {
            self.signal(Signal::KILL)?;
            if !self.wait_gone(Duration::from_secs(10)) {
                bail!("process {} does not end even after SIGKILL", self.pid);
            }
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = Pid::from_raw(self.pid).context("a pid is above zero")?;
        match kill_process_group(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot signal process {}", self.pid)),
        }
    }

    fn wait_gone(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Reads a pid file; `None` when there is none or it is stale (then it is removed).
    #[must_use]
    pub fn read(file: &Path) -> Option<Self> {
        let text = fs::read_to_string(file).ok()?;
        let identity = serde_json::from_str::<Self>(&text).ok();
        let alive = identity.filter(Self::is_alive);
        if alive.is_none() {
            // A leftover that cannot be removed is found stale again next time.
            let _ = fs::remove_file(file);
        }
        alive
    }

    fn write(&self, file: &Path) -> anyhow::Result<()> {
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_string(self)?)
            .and_then(|()| fs::rename(&new, file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Start time of a process out of its `/proc/<pid>/stat`; `None` when only its remains are there.
fn start_time(stat: &str) -> Option<u64> {
    // The name in parentheses may hold spaces and parentheses: count from the last one.
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    // The state is field 3 of the line, the threads field 20, the start time field 22. A killed process
    // is a zombie at once, but keeps its files and ports until its last other thread is gone.
    let threads: u32 = fields.get(17)?.parse().ok()?;
    if matches!(*fields.first()?, "Z" | "X") && threads <= 1 {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Starts `command` in a process group of its own, its output appended to `log`, and writes `pid_file`.
///
/// # Errors
/// The program cannot be started or the files not written.
pub fn start(
    mut command: Command,
    mark: &str,
    log: &Path,
    pid_file: &Path,
) -> anyhow::Result<Identity> {
    if fs::metadata(log).is_ok_and(|file| file.len() > LOG_ROTATE) {
        fs::rename(log, log.with_extension("log.1"))?;
    }
    let output = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .env(MARK, mark)
        .process_group(0);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let pid = i32::try_from(child.id())?;
    // Before the exit status is collected: until then the remains keep the pid from another process.
    let identity = Identity::of(pid).filter(|started| recognisable(started, mark));
    // Whoever started it and still lives when it ends collects its exit status.
    std::thread::spawn(move || child.wait());
    let identity =
        identity.with_context(|| format!("{program} ended at once; see {}", log.display()))?;
    identity.write(pid_file)?;
    Ok(identity)
}

/// Waits until a process that was just started shows its mark; false when it ended without. One that
/// hides its environment is known by its pid file alone, and waited for five seconds.
///
/// The system lets the starter go on when the new program has taken the process over, which is before
/// the environment can be read: for that moment the process is there and bears no mark.
fn recognisable(started: &Identity, mark: &str) -> bool {
    let wanted = format!("{MARK}={mark}");
    let deadline = Instant::now() + Duration::from_secs(5);
    while started.is_alive() {
        let environment = fs::read(format!("/proc/{}/environ", started.pid)).unwrap_or_default();
        if environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
            || Instant::now() > deadline
        {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Process group of a process; `None` when it is gone.
#[must_use]
pub fn group(pid: i32) -> Option<i32> {
    let group = rustix::process::getpgid(Pid::from_raw(pid)).ok()?;
    Some(group.as_raw_nonzero().get())
}

/// Every process of this user whose mark starts with `prefix`, with the rest of its mark.
#[must_use]
pub fn marked(prefix: &str) -> Vec<(String, Identity)> {
    let wanted = format!("{MARK}={prefix}");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|n| n.parse::<i32>().ok())
        else {
            continue;
        };
        let Ok(environment) = fs::read(entry.path().join("environ")) else {
            continue;
        };
        let rest = environment
            .split(|byte| *byte == 0)
            .find_map(|variable| variable.strip_prefix(wanted.as_bytes()));
        if let (Some(rest), Some(identity)) = (rest, Identity::of(pid)) {
            found.push((String::from_utf8_lossy(rest).into_owned(), identity));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path, mark: &str) -> Identity {
        let mut command = Command::new("sleep");
        command.arg("60");
        start(command, mark, &folder.join("log"), &folder.join("pid")).unwrap()
    }

    #[test]
    fn a_started_process_is_recognised_and_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().to_string_lossy().into_owned();
        let process = sleeper(folder.path(), &format!("{mark}#x"));
        assert_eq!(
            Identity::read(&folder.path().join("pid")),
            Some(process.clone())
        );
        assert_eq!(
            marked(&format!("{mark}#")),
            [("x".to_owned(), process.clone())]
        );
        process.stop(Duration::from_secs(5)).unwrap();
        assert!(!process.is_alive());
        assert_eq!(Identity::read(&folder.path().join("pid")), None);
        assert!(!folder.path().join("pid").exists());
        assert!(marked(&mark).is_empty());
    }

    #[test]
    fn a_pid_that_now_belongs_to_another_process_is_stale_and_never_signalled() {
        let folder = tempfile::tempdir().unwrap();
        let process = sleeper(folder.path(), "another");
        let earlier = Identity {
            started: process.started - 1,
            ..process.clone()
        };
        let file = folder.path().join("earlier");
        earlier.write(&file).unwrap();
        assert_eq!(Identity::read(&file), None);
        earlier.stop(Duration::from_millis(10)).unwrap();
        assert!(process.is_alive());
        process.kill().unwrap();
    }

    #[test]
    fn a_pid_file_of_garbage_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        fs::write(&file, "123\n").unwrap();
        assert_eq!(Identity::read(&file), None);
        assert!(!file.exists());
    }

    #[test]
    fn a_process_that_ignores_sigterm_is_killed_after_the_grace() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "trap '' TERM; echo ready; while :; do sleep 0.05; done",
        ]);
        let log = folder.path().join("log");
        let process = start(command, "stubborn", &log, &folder.path().join("pid")).unwrap();
        while fs::read_to_string(&log).unwrap().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        process.stop(Duration::from_millis(200)).unwrap();
        assert!(!process.is_alive());
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        assert_eq!(start_time(stat), Some(4711));
        assert_eq!(start_time(&stat.replace(") S", ") Z")), None);
    }

    #[test]
    fn a_killed_process_is_alive_until_its_last_thread_is_gone() {
        let stat = "7 (java) Z 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 5 0 4711 1 1";
        assert_eq!(start_time(stat), Some(4711));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let error = start(
            Command::new("/no/such"),
            "m",
            &path.join("l"),
            &path.join("p"),
        );
        assert!(error.unwrap_err().to_string().contains("/no/such"));
    }
}
