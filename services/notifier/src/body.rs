//! The body of a webhook: the alert as `GET /v1/alerts` gives it, its group, and whom it is for.

use crate::cause::Group;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use serialtrail_records::{Alert, Micros};

/// ISO 8601 in UTC, with as many decimals as are not zero.
#[must_use]
pub fn iso(micros: Micros) -> String {
    DateTime::<Utc>::from_timestamp_micros(micros).map_or_else(
        || micros.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

/// Whether an alert stands.
#[must_use]
pub fn is_open(alert: &Alert) -> bool {
    alert.state == "asserted"
}

/// The evidence as JSON; as text where it is none.
#[must_use]
pub fn evidence(alert: &Alert) -> Value {
    match serde_json::from_str(&alert.evidence) {
        Ok(evidence) => evidence,
        Err(_) if alert.evidence.is_empty() => Value::Null,
        Err(_) => Value::String(alert.evidence.clone()),
    }
}

/// What the header `Idempotency-Key` says: `<alert_id>/<revision>`.
#[must_use]
pub fn idempotency_key(alert: &Alert) -> String {
    format!("{}/{}", alert.alert_id, alert.revision)
}

/// The alert with the field names of `GET /v1/alerts`.
#[must_use]
pub fn alert(alert: &Alert) -> Value {
    let status = if is_open(alert) { "open" } else { "retracted" };
    json!({
        "alert_id": alert.alert_id,
        "rule": alert.rule,
        "sub_reason": alert.sub_reason,
        "epc": alert.epc,
        "unit": alert.subject,
        "subject_kind": alert.subject_kind,
        "event_ids": alert.event_ids,
        "event_time": iso(alert.event_time),
        "record_time": iso(alert.record_time),
        "detected_at": iso(alert.detected_at),
        "status": status,
        "severity": alert.severity,
        "country": alert.country,
        "site": alert.site,
        "party": alert.party,
        "gtin": alert.gtin,
        "lot": alert.lot,
        "container": alert.container,
        "profile": alert.profile,
        "likely_cause": alert.likely_cause,
        "policy_version": alert.policy_version,
        "revision": alert.revision,
        "evidence": evidence(alert),
        "retract_reason": alert.retract_reason,
        "superseded_by": alert.superseded_by,
        "source_party": alert.source_party,
    })
}

/// The whole body.
#[must_use]
pub fn webhook(written: &Alert, group: &Group, receiver: &str) -> Vec<u8> {
    let mut body = alert(written);
    body["group"] = json!(group);
    body["receiver"] = json!(receiver);
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::GroupBy;

    fn example() -> Alert {
        Alert {
            alert_id: "0f".into(),
            rule: "DUPLICATE_SCAN".into(),
            subject: "01/09521000000018/21/A/B".into(),
            subject_kind: "unit".into(),
            epc: "https://id.gs1.org/01/09521000000018/21/A%2FB".into(),
            revision: 3,
            state: "asserted".into(),
            severity: "high".into(),
            event_ids: vec!["urn:uuid:1".into()],
            event_time: 1_760_000_000_250_000,
            record_time: 1_760_000_001_000_000,
            detected_at: 1_760_000_002_000_000,
            country: Some("ES".into()),
            gtin: Some("09521000000018".into()),
            evidence: r#"{"events_total":2}"#.into(),
            policy_version: "2026-11".into(),
            source_party: "operator".into(),
            ..Alert::default()
        }
    }

    #[test]
    fn the_body_has_every_field_the_api_promises() {
        let document = include_str!("../../../schemas/openapi/query.json");
        let document: Value = serde_json::from_str(document).unwrap();
        let promised = document["components"]["schemas"]["Alert"]["properties"].as_object();
        let body = alert(&example());
        for field in promised.unwrap().keys() {
            assert!(body.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn an_alert_is_written_as_people_and_programs_read_it() {
        let group = Group::of(&example(), GroupBy::Product);
        let body: Value = serde_json::from_slice(&webhook(&example(), &group, "hook")).unwrap();
        for (field, expected) in [
            ("status", json!("open")),
            ("unit", json!("01/09521000000018/21/A/B")),
            ("event_time", json!("2025-10-09T08:53:20.250Z")),
            ("lot", Value::Null),
            ("evidence", json!({"events_total": 2})),
            ("revision", json!(3)),
            ("receiver", json!("hook")),
            (
                "group",
                json!({"by": "product", "key": group.key, "value": "01/09521000000018"}),
            ),
        ] {
            assert_eq!(body[field], expected, "{field}");
        }
        assert_eq!(idempotency_key(&example()), "0f/3");
    }

    #[test]
    fn a_retraction_says_so_and_why() {
        let retracted = Alert {
            state: "retracted".into(),
            retract_reason: Some("superseded".into()),
            superseded_by: Some("10".into()),
            evidence: String::new(),
            ..example()
        };
        let body = alert(&retracted);
        assert_eq!(body["status"], "retracted");
        assert_eq!(body["retract_reason"], "superseded");
        assert_eq!(body["superseded_by"], "10");
        assert_eq!(body["evidence"], Value::Null);
    }
}
