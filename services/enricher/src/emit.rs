//! What a unit says to the outside: observations, its serial state, its departures. Each only when it
//! changed.

use crate::domain::departures::{Departure, departures, latest_parent};
use crate::domain::observation::{Known, observation};
use crate::domain::supports::best;
use crate::env::Env;
use crate::lent::{MembershipEnd, ReadEntry, SerialState, Support, UnitRead};
use crate::unit::Unit;
use serialtrail_runtime::topics::{ENRICHED, SERIAL_REGISTRY, UNIT_INBOX};
use sha2::{Digest, Sha256};

/// Bytes of a content hash kept in state.
const DIGEST: usize = 16;

/// Content hash of what was written last.
fn digest<'a>(env: &Env<'_, 'a>) -> &'a [u8] {
    let hash = Sha256::digest(&*env.out);
    env.arena.alloc_slice_copy(&hash[..DIGEST])
}

/// Emits the read of `unit` if what it says, or whether it holds, differs from what was emitted last.
/// `before` is the support that spoke for it before, for a read that no longer holds.
pub(crate) fn read<'a: 'r, 'r>(
    env: &mut Env<'_, 'a>,
    unit: &Unit<'a>,
    event_id: &str,
    read: &mut UnitRead<'r>,
    before: Option<&Support<'r>>,
) -> anyhow::Result<()> {
    let (support, asserted) = match (best(read), before) {
        (Some(support), _) => (support, true),
        (None, Some(support)) if read.emitted => (support, false),
        (None, _) => return Ok(()),
    };
    let known = Known {
        key: unit.key,
        unit: &unit.epc,
        facts: &unit.state.facts,
        facts_revision: unit.state.facts_revision,
        registry: unit.state.registry.as_deref(),
        table: env.table,
        policy: env.policy,
        glns: env.glns,
        arena: env.arena,
    };
    let mut seen = observation(&known, event_id, support);
    seen.asserted = asserted;
    seen.revision = read.revision;
    // What was emitted last carried this revision: what says the same is the same bytes.
    if asserted && read.emitted {
        env.write(&seen)?;
        if read.digest == digest(env) {
            return Ok(());
        }
    }
    seen.revision += 1;
    env.write(&seen)?;
    env.emit_written(ENRICHED, unit.key);
    if asserted {
        read.digest = digest(env);
    }
    read.revision += 1;
    read.emitted = asserted;
    Ok(())
}

/// Tells parents what the unit's own history newly shows, and takes back what it no longer does.
pub(crate) fn ends<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    before: &[ReadEntry<'a>],
    reads: &[ReadEntry<'a>],
) -> anyhow::Result<()> {
    let (before, ends) = (departures(before), departures(reads));
    let same =
        |a: &Departure<'_>, b: &Departure<'_>| a.parent == b.parent && a.packed_by == b.packed_by;
    let gone = before
        .iter()
        .filter(|b| !ends.iter().any(|e| same(e, b)))
        .map(|e| (e, false));
    let new = ends
        .iter()
        .filter(|e| !before.contains(e))
        .map(|e| (e, true));
    for (end, asserted) in gone.chain(new) {
        unit.state.end_revision += 1;
        let message = MembershipEnd {
            parent: end.parent,
            child: unit.key,
            packed_at: end.packed_at,
            packed_by: end.packed_by,
            at: end.at,
            by_event: end.by_event,
            cause: end.cause,
            revision: unit.state.end_revision,
            asserted,
        };
        env.emit(UNIT_INBOX, end.parent, &message)?;
    }
    Ok(())
}

/// Emits the registry's latest view of the unit if it changed.
pub(crate) fn serial<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    reads: &[ReadEntry<'a>],
) -> anyhow::Result<()> {
    let (gtin, number) = (unit.epc.gtin(), unit.epc.serial());
    let (facts, registry) = (&*unit.state.facts, unit.state.registry.as_deref());
    let mut serial = SerialState {
        unit: unit.key,
        kind: unit.epc.kind().as_str(),
        gtin: gtin.as_deref(),
        serial: number.as_deref(),
        lot: facts.lot,
        expiry: facts.expiry,
        markets: registry.map_or(&[], |r| &r.markets),
        status: registry.map(|r| r.status),
        status_since: registry.and_then(|r| r.status_since),
        known: facts.known,
        known_by: facts.known_by,
        commissioned_at: facts.commissioned_at,
        issued_by: registry.and_then(|r| r.issued_by).or(facts.commissioned_by),
        source_event: facts.source_event,
        parent: latest_parent(reads),
        attributes: registry.map(|r| r.attributes.clone()).unwrap_or_default(),
        revision: unit.state.serial_revision,
        source_party: facts.source_party,
        visible_to: &facts.visible_to,
    };
    // As with a read: what was emitted last carried this revision.
    if serial.revision > 0 {
        env.write(&serial)?;
        if unit.state.serial_digest == digest(env) {
            return Ok(());
        }
    }
    serial.revision += 1;
    env.write(&serial)?;
    env.emit_written(SERIAL_REGISTRY, unit.key);
    unit.state.serial_digest = digest(env);
    unit.state.serial_revision += 1;
    Ok(())
}
