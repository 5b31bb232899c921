//! Where the checkout, the installed parts and the built programs are.

use anyhow::{Context, bail, ensure};
use std::path::{Path, PathBuf};

/// A checkout of Serialtrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its root folder.
    pub root: PathBuf,
    /// Where `install.sh` put the parts.
    pub parts: PathBuf,
}

/// A file only this project's root has.
const LANDMARK: &str = "deploy/local/topics.toml";

impl Project {
    /// The checkout the current folder is in, else the one the running program was built in.
    /// `SERIALTRAIL_PARTS` names another folder of parts than `.local/parts`.
    ///
    /// # Errors
    /// Neither is inside a checkout.
    pub fn find() -> anyhow::Result<Self> {
        let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
        let root = starts
            .iter()
            .flatten()
            .flat_map(|start| start.ancestors())
            .find(|folder| folder.join(LANDMARK).is_file())
            .context(
                "not inside a checkout of Serialtrail: change into it, or name --dir and --config",
            )?
            .to_owned();
        let parts = match std::env::var_os("SERIALTRAIL_PARTS") {
            Some(parts) => std::path::absolute(parts)?,
            None => root.join(".local/parts"),
        };
        Ok(Self { root, parts })
    }

    /// A file below `deploy/local`.
    #[must_use]
    pub fn local(&self, name: &str) -> PathBuf {
        self.root.join("deploy/local").join(name)
    }

    /// Folder of Kafka's jars.
    #[must_use]
    pub fn kafka_jars(&self) -> PathBuf {
        self.parts.join("kafka/libs")
    }

    /// The ClickHouse engine.
    #[must_use]
    pub fn chdb_library(&self) -> PathBuf {
        self.parts.join("chdb/libchdb.so")
    }

    /// Apicurio's runnable jar.
    ///
    /// # Errors
    /// It is not installed.
    pub fn apicurio_jar(&self) -> anyhow::Result<PathBuf> {
        let folder = self.parts.join("apicurio");
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .find(|path| path.to_string_lossy().ends_with("-runner.jar"))
            .with_context(|| format!("no Apicurio in {}", folder.display()))
    }

    /// A program of Prometheus or Alertmanager (`prometheus`, `promtool`, `alertmanager`, `amtool`): out of
    /// the installed parts, else from the `PATH`. `None` where this machine has none.
    #[must_use]
    pub fn monitor(&self, name: &str) -> Option<PathBuf> {
        // Debian calls it by its package's name where it is installed.
        let names: &[&str] = match name {
            "alertmanager" => &["alertmanager", "prometheus-alertmanager"],
            _ => &[name],
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = ["prometheus/bin", "alertmanager/bin"]
            .map(|folder| self.parts.join(folder))
            .into_iter()
            .chain(std::env::split_paths(&path))
            .collect();
        let mut candidates = folders
            .iter()
            .flat_map(|folder| names.iter().map(|name| folder.join(name)));
        candidates.find(|candidate| candidate.is_file())
    }

    /// A file below `deploy`.
    #[must_use]
    pub fn deploy(&self, name: &str) -> PathBuf {
        self.root.join("deploy").join(name)
    }

    /// Folder of the built console.
    #[must_use]
    pub fn console(&self) -> PathBuf {
        self.root.join("target/console")
    }

    /// Runs the installer's part step: heals a half-installed part, returns at once (without network)
    /// when all are whole.
    ///
    /// # Errors
    /// The installer's own message went to standard error.
    pub fn install_parts(&self) -> anyhow::Result<()> {
        let script = self.local("install.sh");
        let status = std::process::Command::new(&script)
            .arg("--parts")
            .env("SERIALTRAIL_PARTS", &self.parts)
            .stdin(std::process::Stdio::null())
            .status()
            .with_context(|| format!("cannot run {}", script.display()))?;
        ensure!(
            status.success(),
            "the parts of the local stack are not installed; see above"
        );
        Ok(())
    }
}

/// A program built beside the running one (`target/release`, also from a test in `deps`).
///
/// # Errors
/// It is not built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("where the running program is")?;
    let own_folder = own.parent().unwrap_or(Path::new(""));
    for folder in [own_folder, own_folder.parent().unwrap_or(own_folder)] {
        let path = folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
    }
    bail!(
        "{name} is not built beside {}: run `cargo build --release`",
        own.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_found_from_inside() {
        let project = Project::find().unwrap();
        assert!(project.root.join("Cargo.toml").is_file());
        assert!(project.local("install.sh").is_file());
    }

    #[test]
    fn a_program_that_is_not_built_is_named() {
        let message = program("no-such-program").unwrap_err().to_string();
        assert!(message.contains("no-such-program") && message.contains("cargo build"));
    }
}
