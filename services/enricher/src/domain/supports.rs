//! Why a read holds: the event itself, or containers it is inherited from.

use crate::lent::{Support, UnitRead};

/// The support that speaks for a read: the event itself, else the nearest container, ties by its key.
pub(crate) fn best<'r, 'a>(read: &'r UnitRead<'a>) -> Option<&'r Support<'a>> {
    read.supports
        .iter()
        .filter(|s| s.asserted)
        .min_by(|a, b| (a.path.len(), a.issuer).cmp(&(b.path.len(), b.issuer)))
}

/// The support by the event itself, where it holds.
pub(crate) fn direct<'r, 'a>(read: &'r UnitRead<'a>) -> Option<&'r Support<'a>> {
    read.supports
        .iter()
        .find(|s| s.issuer.is_empty() && s.asserted)
}

/// Whether two supports say the same, apart from their revisions.
pub(crate) fn same(a: Option<&Support<'_>>, b: Option<&Support<'_>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            a.issuer == b.issuer
                && a.role == b.role
                && a.parent == b.parent
                && a.all_children == b.all_children
                && a.path == b.path
                && a.quantity == b.quantity
                && a.uom == b.uom
                && a.body.value() == b.body.value()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn support(issuer: &str, hops: usize, asserted: bool) -> Support<'_> {
        Support {
            issuer,
            path: vec!["x"; hops],
            asserted,
            ..Support::default()
        }
    }

    #[test]
    fn the_event_itself_speaks_before_the_nearest_container() {
        let mut read = UnitRead {
            supports: vec![
                support("b", 1, true),
                support("a", 1, true),
                support("0", 2, true),
                support("", 0, true),
            ],
            ..UnitRead::default()
        };
        assert_eq!(best(&read).map(|s| s.issuer), Some(""));
        read.supports[3].asserted = false;
        assert_eq!(best(&read).map(|s| s.issuer), Some("a"));
        read.supports[1].asserted = false;
        assert_eq!(best(&read).map(|s| s.issuer), Some("b"));
        read.supports[0].asserted = false;
        assert_eq!(best(&read).map(|s| s.issuer), Some("0"));
        read.supports[2].asserted = false;
        assert!(best(&read).is_none());
    }
}
