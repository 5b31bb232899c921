//! Who had a unit from when to when, as far as its reads tell.
//!
//! After a read the unit is with the party the event names as possessor (`possessing_party` among its
//! destinations), else with the party that operates the place it was read at. A read that says neither
//! changes nothing. A terminal read (dispensed, sold, destroyed) ends custody; a later read begins it
//! again.

/// What a read says about possession.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Event.
    pub event_id: String,
    /// Microseconds UTC.
    pub event_time: i64,
    /// Party operating the place; empty = unknown.
    pub party: String,
    /// Party the event puts in possession; empty = none named.
    pub custodian: String,
    /// bizStep.
    pub biz_step: String,
    /// Disposition.
    pub disposition: String,
}

/// What a custody rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The event names the party.
    Named,
    /// The party operates the place.
    Place,
}

impl Basis {
    /// As in an answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Place => "place",
        }
    }
}

/// One party's time with the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custody {
    /// GLN.
    pub party: String,
    /// Since, microseconds UTC.
    pub from: i64,
    /// Until; `None` while it lasts.
    pub to: Option<i64>,
    /// Event that began it.
    pub from_event: String,
    /// Event that ended it.
    pub to_event: Option<String>,
    /// What it rests on.
    pub basis: Basis,
}

/// The terminal steps; a pack dispensed in part goes on.
fn is_terminal(read: &Held) -> bool {
    match read.biz_step.as_str() {
        "dispensing" => read.disposition != "partially_dispensed",
        "retail_selling" | "destroying" => true,
        _ => false,
    }
}

/// Custody by reads in event-time order.
#[must_use]
pub fn custody(reads: impl IntoIterator<Item = Held>) -> Vec<Custody> {
    let mut list: Vec<Custody> = Vec::new();
    for read in reads {
        let terminal = is_terminal(&read);
        let (party, basis) = if read.custodian.is_empty() {
            (&read.party, Basis::Place)
        } else {
            (&read.custodian, Basis::Named)
        };
        let open = list.last_mut().filter(|custody| custody.to.is_none());
        if !party.is_empty() && open.as_ref().is_none_or(|open| open.party != *party) {
            if let Some(open) = open {
                open.to = Some(read.event_time);
                open.to_event = Some(read.event_id.clone());
            }
            list.push(Custody {
                party: party.clone(),
                from: read.event_time,
                to: None,
                from_event: read.event_id.clone(),
                to_event: None,
                basis,
            });
        }
        if terminal && let Some(open) = list.last_mut().filter(|custody| custody.to.is_none()) {
            open.to = Some(read.event_time);
            open.to_event = Some(read.event_id);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(time: i64, step: &str, party: &str, custodian: &str) -> Held {
        Held {
            event_id: format!("e{time}"),
            event_time: time,
            biz_step: step.into(),
            party: party.into(),
            custodian: custodian.into(),
            ..Held::default()
        }
    }

    fn spans(reads: Vec<Held>) -> Vec<(String, i64, Option<i64>, Basis)> {
        custody(reads)
            .into_iter()
            .map(|c| (c.party, c.from, c.to, c.basis))
            .collect()
    }

    #[test]
    fn a_unit_is_with_whoever_operates_the_place_until_another_reads_it() {
        let reads = vec![
            read(1, "commissioning", "maker", ""),
            read(2, "shipping", "maker", ""),
            read(5, "receiving", "wholesaler", ""),
            read(6, "storing", "", ""),
        ];
        assert_eq!(
            spans(reads),
            [
                ("maker".into(), 1, Some(5), Basis::Place),
                ("wholesaler".into(), 5, None, Basis::Place),
            ]
        );
    }

    #[test]
    fn an_event_that_names_the_possessor_wins_over_its_place() {
        let reads = vec![
            read(1, "shipping", "maker", "carrier"),
            read(3, "arriving", "carrier", ""),
            read(4, "receiving", "shop", ""),
        ];
        assert_eq!(
            spans(reads),
            [
                ("carrier".into(), 1, Some(4), Basis::Named),
                ("shop".into(), 4, None, Basis::Place),
            ]
        );
    }

    #[test]
    fn a_sale_ends_custody_and_a_return_begins_it_again() {
        let reads = vec![
            read(1, "receiving", "shop", ""),
            read(2, "retail_selling", "shop", ""),
            read(9, "receiving", "shop", ""),
        ];
        assert_eq!(
            spans(reads),
            [
                ("shop".into(), 1, Some(2), Basis::Place),
                ("shop".into(), 9, None, Basis::Place),
            ]
        );
        let part = Held {
            disposition: "partially_dispensed".into(),
            ..read(2, "dispensing", "shop", "")
        };
        assert_eq!(spans(vec![part]), [("shop".into(), 2, None, Basis::Place)]);
    }

    #[test]
    fn a_sale_by_someone_never_seen_before_is_still_theirs() {
        let reads = vec![
            read(1, "receiving", "a", ""),
            read(2, "dispensing", "b", ""),
        ];
        assert_eq!(
            spans(reads),
            [
                ("a".into(), 1, Some(2), Basis::Place),
                ("b".into(), 2, Some(2), Basis::Place)
            ]
        );
        assert_eq!(spans(vec![read(1, "destroying", "", "")]), []);
    }
}
