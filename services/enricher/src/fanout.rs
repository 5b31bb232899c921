//! What a unit's change means for its children and its own earlier reads: work kept in state and
//! continued window by window.
//!
//! Invariant: for every child and every read of the container, the child was told last what its
//! `sent` stays say of that read, unless a task for the read has still to visit the child; and `sent`
//! equals the stays of today unless the page is marked dirty.

use crate::children::{self, end_hash, hash, load_page, save_page};
use crate::domain::intervals::{Boundary, PACK, UNPACK, boundaries, holds, intervals};
use crate::domain::supports::{best, direct};
use crate::emit;
use crate::env::Env;
use crate::lent::{
    Arena, Child, ChildInterval, Container, InheritedRead, Membership, MembershipEnd, ReadEntry,
    Support,
};
use crate::reject;
use crate::unit::{Unit, load_read, load_read_in, save_read};
use serialtrail_runtime::topics::{ENRICHED, UNIT_INBOX};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Containers a read may pass through.
pub(crate) const HOP_LIMIT: usize = 8;

/// What a container has seen: its reads, and those of them at which stays begin or end.
struct Past<'a> {
    entries: Vec<ReadEntry<'a>>,
    boundaries: Vec<Boundary<'a>>,
}

/// A container's reads as they are sent to children, loaded once a run.
struct Reads<'a> {
    unit: &'a str,
    loaded: HashMap<&'a str, Option<Support<'a>>>,
    /// Reads whose path was reported as too long in this run.
    too_long: HashSet<&'a str>,
}

impl<'a> Reads<'a> {
    fn new(unit: &'a str) -> Self {
        Self {
            unit,
            loaded: HashMap::new(),
            too_long: HashSet::new(),
        }
    }

    /// The best support of a read, its path extended by this container; `None` when it does not hold.
    fn get(
        &mut self,
        env: &mut Env<'_, 'a>,
        event_id: &'a str,
    ) -> anyhow::Result<Option<&Support<'a>>> {
        if !self.loaded.contains_key(event_id) {
            let read = load_read(env, self.unit, event_id)?;
            let support = read.as_ref().and_then(best).cloned().map(|mut support| {
                support.path.push(self.unit);
                support
            });
            self.loaded.insert(event_id, support);
        }
        Ok(self.loaded.get(event_id).and_then(Option::as_ref))
    }

    /// Tells a child that a read is, or is not, one of its own. What would go round in a loop or too
    /// deep is refused and taken back.
    fn tell(
        &mut self,
        env: &mut Env<'_, 'a>,
        container: &mut Container<'a>,
        child: &str,
        event_id: &'a str,
        asserted: bool,
    ) -> anyhow::Result<()> {
        let unit = self.unit;
        let support = self.get(env, event_id)?.filter(|_| asserted).cloned();
        container.revision += 1;
        let mut message = InheritedRead {
            unit: child,
            event_id,
            parent: unit,
            revision: container.revision,
            ..InheritedRead::default()
        };
        if let Some(support) = support {
            message.hop = i32::try_from(support.path.len()).unwrap_or(i32::MAX);
            message.path = support.path;
            message.body = support.body;
            if message.path.len() > HOP_LIMIT {
                if self.too_long.insert(event_id) {
                    reject::hop_limit(env, &message)?;
                }
            } else if message.path.contains(&child) {
                reject::container_loop(env, &message)?;
            } else {
                message.asserted = true;
            }
        }
        if !message.asserted {
            message.body = Rc::default();
            message.path = Vec::new();
            message.hop = 0;
        }
        env.emit(UNIT_INBOX, child, &message)
    }
}

/// Goes on with a unit's work until it is done or the window has emitted `limit` records. The unit is
/// not saved here.
pub(crate) fn run<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    limit: usize,
) -> anyhow::Result<()> {
    refresh(env, unit, limit)?;
    let Some(mut container) = unit.state.container.take() else {
        return Ok(());
    };
    let result = fan_out(env, unit, &mut container, limit);
    unit.state.container = Some(container);
    result
}

/// Emits the unit's reads again where the facts they carry have changed.
fn refresh<'a>(env: &mut Env<'_, 'a>, unit: &mut Unit<'a>, limit: usize) -> anyhow::Result<()> {
    let mut arena = Arena::new();
    while let Some(page) = unit.state.refresh {
        if env.ctx.emitted() >= limit {
            return Ok(());
        }
        let events: Vec<&'a str> = unit
            .page(env, page)?
            .iter()
            .filter(|entry| entry.holds)
            .map(|entry| entry.event_id)
            .collect();
        for event_id in events {
            arena.reset();
            if let Some(mut read) = load_read_in(env, &arena, unit.key, event_id)? {
                let before = read.revision;
                emit::read(env, unit, event_id, &mut read, None)?;
                if read.revision != before {
                    save_read(env, unit.key, event_id, &read)?;
                }
            }
        }
        unit.state.refresh = Some(page + 1).filter(|next| *next <= unit.state.read_pages);
    }
    Ok(())
}

fn fan_out<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    container: &mut Container<'a>,
    limit: usize,
) -> anyhow::Result<()> {
    if container.dirty.is_empty() && container.tasks.is_empty() {
        return Ok(());
    }
    let entries = unit.reads(env)?;
    let past = Past {
        boundaries: boundaries(&entries),
        entries,
    };
    let mut reads = Reads::new(unit.key);
    let mut arena = Arena::new();
    while let Some(page) = container.dirty.first().copied() {
        if !sync_page(env, container, &mut reads, &mut arena, &past, page, limit)? {
            return Ok(());
        }
        container.dirty.remove(0);
    }
    while let Some(task) = container.tasks.first().copied() {
        let all = task.event_id.is_empty();
        let sent: Vec<&ReadEntry<'a>> = past
            .entries
            .iter()
            .filter(|e| all || e.event_id == task.event_id)
            .collect();
        for page in container.pages.clone() {
            if end_hash(page) <= task.cursor {
                continue;
            }
            let mut children = load_page(env, &mut arena, unit.key, page)?.children;
            children.sort_by_cached_key(|child| hash(child.key));
            let mut told = task.cursor;
            for child in &children {
                let at = hash(child.key);
                // Children of one hash are told in one go: the cursor cannot stand between them.
                if at > told && env.ctx.emitted() >= limit {
                    container.tasks[0].cursor = at;
                    return Ok(());
                }
                if at < task.cursor {
                    continue;
                }
                told = at;
                for entry in &sent {
                    let inherits = is_inherited(entry, child, &child.sent);
                    if inherits || task.everyone {
                        reads.tell(env, container, child.key, entry.event_id, inherits)?;
                    }
                }
            }
        }
        container.tasks.remove(0);
    }
    Ok(())
}

/// Whether a read of the container is one of a child with these stays. An event that packs or unpacks
/// the child by name is the child's own.
fn is_inherited(entry: &ReadEntry<'_>, child: &Child<'_>, stays: &[ChildInterval<'_>]) -> bool {
    let named = || {
        child
            .ops
            .iter()
            .any(|op| matches!(op.kind, PACK | UNPACK) && op.event_id == entry.event_id)
    };
    entry.holds && holds(stays, entry.time, entry.event_id) && !named()
}

/// Tells the children of one page, and the outside, how their stays have changed. False when the
/// budget ran out first; what was told is then noted.
fn sync_page<'a>(
    env: &mut Env<'_, 'a>,
    container: &mut Container<'a>,
    reads: &mut Reads<'a>,
    arena: &mut Arena,
    past: &Past<'a>,
    number: i64,
    limit: usize,
) -> anyhow::Result<bool> {
    let mut page = load_page(env, arena, reads.unit, number)?;
    let mut complete = true;
    let mut touched = false;
    for child in &mut page.children {
        let stays = intervals(&child.ops, &past.boundaries);
        if stays == child.sent {
            continue;
        }
        if env.ctx.emitted() >= limit {
            complete = false;
            break;
        }
        memberships(env, container, reads.unit, child, &stays)?;
        for entry in past.entries.iter().filter(|e| e.holds) {
            let before = holds(&child.sent, entry.time, entry.event_id);
            let after = is_inherited(entry, child, &stays);
            if before != after {
                reads.tell(env, container, child.key, entry.event_id, after)?;
            }
        }
        child.sent = stays;
        touched = true;
    }
    if touched {
        save_page(env, reads.unit, number, &page)?;
    }
    Ok(complete)
}

/// Emits the stays of a child that changed, and takes back those that are gone.
fn memberships<'a>(
    env: &mut Env<'_, 'a>,
    container: &mut Container<'a>,
    unit: &'a str,
    child: &Child<'_>,
    stays: &[ChildInterval<'_>],
) -> anyhow::Result<()> {
    let gone = child
        .sent
        .iter()
        .filter(|was| !stays.iter().any(|is| is.from_event == was.from_event))
        .map(|stay| (stay, false));
    let new = stays
        .iter()
        .filter(|is| !child.sent.contains(is))
        .map(|stay| (stay, true));
    for (stay, asserted) in gone.chain(new) {
        let packing = load_read(env, unit, stay.from_event)?;
        let body = packing.as_ref().and_then(direct).map(|s| &s.body);
        container.revision += 1;
        let membership = Membership {
            child: child.key,
            parent: unit,
            from: stay.from,
            from_event: stay.from_event,
            to: stay.to,
            to_event: stay.to_event,
            end_cause: stay.cause,
            revision: container.revision,
            asserted,
            source_party: body.map(|b| b.source_party).unwrap_or_default(),
            visible_to: body.map_or(&[], |b| &b.visible_to),
        };
        env.emit(ENRICHED, unit, &membership)?;
    }
    Ok(())
}

/// A child's own history ends, or no longer ends, a stay in this container.
pub(crate) fn member_left<'a>(
    env: &mut Env<'_, 'a>,
    end: MembershipEnd<'a>,
) -> anyhow::Result<Unit<'a>> {
    let mut unit = Unit::load(env, end.parent)?;
    let change = children::Change {
        kind: end.cause,
        time: end.at,
        event_id: end.by_event,
        packed_by: end.packed_by,
        revision: end.revision,
        asserted: end.asserted,
    };
    // Each end belongs to a packing of the child, which is what is counted and refused beyond a limit.
    children::apply(env, &mut unit, &[end.child], &change)?;
    Ok(unit)
}
