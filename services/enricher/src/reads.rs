//! Messages to one unit: its own events, reads inherited from a parent, its registry entry.

use crate::children;
use crate::domain::facts::facts;
use crate::domain::flags::{COMMISSIONS, OF_CHILDREN, OF_CONTAINERS, aggregates, flags};
use crate::domain::intervals::{PACK, UNPACK};
use crate::domain::supports::{best, direct, same};
use crate::emit;
use crate::env::Env;
use crate::lent::{InheritedRead, ReadEntry, RegistryEntry, Support, UnitEvent, UnitRead};
use crate::reject;
use crate::unit::{Unit, load_read, save_read};
use serialtrail_records::avro::Encoded;
use std::rc::Rc;

/// An event that names the unit, or its withdrawal. `None` when the unit keeps no state.
pub(crate) fn own<'a>(
    env: &mut Env<'_, 'a>,
    event: UnitEvent<'a>,
) -> anyhow::Result<Option<Unit<'a>>> {
    let mut unit = Unit::load(env, event.unit)?;
    let found = load_read(env, event.unit, event.event_id)?;
    let known = found.is_some();
    let mut read = found.unwrap_or_default();
    let before = best(&read).cloned();
    let heard = read.supports.iter().position(|s| s.issuer.is_empty());
    let revision = heard.map_or(0, |at| read.supports[at].revision);
    if event.revision < revision {
        return Ok(None);
    }
    // Later parts of a parent's message repeat the event and bring further children.
    if event.revision > revision {
        let support = Support {
            issuer: "",
            revision: event.revision,
            asserted: event.asserted,
            role: event.role,
            parent: event.parent,
            all_children: event.all_children,
            path: Vec::new(),
            quantity: event.quantity,
            uom: event.uom,
            body: Rc::clone(&event.body),
        };
        match heard {
            Some(at) => read.supports[at] = support,
            None => read.supports.push(support),
        }
        if matches!(event.role, "class" | "place") {
            emit::read(env, &unit, event.event_id, &mut read, before.as_ref())?;
            save_read(env, event.unit, event.event_id, &read)?;
            return Ok(None);
        }
        changed(env, &mut unit, event.event_id, read, known, before)?;
    }
    if event.role == "parent" && aggregates(&event.body) {
        take_children(env, &mut unit, &event)?;
    }
    Ok(Some(unit))
}

/// Takes the children an event names into the container it packs or unpacks, or out of its history.
fn take_children<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    event: &UnitEvent<'a>,
) -> anyhow::Result<()> {
    let kind = match event.body.action {
        Some("ADD") => PACK,
        Some("DELETE") => UNPACK,
        _ => return Ok(()),
    };
    let mut children = event.children.clone();
    if let Some(at) = children.iter().position(|c| *c == event.unit) {
        children.swap_remove(at);
        if event.asserted {
            reject::own_child(env, event)?;
        }
    }
    if children.is_empty() {
        return Ok(());
    }
    let change = children::Change {
        kind,
        time: event.body.event_time,
        event_id: event.event_id,
        packed_by: "",
        revision: event.revision,
        asserted: event.asserted,
    };
    for child in children::apply(env, unit, &children, &change)? {
        reject::too_many_packings(env, event, child)?;
    }
    Ok(())
}

/// A parent says that its read is, or is no longer, a read of this unit.
pub(crate) fn inherited<'a>(
    env: &mut Env<'_, 'a>,
    message: InheritedRead<'a>,
) -> anyhow::Result<Option<Unit<'a>>> {
    let found = load_read(env, message.unit, message.event_id)?;
    let known = found.is_some();
    let mut read = found.unwrap_or_default();
    let before = best(&read).cloned();
    let heard = read
        .supports
        .iter()
        .position(|s| s.issuer == message.parent);
    match heard {
        Some(at) if message.revision <= read.supports[at].revision => return Ok(None),
        None if !message.asserted => return Ok(None),
        _ => {}
    }
    let mut support = Support {
        issuer: message.parent,
        revision: message.revision,
        asserted: message.asserted,
        path: message.path,
        ..Support::default()
    };
    if message.asserted {
        support.body = message.body;
    }
    match heard {
        Some(at) => read.supports[at] = support,
        None => read.supports.push(support),
    }
    let mut unit = Unit::load(env, message.unit)?;
    changed(env, &mut unit, message.event_id, read, known, before)?;
    Ok(Some(unit))
}

/// The registry's statement about the unit; the highest version counts, equal ones by content.
pub(crate) fn registered<'a>(
    env: &mut Env<'_, 'a>,
    entry: RegistryEntry<'a>,
) -> anyhow::Result<Option<Unit<'a>>> {
    let mut unit = Unit::load(env, entry.unit)?;
    if let Some(had) = &unit.state.registry {
        let mut order = |e: &RegistryEntry<'_>| -> anyhow::Result<(i64, Vec<u8>)> {
            env.write(e)?;
            Ok((e.version, env.out.clone()))
        };
        if order(&entry)? <= order(had.value())? {
            return Ok(None);
        }
    }
    unit.state.registry = Some(Encoded::new(entry));
    unit.state.facts_revision += 1;
    let reads = unit.reads(env)?;
    judge_facts(env, &mut unit, &reads)?;
    // Status and markets come from the entry itself: every read says them.
    unit.state.refresh = Some(0);
    emit::serial(env, &mut unit, &reads)?;
    Ok(Some(unit))
}

/// The supports of a read have changed: brings everything that follows from it up to date.
fn changed<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    event_id: &'a str,
    mut read: UnitRead<'a>,
    known: bool,
    before: Option<Support<'a>>,
) -> anyhow::Result<()> {
    let now = best(&read).cloned();
    let body = now.as_ref().or(before.as_ref()).map(|s| &s.body);
    let own = read.supports.iter().find(|s| s.issuer.is_empty());
    let entry = ReadEntry {
        event_id,
        time: body.map_or(0, |b| b.event_time),
        revision: own.map_or(0, |s| s.revision),
        flags: flags(direct(&read), now.as_ref()),
        parent: direct(&read).and_then(|s| s.parent),
        holds: now.is_some(),
    };
    let (old_entry, page) = unit.put_entry(env, known.then_some(read.page), entry)?;
    read.page = page;
    let old = old_entry.unwrap_or_default();
    let moved = old.time != entry.time || old.holds != entry.holds || old.parent != entry.parent;
    let touched = if moved || old.flags != entry.flags {
        old.flags | entry.flags
    } else {
        0
    };
    let restated = (old.flags | entry.flags) & COMMISSIONS != 0;

    let first = unit.state.serial_revision == 0;
    let reads = if first || restated || touched & (OF_CHILDREN | OF_CONTAINERS) != 0 {
        unit.reads(env)?
    } else {
        Vec::new()
    };
    if restated {
        // The facts are judged by what stands in state.
        save_read(env, unit.key, event_id, &read)?;
        judge_facts(env, unit, &reads)?;
    }
    emit::read(env, unit, event_id, &mut read, before.as_ref())?;
    save_read(env, unit.key, event_id, &read)?;
    if touched & OF_CHILDREN != 0 {
        let earlier = before_change(&reads, event_id, old_entry);
        emit::ends(env, unit, &earlier, &reads)?;
    }
    if first || restated || touched & OF_CHILDREN != 0 {
        emit::serial(env, unit, &reads)?;
    }
    if unit.is_container() {
        if touched & OF_CONTAINERS != 0 {
            let earlier = before_change(&reads, event_id, old_entry);
            children::boundaries_changed(unit, &earlier, &reads);
        }
        if !same(before.as_ref(), now.as_ref()) {
            children::read_changed(env, unit, event_id, old.holds);
        }
    }
    Ok(())
}

/// The index as it was before one entry changed.
fn before_change<'a>(
    reads: &[ReadEntry<'a>],
    event_id: &str,
    old: Option<ReadEntry<'a>>,
) -> Vec<ReadEntry<'a>> {
    reads
        .iter()
        .filter(|r| r.event_id != event_id)
        .copied()
        .chain(old)
        .collect()
}

/// Judges the facts anew; when they changed, all reads are emitted again at the window's end.
fn judge_facts<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    reads: &[ReadEntry<'a>],
) -> anyhow::Result<()> {
    let mut commissionings = Vec::new();
    for entry in reads
        .iter()
        .filter(|r| r.holds && r.flags & COMMISSIONS != 0)
    {
        if let Some(read) = load_read(env, unit.key, entry.event_id)? {
            commissionings.push((entry.event_id, read));
        }
    }
    let facts = facts(
        unit.epc.gtin().as_deref(),
        unit.state.registry.as_deref(),
        &commissionings,
        env.table,
        env.arena,
    );
    if facts != *unit.state.facts {
        unit.state.facts = Encoded::new(facts);
        unit.state.facts_revision += 1;
        unit.state.refresh = Some(0);
    }
    Ok(())
}
