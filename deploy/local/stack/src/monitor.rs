//! Prometheus and Alertmanager of a stack: their files, whom they watch, how they are started.
//!
//! Both run on the files production uses, `deploy/prometheus` and `deploy/alertmanager`. What differs
//! between deployments, who is scraped and where Alertmanager is, stands in files beside the settings
//! that Prometheus reads again when they change.

use crate::config;
use crate::layout::Layout;
use crate::member::Member;
use crate::ports::Ports;
use crate::project::Project;
use anyhow::Context;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// How long a local Prometheus and Alertmanager keep what they saw.
const RETENTION: &str = "12h";
/// Most disk a local Prometheus takes.
const RETENTION_SIZE: &str = "256MB";
/// Memory at which their Go runtimes begin to collect harder, each.
const GO_MEMORY: &str = "192MiB";

/// Prometheus in the foreground; its settings and rules are copied from the checkout.
pub(crate) fn prometheus(
    project: &Project,
    layout: &Layout,
    ports: Ports,
) -> anyhow::Result<Command> {
    let folder = layout.part(Member::Prometheus);
    for name in ["prometheus.yml", "rules.yml"] {
        let source = project.deploy("prometheus").join(name);
        let text = fs::read_to_string(&source).with_context(|| source.display().to_string())?;
        config::write(&folder.join(name), &text)?;
    }
    let program = project
        .monitor("prometheus")
        .context("Prometheus is not installed: run deploy/local/install.sh")?;
    let mut command = Command::new(program);
    command
        .arg(format!(
            "--config.file={}",
            folder.join("prometheus.yml").display()
        ))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--storage.tsdb.retention.time={RETENTION}"))
        .arg(format!("--storage.tsdb.retention.size={RETENTION_SIZE}"))
        .arg(format!(
            "--web.listen-address={}",
            ports.of(Member::Prometheus)
        ));
    Ok(limited(command))
}

/// Alertmanager in the foreground, alone: it looks for no others.
pub(crate) fn alertmanager(
    project: &Project,
    layout: &Layout,
    ports: Ports,
) -> anyhow::Result<Command> {
    let program = project
        .monitor("alertmanager")
        .context("Alertmanager is not installed: run deploy/local/install.sh")?;
    let address = ports.of(Member::Alertmanager);
    let mut command = Command::new(program);
    command
        .arg(format!(
            "--config.file={}",
            project.deploy("alertmanager/alertmanager.yml").display()
        ))
        .arg(format!(
            "--storage.path={}",
            layout.part(Member::Alertmanager).join("data").display()
        ))
        .arg(format!("--data.retention={RETENTION}"))
        .arg(format!("--web.listen-address={address}"))
        .arg(format!("--web.external-url=http://{address}"))
        .arg("--cluster.listen-address=");
    Ok(limited(command))
}

fn limited(mut command: Command) -> Command {
    command.env("GOMEMLIMIT", GO_MEMORY);
    command
}

/// Writes whom Prometheus scrapes and where it sends its alerts.
///
/// # Errors
/// They cannot be written.
pub(crate) fn write_targets(
    layout: &Layout,
    ports: Ports,
    members: &[Member],
) -> anyhow::Result<()> {
    let folder = layout.part(Member::Prometheus);
    let alertmanagers: Vec<Value> = members
        .iter()
        .filter(|member| **member == Member::Alertmanager)
        .map(|member| json!({ "targets": [ports.of(*member)] }))
        .collect();
    for (name, content) in [
        ("targets.json", targets(ports, members)),
        ("alertmanagers.json", alertmanagers),
    ] {
        let text = serde_json::to_string_pretty(&content)?;
        config::write(&folder.join(name), &text)?;
    }
    Ok(())
}

/// Every member that tells its metrics; Kafka's and the local ClickHouse's are not to be had by HTTP.
fn targets(ports: Ports, members: &[Member]) -> Vec<Value> {
    members
        .iter()
        .filter_map(|member| {
            let job = match member {
                Member::Kafka | Member::ClickHouse => return None,
                Member::Service { service, .. } => service.name().to_owned(),
                part => part.name(),
            };
            Some(json!({
                "targets": [ports.of(*member)],
                "labels": { "job": job, "member": member.name() },
            }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::TEST_BASE;

    #[test]
    fn every_instance_of_every_service_is_scraped_under_the_name_of_its_service() {
        let ports = Ports::from_base(TEST_BASE).unwrap();
        let found = targets(ports, &Member::of_stack(2));
        let of = |member: &str| {
            found
                .iter()
                .find(|target| target["labels"]["member"] == member)
                .unwrap_or_else(|| panic!("{member} is not scraped"))
        };
        assert_eq!(of("detector-1")["labels"]["job"], "detector");
        assert_eq!(of("detector-1")["targets"][0], "127.0.0.1:9423");
        assert_eq!(of("alertmanager")["targets"][0], "127.0.0.1:9404");
        assert!(
            found
                .iter()
                .all(|target| target["labels"]["job"] != "kafka")
        );
    }

    #[test]
    fn without_an_alertmanager_prometheus_is_told_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.create().unwrap();
        let ports = Ports::from_base(TEST_BASE).unwrap();
        let read = || -> Vec<Value> {
            let file = layout.part(Member::Prometheus).join("alertmanagers.json");
            serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
        };
        write_targets(&layout, ports, &[Member::Alertmanager]).unwrap();
        assert_eq!(read()[0]["targets"][0], "127.0.0.1:9404");
        write_targets(&layout, ports, &[Member::Kafka]).unwrap();
        assert!(read().is_empty());
    }
}
