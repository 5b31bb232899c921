//! Names of the topics Serialtrail owns. Partition counts, retention and compression are declared in
//! the topics file (`files.topics`); these are only the names, so that no service spells one itself.

/// Events as captured, keyed by event id; marks without a key.
pub const EPCIS_EVENTS: &str = "epcis-events";
/// One message a unit touched by an event, keyed by the unit; marks and lot status without a key.
pub const UNIT_INBOX: &str = "unit-inbox";
/// Reads joined with the serial registry, keyed by the unit.
pub const ENRICHED: &str = "enriched";
/// Alerts and their revisions, keyed by the subject.
pub const ALERTS: &str = "alerts";
/// What people did with an alert.
pub const ALERT_ACTIONS: &str = "alert-actions";
/// Input no rule could take: reason, place, original bytes.
pub const REJECTED_EVENTS: &str = "rejected-events";
/// Registry entries and lot status as loaded.
pub const REGISTRY_LOADS: &str = "registry-loads";
/// Products, locations, parties, policies: one compacted partition.
pub const REFERENCE_DATA: &str = "reference-data";
/// The serial registry as the enricher holds it, compacted, keyed by the unit.
pub const SERIAL_REGISTRY: &str = "serial-registry";
/// State of each capture job, compacted, keyed by the job id.
pub const CAPTURE_JOBS: &str = "capture-jobs";

/// Forecasts of demand, keyed by series: `gtin/country` or `gtin/country/unit of measure`.
pub const DEMAND_FORECASTS: &str = "demand-forecasts";
/// Notifications no receiver took in time, keyed by receiver.
pub const NOTIFICATIONS_PARKED: &str = "notifications-parked";

/// Changelog of the dispatcher's state.
pub const DISPATCHER_CHANGELOG: &str = "dispatcher-changelog";
/// Changelog of the enricher's state.
pub const ENRICHER_CHANGELOG: &str = "enricher-changelog";
/// Changelog of the detector's state.
pub const DETECTOR_CHANGELOG: &str = "detector-changelog";

/// What the name of every partner's own topic starts with: `partner.<party>`.
pub const PARTNER_PREFIX: &str = "partner.";
/// What the name of the topic ends with on which a partner reads what was refused of its events:
/// `partner.<party>.rejects`.
pub const PARTNER_REJECTS_SUFFIX: &str = ".rejects";

/// Largest record of every topic but `epcis-events` and partner topics, bytes (key and value).
pub const MAX_RECORD_BYTES: usize = 256 * 1024;
/// Largest record of `epcis-events` and partner topics, bytes (key and value).
pub const MAX_EVENT_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// The partner whose own topic this is; `None` for every other topic, also for one of rejects.
#[must_use]
pub fn partner_of(topic: &str) -> Option<&str> {
    let name = topic.strip_prefix(PARTNER_PREFIX)?;
    (!name.is_empty() && !name.ends_with(PARTNER_REJECTS_SUFFIX)).then_some(name)
}

/// The partner who reads its rejects on this topic; `None` for every other topic.
#[must_use]
pub fn reader_of_rejects(topic: &str) -> Option<&str> {
    let name = topic.strip_prefix(PARTNER_PREFIX)?;
    name.strip_suffix(PARTNER_REJECTS_SUFFIX)
        .filter(|name| !name.is_empty())
}

/// Largest record (key and value together, bytes) that may be written to `topic`.
#[must_use]
pub fn max_record_bytes(topic: &str) -> usize {
    if topic == EPCIS_EVENTS || partner_of(topic).is_some() {
        MAX_EVENT_RECORD_BYTES
    } else {
        MAX_RECORD_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_captured_events_and_partner_topics_may_carry_large_records() {
        assert_eq!(max_record_bytes("epcis-events"), 8 << 20);
        assert_eq!(max_record_bytes("partner.acme"), 8 << 20);
        assert_eq!(max_record_bytes("partner.acme.rejects"), 256 << 10);
        assert_eq!(max_record_bytes("unit-inbox"), 256 << 10);
        assert_eq!(max_record_bytes("enricher-changelog"), 256 << 10);
    }

    #[test]
    fn a_topic_is_a_partners_own_or_that_of_its_rejects_never_both() {
        for (topic, own, rejects) in [
            ("partner.acme", Some("acme"), None),
            ("partner.acme.rejects", None, Some("acme")),
            ("partner.9521321000001.rejects", None, Some("9521321000001")),
            ("partner.a.b.rejects", None, Some("a.b")),
            ("partner.rejects", Some("rejects"), None),
            ("partner..rejects", None, None),
            ("partner.", None, None),
            ("rejected-events", None, None),
        ] {
            assert_eq!(
                (partner_of(topic), reader_of_rejects(topic)),
                (own, rejects),
                "{topic}"
            );
        }
    }
}
