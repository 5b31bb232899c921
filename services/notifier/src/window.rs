//! What is read and not yet committed, for one receiver.
//!
//! Invariants:
//! 1. A partition's offset to commit never passes a record that is neither settled nor skipped.
//! 2. Of one lane (the subject of the alerts) at most one record is in flight, and they start in the
//!    order of their arrival: an older revision is never begun after a newer one.
//! 3. A lane that waits for its receiver holds no other lane.
//!
//! Plain data: no Kafka, no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// One record in flight; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// The records of one receiver between reading and commit.
#[derive(Debug)]
pub struct Window<T> {
    partitions: BTreeMap<i32, Track>,
    waiting: VecDeque<Waiting<T>>,
    in_flight: HashMap<Ticket, Waiting<T>>,
    tickets: u64,
}

/// One partition.
#[derive(Debug)]
struct Track {
    /// Offsets neither settled nor skipped.
    open: BTreeSet<i64>,
    /// One after the last offset read.
    next: i64,
    /// Offset last committed.
    committed: i64,
}

impl Track {
    fn frontier(&self) -> i64 {
        self.open.first().copied().unwrap_or(self.next)
    }
}

#[derive(Debug)]
struct Waiting<T> {
    partition: i32,
    offset: i64,
    lane: String,
    item: T,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self {
            partitions: BTreeMap::new(),
            waiting: VecDeque::new(),
            in_flight: HashMap::new(),
            tickets: 0,
        }
    }
}

impl<T: Clone> Window<T> {
    /// Takes a partition over; `position` is the next offset to be read.
    pub fn assign(&mut self, partition: i32, position: i64) {
        let track = Track {
            open: BTreeSet::new(),
            next: position,
            committed: position,
        };
        self.partitions.insert(partition, track);
    }

    /// Lets a partition go: what waits is dropped, what is in flight must be stopped by the caller.
    #[must_use]
    pub fn revoke(&mut self, partition: i32) -> Vec<Ticket> {
        self.partitions.remove(&partition);
        self.waiting
            .retain(|waiting| waiting.partition != partition);
        let stopped: Vec<Ticket> = self
            .in_flight
            .iter()
            .filter(|(_, flight)| flight.partition == partition)
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in &stopped {
            self.in_flight.remove(ticket);
        }
        stopped
    }

    /// A record this receiver is not to get.
    pub fn skip(&mut self, partition: i32, offset: i64) {
        if let Some(track) = self.partitions.get_mut(&partition) {
            track.next = track.next.max(offset + 1);
        }
    }

    /// A record to be delivered.
    pub fn add(&mut self, partition: i32, offset: i64, lane: String, item: T) {
        let Some(track) = self.partitions.get_mut(&partition) else {
            return;
        };
        track.next = track.next.max(offset + 1);
        track.open.insert(offset);
        self.waiting.push_back(Waiting {
            partition,
            offset,
            lane,
            item,
        });
    }

    /// Begins up to `limit` waiting records, oldest first, at most one a lane.
    pub fn start(&mut self, limit: usize) -> Vec<(Ticket, T)> {
        let mut busy: HashSet<String> = self
            .in_flight
            .values()
            .map(|flight| flight.lane.clone())
            .collect();
        let mut started = Vec::new();
        let mut left = VecDeque::with_capacity(self.waiting.len());
        for waiting in std::mem::take(&mut self.waiting) {
            if started.len() >= limit || !busy.insert(waiting.lane.clone()) {
                left.push_back(waiting);
                continue;
            }
            self.tickets += 1;
            let ticket = Ticket(self.tickets);
            started.push((ticket, waiting.item.clone()));
            self.in_flight.insert(ticket, waiting);
        }
        self.waiting = left;
        started
    }

    /// Everything in flight waits again, in its place: what was begun together was stopped together.
    pub fn give_back(&mut self) {
        let mut given: Vec<_> = self.in_flight.drain().collect();
        given.sort_by_key(|(ticket, _)| *ticket);
        for (_, waiting) in given.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
    }

    /// A record was delivered or parked. `false` for one whose partition went meanwhile.
    pub fn settle(&mut self, ticket: Ticket) -> bool {
        let Some(flight) = self.in_flight.remove(&ticket) else {
            return false;
        };
        if let Some(track) = self.partitions.get_mut(&flight.partition) {
            track.open.remove(&flight.offset);
        }
        true
    }

    /// Partitions whose offset to commit has moved, with that offset.
    #[must_use]
    pub fn to_commit(&self) -> Vec<(i32, i64)> {
        self.partitions
            .iter()
            .map(|(partition, track)| (*partition, track.frontier(), track.committed))
            .filter(|(_, frontier, committed)| frontier > committed)
            .map(|(partition, frontier, _)| (partition, frontier))
            .collect()
    }

    /// An offset was committed.
    pub fn committed(&mut self, partition: i32, offset: i64) {
        if let Some(track) = self.partitions.get_mut(&partition) {
            track.committed = offset;
        }
    }

    /// Every partition with its first offset that is not done.
    pub fn frontiers(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        self.partitions
            .iter()
            .map(|(partition, track)| (*partition, track.frontier()))
    }

    /// Offsets read beyond the one to commit: what a crash now would deliver again at most.
    #[must_use]
    pub fn ahead(&self, partition: i32) -> i64 {
        self.partitions
            .get(&partition)
            .map_or(0, |track| track.next - track.frontier())
    }

    /// Records waiting to begin.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Records begun.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_that_waits_holds_the_commit_and_its_lane_and_nothing_else() {
        let mut window = Window::default();
        window.assign(0, 10);
        window.add(0, 10, "a".into(), "a1");
        window.add(0, 11, "b".into(), "b1");
        window.skip(0, 12);
        window.add(0, 13, "a".into(), "a2");
        let started = window.start(10);
        let items: Vec<_> = started.iter().map(|(_, item)| *item).collect();
        assert_eq!(items, ["a1", "b1"], "a2 waits for a1");
        assert!(window.settle(started[1].0));
        assert_eq!(window.to_commit(), [], "a1 is not settled");
        assert_eq!(window.ahead(0), 4);
        assert!(window.settle(started[0].0));
        assert_eq!(window.to_commit(), [(0, 13)]);
        window.committed(0, 13);
        assert_eq!(window.to_commit(), []);
        assert_eq!(window.start(10).len(), 1);
    }

    #[test]
    fn what_is_given_back_starts_again_before_what_came_after_it() {
        let mut window = Window::default();
        window.assign(0, 0);
        for (offset, lane, item) in [(0, "a", "a1"), (1, "b", "b1"), (2, "a", "a2")] {
            window.add(0, offset, lane.into(), item);
        }
        let first = window.start(10);
        window.give_back();
        assert!(
            !window.settle(first[0].0),
            "the first attempt no longer counts"
        );
        let again: Vec<_> = window.start(10).into_iter().map(|(_, item)| item).collect();
        assert_eq!(again, ["a1", "b1"]);
    }

    #[test]
    fn a_partition_that_goes_takes_its_records_along() {
        let mut window = Window::default();
        for partition in [0, 1] {
            window.assign(partition, 0);
            window.add(partition, 0, format!("lane {partition}"), ());
            window.add(partition, 1, format!("lane {partition}"), ());
        }
        let started = window.start(10);
        let stopped = window.revoke(0);
        assert_eq!(stopped.len(), 1);
        assert!(!window.settle(stopped[0]), "its result no longer counts");
        assert_eq!((window.waiting(), window.in_flight()), (1, 1));
        let left = started.iter().find(|(ticket, ())| *ticket != stopped[0]);
        assert!(window.settle(left.unwrap().0));
        assert_eq!(window.to_commit(), [(1, 1)]);
    }

    proptest! {
        /// Whatever finishes when: lanes start in order, one at a time, and the commit never passes
        /// what is open.
        #[test]
        fn any_schedule_keeps_order_and_loses_nothing(
            lanes in prop::collection::vec(0u8..4, 1..40),
            choices in prop::collection::vec((0usize..8, 1usize..5), 200),
        ) {
            let mut window = Window::default();
            window.assign(0, 0);
            for (offset, lane) in (0i64..).zip(&lanes) {
                window.add(0, offset, lane.to_string(), (offset, *lane));
            }
            let mut flying: Vec<(Ticket, (i64, u8))> = Vec::new();
            let mut started: HashMap<u8, i64> = HashMap::new();
            let mut settled = BTreeSet::new();
            for (choice, limit) in choices.into_iter().chain(std::iter::repeat_n((0, 4), 200)) {
                for (ticket, (offset, lane)) in window.start(limit) {
                    prop_assert!(flying.iter().all(|(_, (_, other))| *other != lane));
                    prop_assert!(started.insert(lane, offset).is_none_or(|last| last < offset));
                    flying.push((ticket, (offset, lane)));
                }
                if !flying.is_empty() {
                    let (ticket, (offset, _)) = flying.remove(choice % flying.len());
                    prop_assert!(window.settle(ticket));
                    settled.insert(offset);
                }
                for (_, frontier) in window.to_commit() {
                    prop_assert!((0..frontier).all(|offset| settled.contains(&offset)));
                }
            }
            prop_assert_eq!(window.to_commit(), vec![(0, lanes.len() as i64)]);
        }
    }
}
