//! How each member is started: program, arguments, environment.

use crate::config;
use crate::layout::Layout;
use crate::member::Member;
use crate::monitor;
use crate::ports::Ports;
use crate::project::{Project, program};
use anyhow::{Context, ensure};
use base64::Engine;
use serialtrail_runtime::Service;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Memory the ClickHouse engine may use, MiB: two stacks fit on a machine of 8 GB.
const CLICKHOUSE_MIB: &str = "1500";
/// On a machine that has few cores for all of it, alerts go before the merging of parts.
const CLICKHOUSE_NICE: &str = "19";

/// Whether the program of an optional member is on this machine. One that is not optional is taken to be:
/// starting it says what is missing.
pub(crate) fn is_available(project: &Project, member: Member) -> bool {
    !member.is_optional() || project.monitor(&member.name()).is_some()
}

/// What a launch needs to know about its stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Launch<'a> {
    pub(crate) project: &'a Project,
    pub(crate) layout: &'a Layout,
    pub(crate) ports: Ports,
}

impl Launch<'_> {
    /// The command that runs `member` in the foreground.
    pub(crate) fn command(self, member: Member) -> anyhow::Result<Command> {
        let mut command = match member {
            Member::Kafka => self.kafka()?,
            Member::SchemaRegistry => self.schema_registry()?,
            Member::ClickHouse => self.clickhouse()?,
            Member::Alertmanager => monitor::alertmanager(self.project, self.layout, self.ports)?,
            Member::Prometheus => monitor::prometheus(self.project, self.layout, self.ports)?,
            Member::Service { service, slot } => self.service(member, service, slot)?,
        };
        command
            .current_dir(self.layout.root())
            .env_remove("SERIALTRAIL_CONFIG");
        Ok(command)
    }

    fn service(self, member: Member, service: Service, slot: u32) -> anyhow::Result<Command> {
        let mut command = Command::new(program(&format!("serialtrail-{}", service.name()))?);
        command.arg("--config").arg(self.layout.settings());
        command
            .arg("--listen")
            .arg(self.ports.of(member).to_string());
        command.arg("--slot").arg(slot.to_string());
        if service == Service::Notifier {
            // Named in routes.toml, where the address of a deployment's own stands elsewhere.
            let url = |member| format!("http://{}", self.ports.of(member));
            command
                .env("SERIALTRAIL_ALERTMANAGER_URL", url(Member::Alertmanager))
                .env(
                    "SERIALTRAIL_CONSOLE_URL",
                    url(Member::service(Service::Query)),
                );
        }
        Ok(command)
    }

    fn kafka(self) -> anyhow::Result<Command> {
        let folder = self.layout.part(Member::Kafka);
        let (data, file) = (folder.join("data"), folder.join("server.properties"));
        let template = fs::read_to_string(self.project.local("kafka/server.properties"))
            .context("deploy/local/kafka/server.properties")?;
        config::write(
            &file,
            &config::server_properties(&template, self.ports, &data),
        )?;
        if !data.join("meta.properties").is_file() {
            self.format_kafka(&data, &file)?;
        }
        let mut command = self.java(&["-Xms256m", "-Xmx512m"]);
        command.arg("kafka.Kafka").arg(file);
        Ok(command)
    }

    /// Gives the broker's data folder its cluster id. A folder whose formatting was interrupted has no
    /// `meta.properties` and nothing worth keeping.
    fn format_kafka(self, data: &PathBuf, file: &PathBuf) -> anyhow::Result<()> {
        if data.exists() {
            fs::remove_dir_all(data)
                .with_context(|| format!("cannot remove the unfinished {}", data.display()))?;
        }
        let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(uuid::Uuid::new_v4());
        // An id that begins with a dash would be read as an option.
        let id = id.replacen('-', "A", 1);
        let output = self
            .java(&["-XX:TieredStopAtLevel=1"])
            .args(["kafka.tools.StorageTool", "format", "-t", &id, "-c"])
            .arg(file)
            .output()
            .context("cannot run java; run deploy/local/install.sh")?;
        ensure!(
            output.status.success(),
            "Kafka's data folder could not be formatted: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    fn java(self, options: &[&str]) -> Command {
        let logging = self.project.local("kafka/log4j2.xml");
        let mut command = Command::new("java");
        command
            .args(options)
            .arg(format!(
                "-Dlog4j2.configurationFile=file:{}",
                logging.display()
            ))
            .arg("-cp")
            .arg(self.project.kafka_jars().join("*"));
        command
    }

    fn schema_registry(self) -> anyhow::Result<Command> {
        let jar = self.project.apicurio_jar()?;
        let address = self.ports.of(Member::SchemaRegistry);
        let store = self.layout.part(Member::SchemaRegistry).join("store");
        let mut command = Command::new("java");
        command
            .args([
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-jar",
            ])
            .arg(jar)
            .env("QUARKUS_HTTP_HOST", address.ip().to_string())
            .env("QUARKUS_HTTP_PORT", address.port().to_string())
            .env("REGISTRY_UI_ENABLED", "false")
            // H2 keeps schemas over a restart and a kill.
            .env(
                "QUARKUS_DATASOURCE_JDBC_URL",
                format!("jdbc:h2:file:{}", store.display()),
            );
        Ok(command)
    }

    fn clickhouse(self) -> anyhow::Result<Command> {
        let mut command = Command::new(program("serialtrail-clickhouse-local")?);
        command
            .arg("--library")
            .arg(self.project.chdb_library())
            .arg("--data")
            .arg(self.layout.part(Member::ClickHouse).join("data"))
            .arg("--listen")
            .arg(self.ports.of(Member::ClickHouse).to_string())
            .args(["--memory-limit", CLICKHOUSE_MIB])
            .args(["--nice", CLICKHOUSE_NICE]);
        Ok(command)
    }
}
