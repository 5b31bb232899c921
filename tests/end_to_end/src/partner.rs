//! A partner that publishes by Kafka: in this process, or with the clients of `schemas/examples`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use crate::Deployment;

/// One of the clients a partner may start from, made ready to run.
#[derive(Debug)]
pub enum Client {
    /// `schemas/examples/python`, in a virtual environment of its own.
    Python {
        /// The environment's interpreter.
        python: PathBuf,
    },
    /// `schemas/examples/java`, packaged.
    Java {
        /// The folder it was built into.
        built: PathBuf,
    },
}

fn root() -> anyhow::Result<PathBuf> {
    Ok(serialtrail_stack::Project::find()?.root)
}

/// Runs a command; whether it could be run and succeeded.
fn succeeds(command: &mut Command) -> bool {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Client {
    /// The Python client. Its environment is made once under `.local/venv`, and anew when its
    /// requirements change. `None` (said on standard error) where they cannot be fetched.
    ///
    /// # Errors
    /// The checkout is not found or cannot be written.
    pub fn python() -> anyhow::Result<Option<Self>> {
        let root = root()?;
        let wanted = root.join("schemas/examples/python/requirements.txt");
        let home = root.join(".local/venv/partner");
        let (python, installed) = (home.join("bin/python"), home.join("requirements.txt"));
        let wanted_text = std::fs::read_to_string(&wanted)?;
        if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted_text) {
            return Ok(Some(Self::Python { python }));
        }
        let made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&home))
            && succeeds(
                Command::new(&python)
                    .args(["-m", "pip", "install", "-q", "-r"])
                    .arg(&wanted),
            );
        if !made {
            eprintln!("SKIPPED: the Python client's requirements could not be installed");
            return Ok(None);
        }
        std::fs::write(installed, wanted_text)?;
        Ok(Some(Self::Python { python }))
    }

    /// The Java client, built into `.local/partner-java`; from what Maven has already fetched where it
    /// can be. `None` (said on standard error) where it cannot be built for want of Java, Maven or
    /// libraries.
    ///
    /// # Errors
    /// The checkout is not found, or the client does not compile.
    pub fn java() -> anyhow::Result<Option<Self>> {
        let root = root()?;
        let built = root.join(".local/partner-java");
        let package = |offline: bool| {
            let mut command = Command::new("mvn");
            command
                .args(["-q", "-B", "-f"])
                .arg(root.join("schemas/examples/java/pom.xml"))
                .arg(format!("-Dbuild.folder={}", built.display()))
                .args(offline.then_some("-o"))
                .arg("package");
            command.output()
        };
        let Ok(first) = package(true) else {
            eprintln!("SKIPPED: the Java client: no mvn on the PATH");
            return Ok(None);
        };
        let output = if first.status.success() {
            first
        } else {
            package(false)?
        };
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(!said.contains("COMPILATION ERROR"), "{said}");
        if !output.status.success() {
            eprintln!("SKIPPED: the Java client could not be built: {said}");
            return Ok(None);
        }
        Ok(Some(Self::Java { built }))
    }

    fn command(&self, what: &str, d: &Deployment, party: &str) -> anyhow::Result<Command> {
        let mut command = match self {
            Self::Python { python } => {
                let script = match what {
                    "Publish" => "publish.py",
                    _ => "read_rejects.py",
                };
                let mut command = Command::new(python);
                command.arg(root()?.join("schemas/examples/python").join(script));
                command
            }
            Self::Java { built } => {
                let (jar, libraries) = (built.join("partner.jar"), built.join("lib/*"));
                let mut command = Command::new("java");
                command
                    .arg("-cp")
                    .arg(format!("{}:{}", jar.display(), libraries.display()))
                    .arg(format!("io.serialtrail.example.{what}"));
                command
            }
        };
        let settings = d.settings();
        command
            .args(["--party", party, "--brokers", &settings.kafka.brokers])
            .args(["--registry", &settings.schema_registry.url]);
        Ok(command)
    }

    /// Publishes a file of events, one JSON object a line; returns what the client printed.
    ///
    /// # Errors
    /// It says that not all of them were written.
    pub fn publish(
        &self,
        d: &Deployment,
        party: &str,
        file: &Path,
        compression: &str,
    ) -> anyhow::Result<String> {
        let mut command = self.command("Publish", d, party)?;
        let command = command.args(["--compression", compression]);
        let output = command.arg("--file").arg(file).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}{complained}");
        Ok(said.into_owned())
    }

    /// Everything the client reads on the topic of the party's rejects.
    ///
    /// # Errors
    /// The client fails, or prints something else than JSON.
    pub fn rejects(&self, d: &Deployment, party: &str) -> anyhow::Result<Vec<Value>> {
        let output = self.command("ReadRejects", d, party)?.output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}{complained}");
        said.lines()
            .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
            .collect()
    }
}

/// Publishes values to a partner's topic (made if missing), keyed by nothing, compressed with zstd.
///
/// # Errors
/// The broker does not take them.
pub fn publish(d: &Deployment, party: &str, values: &[Vec<u8>]) -> anyhow::Result<()> {
    d.ok(["topics", "partner", party])?;
    let topic = format!("partner.{party}");
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", d.settings().kafka.brokers)
        .set("compression.type", "zstd")
        .create()?;
    for value in values {
        producer
            .send(BaseRecord::<[u8], Vec<u8>>::to(&topic).payload(value))
            .map_err(|(error, _)| error)?;
    }
    producer.flush(Duration::from_secs(20))?;
    Ok(())
}

/// Writes one record, with or without a key, to a partition of any topic, past every door.
///
/// # Errors
/// The broker does not take it.
pub fn write_raw(
    d: &Deployment,
    topic: &str,
    partition: i32,
    key: Option<&[u8]>,
    value: &[u8],
) -> anyhow::Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", d.settings().kafka.brokers)
        .create()?;
    let mut record = BaseRecord::<[u8], [u8]>::to(topic)
        .partition(partition)
        .payload(value);
    if let Some(key) = key {
        record = record.key(key);
    }
    producer.send(record).map_err(|(error, _)| error)?;
    producer.flush(Duration::from_secs(20))?;
    Ok(())
}
