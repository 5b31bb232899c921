//! What must stand in the end, worked out from the whole set of events at once, by brute force.

use crate::world::{Event, MAKER, What, unit};
use std::collections::{BTreeMap, BTreeSet};

/// Standing version of each event id that is not withdrawn.
pub(crate) fn standing(events: &[Event]) -> Vec<Event> {
    let ids: BTreeSet<usize> = events.iter().map(|e| e.id).collect();
    ids.into_iter()
        .filter_map(|id| {
            let versions = events.iter().filter(|e| e.id == id && !e.declaration);
            let first = versions.min_by_key(|e| (e.record_time, e.content(), e.party_name()))?;
            let withdrawn = events
                .iter()
                .any(|e| e.id == id && e.declaration && e.party_name() == first.party_name());
            (!withdrawn).then(|| first.clone())
        })
        .collect()
}

/// Units an event names.
fn named(event: &Event) -> Vec<usize> {
    match &event.what {
        What::Pack(p, c) | What::Unpack(p, c) | What::List(p, c) => {
            c.iter().copied().chain([*p]).collect()
        }
        What::UnpackAll(p) => vec![*p],
        What::Read(u, _) | What::Commission(u) => u.clone(),
    }
}

/// (event id, unit) -> the container it is inherited from, `None` when direct.
pub(crate) type Reads = BTreeMap<(String, String), Option<String>>;

pub(crate) struct Model<'a> {
    events: &'a [Event],
    /// For each event, the units it is a read of.
    reads: Vec<BTreeMap<usize, Option<usize>>>,
}

fn position(event: &Event) -> (i64, usize) {
    (event.time, event.id)
}

impl<'a> Model<'a> {
    pub(crate) fn new(events: &'a [Event]) -> Self {
        let reads = events
            .iter()
            .map(|e| named(e).into_iter().map(|u| (u, None)).collect())
            .collect();
        let mut model = Self { events, reads };
        loop {
            let next: Vec<_> = (0..events.len()).map(|e| model.spread(e)).collect();
            if next == model.reads {
                return model;
            }
            model.reads = next;
        }
    }

    pub(crate) fn reads(&self) -> Reads {
        let mut all = Reads::new();
        for (event, reads) in self.events.iter().zip(&self.reads) {
            for (u, from) in reads {
                all.insert((event.event_id(), unit(*u)), from.map(unit));
            }
        }
        all
    }

    /// Units reached by an event, nearest containers first.
    fn spread(&self, event: usize) -> BTreeMap<usize, Option<usize>> {
        let mut reached: BTreeMap<usize, Option<usize>> = named(&self.events[event])
            .into_iter()
            .map(|u| (u, None))
            .collect();
        let mut level: Vec<usize> = reached.keys().copied().collect();
        for _hop in 1..=8 {
            level.sort_by_key(|u| unit(*u));
            let mut next = Vec::new();
            for parent in &level {
                for child in 0..crate::world::UNITS {
                    if !reached.contains_key(&child) && self.inside(child, *parent, event) {
                        reached.insert(child, Some(*parent));
                        next.push(child);
                    }
                }
            }
            level = next;
        }
        reached
    }

    /// Whether `child` is in `parent` as far as the read by `event` goes.
    fn inside(&self, child: usize, parent: usize, event: usize) -> bool {
        let event = &self.events[event];
        let emptying = matches!(event.what, What::UnpackAll(p) if p == parent);
        self.events.iter().any(|packing| {
            let packs =
                matches!(&packing.what, What::Pack(p, c) if *p == parent && c.contains(&child));
            let ended = |until: &dyn Fn(&Event) -> bool| {
                self.events.iter().any(|end| {
                    position(end) > position(packing) && until(end) && self.ends(end, child, parent)
                })
            };
            packs
                && packing.time <= event.time
                && (!ended(&|end| end.time <= event.time)
                    || (emptying
                        && position(packing) < position(event)
                        && !ended(&|end| position(end) < position(event))))
        })
    }

    fn ends(&self, end: &Event, child: usize, parent: usize) -> bool {
        match &end.what {
            What::Unpack(p, c) => *p == parent && c.contains(&child),
            What::UnpackAll(p) => *p == parent,
            What::Pack(p, c) => {
                (*p != parent && c.contains(&child)) || (*p == parent && self.new_life(end, parent))
            }
            What::Read(u, step) => *step == "retail_selling" && u.contains(&child),
            What::Commission(u) => u.contains(&parent) && self.new_life(end, parent),
            What::List(..) => false,
        }
    }

    /// Whether the container was read `receiving` between the last packing before `event` and it.
    fn new_life(&self, event: &Event, container: usize) -> bool {
        let last = self
            .events
            .iter()
            .filter(|e| matches!(e.what, What::Pack(p, _) if p == container))
            .filter(|e| position(e) < position(event))
            .map(|e| e.time)
            .max();
        last.is_some_and(|last| {
            self.events.iter().zip(&self.reads).any(|(e, reads)| {
                matches!(e.what, What::Read(_, "receiving"))
                    && reads.contains_key(&container)
                    && last <= e.time
                    && e.time < event.time
            })
        })
    }

    /// Whether a pack was commissioned by its maker.
    pub(crate) fn commissioned(&self, pack: usize) -> bool {
        self.events.iter().any(|e| {
            matches!(&e.what, What::Commission(u) if u.contains(&pack))
                && matches!(e.party_name().as_str(), MAKER | "operator")
        })
    }
}
