//! What notifications are grouped by: the lot, container, place or product they have in common.

use crate::routes::GroupBy;
use serde::Serialize;
use serialtrail_records::Alert;
use sha2::{Digest, Sha256};

/// The group of one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// `lot`, `container`, `site`, `product` or `none`, as the route says.
    pub by: &'static str,
    /// Hash of what the group has in common, 16 hex digits: equal for alerts of one group, across
    /// restarts and receivers.
    pub key: String,
    /// What they have in common, as a GS1 key (`01/<gtin>/10/<lot>`, `00/<sscc>`, `414/<gln>`,
    /// `01/<gtin>`). None where the alert does not carry it: it is a group of its own.
    pub value: Option<String>,
}

impl Group {
    /// The group of an alert.
    #[must_use]
    pub fn of(alert: &Alert, group_by: GroupBy) -> Self {
        let product = || alert.gtin.as_ref().map(|gtin| format!("01/{gtin}"));
        let (by, value) = match group_by {
            GroupBy::Lot => (
                "lot",
                product()
                    .zip(alert.lot.as_ref())
                    .map(|(product, lot)| format!("{product}/10/{lot}")),
            ),
            GroupBy::Container => (
                "container",
                // What a container's own read shows is raised on the container.
                alert.container.clone().or_else(|| {
                    alert
                        .subject
                        .starts_with("00/")
                        .then(|| alert.subject.clone())
                }),
            ),
            GroupBy::Site => ("site", alert.site.as_ref().map(|gln| format!("414/{gln}"))),
            GroupBy::Product => ("product", product()),
            GroupBy::None => ("none", None),
        };
        let common = match &value {
            Some(value) => format!("{by}\n{value}"),
            None => format!("alert\n{}", alert.alert_id),
        };
        let hash = hex::encode(Sha256::digest(common));
        Self {
            by,
            key: hash[..16].to_owned(),
            value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(id: &str) -> Alert {
        Alert {
            alert_id: id.into(),
            subject: "01/09521000000018/21/A".into(),
            gtin: Some("09521000000018".into()),
            lot: Some("L1".into()),
            site: Some("9521321000018".into()),
            container: Some("00/095210000000000014".into()),
            ..Alert::default()
        }
    }

    #[test]
    fn alerts_with_a_cause_in_common_share_a_group() {
        for (by, value) in [
            (GroupBy::Lot, Some("01/09521000000018/10/L1")),
            (GroupBy::Container, Some("00/095210000000000014")),
            (GroupBy::Site, Some("414/9521321000018")),
            (GroupBy::Product, Some("01/09521000000018")),
            (GroupBy::None, None),
        ] {
            let (one, other) = (Group::of(&alert("a"), by), Group::of(&alert("b"), by));
            assert_eq!(one.value.as_deref(), value);
            assert_eq!(one.key == other.key, value.is_some(), "{by:?}");
        }
    }

    #[test]
    fn an_alert_that_lacks_the_cause_is_a_group_of_its_own() {
        let bare = |id: &str| Alert {
            alert_id: id.into(),
            subject: "01/09521000000018/21/A".into(),
            ..Alert::default()
        };
        for by in [
            GroupBy::Lot,
            GroupBy::Container,
            GroupBy::Site,
            GroupBy::Product,
        ] {
            let group = Group::of(&bare("a"), by);
            assert_eq!(group.value, None);
            assert_ne!(group.key, Group::of(&bare("b"), by).key);
            assert_eq!(group.key, Group::of(&bare("a"), by).key, "and stays in it");
        }
    }

    #[test]
    fn an_alert_on_a_container_belongs_with_those_on_its_content() {
        let container = Alert {
            subject: "00/095210000000000014".into(),
            ..Alert::default()
        };
        let content = Group::of(&alert("a"), GroupBy::Container);
        assert_eq!(Group::of(&container, GroupBy::Container), content);
    }
}
