//! Starting, finding and stopping a stack.
//!
//! What always holds: a pid file names a process of this stack or is stale; a process of this stack
//! carries its mark, so one without a pid file (its starter was killed) is found and ended too; two
//! commands never start or stop the same stack at once.

use crate::config;
use crate::launch::{self, Launch};
use crate::layout::Layout;
use crate::member::Member;
use crate::monitor;
use crate::ports::Ports;
use crate::prepare;
use crate::process::{self, Identity};
use crate::project::Project;
use crate::ready;
use crate::shape::{Shape, Wish, decide, read_shape};
use anyhow::{Context, bail};
use serialtrail_runtime::Settings;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest time a member may take until it is ready: it takes 12 s, and a busy machine many times that.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
/// Time a member gets to drain after SIGTERM; services allow themselves 30 s.
const GRACE: Duration = Duration::from_secs(35);

/// Told in one line what is being done.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// A stack in its folder, running or not.
#[derive(Debug, Clone)]
pub struct Stack {
    project: Project,
    layout: Layout,
    ports: Ports,
    shape: Shape,
}

impl Stack {
    /// The stack of a folder that `up` made.
    ///
    /// # Errors
    /// There is none, or its file is damaged.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let layout = Layout::new(absolute(folder)?);
        let shape = read_shape(&layout)?.with_context(|| {
            format!(
                "there is no stack in {}: start one with `serialtrail up`",
                folder.display()
            )
        })?;
        Self::of(layout, shape)
    }

    fn of(layout: Layout, shape: Shape) -> anyhow::Result<Self> {
        Ok(Self {
            project: Project::find()?,
            ports: Ports::from_base(shape.port_base)?,
            layout,
            shape,
        })
    }

    /// Starts what is not running yet and returns when all of it is ready; the second value names what
    /// was started now. What fails to start takes with it what this call started.
    ///
    /// # Errors
    /// Another clock than the data's, a taken port, a full disk, a missing part, or a member that does
    /// not become ready (with the end of its log).
    pub fn up(
        folder: &Path,
        wish: &Wish,
        progress: Progress<'_>,
    ) -> anyhow::Result<(Self, Vec<Member>)> {
        let layout = Layout::new(absolute(folder)?);
        layout.create()?;
        let _lock = layout.lock()?;
        let before = read_shape(&layout)?;
        let shape = decide(before, wish)?;
        let stack = Self::of(layout, shape)?;
        stack.end_strays()?;
        if let Some(before) = before
            && before.port_base != shape.port_base
            && !stack.running().is_empty()
        {
            bail!(
                "the stack in {} is running on ports from {}: run `serialtrail down` first",
                folder.display(),
                before.port_base
            );
        }
        let mut wanted = Member::of_stack(shape.instances);
        if !wish.only.is_empty() {
            wanted = wish.only.clone();
        }
        wanted.retain(|member| stack.identity(*member).is_none());
        if !wanted.is_empty() {
            stack.layout.ensure_room()?;
            stack.project.install_parts()?;
            // Asked for by name, a missing one is an error; else the stack goes on without it.
            if wish.only.is_empty() {
                wanted.retain(|member| stack.is_available(*member));
            }
        }
        if !wanted.is_empty() {
            stack.start_all(&wanted, progress)?;
        }
        Ok((stack, wanted))
    }

    fn start_all(&self, members: &[Member], progress: Progress<'_>) -> anyhow::Result<()> {
        self.ports.ensure_free(members)?;
        config::write(&self.layout.shape(), &toml::to_string(&self.shape)?)?;
        let settings = self.settings();
        config::write(&self.layout.settings(), &config::settings_text(&settings)?)?;
        let mut watched = Member::of_stack(self.shape.instances);
        watched.retain(|member| self.is_available(*member));
        watched.extend(
            members
                .iter()
                .filter(|m| !watched.contains(m))
                .collect::<Vec<_>>(),
        );
        monitor::write_targets(&self.layout, self.ports, &watched)?;
        let started = self
            .start_parts(members, &settings, progress)
            .and_then(|()| {
                let services = members.iter().filter(|member| !is_part(**member));
                let services: Vec<Member> = services.copied().collect();
                for member in &services {
                    self.start(*member, &[])?;
                }
                for member in &services {
                    progress(&format!("waiting for {}", member.name()));
                    self.wait_ready(*member, READY_TIMEOUT)?;
                }
                Ok(())
            });
        if started.is_err() {
            progress("stopping what was started");
            self.stop_members(members)?;
        }
        started
    }

    /// Starts parts beside each other; each prepares what belongs to it as soon as it answers.
    fn start_parts(
        &self,
        members: &[Member],
        settings: &Settings,
        progress: Progress<'_>,
    ) -> anyhow::Result<()> {
        let parts: Vec<Member> = members.iter().copied().filter(|m| is_part(*m)).collect();
        if parts.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = parts.iter().map(|part| part.name()).collect();
        progress(&format!("starting {}", names.join(", ")));
        std::thread::scope(|scope| {
            let starting: Vec<_> = parts
                .iter()
                .map(|part| {
                    scope.spawn(move || {
                        self.start(*part, &[])?;
                        self.wait_ready(*part, READY_TIMEOUT)?;
                        progress(&format!("{} answers", part.name()));
                        prepare::prepare(*part, settings, progress)
                    })
                })
                .collect();
            for thread in starting {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("starting a part panicked")))?;
            }
            Ok(())
        })
    }

    /// Starts one member that does not run, with further environment variables for it. Does not wait.
    ///
    /// # Errors
    /// It runs already, its port is taken, or its program is missing.
    pub fn start(&self, member: Member, environment: &[(&str, &str)]) -> anyhow::Result<()> {
        let name = member.name();
        if let Some(running) = self.identity(member) {
            bail!("{name} is already running (pid {})", running.pid);
        }
        self.ports.ensure_free(&[member])?;
        let launch = Launch {
            project: &self.project,
            layout: &self.layout,
            ports: self.ports,
        };
        let mut command = launch.command(member)?;
        command.envs(environment.iter().copied());
        let mark = format!("{}{name}", self.layout.mark_prefix());
        process::start(
            command,
            &mark,
            &self.layout.log(member),
            &self.layout.pid(member),
        )?;
        Ok(())
    }

    /// Waits until a member is ready.
    ///
    /// # Errors
    /// It ended, or is not ready in time; with the end of its log.
    pub fn wait_ready(&self, member: Member, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let problem = match ready::check(member, self.address(member)) {
                Ok(()) if self.identity(member).is_some() => return Ok(()),
                Ok(()) => "another process answers in its place".to_owned(),
                Err(problem) => problem,
            };
            let ended = self.identity(member).is_none();
            if ended || Instant::now() > deadline {
                let what = if ended { "ended" } else { "is not ready" };
                bail!(
                    "{} {what} ({problem}); the end of {}:\n{}",
                    member.name(),
                    self.layout.log(member).display(),
                    self.layout.log_tail(member, 15)
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops one member: SIGTERM, and SIGKILL after 35 s.
    ///
    /// # Errors
    /// It may not be signalled.
    pub fn stop(&self, member: Member) -> anyhow::Result<()> {
        if let Some(identity) = self.identity(member) {
            identity
                .stop(GRACE)
                .with_context(|| format!("stopping {}", member.name()))?;
        }
        let _ = std::fs::remove_file(self.layout.pid(member));
        Ok(())
    }

    /// Kills one member (SIGKILL). Whether there was something to kill.
    ///
    /// # Errors
    /// It may not be signalled.
    pub fn kill(&self, member: Member) -> anyhow::Result<bool> {
        let identity = self.identity(member);
        if let Some(identity) = &identity {
            identity.kill()?;
            let _ = std::fs::remove_file(self.layout.pid(member));
        }
        Ok(identity.is_some())
    }

    /// Stops everything that runs, services before parts, Kafka last; names what was stopped.
    ///
    /// # Errors
    /// A process may not be signalled.
    pub fn down(&self, progress: Progress<'_>) -> anyhow::Result<Vec<Member>> {
        let _lock = self.layout.lock()?;
        self.end_strays()?;
        let running = self.running();
        if !running.is_empty() {
            progress(&format!("stopping {} processes", running.len()));
        }
        self.stop_members(&running)?;
        Ok(running)
    }

    /// Services drain beside each other, then the parts they need end.
    fn stop_members(&self, members: &[Member]) -> anyhow::Result<()> {
        let (parts, services): (Vec<Member>, Vec<Member>) =
            members.iter().partition(|member| is_part(**member));
        let (kafka, other): (Vec<Member>, Vec<Member>) =
            parts.iter().partition(|part| **part == Member::Kafka);
        for group in [services, other, kafka] {
            std::thread::scope(|scope| {
                let stopping: Vec<_> = group
                    .iter()
                    .rev()
                    .map(|member| scope.spawn(|| self.stop(*member)))
                    .collect();
                for thread in stopping {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err(anyhow::anyhow!("stopping panicked")))?;
                }
                anyhow::Ok(())
            })?;
        }
        Ok(())
    }

    /// Ends processes of this stack that no pid file names: their starter was killed.
    fn end_strays(&self) -> anyhow::Result<()> {
        for (name, stray) in process::marked(&self.layout.mark_prefix()) {
            let known = Member::named(&name).and_then(|member| self.identity(member));
            // A child of a member carries its mark too, and is of its process group.
            let of_known = known.is_some_and(|known| process::group(stray.pid) == Some(known.pid));
            if !of_known {
                tracing::warn!(
                    name,
                    pid = stray.pid,
                    "ending a process left by an earlier start"
                );
                stray.kill()?;
            }
        }
        Ok(())
    }

    /// Ends every process of the stack in `folder` and removes the folder, whatever state its files are
    /// in. Whether there was one.
    ///
    /// # Errors
    /// A process may not be signalled, or the folder cannot be removed.
    pub fn clear(folder: &Path) -> anyhow::Result<bool> {
        let layout = Layout::new(absolute(folder)?);
        for (_, process) in process::marked(&layout.mark_prefix()) {
            process.kill()?;
        }
        // Only what `up` made is removed: the folder may have been named by mistake.
        if !layout.shape().is_file() {
            return Ok(false);
        }
        std::fs::remove_dir_all(layout.root())
            .with_context(|| format!("cannot remove {}", layout.root().display()))?;
        Ok(true)
    }

    /// The process of a member; `None` when it does not run.
    #[must_use]
    pub fn identity(&self, member: Member) -> Option<Identity> {
        Identity::read(&self.layout.pid(member))
    }

    /// Members that run.
    #[must_use]
    pub fn running(&self) -> Vec<Member> {
        Member::all()
            .filter(|member| self.identity(*member).is_some())
            .collect()
    }

    /// Where a member is reached.
    #[must_use]
    pub fn address(&self, member: Member) -> std::net::SocketAddr {
        self.ports.of(member)
    }

    /// Whether a member can be started on this machine; only of an optional one it may not.
    #[must_use]
    pub fn is_available(&self, member: Member) -> bool {
        launch::is_available(&self.project, member)
    }

    /// What it was started as.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Its folder.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Settings of all its services.
    #[must_use]
    pub fn settings(&self) -> Settings {
        config::settings(&self.project, &self.layout, self.ports, self.shape)
    }
}

const fn is_part(member: Member) -> bool {
    !matches!(member, Member::Service { .. })
}

fn absolute(folder: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(folder)
        .with_context(|| format!("{} is not a usable path", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_stack_says_how_to_start_one() {
        let folder = tempfile::tempdir().unwrap();
        let message = Stack::open(folder.path()).unwrap_err().to_string();
        assert!(message.contains("serialtrail up"), "{message}");
    }

    #[test]
    fn a_stack_whose_files_are_damaged_is_cleared_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("run"));
        layout.create().unwrap();
        assert!(!Stack::clear(layout.root()).unwrap());
        assert!(layout.root().is_dir(), "`up` did not make it");
        std::fs::write(layout.shape(), "clock = 7").unwrap();
        assert!(Stack::open(layout.root()).is_err());
        let mut command = std::process::Command::new("sleep");
        command.arg("60");
        let mark = format!("{}kafka", layout.mark_prefix());
        let (log, pid) = (layout.log(Member::Kafka), layout.pid(Member::Kafka));
        let left = process::start(command, &mark, &log, &pid).unwrap();
        assert!(Stack::clear(layout.root()).unwrap());
        assert!(!left.is_alive() && !layout.root().exists());
    }

    #[test]
    fn a_process_whose_starter_was_killed_is_found_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.create().unwrap();
        let stack = Stack::of(layout, decide(None, &Wish::default()).unwrap()).unwrap();
        let mut command = std::process::Command::new("sleep");
        command.arg("60");
        let mark = format!("{}kafka", stack.layout.mark_prefix());
        let log = stack.layout.log(Member::Kafka);
        let lost = folder.path().join("lost");
        let stray = process::start(command, &mark, &log, &lost).unwrap();
        assert!(stack.running().is_empty());
        stack.down(&|_| {}).unwrap();
        assert!(!stray.is_alive());
    }
}
