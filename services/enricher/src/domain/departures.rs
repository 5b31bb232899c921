//! When a unit left its parents, as far as its own history shows it: packed elsewhere, or a direct
//! terminal read. An unpacking that names the unit is known to the parent as well and needs no word.

use super::flags::{ENDS, PACKED, UNPACKED};
use crate::lent::ReadEntry;
use serialtrail_records::Micros;

/// The unit was packed into another parent.
pub(crate) const PACKED_ELSEWHERE: &str = "packed_elsewhere";
/// The unit was dispensed, sold or destroyed.
pub(crate) const TERMINAL_READ: &str = "terminal_read";

/// How a packing of the unit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Departure<'a> {
    pub(crate) parent: &'a str,
    pub(crate) packed_at: Micros,
    pub(crate) packed_by: &'a str,
    pub(crate) at: Micros,
    pub(crate) by_event: &'a str,
    pub(crate) cause: &'static str,
}

fn moves<'r, 'a>(reads: &'r [ReadEntry<'a>]) -> Vec<&'r ReadEntry<'a>> {
    let mut moves: Vec<&ReadEntry<'a>> = reads
        .iter()
        .filter(|r| r.holds && r.flags & (PACKED | UNPACKED | ENDS) != 0)
        .collect();
    moves.sort_by(|a, b| (a.time, a.event_id).cmp(&(b.time, b.event_id)));
    moves
}

/// For each packing of the unit, how it ended, where the unit's own history is what shows it.
pub(crate) fn departures<'a>(reads: &[ReadEntry<'a>]) -> Vec<Departure<'a>> {
    let moves = moves(reads);
    let mut ends = Vec::new();
    for (at, packing) in moves.iter().enumerate() {
        let Some(parent) = packing.parent.filter(|_| packing.flags & PACKED != 0) else {
            continue;
        };
        let next = moves[at + 1..].iter().find_map(|event| {
            let here = event.parent == Some(parent);
            if event.flags & PACKED != 0 && !here {
                Some((event, Some(PACKED_ELSEWHERE)))
            } else if event.flags & ENDS != 0 {
                Some((event, Some(TERMINAL_READ)))
            } else if event.flags & UNPACKED != 0 && here {
                Some((event, None))
            } else {
                None
            }
        });
        if let Some((event, Some(cause))) = next {
            ends.push(Departure {
                parent,
                packed_at: packing.time,
                packed_by: packing.event_id,
                at: event.time,
                by_event: event.event_id,
                cause,
            });
        }
    }
    ends
}

/// The container the unit is in by its latest packing; `None` once it was unpacked from it by name,
/// or ended.
pub(crate) fn latest_parent<'a>(reads: &[ReadEntry<'a>]) -> Option<&'a str> {
    let moves = moves(reads);
    let at = moves.iter().rposition(|m| m.flags & PACKED != 0)?;
    let parent = moves[at].parent?;
    let gone = moves[at + 1..]
        .iter()
        .any(|m| m.flags & ENDS != 0 || (m.flags & UNPACKED != 0 && m.parent == Some(parent)));
    (!gone).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(time: i64, flags: i32, parent: &str) -> ReadEntry<'_> {
        ReadEntry {
            event_id: format!("e{time}").leak(),
            time,
            flags,
            parent: Some(parent).filter(|p| !p.is_empty()),
            holds: true,
            ..ReadEntry::default()
        }
    }

    fn short(reads: &[ReadEntry<'_>]) -> Vec<(i64, i64, &'static str)> {
        departures(reads)
            .into_iter()
            .map(|e| (e.packed_at, e.at, e.cause))
            .collect()
    }

    #[test]
    fn a_packing_ends_at_the_next_packing_into_another_parent() {
        let reads = [
            read(30, PACKED, "b"),
            read(10, PACKED, "a"),
            read(20, PACKED, "a"),
        ];
        assert_eq!(
            short(&reads),
            [(10, 30, PACKED_ELSEWHERE), (20, 30, PACKED_ELSEWHERE)]
        );
        assert_eq!(latest_parent(&reads), Some("b"));
    }

    #[test]
    fn a_terminal_read_ends_a_packing() {
        let reads = [read(10, PACKED, "a"), read(30, ENDS, "")];
        assert_eq!(short(&reads), [(10, 30, TERMINAL_READ)]);
        assert_eq!(latest_parent(&reads), None);
    }

    #[test]
    fn a_named_unpacking_is_the_parents_own_business() {
        let reads = [
            read(10, PACKED, "a"),
            read(20, UNPACKED, "a"),
            read(30, PACKED, "b"),
        ];
        assert_eq!(short(&reads), []);
        let from_another = [
            read(10, PACKED, "a"),
            read(20, UNPACKED, "c"),
            read(30, ENDS, ""),
        ];
        assert_eq!(short(&from_another), [(10, 30, TERMINAL_READ)]);
    }

    #[test]
    fn a_read_that_no_longer_holds_ends_nothing() {
        let mut reads = [read(10, PACKED, "a"), read(30, ENDS, "")];
        reads[1].holds = false;
        assert_eq!(short(&reads), []);
    }
}
