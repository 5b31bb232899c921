//! What is read and not yet committed, for one receiver.
//!
//! Invariants:
//! 1. A partition's offset to commit never passes a record that is neither settled nor skipped. What is
//!    settled beyond it stands in the commit's metadata: the next owner does not deliver it again.
//! 2. Of one lane (the subject of the alerts) at most one record is in flight or settled and not yet
//!    committed, and they start in the order of their arrival. So an older revision is never begun
//!    after a newer one, whatever crashes or moves in between.
//! 3. A lane that waits for its receiver holds no other lane.
//!
//! Plain data: no Kafka, no clock.

mod done;

pub use done::Done;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// One record in flight; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// What to commit of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Partition.
    pub partition: i32,
    /// Offset: the first record that is not done.
    pub offset: i64,
    /// Metadata: what is done beyond it.
    pub metadata: String,
    /// Offsets below this are told of, by offset or metadata.
    told: i64,
}

/// The records of one receiver between reading and commit.
#[derive(Debug)]
pub struct Window<T> {
    partitions: BTreeMap<i32, Track>,
    waiting: VecDeque<Waiting<T>>,
    in_flight: HashMap<Ticket, Waiting<T>>,
    /// Settled, their commit not yet made: their lanes still wait.
    settled: Vec<(i32, i64, String)>,
    tickets: u64,
}

/// One partition.
#[derive(Debug)]
struct Track {
    /// Offsets read, neither settled nor skipped.
    open: BTreeSet<i64>,
    /// Offsets an earlier owner left open, not read again yet.
    left: BTreeSet<i64>,
    /// Where reading began.
    from: i64,
    /// Below this, everything but `open` and `left` is done.
    upto: i64,
    /// There is something to commit.
    moved: bool,
}

impl Track {
    fn frontier(&self) -> i64 {
        let first = [self.open.first(), self.left.first()];
        first
            .into_iter()
            .flatten()
            .min()
            .copied()
            .unwrap_or(self.upto)
    }

    /// A record was read; `false` if an earlier owner was done with it.
    fn read(&mut self, offset: i64) -> bool {
        if offset < self.from {
            // The topic was made anew or lost its end: what earlier offsets said of it holds no more.
            self.left.clear();
            (self.from, self.upto) = (offset, offset);
        }
        let done = offset < self.upto && !self.left.contains(&offset);
        // Records come in order: what was left open before this one is no longer there.
        self.left = self.left.split_off(&(offset + 1));
        self.upto = self.upto.max(offset + 1);
        !done
    }

    fn done(&self) -> Done {
        Done {
            upto: self.upto,
            open: self.open.union(&self.left).copied().collect(),
        }
    }

    fn commit(&self, partition: i32) -> Commit {
        let offset = self.frontier();
        let (metadata, told) = self.done().write(offset);
        Commit {
            partition,
            offset,
            metadata,
            told,
        }
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
            settled: Vec::new(),
            tickets: 0,
        }
    }
}

impl<T: Clone> Window<T> {
    /// Takes a partition over; `position` is the next offset to be read, `done` what an earlier owner
    /// had done beyond it.
    pub fn assign(&mut self, partition: i32, position: i64, done: Done) {
        let track = Track {
            open: BTreeSet::new(),
            left: done.open,
            from: position,
            upto: done.upto.max(position),
            moved: false,
        };
        self.partitions.insert(partition, track);
    }

    /// Lets a partition go: what waits is dropped, what is in flight must be stopped by the caller.
    #[must_use]
    pub fn revoke(&mut self, partition: i32) -> Vec<Ticket> {
        self.partitions.remove(&partition);
        self.waiting
            .retain(|waiting| waiting.partition != partition);
        self.settled.retain(|(of, ..)| *of != partition);
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
            track.read(offset);
            track.moved = true;
        }
    }

    /// A record to be delivered, unless an earlier owner did.
    pub fn add(&mut self, partition: i32, offset: i64, lane: String, item: T) {
        let Some(track) = self.partitions.get_mut(&partition) else {
            return;
        };
        if !track.read(offset) {
            track.moved = true;
            return;
        }
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
        if limit == 0 || self.waiting.is_empty() {
            return Vec::new();
        }
        let in_flight = self.in_flight.values().map(|flight| &flight.lane);
        let settled = self.settled.iter().map(|(.., lane)| lane);
        let mut busy: HashSet<String> = in_flight.chain(settled).cloned().collect();
        let mut started = Vec::new();
        let mut left = VecDeque::with_capacity(self.waiting.len());
        for waiting in std::mem::take(&mut self.waiting) {
            // Whatever comes later in a lane waits as well, started or not.
            if !busy.insert(waiting.lane.clone()) || started.len() >= limit {
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
            track.moved = true;
            let settled = (flight.partition, flight.offset, flight.lane);
            self.settled.push(settled);
        }
        true
    }

    /// What there is to commit.
    #[must_use]
    pub fn to_commit(&self) -> Vec<Commit> {
        self.partitions
            .iter()
            .filter(|(_, track)| track.moved)
            .map(|(partition, track)| track.commit(*partition))
            .collect()
    }

    /// A commit was made, before anything else happened: the lanes of what it tells of go on.
    pub fn committed(&mut self, commit: &Commit) {
        let Commit {
            partition, told, ..
        } = commit;
        if let Some(track) = self.partitions.get_mut(partition) {
            track.moved = false;
        }
        let told = |of: i32, offset: i64| of == *partition && offset < *told;
        self.settled.retain(|(of, offset, _)| !told(*of, *offset));
    }

    /// Every partition with its first offset that is not done.
    pub fn frontiers(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        self.partitions
            .iter()
            .map(|(partition, track)| (*partition, track.frontier()))
    }

    /// Every partition with what is done of it: everything below `upto` but what is open.
    pub fn done(&self) -> impl Iterator<Item = (i32, Done)> + '_ {
        self.partitions
            .iter()
            .map(|(partition, track)| (*partition, track.done()))
    }

    /// Offsets read beyond the one to commit.
    #[must_use]
    pub fn ahead(&self, partition: i32) -> i64 {
        self.partitions
            .get(&partition)
            .map_or(0, |track| track.upto - track.frontier())
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
mod tests;
