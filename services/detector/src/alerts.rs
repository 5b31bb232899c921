//! From findings to alerts, and from the alerts that stood to those that should.

use serialtrail_gs1::Epc;
use serialtrail_records::{Alert, Micros, stable_id};

use crate::facts::Facts;
use crate::finding::Finding;
use crate::history::History;
use crate::lot::LotView;
use crate::policy::Policy;
use crate::rules::RULES;

/// Event ids an alert cites at most; the total stands in its evidence.
pub const MAX_EVENTS: usize = 1000;
/// Bytes of event ids an alert carries at most, so that it stays far below a record's 256 KiB.
const MAX_EVENT_BYTES: usize = 128 * 1024;

/// First 32 hex digits of SHA-256 over rule, subject and anchor, a line each.
#[must_use]
pub fn alert_id(rule: &str, subject: &str, anchor: &str) -> String {
    stable_id(format!("{rule}\n{subject}\n{anchor}"))
}

/// Hash of everything an alert says, revision and clocks apart: equal hashes need no new revision.
///
/// # Errors
/// The alert does not serialise: a defect of this build.
pub fn content_hash(alert: &Alert) -> anyhow::Result<String> {
    let mut content = alert.clone();
    content.revision = 0;
    content.trigger_captured_at = 0;
    content.detected_at = 0;
    Ok(stable_id(serde_json::to_vec(&content)?))
}

/// An alert that should stand, without revision and clocks, and the latest event time it cites.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The alert.
    pub alert: Alert,
    /// Latest event time among the reads cited, microseconds.
    pub last_event_time: Micros,
}

/// What every rule says of a unit: an entry a rule, in the order of [`RULES`].
#[must_use]
pub fn standing(
    history: &History<'_>,
    facts: &Facts<'_>,
    lot: &LotView,
    policy: &Policy,
    stream_time: Micros,
) -> Vec<Option<Box<Standing>>> {
    let (name, profile) = policy.of(facts.profile);
    let judged = RULES.iter().map(|rule| {
        let finding = (rule.judge)(history, facts, lot, profile, stream_time)?;
        let last_event_time = finding.reads.last().map_or(0, |r| r.event_time);
        let mut alert = alert(rule.name, history.unit, facts, &finding);
        alert.severity = profile.severity(rule.name).as_str().to_owned();
        alert.profile = Some(name.to_owned());
        alert.policy_version.clone_from(&policy.policy_version);
        Some(Box::new(Standing {
            alert,
            last_event_time,
        }))
    });
    judged.collect()
}

/// Places without a GLN are kept as given: a `geo:` URI, a private identifier.
fn is_gln(place: &str) -> bool {
    place.len() == 13 && place.bytes().all(|b| b.is_ascii_digit())
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn alert(rule: &str, unit: &str, facts: &Facts<'_>, finding: &Finding<'_>) -> Alert {
    let anchor = finding.anchor;
    let key = Epc::from_record(unit);
    let mut bytes = 0;
    let cited = finding
        .reads
        .iter()
        .take(MAX_EVENTS)
        .map(|r| r.event_id.to_owned());
    let event_ids = cited
        .take_while(|id| {
            bytes += id.len();
            bytes <= MAX_EVENT_BYTES
        })
        .collect();
    Alert {
        alert_id: alert_id(rule, unit, anchor.event_id),
        rule: rule.to_owned(),
        sub_reason: finding.sub_reason.clone(),
        subject: unit.to_owned(),
        subject_kind: "unit".to_owned(),
        epc: key.digital_link(),
        state: "asserted".to_owned(),
        anchor_event: anchor.event_id.to_owned(),
        event_ids,
        event_time: anchor.event_time,
        record_time: anchor.record_time,
        country: owned(anchor.country),
        site: owned(anchor.place.filter(|place| is_gln(place))),
        party: owned(anchor.party),
        gtin: owned(facts.gtin).or_else(|| key.gtin().map(String::from)),
        lot: owned(facts.lot),
        container: owned(anchor.path.first().filter(|_| !anchor.direct).copied()),
        evidence: finding.evidence_json(),
        likely_cause: finding.likely_cause.map(str::to_owned),
        source_party: anchor.source_party.to_owned(),
        visible_to: anchor.visible_to.iter().map(|&p| p.to_owned()).collect(),
        capture_id: anchor.capture_id.to_owned(),
        document_id: owned(anchor.document_id),
        ..Alert::default()
    }
}
