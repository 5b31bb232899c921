//! One partition a worker owns.

use crate::stage::InputRecord;
use serialtrail_state::Store;
use std::collections::VecDeque;

/// A topic (by its number in the worker's list) and a partition.
pub(crate) type Place = (usize, i32);

/// What a partition is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its state is being read back; its fetching is paused.
    Restoring,
    /// Records are handled.
    Running,
    /// The first gathered record needs reference data not read yet; its fetching is paused.
    Waiting,
}

/// One owned partition.
pub(crate) struct Owned {
    pub(crate) phase: Phase,
    /// Gathered, not yet stepped.
    pub(crate) queue: VecDeque<InputRecord>,
    /// `None` while restoring and for stateless stages.
    pub(crate) store: Option<Box<dyn Store>>,
    /// A lower bound of the next changelog offset, exact as long as nobody else writes: see `window`.
    pub(crate) changelog_next: i64,
    /// Next input offset to commit; `None` before the first of a stateless stage.
    pub(crate) position: Option<i64>,
    /// The stage said it has work that goes on without input.
    pub(crate) pending: bool,
    /// Whether fetching is paused. Resuming what is not paused would fetch from an old position again.
    pub(crate) paused: bool,
    /// Offset after the last record taken into the queue.
    pub(crate) fetched: i64,
    /// After going back: the offset the next record must have.
    pub(crate) expected: Option<i64>,
    /// After a window was dropped: fetching must be put back to the committed offset.
    pub(crate) seek: bool,
    /// The consumer has delivered everything there is.
    pub(crate) at_end: bool,
}

impl Owned {
    pub(crate) fn new(phase: Phase) -> Self {
        Self {
            phase,
            queue: VecDeque::new(),
            store: None,
            changelog_next: 0,
            position: None,
            pending: false,
            paused: phase == Phase::Restoring,
            fetched: 0,
            expected: None,
            seek: false,
            at_end: false,
        }
    }

    /// Whether a window now would do something for this partition.
    pub(crate) fn has_work(&self) -> bool {
        self.phase == Phase::Running && (self.pending || !self.queue.is_empty())
    }
}
