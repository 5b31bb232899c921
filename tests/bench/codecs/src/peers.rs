//! The others: libraries people use for the same, each run by a small driver of ours below
//! `tests/bench/peers`, which `install.sh` there provides with the pinned versions.

use crate::corpus::Input;
use crate::task::Task;
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a driver runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Machine {
    Python,
    Node,
    Java,
}

/// A library and one task it is given.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// As its registry names it.
    pub library: &'static str,
    /// What it is given.
    pub task: Task,
    /// What it leaves out of what we do for the same bytes.
    pub without: &'static str,
    machine: Machine,
    needs_vectors: bool,
}

const fn peer(library: &'static str, machine: Machine, task: Task, without: &'static str) -> Peer {
    let needs_vectors = matches!(task, Task::JsonLd | Task::Xml);
    Peer {
        library,
        task,
        without,
        machine,
        needs_vectors,
    }
}

const SCHEMA_ONLY: &str = "structure only: no identifiers and check digits, no CBV rules, no keys, no event hash, no event model";

const NO_IDENTIFIERS: &str =
    "structure and event hash: no identifiers and check digits, no CBV rules, no keys";

/// The validator, then the hash generator: of what we do for a document, what it has.
const OPENEPCIS_BOTH: &str = "openepcis validation + hash";
const OPENEPCIS_VALIDATION: &str = "openepcis-document-validation-service";

/// All of them.
pub const PEERS: [Peer; 17] = [
    peer(OPENEPCIS_BOTH, Machine::Java, Task::JsonLd, NO_IDENTIFIERS),
    peer(
        OPENEPCIS_VALIDATION,
        Machine::Java,
        Task::JsonLd,
        SCHEMA_ONLY,
    ),
    peer("ajv", Machine::Node, Task::JsonLd, SCHEMA_ONLY),
    peer("fastjsonschema", Machine::Python, Task::JsonLd, SCHEMA_ONLY),
    peer("jsonschema-rs", Machine::Python, Task::JsonLd, SCHEMA_ONLY),
    peer(OPENEPCIS_BOTH, Machine::Java, Task::Xml, NO_IDENTIFIERS),
    peer(OPENEPCIS_VALIDATION, Machine::Java, Task::Xml, SCHEMA_ONLY),
    peer("lxml", Machine::Python, Task::Xml, SCHEMA_ONLY),
    peer(
        "epcis-event-hash-generator",
        Machine::Python,
        Task::Hash,
        "the same",
    ),
    peer(
        "epcis-event-hash-generator",
        Machine::Python,
        Task::HashDocument,
        "no validation",
    ),
    peer(
        "openepcis-event-hash-generator",
        Machine::Java,
        Task::HashDocument,
        "no validation",
    ),
    peer(
        "biip",
        Machine::Python,
        Task::ElementStrings,
        "no key, no associations of AIs; more: prefixes, dates",
    ),
    peer(
        "gs1-barcode-parser-mod",
        Machine::Node,
        Task::ElementStrings,
        "no key, no check digits, no character sets, no associations",
    ),
    peer(
        "biip",
        Machine::Python,
        Task::DigitalLinks,
        "no key; more: prefixes, dates",
    ),
    peer(
        "digital-link.js",
        Machine::Node,
        Task::DigitalLinks,
        "no key",
    ),
    peer(
        "epc-tds",
        Machine::Node,
        Task::Tags,
        "pure identity URI instead of a key",
    ),
    peer(
        "pyepc",
        Machine::Python,
        Task::Tags,
        "SGTIN and SSCC only; pure identity URI instead of a key",
    ),
];

/// What a driver says.
#[derive(Debug, Clone, Deserialize)]
pub struct Said {
    /// Version of the library, and what it ran on.
    pub version: String,
    /// CPU-seconds of one pass over what is valid, of each repetition.
    pub seconds_per_pass: Vec<f64>,
    /// What came out of each valid text, empty where it was refused.
    pub valid: Vec<String>,
    /// What came out of each text to be refused.
    pub refused: Vec<String>,
}

/// Where things are, and how long to measure.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where `install.sh` put the libraries.
    pub installed: PathBuf,
    /// Where the drivers stand.
    pub drivers: PathBuf,
    /// Where the corpus is written.
    pub corpus: PathBuf,
    /// The published schemas.
    pub vectors: Option<PathBuf>,
    /// At least this many CPU-seconds a repetition.
    pub seconds: f64,
    /// Repetitions.
    pub repeat: u32,
}

impl Place {
    /// The published schemas' folder, in `VECTORS_DIR` or beside the project.
    #[must_use]
    pub fn vectors(root: &Path) -> Option<PathBuf> {
        let folder = std::env::var_os("VECTORS_DIR")
            .map_or_else(|| root.join("../shared/vectors"), PathBuf::from);
        folder.join("gs1-epcis").is_dir().then_some(folder)
    }
}

impl Peer {
    /// Why it cannot be run here, if it cannot.
    #[must_use]
    pub fn absent(&self, place: &Place) -> Option<String> {
        if self.needs_vectors && place.vectors.is_none() {
            return Some("the official schemas are not here (VECTORS_DIR)".to_owned());
        }
        let there = place.installed.join(match self.machine {
            Machine::Python => "python/.installed",
            Machine::Node => "node/.installed",
            Machine::Java => "java/.installed",
        });
        (!there.is_file()).then(|| "not installed (tests/bench/peers/install.sh)".to_owned())
    }

    /// Runs it over a task's input.
    ///
    /// # Errors
    /// It fails, or says something else than drivers do.
    pub fn run(&self, place: &Place, input: &Input) -> anyhow::Result<Said> {
        let file = place.corpus.join(format!("{}.json", self.task.name()));
        std::fs::write(&file, serde_json::to_vec(input)?)
            .with_context(|| format!("write {}", file.display()))?;
        let mut command = match self.machine {
            Machine::Python => {
                let mut command = Command::new(place.installed.join("python/bin/python"));
                command.arg(place.drivers.join("python/peer.py"));
                command
            }
            Machine::Node => {
                let mut command = Command::new("node");
                command.arg(place.drivers.join("node/peer.js"));
                command.env("NODE_PATH", place.installed.join("node/node_modules"));
                command
            }
            Machine::Java => {
                let mut command = Command::new("java");
                let jars = place.installed.join("java/libs/*");
                let classes = place.installed.join("java/classes");
                // One thread collects: as on one core.
                command.args(["-XX:+UseSerialGC", "-cp"]);
                command.arg(format!("{}:{}", classes.display(), jars.display()));
                command.arg("Peer");
                command
            }
        };
        command.args([self.library, self.task.name()]).arg(&file);
        command.args([place.seconds.to_string(), place.repeat.to_string()]);
        if let Some(vectors) = &place.vectors {
            command.arg(vectors);
        }
        let out = command.output().context("it does not start")?;
        let errors = String::from_utf8_lossy(&out.stderr);
        ensure!(
            out.status.success(),
            "it failed: {}",
            errors
                .lines()
                .find(|line| line.contains("rror") || line.contains("Exception"))
                .unwrap_or_else(|| errors.trim())
        );
        let said = String::from_utf8_lossy(&out.stdout);
        let line = said.lines().last().unwrap_or_default();
        serde_json::from_str(line).context("it did not say what drivers say")
    }
}
