//! When a child was in a container, from what happened to the child and when the container became
//! empty. Every answer is a function of the set of events, ordered by (event time, event id).

use super::flags::{COMMISSIONS, EMPTIES, PACKS, RECEIVES};
use crate::lent::{ChildInterval, ChildOp, ReadEntry};
use serialtrail_records::Micros;

/// `ChildOp::kind` of a packing.
pub(crate) const PACK: &str = "pack";
/// `ChildOp::kind` of an unpacking that names the child.
pub(crate) const UNPACK: &str = "unpack";
/// Cause of an end: an unpacking that names the child.
pub(crate) const UNPACKED: &str = "unpacked";
/// Cause of an end: an unpacking of everything.
pub(crate) const UNPACKED_ALL: &str = "unpacked_all";
/// Cause of an end: the container was taken into use again.
pub(crate) const NEW_LIFE: &str = "new_life";

/// A moment at which a container became empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Boundary<'a> {
    pub(crate) time: Micros,
    pub(crate) event_id: &'a str,
    /// [`UNPACKED_ALL`] or [`NEW_LIFE`].
    pub(crate) cause: &'static str,
}

type Position<'a> = (Micros, &'a str);

/// Moments at which a container became empty: a DELETE of everything; and a new life, which an ADD
/// into it, or its commissioning, begins when a `receiving` read lies between the last packing before
/// it (inclusive) and it.
pub(crate) fn boundaries<'a>(reads: &[ReadEntry<'a>]) -> Vec<Boundary<'a>> {
    let mut events: Vec<&ReadEntry<'a>> = reads
        .iter()
        .filter(|r| r.holds && r.flags & (PACKS | EMPTIES | COMMISSIONS) != 0)
        .collect();
    events.sort_by(|a, b| (a.time, a.event_id).cmp(&(b.time, b.event_id)));
    let mut received: Vec<Micros> = reads
        .iter()
        .filter(|r| r.holds && r.flags & RECEIVES != 0)
        .map(|r| r.time)
        .collect();
    received.sort_unstable();
    let received_within = |from: Micros, to: Micros| {
        let at = received.partition_point(|t| *t < from);
        received.get(at).is_some_and(|t| *t < to)
    };
    let mut last_packing: Option<Micros> = None;
    let mut found = Vec::new();
    for event in events {
        let boundary = |cause: &'static str| Boundary {
            time: event.time,
            event_id: event.event_id,
            cause,
        };
        if event.flags & EMPTIES != 0 {
            found.push(boundary(UNPACKED_ALL));
        } else if last_packing.is_some_and(|packed| received_within(packed, event.time)) {
            found.push(boundary(NEW_LIFE));
        }
        if event.flags & PACKS != 0 {
            last_packing = Some(event.time);
        }
    }
    found
}

/// An end of a stay: where, by which event, why.
struct End<'a> {
    at: Position<'a>,
    cause: &'a str,
}

fn first_end<'a>(
    packing: &ChildOp<'a>,
    ops: &[ChildOp<'a>],
    boundaries: &[Boundary<'a>],
) -> Option<End<'a>> {
    let after: Position<'_> = (packing.time, packing.event_id);
    let named = ops.iter().filter_map(|op| {
        let at = (op.time, op.event_id);
        let counts = match op.kind {
            PACK => false,
            UNPACK => at > after,
            _ => op.packed_by == packing.event_id && at > after,
        };
        let cause = if op.kind == UNPACK { UNPACKED } else { op.kind };
        counts.then_some(End { at, cause })
    });
    let empty = boundaries.iter().filter_map(|b| {
        let at = (b.time, b.event_id);
        (at > after).then_some(End { at, cause: b.cause })
    });
    named
        .chain(empty)
        .min_by(|a, b| (a.at, a.cause).cmp(&(b.at, b.cause)))
}

/// The stays [from, to) of a child in a container, ascending and apart. A packing of what is already
/// inside begins no stay of its own.
pub(crate) fn intervals<'a>(
    ops: &[ChildOp<'a>],
    boundaries: &[Boundary<'a>],
) -> Vec<ChildInterval<'a>> {
    let mut packings: Vec<&ChildOp<'a>> = ops.iter().filter(|op| op.kind == PACK).collect();
    packings.sort_by(|a, b| (a.time, a.event_id).cmp(&(b.time, b.event_id)));
    let mut stays: Vec<ChildInterval<'a>> = Vec::new();
    for packing in packings {
        let end = first_end(packing, ops, boundaries);
        let inside = stays
            .last_mut()
            .filter(|stay| match (stay.to, stay.to_event) {
                (Some(to), Some(event)) => (to, event) > (packing.time, packing.event_id),
                _ => true,
            });
        let stay = match inside {
            Some(stay) => stay,
            None => {
                stays.push(ChildInterval {
                    from: packing.time,
                    from_event: packing.event_id,
                    revision: packing.revision,
                    ..ChildInterval::default()
                });
                // Just pushed.
                let last = stays.len() - 1;
                &mut stays[last]
            }
        };
        stay.to = end.as_ref().map(|e| e.at.0);
        stay.to_event = end.as_ref().map(|e| e.at.1);
        stay.cause = end.as_ref().map(|e| e.cause);
    }
    stays
}

/// Whether a read of the container, at `time` by `event_id`, is a read of a child with these stays:
/// one of them holds the time, or the read is the very DELETE of everything that ends it.
pub(crate) fn holds(stays: &[ChildInterval<'_>], time: Micros, event_id: &str) -> bool {
    stays.iter().any(|stay| {
        stay.from <= time
            && (stay.to.is_none_or(|to| time < to)
                || (stay.cause == Some(UNPACKED_ALL) && stay.to_event == Some(event_id)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn op(kind: &str, time: Micros) -> ChildOp<'_> {
        ChildOp {
            kind,
            time,
            event_id: format!("e{time}").leak(),
            ..ChildOp::default()
        }
    }

    fn left(packed: Micros, time: Micros, cause: &str) -> ChildOp<'_> {
        ChildOp {
            packed_by: format!("e{packed}").leak(),
            ..op(cause, time)
        }
    }

    fn read(time: Micros, flags: i32) -> ReadEntry<'static> {
        ReadEntry {
            event_id: format!("e{time}").leak(),
            time,
            flags,
            holds: true,
            ..ReadEntry::default()
        }
    }

    fn spans<'a>(stays: &[ChildInterval<'a>]) -> Vec<(Micros, Option<Micros>, Option<&'a str>)> {
        stays.iter().map(|s| (s.from, s.to, s.cause)).collect()
    }

    #[test]
    fn a_stay_ends_at_the_first_thing_that_ends_it() {
        let all = [Boundary {
            time: 30,
            event_id: "e30",
            cause: UNPACKED_ALL,
        }];
        for (ops, expected) in [
            (vec![op(PACK, 10)], vec![(10, Some(30), Some(UNPACKED_ALL))]),
            (vec![op(PACK, 40)], vec![(40, None, None)]),
            (
                vec![op(PACK, 10), op(UNPACK, 20)],
                vec![(10, Some(20), Some(UNPACKED))],
            ),
            (
                vec![op(UNPACK, 5), op(PACK, 10)],
                vec![(10, Some(30), Some(UNPACKED_ALL))],
            ),
            (
                vec![op(PACK, 10), left(10, 25, "terminal_read")],
                vec![(10, Some(25), Some("terminal_read"))],
            ),
            (
                vec![op(PACK, 10), left(9, 25, "terminal_read")],
                vec![(10, Some(30), Some(UNPACKED_ALL))],
            ),
            (
                vec![op(PACK, 35), op(PACK, 10), op(UNPACK, 20), op(PACK, 15)],
                vec![(10, Some(20), Some(UNPACKED)), (35, None, None)],
            ),
        ] {
            assert_eq!(spans(&intervals(&ops, &all)), expected, "{ops:?}");
        }
    }

    #[test]
    fn a_container_packed_again_after_it_was_received_starts_empty() {
        let mut reads = vec![
            read(10, PACKS),
            read(12, PACKS),
            read(50, PACKS),
            read(55, PACKS),
        ];
        assert_eq!(boundaries(&reads), []);
        reads.push(read(20, RECEIVES));
        let found = boundaries(&reads);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].time, found[0].cause), (50, NEW_LIFE));
        let stays = intervals(&[op(PACK, 10), op(PACK, 50)], &found);
        assert_eq!(
            spans(&stays),
            [(10, Some(50), Some(NEW_LIFE)), (50, None, None)]
        );
    }

    #[test]
    fn received_before_its_first_packing_means_nothing() {
        assert_eq!(
            boundaries(&[read(5, RECEIVES), read(10, PACKS), read(11, PACKS)]),
            []
        );
    }

    #[test]
    fn a_commissioning_after_receiving_is_a_new_life_too() {
        let reads = [read(10, PACKS), read(20, RECEIVES), read(30, COMMISSIONS)];
        assert_eq!(boundaries(&reads)[0].time, 30);
    }

    #[test]
    fn a_read_is_inherited_from_the_packing_until_before_the_unpacking() {
        let all = [Boundary {
            time: 30,
            event_id: "e30",
            cause: UNPACKED_ALL,
        }];
        let stays = intervals(&[op(PACK, 10)], &all);
        for (time, event, expected) in [
            (9, "e9", false),
            (10, "x", true),
            (29, "x", true),
            (30, "x", false),
            (30, "e30", true),
            (31, "x", false),
        ] {
            assert_eq!(holds(&stays, time, event), expected, "{time} {event}");
        }
    }

    fn any_op() -> impl Strategy<Value = ChildOp<'static>> {
        (0i64..12, 0usize..4, 0i64..12).prop_map(|(time, kind, packed)| match kind {
            0 | 1 => op(PACK, time),
            2 => op(UNPACK, time),
            _ => left(packed, time, "packed_elsewhere"),
        })
    }

    proptest! {
        #[test]
        fn stays_are_apart_ascending_and_the_same_for_every_order(
            ops in proptest::collection::vec(any_op(), 0..10),
            empties in proptest::collection::vec(0i64..12, 0..3),
            rotate in 0usize..10,
        ) {
            let boundaries: Vec<Boundary<'_>> = empties
                .iter()
                .map(|t| Boundary { time: *t, event_id: format!("z{t}").leak(), cause: UNPACKED_ALL })
                .collect();
            let stays = intervals(&ops, &boundaries);
            for pair in stays.windows(2) {
                prop_assert!(pair[0].to.is_some_and(|to| to <= pair[1].from));
            }
            for stay in &stays {
                prop_assert!(stay.to.is_none_or(|to| stay.from <= to));
            }
            let mut other = ops.clone();
            other.rotate_left(rotate.min(ops.len()));
            prop_assert_eq!(intervals(&other, &boundaries), stays);
        }
    }
}
