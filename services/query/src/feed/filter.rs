//! Which alerts a listener is told of: the same filters as of a list, held against one alert.

use crate::alerts::{AlertRow, STATUSES};
use crate::parameters::Parameters;
use crate::problem::Problem;
use serialtrail_records::alert::{RULES, SEVERITIES};

/// Parameters of the stream.
pub const PARAMETERS: &[&str] = &[
    "rule", "severity", "unit", "epc", "product", "gtin", "lot", "country", "site", "status",
    "since", "until", "after",
];

/// What a listener wants to hear of; what is not given matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    rules: Option<Vec<String>>,
    severities: Option<Vec<String>>,
    subject: Option<String>,
    gtin: Option<String>,
    lot: Option<String>,
    country: Option<String>,
    site: Option<String>,
    state: Option<&'static str>,
    /// Event time, microseconds UTC: not before.
    since: Option<i64>,
    /// Event time: before.
    until: Option<i64>,
}

impl Filter {
    /// The filter a request asks for. Unlike a list, a stream without `status` has every revision.
    ///
    /// # Errors
    /// 400: a value is not valid.
    pub fn read(given: &Parameters) -> Result<Self, Problem> {
        let state = match given.words("status", STATUSES)?.as_deref() {
            Some([status]) if status == "open" => Some("asserted"),
            Some([status]) if status == "retracted" => Some("retracted"),
            _ => None,
        };
        Ok(Self {
            rules: given.words("rule", RULES)?,
            severities: given.words("severity", SEVERITIES)?,
            subject: given.unit("unit", "epc")?.map(String::from),
            gtin: given.product("product", "gtin")?,
            lot: given.text("lot").map(str::to_owned),
            country: given.country("country")?,
            site: given.place("site")?,
            state,
            since: given.time("since")?,
            until: given.time("until")?,
        })
    }

    /// Whether the listener is to hear of it.
    #[must_use]
    pub(crate) fn matches(&self, alert: &AlertRow) -> bool {
        fn one(wanted: Option<&String>, found: &str) -> bool {
            wanted.is_none_or(|wanted| wanted == found)
        }
        fn among(wanted: Option<&Vec<String>>, found: &str) -> bool {
            wanted.is_none_or(|wanted| wanted.iter().any(|w| w == found))
        }
        among(self.rules.as_ref(), &alert.rule)
            && among(self.severities.as_ref(), &alert.severity)
            && one(self.subject.as_ref(), &alert.subject)
            && one(self.gtin.as_ref(), &alert.gtin)
            && one(self.lot.as_ref(), &alert.lot)
            && one(self.country.as_ref(), &alert.country)
            && one(self.site.as_ref(), &alert.site)
            && self.state.is_none_or(|state| state == alert.state)
            && self.since.is_none_or(|since| alert.event_time >= since)
            && self.until.is_none_or(|until| alert.event_time < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Filter {
        let uri = format!("/x?{query}").parse().unwrap();
        Filter::read(&Parameters::read(&uri, PARAMETERS).unwrap()).unwrap()
    }

    #[test]
    fn an_alert_matches_where_every_given_filter_does() {
        let alert = AlertRow {
            rule: "HOTSPOT".into(),
            severity: "high".into(),
            country: "DE".into(),
            lot: "L1".into(),
            gtin: "09521234543213".into(),
            subject: "01/09521234543213/21/A".into(),
            state: "asserted".into(),
            event_time: 1_772_323_200_000_000,
            ..AlertRow::default()
        };
        for matching in [
            "",
            "rule=HOTSPOT,DUPLICATE_SCAN",
            "severity=high&country=de&lot=L1",
            "gtin=9521234543213&status=open",
            "epc=(01)09521234543213(21)A&status=any",
            "since=2026-03-01&until=2026-03-02",
        ] {
            assert!(filter(matching).matches(&alert), "{matching}");
        }
        for other in [
            "rule=DUPLICATE_SCAN",
            "country=FR&lot=L1",
            "status=retracted",
            "site=9521234000013",
            "severity=low,medium",
            "since=2026-03-02",
            "until=2026-03-01",
        ] {
            assert!(!filter(other).matches(&alert), "{other}");
        }
    }
}
