//! Who is told what: receivers, and the routes that lead to them.
//!
//! Routes are tried in the order of the file. The first that matches decides, unless it says
//! `continue`; a receiver named by several is told once, grouped as the first of them says. What the
//! file may hold: `deploy/local/routes.toml`, which explains every key.

mod expand;
mod file;

use serialtrail_records::Alert;
use std::fmt;
use std::time::Duration;

/// What an innocent explanation may be; `none` stands for an alert without one.
pub const LIKELY_CAUSES: &[&str] = &["likely_operator_error", "likely_time_zone_error", NO_CAUSE];

const NO_CAUSE: &str = "none";

/// The validated routes file.
#[derive(Debug, Clone, PartialEq)]
pub struct Routes {
    /// Root of the console, for links; without a slash at the end.
    pub console: String,
    /// Receivers, by name.
    pub receivers: Vec<Receiver>,
    /// Routes in the order of the file.
    pub routes: Vec<Route>,
}

/// One receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// Name: part of its consumer group's.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// Longest time one attempt may take.
    pub timeout: Duration,
    /// How long after the first attempt a notification is parked; `None`: it is kept in Kafka until the
    /// receiver is back.
    pub park_after: Option<Duration>,
    /// Notifications in flight at most; for Alertmanager alerts in one request.
    pub max_in_flight: usize,
    /// What kind it is.
    pub kind: Kind,
}

/// Kinds of receivers.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Alertmanager's v2 API.
    Alertmanager {
        /// An open alert ends by itself so long after it was last sent.
        open_for: Duration,
        /// How often it is asked whether it was restarted.
        check_every: Duration,
    },
    /// A signed POST a notification.
    Webhook {
        /// Key of the signature.
        secret: Secret,
    },
}

/// A key that never appears in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The key's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What notifications of one route have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// The lot of the product.
    Lot,
    /// The outermost container it travelled in.
    Container,
    /// The place of the decisive read.
    Site,
    /// The product.
    Product,
    /// Nothing: each alert is a group of its own.
    None,
}

/// One route: conditions, of which an absent one holds for every alert, and who is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Names of rules.
    pub rule: Option<Vec<String>>,
    /// Severities.
    pub severity: Option<Vec<String>>,
    /// Countries (ISO 3166-1 alpha-2) of the decisive read's site.
    pub market: Option<Vec<String>>,
    /// GTIN-14s.
    pub product: Option<Vec<String>>,
    /// Detection profiles.
    pub profile: Option<Vec<String>>,
    /// Innocent explanations; `none` for alerts without one.
    pub likely_cause: Option<Vec<String>>,
    /// Receivers by name.
    pub receivers: Vec<String>,
    /// How they group.
    pub group_by: GroupBy,
    /// Whether the routes after it are tried as well.
    pub goes_on: bool,
}

fn holds(condition: Option<&Vec<String>>, value: Option<&str>) -> bool {
    condition.is_none_or(|allowed| value.is_some_and(|value| allowed.iter().any(|a| a == value)))
}

impl Route {
    /// Conditions on what every revision of an alert has in common.
    fn fixed_match(&self, alert: &Alert) -> bool {
        holds(self.rule.as_ref(), Some(&alert.rule))
            && holds(self.market.as_ref(), alert.country.as_deref())
    }

    fn matches(&self, alert: &Alert) -> bool {
        let cause = alert.likely_cause.as_deref().unwrap_or(NO_CAUSE);
        self.fixed_match(alert)
            && holds(self.severity.as_ref(), Some(&alert.severity))
            && holds(self.product.as_ref(), alert.gtin.as_deref())
            && holds(self.profile.as_ref(), alert.profile.as_deref())
            && holds(self.likely_cause.as_ref(), Some(cause))
    }
}

/// Whether a receiver is told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// It is.
    Yes(GroupBy),
    /// This revision does not lead to it, but an earlier one may have: what it was told must be kept
    /// true.
    Perhaps(GroupBy),
    /// It is not.
    No,
}

impl Routes {
    /// Receivers an alert leads to, each with how it groups.
    #[must_use]
    pub fn told(&self, alert: &Alert) -> Vec<(&str, GroupBy)> {
        let mut told: Vec<(&str, GroupBy)> = Vec::new();
        for route in self.routes.iter().filter(|route| route.matches(alert)) {
            for receiver in &route.receivers {
                if !told.iter().any(|(name, _)| name == receiver) {
                    told.push((receiver, route.group_by));
                }
            }
            if !route.goes_on {
                break;
            }
        }
        told
    }

    /// Whether one receiver is told of an alert.
    #[must_use]
    pub fn addressed(&self, alert: &Alert, receiver: &str) -> Addressed {
        let told = self.told(alert);
        if let Some((_, group_by)) = told.iter().find(|(name, _)| *name == receiver) {
            return Addressed::Yes(*group_by);
        }
        if alert.revision <= 1 {
            return Addressed::No;
        }
        let leads = |route: &&Route| {
            route.fixed_match(alert) && route.receivers.iter().any(|name| name == receiver)
        };
        match self.routes.iter().find(leads) {
            Some(route) => Addressed::Perhaps(route.group_by),
            None => Addressed::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const FILE: &str = r#"
        [receiver.quality]
        kind = "webhook"
        url = "https://quality.example/hook"
        secret = "0123456789abcdef"
        [receiver.pager]
        kind = "alertmanager"
        url = "http://127.0.0.1:1/api/v2"
        [receiver.spain]
        kind = "webhook"
        url = "https://spain.example/hook"
        secret = "0123456789abcdef"

        [[route]]
        likely_cause = ["likely_operator_error", "likely_time_zone_error"]
        receivers = ["quality"]
        group_by = "site"
        [[route]]
        market = ["ES"]
        product = ["9521000000018"]
        receivers = ["spain"]
        group_by = "container"
        continue = true
        [[route]]
        rule = ["STATUS_VIOLATION", "DUPLICATE_SCAN"]
        severity = ["high", "critical"]
        receivers = ["pager", "spain"]
        group_by = "lot"
    "#;

    fn routes() -> Routes {
        Routes::parse(FILE, &|_| None, Path::new("")).unwrap()
    }

    fn alert(change: impl FnOnce(&mut Alert)) -> Alert {
        let mut alert = Alert {
            rule: "STATUS_VIOLATION".into(),
            severity: "critical".into(),
            country: Some("ES".into()),
            gtin: Some("09521000000018".into()),
            revision: 1,
            ..Alert::default()
        };
        change(&mut alert);
        alert
    }

    #[test]
    fn the_first_matching_route_decides_unless_it_goes_on() {
        use GroupBy::{Container, Lot, Site};
        type Case = (
            &'static str,
            fn(&mut Alert),
            &'static [(&'static str, GroupBy)],
        );
        let cases: &[Case] = &[
            (
                "Spain and the pager, Spain grouped as its own route says",
                |_| (),
                &[("spain", Container), ("pager", Lot)],
            ),
            (
                "likely an operator's error: apart",
                |a| a.likely_cause = Some("likely_operator_error".into()),
                &[("quality", Site)],
            ),
            (
                "another market",
                |a| a.country = Some("FR".into()),
                &[("pager", Lot), ("spain", Lot)],
            ),
            (
                "no market",
                |a| a.country = None,
                &[("pager", Lot), ("spain", Lot)],
            ),
            (
                "another product",
                |a| a.gtin = Some("09521000000025".into()),
                &[("pager", Lot), ("spain", Lot)],
            ),
            (
                "low severity stays with the route without one",
                |a| a.severity = "low".into(),
                &[("spain", Container)],
            ),
            (
                "no route at all",
                |a| {
                    a.rule = "HOTSPOT".into();
                    a.country = None;
                },
                &[],
            ),
        ];
        for (what, change, expected) in cases {
            assert_eq!(routes().told(&alert(change)), *expected, "{what}");
        }
    }

    #[test]
    fn a_route_for_alerts_without_a_likely_cause_excludes_the_others() {
        let text = FILE.replace(
            r#"["likely_operator_error", "likely_time_zone_error"]"#,
            r#"["none"]"#,
        );
        let routes = Routes::parse(&text, &|_| None, Path::new("")).unwrap();
        assert_eq!(routes.told(&alert(|_| ()))[0].0, "quality");
        let caused = alert(|a| a.likely_cause = Some("likely_operator_error".into()));
        assert_eq!(routes.told(&caused)[0].0, "spain");
    }

    #[test]
    fn a_later_revision_may_concern_whoever_an_earlier_one_led_to() {
        let routes = routes();
        let innocent = |revision| {
            alert(|a| {
                a.revision = revision;
                a.likely_cause = Some("likely_operator_error".into());
            })
        };
        let first = routes.addressed(&innocent(1), "pager");
        assert_eq!(first, Addressed::No, "nothing came before it");
        let second = routes.addressed(&innocent(2), "pager");
        assert_eq!(second, Addressed::Perhaps(GroupBy::Lot));
        let quality = routes.addressed(&innocent(2), "quality");
        assert_eq!(quality, Addressed::Yes(GroupBy::Site));
        let elsewhere = alert(|a| {
            a.revision = 2;
            a.rule = "HOTSPOT".into();
            a.country = Some("FR".into());
        });
        assert_eq!(routes.addressed(&elsewhere, "pager"), Addressed::No);
    }

    #[test]
    fn rules_are_those_the_api_names() {
        let document = include_str!("../../../schemas/openapi/query.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let rules = document["components"]["schemas"]["Alert"]["properties"]["rule"]["enum"]
            .as_array()
            .unwrap();
        assert_eq!(rules, serialtrail_records::alert::RULES);
    }
}
