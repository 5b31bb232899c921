//! What a stack writes before it starts: Kafka's properties and the settings file of all services.

use crate::layout::Layout;
use crate::member::{Member, SERVICES, is_stage};
use crate::ports::Ports;
use crate::project::Project;
use crate::shape::Shape;
use anyhow::Context;
use serialtrail_runtime::Settings;
use serialtrail_runtime::config::{
    ClickHouseSettings, ClockSettings, FileSettings, GatewaySettings, HttpSettings, KafkaSettings,
    ObserveSettings, QuerySettings, SchemaRegistrySettings, WorkerSettings,
};
use std::collections::BTreeMap;
use std::path::Path;

/// Kafka's properties, from the template in `deploy/local/kafka`.
#[must_use]
pub fn server_properties(template: &str, ports: Ports, data: &Path) -> String {
    template
        .replace("{kafka}", &ports.of(Member::Kafka).to_string())
        .replace("{controller}", &ports.kafka_controller().to_string())
        .replace("{data}", &data.to_string_lossy())
}

/// The settings of every service of a stack of this shape.
#[must_use]
pub fn settings(project: &Project, layout: &Layout, ports: Ports, shape: Shape) -> Settings {
    let [
        gateway,
        dispatcher,
        enricher,
        detector,
        sink,
        query,
        notifier,
        forecaster,
    ] = SERVICES.map(|service| ports.of(Member::service(service)));
    Settings {
        kafka: KafkaSettings {
            brokers: ports.of(Member::Kafka).to_string(),
            ..KafkaSettings::default()
        },
        schema_registry: SchemaRegistrySettings {
            url: format!(
                "http://{}/apis/ccompat/v7",
                ports.of(Member::SchemaRegistry)
            ),
        },
        clickhouse: ClickHouseSettings {
            url: format!("http://{}", ports.of(Member::ClickHouse)),
            ..ClickHouseSettings::default()
        },
        clock: ClockSettings { mode: shape.clock },
        http: HttpSettings {
            gateway,
            dispatcher,
            enricher,
            detector,
            sink,
            query,
            notifier,
            forecaster,
        },
        gateway: GatewaySettings {
            spool_dir: layout.spool(),
            ..GatewaySettings::default()
        },
        query: QuerySettings {
            console: project.console(),
        },
        observe: ObserveSettings {
            services: instances(ports, shape.instances),
        },
        worker: WorkerSettings {
            state_dir: layout.state(),
            ..WorkerSettings::default()
        },
        files: FileSettings {
            profiles: project.local("profiles.toml"),
            api_keys: project.local("api-keys.toml"),
            topics: project.local("topics.toml"),
            routes: project.local("routes.toml"),
            forecast: project.local("forecast.toml"),
        },
    }
}

/// Where the instances of each stage tell their metrics.
fn instances(ports: Ports, instances: u32) -> BTreeMap<String, Vec<String>> {
    let stages = SERVICES.into_iter().filter(|service| is_stage(*service));
    stages
        .map(|service| {
            let members = (0..instances).map(|slot| Member::Service { service, slot });
            let urls = members.map(|member| format!("http://{}", ports.of(member)));
            (service.name().to_owned(), urls.collect())
        })
        .collect()
}

/// Writes a generated file unless it already says so.
///
/// # Errors
/// It cannot be written.
pub fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    if std::fs::read_to_string(file).is_ok_and(|existing| existing == text) {
        return Ok(());
    }
    let new = file.with_extension("new");
    std::fs::write(&new, text)
        .and_then(|()| std::fs::rename(&new, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Text of the settings file.
///
/// # Errors
/// The settings cannot be written as TOML.
pub fn settings_text(settings: &Settings) -> anyhow::Result<String> {
    let header =
        "# Written by `serialtrail up` at every start; change the command, not this file.\n";
    Ok(format!("{header}{}", toml::to_string(settings)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::TEST_BASE;
    use serialtrail_runtime::Clock;

    fn generated() -> (Settings, String) {
        let project = Project::find().unwrap();
        let layout = Layout::new("/data/stack");
        let ports = Ports::from_base(TEST_BASE).unwrap();
        let shape = Shape {
            clock: Clock::Replay,
            port_base: TEST_BASE,
            instances: 2,
        };
        let settings = settings(&project, &layout, ports, shape);
        let text = settings_text(&settings).unwrap();
        (settings, text)
    }

    #[test]
    fn the_written_settings_are_read_back_the_same() {
        let (settings, text) = generated();
        let read = Settings::parse(&text, [], Path::new("/elsewhere")).unwrap();
        assert_eq!(read, settings);
        assert_eq!(read.clock.mode, Clock::Replay);
        assert_eq!(read.worker.state_dir, Path::new("/data/stack/state"));
        assert_eq!(read.gateway.spool_dir, Path::new("/data/stack/spool"));
    }

    #[test]
    fn every_address_of_the_settings_is_one_of_the_stacks_ports() {
        let (settings, _) = generated();
        assert_eq!(settings.kafka.brokers, "127.0.0.1:9400");
        assert_eq!(
            settings.schema_registry.url,
            "http://127.0.0.1:9402/apis/ccompat/v7"
        );
        assert_eq!(settings.clickhouse.url, "http://127.0.0.1:9403");
        assert_eq!(
            settings.instances(SERVICES[3]),
            ["http://127.0.0.1:9413", "http://127.0.0.1:9423"]
        );
        let ports = Ports::from_base(TEST_BASE).unwrap();
        for service in SERVICES {
            assert_eq!(
                settings.http.listen(service),
                ports.of(Member::service(service))
            );
        }
    }

    #[test]
    fn no_placeholder_of_the_broker_template_stays() {
        let template = include_str!("../../kafka/server.properties");
        let ports = Ports::from_base(TEST_BASE).unwrap();
        let text = server_properties(template, ports, Path::new("/data/kafka"));
        let settings = text.lines().filter(|line| !line.starts_with('#'));
        assert!(settings.clone().all(|line| !line.contains(['{', '}'])));
        assert!(
            text.contains("listeners=PLAINTEXT://127.0.0.1:9400,CONTROLLER://127.0.0.1:9401\n")
        );
        assert!(text.contains("log.dirs=/data/kafka\n"));
    }

    #[test]
    fn an_unchanged_file_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        write(&file, "x = 1\n").unwrap();
        let first = std::fs::metadata(&file).unwrap().modified().unwrap();
        write(&file, "x = 1\n").unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), first);
        write(&file, "x = 2\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "x = 2\n");
    }
}
