//! What a stack consists of: the parts and the services, some of them twice.

use serialtrail_runtime::Service;

/// One process of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The Kafka broker, controller included.
    Kafka,
    /// Apicurio Registry.
    SchemaRegistry,
    /// The ClickHouse engine behind its HTTP interface.
    ClickHouse,
    /// Alertmanager: takes the notifier's alerts and Prometheus's.
    Alertmanager,
    /// Prometheus: scrapes every member and judges the pipeline's own alert rules.
    Prometheus,
    /// One instance of a service.
    Service {
        /// Which service.
        service: Service,
        /// Number of the instance, from 0.
        slot: u32,
    },
}

/// The parts, in the order they start.
pub const PARTS: [Member; 5] = [
    Member::Kafka,
    Member::SchemaRegistry,
    Member::ClickHouse,
    Member::Alertmanager,
    Member::Prometheus,
];

/// The services, in the order they start.
pub const SERVICES: [Service; 8] = Service::ALL;

/// Most instances of a service in one stack.
pub const MAX_INSTANCES: u32 = 4;

/// Whether a second instance shares the work of the first: the stages that are consumer groups.
#[must_use]
pub const fn is_stage(service: Service) -> bool {
    matches!(
        service,
        Service::Dispatcher | Service::Enricher | Service::Detector | Service::Sink
    )
}

impl Member {
    /// Instance 0 of a service.
    #[must_use]
    pub const fn service(service: Service) -> Self {
        Self::Service { service, slot: 0 }
    }

    /// Name in messages, pid files and logs: `kafka`, `detector`, `detector-1`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Kafka => "kafka".into(),
            Self::SchemaRegistry => "schema-registry".into(),
            Self::ClickHouse => "clickhouse".into(),
            Self::Alertmanager => "alertmanager".into(),
            Self::Prometheus => "prometheus".into(),
            Self::Service { service, slot: 0 } => service.name().into(),
            Self::Service { service, slot } => format!("{}-{slot}", service.name()),
        }
    }

    /// Whether a stack goes on without it where its program cannot be had on this machine.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::Alertmanager | Self::Prometheus)
    }

    /// The member of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|member| member.name() == name)
    }

    /// Every member a stack can have.
    pub fn all() -> impl Iterator<Item = Self> {
        let services = (0..MAX_INSTANCES)
            .flat_map(|slot| SERVICES.map(|service| Self::Service { service, slot }));
        PARTS.into_iter().chain(services)
    }

    /// The members of a stack with so many instances of each stage, in the order they start.
    #[must_use]
    pub fn of_stack(instances: u32) -> Vec<Self> {
        let services = (0..instances.max(1)).flat_map(|slot| {
            SERVICES
                .into_iter()
                .filter(move |service| slot == 0 || is_stage(*service))
                .map(move |service| Self::Service { service, slot })
        });
        PARTS.into_iter().chain(services).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_a_name_of_its_own() {
        for member in Member::all() {
            assert_eq!(Member::named(&member.name()), Some(member));
        }
        assert_eq!(Member::named("detector-9"), None);
    }

    #[test]
    fn a_second_instance_is_one_of_each_stage_only() {
        let names: Vec<String> = Member::of_stack(2).into_iter().map(Member::name).collect();
        assert_eq!(names.len(), PARTS.len() + SERVICES.len() + 4);
        assert!(names.contains(&"sink-1".to_owned()));
        assert!(!names.contains(&"gateway-1".to_owned()));
    }
}
