//! Labels of what really went wrong, and how a set of alerts compares with them.

use std::collections::{BTreeMap, BTreeSet};

/// One labelled anomaly.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Label {
    /// Rule that must raise.
    pub rule: String,
    /// Canonical GS1 Digital Link of the unit.
    pub epc: String,
    /// Events that make the anomaly (names inside the simulation).
    pub events: Vec<String>,
    /// What happened, for a person.
    pub what: String,
}

/// Found, missed and false alerts, by rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Score {
    /// (labelled, found, missed, false) by rule.
    pub by_rule: BTreeMap<String, RuleScore>,
    /// Labelled and not raised: (rule, epc).
    pub missed: Vec<(String, String)>,
    /// Raised and not labelled: (rule, epc).
    pub false_alerts: Vec<(String, String)>,
}

/// Figures of one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleScore {
    /// Anomalies labelled.
    pub labelled: usize,
    /// Labelled and raised.
    pub found: usize,
    /// Labelled and not raised.
    pub missed: usize,
    /// Raised and not labelled.
    pub false_alerts: usize,
}

impl Score {
    /// Everything labelled was raised and nothing else was.
    #[must_use]
    pub fn is_perfect(&self) -> bool {
        self.missed.is_empty() && self.false_alerts.is_empty()
    }
}

/// Compares asserted alerts, as (rule, canonical Digital Link), with the labels.
pub fn score(labels: &[Label], alerts: impl IntoIterator<Item = (String, String)>) -> Score {
    let wanted: BTreeSet<(String, String)> = labels
        .iter()
        .map(|l| (l.rule.clone(), l.epc.clone()))
        .collect();
    let raised: BTreeSet<(String, String)> = alerts.into_iter().collect();
    let mut out = Score::default();
    for key in &wanted {
        let rule = out.by_rule.entry(key.0.clone()).or_default();
        rule.labelled += 1;
        if raised.contains(key) {
            rule.found += 1;
        } else {
            rule.missed += 1;
            out.missed.push(key.clone());
        }
    }
    for key in raised.difference(&wanted) {
        out.by_rule.entry(key.0.clone()).or_default().false_alerts += 1;
        out.false_alerts.push(key.clone());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_missed_and_false_alerts_are_told_apart() {
        let label = |epc: &str| Label {
            rule: "DUPLICATE_SCAN".into(),
            epc: epc.into(),
            events: Vec::new(),
            what: String::new(),
        };
        let raised = [
            ("DUPLICATE_SCAN", "a"),
            ("OUT_OF_TERRITORY", "a"),
            ("DUPLICATE_SCAN", "a"),
        ];
        let s = score(
            &[label("a"), label("b")],
            raised.map(|(r, e)| (r.to_owned(), e.to_owned())),
        );
        assert_eq!(
            s.by_rule["DUPLICATE_SCAN"],
            RuleScore {
                labelled: 2,
                found: 1,
                missed: 1,
                false_alerts: 0
            }
        );
        assert_eq!(s.missed, [("DUPLICATE_SCAN".to_owned(), "b".to_owned())]);
        assert_eq!(
            s.false_alerts,
            [("OUT_OF_TERRITORY".to_owned(), "a".to_owned())]
        );
        assert!(!s.is_perfect());
        assert!(
            score(
                &[label("a")],
                [("DUPLICATE_SCAN".to_owned(), "a".to_owned())]
            )
            .is_perfect()
        );
    }
}
