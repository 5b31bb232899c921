//! The rules. Each is a plain function of (history, facts, lot, profile, stream time); to add one, add
//! its file and a line to [`RULES`].

use serialtrail_records::Micros;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::history::History;
use crate::lot::LotView;
use crate::policy::Profile;

pub mod duplicate_scan;
pub mod impossible_travel;
pub mod out_of_territory;
pub mod status_violation;
pub mod undo;
pub mod unknown_serial;

/// A rule's judgement: what is wrong with the unit, if anything.
pub type Judge =
    for<'a> fn(&History<'a>, &Facts<'_>, &LotView, &Profile, Micros) -> Option<Finding<'a>>;

/// When a rule with a limit may judge otherwise without a new read.
pub type Due = fn(&History<'_>, &Facts<'_>, &Profile) -> Option<Micros>;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Name in alerts and configuration.
    pub name: &'static str,
    /// The judgement.
    pub judge: Judge,
    /// For rules with a limit: stream time at which they may judge otherwise without a new read.
    pub due: Option<Due>,
    /// Why an alert of this rule no longer stands, where the unit's facts say so.
    pub cured: Option<fn(&Facts<'_>) -> Option<&'static str>>,
}

/// Every rule there is.
pub const RULES: &[Rule] = &[
    Rule {
        name: "UNKNOWN_SERIAL",
        judge: unknown_serial::judge,
        due: Some(unknown_serial::due),
        cured: Some(unknown_serial::cured),
    },
    Rule {
        name: "DUPLICATE_SCAN",
        judge: duplicate_scan::judge,
        due: None,
        cured: None,
    },
    Rule {
        name: "OUT_OF_TERRITORY",
        judge: out_of_territory::judge,
        due: None,
        cured: None,
    },
    Rule {
        name: "IMPOSSIBLE_TRAVEL",
        judge: impossible_travel::judge,
        due: None,
        cured: None,
    },
    Rule {
        name: "STATUS_VIOLATION",
        judge: status_violation::judge,
        due: None,
        cured: None,
    },
];

/// The rule of that name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Severity;
    use serialtrail_records::alert;

    #[test]
    fn every_rule_and_severity_is_one_an_alert_can_name() {
        for rule in RULES {
            assert!(alert::RULES.contains(&rule.name), "{}", rule.name);
        }
        let severities = [
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        assert_eq!(severities.map(Severity::as_str), alert::SEVERITIES);
    }
}
