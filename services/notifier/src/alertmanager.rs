//! Alerts in Alertmanager's words (API v2, `POST /alerts`). Pure; [`client`] speaks, [`resend`] repeats.
//!
//! Alertmanager takes two alerts for one when all their labels are equal. Ours carry some that a later
//! revision may change (severity, lot, likely_cause, ...): whatever Alertmanager still holds of an alert
//! under other labels is ended in the request that brings the new ones.

pub mod client;
pub mod resend;

use crate::body::is_open;
use crate::cause::Group;
use crate::summary::summary;
use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serialtrail_records::{Alert, Micros};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest evidence in an annotation, characters; the whole of it is behind the link.
const EVIDENCE: usize = 600;

/// Label names and values.
pub type Labels = BTreeMap<String, String>;

/// One alert as posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostedAlert {
    /// What it is, and what it is routed by.
    pub labels: Labels,
    /// What a person reads.
    #[serde(default)]
    pub annotations: Labels,
    /// When it was detected: Alertmanager compares with now, and an event may be a year old.
    pub starts_at: String,
    /// When it ends: far ahead while it stands, now when it was retracted.
    pub ends_at: String,
    /// Where to look at it.
    #[serde(default, rename = "generatorURL")]
    pub generator_url: String,
}

/// What an alert looks like from outside.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Root of the console.
    pub console: &'a str,
    /// How long an open alert stands unless sent again.
    pub open_for: Duration,
    /// Wall clock.
    pub now: Micros,
}

fn time(micros: Micros) -> String {
    DateTime::<Utc>::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The labels of an alert; absent ones are left out, as Alertmanager takes empty ones for absent.
#[must_use]
pub fn labels(alert: &Alert, group: &Group) -> Labels {
    let given = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        ("alertname", alert.rule.clone()),
        ("rule", alert.rule.clone()),
        ("service", "serialtrail".to_owned()),
        ("alert_id", alert.alert_id.clone()),
        ("severity", alert.severity.clone()),
        ("gtin", given(&alert.gtin)),
        ("lot", given(&alert.lot)),
        ("country", given(&alert.country)),
        ("site", given(&alert.site)),
        ("party", given(&alert.party)),
        ("profile", given(&alert.profile)),
        ("container", given(&alert.container)),
        ("likely_cause", given(&alert.likely_cause)),
        ("group_by", group.by.to_owned()),
        (
            "group",
            group.value.clone().unwrap_or_else(|| group.key.clone()),
        ),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Where the console shows an alert's subject.
#[must_use]
pub fn link(alert: &Alert, console: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    match (alert.subject_kind.as_str(), &alert.gtin, &alert.lot) {
        ("lot", Some(gtin), Some(lot)) => {
            format!("{console}/recall?gtin={gtin}&lot={}", encoded(lot))
        }
        ("unit", ..) => format!("{console}/unit?id={}", encoded(&alert.subject)),
        _ => format!("{console}/alerts?rule={}", encoded(&alert.rule)),
    }
}

fn annotations(alert: &Alert, look: &Look<'_>) -> Labels {
    let mut evidence: String = alert.evidence.chars().take(EVIDENCE).collect();
    if evidence.len() < alert.evidence.len() {
        evidence += " ...";
    }
    [
        ("summary", summary(alert)),
        ("epc", alert.epc.clone()),
        ("sub_reason", alert.sub_reason.clone().unwrap_or_default()),
        ("event_time", time(alert.event_time)),
        ("link", link(alert, look.console)),
        ("evidence", evidence),
        ("revision", alert.revision.to_string()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// An alert as it stands: open, or ended now.
#[must_use]
pub fn posted(alert: &Alert, group: &Group, look: &Look<'_>) -> PostedAlert {
    let ends = if is_open(alert) {
        let open_for = i64::try_from(look.open_for.as_micros()).unwrap_or(i64::MAX);
        look.now.saturating_add(open_for)
    } else {
        look.now
    };
    PostedAlert {
        labels: labels(alert, group),
        annotations: annotations(alert, look),
        starts_at: time(alert.detected_at.min(look.now)),
        ends_at: time(ends),
        generator_url: link(alert, look.console),
    }
}

/// Ends what Alertmanager holds.
#[must_use]
pub fn ended(held: PostedAlert, now: Micros) -> PostedAlert {
    PostedAlert {
        ends_at: time(now),
        ..held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::GroupBy;

    const NOW: Micros = 1_760_000_100_000_000;

    fn look() -> Look<'static> {
        Look {
            console: "http://console",
            open_for: Duration::from_secs(86_400),
            now: NOW,
        }
    }

    fn alert() -> Alert {
        Alert {
            alert_id: "0f".into(),
            rule: "DUPLICATE_SCAN".into(),
            subject: "01/09521000000018/21/A/B".into(),
            subject_kind: "unit".into(),
            epc: "https://id.gs1.org/01/09521000000018/21/A%2FB".into(),
            revision: 1,
            state: "asserted".into(),
            severity: "high".into(),
            detected_at: 1_760_000_002_000_000,
            gtin: Some("09521000000018".into()),
            lot: Some("L1".into()),
            evidence: "ä".repeat(700),
            ..Alert::default()
        }
    }

    fn post(alert: &Alert) -> PostedAlert {
        posted(alert, &Group::of(alert, GroupBy::Lot), &look())
    }

    #[test]
    fn labels_say_what_it_is_and_absent_ones_are_left_out() {
        let expected = [
            ("alertname", "DUPLICATE_SCAN"),
            ("rule", "DUPLICATE_SCAN"),
            ("service", "serialtrail"),
            ("alert_id", "0f"),
            ("severity", "high"),
            ("gtin", "09521000000018"),
            ("lot", "L1"),
            ("group_by", "lot"),
            ("group", "01/09521000000018/10/L1"),
        ];
        let expected: Labels = expected.map(|(k, v)| (k.into(), v.into())).into();
        assert_eq!(post(&alert()).labels, expected);
    }

    #[test]
    fn an_open_alert_ends_far_ahead_and_a_retracted_one_now() {
        let open = post(&alert());
        assert_eq!(open.starts_at, "2025-10-09T08:53:22.000000Z");
        assert_eq!(open.ends_at, "2025-10-10T08:55:00.000000Z");
        let retracted = post(&Alert {
            state: "retracted".into(),
            ..alert()
        });
        assert_eq!(retracted.ends_at, "2025-10-09T08:55:00.000000Z");
        assert_eq!(
            retracted.labels, open.labels,
            "or it would end another alert"
        );
    }

    #[test]
    fn a_detector_whose_clock_is_ahead_does_not_make_an_alert_end_before_it_starts() {
        let ahead = post(&Alert {
            state: "retracted".into(),
            detected_at: NOW + 1_000_000,
            ..alert()
        });
        assert_eq!(ahead.starts_at, ahead.ends_at);
    }

    #[test]
    fn the_link_leads_to_what_the_alert_is_about() {
        let encoded = "01%2F09521000000018%2F21%2FA%2FB";
        assert_eq!(
            post(&alert()).generator_url,
            format!("http://console/unit?id={encoded}")
        );
        let about = |kind: &str| {
            let subject_kind = kind.to_owned();
            link(
                &Alert {
                    subject_kind,
                    ..alert()
                },
                "http://console",
            )
        };
        assert_eq!(
            about("lot"),
            "http://console/recall?gtin=09521000000018&lot=L1"
        );
        assert_eq!(about("site"), "http://console/alerts?rule=DUPLICATE%5FSCAN");
    }

    #[test]
    fn long_evidence_is_cut_between_characters() {
        let evidence = &post(&alert()).annotations["evidence"];
        assert_eq!(evidence.chars().count(), EVIDENCE + 4);
    }
}
