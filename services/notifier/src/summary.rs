//! An alert in one sentence, for a person who has not seen the project.

use serialtrail_records::Alert;

/// What happened, to what, where.
#[must_use]
pub fn summary(alert: &Alert) -> String {
    let what = match (alert.rule.as_str(), alert.sub_reason.as_deref()) {
        ("UNKNOWN_SERIAL", Some("unauthorised_issuer")) => {
            "has a serial issued by a party that may not issue it"
        }
        ("UNKNOWN_SERIAL", _) => "has a serial nobody issued",
        ("DUPLICATE_SCAN", _) => "was sold, dispensed or destroyed more than once",
        ("IMPOSSIBLE_TRAVEL", _) => "was read at two places faster than anything travels",
        ("CLONE_LIKELY", _) => "seems to exist more than once",
        ("OUT_OF_TERRITORY", _) => "was read in a country it is not meant for",
        ("CUSTODY_BREAK", _) => "changed hands in a way nobody announced",
        ("AGGREGATION_MISMATCH", _) => "was read outside the container it is packed in",
        ("DATA_MISMATCH", _) => "bears data that differ from its registration",
        ("STATUS_VIOLATION", Some("recalled")) => "was handled after its recall",
        ("STATUS_VIOLATION", Some("withdrawn")) => "was handled after its withdrawal",
        ("STATUS_VIOLATION", Some("expired")) => "was handled after its expiry",
        ("STATUS_VIOLATION", Some("stolen")) => "was handled after it was reported stolen",
        ("STATUS_VIOLATION", _) => "was handled in a state that forbids it",
        ("MISSING_IN_TRANSIT", _) => "was shipped and did not arrive",
        ("SCAN_VELOCITY", _) => "is verified more often than one unit would be",
        ("SERIAL_GUESSING", _) => "verifies serials that look guessed",
        ("HOTSPOT", _) => "stands out by the findings around it",
        _ => "is suspect",
    };
    let mut text = format!("{} {what}", alert.subject);
    if let Some(lot) = &alert.lot {
        text += &format!(", lot {lot}");
    }
    match (&alert.site, &alert.country) {
        (Some(site), Some(country)) => text += &format!(", at site {site} in {country}"),
        (Some(site), None) => text += &format!(", at site {site}"),
        (None, Some(country)) => text += &format!(", in {country}"),
        (None, None) => {}
    }
    match alert.likely_cause.as_deref() {
        Some("likely_operator_error") => text += "; likely an operator's slip",
        Some("likely_time_zone_error") => text += "; likely a clock in the wrong time zone",
        _ => {}
    }
    if alert.state == "retracted" {
        text += "; taken back";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_records::alert::RULES;

    #[test]
    fn a_sentence_says_what_where_and_how_sure() {
        let alert = Alert {
            rule: "STATUS_VIOLATION".into(),
            sub_reason: Some("recalled".into()),
            subject: "01/09521000000018/21/A".into(),
            lot: Some("L1".into()),
            site: Some("9521321000018".into()),
            country: Some("ES".into()),
            likely_cause: Some("likely_operator_error".into()),
            ..Alert::default()
        };
        assert_eq!(
            summary(&alert),
            "01/09521000000018/21/A was handled after its recall, lot L1, \
             at site 9521321000018 in ES; likely an operator's slip"
        );
    }

    #[test]
    fn every_rule_has_words_of_its_own() {
        for rule in RULES {
            let alert = Alert {
                rule: (*rule).into(),
                ..Alert::default()
            };
            assert!(!summary(&alert).contains("is suspect"), "{rule}");
        }
    }
}
