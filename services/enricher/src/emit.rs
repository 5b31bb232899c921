//! What a unit says to the outside: observations, its serial state, its departures. Each only when it
//! changed.

use crate::domain::departures::{Departure, departures, latest_parent};
use crate::domain::observation::{Known, observation};
use crate::domain::supports::best;
use crate::unit::{Env, Unit};
use serialtrail_gs1::Epc;
use serialtrail_records::state_enricher::{ReadEntry, Support, UnitRead, UnitState};
use serialtrail_records::{MembershipEnd, SerialState};
use serialtrail_runtime::topics::{ENRICHED, SERIAL_REGISTRY, UNIT_INBOX};
use sha2::{Digest, Sha256};

/// Bytes of a content hash kept in state.
const DIGEST: usize = 16;

fn digest(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes)[..DIGEST].to_vec()
}

/// Emits the read of `unit` if what it says, or whether it holds, differs from what was emitted last.
/// `before` is the support that spoke for it before, for a read that no longer holds.
pub(crate) fn read(
    env: &mut Env<'_>,
    unit: &Epc,
    state: &UnitState,
    event_id: &str,
    read: &mut UnitRead,
    before: Option<&Support>,
) -> anyhow::Result<()> {
    let known = Known {
        unit,
        facts: &state.facts,
        facts_revision: state.facts_revision,
        registry: state.registry.as_ref(),
        table: env.table,
        policy: env.policy,
    };
    let (mut seen, asserted) = match (best(read), before) {
        (Some(support), _) => (observation(&known, event_id, support), true),
        (None, Some(support)) if read.emitted => (observation(&known, event_id, support), false),
        (None, _) => return Ok(()),
    };
    seen.asserted = asserted;
    seen.revision = read.revision;
    // What was emitted last carried this revision: what says the same is the same bytes.
    if asserted && read.emitted && read.digest == digest(&env.codec.encode(&seen)?) {
        return Ok(());
    }
    read.revision += 1;
    seen.revision = read.revision;
    let value = env.codec.encode(&seen)?;
    if asserted {
        read.digest = digest(&value);
    }
    read.emitted = asserted;
    env.ctx.emit(ENRICHED, unit.key().as_bytes(), &value);
    Ok(())
}

/// Tells parents what the unit's own history newly shows, and takes back what it no longer does.
pub(crate) fn ends(
    env: &mut Env<'_>,
    unit: &mut Unit,
    before: &[ReadEntry],
    reads: &[ReadEntry],
) -> anyhow::Result<()> {
    let (before, ends) = (departures(before), departures(reads));
    let same = |a: &Departure, b: &Departure| a.parent == b.parent && a.packed_by == b.packed_by;
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
            parent: end.parent.clone(),
            child: unit.key.to_string(),
            packed_at: end.packed_at,
            packed_by: end.packed_by.clone(),
            at: end.at,
            by_event: end.by_event.clone(),
            cause: end.cause.to_owned(),
            revision: unit.state.end_revision,
            asserted,
        };
        env.ctx.emit(
            UNIT_INBOX,
            end.parent.as_bytes(),
            &env.codec.encode(&message)?,
        );
    }
    Ok(())
}

/// Emits the registry's latest view of the unit if it changed.
pub(crate) fn serial(
    env: &mut Env<'_>,
    unit: &mut Unit,
    reads: &[ReadEntry],
) -> anyhow::Result<()> {
    let (state, key) = (&mut unit.state, &unit.key);
    let (facts, registry) = (&state.facts, state.registry.as_ref());
    let mut serial = SerialState {
        unit: key.to_string(),
        kind: key.kind().as_str().to_owned(),
        gtin: key.gtin().map(String::from),
        serial: key.serial().map(String::from),
        lot: facts.lot.clone(),
        expiry: facts.expiry.clone(),
        markets: registry.map(|r| r.markets.clone()).unwrap_or_default(),
        status: registry.map(|r| r.status.clone()),
        status_since: registry.and_then(|r| r.status_since),
        known: facts.known,
        known_by: facts.known_by.clone(),
        commissioned_at: facts.commissioned_at,
        issued_by: registry
            .and_then(|r| r.issued_by.clone())
            .or_else(|| facts.commissioned_by.clone()),
        source_event: facts.source_event.clone(),
        parent: latest_parent(reads),
        attributes: registry.map(|r| r.attributes.clone()).unwrap_or_default(),
        revision: state.serial_revision,
        source_party: facts.source_party.clone(),
        visible_to: facts.visible_to.clone(),
    };
    // As with a read: what was emitted last carried this revision.
    let emitted = state.serial_revision > 0;
    if emitted && state.serial_digest == digest(&env.codec.encode(&serial)?) {
        return Ok(());
    }
    state.serial_revision += 1;
    serial.revision = state.serial_revision;
    let value = env.codec.encode(&serial)?;
    state.serial_digest = digest(&value);
    env.ctx.emit(SERIAL_REGISTRY, key.key().as_bytes(), &value);
    Ok(())
}
