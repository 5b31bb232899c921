//! Which version of an event id stands, and what a new record changes: a function of the records
//! captured for the id, whatever order they come in.

use serialtrail_records::EpcisEvent;
use serialtrail_records::state_dispatcher::{AcceptedVersion, DispatchedEvent};

/// What an event without error declaration does to what is known of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The first version: it stands.
    First,
    /// The same content again, not earlier: nothing changes.
    Repeat,
    /// The same content from an earlier capture: it stands in the place of the later one.
    Earlier,
    /// Other content that comes before the standing one: that one is refused instead.
    Displaces,
    /// Other content that comes after the standing one: it is refused.
    Conflicts,
}

/// Declarations kept with their original bytes until their event comes: each takes up to 48 KiB of the
/// 256 KiB of a state value.
pub(crate) const MAX_WAITING: usize = 4;

/// What an error declaration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    /// That publisher has declared it before.
    Repeat,
    /// No version stands yet: it waits.
    Waits,
    /// No version stands yet and [`MAX_WAITING`] wait already: refused, but should its publisher prove
    /// to be the event's, it holds, as it would have in any other order.
    TooMany,
    /// By the publisher of the standing version, which is withdrawn.
    Withdraws,
    /// By someone else: refused.
    NotByPublisher,
}

/// Versions by the order in which they stand: smallest first.
fn order(event: &EpcisEvent) -> (i64, &str, &str) {
    (event.record_time, &event.content_hash, &event.source_party)
}

fn standing_order(version: &AcceptedVersion) -> (i64, &str, &str) {
    (
        version.record_time,
        &version.content_hash,
        &version.source_party,
    )
}

/// Judges an event against the version that stands.
pub(crate) fn arrival(known: &DispatchedEvent, event: &EpcisEvent) -> Arrival {
    let Some(standing) = &known.accepted else {
        return Arrival::First;
    };
    let earlier = order(event) < standing_order(standing);
    match (standing.content_hash == event.content_hash, earlier) {
        (true, true) => Arrival::Earlier,
        (true, false) => Arrival::Repeat,
        (false, true) => Arrival::Displaces,
        (false, false) => Arrival::Conflicts,
    }
}

/// Judges an error declaration.
pub(crate) fn declaration(known: &DispatchedEvent, declaration: &EpcisEvent) -> Declared {
    if known
        .declared
        .iter()
        .any(|d| d.source_party == declaration.source_party)
    {
        return Declared::Repeat;
    }
    match &known.accepted {
        None if known.declared.iter().filter(|d| !d.rejected).count() >= MAX_WAITING => {
            Declared::TooMany
        }
        None => Declared::Waits,
        Some(standing) if standing.source_party == declaration.source_party => Declared::Withdraws,
        Some(_) => Declared::NotByPublisher,
    }
}

/// Whether the version that stands has been declared an error by its own publisher.
pub(crate) fn withdrawn(known: &DispatchedEvent) -> bool {
    known.accepted.as_ref().is_some_and(|standing| {
        known
            .declared
            .iter()
            .any(|d| d.source_party == standing.source_party)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_records::state_dispatcher::Declaration;

    fn standing(record_time: i64, hash: &str, party: &str) -> DispatchedEvent {
        DispatchedEvent {
            accepted: Some(AcceptedVersion {
                record_time,
                content_hash: hash.into(),
                source_party: party.into(),
                ..AcceptedVersion::default()
            }),
            ..DispatchedEvent::default()
        }
    }

    fn event(record_time: i64, hash: &str, party: &str) -> EpcisEvent {
        EpcisEvent {
            record_time,
            content_hash: hash.into(),
            source_party: party.into(),
            ..EpcisEvent::default()
        }
    }

    #[test]
    fn the_smaller_record_time_then_content_hash_stands() {
        let known = standing(10, "m", "p");
        for (incoming, expected) in [
            (event(10, "m", "p"), Arrival::Repeat),
            (event(11, "m", "p"), Arrival::Repeat),
            (event(9, "m", "p"), Arrival::Earlier),
            (event(10, "m", "o"), Arrival::Earlier),
            (event(9, "z", "p"), Arrival::Displaces),
            (event(10, "a", "p"), Arrival::Displaces),
            (event(10, "z", "a"), Arrival::Conflicts),
            (event(11, "a", "p"), Arrival::Conflicts),
        ] {
            assert_eq!(arrival(&known, &incoming), expected, "{incoming:?}");
        }
        assert_eq!(
            arrival(&DispatchedEvent::default(), &event(1, "a", "p")),
            Arrival::First
        );
    }

    #[test]
    fn only_the_publisher_withdraws() {
        let mut known = standing(10, "m", "p");
        assert_eq!(
            declaration(&known, &event(99, "m", "p")),
            Declared::Withdraws
        );
        assert_eq!(
            declaration(&known, &event(99, "m", "q")),
            Declared::NotByPublisher
        );
        assert!(!withdrawn(&known));
        known.declared.push(Declaration {
            source_party: "p".into(),
            ..Declaration::default()
        });
        assert!(withdrawn(&known));
        assert_eq!(declaration(&known, &event(99, "m", "p")), Declared::Repeat);
        assert_eq!(
            declaration(&DispatchedEvent::default(), &event(99, "m", "q")),
            Declared::Waits
        );
    }
}
