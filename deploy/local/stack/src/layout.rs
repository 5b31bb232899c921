//! Where a stack keeps its files: everything in one folder, which `clean` removes.

use crate::member::Member;
use anyhow::Context;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Least free space a stack starts with, MB.
const LEAST_FREE_MB: u64 = 1024;

/// The folder of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// A stack in `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings file of all services.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join("serialtrail.toml")
    }

    /// What was asked of `up`: clock, ports, instances.
    #[must_use]
    pub fn shape(&self) -> PathBuf {
        self.root.join("stack.toml")
    }

    /// Local stores of the stages.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Large documents while the gateway captures them.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Data and generated files of one part.
    #[must_use]
    pub fn part(&self, member: Member) -> PathBuf {
        self.root.join(member.name())
    }

    /// Output of a process.
    #[must_use]
    pub fn log(&self, member: Member) -> PathBuf {
        self.root
            .join("logs")
            .join(format!("{}.log", member.name()))
    }

    /// Its pid file.
    #[must_use]
    pub fn pid(&self, member: Member) -> PathBuf {
        self.root
            .join("pids")
            .join(format!("{}.json", member.name()))
    }

    /// What starts the mark of every process of this stack.
    #[must_use]
    pub fn mark_prefix(&self) -> String {
        format!("{}#", self.root.display())
    }

    /// Makes the folders.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn create(&self) -> anyhow::Result<()> {
        let parts = crate::member::PARTS.map(|part| self.part(part));
        let folders = [self.state(), self.root.join("logs"), self.root.join("pids")];
        for folder in parts.into_iter().chain(folders) {
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        Ok(())
    }

    /// Checks that the disk has room.
    ///
    /// # Errors
    /// It has less than a gigabyte.
    pub fn ensure_room(&self) -> anyhow::Result<()> {
        let disk = rustix::fs::statvfs(&self.root)
            .with_context(|| format!("free space of {} cannot be read", self.root.display()))?;
        let free_mb = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
        anyhow::ensure!(
            free_mb >= LEAST_FREE_MB,
            "the disk of {} has {free_mb} MB left and a stack needs {LEAST_FREE_MB}: make room, or \
             name a folder on another disk with --dir",
            self.root.display()
        );
        Ok(())
    }

    /// Waits until no other command starts or stops this stack; held until dropped (or the end of the
    /// process, however it ends).
    ///
    /// # Errors
    /// Another command holds it for more than a minute.
    pub fn lock(&self) -> anyhow::Result<File> {
        let path = self.root.join(".lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => anyhow::bail!(
                    "another command is starting or stopping the stack in {}",
                    self.root.display()
                ),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
    }

    /// The last lines of a process's log, for a message.
    #[must_use]
    pub fn log_tail(&self, member: Member, lines: usize) -> String {
        let text = fs::read(self.log(member)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[text.len().saturating_sub(16_384)..]).into_owned();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_inside_the_one_folder() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("run"));
        layout.create().unwrap();
        for path in [
            layout.settings(),
            layout.state(),
            layout.log(Member::Kafka),
            layout.pid(Member::Kafka),
        ] {
            assert!(path.starts_with(layout.root()));
            assert!(path.parent().unwrap().is_dir());
        }
        layout.ensure_room().unwrap();
    }

    #[test]
    fn a_second_command_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let held = layout.lock().unwrap();
        let other = layout.clone();
        let waiting = std::thread::spawn(move || other.lock().map(|_| ()));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished());
        drop(held);
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn only_the_end_of_a_log_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.create().unwrap();
        assert_eq!(layout.log_tail(Member::Kafka, 2), "");
        fs::write(layout.log(Member::Kafka), "a\nb\nc\n").unwrap();
        assert_eq!(layout.log_tail(Member::Kafka, 2), "b\nc");
    }
}
