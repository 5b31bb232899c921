//! What the figures were measured on and of.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The machine.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Cores this process may use.
    pub cores: usize,
    /// Model of the processor.
    pub processor: String,
    /// Memory, MiB.
    pub memory_mib: u64,
    /// Kernel.
    pub kernel: String,
    /// Load average of the minute before the start: what else was running.
    pub load_before: f64,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let memory_kib = field(&read("/proc/meminfo"), "MemTotal");
        let load = read("/proc/loadavg");
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            memory_mib: memory_kib
                .and_then(|kib| kib.split(' ').next()?.parse::<u64>().ok())
                .map_or(0, |kib| kib / 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: load
                .split(' ')
                .next()
                .and_then(|one| one.parse().ok())
                .unwrap_or(0.0),
        }
    }
}

/// The first value of `name` in lines of `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .filter(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
        .next()
}

/// Versions of what is measured, and how it was built.
#[must_use]
pub fn versions(root: &Path) -> BTreeMap<String, String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let commit = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["describe", "--always", "--dirty"])
        .output()
        .map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    let built = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let mut versions = BTreeMap::from([
        (
            "serialtrail".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
        ("build".to_owned(), built.to_owned()),
        ("commit".to_owned(), commit.unwrap_or_default()),
    ]);
    // Kafka's version is the first of its pom below <dependencies>.
    let pom = read("deploy/local/kafka/pom.xml");
    let kafka = pom
        .split_once("<dependencies>")
        .and_then(|(_, rest)| rest.split_once("<version>"))
        .and_then(|(_, rest)| rest.split_once("</version>"));
    if let Some((kafka, _)) = kafka {
        versions.insert("kafka".to_owned(), kafka.to_owned());
    }
    for line in read("deploy/local/parts.env").lines() {
        if let Some((name, value)) = line.split_once("_VERSION=") {
            versions.insert(name.to_lowercase(), value.to_owned());
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_the_parts_are_named() {
        let machine = Machine::this();
        assert!(machine.cores > 0 && machine.memory_mib > 0, "{machine:?}");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let versions = versions(&root);
        for part in ["kafka", "apicurio", "chdb"] {
            assert!(versions.contains_key(part), "{part}: {versions:?}");
        }
        assert!(versions["kafka"].starts_with(|c: char| c.is_ascii_digit()));
    }
}
